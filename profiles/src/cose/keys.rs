//! Keys: those of a context, and COSE_Key (RFC 9052 section 7, RFC 9053 section 7).

use sha2::{Digest, Sha256};

use crate::cbor::{self, Item, NewHead};
use crate::fields::{FieldError, Fields, Value};
use crate::keys::KeyType;
use crate::subject_key::SubjectKey;

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
    /// The SHA-256 of the certificate that it comes from.
    pub certificate: Option<[u8; 32]>,
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
                        they have them, kid and alg; or with cose, a COSE_Key \
                        or COSE_KeySet; or with der, a certificate or public key";

impl Key {
    /// A key that says nothing of itself.
    pub fn new(kind: KeyType, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self { kind, bytes, id: None, algorithm: None, verifies: true, certificate: None }
    }

    /// The same key, with an id.
    #[must_use]
    pub fn with_id(self, id: impl Into<Vec<u8>>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// The keys from the members of an object: one, but for a COSE_KeySet. Elements of that which are no keys of a listed
    /// type are left out (RFC 9052, section 7).
    ///
    /// # Errors
    /// The members make no key.
    pub fn from_fields(fields: &Fields) -> Result<Vec<Self>, FieldError> {
        let wrong = || FieldError::Wrong { field: "keys", expected: EXPECTED };
        let bytes = |name| fields.get(name).map(|value| value.to_bytes().ok_or_else(wrong)).transpose();
        if let Some(encoded) = bytes("cose")? {
            let item = Item::whole(&encoded).map_err(|_| wrong())?;
            return match item.array() {
                Some(keys) => Ok(keys.filter_map(|key| Self::of_item(&key)).collect()),
                None => Ok(vec![Self::of_item(&item).ok_or_else(wrong)?]),
            };
        }
        if let Some(der) = bytes("der")? {
            let key = Self::from_der(&der).ok_or_else(wrong)?;
            return Ok(vec![Self { id: bytes("kid")?, ..key }]);
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
        let kind = kind.ok_or_else(wrong)?;
        Ok(vec![Self { id: bytes("kid")?, algorithm, ..Self::new(kind, bytes("key")?.ok_or_else(wrong)?) }])
    }

    /// The key of a certificate, or of a SubjectPublicKeyInfo, which takes all bytes; `None` where they are neither, or the
    /// type is not listed.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let key = SubjectKey::of_either(der).ok()??;
        let certificate = key.is_certified.then(|| Sha256::digest(der).into());
        Some(Self { certificate, ..Self::new(key.kind, key.bytes) })
    }

    /// The key of a COSE_Key, which takes all bytes; `None` where they are not one, or its type is not listed.
    pub fn from_cose(encoded: &[u8]) -> Option<Self> {
        Self::of_item(&Item::whole(encoded).ok()?)
    }

    /// What a record may call a key that has no id: the thumbprint (RFC 9679, SHA-256), and of a certificate its hash and
    /// the first eight bytes of that (`x5t` with SHA-256 and SHA-256/64, RFC 9360; the ids of the EU's health
    /// certificates).
    pub(super) fn digests(&self) -> Vec<Vec<u8>> {
        let of_certificate = self.certificate.iter().flat_map(|hash| [hash.to_vec(), hash[..8].to_vec()]);
        of_certificate.chain(self.thumbprint()).collect()
    }

    /// The hash of the members that a key must have, in the deterministic encoding.
    fn thumbprint(&self) -> Option<Vec<u8>> {
        // Pairs of a label and a small number; a label −1 − n is written as 20 + n.
        let (start, coordinates): (&[u8], &[&[u8]]) = match (self.kind, &self.bytes[..]) {
            (KeyType::Ed25519, x) => (&[0xa3, 1, 1, 0x20, 6], &[x]),
            (KeyType::P256, [4, point @ ..]) if point.len() == 64 => {
                (&[0xa4, 1, 2, 0x20, 1], &[&point[..32], &point[32..]])
            }
            (KeyType::Secp256k1, [4, point @ ..]) if point.len() == 64 => {
                (&[0xa4, 1, 2, 0x20, 8], &[&point[..32], &point[32..]])
            }
            _ => return None,
        };
        let mut hash = Sha256::new_with_prefix(start);
        for (label, coordinate) in [0x21, 0x22].into_iter().zip(coordinates) {
            hash.update([label]);
            hash.update(NewHead::new(cbor::BYTES, coordinate.len()).as_slice());
            hash.update(coordinate);
        }
        Some(hash.finalize().to_vec())
    }

    fn of_item(item: &Item<'_>) -> Option<Self> {
        let mut pairs = item.map()?;
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
        Some(Self { id, algorithm, verifies, ..Self::new(kind, bytes) })
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

    /// RFC 9679, section 6.
    #[test]
    fn thumbprints_are_those_of_the_standard() {
        let bytes = data_encoding::HEXLOWER.decode(
            b"0465eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d\
              1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c",
        );
        let key = Key::new(KeyType::P256, bytes.expect("digits"));
        let digest = data_encoding::HEXLOWER.encode(&key.digests().concat());
        assert_eq!(digest, "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec");
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
        assert_eq!(read(&given), Ok(vec![expected]));
        let encoded = Value::Bytes(okp());
        assert_eq!(read(&[("cose", encoded)]).ok(), Key::from_cose(&okp()).map(|key| vec![key]));
        // A set of two, and an element that is no key.
        let set = Value::Bytes([&[0x83][..], &okp(), &[0xa0], &okp()].concat());
        assert_eq!(read(&[("cose", set)]).map(|keys| keys.len()), Ok(2));
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
