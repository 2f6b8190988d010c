//! The schema of the JSON report, and the part of JSON Schema that it uses.

use serde_json::{Map, Value};

/// `report.schema.json`: JSON Schema, draft 2020-12.
pub const SCHEMA: &str = include_str!("../../report.schema.json");

/// Checks a document against [`SCHEMA`]. The errors name the place in the document.
///
/// The keywords understood are `type`, `properties`, `required`, `additionalProperties`, `items`, `enum`, `const`,
/// `minimum`, `minItems`, `oneOf` and local `$ref`; a schema with another one is refused, so that nothing is thought
/// checked that is not.
pub fn validate(document: &Value) -> Result<(), Vec<String>> {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let mut errors = Vec::new();
    Validator { root: &schema }.check(&schema, document, "$", &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Keywords that check nothing.
const ANNOTATIONS: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn check(&self, schema: &Value, value: &Value, place: &str, errors: &mut Vec<String>) {
        let Some(keywords) = schema.as_object() else {
            errors.push(format!("{place}: the schema here is not an object"));
            return;
        };
        for (keyword, argument) in keywords {
            if let Some(error) = self.keyword(keyword, argument, keywords, value, place, errors) {
                errors.push(format!("{place}: {error}"));
            }
        }
    }

    /// Checks one keyword; pushes errors of deeper places and returns one of this place.
    fn keyword(
        &self,
        keyword: &str,
        argument: &Value,
        keywords: &Map<String, Value>,
        value: &Value,
        place: &str,
        errors: &mut Vec<String>,
    ) -> Option<String> {
        match keyword {
            "type" => {
                let types: Vec<&str> = match argument {
                    Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                    one => one.as_str().into_iter().collect(),
                };
                let fits = types.iter().any(|name| has_type(value, name));
                return (!fits).then(|| format!("is {}, not {}", type_of(value), types.join(" or ")));
            }
            "$ref" => {
                let pointer = argument.as_str().and_then(|path| path.strip_prefix('#')).unwrap_or_default();
                match self.root.pointer(pointer) {
                    Some(schema) => self.check(schema, value, place, errors),
                    None => return Some(format!("the schema refers to {argument}, which it does not hold")),
                }
            }
            "properties" => {
                for (name, schema) in argument.as_object().into_iter().flatten() {
                    if let Some(inner) = value.get(name) {
                        self.check(schema, inner, &format!("{place}.{name}"), errors);
                    }
                }
            }
            "required" => {
                let names = argument.as_array().into_iter().flatten().filter_map(Value::as_str);
                let missing: Vec<&str> = names.filter(|name| value.get(name).is_none()).collect();
                return (!missing.is_empty()).then(|| format!("lacks {}", missing.join(", ")));
            }
            "additionalProperties" => {
                let known = keywords.get("properties").and_then(Value::as_object);
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(name)) {
                        continue;
                    }
                    match argument {
                        Value::Bool(true) => {}
                        Value::Bool(false) => errors.push(format!("{place}.{name}: is not in the schema")),
                        schema => self.check(schema, inner, &format!("{place}.{name}"), errors),
                    }
                }
            }
            "items" => {
                for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(argument, inner, &format!("{place}[{index}]"), errors);
                }
            }
            "oneOf" => {
                let mut matching = 0;
                let mut nearest: Option<Vec<String>> = None;
                for schema in argument.as_array().into_iter().flatten() {
                    let mut inner = Vec::new();
                    self.check(schema, value, place, &mut inner);
                    matching += usize::from(inner.is_empty());
                    // The alternative whose errors lie deepest is the one that was meant.
                    let depth = |list: &[String]| list.iter().map(String::len).max().unwrap_or(0);
                    if nearest.as_ref().is_none_or(|known| depth(&inner) > depth(known)) {
                        nearest = Some(inner);
                    }
                }
                if matching != 1 {
                    errors.extend(nearest.unwrap_or_default());
                    return Some(format!("fits {matching} of the alternatives, not one"));
                }
            }
            "enum" => {
                let listed = argument.as_array().is_some_and(|list| list.contains(value));
                return (!listed).then(|| format!("{value} is not one of {argument}"));
            }
            "const" => return (value != argument).then(|| format!("is {value}, not {argument}")),
            "minimum" => {
                let below = value.as_f64().zip(argument.as_f64()).is_some_and(|(value, least)| value < least);
                return below.then(|| format!("{value} is below {argument}"));
            }
            "minItems" => {
                let few =
                    value.as_array().is_some_and(|list| (list.len() as u64) < argument.as_u64().unwrap_or(0));
                return few.then(|| format!("has fewer than {argument} entries"));
            }
            annotation if ANNOTATIONS.contains(&annotation) => {}
            unknown => {
                return Some(format!("the schema has the keyword {unknown:?}, which is not understood here"));
            }
        }
        None
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => type_of(value) == other,
    }
}

const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::samples::{measurement, report};

    fn document() -> Value {
        let rows =
            vec![measurement("targets/a", Some(1.0), Some(2.0)), measurement("peers/b", None, Some(2.0))];
        serde_json::to_value(report(rows)).unwrap()
    }

    #[test]
    fn a_report_fits_the_schema() {
        assert_eq!(validate(&document()), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let errors = |change: fn(&mut Value)| {
            let mut document = document();
            change(&mut document);
            validate(&document).unwrap_err().join("\n")
        };
        assert!(errors(|d| d["schema_version"] = json!(2)).contains("$.schema_version: is 2, not 1"));
        assert!(
            errors(|d| d["rows"][1]["baseline"]["threads"] = json!("one")).contains("$.rows[1].baseline")
        );
        assert!(errors(|d| d["rows"][0]["ratio"]["median"] = json!(-1)).contains("$.rows[0].ratio"));
        assert!(errors(|d| d["surplus"] = json!(1)).contains("$.surplus: is not in the schema"));
        assert!(
            errors(|d| _ = d["machine"].as_object_mut().unwrap().remove("cpu"))
                .contains("$.machine: lacks cpu")
        );
        assert!(errors(|d| d["settings"]["clock"] = json!("sundial")).contains("sundial"));
        assert!(
            errors(|d| d["rows"][0]["subject"]["workload"]["message"] = json!({"odd": 1}))
                .contains("message")
        );
    }

    #[test]
    fn every_field_of_a_report_is_described() {
        // A field without a description is one that a reader has to guess.
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        fn walk(schema: &Value, place: &str) {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                let place = format!("{place}.{name}");
                assert!(property["description"].is_string(), "{place} has no description");
                walk(property, &place);
            }
            walk_definitions(schema, place);
        }
        fn walk_definitions(schema: &Value, place: &str) {
            for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
                walk(definition, &format!("{place}#{name}"));
            }
        }
        walk(&schema, "$");
    }
}
