//! The arithmetic of the twins against big integers, at the bounds of the limbs.

use num_bigint::BigUint;
use sigwarp_shaders::layout::{LIMB_BITS, LIMBS};
use sigwarp_shaders::twin::field::Fe;
use sigwarp_shaders::twin::scalar::reduce;

const N: usize = LIMBS as usize;
/// What multiplications may leave.
const TIGHT: u32 = (1 << 29) + (1 << 17) - 1;

fn p() -> BigUint {
    (BigUint::from(1u32) << 255) - 19u32
}

fn number(fe: Fe) -> BigUint {
    fe.0.iter().rev().fold(BigUint::ZERO, |sum, &limb| (sum << LIMB_BITS) + limb) % p()
}

fn of_number(value: &BigUint) -> Fe {
    let mut words = [0; 8];
    for (to, word) in words.iter_mut().zip(value.to_u32_digits()) {
        *to = word;
    }
    Fe::from_words(&words)
}

/// 0, 1, p − 1, p, p + 1, 2^k ± 1, limbs at their bounds all and one by one.
fn extremes() -> Vec<Fe> {
    let mut out = vec![Fe::ZERO, Fe::ONE, Fe([TIGHT; N]), Fe([(1 << 29) - 1; N]), Fe([1 << 29; N])];
    for change in 0..3_u32 {
        out.push(of_number(&(p() - 1u32 + change)));
    }
    for bit in [1_usize, 28, 29, 30, 57, 58, 127, 128, 231, 232, 233, 254] {
        let power: BigUint = BigUint::from(1u32) << bit;
        out.extend([&power - 1u32, power.clone(), &power + 1u32].map(|value| of_number(&value)));
    }
    for i in 0..N {
        let (mut one, mut all_but) = ([0; N], [TIGHT; N]);
        (one[i], all_but[i]) = (TIGHT, 0);
        out.extend([Fe(one), Fe(all_but)]);
    }
    out
}

#[test]
fn products_and_sums_are_those_of_integers() {
    for a in extremes() {
        for b in extremes() {
            let (x, y) = (number(a), number(b));
            assert_eq!(number(a.mul(b)), &x * &y % p());
            assert_eq!(number(a.add(b)), (&x + &y) % p());
            assert_eq!(number(a.sub(b)), (&x + p() - &y) % p());
            assert_eq!(number(a.sub(b).carry()), (&x + p() - &y) % p());
            // The largest factors that the formulas multiply: a difference and a sum, a difference and a carried one.
            assert_eq!(number(a.sub(b).mul(a.add(b))), (&x + p() - &y) * (&x + &y) % p());
            assert_eq!(number(a.add(b).square()), (&x + &y) * (&x + &y) % p());
            let doubled = a.add(a).add(b.sub(a)).carry();
            assert_eq!(number(doubled), (&x + &y) % p());
        }
    }
}

#[test]
fn canonical_limbs_are_those_of_the_remainder() {
    for a in extremes() {
        for fe in [a, a.add(a), a.mul(a), Fe::ZERO.sub(a), a.sub(a)] {
            assert_eq!(fe.canonical(), of_number(&number(fe)));
            assert_eq!(fe.is_zero(), number(fe) == BigUint::ZERO);
            let words = fe.canonical().to_words();
            assert_eq!(BigUint::new(words.to_vec()), number(fe));
        }
    }
}

#[test]
fn powers_are_powers() {
    let one = BigUint::from(1u32);
    for a in extremes() {
        assert_eq!(number(a.power(false)), number(a).modpow(&((&one << 252) - 3u32), &p()));
        assert_eq!(number(a.power(true)), number(a).modpow(&(p() - 2u32), &p()));
    }
}

#[test]
fn digests_are_reduced_to_the_least_residue() {
    let order = BigUint::from_bytes_le(&sigwarp_tables::edwards25519::L);
    let top = BigUint::from(1u32) << 512;
    let mut values = vec![BigUint::ZERO, &top - 1u32];
    for multiple in [1_u32, 2, 3, 15, 16].map(BigUint::from) {
        values.extend([&order * &multiple - 1u32, &order * &multiple, &order * &multiple + 1u32]);
    }
    let largest = (&top - 1u32) / &order * &order;
    values.extend([&largest - 1u32, largest]);
    for bit in [251_usize, 252, 253, 255, 256, 400, 511] {
        values.push(BigUint::from(1u32) << bit);
    }
    for value in values {
        let mut wide = [0; 16];
        for (to, word) in wide.iter_mut().zip(value.to_u32_digits()) {
            *to = word;
        }
        assert_eq!(BigUint::new(reduce(&wide).to_vec()), &value % &order);
    }
}
