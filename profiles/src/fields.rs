//! Named values from which a context is made: a row of a file, or the options of a command.

use sigwarp::Ed25519Rule;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Present and empty. For every reader the same as absent.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Text, also hexadecimal digits of bytes.
    Text(String),
    /// Bytes, from formats that have them.
    Bytes(Vec<u8>),
    /// Values in order.
    Array(Vec<Value>),
    /// Values by their names.
    Object(Fields),
}

/// Why fields do not make a context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// A field that is needed is absent.
    #[error("the field {0:?} is missing")]
    Missing(&'static str),
    /// A value of a kind or range that the field cannot have.
    #[error("the field {field:?} must be {expected}")]
    Wrong {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

/// Why a text is no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// There is no name before an equals sign.
    #[error("a field is written as NAME=VALUE, such as chain_id=1")]
    NoName,
    /// A value that begins with a bracket and is no array.
    #[error("an array is written as NAME=[A,B], where quotation marks may stand around A and B")]
    BadArray,
    /// A value that begins with a brace and is no JSON.
    #[error("a value in braces is an object of JSON, such as NAME={{\"kid\":\"1\"}}")]
    BadObject,
    /// No JSON object.
    #[error("not a JSON object: {0}")]
    NoObject(String),
}

/// Fields by their names. Of two of one name the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Value)>);

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field.
    pub fn push(&mut self, name: impl Into<String>, value: Value) {
        self.0.push((name.into(), value));
    }

    /// The members of a JSON object. Those that are null are left out, and so are those with fractions, which no context
    /// has.
    ///
    /// # Errors
    /// What is not JSON about the text, or not an object.
    pub fn from_json(text: &[u8]) -> Result<Self, TextError> {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(text).map_err(|error| TextError::NoObject(error.to_string()))?;
        Ok(Self::of_members(object))
    }

    fn of_members(object: serde_json::Map<String, serde_json::Value>) -> Self {
        let present = object.into_iter().filter(|(_, value)| !value.is_null());
        present.filter_map(|(name, value)| Some((name, Value::of_json(value)?))).collect()
    }

    /// Adds the field of a text `NAME=VALUE`, for callers that have nothing but text. `[A,B]` is an array of texts, around
    /// which quotation marks may stand; an object, and an array of objects, is JSON.
    ///
    /// # Errors
    /// What the text should be.
    pub fn push_text(&mut self, text: &str) -> Result<(), TextError> {
        let split = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = split.ok_or(TextError::NoName)?;
        // Digits without quotation marks are bytes, as often as they are a number of JSON.
        let json = match value.starts_with(['[', '{']) && value.contains('{') {
            true => serde_json::from_str(value).ok().and_then(Value::of_json),
            false => None,
        };
        let value = match (json, value.strip_prefix('[')) {
            (Some(json), _) => json,
            (None, None) if value.starts_with('{') => return Err(TextError::BadObject),
            (None, None) => Value::Text(value.to_owned()),
            (None, Some(rest)) => {
                let inside = rest.trim_end().strip_suffix(']').ok_or(TextError::BadArray)?;
                let elements = inside.split(',').filter(|_| !inside.trim().is_empty());
                Value::Array(elements.map(element).collect::<Option<_>>().ok_or(TextError::BadArray)?)
            }
        };
        self.push(name, value);
        Ok(())
    }

    /// The value of a field; `None` where it is absent or null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let value = self.0.iter().find(|(of, _)| of == name).map(|(_, value)| value);
        value.filter(|value| **value != Value::Null)
    }

    /// The value of a field, taken out; `None` where it is absent or null.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let place = self.0.iter().position(|(of, _)| of == name)?;
        Some(self.0.remove(place).1).filter(|value| *value != Value::Null)
    }

    /// The names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A truth value, if the field is present.
    pub fn bool(&self, name: &'static str) -> Result<Option<bool>, FieldError> {
        self.read(name, "true or false", |value| match value {
            Value::Bool(value) => Some(*value),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// A whole number that fits 64 bits, if the field is present.
    pub fn u64(&self, name: &'static str) -> Result<Option<u64>, FieldError> {
        self.read(name, "a whole number from 0 to 2^64 - 1", |value| match value {
            Value::Integer(value) => u64::try_from(*value).ok(),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// Text, if the field is present.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, FieldError> {
        self.read(name, "text", |value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Bytes, or the hexadecimal digits of them, if the field is present.
    pub fn bytes(&self, name: &'static str) -> Result<Option<Vec<u8>>, FieldError> {
        self.read(name, "bytes in hexadecimal digits", Value::to_bytes)
    }

    /// Values in order, if the field is present.
    pub fn array(&self, name: &'static str) -> Result<Option<&[Value]>, FieldError> {
        self.read(name, "an array", |value| match value {
            Value::Array(values) => Some(values.as_slice()),
            _ => None,
        })
    }

    /// A rule for Ed25519 by its name, if the field is present.
    pub fn ed25519_rule(&self, name: &'static str) -> Result<Option<Ed25519Rule>, FieldError> {
        self.read(name, "the name of a rule for Ed25519, such as rfc8032", |value| match value {
            Value::Text(text) => Ed25519Rule::from_name(text),
            _ => None,
        })
    }

    /// Objects in order, such as keys, if the field is present.
    pub fn objects(&self, name: &'static str) -> Result<Option<Vec<&Fields>>, FieldError> {
        self.read(name, "an array of objects", |value| match value {
            Value::Array(values) => values.iter().map(Value::as_object).collect(),
            _ => None,
        })
    }

    /// What `read` makes of a field, if it is present; an error where it makes nothing of it.
    pub fn read<'s, T>(
        &'s self,
        field: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'s Value) -> Option<T>,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        read(value).map(Some).ok_or(FieldError::Wrong { field, expected })
    }
}

impl FromIterator<(String, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Value {
    /// A value of JSON; `None` for fractions, and for arrays with one.
    fn of_json(json: serde_json::Value) -> Option<Self> {
        use serde_json::Value as Json;
        Some(match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => {
                Self::Integer(number.as_u64().map(i128::from).or(number.as_i64().map(i128::from))?)
            }
            Json::String(text) => Self::Text(text),
            Json::Array(values) => Self::Array(values.into_iter().map(Self::of_json).collect::<Option<_>>()?),
            Json::Object(members) => Self::Object(Fields::of_members(members)),
        })
    }

    /// The fields of an object.
    pub const fn as_object(&self) -> Option<&Fields> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// Bytes, or the bytes of an even number of hexadecimal digits of either case, with or without `0x`.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Text(text) => unhex(text),
            _ => None,
        }
    }
}

/// An element of an array that is written as text.
fn element(text: &str) -> Option<Value> {
    let text = text.trim();
    let inside = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => text,
    };
    let is_plain = !inside.contains(['"', '\\', '[', ']']);
    (is_plain && !text.is_empty()).then(|| Value::Text(inside.to_owned()))
}

/// The bytes of hexadecimal digits.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let nibble = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: Value) -> Fields {
        [("field".to_owned(), value)].into_iter().collect()
    }

    #[test]
    fn values_are_read_as_what_they_are() {
        assert_eq!(fields(Value::Integer(7)).u64("field"), Ok(Some(7)));
        assert_eq!(fields(Value::Text("7".into())).u64("field"), Ok(Some(7)));
        assert_eq!(fields(Value::Text("0aFf".into())).bytes("field"), Ok(Some(vec![10, 255])));
        assert_eq!(fields(Value::Text("0x0a".into())).bytes("field"), Ok(Some(vec![10])));
        assert_eq!(fields(Value::Bytes(vec![1])).bytes("field"), Ok(Some(vec![1])));
        assert_eq!(fields(Value::Bool(false)).bool("field"), Ok(Some(false)));
        assert_eq!(fields(Value::Null).u64("field"), Ok(None));
        assert_eq!(Fields::new().text("field"), Ok(None));
    }

    #[test]
    fn texts_are_fields_and_arrays() {
        let read = |text: &str| {
            let mut fields = Fields::new();
            fields.push_text(text).map(|()| fields.get("a").cloned())
        };
        let texts = |texts: &[&str]| {
            let values = texts.iter().map(|text| Value::Text((*text).to_owned())).collect();
            Ok(Some(Value::Array(values)))
        };
        assert_eq!(read("a=1"), Ok(Some(Value::Text("1".into()))));
        assert_eq!(read("a=b=[c]"), Ok(Some(Value::Text("b=[c]".into()))));
        assert_eq!(read("a="), Ok(Some(Value::Text(String::new()))));
        assert_eq!(read("a=[]"), texts(&[]));
        assert_eq!(read("a=[0x01]"), texts(&["0x01"]));
        assert_eq!(read(r#"a=[ "01", 02 ,"" ] "#), texts(&["01", "02", ""]));
        let key = Fields::from_json(br#"{"kid":"\u0031","n":null,"x":0.5}"#).expect("an object");
        assert_eq!(key.iter().collect::<Vec<_>>(), [("kid", &Value::Text("1".into()))]);
        assert_eq!(read(r#"a={"kid":"1"}"#), Ok(Some(Value::Object(key.clone()))));
        assert_eq!(read(r#"a=[{"kid":"1"}]"#), Ok(Some(Value::Array(vec![Value::Object(key)]))));
        assert_eq!(read("a={b}"), Err(TextError::BadObject));
        assert!(matches!(Fields::from_json(b"[]"), Err(TextError::NoObject(_))));
        for text in ["", "a", "=1"] {
            assert_eq!(read(text), Err(TextError::NoName), "{text}");
        }
        for text in
            ["a=[", "a=[1", "a=[1]2", "a=[1,]", "a=[,]", r#"a=["1]"#, r#"a=["]"#, "a=[[1]", r#"a=["\q"]"#]
        {
            assert_eq!(read(text), Err(TextError::BadArray), "{text}");
        }
    }

    #[test]
    fn values_of_another_kind_are_named() {
        let wrong = |found: Result<_, FieldError>| found.unwrap_err().to_string();
        let error = wrong(fields(Value::Integer(-1)).u64("field").map(drop));
        assert_eq!(error, "the field \"field\" must be a whole number from 0 to 2^64 - 1");
        for text in ["0", "0g", "0x0", "é"] {
            let error = wrong(fields(Value::Text(text.into())).bytes("field").map(drop));
            assert_eq!(error, "the field \"field\" must be bytes in hexadecimal digits", "{text}");
        }
        assert!(fields(Value::Integer(1)).bool("field").is_err());
        assert!(fields(Value::Bool(true)).text("field").is_err());
        assert!(fields(Value::Text("[]".into())).array("field").is_err());
    }
}
