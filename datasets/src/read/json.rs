//! The cells of a row as text has them, and the JSON object of a row, from a line or from within a document.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Unexpected, Visitor,
};

use super::Cells;
use super::text::bit;
use crate::error::RowError;
use crate::layout::{ColumnNames, Field};

/// The known fields of a row; bytes are still text. Text is borrowed where it has no escapes.
#[derive(Debug, Default)]
pub(crate) struct TextRow<'a> {
    /// The fields that an object has had, those that are null among them.
    pub(crate) seen: u16,
    pub(crate) id: Option<Text<'a>>,
    pub(crate) scheme: Option<Text<'a>>,
    pub(crate) rule: Option<Text<'a>>,
    pub(crate) encoding: Option<Text<'a>>,
    pub(crate) user_id: Option<Text<'a>>,
    pub(crate) context: Option<Text<'a>>,
    pub(crate) public_key: Option<Text<'a>>,
    pub(crate) key_index: Option<Number>,
    pub(crate) message: Option<Text<'a>>,
    pub(crate) digest: Option<Text<'a>>,
    pub(crate) signature: Option<Text<'a>>,
    pub(crate) recovery_id: Option<Number>,
    pub(crate) expected: Option<JsonExpected<'a>>,
}

impl<'a> TextRow<'a> {
    /// Sets a field to what a cell of text says.
    pub(crate) fn set(&mut self, field: Field, text: &'a str) -> Result<(), RowError> {
        let shape = |problem: String| RowError::Shape(format!("{field}: {problem}"));
        let number = || text.parse::<Number>().map(Some).map_err(shape);
        let cell = Some(Text(Cow::Borrowed(text)));
        match field {
            Field::Id => self.id = cell,
            Field::Scheme => self.scheme = cell,
            Field::Rule => self.rule = cell,
            Field::Encoding => self.encoding = cell,
            Field::UserId => self.user_id = cell,
            Field::Context => self.context = cell,
            Field::PublicKey => self.public_key = cell,
            Field::KeyIndex => self.key_index = number()?,
            Field::Message => self.message = cell,
            Field::Digest => self.digest = cell,
            Field::Signature => self.signature = cell,
            Field::RecoveryId => self.recovery_id = number()?,
            Field::Expected => self.expected = Some(JsonExpected::from_text(text).map_err(shape)?),
        }
        Ok(())
    }
}

/// Text that is borrowed where possible. (`Option<Cow<str>>` would always be copied.)
#[derive(Debug)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

#[derive(Debug)]
pub(crate) enum JsonExpected<'a> {
    Valid(bool),
    ByRule(Vec<(Cow<'a, str>, bool)>),
}

impl<'a> JsonExpected<'a> {
    /// What a cell of text says: a boolean in one of its usual forms, or the object of JSON.
    pub(super) fn from_text(text: &'a str) -> Result<Self, String> {
        let is = |names: &[&str]| names.iter().any(|name| text.eq_ignore_ascii_case(name));
        match text.trim_start().starts_with('{') {
            _ if is(&["true", "t", "1"]) => Ok(Self::Valid(true)),
            _ if is(&["false", "f", "0"]) => Ok(Self::Valid(false)),
            true => serde_json::from_str(text).map_err(|error| error.to_string()),
            false => Err(format!("{text:?} is neither true nor false, nor an object of booleans by rule")),
        }
    }
}

/// An object of JSON, read with `seed`. `line` is where it begins, if its lines are not those of JSONL.
pub(crate) fn parse<'a, S: DeserializeSeed<'a>>(
    text: &'a [u8],
    line: Option<u64>,
    seed: S,
) -> Result<S::Value, RowError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let row = seed.deserialize(&mut json).and_then(|row| json.end().map(|()| row));
    row.map_err(|error| {
        let told = error.to_string();
        let message = match (line, told.rsplit_once(" at line ")) {
            // serde_json counts lines within this text.
            (Some(line), Some((message, _))) => {
                format!("{message} at line {}", line + (error.line() as u64).saturating_sub(1))
            }
            _ => told.replace(" at line 1 column ", " at column "),
        };
        match error.is_data() {
            true => RowError::Shape(message),
            false => RowError::Json(message),
        }
    })
}

const OBJECT: &str = "a JSON object for each row";

/// Reads a row of these cells from these columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowOf<'c>(pub(crate) Cells, pub(crate) &'c ColumnNames);

impl<'de> DeserializeSeed<'de> for RowOf<'_> {
    type Value = TextRow<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<TextRow<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowOf<'_> {
    type Value = TextRow<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OBJECT)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<TextRow<'de>, M::Error> {
        let mut row = TextRow::default();
        while let Some(Text(name)) = map.next_key()? {
            let Some(field) = self.1.field(&name).filter(|&field| self.0.read(field)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            first(&mut row.seen, bit(field), &name)?;
            match field {
                Field::Id => {
                    let mut id: Option<Id<'de>> = None;
                    set(&mut map, &name, &mut id)?;
                    row.id = id.map(|id| id.0);
                }
                Field::Scheme => set(&mut map, &name, &mut row.scheme)?,
                Field::Rule => set(&mut map, &name, &mut row.rule)?,
                Field::Encoding => set(&mut map, &name, &mut row.encoding)?,
                Field::UserId => set(&mut map, &name, &mut row.user_id)?,
                Field::Context => set(&mut map, &name, &mut row.context)?,
                Field::PublicKey => set(&mut map, &name, &mut row.public_key)?,
                Field::KeyIndex => set(&mut map, &name, &mut row.key_index)?,
                Field::Message => set(&mut map, &name, &mut row.message)?,
                Field::Digest => set(&mut map, &name, &mut row.digest)?,
                Field::Signature => set(&mut map, &name, &mut row.signature)?,
                Field::RecoveryId => set(&mut map, &name, &mut row.recovery_id)?,
                Field::Expected => set(&mut map, &name, &mut row.expected)?,
            }
        }
        Ok(row)
    }
}

/// Reads one field of any name, which holds a string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CellOf<'a>(pub(crate) &'a str);

impl<'de> DeserializeSeed<'de> for CellOf<'_> {
    type Value = Option<Text<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Text<'de>>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for CellOf<'_> {
    type Value = Option<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OBJECT)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Option<Text<'de>>, M::Error> {
        let mut cell = None;
        let mut seen = 0;
        while let Some(Text(name)) = map.next_key()? {
            if name != self.0 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            first(&mut seen, 1, &name)?;
            set(&mut map, &name, &mut cell)?;
        }
        Ok(cell)
    }
}

/// Names that an error lists, and the bytes of each.
pub(crate) const NAMES: usize = 32;
const NAME_BYTES: usize = 100;

/// Reads the names of the members, as errors list them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamesOf;

impl<'de> DeserializeSeed<'de> for NamesOf {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for NamesOf {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OBJECT)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<String, M::Error> {
        let mut names = Vec::new();
        while let Some((Text(name), IgnoredAny)) = map.next_entry()? {
            if names.len() < NAMES {
                names.push(short(&name).to_owned());
            }
        }
        Ok(names.join(", "))
    }
}

/// A name as errors list it.
pub(crate) fn short(name: &str) -> &str {
    let end = name.char_indices().map(|(at, _)| at).find(|&at| at >= NAME_BYTES);
    &name[..end.unwrap_or(name.len())]
}

/// Names as errors list them.
pub(crate) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().take(NAMES).map(short).collect::<Vec<_>>().join(", ")
}

/// Notes a member, which may appear once.
fn first<E: de::Error>(seen: &mut u16, bit: u16, name: &str) -> Result<(), E> {
    if *seen & bit != 0 {
        return Err(E::custom(format_args!("{name} appears twice; keep one")));
    }
    *seen |= bit;
    Ok(())
}

/// Reads a value that may be null; the member's name goes into the message, which serde_json does not give.
fn set<'de, M: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut M,
    name: &str,
    slot: &mut Option<T>,
) -> Result<(), M::Error> {
    *slot = map.next_value().map_err(|error| de::Error::custom(format_args!("{name}: {error}")))?;
    Ok(())
}

/// A number from 0 on, as such or as text, where `0x` before its digits says that they are hexadecimal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(pub(crate) u64);

const NUMBER: &str = "a number from 0 to 18446744073709551615";

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        // Signs are no digits.
        let number =
            digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, radix));
        match number {
            Some(Ok(number)) => Ok(Self(number)),
            _ => Err(format!("{:?} is not {NUMBER}", short(text))),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NUMBER)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
        u64::try_from(number).map(Number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

struct Id<'a>(Text<'a>);

impl<'de> Deserialize<'de> for Id<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Id<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an integer")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Id<'de>, E> {
        Ok(Id(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Id<'de>, E> {
        Ok(Id(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id<'de>, E> {
        Ok(Id(Text(Cow::Owned(number.to_string()))))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Id<'de>, E> {
        Ok(Id(Text(Cow::Owned(number.to_string()))))
    }
}

impl<'de> Deserialize<'de> for JsonExpected<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExpectedVisitor)
    }
}

struct ExpectedVisitor;

impl<'de> Visitor<'de> for ExpectedVisitor {
    type Value = JsonExpected<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean, or an object of booleans by rule")
    }

    fn visit_bool<E: de::Error>(self, valid: bool) -> Result<JsonExpected<'de>, E> {
        Ok(JsonExpected::Valid(valid))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<JsonExpected<'de>, M::Error> {
        let mut rules = Vec::new();
        while let Some((Text(rule), valid)) = map.next_entry()? {
            rules.push((rule, valid));
        }
        // Sorted, since the object may have any number of members.
        let mut names: Vec<&str> = rules.iter().map(|(rule, _)| rule.as_ref()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(de::Error::custom(format_args!("{} appears twice; keep one", twice[0])));
        }
        Ok(JsonExpected::ByRule(rules))
    }
}
