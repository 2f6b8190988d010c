//! JSON Web Keys (RFC 7517).

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use crate::fields::{FieldError, Fields, Value};
use crate::keys::{Curve, KeyType, PublicKey};
use crate::subject_key::SubjectKey;

/// A public key with what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub(super) kind: Kind,
    pub(super) public: Option<PublicKey>,
    id: Option<String>,
    pub(super) algorithm: Option<String>,
    /// Whether `use` and `key_ops` allow to verify.
    pub(super) verifies: bool,
    /// The SHA-256 of the certificate that it comes from.
    certificate: Option<[u8; 32]>,
}

/// The type of a key (`kty`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ec,
    Okp,
    Rsa,
    Symmetric,
    Other,
}

const EXPECTED: &str = "JSON Web Keys: objects with kty and, for EC and OKP, crv, x and y in base64url; or with der, a \
                        certificate or public key";

impl Key {
    /// A key of a curve, under an id where it has one.
    pub fn new(public: PublicKey, id: Option<String>) -> Self {
        let kind = if public.curve == Curve::Ed25519 { Kind::Okp } else { Kind::Ec };
        Self { kind, public: Some(public), id, algorithm: None, verifies: true, certificate: None }
    }

    /// The key of a certificate, or of a SubjectPublicKeyInfo, which takes all bytes; `None` where they are neither, or the
    /// type is none that JSON Web Keys have.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let key = SubjectKey::of_either(der).ok()??;
        let certificate = key.is_certified.then(|| Sha256::digest(der).into());
        let on = |curve| Some(PublicKey { curve, bytes: key.bytes.to_vec() });
        let (kind, public) = match key.kind {
            KeyType::P256 => (Kind::Ec, on(Curve::P256)),
            KeyType::Secp256k1 => (Kind::Ec, on(Curve::Secp256k1)),
            KeyType::Ed25519 => (Kind::Okp, on(Curve::Ed25519)),
            KeyType::P384 | KeyType::P521 => (Kind::Ec, None),
            KeyType::Ed448 => (Kind::Okp, None),
            KeyType::Rsa => (Kind::Rsa, None),
        };
        Some(Self { kind, public, id: None, algorithm: None, verifies: true, certificate })
    }

    /// A key from the members of its object. Keys of other types are kept: they tell a token with the wrong algorithm
    /// from one that is not supported.
    ///
    /// # Errors
    /// The members make no key.
    pub fn from_fields(fields: &Fields) -> Result<Self, FieldError> {
        let wrong = FieldError::Wrong { field: "keys", expected: EXPECTED };
        let text = |name| match fields.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(wrong.clone()),
        };
        let coordinate = |name| {
            let digits = text(name)?.ok_or(wrong.clone())?;
            BASE64URL_NOPAD.decode(digits.as_bytes()).map_err(|_| wrong.clone())
        };
        if let Some(der) = fields.get("der") {
            let key = der.to_bytes().and_then(|der| Self::from_der(&der)).ok_or(wrong.clone())?;
            return Ok(Self { id: text("kid")?.map(Into::into), ..key });
        }
        let kind = match text("kty")?.ok_or(wrong.clone())? {
            "EC" => Kind::Ec,
            "OKP" => Kind::Okp,
            "RSA" => Kind::Rsa,
            "oct" => Kind::Symmetric,
            _ => Kind::Other,
        };
        let point = |curve| {
            let bytes = [vec![4], coordinate("x")?, coordinate("y")?].concat();
            Ok(Some(PublicKey { curve, bytes }))
        };
        let public = match (kind, text("crv")?) {
            (Kind::Ec, Some("P-256")) => point(Curve::P256)?,
            (Kind::Ec, Some("secp256k1")) => point(Curve::Secp256k1)?,
            (Kind::Okp, Some("Ed25519")) => {
                Some(PublicKey { curve: Curve::Ed25519, bytes: coordinate("x")? })
            }
            (Kind::Ec | Kind::Okp, None) => return Err(wrong),
            _ => None,
        };
        let operations = match fields.get("key_ops") {
            None => None,
            Some(Value::Array(operations)) => Some(operations.contains(&Value::Text("verify".into()))),
            Some(_) => return Err(wrong),
        };
        let verifies = text("use")?.is_none_or(|of| of == "sig") && operations != Some(false);
        Ok(Self {
            kind,
            public,
            id: text("kid")?.map(Into::into),
            algorithm: text("alg")?.map(Into::into),
            verifies,
            certificate: None,
        })
    }

    /// What a header may call a key that has no id: the thumbprint (RFC 7638, SHA-256), and of a certificate its hash
    /// (`x5t#S256`), both in base64url.
    pub(super) fn digests(&self) -> Vec<Vec<u8>> {
        let of_certificate = self.certificate.map(|hash| hash.to_vec());
        let digests = of_certificate.into_iter().chain(self.thumbprint());
        digests.map(|digest| BASE64URL_NOPAD.encode(&digest).into_bytes()).collect()
    }

    /// The hash of the members that a key must have, in the order of their names.
    fn thumbprint(&self) -> Option<Vec<u8>> {
        let PublicKey { curve, bytes } = self.public.as_ref()?;
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let members = match (curve, &bytes[..]) {
            (Curve::Ed25519, x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x)),
            (Curve::P256 | Curve::Secp256k1, [4, point @ ..]) if point.len() == 64 => {
                let name = if *curve == Curve::P256 { "P-256" } else { "secp256k1" };
                let [x, y] = [&point[..32], &point[32..]].map(text);
                format!(r#"{{"crv":"{name}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            _ => return None,
        };
        Some(Sha256::digest(members).to_vec())
    }

    /// Its id (`kid`).
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, A.2 and A.3.
    #[test]
    fn thumbprints_are_those_of_the_standard() {
        let x = BASE64URL_NOPAD.decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").expect("base64url");
        let key = Key::new(PublicKey { curve: Curve::Ed25519, bytes: x }, None);
        assert_eq!(key.digests(), [b"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]);
    }
}
