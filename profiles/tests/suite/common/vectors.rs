//! Files of test vectors, and the fields of their rows.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value as Json;
use sigwarp_profiles::{Fields, Value};

/// The environment variable that names the folder of test vectors, as an absolute path.
const VECTORS: &str = "SIGWARP_VECTORS";

/// The bytes of a file of test vectors, unpacked where its name ends in `.gz`; `None` (with a line that says so)
/// where no vectors are configured.
pub fn bytes(name: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os(VECTORS) else {
        println!("SKIPPED {name}: {VECTORS} is not set");
        return None;
    };
    let path = PathBuf::from(folder).join(name);
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    match name.ends_with(".gz") {
        true => flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("a gzip file"),
        false => return Some(packed),
    };
    Some(bytes)
}

/// The rows of a JSONL file.
pub fn rows(name: &str) -> Option<Vec<Json>> {
    let bytes = bytes(name)?;
    let text = std::str::from_utf8(&bytes).expect("UTF-8");
    let rows: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("a JSON row")).collect();
    assert!(!rows.is_empty(), "{name} is empty");
    Some(rows)
}

/// The row with its record in the field `input`, where it names a file of this folder instead: `patch` has offsets with the
/// bytes that replace those there, `cut` a number of bytes to take away at the end, `append` bytes to add.
pub fn with_input(folder: &str, mut row: Json) -> Json {
    let Some(path) = row["path"].as_str() else { return row };
    let mut record = bytes(&format!("{folder}/{path}")).expect("a file of the vectors");
    for patch in row["patch"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let at = patch[0].as_u64().expect("an offset") as usize;
        let patch = hex::decode(patch[1].as_str().expect("digits")).expect("digits");
        record[at..at + patch.len()].copy_from_slice(&patch);
    }
    record.truncate(record.len() - row["cut"].as_u64().unwrap_or(0) as usize);
    record.extend(
        row["append"].as_str().map(|digits| hex::decode(digits).expect("digits")).unwrap_or_default(),
    );
    row["input"] = hex::encode(record).into();
    row
}

/// The fields of a row, as a reader of files would give them: its own, then those of its `options`.
pub fn fields(row: &Json) -> Fields {
    let fields = fields_of(row.as_object().expect("a row is an object"));
    let options = fields.get("options").and_then(Value::as_object).cloned().unwrap_or_default();
    let pairs =
        |fields: &Fields| fields.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let all: [Vec<(String, Value)>; 2] = [pairs(&fields), pairs(&options)];
    all.into_iter().flatten().collect()
}

fn fields_of(object: &serde_json::Map<String, Json>) -> Fields {
    object.iter().filter_map(|(name, value)| Some((name.clone(), value_of(value)?))).collect()
}

fn value_of(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Integer(number.to_string().parse().ok()?),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::Array(values.iter().map(value_of).collect::<Option<_>>()?),
        Json::Object(object) => Value::Object(fields_of(object)),
    })
}
