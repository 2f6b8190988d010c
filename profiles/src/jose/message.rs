//! The three serializations of a JWS, taken apart.

use std::borrow::Cow;

use data_encoding::{BASE64URL_NOPAD, DecodeError, DecodeKind};

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

/// The bytes that are decoded without taking memory: the headers and signatures of nearly all records.
pub(super) const SHORT: usize = 384;

/// The bytes of base64url without padding, all of whose bits count.
pub(super) fn decode<'b>(text: &[u8], short: &'b mut [u8; SHORT]) -> Result<Cow<'b, [u8]>, Fault> {
    match BASE64URL_NOPAD.decode_len(text.len()) {
        Ok(length @ ..=SHORT) => {
            let length =
                BASE64URL_NOPAD.decode_mut(text, &mut short[..length]).map_err(|part| fault(part.error))?;
            Ok(Cow::Borrowed(&short[..length]))
        }
        Ok(_) => BASE64URL_NOPAD.decode(text).map(Cow::Owned).map_err(fault),
        Err(error) => Err(fault(error)),
    }
}

/// As [`decode`], where the bytes themselves are not needed.
pub(super) fn check_encoding(text: &[u8]) -> Result<(), Fault> {
    // Whole groups of four characters each, so that parts are told apart by their bytes alone.
    text.chunks(SHORT / 3 * 4).try_for_each(|part| decode(part, &mut [0; SHORT]).map(|_| ()))
}

fn fault(error: DecodeError) -> Fault {
    match error.kind {
        DecodeKind::Trailing => Fault::NonCanonicalBase64,
        _ => Fault::Malformed,
    }
}

pub(super) fn read(record: &[u8]) -> Result<Message<'_>, Decided> {
    match record.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => json(record),
        _ => compact(record),
    }
}

fn compact(record: &[u8]) -> Result<Message<'_>, Decided> {
    let mut stops = memchr::memchr_iter(b'.', record);
    match (stops.next(), stops.next(), stops.count()) {
        (Some(first @ 1..), Some(second), 0) => {
            let (protected, payload, signature) =
                (&record[..first], &record[first + 1..second], &record[second + 1..]);
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
        (_, Some(_), 2) => Err(Decided::open(Fault::Encrypted)),
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
