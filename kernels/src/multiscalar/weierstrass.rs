//! Sums of many scalar multiples of points of a curve y² = x³ + ax + b, in lanes, and whether they are a given point.
//!
//! Contract. [`Workspace::compare`] compares Σ xᵢ·Pᵢ + c·G with a point, for points of a table ([`Points`]), scalars below
//! 2^128 with a sign, and a c that the caller can compute ([`Windows::offset`]). Its answer is one of three: equal,
//! different, or unknown, where an addition was exceptional. It knows nothing of signatures.
//!
//! # Method
//! Buckets, as of edwards25519 (see the module above): a lane holds one bucket of a sorted window, then one window, then
//! everything. The formulas are incomplete, so nothing may start from infinity: every bucket starts from a secret point
//! T₀, the running sum of a window from T₁, and the sum of running sums from T₂, all multiples of G that nobody knows who
//! made the signatures. So the sum of a window with B buckets is too large by B(B + 1)/2·T₀ + B·T₁ + T₂, which is
//! known as a multiple of G; empty buckets need no care; and an addition meets P = ±Q only by a chance of 2^-128 for
//! each, whatever points repeat. If it does, Z is 0 from there on and the answer is unknown.
//!
//! # Cost, in multiplications
//! A term costs 11 a window, a bucket 11 + 2·16 in every window of a vector of windows. The width minimises the sum.
//!
//! # Rejected
//! Affine additions with one inversion for many, 6 multiplications instead of 11: each reads two points and stores one
//! for every addition, where a bucket here stays in registers; not built.

use super::buckets::AHEAD;
use super::digits::{Terms, WIDTHS, Window};
use crate::curve::weierstrass::{self as curve, Affine, Curve, Decode, Encoded, Encodings, Jacobian};
use crate::field::prime256::{self, Family, PrimeLanes};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Rows, Token, Vector};
use core::marker::PhantomData;

/// Bits of a scalar, without its sign.
pub const BITS: usize = 128;

/// Rows of a bucket: X, W, Z.
const BUCKET_ROWS: usize = 2;

/// Affine points, a row each: x and 2y as integers in the form of the prime. Entry 0 stands for none.
#[derive(Debug)]
pub struct Points {
    rows: Rows,
    count: usize,
}

impl Default for Points {
    fn default() -> Self {
        let mut points = Self { rows: Rows::new(), count: 0 };
        points.clear();
        points
    }
}

/// Writes decoded points, and their images under the endomorphism beside them where asked for.
struct Store<'a, C, F> {
    points: &'a [(Affine<F>, u8)],
    images: bool,
    rows: &'a mut [[u64; 8]],
    first: usize,
    curve: PhantomData<C>,
}

#[inline(always)]
fn row<F: PrimeLanes>(x: F, w: F) -> [F::Vector; 8] {
    let [a, b, c, d] = prime256::words_from_limbs(prime256::canonical(x));
    let [e, f, g, h] = prime256::words_from_limbs(prime256::canonical(w));
    [a, b, c, d, e, f, g, h]
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Store<'_, C, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let stride = if self.images { 2 } else { 1 };
        let mut at = self.first;
        let mut i = 0;
        while i < self.points.len() {
            let Affine { x, w } = self.points[i].0;
            F::Vector::scatter_rows(row(x, w), self.rows, at, stride);
            if let (true, Some(beta)) = (self.images, &C::BETA) {
                let image = x.mul(F::splat(token, beta));
                F::Vector::scatter_rows(row(image, w), self.rows, at + 1, stride);
            }
            at += stride * F::Vector::LANES;
            i += 1;
        }
    }
}

impl Points {
    /// Forgets all points.
    #[inline]
    pub fn clear(&mut self) {
        self.rows.resize(1);
        self.rows[0] = [0; 8];
        self.count = 1;
    }

    /// Adds points; gives the entry of the first. With `images` every other entry is the image of the one before under
    /// the endomorphism. `on_curve` is told of each point; one that is not on the curve becomes G.
    pub fn decode<C: Curve, S: Family>(
        &mut self,
        token: S::Token,
        encoded: &[Encoded],
        images: bool,
        on_curve: &mut Vec<bool>,
    ) -> u32 {
        /// Vectors decoded at a time.
        const TOGETHER: usize = 4;
        let lanes = S::Vector::LANES;
        let of = PhantomData::<(C, S::Field<C::Prime>)>;
        let first = self.count;
        let stride = if images { 2 } else { 1 };
        let vectors = encoded.len().div_ceil(TOGETHER * lanes) * TOGETHER;
        self.rows.resize(first + vectors * lanes * stride);
        for (group, encoded) in encoded.chunks(TOGETHER * lanes).enumerate() {
            let mut encodings = [Encodings::EMPTY; TOGETHER];
            for (i, point) in encoded.iter().enumerate() {
                encodings[i / lanes].set(i % lanes, point);
            }
            let [a, b, c, d] = &encodings;
            let points = token.vectorize(Decode { encodings: [a, b, c, d], of });
            let at = first + group * TOGETHER * lanes * stride;
            let curve = PhantomData::<C>;
            token.vectorize(Store { points: &points, images, rows: &mut self.rows, first: at, curve });
            on_curve.extend((0..encoded.len()).map(|i| points[i / lanes].1 >> (i % lanes) & 1 == 1));
        }
        self.count = first + encoded.len() * stride;
        self.rows.resize(self.count);
        first as u32
    }
}

/// The secret points that sums start from, with their multiples of G: T₀, T₁, T₂.
#[derive(Clone, Copy, Debug)]
pub struct Blinds {
    /// x and y of each.
    pub points: [Encoded; 3],
}

/// How a sum is cut: what the caller needs to know how much too large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    width: usize,
    count: usize,
}

impl Windows {
    /// The shape of a sum of so many terms.
    pub fn of<S: Family>(terms: &Terms) -> Self {
        let lanes = S::Vector::LANES;
        let mut best = (Self { width: *WIDTHS.start(), count: 0 }, usize::MAX);
        for width in WIDTHS {
            let count = terms.windows(width);
            let cost = 11 * terms.len() * count + 43 * count.next_multiple_of(lanes) * (1 << (width - 1));
            if cost < best.1 {
                best = (Self { width, count }, cost);
            }
        }
        best.0
    }

    /// The bits between windows, their number, and of every window the coefficients of T₀, T₁ and T₂ that are added to it.
    #[inline]
    pub fn offset(self) -> (usize, usize, [u64; 3]) {
        let buckets = 1u64 << (self.width - 1);
        (self.width, self.count, [buckets * (buckets + 1) / 2, buckets, 1])
    }
}

/// Whether a sum is the point that it was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is.
    Equal,
    /// It is not.
    Different,
    /// An addition was exceptional: nothing is known.
    Unknown,
}

/// Memory of a sum, kept from one to the next.
#[derive(Debug)]
pub struct Workspace {
    window: Window,
    table: Rows,
    entries: Vec<u32>,
    sums: Rows,
}

impl Default for Workspace {
    fn default() -> Self {
        Self { window: Window::default(), table: Rows::new(), entries: Vec::new(), sums: Rows::new() }
    }
}

/// P + Q of two Jacobian points: 12 multiplications and 4 squarings, a reduction less. Bounds as in `curve`.
#[inline(always)]
pub(crate) fn add_general<F: PrimeLanes>(p: Jacobian<F>, q: Jacobian<F>) -> Jacobian<F> {
    let qq = q.z.square(); // 1.3
    let qqq = q.z.mul(qq); // 1.2
    let pp = p.z.square();
    let ppp = p.z.mul(pp);
    let u = p.x.mul(qq); // 1.1
    let s = p.w.mul(qqq); // 1.6
    let h = F::sub_wide::<2>(q.x.mul_wide(pp), u.widen());
    let h2 = F::carry(F::twice(h)); // 6.2
    let h = F::carry(h); // 3.1
    let ii = h2.square(); // 3.4
    let r = F::carry(F::sub_wide::<2>(q.w.mul_wide(ppp), s.widen())); // 3.6
    let rr = r.square_wide(); // 1.9
    let j = h.mul_wide(ii); // 1.7
    let v = u.mul_wide(ii); // 1.3
    let x = F::fold(F::sub_wide::<5>(rr, F::add_wide(j, F::twice(v))));
    let z = p.z.mul(q.z).mul(h2); // 1.5
    let fall = F::carry(F::sub_wide::<2>(x.widen(), v)); // 3.1
    let sum = F::mul_add_mul(r, fall, s, F::carry(j)); // 1.9
    Jacobian { x, w: F::carry(F::negate_wide::<4>(F::twice(sum))), z }
}

#[inline(always)]
fn select<F: PrimeLanes>(
    mask: <F::Vector as Vector>::Mask,
    yes: Jacobian<F>,
    no: Jacobian<F>,
) -> Jacobian<F> {
    Jacobian {
        x: F::select(mask, yes.x, no.x),
        w: F::select(mask, yes.w, no.w),
        z: F::select(mask, yes.z, no.z),
    }
}

#[inline(always)]
fn store_bucket<F: PrimeLanes>(bucket: Jacobian<F>, table: &mut [[u64; 8]], first: usize) {
    let (x, w, z) = (bucket.x.to_limbs(), bucket.w.to_limbs(), bucket.z.to_limbs());
    F::Vector::scatter_rows([x[0], x[1], x[2], x[3], x[4], w[0], w[1], w[2]], table, first, BUCKET_ROWS);
    F::Vector::scatter_rows([w[3], w[4], z[0], z[1], z[2], z[3], z[4], z[4]], table, first + 1, BUCKET_ROWS);
}

#[inline(always)]
fn load_bucket<F: PrimeLanes>(token: F::Token, table: &[[[u64; 8]; BUCKET_ROWS]], at: &[u32]) -> Jacobian<F> {
    let [p, q] = F::Vector::gather_entries::<BUCKET_ROWS>(token, table, at, 0);
    Jacobian {
        x: F::from_limbs([p[0], p[1], p[2], p[3], p[4]]),
        w: F::from_limbs([p[5], p[6], p[7], q[0], q[1]]),
        z: F::from_limbs([q[2], q[3], q[4], q[5], q[6]]),
    }
}

/// A point in every lane.
#[inline(always)]
fn splat<F: PrimeLanes>(token: F::Token, point: &Affine<F>) -> Jacobian<F> {
    Jacobian { x: point.x, w: point.w, z: F::one(token) }
}

/// Stores T₀ in the first entries, for buckets without terms.
struct StoreStart<'a, F> {
    start: Affine<F>,
    table: &'a mut [[u64; 8]],
}

impl<F: PrimeLanes> Kernel<F::Token> for StoreStart<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        store_bucket(splat(token, &self.start), self.table, 0);
    }
}

/// Adds up the buckets of a sorted window, two groups of them side by side: bucket of rank r goes to rows 2r and 2r + 1.
struct Accumulate<'a, F> {
    start: Affine<F>,
    points: &'a [[[u64; 8]; 1]],
    list: &'a [u32],
    steps: &'a [u32],
    table: &'a mut [[u64; 8]],
}

impl<F: PrimeLanes> Kernel<F::Token> for Accumulate<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let lanes = F::Vector::LANES;
        let none = [0; MAX_LANES];
        let one = F::Vector::splat(token, 1);
        let mut at = 0;
        let mut group = 0;
        while group < self.steps.len() {
            let first = self.steps[group] as usize;
            let second = if group + 1 < self.steps.len() { self.steps[group + 1] as usize } else { 0 };
            let (starts, lengths) = ([at, at + first * lanes], [first, second]);
            let mut sums = [splat(token, &self.start); 2];
            let mut step = 0;
            while step < lengths[0].max(lengths[1]) {
                let mut entry = [Affine { x: self.start.x, w: self.start.w }; 2];
                let mut negative = [F::Vector::mask(token, 0); 2];
                let mut idle = negative;
                let mut which = 0;
                while which < 2 {
                    let from = starts[which] + step * lanes;
                    let listed: &[u32] = if step < lengths[which] {
                        let ahead = from + AHEAD * lanes;
                        if ahead + lanes <= self.list.len() {
                            let mut lane = 0;
                            while lane < lanes {
                                let row = (self.list[ahead + lane] >> 1) as usize;
                                F::Vector::prefetch_rows::<1>(self.points.as_flattened(), row);
                                lane += 1;
                            }
                        }
                        &self.list[from..from + lanes]
                    } else {
                        &none[..lanes]
                    };
                    let [[a, b, c, d, e, f, g, h]] =
                        F::Vector::gather_entries::<1>(token, self.points, listed, 1);
                    entry[which] = Affine {
                        x: F::from_limbs(prime256::limbs_from_words([a, b, c, d])),
                        w: F::from_limbs(prime256::limbs_from_words([e, f, g, h])),
                    };
                    negative[which] = F::Vector::odd(token, listed);
                    let mut wide = [0; MAX_LANES];
                    let mut lane = 0;
                    while lane < lanes {
                        wide[lane] = u64::from(listed[lane]);
                        lane += 1;
                    }
                    idle[which] = F::Vector::load(token, &wide).less(one.add(one));
                    which += 1;
                }
                let added = curve::add::<F, 2>(sums, entry, negative);
                sums = [select(idle[0], sums[0], added[0]), select(idle[1], sums[1], added[1])];
                step += 1;
            }
            store_bucket(sums[0], self.table, group * lanes * BUCKET_ROWS);
            if group + 1 < self.steps.len() {
                store_bucket(sums[1], self.table, (group + 1) * lanes * BUCKET_ROWS);
            }
            at = starts[1] + second * lanes;
            group += 2;
        }
    }
}

/// Σ j·bucket\[j\] of `LANES` windows at a time, one in each lane, by running sums.
struct Reduce<'a, F> {
    running: Affine<F>,
    sum: Affine<F>,
    table: &'a [[[u64; 8]; BUCKET_ROWS]],
    /// The entry of bucket j + 1 of each lane's window, `LANES` for each j.
    entries: &'a [u32],
    sums: &'a mut [[u64; 8]],
}

impl<F: PrimeLanes> Kernel<F::Token> for Reduce<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let lanes = F::Vector::LANES;
        let mut running = splat(token, &self.running);
        let mut sum = splat(token, &self.sum);
        let mut end = self.entries.len();
        while end > 0 {
            let at = &self.entries[end - lanes..end];
            end -= lanes;
            // In a loop, so that the code of an addition stands there once.
            let mut which = 0;
            while which < 2 {
                let (p, q) = if which == 0 {
                    (running, load_bucket::<F>(token, self.table, at))
                } else {
                    (sum, running)
                };
                let added = add_general(p, q);
                if which == 0 {
                    running = added;
                } else {
                    sum = added;
                }
                which += 1;
            }
        }
        store_bucket(sum, self.sums, 0);
    }
}

/// Σ 2^(width·w)·window\[w\], and whether it is the point in affine coordinates.
struct Compare<'a, C, F> {
    table: &'a [[[u64; 8]; BUCKET_ROWS]],
    windows: Windows,
    point: Affine<F>,
    curve: PhantomData<C>,
}

impl<C: Curve<Prime = F::Modulus>, F: PrimeLanes> Kernel<F::Token> for Compare<'_, C, F> {
    type Output = Outcome;

    #[inline(always)]
    fn run(self, token: F::Token) -> Outcome {
        let Windows { width, count } = self.windows;
        let mut sum = load_bucket::<F>(token, self.table, &[count as u32 - 1; MAX_LANES]);
        let mut window = count - 1;
        while window > 0 {
            window -= 1;
            let mut bit = 0;
            while bit < width {
                let [double] = curve::double::<C, F, 1>([sum]);
                sum = double;
                bit += 1;
            }
            sum = add_general(sum, load_bucket::<F>(token, self.table, &[window as u32; MAX_LANES]));
        }
        if prime256::is_zero(sum.z).bits() != 0 {
            return Outcome::Unknown;
        }
        let square = sum.z.square();
        // Below 7 and 8 times p.
        let x = prime256::equal(sum.x, self.point.x.mul(square));
        let w = prime256::is_zero(F::carry(F::sub_wide::<2>(
            sum.w.widen(),
            self.point.w.mul(square.mul(sum.z)).widen(),
        )));
        if x.and(w).bits() & 1 == 1 { Outcome::Equal } else { Outcome::Different }
    }
}

/// A vector of points.
type Point<C, S> = Affine<<S as Family>::Field<<C as Curve>::Prime>>;

/// A point in every lane, and T₀ to T₂: four vectors.
fn splats<C: Curve, S: Family>(token: S::Token, points: [&Encoded; 4]) -> Option<[Point<C, S>; 4]> {
    let mut encodings = [Encodings::EMPTY; 4];
    for (encodings, point) in encodings.iter_mut().zip(points) {
        for lane in 0..S::Vector::LANES {
            encodings.set(lane, point);
        }
    }
    let [a, b, c, d] = &encodings;
    let of = PhantomData::<(C, S::Field<C::Prime>)>;
    let decoded = token.vectorize(Decode { encodings: [a, b, c, d], of });
    decoded.iter().all(|(_, on_curve)| *on_curve != 0).then(|| decoded.map(|(point, _)| point))
}

impl Workspace {
    /// Compares the sum of all terms, and what its shape adds to it, with a point.
    ///
    /// Panics if a term names an entry that `points` does not have.
    pub fn compare<C: Curve, S: Family>(
        &mut self,
        token: S::Token,
        points: &Points,
        terms: &Terms,
        blinds: &Blinds,
        with: &Encoded,
    ) -> Outcome {
        let [t0, t1, t2] = &blinds.points;
        match splats::<C, S>(token, [t0, t1, t2, with]) {
            Some(decoded) => self.compare_decoded::<C, S>(token, points, terms, decoded),
            None => Outcome::Unknown,
        }
    }

    /// As [`Self::compare`], of T₀ to T₂ and the point when they are decoded, each in every lane.
    pub(crate) fn compare_decoded<C: Curve, S: Family>(
        &mut self,
        token: S::Token,
        points: &Points,
        terms: &Terms,
        [t0, t1, t2, point]: [Point<C, S>; 4],
    ) -> Outcome {
        let lanes = S::Vector::LANES;
        let windows = Windows::of::<S>(terms);
        let Windows { width, count } = windows;
        let buckets = 1usize << (width - 1);
        self.sums.resize(count.next_multiple_of(lanes) * BUCKET_ROWS);
        // Two groups of buckets are stored at a time.
        let stride = buckets.next_multiple_of(2 * lanes);
        let needed = (lanes + lanes * stride) * BUCKET_ROWS;
        if self.table.len() < needed {
            self.table.resize(needed);
        }
        token.vectorize(StoreStart { start: t0, table: &mut self.table });
        for group in (0..count).step_by(lanes) {
            self.entries.clear();
            self.entries.resize(buckets * lanes, 0);
            for lane in 0..lanes.min(count - group) {
                self.window.sort(token, lanes, &[terms], group + lane, width);
                let Window { list, steps, rank, .. } = &self.window;
                let start = lanes + lane * stride;
                let table = &mut self.table[start * BUCKET_ROWS..(start + stride) * BUCKET_ROWS];
                let filled = (steps.len() * lanes) as u32;
                token.vectorize(Accumulate {
                    start: t0,
                    points: points.rows.as_chunks().0,
                    list,
                    steps,
                    table,
                });
                for (bucket, &rank) in rank.iter().enumerate() {
                    if rank < filled {
                        self.entries[bucket * lanes + lane] = start as u32 + rank;
                    }
                }
            }
            token.vectorize(Reduce {
                running: t1,
                sum: t2,
                table: self.table.as_chunks().0,
                entries: &self.entries,
                sums: &mut self.sums[group * BUCKET_ROWS..],
            });
        }
        token.vectorize(Compare { table: self.sums.as_chunks().0, windows, point, curve: PhantomData::<C> })
    }
}
