//! NEO: transactions, headers, blocks and chains of both forms.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use sigwarp_profiles::neo::{Context, Kind, Neo};
use sigwarp_profiles::{Curve, Report};

use super::made::DeviceKey;
use super::{Limits, Subject, input};

/// The magic number of the network in every context.
const MAGIC: u32 = 860_833_102;

static SUBJECT: LazyLock<Subject<Neo>> = LazyLock::new(|| Subject {
    profile: Neo,
    contexts: Kind::ALL.map(|kind| Context::new(kind, MAGIC)).to_vec(),
    // The shortest legacy transactions have six bytes, and a report each. Of 32 signatures and 63 keys, each signature is
    // checked with 32.
    limits: Limits { per_byte: 512, for_any: 8 << 10, signatures: |length| length / 3 },
    has_all,
    sound: |_, _, _| {},
    true_of: |_, _, _| {},
    may_lose: |_, _, _| false,
});

/// See the module.
pub fn neo(data: &[u8]) {
    SUBJECT.run(data);
}

/// Whether everything in it that is signed holds; the first block of a chain is not signed, and not valid.
fn has_all(report: &Report) -> bool {
    let holds = report.signatures.iter().all(|signature| signature.verdict.is_valid());
    holds
        && (!report.signatures.is_empty() || !report.transactions.is_empty())
        && report.transactions.iter().all(has_all)
}

const KEY: DeviceKey = DeviceKey(Curve::P256, 0);

fn point() -> Vec<u8> {
    let public = KEY.public();
    [&[2 + (public[64] & 1)], &public[1..33]].concat()
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

/// A witness of one key in the legacy form.
fn legacy_witness(unsigned: &[u8]) -> Vec<u8> {
    let invocation = [&[0x40], &KEY.sign(unsigned)[..]].concat();
    let verification = [&[0x21], &point()[..], &[0xac]].concat();
    [counted(&invocation), counted(&verification)].concat()
}

fn n3_witness(unsigned: &[u8]) -> Vec<u8> {
    let message = [&MAGIC.to_le_bytes()[..], &Sha256::digest(unsigned)].concat();
    let invocation = [&[0x0c, 0x40], &KEY.sign(&message)[..]].concat();
    [counted(&invocation), counted(&n3_script())].concat()
}

fn n3_script() -> Vec<u8> {
    [&[0x0c, 0x21], &point()[..], &[0x41, 0x56, 0xe7, 0xb3, 0x27]].concat()
}

/// Of every kind, in the order of [`Kind::ALL`].
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let legacy = [&[0x80, 0, 0, 0, 0][..], &[1], &legacy_witness(&[0x80, 0, 0, 0, 0])].concat();
    let root: [u8; 32] = Sha256::digest(Sha256::digest([0x80, 0, 0, 0, 0])).into();
    let header = [&[0; 36][..], &root, &[0; 4], &[1, 0, 0, 0], &[0; 28]].concat();
    let header = [&header[..], &[1], &legacy_witness(&header)].concat();
    // The account is the hash of the script, which the seeds have not: the script is that of a contract.
    let unsigned = [&[0; 25][..], &[1], &[7; 20], &[1, 0, 1, 0x40]].concat();
    let transaction = [&unsigned[..], &[1, 0, 0]].concat();
    let other = [&unsigned[..], &[1], &n3_witness(&unsigned)].concat();
    let n3_header = [&[0; 36][..], &[0; 32], &[0; 16], &[1, 0, 0, 0], &[0; 21]].concat();
    let n3_header = [&n3_header[..], &[1], &n3_witness(&n3_header)].concat();
    let block = [&n3_header[..], &[0]].concat();
    let chain = [&[1, 0, 0, 0][..], &(block.len() as u32).to_le_bytes(), &block].concat();
    vec![
        input(0, &legacy),
        input(1, &[&header[..], &[0]].concat()),
        input(2, &[&header[..], &[1], &legacy].concat()),
        input(3, &transaction),
        input(3, &other),
        input(4, &n3_header),
        input(5, &block),
        input(6, &chain),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let verdicts = SUBJECT.judged(&seeds());
        let [valid, open, other] = ["valid", "undecided Script", "invalid ScriptHashMismatch"];
        assert_eq!(verdicts, [valid, valid, valid, open, other, valid, valid, valid]);
    }
}
