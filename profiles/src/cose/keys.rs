//! Keys: those of a context, and COSE_Key (RFC 9052 section 7, RFC 9053 section 7).

use crate::cbor::Item;
use crate::fields::{FieldError, Fields, Value};

/// The curve or type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// `p256`.
    P256,
    /// `secp256k1`.
    Secp256k1,
    /// `ed25519`.
    Ed25519,
    /// `p384`, which is not verified here, as those that follow.
    P384,
    /// `p521`.
    P521,
    /// `ed448`.
    Ed448,
    /// `rsa`.
    Rsa,
}

impl KeyType {
    /// Every type.
    pub const ALL: [Self; 7] =
        [Self::P256, Self::Secp256k1, Self::Ed25519, Self::P384, Self::P521, Self::Ed448, Self::Rsa];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::Secp256k1 => "secp256k1",
            Self::Ed25519 => "ed25519",
            Self::P384 => "p384",
            Self::P521 => "p521",
            Self::Ed448 => "ed448",
            Self::Rsa => "rsa",
        }
    }

    /// The type of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.name() == name)
    }
}

/// A public key, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its type.
    pub kind: KeyType,
    /// Its bytes, as the engine takes them for the curve. Not looked at where the type is not verified here.
    pub bytes: Vec<u8>,
    /// Its id (`kid`). Without one it can be meant by any record.
    pub id: Option<Vec<u8>>,
    /// The only algorithm that it is for (`alg`), if it says so.
    pub algorithm: Option<i128>,
    /// Whether it may verify: `key_ops` is absent or has it.
    pub verifies: bool,
}

/// Labels of a COSE_Key.
mod label {
    pub(super) const KTY: i128 = 1;
    pub(super) const KID: i128 = 2;
    pub(super) const ALG: i128 = 3;
    pub(super) const KEY_OPS: i128 = 4;
    pub(super) const CRV: i128 = -1;
    pub(super) const X: i128 = -2;
    pub(super) const Y: i128 = -3;
}

/// The operation `verify`, by its number and its name.
const VERIFY: (i128, &[u8]) = (2, b"verify");

const EXPECTED: &str = "keys: objects with crv (p256, secp256k1, ed25519, p384, p521, ed448 or rsa), key and, where \
                        they have them, kid and alg; or with cose, a COSE_Key";

impl Key {
    /// A key that says nothing of itself.
    pub fn new(kind: KeyType, bytes: impl Into<Vec<u8>>) -> Self {
        Self { kind, bytes: bytes.into(), id: None, algorithm: None, verifies: true }
    }

    /// The same key, with an id.
    #[must_use]
    pub fn with_id(self, id: impl Into<Vec<u8>>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// A key from the members of an object.
    ///
    /// # Errors
    /// The members make no key.
    pub fn from_fields(fields: &Fields) -> Result<Self, FieldError> {
        let wrong = || FieldError::Wrong { field: "keys", expected: EXPECTED };
        let bytes = |name| fields.get(name).map(|value| value.to_bytes().ok_or_else(wrong)).transpose();
        if let Some(encoded) = bytes("cose")? {
            return Self::from_cose(&encoded).ok_or_else(wrong);
        }
        let kind = match fields.get("crv") {
            Some(Value::Text(name)) => KeyType::from_name(name),
            _ => None,
        };
        let algorithm = match fields.get("alg") {
            None => None,
            Some(Value::Integer(value)) => Some(*value),
            Some(Value::Text(text)) => Some(text.parse().map_err(|_| wrong())?),
            Some(_) => return Err(wrong()),
        };
        Ok(Self {
            kind: kind.ok_or_else(wrong)?,
            bytes: bytes("key")?.ok_or_else(wrong)?,
            id: bytes("kid")?,
            algorithm,
            verifies: true,
        })
    }

    /// The key of a COSE_Key, which takes all bytes; `None` where they are not one, or its type is not listed.
    pub fn from_cose(encoded: &[u8]) -> Option<Self> {
        let mut pairs = Item::whole(encoded).ok()?.map()?;
        let pairs: Vec<(i128, Item<'_>)> =
            pairs.by_ref().filter_map(|(label, value)| Some((label.integer()?, value))).collect();
        let get = |label| pairs.iter().find(|(of, _)| *of == label).map(|(_, value)| value);
        let integer = |label| get(label).and_then(Item::integer);
        let kind = match (integer(label::KTY)?, integer(label::CRV)) {
            (1, Some(6)) => KeyType::Ed25519,
            (1, Some(7)) => KeyType::Ed448,
            (2, Some(1)) => KeyType::P256,
            (2, Some(2)) => KeyType::P384,
            (2, Some(3)) => KeyType::P521,
            (2, Some(8)) => KeyType::Secp256k1,
            (3, _) => KeyType::Rsa,
            _ => return None,
        };
        let coordinate = |label| get(label).and_then(Item::byte_string);
        let bytes = match kind {
            KeyType::Rsa => Vec::new(),
            KeyType::Ed25519 | KeyType::Ed448 => coordinate(label::X)?.into_owned(),
            // Where y is a truth value it is the sign of a compressed point.
            _ => match get(label::Y)?.bool() {
                Some(is_odd) => [&[2 + u8::from(is_odd)][..], &coordinate(label::X)?].concat(),
                None => [&[4][..], &coordinate(label::X)?, &coordinate(label::Y)?].concat(),
            },
        };
        let present = |item: Option<&Item<'_>>| item.is_some();
        let id = coordinate(label::KID).map(std::borrow::Cow::into_owned);
        let algorithm = integer(label::ALG);
        if present(get(label::KID)) != id.is_some() || present(get(label::ALG)) != algorithm.is_some() {
            return None;
        }
        let is_verify = |operation: &Item<'_>| {
            operation.integer() == Some(VERIFY.0) || operation.text().as_deref() == Some(VERIFY.1)
        };
        let verifies = match get(label::KEY_OPS) {
            None => true,
            Some(operations) => operations.array()?.any(|operation| is_verify(&operation)),
        };
        Some(Self { kind, bytes, id, algorithm, verifies })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A COSE_Key of P-256 with this y and these further pairs of three bytes.
    fn ec2(y: &[u8], more: &[u8]) -> Vec<u8> {
        let count = 0xa4 + u8::try_from(more.len() / 3).expect("few");
        [&[count, 1, 2, 0x20, 1, 0x21, 0x58, 32][..], &[1; 32], &[0x22], y, more].concat()
    }

    fn okp() -> Vec<u8> {
        [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32][..], &[1; 32]].concat()
    }

    #[test]
    fn cose_keys_are_read() {
        let y = [&[0x58, 32][..], &[2; 32]].concat();
        let point = Key::new(KeyType::P256, [&[4][..], &[1; 32], &[2; 32]].concat());
        let compressed = |tag: u8| Key::new(KeyType::P256, [&[tag][..], &[1; 32]].concat());
        assert_eq!(Key::from_cose(&ec2(&y, &[])), Some(point.clone()));
        assert_eq!(Key::from_cose(&ec2(&[0xf4], &[])), Some(compressed(2)));
        assert_eq!(Key::from_cose(&ec2(&[0xf5], &[])), Some(compressed(3)));
        assert_eq!(Key::from_cose(&ec2(&y, &[2, 0x41, 5])), Some(point.with_id([5])));
        let verifies = |operations: &[u8]| Key::from_cose(&ec2(&y, operations)).map(|key| key.verifies);
        assert_eq!((verifies(&[4, 0x81, 2]), verifies(&[4, 0x81, 1])), (Some(true), Some(false)));
        let named = [&[4, 0x82, 0x41, 0, 0x66][..], b"verify"].concat();
        let one_more = [&[0xa5][..], &ec2(&y, &[])[1..], &named].concat();
        assert_eq!(Key::from_cose(&one_more).map(|key| key.verifies), Some(true));
        let expected = Key { algorithm: Some(-8), ..Key::new(KeyType::Ed25519, [1; 32]) };
        assert_eq!(Key::from_cose(&okp()), Some(expected));
        let of_wrong_kinds = [[2, 0x61, b'a'], [3, 0x61, b'a'], [4, 0x41, 2]].map(|pair| ec2(&y, &pair));
        let of_unknown_curves = [&[0xa2, 1, 2, 0x20, 9], &[0xa2, 1, 9, 0x20, 1]].map(|key| key.to_vec());
        let cut = [okp()[..30].to_vec(), [&okp()[..], &[0]].concat(), vec![0xa0], Vec::new()];
        for bad in [&of_wrong_kinds[..], &of_unknown_curves, &cut, &[ec2(&[0], &[])]].concat() {
            assert_eq!(Key::from_cose(&bad), None, "{bad:x?}");
        }
    }

    #[test]
    fn members_make_a_key() {
        let text = |value: &str| Value::Text(value.into());
        let read = |members: &[(&str, Value)]| {
            let members = members.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            Key::from_fields(&members.collect())
        };
        let given =
            [("crv", text("p256")), ("key", text("0401")), ("kid", text("05")), ("alg", Value::Integer(-7))];
        let expected = Key { algorithm: Some(-7), ..Key::new(KeyType::P256, [4, 1]).with_id([5]) };
        assert_eq!(read(&given), Ok(expected));
        let encoded = Value::Bytes(okp());
        assert_eq!(read(&[("cose", encoded)]).ok(), Key::from_cose(&okp()));
        let bad: [&[(&str, Value)]; 5] = [
            &given[..1],
            &given[1..],
            &[("cose", text("a0"))],
            &[("crv", text("p1")), ("key", text("00"))],
            &[("crv", text("p256")), ("key", text("00")), ("alg", text("ES256"))],
        ];
        for members in bad {
            assert!(read(members).is_err(), "{members:?}");
        }
        assert_eq!(KeyType::ALL.map(|kind| KeyType::from_name(kind.name())), KeyType::ALL.map(Some));
    }
}
