//! From a message to checks, and from their answers to the report.

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;

use super::header::Header;
use super::message::{Message, SHORT, Signature, check_encoding, decode};
use super::{COPIES, Context, Fault};
use crate::batch::Answers;
use crate::profile::Decided;
use crate::work::{CheckId, Piece, Work};
use crate::{Cause, Report, Role};

/// What remains of a record until its signatures are verified.
#[derive(Debug)]
pub struct Plan {
    signatures: Vec<Open>,
    is_numbered: bool,
}

#[derive(Debug)]
enum Open {
    /// The checks of a signature under each key that may have made it: the first of them, and the others.
    Tried(CheckId, Vec<CheckId>),
    /// What the signature waits for.
    Waits(Fault),
}

impl Plan {
    pub(super) fn of<'a>(
        message: &Message<'a>,
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Self, Decided> {
        let headers: Vec<Header> = message.signatures.iter().map(Header::of).collect::<Result<_, _>>()?;
        let is_encoded = headers.first().is_none_or(|header| header.is_encoded);
        if headers.iter().any(|header| header.is_encoded != is_encoded) {
            return Err(Fault::Malformed.into());
        }
        let payload = payload(message, context, is_encoded)?;
        let copied = payload.as_deref().map_or(0, <[u8]>::len);
        if copied.saturating_mul(headers.len() - 1) > COPIES {
            return Err(Decided::open(Fault::TooManySignatures));
        }
        let mut signatures = Vec::with_capacity(headers.len());
        for (header, signature) in headers.iter().zip(&message.signatures) {
            signatures.push(open(header, signature, (message.compact, payload.as_deref()), context, work)?);
        }
        Ok(Self { signatures, is_numbered: message.is_numbered })
    }
}

/// The payload as it is signed; `None` where it lies in a compact record, or is missing.
fn payload<'a>(
    message: &'a Message<'_>,
    context: &'a Context,
    is_encoded: bool,
) -> Result<Option<Cow<'a, [u8]>>, Decided> {
    let inside = message.payload.as_deref();
    let encoded = |payload: &'a [u8]| match is_encoded {
        true => Cow::Owned(BASE64URL_NOPAD.encode(payload).into_bytes()),
        false => Cow::Borrowed(payload),
    };
    match (&context.payload, inside) {
        (Some(apart), None | Some([])) => Ok(Some(encoded(apart))),
        (Some(_), Some(_)) => Err(Fault::PayloadNotDetached.into()),
        (None, None) => Err(Decided::open(Fault::DetachedPayload)),
        (None, Some(inside)) => {
            if is_encoded {
                check_encoding(inside)?;
            }
            Ok(message.compact.is_none().then_some(Cow::Borrowed(inside)))
        }
    }
}

fn open<'a>(
    header: &Header,
    signature: &Signature<'_>,
    (compact, payload): (Option<&'a [u8]>, Option<&[u8]>),
    context: &'a Context,
    work: &mut Work<'a>,
) -> Result<Open, Fault> {
    let mut short = [0; SHORT];
    let bytes = decode(&signature.signature, &mut short)?;
    let candidates = match header.candidates(context) {
        Err(waits @ (Fault::NeedsKey | Fault::UnsupportedAlgorithm)) => return Ok(Open::Waits(waits)),
        candidates => candidates?,
    };
    let signed: Piece<'a> = match (compact, payload) {
        // All but the last part and the full stop before it, where it lies.
        (Some(record), None) => record[..record.len() - signature.signature.len() - 1].into(),
        (_, payload) => work.own_all([&signature.protected[..], b".", payload.unwrap_or(&[])]),
    };
    let bytes = work.own(&bytes);
    let mut checks = candidates.iter().filter_map(|key| {
        let public = key.public.as_ref()?;
        Some(work.verify(context.suite(public.curve)?, &public.bytes[..], signed, bytes))
    });
    Ok(match checks.next() {
        Some(first) => Open::Tried(first, checks.collect()),
        None => Open::Waits(Fault::UnsupportedAlgorithm),
    })
}

impl crate::Plan for Plan {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let mut waits: Vec<Cause> = Vec::new();
        let mut signatures = Vec::with_capacity(self.signatures.len());
        for (place, open) in self.signatures.iter().enumerate() {
            let role = if self.is_numbered { Role::nth("signature", place) } else { Role::one("signature") };
            match open {
                Open::Waits(fault) => waits.push((*fault).into()),
                Open::Tried(first, others) => {
                    // The key under which it holds, else the first of those that were tried.
                    let mut tried = std::iter::once(first).chain(others);
                    let holds = tried.find(|&&check| answers.verdict(check).is_valid());
                    signatures.push(answers.signature(role, *holds.unwrap_or(first)));
                }
            }
        }
        let failed = signatures.iter().position(|signature| !signature.verdict.is_valid());
        let holds = signatures.iter().any(|signature| signature.verdict.is_valid());
        match failed {
            // Nothing that a caller could need is known to hold.
            Some(which) if !holds => return Report::failed(which, signatures),
            Some(_) => waits.push(Fault::SignerPolicy.into()),
            None => {}
        }
        match waits.is_empty() {
            true => Report::of_all(signatures),
            false => Report::open(waits, signatures),
        }
    }
}
