//! Transactions of 3.x: a structure in tars around the signed one.

use std::borrow::Cow;

use sigwarp::EcdsaRule;

use super::plan::{Plan, Signed};
use super::tars::{INT, LONG, STRUCT_BEGIN, STRUCT_END, Tars};
use super::{Fault, Suite};
use crate::profile::Decided;
use crate::work::{HashId, Piece, Work};

/// What is signed. Fields that are absent are empty or 0.
#[derive(Default)]
struct Data<'a> {
    version: i32,
    chain_id: &'a [u8],
    group_id: &'a [u8],
    block_limit: i64,
    nonce: &'a [u8],
    to: &'a [u8],
    input: Cow<'a, [u8]>,
    abi: &'a [u8],
    value: &'a [u8],
    gas_price: &'a [u8],
    gas_limit: i64,
    max_fee_per_gas: &'a [u8],
    max_priority_fee_per_gas: &'a [u8],
    extension: Cow<'a, [u8]>,
}

/// A transaction. Fields that are not used are read and forgotten.
#[derive(Default)]
struct Transaction<'a> {
    data: Data<'a>,
    data_hash: Cow<'a, [u8]>,
    signature: Cow<'a, [u8]>,
    kind: i8,
}

/// The latest version whose signed fields are known.
const LAST_VERSION: i32 = 2;

pub(super) fn parse<'a>(
    record: &'a [u8],
    suite: Suite,
    ids: [Option<&str>; 2],
    work: &mut Work<'a>,
) -> Result<Plan<'a>, Decided> {
    let mut tars = Tars::new(record);
    let transaction = transaction(&mut tars);
    let Transaction { data, data_hash, signature, kind } =
        transaction.ok_or_else(|| Decided::at(tars.at(), Fault::Malformed))?;
    match kind {
        0 => {}
        // Its signature is over what `extraTransactionBytes` holds.
        1 => return Err(Decided::open(Fault::Web3Transaction)),
        _ => return Err(Decided::open(Fault::UnknownType)),
    }
    if !(0..=LAST_VERSION).contains(&data.version) {
        return Err(Decided::open(Fault::UnknownVersion));
    }
    let is_other = |(id, of): (&[u8], Option<&str>)| of.is_some_and(|of| of.as_bytes() != id);
    if [data.chain_id, data.group_id].into_iter().zip(ids).any(is_other) {
        return Err(Fault::WrongChain.into());
    }
    let length = match suite {
        Suite::Keccak => 65,
        Suite::Sm => 128,
    };
    if signature.len() != length {
        return Err(Fault::BadSignatureLength.into());
    }
    let last = signature[length - 1];
    let whole = kept(signature, work);
    let rs = Work::part(whole, 0..64);
    let signed = match suite {
        Suite::Keccak if last > 3 => return Err(Fault::BadSignatureEncoding.into()),
        Suite::Keccak => Signed::Keccak { rs, recovery_id: last, rule: EcdsaRule::Any },
        Suite::Sm => Signed::Sm { rs, key: Work::part(whole, 64..128) },
    };
    let digest = hash(data, suite, work);
    let stated = Some(data_hash).filter(|hash| !hash.is_empty());
    Ok(Plan::new(digest, digest, stated, signed, work))
}

fn transaction<'a>(tars: &mut Tars<'a>) -> Option<Transaction<'a>> {
    let mut transaction = Transaction::default();
    let mut last = None;
    while !tars.is_empty() {
        let head = tars.head()?;
        if last.replace(head.tag) >= Some(head.tag) {
            return None;
        }
        match (head.tag, head.kind) {
            (1, STRUCT_BEGIN) => transaction.data = data(tars)?,
            (1, _) => return None,
            (2, kind) => transaction.data_hash = tars.bytes(kind)?,
            (3, kind) => transaction.signature = tars.bytes(kind)?,
            // importTime, attribute, sender, extraData.
            (4, kind) => tars.integer(kind, LONG).map(drop)?,
            (5, kind) => tars.integer(kind, INT).map(drop)?,
            (7, kind) => tars.bytes(kind).map(drop)?,
            (8, kind) => tars.string(kind).map(drop)?,
            (9, kind) => transaction.kind = tars.char(kind)?,
            (_, kind) => tars.skip(kind)?,
        }
    }
    Some(transaction)
}

/// The fields of `TransactionData`, and the end of the structure.
fn data<'a>(tars: &mut Tars<'a>) -> Option<Data<'a>> {
    let mut data = Data::default();
    let mut last = None;
    loop {
        let head = tars.head()?;
        if head.kind == STRUCT_END {
            return Some(data);
        }
        if last.replace(head.tag) >= Some(head.tag) {
            return None;
        }
        let kind = head.kind;
        match head.tag {
            1 => data.version = tars.int(kind)?,
            2 => data.chain_id = tars.string(kind)?,
            3 => data.group_id = tars.string(kind)?,
            4 => data.block_limit = tars.integer(kind, LONG)?,
            5 => data.nonce = tars.string(kind)?,
            6 => data.to = tars.string(kind)?,
            7 => data.input = tars.bytes(kind)?,
            8 => data.abi = tars.string(kind)?,
            9 => data.value = tars.string(kind)?,
            10 => data.gas_price = tars.string(kind)?,
            11 => data.gas_limit = tars.integer(kind, LONG)?,
            12 => data.max_fee_per_gas = tars.string(kind)?,
            13 => data.max_priority_fee_per_gas = tars.string(kind)?,
            14 => data.extension = tars.bytes(kind)?,
            _ => tars.skip(kind)?,
        }
    }
}

/// The hash that is signed. Lengths are not part of it.
fn hash<'a>(data: Data<'a>, suite: Suite, work: &mut Work<'a>) -> HashId {
    let mut pieces = vec![
        work.own(&data.version.to_be_bytes()),
        data.chain_id.into(),
        data.group_id.into(),
        work.own(&data.block_limit.to_be_bytes()),
        data.nonce.into(),
        data.to.into(),
        kept(data.input, work),
        data.abi.into(),
    ];
    if data.version >= 1 {
        pieces.extend([data.value.into(), data.gas_price.into(), work.own(&data.gas_limit.to_be_bytes())]);
        pieces.extend([data.max_fee_per_gas, data.max_priority_fee_per_gas].map(Piece::from));
    }
    if data.version >= 2 {
        pieces.push(kept(data.extension, work));
    }
    work.hash(suite.hash(), &pieces)
}

/// Bytes of the record, or a copy of those that it has in another form.
fn kept<'a>(bytes: Cow<'a, [u8]>, work: &mut Work<'a>) -> Piece<'a> {
    match bytes {
        Cow::Borrowed(bytes) => bytes.into(),
        Cow::Owned(bytes) => work.own(&bytes),
    }
}
