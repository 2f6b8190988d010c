//! Calls of precompiles: what their offsets may point at, and which errors they end with.

use sigwarp::Reason;
use sigwarp_profiles::solana::{Context, Fault, Rule};
use sigwarp_profiles::{Cause, Part, Verdict};

use super::maker::{ED25519, Maker, SECP256K1, SECP256R1, Signed, signer};
use super::{EVERY_VERSION, judge};

/// The calls of a transaction with these instructions, which is valid whatever they say.
fn calls(instructions: &[(&str, &[u8])]) -> Vec<Part> {
    calls_under(EVERY_VERSION, instructions)
}

fn calls_under(context: Context, instructions: &[(&str, &[u8])]) -> Vec<Part> {
    // All of it fits into a transaction of v1, and most into the older ones.
    let mut found = Vec::new();
    for version in [Some(1), None, Some(0)] {
        let maker = instructions
            .iter()
            .fold(Maker::new(version, 1), |maker, (program, data)| maker.call(program, data));
        let record = maker.signed();
        if version != Some(1) && record.len() > 1232 {
            continue;
        }
        let report = judge(&record, context);
        assert_eq!(report.verdict, Verdict::Valid);
        found.push(report.precompiles);
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "versions differ: {found:?}");
    found.swap_remove(0)
}

/// The verdict of the only call, and the causes of its signatures.
fn call(program: &str, data: &[u8]) -> (Verdict, Vec<Option<Cause>>) {
    let calls = calls(&[(program, data)]);
    let [call] = &calls[..] else { panic!("one call, not {calls:?}") };
    (call.verdict, call.signatures.iter().map(|signature| signature.verdict.cause()).collect())
}

fn invalid(fault: Fault) -> Verdict {
    Verdict::invalid(fault)
}

const ITSELF: u16 = u16::MAX;
const OTHER: &str = "3333333333333333333333333333333333333333333333333333333333333333";

/// A call with one record that points at what follows it in the same instruction, which is the first one.
fn whole(program: &str, signed: &Signed) -> Vec<u8> {
    match program {
        SECP256K1 => [&[1][..], &signed.byte_record(12, 0), &signed.all()].concat(),
        _ => [&[1, 0][..], &signed.record(16, ITSELF), &signed.all()].concat(),
    }
}

fn programs() -> [(&'static str, &'static str, Signed); 3] {
    [
        (ED25519, "ed25519", Signed::ed25519(b"a message")),
        (SECP256K1, "secp256k1", Signed::secp256k1(b"a message")),
        (SECP256R1, "secp256r1", Signed::secp256r1(b"a message")),
    ]
}

#[test]
fn a_call_verifies_what_it_points_at() {
    for (program, name, signed) in programs() {
        let data = whole(program, &signed);
        let parts = calls(&[(OTHER, b""), (program, &data), (OTHER, b"")]);
        // The absolute index 0 of secp256k1 is the empty instruction here.
        if program != SECP256K1 {
            assert_eq!(parts[0].verdict, Verdict::Valid, "{name}");
        }
        assert_eq!(parts[0].role.to_string(), format!("{name}[1]"));
        assert_eq!(call(program, &data), (Verdict::Valid, vec![None]), "{name}");
        // Bytes that nothing points at are free.
        assert_eq!(call(program, &[&data[..], b"extra"].concat()).0, Verdict::Valid, "{name}");
        let mut changed = data.clone();
        *changed.last_mut().expect("a message") ^= 1;
        let (verdict, causes) = call(program, &changed);
        assert_eq!((verdict, causes.len()), (invalid(Fault::BadSignature), 1), "{name}");
        let expected = match program {
            SECP256K1 => Fault::AddressMismatch.into(),
            _ => Reason::EquationFailed.into(),
        };
        assert_eq!(causes[0], Some(expected), "{name}");
    }
    // A message of no bytes, at the end of the data.
    let empty = [
        (ED25519, Signed::ed25519(b"")),
        (SECP256K1, Signed::secp256k1(b"")),
        (SECP256R1, Signed::secp256r1(b"")),
    ];
    for (program, signed) in empty {
        assert_eq!(call(program, &whole(program, &signed)), (Verdict::Valid, vec![None]));
    }
}

#[test]
fn offsets_may_point_into_other_instructions_and_overlap() {
    for (program, name, signed) in programs() {
        let before = [b"left".to_vec(), signed.all(), b"right".to_vec()].concat();
        let data = match program {
            SECP256K1 => [&[1][..], &signed.byte_record(4, 0)].concat(),
            _ => [&[1, 0][..], &signed.record(4, 0)].concat(),
        };
        let parts = calls(&[(OTHER, &before), (program, &data)]);
        assert_eq!(parts[0].verdict, Verdict::Valid, "{name}");
        let parts = calls(&[(OTHER, &before[1..]), (program, &data)]);
        assert_eq!(parts[0].verdict, invalid(Fault::BadSignature), "{name}");
        // A later instruction, and the number of the call itself in the place of FFFF.
        let later = match program {
            SECP256K1 => [&[1][..], &signed.byte_record(0, 1)].concat(),
            _ => [&[1, 0][..], &signed.record(0, 1)].concat(),
        };
        assert_eq!(calls(&[(program, &later), (OTHER, &signed.all())])[0].verdict, Verdict::Valid, "{name}");
        // Two records that point at the same bytes.
        let (header, record) = match program {
            SECP256K1 => (vec![2], signed.byte_record(0, 1)),
            _ => (vec![2, 0], signed.record(0, 1)),
        };
        let twice = [&header[..], &record, &record].concat();
        let parts = calls(&[(program, &twice), (OTHER, &signed.all())]);
        assert_eq!((parts[0].verdict, parts[0].signatures.len()), (Verdict::Valid, 2), "{name}");
    }
}

#[test]
fn secp256k1_has_no_index_for_itself() {
    let signed = Signed::secp256k1(b"a message");
    let data = |index: u8| [&[1][..], &signed.byte_record(12, index), &signed.all()].concat();
    // 0 is the first instruction: right where the call is the first, wrong behind another.
    assert_eq!(call(SECP256K1, &data(0)).0, Verdict::Valid);
    let verdict = |index: u8| calls(&[(OTHER, &[0; 200]), (SECP256K1, &data(index))])[0].verdict;
    assert_eq!(verdict(0), invalid(Fault::BadSignature));
    assert_eq!(verdict(1), Verdict::Valid);
    assert_eq!(verdict(2), invalid(Fault::InvalidInstructionDataSize));
    assert_eq!(verdict(0xff), invalid(Fault::InvalidInstructionDataSize));
    // Where address or message are in an instruction that does not exist, the offsets are what is wrong.
    for index in [6, 11] {
        let mut data = data(0);
        data[index] = 9;
        assert_eq!(call(SECP256K1, &data), (invalid(Fault::InvalidDataOffsets), vec![]));
    }
}

#[test]
fn no_records_are_right_in_empty_calls_alone() {
    let size = invalid(Fault::InvalidInstructionDataSize);
    let cases: [(&str, &[u8], Verdict); 13] = [
        (ED25519, &[], size),
        (ED25519, &[0], size),
        (ED25519, &[0, 0], Verdict::Valid),
        (ED25519, &[0, 9], Verdict::Valid),
        (ED25519, &[0, 0, 0], size),
        (SECP256K1, &[], size),
        (SECP256K1, &[0], Verdict::Valid),
        (SECP256K1, &[0, 0], size),
        (SECP256R1, &[], size),
        (SECP256R1, &[0], size),
        (SECP256R1, &[0, 0], size),
        (SECP256R1, &[0, 0, 0], size),
        (SECP256R1, &[1, 0], size),
    ];
    for (program, data, expected) in cases {
        assert_eq!(call(program, data), (expected, vec![]), "{program} {data:02x?}");
    }
    for (program, name, signed) in programs() {
        let mut data = whole(program, &signed);
        data[0] = 0;
        assert_eq!(call(program, &data), (size, vec![]), "{name}");
        // Records that are cut short.
        let records = if program == SECP256K1 { 12 } else { 16 };
        data[0] = 1;
        assert_eq!(call(program, &data[..records - 1]), (size, vec![]), "{name}");
        assert_eq!(call(program, &data[..records]), (invalid(Fault::InvalidDataOffsets), vec![]), "{name}");
    }
}

#[test]
fn secp256r1_has_at_most_eight_records() {
    let many = |program: &str, signed: &Signed, count: u8| {
        let record = if program == SECP256K1 { signed.byte_record(0, 1) } else { signed.record(0, 1) };
        let header = if program == SECP256K1 { vec![count] } else { vec![count, 0] };
        let data = [header, record.repeat(count.into())].concat();
        let part = calls(&[(program, &data), (OTHER, &signed.all())]).remove(0);
        (part.verdict, part.signatures.len())
    };
    for (program, name, signed) in programs() {
        let nine = match program {
            SECP256R1 => (invalid(Fault::InvalidInstructionDataSize), 0),
            _ => (Verdict::Valid, 9),
        };
        assert_eq!(many(program, &signed, 8), (Verdict::Valid, 8), "{name}");
        assert_eq!(many(program, &signed, 9), nine, "{name}");
    }
}

#[test]
fn a_call_ends_at_its_first_error() {
    let mut bad = Signed::ed25519(b"another message");
    bad.message[0] ^= 1;
    let good = Signed::ed25519(b"a message");
    let bytes = [good.all(), bad.all()].concat();
    let (good, bad) = (good.record(0, 1), bad.record(good.all().len(), 1));
    let lost = Signed::ed25519(b"a message").record(0, 7);
    let run = |records: &[&Vec<u8>]| {
        let mut data = vec![records.len() as u8, 0];
        records.iter().for_each(|record| data.extend(record.iter()));
        let part = calls(&[(ED25519, &data), (OTHER, &bytes)]).remove(0);
        (part.verdict.cause(), part.signatures.len())
    };
    assert_eq!(run(&[&good, &good]), (None, 2));
    assert_eq!(run(&[&good, &bad, &good]), (Some(Fault::BadSignature.into()), 2));
    assert_eq!(run(&[&good, &lost, &bad]), (Some(Fault::InvalidDataOffsets.into()), 1));
    assert_eq!(run(&[&bad, &lost]), (Some(Fault::BadSignature.into()), 1));
    assert_eq!(run(&[&lost, &bad]), (Some(Fault::InvalidDataOffsets.into()), 0));
    // Other calls of the transaction have verdicts of their own.
    let bad = [&[1, 0][..], &bad].concat();
    let good = [&[1, 0][..], &good].concat();
    let parts = calls(&[(ED25519, &bad), (OTHER, &bytes), (ED25519, &good), (SECP256K1, &[0])]);
    let verdicts: Vec<bool> = parts.iter().map(|part| part.verdict.is_valid()).collect();
    assert_eq!(verdicts, [false, true, true]);
}

#[test]
fn high_s_is_for_secp256k1_alone() {
    let negated = |s: &[u8], order: &str| {
        let order = super::maker::bytes(order);
        let mut borrow = 0;
        let mut difference = vec![0; 32];
        for place in (0..32).rev() {
            let digit = i32::from(order[place]) - i32::from(s[place]) - borrow;
            borrow = i32::from(digit < 0);
            difference[place] = digit.rem_euclid(256) as u8;
        }
        difference
    };
    let mut signed = Signed::secp256k1(b"a message");
    let s = negated(
        &signed.signature[32..64],
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    );
    signed.signature[32..64].copy_from_slice(&s);
    signed.signature[64] ^= 1;
    assert_eq!(call(SECP256K1, &whole(SECP256K1, &signed)), (Verdict::Valid, vec![None]));
    signed.signature[64] = 4;
    let encoding = vec![Some(Reason::BadSignatureEncoding.into())];
    assert_eq!(call(SECP256K1, &whole(SECP256K1, &signed)), (invalid(Fault::BadSignature), encoding));
    let mut signed = Signed::secp256r1(b"a message");
    let s =
        negated(&signed.signature[32..], "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    signed.signature[32..].copy_from_slice(&s);
    let high = vec![Some(Reason::HighS.into())];
    assert_eq!(call(SECP256R1, &whole(SECP256R1, &signed)), (invalid(Fault::BadSignature), high));
}

/// SIMD-0376 is for the precompile as for transactions.
#[test]
fn ed25519_has_the_rule_of_the_epoch() {
    let mut signed = Signed::ed25519(b"a message");
    signed.signature = signer(0x42).sign_mixed_order(b"a message").to_vec();
    let data = whole(ED25519, &signed);
    let under = |rule| calls_under(Context { rule, ..EVERY_VERSION }, &[(ED25519, &data)]).remove(0).verdict;
    assert_eq!(under(Rule::Strict), invalid(Fault::BadSignature));
    assert_eq!(under(Rule::Simd0376), Verdict::Valid);
}

#[test]
fn calls_have_verdicts_where_a_signature_of_the_transaction_fails() {
    let data = whole(ED25519, &Signed::ed25519(b"a message"));
    let mut record = Maker::new(None, 1).call(ED25519, &data).signed();
    record[1] ^= 1;
    let report = judge(&record, EVERY_VERSION);
    assert_eq!(report.verdict, invalid(Fault::BadSignature));
    assert_eq!(report.precompiles.len(), 1);
    assert_eq!(report.precompiles[0].verdict, Verdict::Valid);
}
