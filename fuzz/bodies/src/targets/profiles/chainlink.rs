//! Chainlink: transmissions, signed reports and attestations.

use std::sync::LazyLock;

use sigwarp_profiles::Report;
use sigwarp_profiles::chainlink::{Chainlink, Config, Context, Form};

use super::made::{SIGNERS, keccak, signer};
use super::{Limits, Subject, input};

/// What an attestation attests.
const ATTESTED: &[u8] = b"the report of an attestation";
const CONFIG_DIGEST: [u8; 32] = [0xc0; 32];
const SEQ_NR: u64 = 77;

/// Of the set, two must sign.
const F: usize = 1;

static SUBJECT: LazyLock<Subject<Chainlink>> = LazyLock::new(|| {
    let signers = (0..SIGNERS).map(|place| signer(place).address).collect();
    let config = Some(Config { signers, f: F });
    let forms = [
        Form::Ocr1 { config_digest: None },
        Form::Ocr2 { config_digest: Some(CONFIG_DIGEST) },
        Form::Streams { config_digest: None },
        Form::Ocr3 { config_digest: CONFIG_DIGEST, seq_nr: SEQ_NR, report: ATTESTED.to_vec() },
    ];
    let with = |config: Option<Config>, low_s| {
        forms.clone().map(|form| Context { form, config: config.clone(), low_s })
    };
    let contexts = [with(config.clone(), false), with(config, true), with(None, false)].concat();
    Subject { profile: Chainlink, contexts, limits: Limits::LEDGER, has_all, sound, true_of, may_lose }
});

/// See the module.
pub fn chainlink(data: &[u8]) {
    SUBJECT.run(data);
}

/// f + 1 different members.
fn has_all(report: &Report) -> bool {
    let mut addresses: Vec<_> = report.signatures.iter().filter_map(|signature| signature.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.len() == F + 1 && super::all_hold(report)
}

/// Without a set nothing is valid, and whatever holds was signed by members.
fn sound(_: &[u8], context: &Context, report: &Report) {
    let Some(config) = &context.config else {
        assert!(!report.verdict.is_valid() && report.signers.is_none());
        return;
    };
    let is_member = |signer: &Vec<u8>| config.signers.iter().any(|member| member[..] == signer[..]);
    assert!(report.signers.iter().flatten().all(is_member));
}

fn true_of(_: &[u8], context: &Context, report: &Report) {
    sound(&[], context, report);
    assert!(!report.verdict.is_valid() || has_all(report), "{report:?}");
}

/// Signed reports end where their last offset leads to; calldata and attestations have one length.
fn may_lose(record: &[u8], context: &Context, length: usize) -> bool {
    let number = |at: usize| -> Option<usize> {
        let word = record.get(at..at.checked_add(32)?)?;
        Some(word[24..].iter().fold(0, |number, &digit| number << 8 | usize::from(digit)))
    };
    let end = |(place, unit): (usize, usize)| {
        let at = number(32 * place)?;
        Some(at + 32 + unit * number(at)?)
    };
    let ends = [(3, 1), (4, 32), (5, 32)].map(|part| end(part).unwrap_or(usize::MAX));
    matches!(context.form, Form::Streams { .. }) && length >= 7 * 32 && ends.iter().all(|end| *end <= length)
}

fn word(number: usize) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&(number as u64).to_be_bytes());
    word
}

/// The digest of a transmission: of the report alone, or with the three words of its context.
fn digest(context: &[u8], report: &[u8]) -> [u8; 32] {
    match context {
        [] => keccak(report),
        _ => keccak(&[&keccak(report), context].concat()),
    }
}

/// The tuple of a transmission, behind its selector; `padded` reports end at a word, which calldata has none of.
fn transmission(selector: &[u8], report: &[u8], signers: &[usize], is_padded: bool) -> Vec<u8> {
    let context = match selector {
        [0xc9, ..] => Vec::new(),
        _ => [CONFIG_DIGEST, word(0x0502), word(0)].concat(),
    };
    let digest = digest(&context, report);
    let (mut rs, mut ss, mut vs) = (Vec::new(), Vec::new(), [0; 32]);
    for (place, &of) in signers.iter().enumerate() {
        let (signature, id) = signer(of).sign(&digest);
        rs.extend(&signature[..32]);
        ss.extend(&signature[32..]);
        vs[place] = id;
    }
    let padding = if is_padded { report.len().next_multiple_of(32) - report.len() } else { 0 };
    let at_report = context.len() + 4 * 32;
    let at_rs = at_report + 32 + report.len() + padding;
    let at_ss = at_rs + 32 + rs.len();
    let count = word(signers.len());
    let mut out = [selector, &context, &word(at_report), &word(at_rs), &word(at_ss), &vs].concat();
    out.extend([&word(report.len())[..], report, &vec![0; padding], &count, &rs, &count, &ss].concat());
    out
}

/// An attestation by these oracles, in ascending order.
fn attestation(signers: &[usize]) -> Vec<u8> {
    let digest = keccak(&[CONFIG_DIGEST, word(SEQ_NR as usize), keccak(ATTESTED)].concat());
    let mask = signers.iter().fold(0u32, |mask, signer| mask | 1 << signer);
    let sign = |&of: &usize| -> [u8; 64] {
        let (mut signature, id) = signer(of).sign(&digest);
        if id == 1 {
            // The recovery id must be 0, so it is the other s.
            let s = k256::ecdsa::Signature::from_slice(&signature).expect("in range").split_scalars().1;
            signature[32..].copy_from_slice(&(-*s.as_ref()).to_bytes());
        }
        signature
    };
    [&mask.to_be_bytes()[..], signers.iter().map(sign).collect::<Vec<_>>().as_flattened()].concat()
}

/// Of each form: two members, three of them, one twice.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let report = [&[0; 11][..], &[0xd1; 16], b"epoch and values of a feed"].concat();
    for signers in [&[0, 2][..], &[0, 1, 3], &[1, 1], &[]] {
        let records = [
            transmission(&[0xc9, 0x80, 0x75, 0x39], &report, signers, false),
            transmission(&[0xb1, 0xdc, 0x65, 0xa4], &report, signers, false),
            transmission(&[], &report, signers, true),
            attestation(signers),
        ];
        for (form, record) in records.iter().enumerate() {
            seeds.extend([0, 4, 8].map(|set| input(form as u8 + set, record)));
        }
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let verdicts = SUBJECT.judged(&seeds());
        for (form, of_form) in verdicts[..9].chunks(3).enumerate() {
            assert_eq!(of_form, ["valid", "valid", "undecided NoConfig"], "form {form}");
        }
        // An attestation may need a high s.
        assert_eq!(verdicts[9], "valid");
        assert_eq!(verdicts[11], "undecided NoConfig");
        assert_eq!(verdicts[12], "invalid SignatureCount");
        assert_eq!(verdicts[21], "invalid BadLength");
        assert_eq!(verdicts[24], "invalid BadSignature");
    }
}
