//! An envelope: the transaction, encoded again, and its signatures.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sigwarp::Hash;

use super::messages::{OPERATION_SOURCE, OPERATIONS, TRANSACTION, TRANSACTION_SOURCE};
use super::plan::{KeyType, Plan, Signed};
use super::{Fault, MAX_BYTES, MAX_SIGNATURES};
use crate::profile::Decided;
use crate::protobuf::{Message, Value};
use crate::schema::{Library, merged};
use crate::work::{Piece, Work};

/// What a public key begins with.
const PUBLIC_KEY: u8 = 0xb0;

pub(super) fn parse<'a>(record: &'a [u8], work: &mut Work<'a>) -> Result<Plan, Decided> {
    if record.len() > MAX_BYTES {
        return Err(Decided::open(Fault::TooLarge));
    }
    let (mut transactions, mut signatures) = (Vec::new(), Vec::new());
    for field in Message::new(record) {
        let field = field.map_err(|bad| Decided::at(bad.at, Fault::Malformed))?;
        match (field.number, field.value) {
            (1, Value::Bytes(transaction)) => transactions.push(transaction),
            (2, Value::Bytes(signature)) => {
                signatures.push(Signature::read(signature).ok_or(Fault::Malformed)?)
            }
            _ => {}
        }
    }
    let transaction = merged(transactions.into_iter()).unwrap_or_default();
    let writer = Library::Cpp30.encoded(&transaction, &TRANSACTION).ok_or(Fault::Malformed)?;
    let is_canonical = *writer.as_slice() == *transaction;
    let sources = sources(writer.as_slice());
    let message = match transaction {
        Cow::Borrowed(bytes) if is_canonical => Piece::from(bytes),
        _ => work.own(writer.as_slice()),
    };
    if signatures.len() > MAX_SIGNATURES {
        return Err(Decided::open(Fault::TooManySignatures));
    }
    let id = work.hash(Hash::Sha256, &[message]);
    let count = signatures.len();
    let signed = signatures.into_iter().enumerate();
    let signed = signed.filter_map(|(place, signature)| signature.signed(place, message, work)).collect();
    Ok(Plan::new(id, is_canonical, sources, count, signed))
}

/// A signature as the envelope has it.
struct Signature<'a> {
    /// Hexadecimal digits.
    public_key: &'a str,
    sign_data: &'a [u8],
}

impl<'a> Signature<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        let mut signature = Self { public_key: "", sign_data: &[] };
        for field in Message::new(message) {
            let field = field.ok()?;
            match (field.number, field.value) {
                (1, Value::Bytes(text)) => signature.public_key = std::str::from_utf8(text).ok()?,
                (2, Value::Bytes(bytes)) => signature.sign_data = bytes,
                _ => {}
            }
        }
        Some(signature)
    }

    /// The check of this signature; `None` where the key is malformed. Its checksum is compared later.
    fn signed(&self, place: usize, message: Piece<'a>, work: &mut Work<'a>) -> Option<Signed> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(self.public_key.as_bytes()).ok()?;
        let (body, checksum) = bytes.split_last_chunk::<4>()?;
        let kind = match body {
            [PUBLIC_KEY, 1, key @ ..] if key.len() == 32 => KeyType::Ed25519,
            [PUBLIC_KEY, 2, key @ ..] if key.len() == 65 => KeyType::Sm2,
            _ => return None,
        };
        let whole = work.own(body);
        let raw = Work::part(whole, 2..body.len());
        let first = work.hash(kind.hash(), &[whole]);
        Some(Signed {
            place,
            kind,
            checksum: *checksum,
            computed: work.hash(kind.hash(), &[first.into()]),
            key: work.hash(kind.hash(), &[raw]),
            check: work.verify(kind.suite(), Work::part(raw, kind.point()), message, self.sign_data),
            address: None,
        })
    }
}

/// The accounts that a transaction acts for: its own source, and those of operations that have one. The transaction is
/// encoded as nodes do, so that each field is there once.
fn sources(transaction: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut sources = BTreeSet::new();
    let mut own: &[u8] = &[];
    for field in Message::new(transaction).flatten() {
        match (field.number, field.value) {
            (TRANSACTION_SOURCE, Value::Bytes(source)) => own = source,
            (OPERATIONS, Value::Bytes(operation)) => {
                for field in Message::new(operation).flatten() {
                    if let (OPERATION_SOURCE, Value::Bytes(source)) = (field.number, field.value)
                        && !sources.contains(source)
                    {
                        sources.insert(source.to_vec());
                    }
                }
            }
            _ => {}
        }
    }
    sources.insert(own.to_vec());
    sources
}
