//! The six moduli: field primes and group orders, and how a product is reduced modulo each.
//!
//! Sources: SEC 2 sections 2.4.1 and 2.4.2, GB/T 32918.5 section 2. `ONE`, `SQUARE` and the inverses follow from
//! the modulus and are compared with big integers by the tests.
//!
//! A reduction takes ten columns of weight 2^(52·i), each below 2^61, of an integer below 2^520, and gives five
//! columns of a residue. Factors of `madd52lo` and `madd52hi` count modulo 2^52, so that a column need not be
//! masked before it is one.

use super::radix52_fma::{
    reduce_any as reduce_any_doubles, reduce_p256, reduce_sm2, reduce_special, small_product,
};
use super::{Limbs, MASK52};
use crate::simd::{FloatMultiply, MultiplyAdd52, Vector};

/// How the square root of a modulus is computed: x^((m + 1)/4). Value 0 is x; step i makes value i + 1 of
/// (from, squarings, with): value `from` squared so often, times value `with`.
#[derive(Debug)]
pub struct Root {
    /// The steps.
    pub chain: &'static [(u8, u8, u8)],
    /// Squarings of the last value.
    pub squarings: u8,
}

impl Root {
    /// The most steps of a chain.
    pub const STEPS: usize = 14;
    /// Of a modulus that nobody takes roots by.
    const NONE: Self = Self { chain: &[], squarings: 0 };
}

/// An odd modulus between 2^255 and 2^256, and its reduction.
pub trait Modulus: Copy + core::fmt::Debug + Send + Sync + 'static {
    /// m in 64-bit words.
    const WORDS: [u64; 4];
    /// m in limbs.
    const LIMBS: Limbs = split(Self::WORDS);
    /// Whether elements stand in Montgomery form.
    const MONTGOMERY: bool;
    /// 1 in the form of the modulus: 2^260 mod m, or 1.
    const ONE: Limbs;
    /// 2^520 mod m, which a product takes integers into Montgomery form with.
    const SQUARE: Limbs;
    /// The chain of square roots.
    const ROOT: Root = Root::NONE;

    /// Ten columns to five of the same residue, over 2^260 in Montgomery form. An integer below t·m² gives less
    /// than (t/16 + 1)·m. Columns 0 to 3 are not negative, the topmost may be −4.
    fn reduce<V: MultiplyAdd52>(c: [V; 10]) -> [V; 5];

    /// Five columns of an integer between m/8 and 2^260 to five of one below 2^256 + 2^240. Columns 0 to 3 are
    /// at least 2^49.
    fn fold<V: MultiplyAdd52>(c: [V; 5]) -> [V; 5];

    /// As `reduce`, of columns 0 to 8 between 2^54 and 5·2^55, by multiplication of doubles. Columns 0 to 3 are below
    /// 5·2^56, the topmost may be −24.
    fn reduce_doubles<V: FloatMultiply>(c: [V; 10]) -> [V; 5];

    /// As `fold`.
    fn fold_doubles<V: FloatMultiply>(c: [V; 5]) -> [V; 5];
}

/// Limbs of words.
const fn split(w: [u64; 4]) -> Limbs {
    [
        w[0] & MASK52,
        (w[0] >> 52 | w[1] << 12) & MASK52,
        (w[1] >> 40 | w[2] << 24) & MASK52,
        (w[2] >> 28 | w[3] << 36) & MASK52,
        w[3] >> 16,
    ]
}

#[inline(always)]
fn splat<V: Vector>(like: V, value: u64) -> V {
    V::splat(like.token(), value)
}

/// The bits of an integer from 2^256 upwards, by its topmost column alone, and the column without them.
#[inline(always)]
fn above_256<V: Vector>(top: V) -> (V, V) {
    (top.shr::<48>(), top.and(splat(top, (1 << 48) - 1)))
}

/// The prime of secp256k1: 2^256 − 2^32 − 977.
///
/// 2^260 ≡ 16·(2^32 + 977), 37 bits: the upper five limbs, carried, times that, and what is then above 2^256
/// once more. 12 multiply-adds, where Montgomery's form takes 20 or more.
#[derive(Clone, Copy, Debug)]
pub struct K1Prime;

impl K1Prime {
    /// 2^256 mod p.
    const FOLD: u64 = (1 << 32) + 977;
}

impl Modulus for K1Prime {
    const WORDS: [u64; 4] = [0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX];
    const MONTGOMERY: bool = false;
    const ONE: Limbs = [1, 0, 0, 0, 0];
    const SQUARE: Limbs = [0x7_a200_0e90_a100, 0x10_0000, 0, 0, 0];
    const ROOT: Root = Root {
        // x^(2^n − 1) for n = 2, 3, 6, 9, 11, 22, 44, 88, 176, 220, 223, then the tail 0…0111…1 00001100.
        chain: &[
            (0, 1, 0),
            (1, 1, 0),
            (2, 3, 2),
            (3, 3, 2),
            (4, 2, 1),
            (5, 11, 5),
            (6, 22, 6),
            (7, 44, 7),
            (8, 88, 8),
            (9, 44, 7),
            (10, 3, 2),
            (11, 23, 6),
            (12, 6, 1),
        ],
        squarings: 2,
    };

    #[inline(always)]
    fn reduce<V: MultiplyAdd52>(mut c: [V; 10]) -> [V; 5] {
        let fold = splat(c[0], 16 * Self::FOLD);
        let mut i = 5;
        while i < 9 {
            c[i + 1] = c[i + 1].add(c[i].shr::<52>());
            i += 1;
        }
        debug_assert!(c[9].all_below(1 << 52), "a product above 2^520");
        i = 0;
        while i < 4 {
            c[i] = c[i].madd52lo(c[i + 5], fold);
            c[i + 1] = c[i + 1].madd52hi(c[i + 5], fold);
            i += 1;
        }
        let top = splat(c[0], 0).madd52hi(c[9], fold);
        let (over, low) = above_256(c[4].madd52lo(c[9], fold));
        let over = over.add(top.shl::<4>());
        let fold = splat(c[0], Self::FOLD);
        [c[0].madd52lo(over, fold), c[1].madd52hi(over, fold), c[2], c[3], low]
    }

    #[inline(always)]
    fn fold<V: MultiplyAdd52>(c: [V; 5]) -> [V; 5] {
        let (over, low) = above_256(c[4]);
        [c[0].madd52lo(over, splat(low, Self::FOLD)), c[1], c[2], c[3], low]
    }

    #[inline(always)]
    fn reduce_doubles<V: FloatMultiply>(c: [V; 10]) -> [V; 5] {
        reduce_special(c, Self::FOLD)
    }

    #[inline(always)]
    fn fold_doubles<V: FloatMultiply>(c: [V; 5]) -> [V; 5] {
        let (over, low) = above_256(c[4]);
        [c[0].add(small_product(over, Self::FOLD)), c[1], c[2], c[3], low]
    }
}

/// The prime of P-256: 2^256 − 2^224 + 2^192 + 2^96 − 1.
///
/// p ≡ −1 modulo 2^96, so that Montgomery's quotient by limb i is limb i itself: adding limb·p clears it but for
/// its carry, and leaves limb·(2^96 + 2^192 + 2^224·(2^32 − 1)).
#[derive(Clone, Copy, Debug)]
pub struct R1Prime;

impl R1Prime {
    #[inline(always)]
    fn fold_by_shifts<V: Vector>(c: [V; 5]) -> [V; 5] {
        // 2^256 ≡ 2^224 − 2^192 − 2^96 + 1.
        let (over, low) = above_256(c[4]);
        [
            c[0].add(over),
            c[1].sub(over.shl::<44>()),
            c[2],
            c[3].sub(over.shl::<36>()),
            low.add(over.shl::<16>()),
        ]
    }
}

impl Modulus for R1Prime {
    const WORDS: [u64; 4] = [u64::MAX, 0xffff_ffff, 0, 0xffff_ffff_0000_0001];
    const MONTGOMERY: bool = true;
    const ONE: Limbs = [0x10, 0xf_0000_0000_0000, 0xf_ffff_ffff_ffff, 0xf_feff_ffff_ffff, 0xf_ffff];
    const SQUARE: Limbs = [0x300, 0xf_ffff_fff0_0000, 0xf_fffe_ffff_fffb, 0xf_dfff_ffff_ffff, 0x4ff_ffff];
    const ROOT: Root = Root {
        // x^(2^n − 1) for n = 2, 4, 8, 16, 32, then 2^222·(2^32 − 1) + 2^190 + 2^94.
        chain: &[(0, 1, 0), (1, 2, 1), (2, 4, 2), (3, 8, 3), (4, 16, 4), (5, 32, 0), (6, 96, 0)],
        squarings: 94,
    };

    #[inline(always)]
    fn reduce<V: MultiplyAdd52>(mut c: [V; 10]) -> [V; 5] {
        let two44 = splat(c[0], 1 << 44);
        let two36 = splat(c[0], 1 << 36);
        let top = splat(c[0], (1 << 48) - (1 << 16));
        let mut i = 0;
        while i < 5 {
            let m = c[i];
            c[i + 1] = c[i + 1].madd52lo(m, two44).add(m.shr::<52>());
            c[i + 2] = c[i + 2].madd52hi(m, two44);
            c[i + 3] = c[i + 3].madd52lo(m, two36);
            c[i + 4] = c[i + 4].madd52hi(m, two36).madd52lo(m, top);
            c[i + 5] = c[i + 5].madd52hi(m, top);
            i += 1;
        }
        [c[5], c[6], c[7], c[8], c[9]]
    }

    #[inline(always)]
    fn fold<V: MultiplyAdd52>(c: [V; 5]) -> [V; 5] {
        Self::fold_by_shifts(c)
    }

    #[inline(always)]
    fn reduce_doubles<V: FloatMultiply>(c: [V; 10]) -> [V; 5] {
        reduce_p256(c)
    }

    #[inline(always)]
    fn fold_doubles<V: FloatMultiply>(c: [V; 5]) -> [V; 5] {
        Self::fold_by_shifts(c)
    }
}

/// The prime of SM2: 2^256 − 2^224 − 2^96 + 2^64 − 1.
///
/// As for P-256, Montgomery's quotient by a limb is the limb, and adding limb·p leaves
/// limb·(2^32 − 1)·(2^224 − 2^64). The negative part is limb·(2^52 − 2^44 + 2^12) less limb·2^52, one limb up;
/// columns start from a constant whose value is 0, so that none becomes negative.
#[derive(Clone, Copy, Debug)]
pub struct Sm2Prime;

impl Sm2Prime {
    #[inline(always)]
    fn fold_by_shifts<V: Vector>(c: [V; 5]) -> [V; 5] {
        // 2^256 ≡ 2^224 + 2^96 − 2^64 + 1.
        let (over, low) = above_256(c[4]);
        [
            c[0].add(over),
            c[1].add(over.shl::<44>()).sub(over.shl::<12>()),
            c[2],
            c[3],
            low.add(over.shl::<16>()),
        ]
    }
}

impl Modulus for Sm2Prime {
    const WORDS: [u64; 4] = [u64::MAX, 0xffff_ffff_0000_0000, u64::MAX, 0xffff_fffe_ffff_ffff];
    const MONTGOMERY: bool = true;
    const ONE: Limbs = [0x10, 0xffff_ffff_0000, 0, 0, 0x10_0000];
    const SQUARE: Limbs = [0x200_0000_0300, 0xf_ffff_fff0_0000, 0x1_0000_0002, 0x2000_0000_1000, 0x400_0000];
    const ROOT: Root = Root {
        // x^(2^n − 1) for n = 2, 4, 8, 16, 24, 28, 30, 31, 32, 64, 128, then 2^223·(2^31 − 1) +
        // 2^94·(2^128 − 1) + 2^62.
        chain: &[
            (0, 1, 0),
            (1, 2, 1),
            (2, 4, 2),
            (3, 8, 3),
            (4, 8, 3),
            (5, 4, 2),
            (6, 2, 1),
            (7, 1, 0),
            (8, 1, 0),
            (9, 32, 9),
            (10, 64, 10),
            (8, 129, 11),
            (12, 32, 0),
        ],
        squarings: 62,
    };

    #[inline(always)]
    fn reduce<V: MultiplyAdd52>(mut c: [V; 10]) -> [V; 5] {
        let mask = splat(c[0], MASK52);
        let low = splat(c[0], (1 << 52) - (1 << 44) + (1 << 12));
        let top = splat(c[0], (1 << 48) - (1 << 16));
        // Column i lends 2^54 to itself and returns it one column up.
        c[2] = c[2].add(splat(c[0], 1 << 54));
        let mut i = 3;
        while i < 9 {
            c[i] = c[i].add(splat(c[0], (1 << 54) - 4));
            i += 1;
        }
        c[9] = c[9].sub(splat(c[0], 4));
        i = 0;
        while i < 5 {
            let m = c[i];
            c[i + 1] = c[i + 1].madd52lo(m, low).add(m.shr::<52>());
            c[i + 2] = c[i + 2].madd52hi(m, low).sub(m.and(mask));
            c[i + 4] = c[i + 4].madd52lo(m, top);
            c[i + 5] = c[i + 5].madd52hi(m, top);
            i += 1;
        }
        [c[5], c[6], c[7], c[8], c[9]]
    }

    #[inline(always)]
    fn fold<V: MultiplyAdd52>(c: [V; 5]) -> [V; 5] {
        Self::fold_by_shifts(c)
    }

    #[inline(always)]
    fn reduce_doubles<V: FloatMultiply>(c: [V; 10]) -> [V; 5] {
        reduce_sm2(c)
    }

    #[inline(always)]
    fn fold_doubles<V: FloatMultiply>(c: [V; 5]) -> [V; 5] {
        Self::fold_by_shifts(c)
    }
}

/// Montgomery's reduction by any modulus: 11 multiply-adds a limb. `inverse` is −1/m modulo 2^52.
#[inline(always)]
fn reduce_any<V: MultiplyAdd52>(mut c: [V; 10], m: &Limbs, inverse: u64) -> [V; 5] {
    let zero = splat(c[0], 0);
    let inverse = splat(c[0], inverse);
    let mut i = 0;
    while i < 5 {
        let q = zero.madd52lo(c[i], inverse);
        let mut j = 0;
        while j < 5 {
            c[i + j] = c[i + j].madd52lo(q, splat(zero, m[j]));
            c[i + j + 1] = c[i + j + 1].madd52hi(q, splat(zero, m[j]));
            j += 1;
        }
        c[i + 1] = c[i + 1].add(c[i].shr::<52>());
        i += 1;
    }
    [c[5], c[6], c[7], c[8], c[9]]
}

/// Limb `i` of 2^256 − m: 2^52 − m\[0\], then 2^52 − 1 − m\[i\], then 2^48 − 1 − m\[4\].
const fn complement(m: &Limbs, i: usize) -> u64 {
    let bits = if i == 4 { 48 } else { 52 };
    let borrow = if i == 0 { 0 } else { 1 };
    (1 << bits) - borrow - m[i]
}

/// 2^256 ≡ 2^256 − m modulo an order m: above 2^256 are at most 4 bits.
#[inline(always)]
fn fold_any<V: MultiplyAdd52>(c: [V; 5], m: &Limbs) -> [V; 5] {
    let (over, low) = above_256(c[4]);
    let mut out = [c[0], c[1], c[2], c[3], low];
    let mut i = 0;
    while i < 5 {
        let limb = splat(low, complement(m, i));
        out[i] = out[i].madd52lo(over, limb);
        if i < 4 {
            out[i + 1] = out[i + 1].madd52hi(over, limb);
        }
        i += 1;
    }
    out
}

/// The same without a multiply-add: a product of 56 bits fits a column.
#[inline(always)]
fn fold_any_doubles<V: FloatMultiply>(c: [V; 5], m: &Limbs) -> [V; 5] {
    let (over, low) = above_256(c[4]);
    let mut out = [c[0], c[1], c[2], c[3], low];
    let mut i = 0;
    while i < 5 {
        out[i] = out[i].add(small_product(over, complement(m, i)));
        i += 1;
    }
    out
}

macro_rules! order {
    ($(#[$doc:meta])* $name:ident, $words:expr, $one:expr, $square:expr, $inverse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Modulus for $name {
            const WORDS: [u64; 4] = $words;
            const MONTGOMERY: bool = true;
            const ONE: Limbs = $one;
            const SQUARE: Limbs = $square;

            #[inline(always)]
            fn reduce<V: MultiplyAdd52>(c: [V; 10]) -> [V; 5] {
                reduce_any(c, &Self::LIMBS, $inverse)
            }
            #[inline(always)]
            fn fold<V: MultiplyAdd52>(c: [V; 5]) -> [V; 5] {
                fold_any(c, &Self::LIMBS)
            }
            #[inline(always)]
            fn reduce_doubles<V: FloatMultiply>(c: [V; 10]) -> [V; 5] {
                reduce_any_doubles(c, &Self::LIMBS, $inverse)
            }
            #[inline(always)]
            fn fold_doubles<V: FloatMultiply>(c: [V; 5]) -> [V; 5] {
                fold_any_doubles(c, &Self::LIMBS)
            }
        }
    };
}

order!(
    /// The order of secp256k1.
    K1Order,
    [0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, u64::MAX],
    [0xa_1732_fc9b_ebf0, 0x9_50b7_5fc4_402d, 0x1455_1231, 0, 0],
    [0xe_180c_268b_3b23, 0x9_4fd6_e33e_4c8e, 0xd_07c7_3b97_5948, 0xc_5e69_7f5e_45bc, 0x671c_d581_c69b],
    0xd_ff66_5588_b13f
);
order!(
    /// The order of P-256.
    R1Order,
    [0xf3b9_cac2_fc63_2551, 0xbce6_faad_a717_9e84, u64::MAX, 0xffff_ffff_0000_0000],
    [0x3_53d0_39cd_aaf0, 0x2_58e8_617b_0c46, 0x431_9055, 0xf_ff00_0000_0000, 0xf_ffff],
    [0x5_cc0d_ea6d_c3ba, 0x1_92a0_67d8_a084, 0xb_ec59_6155_71bb, 0x1_fc24_5b23_92b6, 0xe12d_9559_d956],
    0x1_c8aa_ee00_bc4f
);
order!(
    /// The order of SM2.
    Sm2Order,
    [0x53bb_f409_39d5_4123, 0x7203_df6b_21c6_052b, u64::MAX, 0xffff_fffe_ffff_ffff],
    [0xbf6c_62ab_edd0, 0x4_de39_fad4_ac44, 0x8df_c209, 0, 0x10_0000],
    [0xc_1667_4a51_7de6, 0x5_07a6_e5f7_c418, 0xf_e0d4_4507_dc1c, 0x3_b620_fc84_c3af, 0xb5e4_12c0_2b3d],
    0xf_9e88_7235_0975
);
