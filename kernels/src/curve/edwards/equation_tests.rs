//! The whole path against criteria composed from curve25519-dalek, on every backend of this machine.

use super::{Code, Equation, Item, check};
use crate::field::FieldLanes;
use crate::field::radix51_ifma::Radix51Ifma;
use crate::field::testing::{Fields, FieldsTest, on_every_instruction_set};
use crate::scalar;
use crate::simd::Token;
use crate::simd::emulated::EmulatedU64x8;
use crate::simd::testing;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};

/// A signature with its own bytes.
#[derive(Clone)]
struct Row {
    a: [u8; 32],
    r: [u8; 32],
    s: [u8; 32],
    message: Vec<u8>,
}

impl Row {
    fn item(&self) -> Item<'_> {
        Item { a: &self.a, r: &self.r, s: &self.s, message: &self.message }
    }
}

const EQUATIONS: [Equation<'static>; 4] = [
    Equation { cofactored: false, decode_r: false, domain: &[] },
    Equation { cofactored: false, decode_r: true, domain: &[] },
    Equation { cofactored: true, decode_r: false, domain: &[] },
    Equation { cofactored: true, decode_r: true, domain: &[] },
];

/// Items to be run through `check`, and what looks at their codes.
struct Checked<'a, 'b> {
    equation: Equation<'a>,
    items: &'a [Item<'a>],
    judge: &'b mut dyn FnMut(&str, &[Code]),
}

impl FieldsTest for Checked<'_, '_> {
    fn run<S: Fields>(&mut self) {
        let Some(token) = testing::detect::<S::Token>() else { return };
        // A wrong code everywhere, so that an item left out would show.
        let mut codes = vec![Code::KeyNotOnCurve; self.items.len()];
        check::<S::Edwards>(token, self.equation, self.items, &mut codes);
        (self.judge)(S::Token::NAME, &codes);
    }
}

/// Runs a list through `check` on every backend of this machine.
fn on_every_backend(equation: Equation<'_>, items: &[Item<'_>], judge: &mut dyn FnMut(&str, &[Code])) {
    on_every_instruction_set(&mut Checked { equation, items, judge });
}

/// What the code must be, from dalek's arithmetic alone.
fn expected(equation: Equation<'_>, row: &Row) -> Code {
    let Some(a) = CompressedEdwardsY(row.a).decompress() else { return Code::KeyNotOnCurve };
    let k =
        Scalar::from_hash(Sha512::new().chain_update(row.r).chain_update(row.a).chain_update(&row.message));
    let s = Scalar::from_bytes_mod_order(row.s);
    let q = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-a, &s);
    let r = CompressedEdwardsY(row.r).decompress();
    if q.compress().0 == row.r {
        return Code::Valid;
    }
    match r {
        Some(r) if equation.cofactored && (q - r).mul_by_cofactor().is_identity() => Code::Valid,
        None if equation.decode_r => Code::RNotOnCurve,
        _ => Code::EquationFailed,
    }
}

fn signed(seed: u8, length: usize) -> Row {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let message: Vec<u8> = (0..length).map(|i| (i % 251) as u8 ^ seed).collect();
    let signature = key.sign(&message);
    Row { a: key.verifying_key().to_bytes(), r: *signature.r_bytes(), s: *signature.s_bytes(), message }
}

/// Every way to spoil a signature that the equation can see.
fn spoiled(seed: u8) -> Vec<Row> {
    let good = signed(seed, 100);
    let mut rows = Vec::new();
    for (part, byte) in [(0, 0), (0, 31), (1, 0), (1, 31), (2, 0), (2, 31), (3, 0), (3, 99)] {
        let mut row = good.clone();
        match part {
            0 => row.a[byte] ^= 1,
            1 => row.r[byte] ^= 0x80,
            2 => row.s[byte] ^= 1,
            _ => row.message[byte] ^= 1,
        }
        rows.push(row);
    }
    // R off the curve: y = 2.
    let mut row = good.clone();
    row.r = [0; 32];
    row.r[0] = 2;
    rows.push(row.clone());
    row.a = row.r;
    rows.push(row);
    rows
}

fn assert_agree(rows: &[Row], label: &str) {
    let items: Vec<_> = rows.iter().map(Row::item).collect();
    for equation in EQUATIONS {
        let expected: Vec<Code> = rows.iter().map(|row| expected(equation, row)).collect();
        on_every_backend(equation, &items, &mut |backend, codes| {
            for (i, (code, expected)) in codes.iter().zip(&expected).enumerate() {
                assert_eq!(code, expected, "{label}: {backend}, {equation:?}, item {i} of {}", codes.len());
            }
        });
    }
}

#[test]
fn every_size_with_the_bad_item_first_middle_and_last() {
    let bad = spoiled(7);
    let good: Vec<Row> = (0..65).map(|i| signed(i as u8, 3 * i)).collect();
    let equation = Equation { cofactored: false, decode_r: true, domain: &[] };
    for n in (1..=9).chain(15..=17).chain(31..=33).chain(63..=65) {
        for (turn, at) in [0, n / 2, n - 1].into_iter().enumerate() {
            let mut rows = good[..n].to_vec();
            rows[at] = bad[(n + turn) % bad.len()].clone();
            let bad_code = expected(equation, &rows[at]);
            let items: Vec<_> = rows.iter().map(Row::item).collect();
            on_every_backend(equation, &items, &mut |backend, codes| {
                for (i, &code) in codes.iter().enumerate() {
                    let want = if i == at { bad_code } else { Code::Valid };
                    assert_eq!(code, want, "{backend}, item {i} of {n}, bad at {at}");
                }
            });
        }
    }
}

#[test]
fn an_empty_list_and_a_list_over_a_chunk() {
    assert_agree(&[], "empty");
    let mut rows: Vec<Row> = (0..515).map(|i| signed(i as u8, i % 300)).collect();
    rows[256] = spoiled(9)[3].clone();
    rows[514] = spoiled(9)[8].clone();
    let equation = Equation { cofactored: true, decode_r: true, domain: &[] };
    let items: Vec<_> = rows.iter().map(Row::item).collect();
    on_every_backend(equation, &items, &mut |backend, codes| {
        for (i, &code) in codes.iter().enumerate() {
            let want = match i {
                256 => expected(equation, &rows[256]),
                514 => Code::RNotOnCurve,
                _ => Code::Valid,
            };
            assert_eq!(code, want, "{backend}, item {i}");
        }
    });
}

#[test]
fn spoiled_signatures_have_the_expected_codes() {
    assert_agree(&spoiled(3), "spoiled");
}

/// Small-order points in every encoding, as keys and as R, with S = 0 and S = L.
#[test]
fn small_order_points() {
    let torsion = curve25519_dalek::constants::EIGHT_TORSION;
    let mut encodings: Vec<[u8; 32]> = torsion.iter().map(|point| point.compress().0).collect();
    // y = 0 and y = 1 as p and p + 1, and x = 0 with the sign bit.
    for y in [0xed_u8, 0xee] {
        for top in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (y, top);
            encodings.push(bytes);
        }
    }
    for y in [[1, 0, 0x80], [0xec, 0xff, 0xff]] {
        let mut bytes = [y[1]; 32];
        (bytes[0], bytes[31]) = (y[0], y[2]);
        encodings.push(bytes);
    }
    let mut rows = Vec::new();
    for a in &encodings {
        for r in &encodings {
            let order = scalar::ORDER.map(u64::to_le_bytes).concat().try_into().unwrap();
            for s in [[0; 32], order] {
                rows.push(Row { a: *a, r: *r, s, message: b"torsion".to_vec() });
            }
        }
    }
    assert_agree(&rows, "small order");
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

#[test]
fn the_edge_cases() {
    let Some(folder) = std::env::var_os("SIGWARP_VECTORS") else {
        eprintln!("skipped: SIGWARP_VECTORS is not set");
        return;
    };
    let path = std::path::Path::new(&folder).join("edges/ed25519.jsonl");
    let text = std::fs::read_to_string(path).expect("edges/ed25519.jsonl");
    let mut rows = Vec::new();
    let mut criteria = Vec::new();
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| hex(row[name].as_str().unwrap());
        let (key, signature) = (field("public_key"), field("signature"));
        if key.len() != 32 || signature.len() != 64 {
            continue;
        }
        rows.push(Row {
            a: key.try_into().unwrap(),
            r: signature[..32].try_into().unwrap(),
            s: signature[32..].try_into().unwrap(),
            message: field("message"),
        });
        criteria.push(row["criteria"].clone());
    }
    assert!(rows.len() > 1000, "only {} rows", rows.len());
    let items: Vec<_> = rows.iter().map(Row::item).collect();
    let want = |equation: Equation<'_>, i: usize| {
        let is = |name: &str| criteria[i][name].as_bool().unwrap();
        let holds = if equation.cofactored { is("R_dec") && is("cofactored_eq") } else { is("Rbytes_eq") };
        match (is("A_dec"), holds) {
            (false, _) => Code::KeyNotOnCurve,
            (true, true) => Code::Valid,
            (true, false) if equation.decode_r && !is("R_dec") => Code::RNotOnCurve,
            (true, false) => Code::EquationFailed,
        }
    };
    // All at once, and one, two or eight at a time, which take other paths.
    for (turn, &equation) in EQUATIONS.iter().enumerate() {
        for size in [items.len(), [1, 2, 1, 8][turn]] {
            for (chunk, some) in items.chunks(size).enumerate() {
                // A quarter each: the emulation is slow.
                if size < items.len() && chunk % 4 != turn {
                    continue;
                }
                on_every_backend(equation, some, &mut |backend, codes| {
                    for (j, &code) in codes.iter().enumerate() {
                        let i = chunk * size + j;
                        assert_eq!(
                            code,
                            want(equation, i),
                            "{backend}, {equation:?}, row {i}: {}",
                            criteria[i]
                        );
                    }
                });
            }
        }
    }
    assert_agree(&rows[..100], "edges, by dalek");
}

/// No hash leads there in practice: the pairs of these challenges are too long, so every item goes to the path of
/// one signature, which hashes for itself.
#[test]
fn items_without_a_short_pair_take_another_path() {
    type F = Radix51Ifma<EmulatedU64x8>;
    let token = <F as FieldLanes>::Token::detect().unwrap();
    let mut rows = vec![signed(1, 40)];
    rows.extend(spoiled(2));
    rows.truncate(8);
    rows.push(signed(3, 0));
    let items: Vec<_> = rows.iter().map(Row::item).collect();
    // (L + 1)/2.
    let mut half = scalar::add(scalar::ORDER, [1, 0, 0, 0]);
    for i in 0..4 {
        half[i] = half[i] >> 1 | if i < 3 { half[i + 1] << 63 } else { 0 };
    }
    let challenges = vec![half.map(|word| [word; 8]); 2];
    for equation in EQUATIONS {
        let expected: Vec<Code> = rows.iter().map(|row| expected(equation, row)).collect();
        assert!(expected.contains(&Code::Valid) && expected.contains(&Code::EquationFailed));
        let mut codes = vec![Code::KeyNotOnCurve; items.len()];
        let mut scratch = super::Scratch::<F>::default();
        super::halved::check_chunk(token, equation, &items, None, &challenges, &mut codes, &mut scratch);
        assert_eq!(codes, expected, "{equation:?}");
    }
}
