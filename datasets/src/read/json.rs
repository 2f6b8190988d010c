//! The JSON object of a row.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::Cells;

/// The known fields of an object; bytes are still hexadecimal. Text is borrowed from the line where it has no
/// escapes.
#[derive(Debug, Default)]
pub(super) struct JsonRow<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) scheme: Option<Text<'a>>,
    pub(super) rule: Option<Text<'a>>,
    pub(super) encoding: Option<Text<'a>>,
    pub(super) user_id: Option<Text<'a>>,
    pub(super) public_key: Option<Text<'a>>,
    pub(super) key_index: Option<u64>,
    pub(super) message: Option<Text<'a>>,
    pub(super) digest: Option<Text<'a>>,
    pub(super) signature: Option<Text<'a>>,
    pub(super) recovery_id: Option<u8>,
    pub(super) expected: Option<JsonExpected<'a>>,
}

/// Text that is borrowed where possible. (`Option<Cow<str>>` would always be copied.)
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

#[derive(Debug)]
pub(super) enum JsonExpected<'a> {
    Valid(bool),
    ByRule(Vec<(Cow<'a, str>, bool)>),
}

/// Reads a row of these cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowOf(pub(super) Cells);

impl<'de> DeserializeSeed<'de> for RowOf {
    type Value = JsonRow<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsonRow<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowOf {
    type Value = JsonRow<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object, one per line")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<JsonRow<'de>, M::Error> {
        let mut row = JsonRow::default();
        let mut seen = Seen::default();
        while let Some(Text(name)) = map.next_key()? {
            match (self.0, name.as_ref()) {
                (_, "public_key") => set(&mut map, seen.bit(0), "public_key", &mut row.public_key)?,
                (Cells::Keys, _) => drop(map.next_value::<IgnoredAny>()?),
                (_, "id") => set_id(&mut map, seen.bit(1), &mut row.id)?,
                (_, "scheme") => set(&mut map, seen.bit(2), "scheme", &mut row.scheme)?,
                (_, "rule") => set(&mut map, seen.bit(3), "rule", &mut row.rule)?,
                (_, "encoding") => set(&mut map, seen.bit(4), "encoding", &mut row.encoding)?,
                (_, "user_id") => set(&mut map, seen.bit(5), "user_id", &mut row.user_id)?,
                (_, "key_index") => set(&mut map, seen.bit(6), "key_index", &mut row.key_index)?,
                (_, "message") => set(&mut map, seen.bit(7), "message", &mut row.message)?,
                (_, "digest") => set(&mut map, seen.bit(8), "digest", &mut row.digest)?,
                (_, "signature") => set(&mut map, seen.bit(9), "signature", &mut row.signature)?,
                (_, "recovery_id") => set(&mut map, seen.bit(10), "recovery_id", &mut row.recovery_id)?,
                (_, "expected") => set(&mut map, seen.bit(11), "expected", &mut row.expected)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(row)
    }
}

/// Reads one field of any name, which holds a string.
#[derive(Debug, Clone, Copy)]
pub(super) struct CellOf<'a>(pub(super) &'a str);

impl<'de> DeserializeSeed<'de> for CellOf<'_> {
    type Value = Option<Text<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Text<'de>>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for CellOf<'_> {
    type Value = Option<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object, one per line")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Option<Text<'de>>, M::Error> {
        let mut cell = None;
        let mut seen = Seen::default();
        while let Some(Text(name)) = map.next_key()? {
            if name != self.0 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            seen.bit(0).first(&name)?;
            cell = map.next_value().map_err(|error| de::Error::custom(format_args!("{name}: {error}")))?;
        }
        Ok(cell)
    }
}

/// The known fields that an object has had so far, those that are null among them.
#[derive(Debug, Default)]
struct Seen(u16);

/// One of these fields.
struct Bit<'s>(&'s mut u16, u16);

impl Seen {
    fn bit(&mut self, field: u32) -> Bit<'_> {
        Bit(&mut self.0, 1 << field)
    }
}

impl Bit<'_> {
    /// Notes the field, which may appear once.
    fn first<E: de::Error>(self, field: &str) -> Result<(), E> {
        if *self.0 & self.1 != 0 {
            return Err(E::custom(format_args!("{field} appears twice; keep one")));
        }
        *self.0 |= self.1;
        Ok(())
    }
}

/// Reads a value that may be null; the field's name goes into the message, which serde_json does not give.
fn set<'de, M: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut M,
    bit: Bit<'_>,
    field: &'static str,
    slot: &mut Option<T>,
) -> Result<(), M::Error> {
    bit.first(field)?;
    *slot = map.next_value().map_err(|error| de::Error::custom(format_args!("{field}: {error}")))?;
    Ok(())
}

/// As [`set`]; an id may also be an integer.
fn set_id<'de, M: MapAccess<'de>>(
    map: &mut M,
    bit: Bit<'_>,
    slot: &mut Option<Text<'de>>,
) -> Result<(), M::Error> {
    let mut id: Option<Id<'de>> = None;
    set(map, bit, "id", &mut id)?;
    *slot = id.map(|id| id.0);
    Ok(())
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
