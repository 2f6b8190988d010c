//! JSON with every member kept, so that a name that stands twice can be refused: serde_json reads it, and says where it
//! is malformed and how deep it may be.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value, of which numbers are not kept: no header of a signature is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number,
    Text(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// The members of an object in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Why text is no JSON that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is no JSON.
    Malformed,
    /// An object in it has two members of one name.
    DuplicateMember,
}

impl<'a> Json<'a> {
    /// Reads a whole text, of at most 128 values within each other.
    pub(crate) fn read(text: &'a [u8]) -> Result<Self, Refused> {
        let value: Self = serde_json::from_slice(text).map_err(|_| Refused::Malformed)?;
        if value.has_duplicates() { Err(Refused::DuplicateMember) } else { Ok(value) }
    }

    /// The text of a string.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn has_duplicates(&self) -> bool {
        match self {
            Self::Array(values) => values.iter().any(Self::has_duplicates),
            Self::Object(object @ Object(members)) => {
                object.has_name_twice() || members.iter().any(|(_, value)| value.has_duplicates())
            }
            _ => false,
        }
    }
}

impl<'a> Object<'a> {
    fn has_name_twice(&self) -> bool {
        let Self(members) = self;
        // A header has a handful of members, but that of an attacker may have thousands.
        if members.len() <= 8 {
            let is_before = |place: usize, name: &str| members[..place].iter().any(|(of, _)| of == name);
            return members.iter().enumerate().any(|(place, (name, _))| is_before(place, name));
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// The value of a member.
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(of, _)| of == name).map(|(_, value)| value)
    }

    /// The value of a member, taken out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Json<'a>> {
        let place = self.0.iter().position(|(of, _)| of == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// Whether a member of this name is in both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        if other.0.is_empty() {
            return false;
        }
        // Headers are short, but a record of an attacker need not be.
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        other.0.iter().any(|(name, _)| names.binary_search(&name.as_ref()).is_ok())
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of JSON")
            }

            fn visit_unit<E>(self) -> Result<Json<'de>, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
                Ok(Json::Bool(value))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Json<'de>, E> {
                Ok(Json::Number)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Json<'de>, E> {
                Ok(Json::Number)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
                Ok(Json::Number)
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
                Ok(Json::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
                Ok(Json::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json<'de>, A::Error> {
                let mut array = Vec::new();
                while let Some(value) = values.next_element()? {
                    array.push(value);
                }
                Ok(Json::Array(array))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Json::Object(Object(members)))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The name of a member, borrowed where nothing in it is escaped. (`Cow` itself is always read as owned.)
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stand_twice_are_refused_at_every_depth_and_in_every_spelling() {
        for text in [r#"{"a":1,"b":2,"a":3}"#, r#"[{"x":{"a":1,"\u0061":1}}]"#] {
            assert_eq!(Json::read(text.as_bytes()), Err(Refused::DuplicateMember), "{text}");
        }
        assert!(Json::read(br#"{"a":{"a":[{"a":1},{"a":2}]},"A":1}"#).is_ok());
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = "[".repeat(100_000);
        for text in
            ["", "{", "{} {}", "{'a':1}", "\u{feff}{}", r#"{"a":01}"#, r#"{"a":1,}"#, "\"\\ud800\"", &deep]
        {
            assert_eq!(Json::read(text.as_bytes()), Err(Refused::Malformed), "{}", text.len());
        }
        assert_eq!(Json::read(b"\"\xff\""), Err(Refused::Malformed));
    }

    #[test]
    fn members_are_found_and_borrowed() {
        let json =
            Json::read(br#" { "alg" : "ES256", "crit" : ["b64"], "b64" : false, "n" : -1.5e3 } "#).unwrap();
        let Json::Object(mut object) = json else { panic!("an object") };
        assert!(matches!(object.get("alg"), Some(Json::Text(Cow::Borrowed("ES256")))));
        assert!(matches!(object.get("crit"), Some(Json::Array(names)) if names.len() == 1));
        assert_eq!((object.get("n"), object.get("x")), (Some(&Json::Number), None));
        let Ok(Json::Object(other)) = Json::read(br#"{"x":null,"b64":1}"#) else { panic!("an object") };
        assert!(object.meets(&other) && !object.meets(&Object::default()));
        assert_eq!((object.take("b64"), object.take("b64")), (Some(Json::Bool(false)), None));
        assert!(!object.meets(&other));
    }
}
