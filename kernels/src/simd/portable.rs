//! One 64-bit lane in a general register: the portable kernels, on any architecture.

use super::{Call, Doubles, Kernel, LaneMask, Line, MAX_LANES, MultiplyAdd52, Token, Vector, entry};

/// The token of the portable code, which every machine has.
#[derive(Clone, Copy, Debug)]
pub struct Portable(());

impl Token for Portable {
    type Vector = U64x1;
    type Words32 = super::words::U32x1;
    type Wide32 = super::words::U32x1;
    type Words64 = U64x1;
    const NAME: &'static str = "portable";
    const TAKES_EXTENSIONS: bool = false;

    fn detect() -> Option<Self> {
        Some(Self(()))
    }

    #[inline(always)]
    fn vectorize<K: Kernel<Self>>(self, kernel: K) -> K::Output {
        kernel.call(self)
    }

    #[inline(always)]
    fn inlined<K: Kernel<Self>>(self, step: K) -> K::Output {
        step.run(self)
    }
}

impl<K: Kernel<Portable>> Call<Portable> for K {
    #[inline(never)]
    fn call(self, token: Portable) -> K::Output {
        self.run(token)
    }
}

/// One 64-bit lane.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U64x1(pub(crate) u64);

impl LaneMask for bool {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }
    #[inline(always)]
    fn not(self) -> Self {
        !self
    }
    #[inline(always)]
    fn bits(self) -> u8 {
        u8::from(self)
    }
}

impl Vector for U64x1 {
    type Token = Portable;
    type Mask = bool;
    const LANES: usize = 1;

    #[inline(always)]
    fn token(self) -> Portable {
        Portable(())
    }
    #[inline(always)]
    fn splat(_: Portable, value: u64) -> Self {
        Self(value)
    }
    #[inline(always)]
    fn load(_: Portable, from: &[u64]) -> Self {
        Self(from[0])
    }
    #[inline(always)]
    fn store(self, to: &mut [u64]) {
        to[0] = self.0;
    }
    #[inline(always)]
    fn mask(_: Portable, bits: u8) -> bool {
        bits & 1 == 1
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        Self(self.0 << N)
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        Self(self.0 >> N)
    }
    #[inline(always)]
    fn shl_by(self, count: u32) -> Self {
        Self(if count < 64 { self.0 << count } else { 0 })
    }
    #[inline(always)]
    fn shr_by(self, count: u32) -> Self {
        Self(if count < 64 { self.0 >> count } else { 0 })
    }
    #[inline(always)]
    fn rotate_right<const N: i32>(self) -> Self {
        Self(self.0.rotate_right(N as u32))
    }
    #[inline(always)]
    fn swap_bytes(self) -> Self {
        Self(self.0.swap_bytes())
    }
    #[inline(always)]
    fn equal(self, other: Self) -> bool {
        self.0 == other.0
    }
    #[inline(always)]
    fn less(self, other: Self) -> bool {
        self.0 < other.0
    }
    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }
    #[inline(always)]
    fn permute<const ORDER: i32>(self) -> Self {
        self
    }
    #[inline(always)]
    fn gather_rows<const R: usize>(table: &[[u64; 8]], index: Self) -> [[Self; 8]; R] {
        let rows = entry::<R>(table, index.0);
        let mut out = [[index; 8]; R];
        let mut r = 0;
        while r < R {
            let [a, b, c, d, e, f, g, h] = rows[r];
            out[r] = [Self(a), Self(b), Self(c), Self(d), Self(e), Self(f), Self(g), Self(h)];
            r += 1;
        }
        out
    }
    #[inline(always)]
    fn scatter_rows(words: [Self; 8], table: &mut [[u64; 8]], first: usize, _: usize) {
        let [a, b, c, d, e, f, g, h] = words;
        table[first] = [a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0];
    }
    #[inline(always)]
    fn gather_lines<const R: usize>(
        _: Portable,
        tables: &[&[[Line; R]]; MAX_LANES],
        index: [usize; MAX_LANES],
    ) -> [[Self; 8]; R] {
        let found = &tables[0][index[0]];
        let mut out = [[Self(0); 8]; R];
        let mut r = 0;
        while r < R {
            let [a, b, c, d, e, f, g, h] = found[r].0;
            out[r] = [Self(a), Self(b), Self(c), Self(d), Self(e), Self(f), Self(g), Self(h)];
            r += 1;
        }
        out
    }
    #[inline(always)]
    fn scatter_lines<const R: usize>(
        words: [Self; 8],
        tables: &mut [&mut [[Line; R]]],
        entry: usize,
        line: usize,
    ) {
        let [a, b, c, d, e, f, g, h] = words;
        if let Some(table) = tables.first_mut() {
            table[entry][line] = Line([a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0]);
        }
    }
}

impl MultiplyAdd52 for U64x1 {
    #[inline(always)]
    fn madd52lo(self, a: Self, b: Self) -> Self {
        Self(self.0.wrapping_add(product52(a, b) as u64 & MASK52))
    }
    #[inline(always)]
    fn madd52hi(self, a: Self, b: Self) -> Self {
        Self(self.0.wrapping_add((product52(a, b) >> 52) as u64))
    }
    #[inline(always)]
    fn times19(self) -> Self {
        Self(self.0.wrapping_mul(19))
    }
}

const MASK52: u64 = (1 << 52) - 1;

#[inline(always)]
fn product52(a: U64x1, b: U64x1) -> u128 {
    (a.0 & MASK52) as u128 * (b.0 & MASK52) as u128
}

impl Doubles for U64x1 {
    #[inline(always)]
    fn add_f64(self, other: Self) -> Self {
        Self((f64::from_bits(self.0) + f64::from_bits(other.0)).to_bits())
    }
    #[inline(always)]
    fn sub_f64(self, other: Self) -> Self {
        Self((f64::from_bits(self.0) - f64::from_bits(other.0)).to_bits())
    }
    #[inline(always)]
    fn mul_f64(self, other: Self) -> Self {
        Self((f64::from_bits(self.0) * f64::from_bits(other.0)).to_bits())
    }
    #[inline(always)]
    fn div_f64(self, other: Self) -> Self {
        Self((f64::from_bits(self.0) / f64::from_bits(other.0)).to_bits())
    }
}
