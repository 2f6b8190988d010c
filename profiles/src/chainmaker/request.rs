//! A record: the payload, encoded again, and the signatures over it.

use std::borrow::Cow;

use sigwarp::{Hash, Reason};

use super::member::Entry;
use super::plan::{Outcome, PAYER, Plan, SENDER, Slot, endorser};
use super::{Context, Fault, Form, MAX_BYTES, MAX_SIGNATURES};
use crate::der::Der;
use crate::profile::Decided;
use crate::protobuf::{Message, Value};
use crate::schema::Kind::{Bytes, Int32, Int64, Message as One, Messages, Text};
use crate::schema::{Field, Library, field, merged};
use crate::work::{HashId, Piece, Work};
use crate::{Cause, Report, Role, Signature, Verdict};

/// The fields of a payload that are looked at.
const CHAIN_ID: u32 = 1;
const TX_ID: u32 = 3;

static PAYLOAD: [Field; 10] = [
    field(CHAIN_ID, Text),
    // tx_type.
    field(2, Int32),
    field(TX_ID, Text),
    // timestamp, expiration_time, contract_name, method.
    field(4, Int64),
    field(5, Int64),
    field(6, Text),
    field(7, Text),
    // parameters, sequence, limit.
    field(8, Messages(&PAIR)),
    field(9, Int64),
    field(10, One(&LIMIT)),
];

/// key, value.
static PAIR: [Field; 2] = [field(1, Text), field(2, Bytes)];

/// gas_limit.
static LIMIT: [Field; 1] = [field(1, Int64)];

/// The parts of a record. Messages that come twice are one of the fields of both.
#[derive(Default)]
struct Parts<'a> {
    payload: Vec<&'a [u8]>,
    sender: Vec<&'a [u8]>,
    endorsers: Vec<&'a [u8]>,
    payer: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn read(record: &'a [u8], form: Form) -> Result<Self, Decided> {
        let payer = match form {
            Form::Request => 4,
            Form::Transaction => 5,
        };
        let mut parts = Self::default();
        let mut at = 0;
        for field in Message::new(record) {
            let field = field.map_err(|bad| Decided::at(bad.at, Fault::Malformed))?;
            match (field.number, field.value) {
                (1, Value::Bytes(payload)) => parts.payload.push(payload),
                (2, Value::Bytes(sender)) => parts.sender.push(sender),
                (3, Value::Bytes(endorser)) => parts.endorsers.push(endorser),
                (number, Value::Bytes(entry)) if number == payer => parts.payer.push(entry),
                // The result of a transaction is passed over, as fields that nobody knows.
                (4, Value::Bytes(_)) => {}
                (number, _) if number <= payer => return Err(Decided::at(at, Fault::Malformed)),
                _ => {}
            }
            at += field.bytes.len();
        }
        Ok(parts)
    }
}

pub(super) fn parse<'a>(
    record: &'a [u8],
    context: &'a Context,
    work: &mut Work<'a>,
) -> Result<Plan, Decided> {
    if record.len() > MAX_BYTES {
        return Err(Decided::open(Fault::TooLarge));
    }
    let parts = Parts::read(record, context.form)?;
    let missing = || Cause::from(Fault::MissingField);
    let payload = merged(parts.payload.into_iter()).ok_or_else(|| missing().of("payload"))?;
    let sender = merged(parts.sender.into_iter()).ok_or_else(|| missing().of("sender"))?;
    let payer = merged(parts.payer.into_iter());
    let encoded = Library::Gogo.encoded(&payload, &PAYLOAD).ok_or(Fault::Malformed)?;
    let encoded = encoded.as_slice();
    let entry = Entry::read(&sender).ok_or(Fault::Malformed)?;
    let payer = payer.as_deref().map(|message| Entry::read(message).ok_or(Fault::Malformed)).transpose()?;
    let endorsers: Option<Vec<Entry<'_>>> =
        parts.endorsers.iter().map(|message| Entry::read(message)).collect();
    let endorsers = endorsers.ok_or(Fault::Malformed)?;
    if context.chain_id.as_ref().is_some_and(|id| id.as_bytes() != text(encoded, CHAIN_ID)) {
        return Err(Fault::WrongChain.into());
    }
    if endorsers.len() + 2 > MAX_SIGNATURES {
        return Err(Decided::open(Fault::TooManySignatures));
    }
    let message = match payload {
        Cow::Borrowed(bytes) if bytes == encoded => Piece::from(bytes),
        _ => work.own(encoded),
    };
    let mut asking = Asking { context, message, digests: Vec::new() };
    let sender = asking.slot(SENDER, &entry, work);
    if let Outcome::Failed(cause) = sender.outcome {
        return Err(Report::new(Verdict::invalid(cause.in_role(SENDER))).into());
    }
    let mut slots = vec![sender];
    slots
        .extend(endorsers.iter().enumerate().map(|(place, entry)| asking.slot(endorser(place), entry, work)));
    slots.extend(payer.iter().map(|entry| asking.slot(PAYER, entry, work)));
    Ok(Plan::new(slots, text(encoded, TX_ID).to_vec()))
}

/// A field of the encoded payload, where each is there once.
fn text(payload: &[u8], number: u32) -> &[u8] {
    let field = Message::new(payload).flatten().find(|field| field.number == number);
    match field.map(|field| field.value) {
        Some(Value::Bytes(text)) => text,
        _ => &[],
    }
}

/// Asks for the signatures over one payload.
struct Asking<'a> {
    context: &'a Context,
    message: Piece<'a>,
    /// The digests of the payload that were asked for.
    digests: Vec<(Hash, HashId)>,
}

impl<'a> Asking<'a> {
    fn slot(&mut self, role: Role, entry: &Entry<'_>, work: &mut Work<'a>) -> Slot {
        Slot { role, outcome: self.outcome(role, entry, work).unwrap_or_else(|outcome| outcome) }
    }

    fn outcome(&mut self, role: Role, entry: &Entry<'_>, work: &mut Work<'a>) -> Result<Outcome, Outcome> {
        let identity = entry.identity(self.context).map_err(|fault| match fault {
            Fault::Malformed => Outcome::Failed(fault.into()),
            open => Outcome::Open(open),
        })?;
        let (suite, hash) = identity.method().ok_or(Outcome::Open(Fault::UnsupportedAlgorithm))?;
        let scalars = scalars(entry.signature);
        let [r, s] = scalars.ok_or(Outcome::Failed(Fault::BadSignatureEncoding.into()))?;
        // Negative, or longer than any scalar of the curve.
        let (Some(r), Some(s)) = (r, s) else {
            let verdict = Verdict::invalid(Reason::ScalarOutOfRange);
            return Err(Outcome::Decided(Box::new(Signature::decided(
                role,
                Some(suite.clone()),
                &identity.key,
                verdict,
            ))));
        };
        let signature = work.own_all([r.as_slice(), &s]);
        let message = hash.map_or(self.message, |hash| self.digest(hash, work).into());
        // Keys of the context stay where they are.
        let key = match identity {
            Cow::Borrowed(identity) => Piece::from(identity.key.as_slice()),
            Cow::Owned(identity) => work.own(&identity.key),
        };
        Ok(Outcome::Check(work.verify(suite, key, message, signature)))
    }

    fn digest(&mut self, hash: Hash, work: &mut Work<'a>) -> HashId {
        if let Some((_, id)) = self.digests.iter().find(|(of, _)| *of == hash) {
            return *id;
        }
        let id = work.hash(hash, &[self.message]);
        self.digests.push((hash, id));
        id
    }
}

/// A scalar of 32 bytes; `None` where it is negative or longer.
type Scalar = Option<[u8; 32]>;

/// r and s of a signature as `encoding/asn1` reads it into a structure of two integers: what follows the sequence, or the
/// integers in it, is not looked at. `None` where it is no such structure.
fn scalars(signature: &[u8]) -> Option<[Scalar; 2]> {
    let mut sequence = Der::new(signature).sequence().ok()?;
    let mut next = || sequence.integer().ok().map(scalar);
    Some([next()?, next()?])
}

fn scalar(integer: &[u8]) -> Scalar {
    let digits = match integer {
        [first, ..] if *first >= 0x80 => return None,
        [0, digits @ ..] => digits,
        digits => digits,
    };
    let start = 32usize.checked_sub(digits.len())?;
    let mut scalar = [0; 32];
    scalar[start..].copy_from_slice(digits);
    Some(scalar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read_as_go_reads_them() {
        let of = |value: u8| {
            let mut scalar = [0; 32];
            scalar[31] = value;
            Some(scalar)
        };
        assert_eq!(scalars(&[0x30, 6, 2, 1, 5, 2, 1, 7]), Some([of(5), of(7)]));
        // Bytes after the sequence, and in it.
        assert_eq!(scalars(&[0x30, 6, 2, 1, 5, 2, 1, 7, 0, 1]), Some([of(5), of(7)]));
        assert_eq!(scalars(&[0x30, 8, 2, 1, 5, 2, 1, 7, 9, 9]), Some([of(5), of(7)]));
        assert_eq!(scalars(&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 0xff]), Some([of(0x80), None]));
        assert_eq!(scalars(&[&[0x30, 38, 2, 33, 1][..], &[0; 32], &[2, 1, 0]].concat()), Some([None, of(0)]));
        for bad in [
            &[][..],
            &[0x30, 6, 2, 1, 5, 2, 1],
            &[0x30, 3, 2, 1, 5],
            &[0x30, 7, 2, 2, 0, 5, 2, 1, 7],
            &[0x30, 0x81, 6, 2, 1, 5, 2, 1, 7],
            &[0x30, 0x80, 2, 1, 5, 2, 1, 7, 0, 0],
            &[0x30, 5, 2, 0, 2, 1, 7],
            &[0x31, 6, 2, 1, 5, 2, 1, 7],
        ] {
            assert_eq!(scalars(bad), None, "{bad:?}");
        }
    }
}
