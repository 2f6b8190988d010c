//! JSON Web Keys (RFC 7517).

use data_encoding::BASE64URL_NOPAD;

use crate::fields::{FieldError, Fields, Value};
use crate::keys::{Curve, PublicKey};

/// A public key with what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub(super) kind: Kind,
    pub(super) public: Option<PublicKey>,
    id: Option<String>,
    pub(super) algorithm: Option<String>,
    /// Whether `use` and `key_ops` allow to verify.
    pub(super) verifies: bool,
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

const EXPECTED: &str = "JSON Web Keys: objects with kty and, for EC and OKP, crv, x and y in base64url";

impl Key {
    /// A key of a curve, under an id where it has one.
    pub fn new(public: PublicKey, id: Option<String>) -> Self {
        let kind = if public.curve == Curve::Ed25519 { Kind::Okp } else { Kind::Ec };
        Self { kind, public: Some(public), id, algorithm: None, verifies: true }
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
        })
    }

    /// Its id (`kid`).
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}
