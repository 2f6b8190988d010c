//! Ethereum: transactions of every type, and blocks. A small reader of RLP beside the profile's says whether a record that
//! it takes is the one encoding of what it holds.

use std::sync::LazyLock;

use sigwarp_profiles::Report;
use sigwarp_profiles::ethereum::{Context, Ethereum, Fork, Form};

use super::made::{SIGNERS, keccak, signer};
use super::{Limits, Subject, input};

static SUBJECT: LazyLock<Subject<Ethereum>> = LazyLock::new(|| {
    let prague = Context::transactions(1, Fork::Prague);
    let contexts = vec![
        prague,
        Context { network_form: true, ..prague },
        Context::transactions(1, Fork::Frontier),
        Context { from: Some(signer(0).address), ..prague },
        Context::blocks(1),
        Context { fork: Some(Fork::Prague), ..Context::blocks(1) },
    ];
    let may_lose = |_: &[u8], _: &Context, _| false;
    Subject { profile: Ethereum, contexts, limits: Limits::LEDGER, has_all, sound, true_of, may_lose }
});

/// See the module.
pub fn ethereum(data: &[u8]) {
    SUBJECT.run(data);
}

/// The sender's signature, or that of each transaction of a block; authorizations need not hold.
fn has_all(report: &Report) -> bool {
    match report.transactions.as_slice() {
        [] => report.signatures.first().is_some_and(|signature| signature.verdict.is_valid()),
        transactions => transactions.iter().all(has_all),
    }
}

/// The bytes of an item as RLP writes it, and what is left behind it: nothing where the form is not that one.
fn encoded_again(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (is_list, header, length) = match tag {
        ..0x80 => return Some((vec![tag], rest)),
        0x80..0xb8 => (false, 0, usize::from(tag - 0x80)),
        0xb8..0xc0 => (false, usize::from(tag - 0xb7), 0),
        0xc0..0xf8 => (true, 0, usize::from(tag - 0xc0)),
        0xf8.. => (true, usize::from(tag - 0xf7), 0),
    };
    let digits = rest.get(..header)?;
    let length = length + digits.iter().fold(0u64, |number, &digit| number << 8 | u64::from(digit)) as usize;
    let payload = rest.get(header..)?.get(..length)?;
    let content = match is_list {
        false => payload.to_vec(),
        true => {
            let (mut content, mut rest) = (Vec::new(), payload);
            while !rest.is_empty() {
                let (item, after) = encoded_again(rest)?;
                content.extend(item);
                rest = after;
            }
            content
        }
    };
    let again = if is_list { list(&content) } else { string(&content) };
    Some((again, &rest[header + length..]))
}

/// A record with signatures has the one encoding that it can have, and cut short it has none.
fn sound(record: &[u8], context: &Context, report: &Report) {
    if report.signatures.is_empty() && report.transactions.is_empty() {
        return;
    }
    let list = if record[0] < 0xc0 { &record[1..] } else { record };
    let (again, rest) = encoded_again(list).expect("well-formed RLP");
    assert!(again == list && rest.is_empty(), "another encoding of {record:02x?}");
    let cut = crc32fast::hash(record) as usize % record.len();
    let shorter = SUBJECT.folded(&record[..cut], context, super::Answers::All);
    assert!(shorter.signatures.is_empty() && !shorter.verdict.is_valid(), "{cut} of {}", record.len());
}

/// A transaction has a sender where its signature recovers a key, and the hash of its bytes as its id.
fn true_of(record: &[u8], context: &Context, report: &Report) {
    if context.form == Form::Block {
        return report.transactions.iter().for_each(with_sender);
    }
    with_sender(report);
    if context.from.is_some() && report.verdict.is_valid() {
        assert_eq!(report.sender.as_deref(), context.from.as_ref().map(|from| &from[..]));
    }
    if let Some(id) = report.tx_id.as_deref().filter(|_| report.undecided.is_empty()) {
        assert_eq!(id, keccak(record));
    }
}

/// A sender is there where the verdict is valid; otherwise only where another one was required.
fn with_sender(report: &Report) {
    let is_other = report.verdict.cause().is_some_and(|cause| cause.name() == "WrongSender");
    assert_eq!(report.sender.is_some(), report.verdict.is_valid() || is_other, "{report:?}");
    let address = report.signatures.first().and_then(|signature| signature.address);
    assert_eq!(report.sender.as_deref(), address.as_ref().map(|address| &address[..]));
}

fn string(content: &[u8]) -> Vec<u8> {
    match content {
        [byte] if *byte < 0x80 => content.to_vec(),
        _ => [&header(0x80, content.len()), content].concat(),
    }
}

fn list(content: &[u8]) -> Vec<u8> {
    [&header(0xc0, content.len()), content].concat()
}

fn header(kind: u8, length: usize) -> Vec<u8> {
    let digits = digits(length as u64);
    match length {
        ..56 => vec![kind + length as u8],
        _ => [&[kind + 55 + digits.len() as u8], &digits[..]].concat(),
    }
}

fn digits(number: u64) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect()
}

fn integer(number: u64) -> Vec<u8> {
    string(&digits(number))
}

/// r or s: an integer of 32 bytes at most.
fn scalar(bytes: &[u8]) -> Vec<u8> {
    string(&bytes.iter().copied().skip_while(|digit| *digit == 0).collect::<Vec<u8>>())
}

/// What kinds of transaction the seeds have.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Unprotected,
    Protected,
    Typed(u8),
}

/// Fields before the signature: plain values, and lists that have something in them.
fn fields(kind: Kind) -> Vec<u8> {
    let address = string(&[0x35; 20]);
    let entry = list(&[address.clone(), list(&[string(&[7; 32]), string(&[8; 32])].concat())].concat());
    let access = list(&entry);
    let money = string(&[0x0d, 0xe0, 0xb6, 0xb3, 0xa7, 0x64, 0, 0]);
    let tail = [integer(21_000), address, money, string(b"data of the call")].concat();
    let price = integer(20_000_000_000);
    let mut all = match kind {
        Kind::Typed(_) => [integer(1), integer(9)].concat(),
        _ => integer(9),
    };
    all.extend(price.repeat(if matches!(kind, Kind::Typed(2..)) { 2 } else { 1 }));
    all.extend(tail);
    if let Kind::Typed(byte) = kind {
        all.extend(access);
        match byte {
            3 => all.extend([integer(1), list(&string(&[&[1], &[0x5a; 31][..]].concat()))].concat()),
            4 => all.extend(list(&[authorization(1), authorization(0)].concat())),
            _ => {}
        }
    }
    all
}

fn authorization(chain_id: u64) -> Vec<u8> {
    let fields = [integer(chain_id), string(&[0x77; 20]), integer(3)].concat();
    let (signature, id) = signer(1).sign(&keccak(&[&[5], &list(&fields)[..]].concat()));
    let (r, s) = signature.split_at(32);
    list(&[&fields[..], &integer(id.into()), &scalar(r), &scalar(s)].concat())
}

/// A signed transaction of chain 1.
fn transaction(kind: Kind, signed_by: usize) -> Vec<u8> {
    let fields = fields(kind);
    let prefix = if let Kind::Typed(byte) = kind { vec![byte] } else { Vec::new() };
    let chain = if kind == Kind::Protected { vec![1, 0x80, 0x80] } else { Vec::new() };
    let signed = [&prefix[..], &list(&[&fields[..], &chain].concat())].concat();
    let (signature, id) = signer(signed_by).sign(&keccak(&signed));
    let v = match kind {
        Kind::Unprotected => 27 + u64::from(id),
        Kind::Protected => 37 + u64::from(id),
        Kind::Typed(_) => u64::from(id),
    };
    let (r, s) = signature.split_at(32);
    [&prefix[..], &list(&[&fields[..], &integer(v), &scalar(r), &scalar(s)].concat())].concat()
}

/// A block of two transactions, of which `root` is the trie's root.
fn block(timestamp: u64, transactions: [&[u8]; 2], root: [u8; 32]) -> Vec<u8> {
    let mut header = [string(&[1; 32]), string(&[2; 32]), string(&[3; 20]), string(&[4; 32])].concat();
    header.extend([string(&root), string(&[5; 32]), string(&[0; 256]), integer(0)].concat());
    header.extend([integer(23_000_000), integer(30_000_000), integer(42_000), integer(timestamp)].concat());
    header.extend([string(b"extra"), string(&[6; 32]), string(&[0; 8])].concat());
    let item = |bytes: &&[u8]| if bytes[0] < 0xc0 { string(bytes) } else { bytes.to_vec() };
    let transactions = transactions.iter().flat_map(item).collect::<Vec<u8>>();
    list(&[list(&header), list(&transactions), list(&[]), list(&[])].concat())
}

/// The root of the trie of two values: their keys are 80 and 01, so it branches at the first half byte.
fn root([first, second]: [&[u8]; 2]) -> [u8; 32] {
    let leaf = |path: u8, value: &[u8]| keccak(&list(&[string(&[path]), string(value)].concat()));
    let mut branch: Vec<Vec<u8>> = vec![string(&[]); 17];
    branch[0] = string(&leaf(0x31, second));
    branch[8] = string(&leaf(0x30, first));
    keccak(&list(&branch.concat()))
}

/// Transactions of every type, one as it travels between nodes, and blocks.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let kinds = [Kind::Unprotected, Kind::Protected].into_iter().chain((1..=4).map(Kind::Typed));
    let mut seeds = Vec::new();
    for (place, kind) in kinds.enumerate() {
        let bytes = transaction(kind, place % SIGNERS);
        seeds.extend((0..4).map(|context| input(context, &bytes)));
    }
    let blobs = transaction(Kind::Typed(3), 0);
    let around = [&blobs[1..], &list(&string(&[9; 64])), &list(&string(&[9; 48])), &list(&string(&[9; 48]))];
    seeds.push(input(1, &[&[3], &list(&around.concat())[..]].concat()));
    let pair = [transaction(Kind::Protected, 0), transaction(Kind::Typed(2), 1)];
    let pair = [&pair[0][..], &pair[1]];
    for (context, root) in [(4, root(pair)), (5, root(pair)), (5, [0; 32])] {
        seeds.push(input(context, &block(1_750_000_000, pair, root)));
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing takes more memory for its bytes than a block of transactions whose fields are all empty.
    #[test]
    fn a_block_of_the_shortest_transactions_stays_within_the_bound() {
        let shortest = [0xc9, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 27, 0x80, 0x80];
        let pair = [&shortest[..], &shortest];
        let one = block(1_750_000_000, pair, [0; 32]);
        let at = one.len() - 2 - 2 * shortest.len();
        for count in [2, 100, 129, 1025, 2049, 4097, 5000] {
            let header = &one[3..at - 1];
            let block = list(&[header, &list(&shortest.repeat(count)), &list(&[]), &list(&[])].concat());
            let context = SUBJECT.contexts[5];
            let report = SUBJECT.folded(&block, &context, super::super::Answers::All);
            assert_eq!(report.transactions.len(), count, "{:?}", report.verdict);
        }
    }

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let verdicts = SUBJECT.judged(&seeds());
        let [unprotected, protected] = [&verdicts[..4], &verdicts[4..8]];
        assert_eq!(unprotected, ["valid"; 4]);
        assert_eq!(protected[..2], ["valid", "valid"]);
        assert_eq!(protected[2], "invalid ProtectedTooEarly");
        assert_eq!(protected[3], "invalid WrongSender");
        for (of, verdicts) in verdicts[8..24].chunks(4).enumerate() {
            assert_eq!(verdicts[..3], ["valid", "valid", "invalid TypeNotActive"], "type {}", of + 1);
        }
        assert_eq!(verdicts[24..], ["valid", "valid", "valid", "invalid TransactionsRoot"]);
    }
}
