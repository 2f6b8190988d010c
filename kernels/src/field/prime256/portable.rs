//! Five limbs of 52 bits in general registers, one element at a time, with 64 × 64 → 128-bit multiplication.
//!
//! # Representation
//! That of `radix52`, whose sums, differences, carries and folds run here in one lane: all its bounds hold. Products
//! differ: nine columns of 128 bits, 25 products of 104 bits (15 in a square, a factor of the cross products doubled). A
//! sum of two products is below 10·2^104 by column, and what a reduction adds is below 5·2^104 and a carry, so that
//! columns stay below 2^108.
//!
//! # Reduction
//! - Montgomery's form, limb by limb: q = −c/m modulo 2^52, c += q·m. Both primes are −1 modulo 2^52, so that q is the
//!   limb itself and its product with the lowest limb of m is a shift; limbs of m that are 0 cost nothing. 15 products
//!   for P-256, 20 for SM2, 30 for an order.
//! - secp256k1: the five upper limbs times 2^260 mod p, 37 bits, and what is then above 2^256 once more: 6 products.
//!
//! Both give limbs below 2^52, and a value below what the contract of [`Modulus::reduce`] says.
//!
//! # Rejected
//! - Product scanning, each column reduced before the next is summed: fewer words open, but one chain through all
//!   products; P-256 took 74 µs a signature instead of 62.
//! - Four limbs of 64 bits: 16 products instead of 25, but sums and differences need carries, which a point formula has
//!   as many of as products, and another form of every table.

use super::{Limbs, MASK52, Modulus, PrimeLanes, Radix52};
use crate::simd::portable::{Portable, U64x1};

/// One element modulo `M`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Radix52Portable<M>(Radix52<U64x1, M>);

/// −1/m modulo 2^52, by Newton's iteration.
const fn inverse(m: u64) -> u64 {
    // Three bits are right at first (m·m ≡ 1 modulo 8), twice as many after each step.
    let mut x = m;
    let mut i = 0;
    while i < 5 {
        x = x.wrapping_mul(2u64.wrapping_sub(m.wrapping_mul(x)));
        i += 1;
    }
    x.wrapping_neg() & MASK52
}

#[inline(always)]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

/// An integer as sums of products, column by column: Σ column(k)·2^(52·k) for k from 0 to 8.
trait Columns {
    fn column(&self, k: usize) -> u128;
}

/// The first limb of a factor that takes part in a column, and the one after the last.
#[inline(always)]
const fn first_and_end(k: usize) -> (usize, usize) {
    if k < 5 { (0, k + 1) } else { (k - 4, 5) }
}

/// Repeats for each column. Written out, or the loop stays one, with limbs in memory: three times as slow.
macro_rules! columns {
    ($k:ident, $($value:literal)*, $body:block) => {{
        $({
            const $k: usize = $value;
            $body
        })*
    }};
}

/// a·b.
struct Product(Limbs, Limbs);

impl Columns for Product {
    #[inline(always)]
    fn column(&self, k: usize) -> u128 {
        let mut sum = 0;
        let (mut i, end) = first_and_end(k);
        while i < end {
            sum += wide(self.0[i], self.1[k - i]);
            i += 1;
        }
        sum
    }
}

/// a², cross products once.
struct Square(Limbs);

impl Columns for Square {
    #[inline(always)]
    fn column(&self, k: usize) -> u128 {
        let mut sum = if k.is_multiple_of(2) { wide(self.0[k / 2], self.0[k / 2]) } else { 0 };
        let (mut i, _) = first_and_end(k);
        while i < k.div_ceil(2) {
            sum += wide(2 * self.0[i], self.0[k - i]);
            i += 1;
        }
        sum
    }
}

/// The sum of two.
struct Sum<A, B>(A, B);

impl<A: Columns, B: Columns> Columns for Sum<A, B> {
    #[inline(always)]
    fn column(&self, k: usize) -> u128 {
        self.0.column(k) + self.1.column(k)
    }
}

#[inline(always)]
fn reduce<M: Modulus>(c: &impl Columns) -> [U64x1; 5] {
    if M::MONTGOMERY { montgomery::<M>(c).map(U64x1) } else { special::<M>(c).map(U64x1) }
}

#[inline(always)]
fn montgomery<M: Modulus>(columns: &impl Columns) -> Limbs {
    let m = &M::LIMBS;
    let mut c = [0; 10];
    columns!(K, 0 1 2 3 4 5 6 7 8, {
        c[K] = columns.column(K);
    });
    columns!(K, 0 1 2 3 4, {
        let limb = c[K] as u64 & MASK52;
        let quotient = if m[0] == MASK52 {
            // limb·(2^52 − 1) clears the limb and carries it.
            c[K + 1] += (c[K] >> 52) + u128::from(limb);
            limb
        } else {
            let quotient = limb.wrapping_mul(const { inverse(M::LIMBS[0]) }) & MASK52;
            c[K + 1] += (c[K] + wide(quotient, m[0])) >> 52;
            quotient
        };
        let mut i = 1;
        while i < 5 {
            if m[i] != 0 {
                c[K + i] += wide(quotient, m[i]);
            }
            i += 1;
        }
    });
    let mut out = [0; 5];
    columns!(K, 0 1 2 3, {
        out[K] = c[K + 5] as u64 & MASK52;
        c[K + 6] += c[K + 5] >> 52;
    });
    out[4] = c[9] as u64;
    out
}

/// For 2^256 − m below 2^48.
#[inline(always)]
fn special<M: Modulus>(c: &impl Columns) -> Limbs {
    const {
        let [low, next, .., top] = M::LIMBS;
        assert!(M::MONTGOMERY || low > MASK52 - (1 << 48) && next == MASK52 && top == MASK52 >> 4);
    }
    let fold = (1 << 52) - M::LIMBS[0];
    let mut limbs = [0; 10];
    let mut sum = 0;
    columns!(K, 0 1 2 3 4 5 6 7 8, {
        sum += c.column(K);
        limbs[K] = sum as u64 & MASK52;
        sum >>= 52;
    });
    debug_assert!(sum < 1 << 52, "a product above 2^520");
    limbs[9] = sum as u64;
    let mut low = [0; 5];
    sum = 0;
    columns!(K, 0 1 2 3 4, {
        sum += wide(limbs[K + 5], 16 * fold) + u128::from(limbs[K]);
        low[K] = sum as u64 & MASK52;
        sum >>= 52;
    });
    // Above 2^256 are 42 bits at most, and times 2^256 mod p at most 75.
    let over = (sum as u64) << 4 | low[4] >> 48;
    low[4] &= MASK52 >> 4;
    sum = wide(over, fold);
    columns!(K, 0 1 2 3, {
        sum += u128::from(low[K]);
        low[K] = sum as u64 & MASK52;
        sum >>= 52;
    });
    low[4] += sum as u64;
    low
}

impl<M: Modulus> Radix52Portable<M> {
    #[inline(always)]
    fn limbs(self) -> Limbs {
        let limbs = self.0.to_limbs();
        debug_assert!(limbs.iter().all(|limb| limb.0 <= MASK52), "limb out of bounds");
        limbs.map(|limb| limb.0)
    }
}

impl<M: Modulus> PrimeLanes for Radix52Portable<M> {
    type Token = Portable;
    type Vector = U64x1;
    type Modulus = M;
    type Wide = [U64x1; 5];

    #[inline(always)]
    fn from_limbs(limbs: [U64x1; 5]) -> Self {
        Self(Radix52::from_limbs(limbs))
    }
    #[inline(always)]
    fn to_limbs(self) -> [U64x1; 5] {
        self.0.to_limbs()
    }
    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }
    #[inline(always)]
    fn select_wide(mask: bool, yes: Self::Wide, no: Self::Wide) -> Self::Wide {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn widen(self) -> Self::Wide {
        self.0.widen()
    }
    #[inline(always)]
    fn add_wide(a: Self::Wide, b: Self::Wide) -> Self::Wide {
        Radix52::<U64x1, M>::add_wide(a, b)
    }
    #[inline(always)]
    fn sub_wide<const K: u64>(a: Self::Wide, b: Self::Wide) -> Self::Wide {
        Radix52::<U64x1, M>::sub_wide::<K>(a, b)
    }
    #[inline(always)]
    fn negate_wide<const K: u64>(a: Self::Wide) -> Self::Wide {
        Radix52::<U64x1, M>::negate_wide::<K>(a)
    }
    #[inline(always)]
    fn mul_wide(self, other: Self) -> Self::Wide {
        reduce::<M>(&Product(self.limbs(), other.limbs()))
    }
    #[inline(always)]
    fn square_wide(self) -> Self::Wide {
        reduce::<M>(&Square(self.limbs()))
    }
    #[inline(always)]
    fn mul_add_mul(a: Self, b: Self, c: Self, d: Self) -> Self::Wide {
        reduce::<M>(&Sum(Product(a.limbs(), b.limbs()), Product(c.limbs(), d.limbs())))
    }
    #[inline(always)]
    fn mul_add_square(a: Self, b: Self, c: Self) -> Self::Wide {
        reduce::<M>(&Sum(Product(a.limbs(), b.limbs()), Square(c.limbs())))
    }
    #[inline(always)]
    fn join<const N: usize>(wides: [Self::Wide; N]) -> [Self::Wide; N] {
        wides
    }
    #[inline(always)]
    fn carry(wide: Self::Wide) -> Self {
        Self(Radix52::carry(wide))
    }
    #[inline(always)]
    fn fold(wide: Self::Wide) -> Self {
        Self(Radix52::fold(wide))
    }
}
