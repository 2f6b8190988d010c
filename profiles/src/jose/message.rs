//! The three serializations of a JWS, taken apart.

use std::borrow::Cow;

use data_encoding::{BASE64URL_NOPAD, DecodeKind};

use super::{Fault, SIGNATURES};
use crate::profile::Decided;
use crate::strict_json::{Json, Object, Refused};

/// A JWS.
pub(super) struct Message<'a> {
    /// The payload as it came, where there is one.
    pub(super) payload: Option<Cow<'a, [u8]>>,
    pub(super) signatures: Vec<Signature<'a>>,
    /// The whole record, where what is signed lies in it in one piece: the compact serialization.
    pub(super) compact: Option<&'a [u8]>,
    /// Whether signatures are numbered, which the JSON serializations can have several of.
    pub(super) is_numbered: bool,
}

/// A signature with its headers.
pub(super) struct Signature<'a> {
    /// The protected header as it came; empty where there is none.
    pub(super) protected: Cow<'a, [u8]>,
    /// The unprotected header.
    pub(super) header: Object<'a>,
    /// As it came.
    pub(super) signature: Cow<'a, [u8]>,
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Malformed => Self::Malformed,
            Refused::DuplicateMember => Self::DuplicateMember,
        }
    }
}

/// The bytes of base64url without padding, all of whose bits count.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, Fault> {
    BASE64URL_NOPAD.decode(text).map_err(|error| match error.kind {
        DecodeKind::Trailing => Fault::NonCanonicalBase64,
        _ => Fault::Malformed,
    })
}

pub(super) fn read(record: &[u8]) -> Result<Message<'_>, Decided> {
    match record.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => json(record),
        _ => compact(record),
    }
}

fn compact(record: &[u8]) -> Result<Message<'_>, Decided> {
    let mut parts = record.split(|&byte| byte == b'.');
    match (parts.next(), parts.next(), parts.next(), parts.count()) {
        (Some(protected), Some(payload), Some(signature), 0) if !protected.is_empty() => {
            let signature = Signature {
                protected: Cow::Borrowed(protected),
                header: Object::default(),
                signature: Cow::Borrowed(signature),
            };
            Ok(Message {
                // An empty part is a payload that is detached, or none: the context says which.
                payload: Some(Cow::Borrowed(payload)),
                signatures: vec![signature],
                compact: Some(record),
                is_numbered: false,
            })
        }
        (_, _, _, 2) => Err(Decided::open(Fault::Encrypted)),
        _ => Err(Fault::Malformed.into()),
    }
}

fn json(record: &[u8]) -> Result<Message<'_>, Decided> {
    let Json::Object(mut top) = Json::read(record).map_err(Fault::from)? else {
        return Err(Fault::Malformed.into());
    };
    if top.get("ciphertext").is_some() {
        return Err(Decided::open(Fault::Encrypted));
    }
    let payload = text(&mut top, "payload")?;
    let signatures = match top.take("signatures") {
        None => vec![signature(top)?],
        Some(_) if ["signature", "protected", "header"].iter().any(|name| top.get(name).is_some()) => {
            return Err(Fault::Malformed.into());
        }
        Some(Json::Array(all)) if all.len() > SIGNATURES => {
            return Err(Decided::open(Fault::TooManySignatures));
        }
        Some(Json::Array(all)) if !all.is_empty() => {
            let one = |json| {
                if let Json::Object(members) = json { signature(members) } else { Err(Fault::Malformed) }
            };
            all.into_iter().map(one).collect::<Result<_, _>>()?
        }
        Some(_) => return Err(Fault::Malformed.into()),
    };
    Ok(Message { payload, signatures, compact: None, is_numbered: true })
}

/// A member that is text, in the bytes of its characters.
fn text<'a>(object: &mut Object<'a>, name: &str) -> Result<Option<Cow<'a, [u8]>>, Fault> {
    match object.take(name) {
        None => Ok(None),
        Some(Json::Text(Cow::Borrowed(text))) => Ok(Some(Cow::Borrowed(text.as_bytes()))),
        Some(Json::Text(Cow::Owned(text))) => Ok(Some(Cow::Owned(text.into_bytes()))),
        Some(_) => Err(Fault::Malformed),
    }
}

fn signature(mut members: Object<'_>) -> Result<Signature<'_>, Fault> {
    let protected = text(&mut members, "protected")?;
    // A protected header that is there is not empty (RFC 7515, section 7.2.1).
    if protected.as_ref().is_some_and(|text| text.is_empty()) {
        return Err(Fault::Malformed);
    }
    let header = match members.take("header") {
        None => Object::default(),
        Some(Json::Object(header)) => header,
        Some(_) => return Err(Fault::Malformed),
    };
    let signature = text(&mut members, "signature")?.ok_or(Fault::Malformed)?;
    Ok(Signature { protected: protected.unwrap_or_default(), header, signature })
}
