//! The formulas of `point.wgsl` and `decode.wgsl`.

use super::field::Fe;

/// A point: X/Z, Y/Z, T = XY/Z.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
    pub(crate) z: Fe,
    pub(crate) t: Fe,
}

/// E, F, G, H.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factors {
    e: Fe,
    f: Fe,
    g: Fe,
    h: Fe,
}

/// Y + X, Y − X, 2Z, 2dT.
#[derive(Debug, Clone, Copy)]
pub struct Entry(pub [Fe; 4]);

impl Point {
    pub(crate) fn identity() -> Self {
        Self { x: Fe::ZERO, y: Fe::ONE, z: Fe::ONE, t: Fe::ZERO }
    }

    pub(crate) fn affine(x: Fe, y: Fe) -> Self {
        Self { x, y, z: Fe::ONE, t: x.mul(y) }
    }

    pub(crate) fn double(&self) -> Factors {
        let (a, b, c) = (self.x.square(), self.y.square(), self.z.square());
        let s = self.x.add(self.y).square();
        let (h, g) = (a.add(b), a.sub(b));
        Factors { e: h.sub(s).carry(), f: c.add(c).add(g).carry(), g, h }
    }

    pub(crate) fn add(&self, q: &Entry, negative: bool) -> Factors {
        let [plus, minus, z2, td2] = q.0;
        let a = self.y.sub(self.x).mul(minus);
        let b = self.y.add(self.x).mul(plus);
        let (c, d) = (self.t.mul(td2), self.z.mul(z2));
        let (difference, sum) = (d.sub(c), d.add(c));
        let (f, g) = if negative { (sum, difference) } else { (difference, sum) };
        Factors { e: b.sub(a).carry(), f, g, h: b.add(a) }
    }

    pub(crate) fn entry(&self) -> Entry {
        Entry([
            self.y.add(self.x).carry(),
            self.y.sub(self.x).carry(),
            self.z.add(self.z),
            self.t.mul(Fe::d2()),
        ])
    }
}

impl Factors {
    pub(crate) fn complete(&self, old_t: Fe, want_t: bool) -> Point {
        let Self { e, f, g, h } = *self;
        let t = if want_t { e.mul(h) } else { old_t };
        Point { x: e.mul(f), y: g.mul(h), z: f.mul(g), t }
    }
}

impl Entry {
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
