//! One message: its tags and parts, what is signed, and the checks.

use std::borrow::Cow;

use sigwarp::Suite;

use super::algorithm::Identifier;
use super::headers::{Headers, Raw};
use super::plan::{Plan, Slot};
use super::{CANDIDATES, COPIES, Context, Fault, Key, Kind, SIGNATURES};
use crate::cbor::{self, Item, NewHead};
use crate::profile::Decided;
use crate::subject_key::SubjectKey;
use crate::work::{Piece, Work};

/// Tags: the messages themselves, CWT (RFC 8392), UCCS (RFC 9781), and the one that says that CBOR follows.
mod tag {
    pub(super) const SIGN1: u64 = 18;
    pub(super) const SIGN: u64 = 98;
    pub(super) const CWT: u64 = 61;
    pub(super) const UCCS: u64 = 601;
    pub(super) const CBOR: u64 = 55799;
}

/// The two messages with signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Sign1,
    Sign,
}

/// A signature with its header parameters.
struct Signer<'a> {
    raw: Raw<'a>,
    signature: Cow<'a, [u8]>,
}

/// The signatures of a message.
enum Signatures<'a> {
    /// That of a COSE_Sign1, whose header parameters are those of the message.
    One(Cow<'a, [u8]>),
    /// Those of a COSE_Sign, of which there is one at least.
    Several(Vec<Signer<'a>>),
}

/// A message, taken apart.
struct Message<'a> {
    body: Raw<'a>,
    /// `None` where it is detached.
    payload: Option<Cow<'a, [u8]>>,
    signatures: Signatures<'a>,
}

fn malformed(item: &Item<'_>) -> Decided {
    Decided::at(item.at(), Fault::Malformed)
}

fn byte_string<'a>(item: &Item<'a>) -> Result<Cow<'a, [u8]>, Decided> {
    item.byte_string().ok_or_else(|| malformed(item))
}

/// The array of a message without its tags, and the form that they name.
fn without_tags(whole: Item<'_>) -> Result<(Item<'_>, Option<Form>), Decided> {
    let mut item = whole;
    let mut skip = |tags: &[u64]| match item.tagged() {
        Some((number, inner)) if tags.contains(&number) => {
            item = inner;
            true
        }
        _ => false,
    };
    skip(&[tag::CBOR]);
    let is_token = skip(&[tag::CWT, tag::UCCS]);
    match item.tagged() {
        Some((tag::SIGN1, inner)) => Ok((inner, Some(Form::Sign1))),
        Some((tag::SIGN, inner)) => Ok((inner, Some(Form::Sign))),
        // The tag of a token stands before the tag of a message (RFC 8392 section 6).
        None if !is_token => Ok((item, None)),
        _ => Err(Decided::at(item.at(), Fault::WrongTag)),
    }
}

impl<'a> Message<'a> {
    fn read(record: &'a [u8], kind: Kind) -> Result<Self, Decided> {
        let whole = Item::whole(record).map_err(|error| Decided::at(error.at, Fault::Malformed))?;
        let (array, form) = without_tags(whole)?;
        let [protected, unprotected, payload, last] = array.array_of().ok_or_else(|| malformed(&array))?;
        let form = match (kind, form) {
            (Kind::Sign1, None | Some(Form::Sign1)) => Form::Sign1,
            (Kind::Sign, None | Some(Form::Sign)) => Form::Sign,
            (Kind::Cwt | Kind::Eat, Some(form)) => form,
            (Kind::Cwt | Kind::Eat, None) if last.array().is_some() => Form::Sign,
            (Kind::Cwt | Kind::Eat, None) => Form::Sign1,
            _ => return Err(Fault::WrongTag.into()),
        };
        Ok(Self {
            body: Raw::of(protected, unprotected)?,
            payload: if payload.is_null() { None } else { Some(byte_string(&payload)?) },
            signatures: match form {
                Form::Sign1 => Signatures::One(byte_string(&last)?),
                Form::Sign => Signatures::Several(signers(&last)?),
            },
        })
    }

    /// The payload as it is signed.
    fn payload<'s>(&'s self, context: &'s Context) -> Result<Option<&'s [u8]>, Fault> {
        match (&self.payload, &context.payload) {
            (Some(_), Some(_)) => Err(Fault::PayloadNotDetached),
            (inside, apart) => Ok(inside.as_deref().or(apart.as_deref())),
        }
    }
}

fn signers<'a>(array: &Item<'a>) -> Result<Vec<Signer<'a>>, Decided> {
    let mut signers = Vec::new();
    for item in array.array().ok_or_else(|| malformed(array))? {
        if signers.len() == SIGNATURES {
            return Err(Decided::open(Fault::TooManySignatures));
        }
        let [protected, unprotected, signature] = item.array_of().ok_or_else(|| malformed(&item))?;
        signers.push(Signer { raw: Raw::of(protected, unprotected)?, signature: byte_string(&signature)? });
    }
    if signers.is_empty() { Err(malformed(array)) } else { Ok(signers) }
}

/// The Sig_structure, in the deterministic encoding (RFC 9052 section 4.4).
fn sig_structure<'a>(
    work: &mut Work<'a>,
    (body, signer): (&[u8], Option<&[u8]>),
    external_aad: &[u8],
    payload: &[u8],
) -> Piece<'a> {
    let context: &[u8] = if signer.is_some() { b"Signature" } else { b"Signature1" };
    let array = NewHead::new(cbor::ARRAY, 4 + usize::from(signer.is_some()));
    let text = NewHead::new(cbor::TEXT, context.len());
    let strings = [Some(body), signer, Some(external_aad), Some(payload)].into_iter().flatten();
    let strings: Vec<(NewHead, &[u8])> =
        strings.map(|bytes| (NewHead::new(cbor::BYTES, bytes.len()), bytes)).collect();
    let start = [array.as_slice(), text.as_slice(), context];
    work.own_all(start.into_iter().chain(strings.iter().flat_map(|(head, bytes)| [head.as_slice(), bytes])))
}

/// The keys that may have made a signature, each with its suite.
struct Candidates<'a> {
    keys: Vec<(&'a Suite, Piece<'a>)>,
    /// Whether one more may have made it, which cannot be verified here.
    is_open: bool,
    /// Whether the key is that of a certificate in the record.
    is_of_record: bool,
}

impl<'a> Candidates<'a> {
    fn find(
        headers: &Headers<'_>,
        algorithm: Identifier,
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Self, Fault> {
        if context.keys.all().is_empty() {
            let key = headers.x5chain().and_then(key_of_chain).ok_or(Fault::NeedsKey)?;
            let suite = algorithm.suite(&key, context)?;
            let keys = vec![(suite, work.own(&key.bytes))];
            return Ok(Self { keys, is_open: false, is_of_record: true });
        }
        let most = CANDIDATES + 1;
        let keys = &context.keys;
        let mut meant: Vec<_> = match headers.kid() {
            // An id is a byte string; text is the id of no key.
            Some(kid) => {
                let id = kid.byte_string();
                let mut meant: Vec<_> = id.iter().flat_map(|id| keys.of_id(id)).take(most).collect();
                if meant.is_empty() {
                    meant.extend(id.iter().flat_map(|id| keys.of_digest(id)).take(most));
                }
                meant
            }
            None => {
                let digest = headers.certificate_digest();
                let mut meant: Vec<_> =
                    digest.iter().flat_map(|digest| keys.of_digest(digest)).take(most).collect();
                if meant.is_empty() {
                    meant.extend(keys.all().iter().take(most));
                }
                meant
            }
        };
        if meant.is_empty() {
            meant.extend(keys.without_id().take(most));
        }
        if meant.is_empty() || meant.len() == most {
            return Err(Fault::NeedsKey);
        }
        let mut keys = Vec::with_capacity(meant.len());
        let mut faults = Vec::new();
        for key in meant {
            match algorithm.suite(key, context) {
                Ok(suite) => keys.push((suite, Piece::from(&key.bytes[..]))),
                Err(fault) => faults.push(fault),
            }
        }
        let is_open = faults.contains(&Fault::UnsupportedAlgorithm);
        match faults.first() {
            Some(_) if keys.is_empty() && is_open => Err(Fault::UnsupportedAlgorithm),
            Some(&fault) if keys.is_empty() => Err(fault),
            _ => Ok(Self { keys, is_open, is_of_record: false }),
        }
    }
}

/// The key of the first certificate of an `x5chain`, which is one certificate or an array of them (RFC 9360).
fn key_of_chain(chain: Item<'_>) -> Option<Key> {
    let first = match chain.array() {
        None => chain,
        Some(mut certificates) => certificates.next()?,
    };
    let certificate = first.byte_string()?;
    let key = SubjectKey::of_certificate(&certificate).ok()??;
    Some(Key::new(key.kind, key.bytes))
}

/// What a message asks for, signature by signature.
struct Judge<'m, 'a, 'w> {
    context: &'a Context,
    /// The protected header parameters of the message.
    body: &'m [u8],
    payload: Option<&'m [u8]>,
    /// What was made to be signed, by the protected header parameters of the signer.
    made: Vec<(Option<&'m [u8]>, Piece<'a>)>,
    work: &'w mut Work<'a>,
    plan: Plan,
}

impl<'m, 'a> Judge<'m, 'a, '_> {
    fn signed(&mut self, signer: Option<&'m [u8]>, payload: &[u8]) -> Piece<'a> {
        if let Some((_, piece)) = self.made.iter().find(|(of, _)| *of == signer) {
            return *piece;
        }
        let piece = sig_structure(self.work, (self.body, signer), &self.context.external_aad, payload);
        self.made.push((signer, piece));
        piece
    }

    /// Adds a signature to the plan: its checks, or what it waits for. `signer` are the protected header parameters of
    /// the signer, which a COSE_Sign1 does not have.
    fn add(
        &mut self,
        headers: &Headers<'_>,
        signer: Option<&'m [u8]>,
        signature: Cow<'a, [u8]>,
    ) -> Result<Slot, Fault> {
        headers.check(self.context)?;
        let found = headers
            .algorithm(self.context)
            .and_then(|algorithm| Candidates::find(headers, algorithm, self.context, self.work));
        let found = match found {
            Err(waits @ (Fault::NeedsKey | Fault::UnsupportedAlgorithm)) => return Ok(Slot::Waits(waits)),
            found => found?,
        };
        let Some(payload) = self.payload else { return Ok(Slot::Waits(Fault::DetachedPayload)) };
        let signed = self.signed(signer, payload);
        let signature = match signature {
            Cow::Borrowed(bytes) => Piece::from(bytes),
            Cow::Owned(bytes) => self.work.own(&bytes),
        };
        self.plan.is_of_record |= found.is_of_record;
        let keys = found.keys.into_iter();
        let checks = keys.map(|(suite, key)| self.work.verify(suite, key, signed, signature)).collect();
        Ok(Slot::Tried { checks, is_open: found.is_open })
    }
}

pub(super) fn parse<'a>(
    record: &'a [u8],
    context: &'a Context,
    work: &mut Work<'a>,
) -> Result<Plan, Decided> {
    let message = Message::read(record, context.kind)?;
    let headers = Headers::of(&message.body)?;
    let payload = message.payload(context)?;
    let is_numbered = matches!(message.signatures, Signatures::Several(_));
    let plan = Plan::new(is_numbered, payload.is_none());
    let mut judge = Judge { context, body: headers.signed, payload, made: Vec::new(), work, plan };
    match &message.signatures {
        Signatures::One(signature) => {
            let slot = judge.add(&headers, None, signature.clone())?;
            judge.plan.slots.push(slot);
        }
        Signatures::Several(signers) => {
            headers.check(context)?;
            let copied = headers.signed.len() + context.external_aad.len() + payload.map_or(0, <[u8]>::len);
            if copied.saturating_mul(signers.len() - 1) > COPIES {
                return Err(Decided::open(Fault::TooManySignatures));
            }
            let headers: Vec<Headers<'_>> =
                signers.iter().map(|signer| Headers::of(&signer.raw)).collect::<Result<_, _>>()?;
            for (signer, headers) in signers.iter().zip(&headers) {
                let slot = match judge.add(headers, Some(headers.signed), signer.signature.clone()) {
                    // One of several need not hold.
                    Err(fault) if signers.len() > 1 => Slot::Refused(fault),
                    slot => slot?,
                };
                judge.plan.slots.push(slot);
            }
        }
    }
    Ok(judge.plan)
}
