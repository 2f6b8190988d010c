//! Sums of BIP 340 items: valid ones vanish, and nothing else does.

use super::*;
use sigwarp_kernels::field::prime256::{Fma, General, Ifma};
use sigwarp_kernels::simd::Token;
use sigwarp_kernels::simd::emulated::{Emulated, EmulatedU64x8};
use sigwarp_kernels::simd::portable::Portable;

type Lanes = Ifma<EmulatedU64x8>;
type K = Secp256k1;

fn number(bytes: [u8; 32]) -> [u64; 4] {
    words(&bytes)
}

fn scalar_of(value: u64) -> Scalar<K> {
    // Spread over all words.
    let wide = scalar_words([value, value.wrapping_mul(0x9e37_79b9_7f4a_7c15), !value, value << 7 | 1]);
    weierstrass::scalar::<K>(&bytes(&wide))
}

fn scalar_words(words: [u64; 4]) -> [u64; 4] {
    words
}

fn repr(scalar: &Scalar<K>) -> [u64; 4] {
    use k256::elliptic_curve::ff::PrimeField;
    number(scalar.to_repr().into())
}

/// kG with an even y: its x, and the k of the two that gives it.
fn even(k: Scalar<K>) -> ([u64; 4], Scalar<K>) {
    let point = ProjectivePoint::<K>::mul_by_generator_vartime(&k);
    let point = weierstrass::coordinates::<K>(&point).unwrap();
    (words(&point.x), if point.y_is_odd() { -k } else { k })
}

/// An item that is valid: any e will do, as it is given.
fn valid(d: u64, k: u64, e: u64) -> Numbers {
    let ((key, d), (r, k)) = (even(scalar_of(d)), even(scalar_of(k)));
    let e = scalar_of(e);
    Numbers { key, r, s: repr(&(k + e * d)), e: repr(&e) }
}

fn found(items: &[Numbers]) -> Vec<Found> {
    let found = examine::<Lanes>(Emulated::detect().unwrap(), &System, items);
    assert_eq!(examine::<General>(Portable::detect().unwrap(), &System, items), found, "in one lane");
    found
}

fn batch(count: u64, keys: u64) -> Vec<Numbers> {
    (0..count).map(|i| valid(100 + i % keys, 1000 + i, 5000 + i)).collect()
}

#[test]
fn valid_items_vanish_together() {
    for (count, keys) in [(1, 1), (2, 2), (7, 7), (8, 1), (9, 9), (33, 5), (70, 70)] {
        assert_eq!(found(&batch(count, keys)), vec![Found::Valid; count as usize], "{count} {keys}");
    }
    assert_eq!(found(&[]), []);
}

/// The arithmetic of four lanes of AVX2, which no scheme may name.
#[test]
fn sums_in_double_precision() {
    let found =
        |items: &[Numbers]| examine::<Fma<EmulatedU64x8>>(Emulated::detect().unwrap(), &System, items);
    let mut items = batch(33, 5);
    assert_eq!(found(&items), vec![Found::Valid; 33]);
    items[20].e[0] ^= 1;
    assert_eq!(found(&items), vec![Found::Nothing; 33]);
}

/// The same item again and again: the same points in the same buckets.
#[test]
fn repeated_items_are_not_exceptional() {
    let one = valid(3, 4, 5);
    assert_eq!(found(&[one; 40]), [Found::Valid; 40]);
    // A key that is also an R, and the base point as both.
    let mut items = vec![one; 3];
    let ((g, d), e) = (even(scalar_small(1)), scalar_of(9));
    items.push(Numbers { key: g, r: g, s: repr(&(d + e * d)), e: repr(&e) });
    items.push(Numbers { key: one.r, r: one.key, ..mixed(4, 3, 5) });
    assert_eq!(found(&items), [Found::Valid; 5]);
}

fn scalar_small(value: u64) -> Scalar<K> {
    Scalar::<K>::from(value)
}

/// The item whose key is 4's and whose R is 3's.
fn mixed(d: u64, k: u64, e: u64) -> Numbers {
    valid(d, k, e)
}

#[test]
fn one_bad_item_anywhere_leaves_all_open() {
    for size in [1, 2, 8, 9, 20] {
        for position in [0, size / 2, size - 1] {
            let good = batch(size as u64, size as u64);
            for change in 0..4 {
                let mut items = good.clone();
                let item = &mut items[position];
                match change {
                    0 => item.e[0] ^= 1,
                    1 => item.s[1] ^= 4,
                    2 => item.s = [0; 4],
                    // Another R, and the e that it was signed with.
                    _ => item.r = valid(1, 77, 1).r,
                }
                assert_eq!(found(&items), vec![Found::Nothing; size], "{size} {position} {change}");
            }
        }
    }
}

/// Errors that cancel in a sum without coefficients.
#[test]
fn cancelling_pairs_are_found() {
    let mut items = batch(10, 10);
    let one = scalar_small(1);
    let shift = |s: [u64; 4], by: Scalar<K>| repr(&(weierstrass::scalar::<K>(&bytes(&s)) + by));
    items[3].s = shift(items[3].s, one);
    items[8].s = shift(items[8].s, -one);
    assert_eq!(found(&items), [Found::Nothing; 10]);
}

#[test]
fn points_that_are_none_fail_by_themselves() {
    let mut items = batch(12, 12);
    // 5 is the x of no point.
    items[2].key = [5, 0, 0, 0];
    items[7].r = [5, 0, 0, 0];
    items[9].key = [5, 0, 0, 0];
    items[9].r = [5, 0, 0, 0];
    let mut expected = [Found::Valid; 12];
    expected[2] = Found::KeyNotOnCurve;
    expected[7] = Found::NoR;
    expected[9] = Found::KeyNotOnCurve;
    assert_eq!(found(&items), expected);
}

/// s = 0, e = 0, and the scalars at the ends of their ranges.
#[test]
fn scalars_at_their_ends() {
    let n_minus_one = -scalar_small(1);
    let mut items = Vec::new();
    for e in [scalar_small(0), scalar_small(1), n_minus_one] {
        let ((key, d), (r, k)) = (even(scalar_of(5)), even(scalar_of(6)));
        items.push(Numbers { key, r, s: repr(&(k + e * d)), e: repr(&e) });
        // s = 0: k = −ed, up to the parity of R.
        let (r, k) = even(e * d + scalar_small(u64::from(e == scalar_small(0))));
        items.push(Numbers { key, r, s: repr(&(k + e * d)), e: repr(&e) });
    }
    assert_eq!(found(&items), [Found::Valid; 6]);
}

#[derive(Debug)]
struct Stuck(Option<[u8; 32]>, u64);

impl Source for Stuck {
    fn seed(&self) -> Option<[u8; 32]> {
        self.0
    }

    fn amend(&self, z: &mut [[u64; 2]]) {
        z.fill([self.1, 0]);
    }
}

/// Without coefficients that are fit nothing is proved.
#[test]
fn unfit_randomness_proves_nothing() {
    let items = batch(9, 9);
    let token = Emulated::detect().unwrap();
    for source in [Stuck(None, 3), Stuck(Some([0; 32]), 3), Stuck(Some([1; 32]), 0), Stuck(Some([1; 32]), 3)]
    {
        assert_eq!(examine::<Lanes>(token, &source, &items), [Found::Nothing; 9], "{source:?}");
    }
}

/// A sum that begins where it would meet P = ±Q is unknown, and never equal.
#[test]
fn exceptional_sums_are_unknown() {
    let token = Emulated::detect().unwrap();
    let (mut points, mut workspace, mut terms) = (Points::default(), Workspace::default(), Terms::new(BITS));
    let g = multiple_of_generator(&scalar_small(1)).unwrap();
    let first = points.decode::<lanes::Secp256k1, Lanes>(token, &[g], false, &mut Vec::new());
    terms.push(first, &[1, 0, 0, 0]);
    let others = [5, 7].map(|k| multiple_of_generator(&scalar_of(k)).unwrap());
    let blinds = Blinds { points: [g, others[0], others[1]] };
    let with = multiple_of_generator(&scalar_of(11)).unwrap();
    let outcome = workspace.compare::<lanes::Secp256k1, Lanes>(token, &points, &terms, &blinds, &with);
    assert_eq!(outcome, Outcome::Unknown);
    // The same with points that do not meet.
    let blinds = Blinds { points: [with, others[0], others[1]] };
    let outcome = workspace.compare::<lanes::Secp256k1, Lanes>(token, &points, &terms, &blinds, &with);
    assert_eq!(outcome, Outcome::Different);
}
