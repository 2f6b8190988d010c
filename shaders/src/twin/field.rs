//! The field of the shaders in plain Rust: the same limbs, the same sequence of columns and carries, with the bounds as
//! assertions.

use crate::generate::FIELD;
use crate::layout::{LIMB_BITS, LIMBS};
use sigwarp_tables::edwards25519;

const N: usize = LIMBS as usize;
const MASK: u32 = (1 << LIMB_BITS) - 1;
/// What multiplications leave is below this, limb by limb.
pub(crate) const TIGHT: u32 = (1 << LIMB_BITS) + (1 << 17);

/// An element; limbs as in the shaders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fe(pub [u32; N]);

impl Fe {
    /// 0.
    pub const ZERO: Self = Self([0; N]);
    /// 1.
    pub const ONE: Self = Self::small(1);

    /// A small number.
    pub const fn small(value: u32) -> Self {
        let mut limbs = [0; N];
        limbs[0] = value;
        Self(limbs)
    }

    /// A constant of the curve.
    pub(crate) fn constant(bytes: &[u8; 32]) -> Self {
        Self(FIELD.limbs_of(bytes).try_into().expect("as many limbs as the field has"))
    }

    pub(crate) fn d() -> Self {
        Self::constant(&edwards25519::D)
    }

    pub(crate) fn d2() -> Self {
        Self::constant(&edwards25519::D2)
    }

    pub(crate) fn sqrt_minus_1() -> Self {
        Self::constant(&edwards25519::SQRT_MINUS_1)
    }

    fn column(a: &Self, b: &Self, c: usize, mut acc: u64) -> u64 {
        for i in 0..N {
            if c >= i && c - i < N {
                let product = u64::from(a.0[i]) * u64::from(b.0[c - i]);
                acc = acc.checked_add(product).expect("a column below 2^64");
            }
        }
        acc
    }

    /// `fe_mul`.
    #[must_use]
    pub fn mul(self, b: Self) -> Self {
        let a = self;
        let (mut high, mut out) = ([0_u32; N], [0_u32; N]);
        let mut acc = 0;
        for c in N..2 * N - 1 {
            acc = Self::column(&a, &b, c, acc);
            high[c - N] = acc as u32 & MASK;
            acc >>= LIMB_BITS;
        }
        high[N - 1] = u32::try_from(acc).expect("a carry of 32 bits");
        acc = 0;
        for c in 0..N {
            acc = Self::column(&a, &b, c, acc);
            acc = acc.checked_add(u64::from(high[c]) * u64::from(FIELD.fold())).expect("a column below 2^64");
            out[c] = acc as u32 & MASK;
            acc >>= LIMB_BITS;
        }
        acc = acc * u64::from(FIELD.fold()) + u64::from(out[0]);
        out[0] = acc as u32 & MASK;
        out[1] += u32::try_from(acc >> LIMB_BITS).expect("a carry of 32 bits");
        debug_assert!(out.iter().all(|&limb| limb < TIGHT));
        Self(out)
    }

    /// `fe_square`: the same limbs as the product with itself.
    #[must_use]
    pub fn square(self) -> Self {
        debug_assert!(self.0.iter().all(|&limb| limb < 1 << 31), "a doubled limb has 32 bits");
        self.mul(self)
    }

    /// `fe_add`.
    #[must_use]
    pub fn add(self, b: Self) -> Self {
        self.zip(b, |a, b| a.checked_add(b).expect("a sum of 32 bits"))
    }

    /// `fe_sub`.
    #[must_use]
    pub fn sub(self, b: Self) -> Self {
        let bias = FIELD.bias(2);
        let mut out = self.0;
        for i in 0..N {
            out[i] = self.0[i].checked_add(bias[i] - b.0[i]).expect("a difference of 32 bits");
        }
        Self(out)
    }

    /// `fe_carry`.
    #[must_use]
    pub fn carry(self) -> Self {
        let mut out = self.0.map(|limb| limb & MASK);
        out[0] += FIELD.fold() * (self.0[N - 1] >> LIMB_BITS);
        for i in 1..N {
            out[i] += self.0[i - 1] >> LIMB_BITS;
        }
        debug_assert!(out.iter().all(|&limb| limb < TIGHT));
        Self(out)
    }

    fn zip(self, b: Self, f: impl Fn(u32, u32) -> u32) -> Self {
        let mut out = self.0;
        for i in 0..N {
            out[i] = f(self.0[i], b.0[i]);
        }
        Self(out)
    }

    /// `fe_canonical`, by another way: the value modulo p on 320-bit numbers.
    #[must_use]
    pub fn canonical(self) -> Self {
        // Five words of 64 bits hold any sum of limbs.
        let mut words = [0_u64; 5];
        for (i, &limb) in self.0.iter().enumerate() {
            let (word, shift) = (i * LIMB_BITS as usize / 64, i * LIMB_BITS as usize % 64);
            let wide = u128::from(limb) << shift;
            let mut carry = wide;
            for word in &mut words[word..] {
                carry += u128::from(*word);
                *word = carry as u64;
                carry >>= 64;
            }
        }
        // Twice: what lies above 2^255 counts 19 times.
        for _ in 0..2 {
            let top = words[3] >> 63 | words[4] << 1;
            words[3] &= u64::MAX >> 1;
            words[4] = 0;
            let mut carry = u128::from(top) * 19;
            for word in &mut words {
                carry += u128::from(*word);
                *word = carry as u64;
                carry >>= 64;
            }
        }
        let p = [u64::MAX - 18, u64::MAX, u64::MAX, u64::MAX >> 1];
        if words[..4].iter().rev().ge(p.iter().rev()) {
            // 2^255 − 19 ≤ value < 2^255: the difference is below 19.
            words = [words[0] - p[0], 0, 0, 0, 0];
        }
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        Self::constant(&bytes)
    }

    /// `fe_is_zero`.
    pub fn is_zero(self) -> bool {
        self.canonical() == Self::ZERO
    }

    /// `fe_from_words`.
    pub fn from_words(words: &[u32; 8]) -> Self {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes[31] &= 0x7f;
        Self::constant(&bytes)
    }

    /// `fe_to_words`, of a canonical element.
    pub fn to_words(self) -> [u32; 8] {
        let mut words = [0; 8];
        for bit in 0..255 {
            let (limb, at) = (bit / LIMB_BITS as usize, bit % LIMB_BITS as usize);
            words[bit / 32] |= (self.0[limb] >> at & 1) << (bit % 32);
        }
        words
    }

    /// `power`: z^(2^252 − 3), or 1/z.
    #[must_use]
    pub fn power(self, invert: bool) -> Self {
        let squarings = |mut x: Self, n: u32| {
            for _ in 0..n {
                x = x.square();
            }
            x
        };
        let z = self;
        let mut run = squarings(z, 1).mul(z);
        let z3 = run;
        run = squarings(run, 2).mul(run);
        run = squarings(run, 1).mul(z);
        run = squarings(run, 5).mul(run);
        let run10 = run;
        run = squarings(run, 10).mul(run);
        run = squarings(run, 20).mul(run);
        run = squarings(run, 10).mul(run10);
        let run50 = run;
        run = squarings(run, 50).mul(run);
        run = squarings(run, 100).mul(run);
        run = squarings(run, 50).mul(run50);
        run = squarings(run, 2).mul(z);
        if invert { squarings(run, 3).mul(z3) } else { run }
    }
}
