//! The 14 × 14 grid: every encoding of a small-order key against every encoding of a small-order R, with S = 0.
//!
//! The points are multiples of one point T of order 8, so the equations can be decided on integers modulo 8,
//! without any curve arithmetic: with A = [a]T, R = [r]T and S = 0, `SB − kA` is `[−ka]T`.

use crate::common;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};
use sigwarp::{Batch, Ed25519Rule, Key, Message, Reason, Suite, Verdict, oracle};
use sigwarp_tables::edwards25519::SMALL_ORDER_Y;

/// An encoding of [index]T.
#[derive(Clone, Copy)]
struct Encoding {
    bytes: [u8; 32],
    index: usize,
    canonical: bool,
    y_reduced: bool,
}

fn encodings() -> Vec<Encoding> {
    let canonical: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
    let mut all = Vec::new();
    for (row, y) in SMALL_ORDER_Y.iter().enumerate() {
        for sign in [0, 0x80] {
            let mut bytes = *y;
            bytes[31] |= sign;
            // The value that the encoding stands for: rows 3 and 4 are p and p + 1, and x = 0 has no sign.
            let mut value = SMALL_ORDER_Y[match row {
                3 => 0,
                4 => 1,
                row => row,
            }];
            if !matches!(row, 1 | 2 | 4) {
                value[31] |= sign;
            }
            let index =
                canonical.iter().position(|point| *point == value).expect("a point of order 1, 2, 4 or 8");
            all.push(Encoding {
                bytes,
                index,
                canonical: bytes == canonical[index],
                y_reduced: row != 3 && row != 4,
            });
        }
    }
    all
}

#[test]
fn the_table_is_exactly_the_encodings_that_decode_to_small_order() {
    let all = encodings();
    assert_eq!(all.len(), 14);
    for encoding in &all {
        let decoded = CompressedEdwardsY(encoding.bytes).decompress().expect("a point");
        assert_eq!(decoded, EIGHT_TORSION[encoding.index]);
    }
    // Completeness: an encoding of a small-order point has its y or, for y < 19, y + p; with either sign.
    let mut expected = Vec::new();
    for point in EIGHT_TORSION {
        let mut y = point.compress().0;
        y[31] &= 0x7f;
        let mut ys = vec![y];
        if y[0] < 19 && y[1..].iter().all(|&byte| byte == 0) {
            let mut unreduced = sigwarp_tables::edwards25519::P;
            unreduced[0] += y[0];
            ys.push(unreduced);
        }
        expected.extend(ys);
    }
    expected.sort_unstable();
    expected.dedup();
    let mut table = SMALL_ORDER_Y;
    table.sort_unstable();
    assert_eq!(table[..], expected[..]);
}

#[test]
fn the_grid_under_every_rule() {
    let all = encodings();
    let messages: [&[u8]; 4] = [b"", b"a", b"grid", b"\xff\x00"];
    let canonical: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
    for (backend, engine) in common::engines() {
        let mut batch = Batch::new();
        let mut expected = Vec::new();
        for rule in Ed25519Rule::ALL {
            let suite = Suite::ed25519(rule);
            for a in &all {
                for r in &all {
                    for message in messages {
                        let mut signature = [0; 64];
                        signature[..32].copy_from_slice(&r.bytes);
                        let mut input = r.bytes.to_vec();
                        input.extend_from_slice(&a.bytes);
                        input.extend_from_slice(message);
                        let k = Scalar::from_bytes_mod_order_wide(&Sha512::digest(&input).into());
                        let k = usize::from(k.as_bytes()[0] & 7);
                        let bytes_equal = canonical[(8 - k * a.index % 8) % 8] == r.bytes;
                        let verdict = judge(rule, a, r, bytes_equal);
                        assert_eq!(oracle::verify(&suite, &a.bytes, message, &signature), Some(verdict));
                        batch.push(&suite, Key::Bytes(&a.bytes), Message::Raw(message), &signature);
                        expected.push(verdict);
                    }
                }
            }
        }
        let verdicts = engine.verify(&batch).expect("verdicts");
        assert_eq!(verdicts.len(), 9 * 14 * 14 * messages.len());
        for (item, (verdict, expected)) in verdicts.iter().zip(&expected).enumerate() {
            assert_eq!(verdict, *expected, "item {item} on {backend}");
        }
        for rule in [Ed25519Rule::Zip215, Ed25519Rule::Cofactorless, Ed25519Rule::Donna] {
            let suite = Suite::ed25519(rule);
            let accepted = expected
                .iter()
                .enumerate()
                .filter(|(item, verdict)| {
                    batch.view().unwrap().item(*item).suite == &suite && verdict.is_valid()
                })
                .count();
            assert!(accepted > 0, "{} accepts some of the grid", rule.name());
        }
    }
}

/// RULES.md's table, applied to two small-order encodings.
fn judge(rule: Ed25519Rule, a: &Encoding, r: &Encoding, bytes_equal: bool) -> Verdict {
    use Ed25519Rule::*;
    let invalid = |reason| Verdict::Invalid(reason);
    let canonical_both = matches!(rule, Rfc8032 | Rfc8032Cofactorless | Simd0376 | BouncyCastle);
    if canonical_both && !a.canonical || rule == Libsodium && !a.y_reduced {
        return invalid(Reason::NonCanonicalKey);
    }
    if matches!(rule, Strict | Libsodium | Simd0376 | BouncyCastle) {
        return invalid(Reason::SmallOrderKey);
    }
    if canonical_both && !r.canonical {
        return invalid(Reason::NonCanonicalR);
    }
    // Multiplied by 8, both sides of a cofactored equation vanish.
    match rule {
        Zip215 | Rfc8032 => Verdict::Valid,
        _ if bytes_equal => Verdict::Valid,
        _ => invalid(Reason::EquationFailed),
    }
}
