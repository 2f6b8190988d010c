//! Bad signatures that cancel each other. A verifier that adds up the equations of a batch, with coefficients that are
//! missing, equal or known, accepts what is here: E and −E, three that add up to nothing, a hundred of one error against
//! one of the opposite, torsion points that sum to the identity. Each must be found, in its place, whatever stands beside.

use crate::common;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};
use sigwarp::{Batch, Ed25519Rule, Key, Message, Reason, Suite, Verdict};

struct Item {
    key: [u8; 32],
    message: Vec<u8>,
    signature: Vec<u8>,
    /// Whether S is off by a multiple of B: then no rule accepts.
    off: bool,
    /// Whether R carries torsion: then only the cofactored equation holds.
    torsion: bool,
}

/// A signature whose S is off by `error`, and whose R by [torsion]T with T of order 8: E = error·B − [torsion]T.
fn item(number: u64, error: Scalar, torsion: usize) -> Item {
    let (a, r) = (Scalar::from(number * 2 + 3), Scalar::from(number * 5 + 1_000_007));
    let key = EdwardsPoint::mul_base(&a).compress().0;
    let r_bytes = (EdwardsPoint::mul_base(&r) + EIGHT_TORSION[torsion]).compress().0;
    let message = number.to_be_bytes().to_vec();
    let hash = Sha512::new().chain_update(r_bytes).chain_update(key).chain_update(&message);
    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let signature = [r_bytes, (r + k * a + error).to_bytes()].concat();
    Item { key, message, signature, off: error != Scalar::ZERO, torsion: torsion != 0 }
}

fn expected(item: &Item, rule: Ed25519Rule) -> Verdict {
    use Ed25519Rule::*;
    let cofactored = matches!(rule, Zip215 | Rfc8032 | Simd0376 | BouncyCastle);
    match item.off || item.torsion && !cofactored {
        true => Verdict::Invalid(Reason::EquationFailed),
        false => Verdict::Valid,
    }
}

/// Errors whose sum is 0, with torsions whose sum is 0.
fn groups() -> Vec<Vec<(Scalar, usize)>> {
    let d = Scalar::from_bytes_mod_order([0x5a; 32]);
    let one = Scalar::ONE;
    vec![
        vec![(d, 0), (-d, 0)],
        vec![(one, 0), (-one, 0)],
        vec![(one, 0), (one, 0), (-one - one, 0)],
        // 1, 2, …: coefficients that count.
        vec![(d + d, 0), (-d, 0)],
        vec![(one * Scalar::from(3u8), 0), (-one, 0), (-one - one, 0)],
        // Torsion alone: T and −T, four of order 4, two of order 2.
        vec![(Scalar::ZERO, 1), (Scalar::ZERO, 7)],
        vec![(Scalar::ZERO, 2); 4],
        vec![(Scalar::ZERO, 4); 2],
        // Both.
        vec![(d, 3), (-d, 5)],
        vec![(d, 0), (-d, 4), (Scalar::ZERO, 4)],
        std::iter::repeat_n((one, 0), 100).chain([(-Scalar::from(100u8), 0)]).collect(),
    ]
}

#[test]
fn errors_that_add_up_to_nothing_are_found_one_by_one() {
    for rule in Ed25519Rule::ALL {
        let suite = Suite::ed25519(rule);
        for (number, group) in groups().into_iter().enumerate() {
            // Enough good ones beside them that a path for large batches is taken.
            let many = if matches!(rule, Ed25519Rule::Zip215 | Ed25519Rule::Strict) { 300 } else { 70 };
            for good in [0, many] {
                let bad = group.len();
                // The bad ones stand together at the end, or far from each other.
                for spread in [false, true] {
                    let mut items: Vec<Item> =
                        (0..good).map(|i| item(1000 + i as u64, Scalar::ZERO, 0)).collect();
                    for (i, &(error, torsion)) in group.iter().enumerate() {
                        let place = if spread { i * items.len() / bad } else { items.len() };
                        items.insert(place, item(i as u64, error, torsion));
                    }
                    let mut batch = Batch::new();
                    for item in &items {
                        batch.push(
                            &suite,
                            Key::Bytes(&item.key),
                            Message::Raw(&item.message),
                            &item.signature,
                        );
                    }
                    for (kind, engine) in common::engines() {
                        let verdicts = engine.verify(&batch).expect("verdicts");
                        assert_eq!(verdicts.len(), items.len());
                        for (place, (verdict, item)) in verdicts.iter().zip(&items).enumerate() {
                            let expected = expected(item, rule);
                            assert_eq!(
                                verdict,
                                expected,
                                "{suite} on {kind}: group {number}, {place} of {}",
                                items.len()
                            );
                        }
                    }
                }
            }
        }
    }
}
