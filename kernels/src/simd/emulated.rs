//! Eight lanes in a plain array: the IFMA kernels on any machine. For tests; always compiled, never
//! chosen by itself.

use super::{
    Call, Doubles, FloatMultiply, Kernel, LaneMask, Line, MAX_LANES, MultiplyAdd52, Token, Vector, entry,
};

/// The token of the emulation, which every machine has.
#[derive(Clone, Copy, Debug)]
pub struct Emulated(());

impl Token for Emulated {
    type Vector = EmulatedU64x8;
    type Words32 = super::words::EmulatedU32x16;
    type Wide32 = super::words::Pair<super::words::EmulatedU32x16>;
    type Words64 = EmulatedU64x8;
    const NAME: &'static str = "emulated";
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

impl<K: Kernel<Emulated>> Call<Emulated> for K {
    #[inline(never)]
    fn call(self, token: Emulated) -> K::Output {
        self.run(token)
    }
}

/// Eight 64-bit lanes in an array.
#[derive(Clone, Copy)]
pub struct EmulatedU64x8([u64; 8]);

/// One bit per lane.
#[derive(Clone, Copy)]
pub struct EmulatedMask(u8);

impl LaneMask for EmulatedMask {
    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    fn not(self) -> Self {
        Self(!self.0)
    }
    fn bits(self) -> u8 {
        self.0
    }
}

// Not inlined: an inlined emulated kernel would be tens of thousands of scalar instructions.
fn each(a: [u64; 8], b: [u64; 8], f: impl Fn(u64, u64) -> u64) -> EmulatedU64x8 {
    let mut out = [0; 8];
    for i in 0..8 {
        out[i] = f(a[i], b[i]);
    }
    EmulatedU64x8(out)
}

fn compare(a: [u64; 8], b: [u64; 8], f: impl Fn(u64, u64) -> bool) -> EmulatedMask {
    let mut out = 0;
    for i in 0..8 {
        out |= u8::from(f(a[i], b[i])) << i;
    }
    EmulatedMask(out)
}

const MASK52: u64 = (1 << 52) - 1;

impl Vector for EmulatedU64x8 {
    type Token = Emulated;
    type Mask = EmulatedMask;
    const LANES: usize = 8;
    const CALLS: bool = true;

    fn token(self) -> Emulated {
        Emulated(())
    }
    fn splat(_: Emulated, value: u64) -> Self {
        Self([value; 8])
    }
    fn load(_: Emulated, from: &[u64]) -> Self {
        let mut lanes = [0; 8];
        lanes.copy_from_slice(&from[..8]);
        Self(lanes)
    }
    fn store(self, to: &mut [u64]) {
        to[..8].copy_from_slice(&self.0);
    }
    fn mask(_: Emulated, bits: u8) -> EmulatedMask {
        EmulatedMask(bits)
    }
    #[inline(never)]
    fn add(self, other: Self) -> Self {
        each(self.0, other.0, u64::wrapping_add)
    }
    #[inline(never)]
    fn sub(self, other: Self) -> Self {
        each(self.0, other.0, u64::wrapping_sub)
    }
    fn and(self, other: Self) -> Self {
        each(self.0, other.0, |a, b| a & b)
    }
    fn or(self, other: Self) -> Self {
        each(self.0, other.0, |a, b| a | b)
    }
    fn xor(self, other: Self) -> Self {
        each(self.0, other.0, |a, b| a ^ b)
    }
    fn shl<const N: i32>(self) -> Self {
        each(self.0, self.0, |a, _| a << N)
    }
    fn shr<const N: i32>(self) -> Self {
        each(self.0, self.0, |a, _| a >> N)
    }
    fn shl_by(self, count: u32) -> Self {
        each(self.0, self.0, |a, _| a.checked_shl(count).unwrap_or(0))
    }
    fn shr_by(self, count: u32) -> Self {
        each(self.0, self.0, |a, _| a.checked_shr(count).unwrap_or(0))
    }
    fn rotate_right<const N: i32>(self) -> Self {
        each(self.0, self.0, |a, _| a.rotate_right(N as u32))
    }
    fn swap_bytes(self) -> Self {
        each(self.0, self.0, |a, _| a.swap_bytes())
    }
    fn equal(self, other: Self) -> EmulatedMask {
        compare(self.0, other.0, |a, b| a == b)
    }
    fn less(self, other: Self) -> EmulatedMask {
        compare(self.0, other.0, |a, b| a < b)
    }
    fn select(mask: EmulatedMask, yes: Self, no: Self) -> Self {
        let mut out = no.0;
        for i in 0..8 {
            if mask.0 >> i & 1 == 1 {
                out[i] = yes.0[i];
            }
        }
        Self(out)
    }
    fn permute<const ORDER: i32>(self) -> Self {
        let mut out = self;
        for i in 0..8 {
            out.0[i] = self.0[(i & 4) + (ORDER >> (2 * (i & 3)) & 3) as usize];
        }
        out
    }
    fn gather_rows<const R: usize>(table: &[[u64; 8]], index: Self) -> [[Self; 8]; R] {
        let mut out = [[Self([0; 8]); 8]; R];
        for lane in 0..8 {
            let rows = entry::<R>(table, index.0[lane]);
            for row in 0..R {
                for word in 0..8 {
                    out[row][word].0[lane] = rows[row][word];
                }
            }
        }
        out
    }
    fn scatter_rows(words: [Self; 8], table: &mut [[u64; 8]], first: usize, stride: usize) {
        for lane in 0..8 {
            for word in 0..8 {
                table[first + lane * stride][word] = words[word].0[lane];
            }
        }
    }
    fn gather_lines<const R: usize>(
        _: Emulated,
        tables: &[&[[Line; R]]; MAX_LANES],
        index: [usize; MAX_LANES],
    ) -> [[Self; 8]; R] {
        let mut out = [[Self([0; 8]); 8]; R];
        for lane in 0..8 {
            let found = &tables[lane][index[lane]];
            for row in 0..R {
                for word in 0..8 {
                    out[row][word].0[lane] = found[row].0[word];
                }
            }
        }
        out
    }
    fn scatter_lines<const R: usize>(
        words: [Self; 8],
        tables: &mut [&mut [[Line; R]]],
        entry: usize,
        line: usize,
    ) {
        for (lane, table) in tables.iter_mut().enumerate().take(8) {
            for word in 0..8 {
                table[entry][line].0[word] = words[word].0[lane];
            }
        }
    }
}

impl MultiplyAdd52 for EmulatedU64x8 {
    #[inline(never)]
    fn madd52lo(self, a: Self, b: Self) -> Self {
        let product = each(a.0, b.0, |a, b| (a & MASK52).wrapping_mul(b & MASK52) & MASK52);
        self.add(product)
    }
    #[inline(never)]
    fn madd52hi(self, a: Self, b: Self) -> Self {
        let product = each(a.0, b.0, |a, b| ((u128::from(a & MASK52) * u128::from(b & MASK52)) >> 52) as u64);
        self.add(product)
    }
    fn times19(self) -> Self {
        each(self.0, self.0, |a, _| a.wrapping_mul(19))
    }
}

impl Doubles for EmulatedU64x8 {
    #[inline(never)]
    fn add_f64(self, other: Self) -> Self {
        each(self.0, other.0, |a, b| (f64::from_bits(a) + f64::from_bits(b)).to_bits())
    }
    #[inline(never)]
    fn sub_f64(self, other: Self) -> Self {
        each(self.0, other.0, |a, b| (f64::from_bits(a) - f64::from_bits(b)).to_bits())
    }
    #[inline(never)]
    fn mul_f64(self, other: Self) -> Self {
        each(self.0, other.0, |a, b| (f64::from_bits(a) * f64::from_bits(b)).to_bits())
    }
    #[inline(never)]
    fn div_f64(self, other: Self) -> Self {
        each(self.0, other.0, |a, b| (f64::from_bits(a) / f64::from_bits(b)).to_bits())
    }
}

impl FloatMultiply for EmulatedU64x8 {
    #[inline(never)]
    fn fused(self, b: Self, c: Self) -> Self {
        let mut out = self;
        for i in 0..8 {
            let [a, b, c] = [self.0[i], b.0[i], c.0[i]].map(f64::from_bits);
            out.0[i] = a.mul_add(b, c).to_bits();
        }
        out
    }
    #[inline(never)]
    fn fused_sub(self, b: Self, c: Self) -> Self {
        self.fused(b, EmulatedU64x8([0; 8]).sub_f64(c))
    }
    #[inline(never)]
    fn mul32(self, other: Self) -> Self {
        each(self.0, other.0, |a, b| (a & 0xffff_ffff) * (b & 0xffff_ffff))
    }
    #[inline(never)]
    fn bytes<const ORDER: u64>(self) -> Self {
        let of = |a: u64, from: u8| if from < 8 { a.to_le_bytes()[usize::from(from)] } else { 0 };
        each(self.0, self.0, |a, _| u64::from_le_bytes(ORDER.to_le_bytes().map(|from| of(a, from))))
    }
    fn opaque(self) -> Self {
        self
    }
    fn after(values: [Self; 5], _: Self) -> [Self; 5] {
        values
    }
}
