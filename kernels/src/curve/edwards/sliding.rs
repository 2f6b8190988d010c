//! \[s\]B − \[k\]A of one signature in one lane: the ladder of the portable code.
//!
//! # Method
//! Windows need not agree with those of other lanes here, so both scalars are recoded as non-adjacent forms:
//! k of width 5 over 8 odd multiples of −A, s of width 11 over the odd multiples in the table of B. An
//! addition every 6 and every 12 bits on average instead of every 5 and 11: 63 instead of 74, with 8 entries
//! to make instead of 16, and neither doublings nor additions above the topmost digit.

use super::multiples::load_base;
use super::{Affine, Extended, Niels, Projective};
use crate::field::{EDWARDS_2D, FieldLanes, ONE};
use crate::simd::{Kernel, Vector};
use sigwarp_tables::ed25519::{BASE_MULTIPLES, BASE_WIDTH};

/// Width of the form of k.
const WIDTH: usize = 5;
/// Odd multiples of −A: 1 to 15.
const ENTRIES: usize = 1 << (WIDTH - 2);

/// Computes \[s\]B − \[k\]A, for vectors of one lane.
pub struct Sliding<'a, F> {
    /// A.
    pub key: &'a Affine<F>,
    /// k, below 2^255.
    pub challenge: &'a [u64; 4],
    /// s, below 2^255.
    pub base: &'a [u64; 4],
}

/// The non-adjacent form: x = Σ digit[i]·2^i, digits 0 or odd, below 2^(width − 1) either way, of any
/// `width` neighbours at most one not 0. And the number of digits up to the last that is not 0.
#[inline(always)]
fn non_adjacent(x: &[u64; 4], width: usize) -> ([i16; 256], usize) {
    let mut digits = [0; 256];
    let (mut position, mut carry, mut count) = (0, 0, 0);
    while position < 256 {
        let (word, shift) = (position / 64, position % 64);
        let mut window = x[word] >> shift;
        if shift > 64 - width && word < 3 {
            window |= x[word + 1] << (64 - shift);
        }
        let window = (window & ((1 << width) - 1)) + carry;
        if window.is_multiple_of(2) {
            position += 1;
            continue;
        }
        // The upper half of a window counts as less than 0, and one more is carried.
        carry = window >> (width - 1);
        digits[position] = window as i16 - ((carry as i16) << width);
        count = position + 1;
        position += width;
    }
    (digits, count)
}

#[inline(always)]
fn negative<F: FieldLanes>(token: F::Token, digit: i16) -> <F::Vector as Vector>::Mask {
    F::Vector::mask(token, if digit < 0 { 0xff } else { 0 })
}

impl<F: FieldLanes> Kernel<F::Token> for Sliding<'_, F> {
    type Output = Projective<F>;

    #[inline(always)]
    fn run(self, token: F::Token) -> Projective<F> {
        let (challenge, top) = non_adjacent(self.challenge, WIDTH);
        let (base, base_top) = non_adjacent(self.base, BASE_WIDTH);

        let d2 = F::splat(token, &EDWARDS_2D);
        let one = F::splat(token, &ONE);
        let y = self.key.y;
        let x = F::carry(self.key.x.negate().widen());
        let mut odd = Extended {
            y_plus_x: F::carry(F::add_wide(y.widen(), x.widen())),
            y_minus_x: F::carry(F::sub_wide(y.widen(), x.widen())),
            z: one,
            t: x.mul(y),
        };
        let twice = Projective { x, y, z: one }.double().to_extended().to_niels(d2);
        let mut table: [Niels<F>; ENTRIES] = [odd.to_niels(d2); ENTRIES];
        for entry in &mut table[1..] {
            odd = odd.add_niels(twice).to_extended();
            *entry = odd.to_niels(d2);
        }

        let mut point = Projective::identity(token);
        for bit in (0..top.max(base_top)).rev() {
            let mut sum = point.double();
            let digit = challenge[bit];
            if digit != 0 {
                let entry = table[usize::from(digit.unsigned_abs() / 2)];
                sum = sum.to_extended().add_niels(entry.negate_where(negative::<F>(token, digit)));
            }
            let digit = base[bit];
            if digit != 0 {
                let magnitude = F::Vector::splat(token, u64::from(digit.unsigned_abs()));
                let entry = load_base::<F>(&BASE_MULTIPLES.0, magnitude);
                sum = sum.to_extended().add_affine(entry.negate_where(negative::<F>(token, digit)));
            }
            point = sum.to_projective();
        }
        point
    }
}

#[cfg(test)]
mod tests {
    use super::non_adjacent;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    /// The digits of x, below 2^255, are those of a non-adjacent form of either width.
    fn check(words: &[u64; 4]) {
        for width in [5, 11] {
            let (digits, count) = non_adjacent(words, width);
            let mut sum = BigInt::from(0);
            for (i, &digit) in digits.iter().enumerate() {
                assert!(digit == 0 || digit % 2 != 0 && i32::from(digit).abs() < 1 << (width - 1));
                assert!(digit == 0 || i < count);
                assert!(digit == 0 || digits[i + 1..].iter().take(width - 1).all(|&next| next == 0));
                sum += BigInt::from(digit) << i;
            }
            let x = words.iter().rev().fold(BigInt::from(0), |x, &word| (x << 64) + word);
            assert_eq!(sum, x, "{words:x?}, width {width}");
        }
    }

    /// Where the last window carries out of the topmost bit, a digit more is needed.
    #[test]
    fn the_last_digit_does_not_overflow() {
        let (order, max) = (crate::scalar::ORDER, u64::MAX);
        check(&[max, max, max, max >> 1]);
        check(&[order[0] - 1, order[1], order[2], order[3]]);
        check(&order);
        for bit in 0..255 {
            let mut power = [0; 4];
            power[bit / 64] = 1 << (bit % 64);
            let mut below = [0; 4];
            let mut above = [max, max, max, max >> 1];
            for i in 0..4 {
                // 2^bit − 1, and 2^255 − 2^bit.
                let ones = bit.saturating_sub(64 * i).min(64);
                below[i] = if ones == 64 { max } else { (1 << ones) - 1 };
                above[i] &= !below[i];
            }
            for words in [power, below, above] {
                check(&words);
            }
        }
    }

    proptest! {
        #[test]
        fn digits_add_up(mut words: [u64; 4]) {
            words[3] >>= 1;
            check(&words);
        }
    }
}
