//! The formulas of `point.wgsl` and `decode.wgsl`.
//!
//! The formulas are generic, so that the tests can run them on bounds instead of values: what holds for the largest limbs
//! that may come in holds for all.

use super::field::Fe;

/// What the formulas need of a field element.
pub(crate) trait Arithmetic: Copy {
    fn zero() -> Self;
    fn one() -> Self;
    /// 2d.
    fn d2() -> Self;
    fn mul(self, b: Self) -> Self;
    fn square(self) -> Self;
    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn carry(self) -> Self;
}

impl Arithmetic for Fe {
    fn zero() -> Self {
        Self::ZERO
    }
    fn one() -> Self {
        Self::ONE
    }
    fn d2() -> Self {
        Self::d2()
    }
    fn mul(self, b: Self) -> Self {
        Self::mul(self, b)
    }
    fn square(self) -> Self {
        Self::square(self)
    }
    fn add(self, b: Self) -> Self {
        Self::add(self, b)
    }
    fn sub(self, b: Self) -> Self {
        Self::sub(self, b)
    }
    fn carry(self) -> Self {
        Self::carry(self)
    }
}

/// A point: X/Z, Y/Z, T = XY/Z.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point<F> {
    pub(crate) x: F,
    pub(crate) y: F,
    pub(crate) z: F,
    pub(crate) t: F,
}

/// E, F, G, H.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factors<F> {
    e: F,
    f: F,
    g: F,
    h: F,
}

/// Y + X, Y − X, 2Z, 2dT.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<F>(pub(crate) [F; 4]);

impl<F: Arithmetic> Point<F> {
    pub(crate) fn identity() -> Self {
        Self { x: F::zero(), y: F::one(), z: F::one(), t: F::zero() }
    }

    pub(crate) fn affine(x: F, y: F) -> Self {
        Self { x, y, z: F::one(), t: x.mul(y) }
    }

    pub(crate) fn double(&self) -> Factors<F> {
        let (a, b, c) = (self.x.square(), self.y.square(), self.z.square());
        let s = self.x.add(self.y).square();
        let (h, g) = (a.add(b), a.sub(b));
        Factors { e: h.sub(s).carry(), f: c.add(c).add(g).carry(), g, h }
    }

    pub(crate) fn add(&self, q: &Entry<F>, negative: bool) -> Factors<F> {
        let [plus, minus, z2, td2] = q.0;
        let a = self.y.sub(self.x).mul(minus);
        let b = self.y.add(self.x).mul(plus);
        let (c, d) = (self.t.mul(td2), self.z.mul(z2));
        let (difference, sum) = (d.sub(c), d.add(c));
        let (f, g) = if negative { (sum, difference) } else { (difference, sum) };
        Factors { e: b.sub(a).carry(), f, g, h: b.add(a) }
    }

    pub(crate) fn entry(&self) -> Entry<F> {
        Entry([
            self.y.add(self.x).carry(),
            self.y.sub(self.x).carry(),
            self.z.add(self.z),
            self.t.mul(F::d2()),
        ])
    }
}

impl<F: Arithmetic> Factors<F> {
    pub(crate) fn complete(&self, old_t: F, want_t: bool) -> Point<F> {
        let Self { e, f, g, h } = *self;
        let t = if want_t { e.mul(h) } else { old_t };
        Point { x: e.mul(f), y: g.mul(h), z: f.mul(g), t }
    }
}

impl<F: Arithmetic> Entry<F> {
    /// With Y + X and Y − X exchanged where the entry is subtracted.
    pub(crate) fn swapped(mut self, negative: bool) -> Self {
        if negative {
            self.0.swap(0, 1);
        }
        self
    }
}

/// `decode`: x, y, and whether they are on the curve.
pub(crate) fn decode(bytes: &[u32; 8]) -> (Fe, Fe, bool) {
    let y = Fe::from_words(bytes);
    let y2 = y.square();
    let u = y2.sub(Fe::ONE).carry();
    let v = y2.mul(Fe::d()).add(Fe::ONE).carry();
    let v3 = v.square().mul(v);
    let uv3 = u.mul(v3);
    let uv7 = uv3.mul(v3.mul(v));
    let root = uv3.mul(uv7.power(false));
    let check = v.mul(root.square());
    let plain = check.sub(u).is_zero();
    let turned = check.add(u).is_zero();
    let mut x = if plain { root } else { root.mul(Fe::sqrt_minus_1()) }.canonical();
    if x.0[0] & 1 != bytes[7] >> 31 {
        x = Fe::ZERO.sub(x).carry();
    }
    if plain || turned { (x, y, true) } else { (Fe::ZERO, Fe::ONE, false) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::FIELD;
    use crate::layout::{LIMB_BITS, LIMBS};
    use crate::twin::field::TIGHT;

    const N: usize = LIMBS as usize;
    const MASK: u64 = (1 << LIMB_BITS) - 1;

    /// The largest value that each limb may have. An operation that could overflow on such limbs panics.
    #[derive(Debug, Clone, Copy)]
    struct Bound([u64; N]);

    impl Bound {
        const TIGHT: Self = Self([TIGHT as u64 - 1; N]);

        fn each(f: impl Fn(usize) -> u64) -> Self {
            let mut out = [0; N];
            for (i, limb) in out.iter_mut().enumerate() {
                *limb = f(i);
                assert!(*limb <= u64::from(u32::MAX), "limb {i} overflows");
            }
            Self(out)
        }

        fn is_tight(self) -> bool {
            self.0.iter().all(|&limb| limb < u64::from(TIGHT))
        }

        fn column(self, b: Self, c: usize) -> u128 {
            let pairs = (0..N).filter(|&i| c >= i && c - i < N);
            pairs.map(|i| u128::from(self.0[i]) * u128::from(b.0[c - i])).sum()
        }
    }

    impl Arithmetic for Bound {
        fn zero() -> Self {
            Self([0; N])
        }
        fn one() -> Self {
            Self::each(|i| u64::from(i == 0))
        }
        fn d2() -> Self {
            Self([MASK; N])
        }
        fn mul(self, b: Self) -> Self {
            let below_64 = |acc: u128| u64::try_from(acc).expect("a column below 2^64");
            let mut high = [MASK; N];
            let mut acc = 0;
            for c in N..2 * N - 1 {
                acc = below_64(u128::from(acc) + self.column(b, c)) >> LIMB_BITS;
            }
            high[N - 1] = acc;
            assert!(acc <= u64::from(u32::MAX), "the highest column fits a limb");
            acc = 0;
            for (c, &high) in high.iter().enumerate() {
                let folded = u128::from(high) * u128::from(FIELD.fold());
                acc = below_64(u128::from(acc) + self.column(b, c) + folded) >> LIMB_BITS;
            }
            acc = below_64(u128::from(acc) * u128::from(FIELD.fold()) + u128::from(MASK)) >> LIMB_BITS;
            let out = Self::each(|i| if i == 1 { MASK + acc } else { MASK });
            assert!(out.is_tight());
            out
        }
        fn square(self) -> Self {
            assert!(self.0.iter().all(|&limb| 2 * limb <= u64::from(u32::MAX)), "a doubled limb overflows");
            self.mul(self)
        }
        fn add(self, b: Self) -> Self {
            Self::each(|i| self.0[i] + b.0[i])
        }
        fn sub(self, b: Self) -> Self {
            let bias = FIELD.bias(2);
            assert!((0..N).all(|i| b.0[i] <= u64::from(bias[i])), "a difference below 0");
            Self::each(|i| self.0[i] + u64::from(bias[i]))
        }
        fn carry(self) -> Self {
            let fold = u64::from(FIELD.fold());
            let carried = |i: usize| match i {
                0 => fold * (self.0[N - 1] >> LIMB_BITS),
                _ => self.0[i - 1] >> LIMB_BITS,
            };
            let out = Self::each(|i| self.0[i].min(MASK) + carried(i));
            assert!(out.is_tight());
            out
        }
    }

    /// From tight coordinates and entries come tight coordinates and entries, and nothing overflows between.
    #[test]
    fn no_tight_point_overflows_a_formula() {
        let tight = Bound::TIGHT;
        let point = Point { x: tight, y: tight, z: tight, t: tight };
        let entry = point.entry();
        let [plus, minus, z2, td2] = entry.0;
        assert!(plus.is_tight() && minus.is_tight() && td2.is_tight());
        assert!(z2.0.iter().all(|&limb| limb <= 2 * (u64::from(TIGHT) - 1)));
        let widest = Entry([tight, tight, tight.add(tight), tight]);
        for factors in [point.double(), point.add(&widest, false), point.add(&widest, true)] {
            let next = factors.complete(tight, true);
            assert!([next.x, next.y, next.z, next.t].iter().all(|fe| fe.is_tight()));
        }
    }

    #[test]
    #[should_panic(expected = "a column below 2^64")]
    fn two_differences_would_overflow() {
        let difference = Bound::TIGHT.sub(Bound::TIGHT);
        difference.mul(difference);
    }
}
