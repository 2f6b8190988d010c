//! The header of a signature: what it asks for, and which keys may have made it.

use std::borrow::Cow;

use super::keys::{Key, Kind};
use super::message::{SHORT, Signature, decode};
use super::{CANDIDATES, Context, Fault};
use crate::keys::Curve;
use crate::strict_json::{Json, Object};

/// What a header says.
pub(super) struct Header {
    algorithm: Algorithm,
    /// The name of the algorithm in keys.
    name: &'static str,
    id: Option<String>,
    /// The hash of the signer's certificate (`x5t#S256`), in base64url.
    certificate: Option<String>,
    /// Whether the payload is signed in base64url; otherwise as it is.
    pub(super) is_encoded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// One that is verified here.
    On(Curve),
    /// Of keys of this type, and not verified here.
    Unsupported(Kind),
}

impl Algorithm {
    /// The algorithms that are registered for signatures (IANA, JSON Web Signature and Encryption Algorithms), by name.
    const REGISTERED: [(&'static str, Self); 19] = [
        ("ES256", Self::On(Curve::P256)),
        ("EdDSA", Self::On(Curve::Ed25519)),
        ("Ed25519", Self::On(Curve::Ed25519)),
        ("ES256K", Self::On(Curve::Secp256k1)),
        ("Ed448", Self::Unsupported(Kind::Okp)),
        ("ES384", Self::Unsupported(Kind::Ec)),
        ("ES512", Self::Unsupported(Kind::Ec)),
        ("RS256", Self::Unsupported(Kind::Rsa)),
        ("RS384", Self::Unsupported(Kind::Rsa)),
        ("RS512", Self::Unsupported(Kind::Rsa)),
        ("PS256", Self::Unsupported(Kind::Rsa)),
        ("PS384", Self::Unsupported(Kind::Rsa)),
        ("PS512", Self::Unsupported(Kind::Rsa)),
        ("HS256", Self::Unsupported(Kind::Symmetric)),
        ("HS384", Self::Unsupported(Kind::Symmetric)),
        ("HS512", Self::Unsupported(Kind::Symmetric)),
        ("ML-DSA-44", Self::Unsupported(Kind::Other)),
        ("ML-DSA-65", Self::Unsupported(Kind::Other)),
        ("ML-DSA-87", Self::Unsupported(Kind::Other)),
    ];
}

impl Header {
    /// Reads both headers of a signature.
    pub(super) fn of(signature: &Signature<'_>) -> Result<Self, Fault> {
        let mut short = [0; SHORT];
        let bytes = match &*signature.protected {
            [] => Cow::Borrowed(&b"{}"[..]),
            text => decode(text, &mut short)?,
        };
        let Json::Object(protected) = Json::read(&bytes)? else { return Err(Fault::Malformed) };
        if protected.meets(&signature.header) {
            return Err(Fault::DuplicateHeader);
        }
        let is_encoded = payload_is_encoded(&protected, &signature.header)?;
        let text = |name| match protected.get(name).or(signature.header.get(name)) {
            None => Ok(None),
            Some(value) => value.as_text().map(Some).ok_or(Fault::Malformed),
        };
        let name = text("alg")?.ok_or(Fault::NoAlgorithm)?;
        if name.eq_ignore_ascii_case("none") {
            return Err(Fault::AlgorithmNone);
        }
        let registered = Algorithm::REGISTERED.iter().find(|(of, _)| *of == name);
        let &(name, algorithm) = registered.ok_or(Fault::UnknownAlgorithm)?;
        let id = text("kid")?.map(str::to_owned);
        let certificate = protected.get("x5t#S256").or(signature.header.get("x5t#S256"));
        let certificate = certificate.and_then(Json::as_text).map(str::to_owned);
        Ok(Self { algorithm, name, id, certificate, is_encoded })
    }

    /// The keys that may have made the signature: at least one, at most [`CANDIDATES`].
    ///
    /// # Errors
    /// Why there is none. `NeedsKey` and `UnsupportedAlgorithm` leave the record open.
    pub(super) fn candidates<'a>(&self, context: &'a Context) -> Result<Vec<&'a Key>, Fault> {
        // One more than are tried, so that too many are seen.
        const SEEN: usize = CANDIDATES + 1;
        let mut keys: Vec<&Key> = match &self.id {
            Some(id) => context.keys.of_id(id.as_bytes()).take(SEEN).collect(),
            None => Vec::new(),
        };
        if keys.is_empty()
            && let Some(digest) = self.id.as_ref().or(self.certificate.as_ref())
        {
            keys.extend(context.keys.of_digest(digest.as_bytes()).take(SEEN));
        }
        if keys.is_empty() && self.id.is_none() {
            keys.extend(context.keys.all().iter().filter(|key| self.is_of(key)).take(SEEN));
        }
        match (&self.id, keys.is_empty()) {
            (Some(_), true) => keys.extend(context.keys.without_id().take(SEEN)),
            (None, true) if !context.keys.all().is_empty() => return Err(Fault::AlgorithmMismatch),
            _ => {}
        }
        if keys.is_empty() || keys.len() > CANDIDATES {
            return Err(Fault::NeedsKey);
        }
        keys.retain(|key| self.is_of(key));
        if keys.is_empty() {
            return Err(Fault::AlgorithmMismatch);
        }
        if keys.iter().all(|key| key.public.is_none()) {
            return Err(Fault::UnsupportedAlgorithm);
        }
        keys.retain(|key| self.is_named_by(key));
        if keys.is_empty() {
            return Err(Fault::AlgorithmMismatch);
        }
        keys.retain(|key| key.verifies);
        if keys.is_empty() { Err(Fault::KeyUse) } else { Ok(keys) }
    }

    /// Whether a key is of the type and the curve of the algorithm.
    fn is_of(&self, key: &Key) -> bool {
        match (self.algorithm, &key.public) {
            (Algorithm::On(curve), Some(public)) => public.curve == curve,
            // Ed448 is EdDSA as well.
            (Algorithm::On(Curve::Ed25519), None) => self.name == "EdDSA" && key.kind == Kind::Okp,
            (Algorithm::On(_), None) => false,
            (Algorithm::Unsupported(kind), public) => public.is_none() && key.kind == kind,
        }
    }

    /// Whether the key's own algorithm, where it has one, is that of the header.
    fn is_named_by(&self, key: &Key) -> bool {
        let name = |name| if name == "Ed25519" { "EdDSA" } else { name };
        key.algorithm.as_deref().is_none_or(|of| name(of) == name(self.name))
    }
}

/// What `crit` and `b64` (RFC 7797) say together.
fn payload_is_encoded(protected: &Object<'_>, header: &Object<'_>) -> Result<bool, Fault> {
    if header.get("crit").or(header.get("b64")).is_some() {
        return Err(Fault::CriticalHeader);
    }
    let is_critical = match protected.get("crit") {
        None => false,
        // Known here is one parameter, which stands there once.
        Some(Json::Array(names)) if matches!(&names[..], [name] if name.as_text() == Some("b64")) => true,
        Some(_) => return Err(Fault::CriticalHeader),
    };
    match (protected.get("b64"), is_critical) {
        (None, false) => Ok(true),
        (Some(Json::Bool(is_encoded)), true) => Ok(*is_encoded),
        (Some(Json::Bool(true)), false) => Ok(true),
        _ => Err(Fault::CriticalHeader),
    }
}
