//! The vectors: files of rows, and what they hold.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;

use serde_json::Value as Json;
use sigwarp::Engine;
use sigwarp_profiles::{Batch, Fields, Profile, Report, Value, verify};

/// The folder of test vectors.
pub(crate) struct Vectors(pub(crate) PathBuf);

/// A record with its context, and what is known of it.
pub(crate) struct Record<C> {
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) context: C,
    pub(crate) expected: Option<Expected>,
}

/// What vectors say of a record.
pub(crate) struct Expected {
    /// `valid`, `invalid` or `undecided`.
    pub(crate) verdict: String,
    pub(crate) sender: Option<Vec<u8>>,
}

impl Expected {
    pub(crate) fn of(row: &Json) -> Self {
        let sender = row["sender"].as_str().map(unhex);
        Self { verdict: row["verdict"].as_str().expect("a verdict").to_owned(), sender }
    }

    /// Whether a report says the same.
    pub(crate) fn is_met(&self, report: &Report) -> bool {
        report.verdict.name() == self.verdict && (self.sender.is_none() || report.sender == self.sender)
    }
}

impl Vectors {
    /// The bytes of a file, unpacked where its name ends in `.gz`.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let path = self.0.join(name);
        let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut bytes = Vec::new();
        match name.ends_with(".gz") {
            true => flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("a gzip file"),
            false => return packed,
        };
        bytes
    }

    /// The names of the files of a folder, in order.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let files = std::fs::read_dir(self.0.join(folder)).expect("a folder of vectors");
        let name = |file: std::io::Result<std::fs::DirEntry>| file.expect("a file").file_name().into_string();
        let mut names: Vec<String> = files.map(|file| name(file).expect("a name in UTF-8")).collect();
        names.sort();
        names
    }

    /// The rows of a file of JSON lines.
    pub(crate) fn rows(&self, name: &str) -> Vec<Json> {
        let text = String::from_utf8(self.bytes(name)).expect("UTF-8");
        let rows: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
        assert!(!rows.is_empty(), "{name} is empty");
        rows
    }

    /// The records of a file of rows, with the expected rows of the same ids.
    pub(crate) fn records<P: Profile>(&self, profile: &P, file: &str) -> Vec<Record<P::Context>> {
        let system = profile.name();
        let expected = self.rows(&format!("profiles/expected/{system}.jsonl.gz")).into_iter();
        let mut expected: HashMap<String, Json> = expected.map(|row| (row["id"].to_string(), row)).collect();
        let record = |row: Json| {
            let fields = fields(&row);
            let mut names = profile.record_fields().iter();
            let bytes = names.find_map(|name| fields.bytes(name).expect("digits")).expect("a record");
            let expected = expected.remove(&row["id"].to_string()).map(|row| Expected::of(&row));
            let id = row["id"].as_str().expect("an id").to_owned();
            let context = profile.context(&fields).unwrap_or_else(|error| panic!("{id}: {error}"));
            Record { id, bytes, context, expected }
        };
        self.rows(&format!("profiles/{system}/{file}")).into_iter().map(record).collect()
    }
}

/// The reports on records, in one batch.
pub(crate) fn judge<'a, P: Profile>(
    engine: &Engine,
    profile: &P,
    records: impl IntoIterator<Item = (&'a [u8], &'a P::Context)>,
) -> Vec<Report> {
    let mut batch = Batch::new();
    records.into_iter().for_each(|(bytes, context)| batch.push(profile, bytes, context));
    verify(engine, batch).expect("an engine that works")
}

pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits.trim_start_matches("0x")).expect("hexadecimal digits")
}

/// The fields of a row, then those of its `options`; other objects within are left out.
fn fields(row: &Json) -> Fields {
    let object = row.as_object().expect("a row is an object");
    let options = row["options"].as_object().into_iter().flatten();
    let all = object.iter().chain(options);
    all.filter_map(|(name, value)| Some((name.clone(), value_of(value)?))).collect()
}

fn value_of(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Integer(number.to_string().parse().ok()?),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::Array(values.iter().map(value_of).collect::<Option<_>>()?),
        Json::Object(_) => return None,
    })
}
