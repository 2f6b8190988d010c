//! The entries that a transaction is made of, and their ids: SHA3-256 of `entryid:`, the type, `:` and SHA3-256 of the body.
//!
//! Each input has an entry, which names the output that is spent or what makes an issuance unique; all inputs go into a
//! mux, each output is an entry with its source in the mux, and the header names those. Numbers are hashed in the fewest
//! groups of seven bits, strings behind their length (`bc.EntryID`, `legacy.MapTx` of Chain Core 1.2).

use sigwarp::Hash;

use super::Fault;
use super::wire::{Input, Kind, Transaction, Value, write_number};
use crate::work::{HashId, Piece, Work};

/// The hash of fields that later versions may have.
const NO_EXTENSION: [u8; 32] = [0; 32];
/// Opcodes of the machine.
const FAIL: u8 = 0x6a;
const DROP: u8 = 0x75;
const EQUAL: u8 = 0x87;
const ASSET: u8 = 0xc2;
const TRUE: u8 = 0x51;

/// The ids of a transaction and of its inputs.
pub(super) struct Ids<'a> {
    pub(super) transaction: HashId,
    pub(super) inputs: Vec<HashId>,
    /// Each asset that is issued, by what makes it and as it is stated: nodes refuse to read others.
    pub(super) assets: Vec<(HashId, &'a [u8; 32])>,
}

/// Has the ids of a transaction computed.
pub(super) fn ids<'a>(transaction: &Transaction<'a>, work: &mut Work<'a>) -> Result<Ids<'a>, Fault> {
    let spends = transaction.inputs.iter().map(|input| spend(input, work)).collect::<Vec<_>>();
    let first = spends.iter().flatten().next().copied();
    let mut inputs = Vec::new();
    for (input, spend) in transaction.inputs.iter().zip(spends) {
        inputs.push(match (spend, &input.kind) {
            (Some(id), _) => id,
            (None, Kind::Issuance { nonce, .. }) if !nonce.is_empty() => {
                let anchor = anchor(nonce, input.value.asset, transaction, work);
                issuance(input, anchor, work)
            }
            // What makes it unique is the first output that is spent with it.
            (None, _) => issuance(input, first.ok_or(Fault::NoAnchor)?, work),
        });
    }
    let mut pieces = vec![number(inputs.len() as u64, work)];
    for (id, input) in inputs.iter().zip(&transaction.inputs) {
        source(*id, input.value, 0, &mut pieces, work);
    }
    program((1, &[TRUE]), &mut pieces, work);
    let mux = entry("mux1", pieces, work);

    let mut pieces = vec![number(transaction.version, work), number(transaction.outputs.len() as u64, work)];
    for (place, output) in transaction.outputs.iter().enumerate() {
        let mut of_output = Vec::new();
        source(mux, output.value, place as u64, &mut of_output, work);
        let is_retired = output.program.1.first() == Some(&FAIL);
        if !is_retired {
            program(output.program, &mut of_output, work);
        }
        of_output.push(data(output.data, work));
        pieces.push(entry(if is_retired { "retirement1" } else { "output1" }, of_output, work).into());
    }
    pieces.push(data(transaction.data, work));
    pieces.extend([number(transaction.min_time, work), number(transaction.max_time, work)]);
    let assets = transaction.inputs.iter().filter_map(|input| asset(input, work)).collect();
    Ok(Ids { transaction: entry("txheader", pieces, work), inputs, assets })
}

/// The id of the asset that an input issues, which is that of its definition without the type of an entry.
fn asset<'a>(input: &Input<'a>, work: &mut Work<'a>) -> Option<(HashId, &'a [u8; 32])> {
    let Kind::Issuance { first_block, definition, .. } = input.kind else { return None };
    let mut pieces = vec![first_block.into()];
    program(input.program, &mut pieces, work);
    pieces.push(data(definition, work));
    Some((work.hash(Hash::Sha3_256, &pieces), input.value.asset))
}

/// The entry of an input that spends an output.
fn spend<'a>(input: &Input<'a>, work: &mut Work<'a>) -> Option<HashId> {
    let Kind::Spend { source: from, position, data: of_output } = input.kind else { return None };
    let mut pieces = vec![from.into()];
    value(input.value, &mut pieces, work);
    pieces.push(number(position, work));
    program(input.program, &mut pieces, work);
    pieces.push(of_output.into());
    let output = entry("output1", pieces, work);
    let data = data(input.data, work);
    Some(entry("spend1", vec![output.into(), data], work))
}

/// The entry of an input that issues an asset.
fn issuance<'a>(input: &Input<'a>, anchor: HashId, work: &mut Work<'a>) -> HashId {
    let mut pieces = vec![anchor.into()];
    value(input.value, &mut pieces, work);
    pieces.push(data(input.data, work));
    entry("issuance1", pieces, work)
}

/// The entry of a nonce: a program that has it and the asset, and the time in which it is unique.
fn anchor<'a>(
    nonce: &'a [u8],
    asset: &'a [u8; 32],
    transaction: &Transaction<'a>,
    work: &mut Work<'a>,
) -> HashId {
    let times = vec![number(transaction.min_time, work), number(transaction.max_time, work)];
    let times = entry("timerange1", times, work);
    // The push of the nonce, by its length, then the comparison of the asset.
    let push = match nonce.len() {
        length @ ..=75 => vec![length as u8],
        length @ ..=0xff => vec![0x4c, length as u8],
        length @ ..=0xffff => [&[0x4d][..], &(length as u16).to_le_bytes()].concat(),
        length => [&[0x4e][..], &(length as u32).to_le_bytes()].concat(),
    };
    let length = push.len() + nonce.len() + 3 + asset.len() + 1;
    let before = [write_number(1), write_number(length as u64), push].concat();
    let pieces = vec![
        work.own(&before),
        nonce.into(),
        (&[DROP, ASSET, 32]).into(),
        asset.into(),
        (&[EQUAL]).into(),
        times.into(),
    ];
    entry("nonce1", pieces, work)
}

fn number<'a>(number: u64, work: &mut Work<'a>) -> Piece<'a> {
    work.own(&write_number(number))
}

fn data<'a>(data: &'a [u8], work: &mut Work<'a>) -> Piece<'a> {
    work.hash(Hash::Sha3_256, &[data.into()]).into()
}

fn value<'a>(value: Value<'a>, pieces: &mut Vec<Piece<'a>>, work: &mut Work<'a>) {
    pieces.extend([value.asset.into(), number(value.amount, work)]);
}

fn source<'a>(
    of: HashId,
    of_value: Value<'a>,
    position: u64,
    pieces: &mut Vec<Piece<'a>>,
    work: &mut Work<'a>,
) {
    pieces.push(of.into());
    value(of_value, pieces, work);
    pieces.push(number(position, work));
}

fn program<'a>((version, code): (u64, &'a [u8]), pieces: &mut Vec<Piece<'a>>, work: &mut Work<'a>) {
    let before = [write_number(version), write_number(code.len() as u64)].concat();
    pieces.extend([work.own(&before), code.into()]);
}

/// The id of an entry whose body has these pieces, and no fields of later versions.
fn entry<'a>(of: &'static str, mut pieces: Vec<Piece<'a>>, work: &mut Work<'a>) -> HashId {
    pieces.push((&NO_EXTENSION).into());
    let body = work.hash(Hash::Sha3_256, &pieces);
    work.hash(Hash::Sha3_256, &[b"entryid:".into(), of.as_bytes().into(), b":".into(), body.into()])
}
