//! What implementations of Bitcoin's rules have got wrong, each as a transaction.

use k256::ecdsa::signature::hazmat::PrehashSigner as _;
use k256::ecdsa::{Signature, SigningKey};
use sha2::{Digest as _, Sha256};
use sigwarp::Reason;
use sigwarp_profiles::bitcoin::{Bitcoin, Context, Fault, Flags, Network, PreviousOutput, ScriptError};
use sigwarp_profiles::{Batch, Cause, Report, Verdict, verify};

use crate::common;

/// The rules of today.
fn today() -> Flags {
    Flags::at(Network::Main, 900_000, None)
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).expect("below the order")
}

fn public(seed: u8) -> Vec<u8> {
    key(seed).verifying_key().to_sec1_point(true).as_bytes().to_vec()
}

/// A signature in DER with its hash type.
fn sign(seed: u8, digest: &[u8; 32], hash_type: u8) -> Vec<u8> {
    let signature: Signature = key(seed).sign_prehash(digest).expect("a signature");
    let bytes = signature.to_bytes();
    let integer = |number: &[u8]| {
        let start = number.iter().position(|&byte| byte != 0).expect("not 0");
        let zero: &[u8] = if number[start] & 0x80 == 0 { &[] } else { &[0] };
        let length = (zero.len() + number.len() - start) as u8;
        [&[2, length], zero, &number[start..]].concat()
    };
    let (r, s) = (integer(&bytes[..32]), integer(&bytes[32..]));
    [&[0x30, (r.len() + s.len()) as u8][..], &r, &s, &[hash_type]].concat()
}

fn push(bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() < 0x4c, "a short push");
    [&[bytes.len() as u8], bytes].concat()
}

/// A transaction of inputs with their scripts and witnesses, each of which spends an output of 1,000 satoshi.
#[derive(Clone)]
struct Made {
    inputs: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    outputs: usize,
    spent: Vec<Vec<u8>>,
}

impl Made {
    /// One input, with one output.
    fn one(spent: &[u8]) -> Self {
        Self { inputs: vec![(Vec::new(), Vec::new())], outputs: 1, spent: vec![spent.to_vec()] }
    }

    /// Inputs without scripts.
    fn stripped(&self) -> Vec<u8> {
        let input = |index: u8| [&[index + 1; 32][..], &[0; 4]].concat();
        (0..self.inputs.len()).flat_map(|index| input(index as u8)).collect()
    }

    fn outputs(&self) -> Vec<u8> {
        (0..self.outputs).flat_map(|_| [&10_i64.to_le_bytes()[..], &[1, 0x51]].concat()).collect()
    }

    fn raw(&self) -> Vec<u8> {
        let has_witness = self.inputs.iter().any(|(_, witness)| !witness.is_empty());
        let mut raw = vec![2, 0, 0, 0];
        if has_witness {
            raw.extend([0, 1]);
        }
        raw.push(self.inputs.len() as u8);
        for (outpoint, (script, _)) in self.stripped().chunks(36).zip(&self.inputs) {
            raw.extend(outpoint);
            raw.extend(long(script));
            raw.extend([0xff; 4]);
        }
        raw.push(self.outputs as u8);
        raw.extend(self.outputs());
        for (_, witness) in self.inputs.iter().filter(|_| has_witness) {
            raw.push(witness.len() as u8);
            witness.iter().for_each(|element| raw.extend(long(element)));
        }
        raw.extend([0; 4]);
        raw
    }

    /// What an input signs under BIP 143, with the hashes that its hash type has.
    fn v0(&self, index: usize, code: &[u8], hash_type: u8) -> [u8; 32] {
        let sequences = vec![0xff; 4 * self.inputs.len()];
        let all = !matches!(hash_type & 0x1f, 2 | 3);
        let [outpoints, sequences] = match hash_type & 0x80 {
            0 => [hash(&self.stripped()), if all { hash(&sequences) } else { [0; 32] }],
            _ => [[0; 32]; 2],
        };
        let outputs = if all { hash(&self.outputs()) } else { [0; 32] };
        let message = [
            &[2, 0, 0, 0][..],
            &outpoints,
            &sequences,
            &self.stripped()[36 * index..36 * (index + 1)],
            &long(code),
            &1000_i64.to_le_bytes(),
            &[0xff; 4],
            &outputs,
            &[0; 4],
            &u32::from(hash_type).to_le_bytes(),
        ];
        hash(&message.concat())
    }

    /// What the only input signs without a witness.
    fn legacy(&self, code: &[u8], hash_type: u8) -> [u8; 32] {
        let outputs = [&[self.outputs as u8][..], &self.outputs()].concat();
        let front = [&[2, 0, 0, 0, 1][..], &self.stripped()].concat();
        let back = [&[0; 4], &u32::from(hash_type).to_le_bytes()[..]].concat();
        hash(&[&front, &long(code)[..], &[0xff; 4], &outputs, &back].concat())
    }

    fn report(&self, flags: Flags) -> Report {
        let spent = self.spent.iter().map(|script| PreviousOutput { value: 1000, script: script.clone() });
        report(&self.raw(), &Context::transaction(flags, spent.map(Some).collect()))
    }
}

/// Bytes after their length.
fn long(bytes: &[u8]) -> Vec<u8> {
    match bytes.len() {
        length @ ..0xfd => [&[length as u8], bytes].concat(),
        length => [&[0xfd], &(length as u16).to_le_bytes()[..], bytes].concat(),
    }
}

fn report(raw: &[u8], context: &Context) -> Report {
    let mut batch = Batch::new();
    batch.push(&Bitcoin, raw, context);
    verify(common::fastest(), batch).expect("an engine that works").remove(0)
}

/// The script of version 0 behind its hash.
fn script_hash(script: &[u8]) -> Vec<u8> {
    [&[0, 32][..], &Sha256::digest(script)].concat()
}

const CHECKSIG: u8 = 0xac;

#[test]
fn a_single_output_that_is_missing_signs_the_number_one_and_zeros_in_witnesses() {
    let mut one = [0; 32];
    one[0] = 1;
    let code = [&push(&public(1))[..], &[CHECKSIG]].concat();
    for hash_type in [3, 0x83] {
        let mut made = Made {
            inputs: vec![(vec![0x51], Vec::new()), (push(&sign(1, &one, hash_type)), Vec::new())],
            outputs: 1,
            spent: vec![vec![0x51], code.clone()],
        };
        assert_eq!(made.report(today()).verdict, Verdict::Valid, "type {hash_type}");
        made.spent[1] = script_hash(&code);
        let digest = made.v0(1, &code, hash_type);
        made.inputs[1] = (Vec::new(), vec![sign(1, &digest, hash_type), code.clone()]);
        assert_eq!(made.report(today()).verdict, Verdict::Valid, "type {hash_type}");
        // Of taproot there is no such digest: it ends before any signature is looked at.
        made.spent[1] = [&[0x51, 32][..], &public(1)[1..]].concat();
        made.inputs[1] = (Vec::new(), vec![[&[7; 64][..], &[hash_type]].concat()]);
        assert_eq!(made.report(today()).verdict, Verdict::invalid(ScriptError::SCHNORR_SIG_HASHTYPE));
    }
}

#[test]
fn hash_types_that_are_not_defined_sign_all_outputs() {
    let code = [&push(&public(1))[..], &[CHECKSIG]].concat();
    for hash_type in [0, 4, 0x1f, 0x20, 0x41, 0x7f, 0xe1] {
        let mut made = Made::one(&code);
        let digest = made.legacy(&code, hash_type);
        made.inputs[0].0 = push(&sign(1, &digest, hash_type));
        assert_eq!(made.report(today()).verdict, Verdict::Valid, "type {hash_type}");
        let mut made = Made::one(&script_hash(&code));
        let digest = made.v0(0, &code, hash_type);
        made.inputs[0].1 = vec![sign(1, &digest, hash_type), code.clone()];
        assert_eq!(made.report(today()).verdict, Verdict::Valid, "type {hash_type}");
    }
}

#[test]
fn a_signature_of_taproot_does_not_say_its_type_where_that_is_zero() {
    let output = [&[0x51, 32][..], &public(1)[1..]].concat();
    for (signature, error) in [
        (vec![0; 65], ScriptError::SCHNORR_SIG_HASHTYPE),
        ([&[1; 64][..], &[4]].concat(), ScriptError::SCHNORR_SIG_HASHTYPE),
        (vec![1; 63], ScriptError::SCHNORR_SIG_SIZE),
        (vec![1; 66], ScriptError::SCHNORR_SIG_SIZE),
        (Vec::new(), ScriptError::SCHNORR_SIG_SIZE),
        (vec![1; 64], ScriptError::SCHNORR_SIG),
    ] {
        let mut made = Made::one(&output);
        made.inputs[0].1 = vec![signature];
        assert_eq!(made.report(today()).verdict, Verdict::invalid(error));
    }
}

#[test]
fn in_version_0_a_signature_signs_what_follows_the_last_separator() {
    let after = [&push(&public(1))[..], &[CHECKSIG]].concat();
    // The first separator is not executed, and the one that follows the check does not count.
    let script = [&[0x00, 0x63, 0xab, 0x68, 0x61, 0xab][..], &after, &[0xab]].concat();
    let mut made = Made::one(&script_hash(&script));
    let digest = made.v0(0, &[&after[..], &[0xab]].concat(), 1);
    made.inputs[0].1 = vec![sign(1, &digest, 1), script.clone()];
    assert_eq!(made.report(today()).verdict, Verdict::Valid);
    let digest = made.v0(0, &script, 1);
    made.inputs[0].1[0] = sign(1, &digest, 1);
    assert_eq!(made.report(today()).verdict, Verdict::invalid(ScriptError::EVAL_FALSE));
}

#[test]
fn without_a_witness_separators_are_left_out_of_what_is_signed() {
    let code = [&push(&public(1))[..], &[CHECKSIG]].concat();
    let script = [&[0xab, 0x61, 0xab][..], &push(&public(1)), &[0xab, CHECKSIG, 0xab]].concat();
    let mut made = Made::one(&script);
    // Behind the last executed one stands the check alone.
    let digest = made.legacy(&[CHECKSIG], 1);
    made.inputs[0].0 = push(&sign(1, &digest, 1));
    assert_eq!(made.report(today()).verdict, Verdict::Valid);
    let digest = made.legacy(&code, 1);
    made.inputs[0].0 = push(&sign(1, &digest, 1));
    assert_eq!(made.report(today()).verdict, Verdict::invalid(ScriptError::EVAL_FALSE));
}

#[test]
fn a_signature_in_its_own_script_is_deleted_from_what_it_signs() {
    let rest = [&push(&public(1))[..], &[CHECKSIG]].concat();
    let made = Made::one(&[]);
    let signature = sign(1, &made.legacy(&rest, 1), 1);
    let made = Made::one(&[push(&signature), rest.clone()].concat());
    assert_eq!(made.report(today()).verdict, Verdict::Valid);
    let refused = made.report(today() | Flags::CONST_SCRIPTCODE).verdict;
    assert_eq!(refused, Verdict::invalid(ScriptError::SIG_FINDANDDELETE));
    // In a longer form it stays, and the signature is of another message.
    let longer = [&[0x4c][..], &push(&signature), &rest].concat();
    assert_eq!(Made::one(&longer).report(today()).verdict, Verdict::invalid(ScriptError::EVAL_FALSE));
}

#[test]
fn a_push_of_more_than_520_bytes_fails_where_it_is_not_executed() {
    let script = |length: u16| {
        [&[0x00, 0x63, 0x4d][..], &length.to_le_bytes(), &vec![7; length.into()], &[0x68, 0x51]].concat()
    };
    assert_eq!(Made::one(&script(520)).report(today()).verdict, Verdict::Valid);
    let report = Made::one(&script(521)).report(today());
    assert_eq!(report.verdict, Verdict::invalid(ScriptError::PUSH_SIZE));
}

#[test]
fn a_program_of_zeros_is_false_before_any_rule_of_witnesses() {
    for length in [20, 32] {
        let output = [&[0, length][..], &vec![0; length.into()]].concat();
        assert_eq!(Made::one(&output).report(today()).verdict, Verdict::invalid(ScriptError::EVAL_FALSE));
    }
}

/// A key of no form stands last and is tried first: it holds nothing, and the next key has its turn. Where it stands
/// first it has no turn at all.
#[test]
fn a_key_that_is_none_is_no_error_in_a_multisignature() {
    let nobody = [&[5][..], &[7; 32]].concat();
    for (keys, tries) in [([public(1), nobody.clone()], 2), ([nobody.clone(), public(1)], 1)] {
        let [first, second] = keys.map(|key| push(&key));
        let script = [&[0x51][..], &first, &second, &[0x52, 0xae]].concat();
        let mut made = Made::one(&script);
        let digest = made.legacy(&script, 1);
        made.inputs[0].0 = [&[0][..], &push(&sign(1, &digest, 1))].concat();
        let report = made.report(today());
        assert_eq!(report.verdict, Verdict::Valid);
        let signatures = &report.inputs[0].signatures;
        assert_eq!(signatures.len(), tries);
        assert!(signatures[tries - 1].verdict.is_valid());
        if tries == 2 {
            assert_eq!(signatures[0].verdict, Verdict::invalid(Reason::BadKeyEncoding));
        }
    }
}

/// Every pattern of signatures over three keys: the engine is asked in as many rounds as it takes, and the verdict is that of
/// two pointers.
#[test]
fn multisignatures_find_their_keys_in_order_and_no_other_way() {
    let keys: Vec<Vec<u8>> = (1..=5).map(|seed| push(&public(seed))).collect();
    let script = [&[0x52][..], &keys.concat(), &[0x55, 0xae]].concat();
    let mut made = Made::one(&script);
    let digest = made.legacy(&script, 1);
    for first in 1..=6 {
        for second in 1..=6 {
            let signatures = [first, second].map(|seed| push(&sign(seed, &digest, 1)));
            made.inputs[0].0 = [&[0][..], &signatures.concat()].concat();
            let expected = match first < second && second <= 5 {
                true => Verdict::Valid,
                false => Verdict::invalid(ScriptError::EVAL_FALSE),
            };
            assert_eq!(made.report(today()).verdict, expected, "{first} and {second}");
        }
    }
}

/// What a script does after a check depends on its answer: a wrong guess must not be seen.
#[test]
fn scripts_go_on_by_whether_signatures_hold() {
    let key = push(&public(1));
    for negated in [false, true] {
        // <key> CHECKSIG [NOT] IF <key> CHECKSIG ELSE 0 ENDIF
        let not: &[u8] = if negated { &[0x91] } else { &[] };
        let script = [&key[..], &[CHECKSIG], not, &[0x63], &key, &[CHECKSIG, 0x67, 0x00, 0x68]].concat();
        let mut made = Made::one(&script);
        let good = push(&sign(1, &made.legacy(&script, 1), 1));
        let bad = push(&sign(2, &made.legacy(&script, 1), 1));
        for (outer, inner) in [(&good, &good), (&good, &bad), (&bad, &good), (&bad, &bad)] {
            made.inputs[0].0 = [&inner[..], outer].concat();
            let taken = (outer == &good) != negated;
            let expected = match taken && inner == &good {
                true => Verdict::Valid,
                false => Verdict::invalid(ScriptError::EVAL_FALSE),
            };
            let report = made.report(today());
            assert_eq!(report.verdict, expected, "negated: {negated}");
            assert_eq!(report.inputs[0].signatures.len(), if taken { 2 } else { 1 });
        }
    }
}

#[test]
fn each_form_of_bytes_that_there_is_not_is_refused_at_its_offset() {
    let raw = Made::one(&[0x51]).raw();
    let mut witness = Made::one(&[0x51]);
    witness.inputs[0].1 = vec![vec![7]];
    let witness = witness.raw();
    let of =
        |raw: &[u8], at: usize, bytes: &[u8], taken: usize| [&raw[..at], bytes, &raw[at + taken..]].concat();
    let context = Context::transaction(today(), Vec::new());
    let at = |fault: Fault, at: usize| (Cause::from(fault), Some(at));
    for (raw, expected) in [
        (of(&raw, 4, &[0xfd, 1, 0], 1), at(Fault::NonCanonicalCompactSize, 4)),
        (of(&raw, 4, &[0xfe, 0xff, 0xff, 0, 0], 1), at(Fault::NonCanonicalCompactSize, 4)),
        (of(&raw, 4, &[0xff, 1, 0, 0, 0, 0, 0, 0, 0], 1), at(Fault::NonCanonicalCompactSize, 4)),
        (of(&raw, 41, &[0xfe, 1, 0, 0, 2], 1), at(Fault::SizeTooLarge, 41)),
        (of(&raw, 41, &[0xff; 9], 1), at(Fault::SizeTooLarge, 41)),
        (of(&raw, 41, &[0xfe, 0, 0, 0, 2], 1), at(Fault::Truncated, raw.len() + 4)),
        (of(&witness, 5, &[2], 1), at(Fault::UnknownFlags, 5)),
        (of(&witness, witness.len() - 7, &[0], 3), at(Fault::SuperfluousWitness, witness.len() - 7)),
        ([&raw[..], &[0]].concat(), at(Fault::TrailingBytes, raw.len())),
        (raw[..raw.len() - 1].to_vec(), at(Fault::Truncated, raw.len() - 1)),
        // No inputs and no outputs: a transaction, and an empty one.
        ([&[2, 0, 0, 0][..], &[0, 0], &[0; 4]].concat(), (Fault::NoInputs.into(), None)),
    ] {
        let report = report(&raw, &context);
        assert_eq!(
            (report.verdict, report.at),
            (Verdict::Invalid(expected.0), expected.1),
            "{}",
            hex::encode(&raw)
        );
    }
}

#[test]
fn what_consensus_asks_of_a_transaction_alone_decides_it() {
    let of = |change: fn(&mut Vec<u8>)| {
        let mut raw = Made::one(&[0x51]).raw();
        change(&mut raw);
        let previous_outputs = vec![Some(PreviousOutput { value: 1000, script: vec![0x51] })];
        report(&raw, &Context::transaction(today(), previous_outputs)).verdict
    };
    assert_eq!(of(|_| {}), Verdict::Valid);
    // The amount stands behind version, one input and the number of outputs.
    assert_eq!(of(|raw| raw[54] = 0x80), Verdict::invalid(Fault::OutputNegative));
    assert_eq!(of(|raw| raw[53] = 0x80), Verdict::invalid(Fault::OutputTooLarge));
    assert_eq!(of(|raw| drop(raw.splice(46..57, [0]))), Verdict::invalid(Fault::NoOutputs));
    // A coinbase transaction, whose script must have two bytes; alone nobody can say more.
    let coinbase = |raw: &mut Vec<u8>| {
        raw[5..37].fill(0);
        raw[37..41].fill(0xff);
    };
    let mut raw = Made::one(&[0x51]).raw();
    coinbase(&mut raw);
    let context = Context::transaction(today(), Vec::new());
    assert_eq!(report(&raw, &context).verdict, Verdict::invalid(Fault::CoinbaseLength));
    raw.splice(41..42, [2, 0x51, 0x51]);
    assert_eq!(report(&raw, &context).verdict, Verdict::undecided(Fault::Coinbase));
    // The same output twice, and a null one among others.
    let mut twice = Made::one(&[0x51]);
    twice.inputs.push((Vec::new(), Vec::new()));
    let mut raw = twice.raw();
    raw.copy_within(5..41, 46);
    assert_eq!(report(&raw, &context).verdict, Verdict::invalid(Fault::DuplicateInputs));
    raw[46..78].fill(0);
    raw[78..82].fill(0xff);
    assert_eq!(report(&raw, &context).verdict, Verdict::invalid(Fault::NullInput));
}
