//! Sums of many affine points at once: in pairs, with one inversion for each level of all sums.
//!
//! # Method
//! P₁ + P₂ has the slope (w₂ − w₁)/D with D = 2·(x₂ − x₁), x₃ = slope² − x₁ − x₂ and w₃ = 2·slope·(x₁ − x₃) − w₁: one
//! multiplication less than 1/D, one squaring, one multiplication. The inverses of all D of a level come from one
//! (Montgomery's trick, three multiplications each): a pass forward multiplies them up, a pass backward takes them
//! apart and adds. The two vectors of a pair have a product each, so that one hides the latency of the other.
//!
//! # Memory
//! Selections are read from their tables twice, forward the abscissae alone, and are never stored. A set of n points
//! becomes ⌈n/2⌉ in its slots, and then shrinks in place: slot i takes the sum of slots i and i + ⌈n/2⌉.
//!
//! # Exceptional lanes
//! D = 0 makes the last product 0 in its lane, for all items there. The pass is then made again with each D compared
//! with 0: the items are named, and D is 1 in their lanes.
//!
//! # Bounds
//! In units of p, as in [`super::super`]: x < 1.02 and w < 2 of every point; D < 6.1; products < 1.7, the fixed point of
//! 6.1·a/16 + 1.

use super::{Base, BaseTable, CombShape, Entry, FIELDS, SIGN};
use crate::curve::weierstrass::Affine;
use crate::field::prime256::{self, PrimeLanes};
use crate::simd::{Kernel, LaneMask, MAX_LANES, Token, Vector, prefetch};

/// Words of digits: of the most columns.
const KEY_WORDS: usize = 16;
const BASE_WORDS: usize = Base::COLUMNS.div_ceil(FIELDS);

/// A vector of items, ready for the sums.
pub(super) struct Prepared<'a> {
    tables: [&'a [Entry]; MAX_LANES],
    /// The digits of k.
    pub(super) key: [[u64; MAX_LANES]; KEY_WORDS],
    /// The digits of g.
    pub(super) base: [[u64; MAX_LANES]; BASE_WORDS],
}

impl<'a> Prepared<'a> {
    /// Room for the digits.
    pub(super) fn new(tables: [&'a [Entry]; MAX_LANES]) -> Self {
        Self { tables, key: [[0; MAX_LANES]; KEY_WORDS], base: [[0; MAX_LANES]; BASE_WORDS] }
    }
}

/// A column of a block.
#[derive(Clone, Copy)]
struct Selection {
    of_base: bool,
    /// The first entry of the block.
    first: usize,
    word: usize,
    shift: u32,
}

/// Two selections and the slot of their sum.
#[derive(Clone, Copy)]
struct Meeting {
    of: [Selection; 2],
    to: usize,
}

/// What is added to what, the same for all vectors of a shape.
pub(super) struct Schedule {
    first: Vec<Meeting>,
    /// Selections without a partner, and their slots.
    alone: Vec<(Selection, usize)>,
    /// Slots that are added, level by level; the sum goes to the first.
    later: Vec<Vec<[usize; 2]>>,
    slots: usize,
    steps: Vec<usize>,
}

/// The columns of a shape that belong to a step.
fn columns<S: CombShape>(of_base: bool, step: usize) -> impl Iterator<Item = Selection> {
    (step < S::STEPS).then_some(()).into_iter().flat_map(move |()| {
        (0..S::BLOCKS).filter(move |block| S::STEPS * block + step < S::COLUMNS).map(move |block| {
            let column = S::STEPS * block + step;
            let shift = 16 * (column % FIELDS) as u32;
            Selection { of_base, first: S::ENTRIES * block, word: column / FIELDS, shift }
        })
    })
}

impl Schedule {
    /// Of the sums of P and G.
    pub(super) fn new<S: CombShape>() -> Self {
        Self::of(
            (0..S::STEPS).map(|step| columns::<S>(false, step).chain(columns::<Base>(true, step)).collect()),
        )
    }

    /// Of the multiples of G alone.
    pub(super) fn of_base() -> Self {
        Self::of((0..Base::STEPS).map(|step| columns::<Base>(true, step).collect()))
    }

    /// The selections of each step.
    fn of(sets: impl Iterator<Item = Vec<Selection>>) -> Self {
        let mut out =
            Self { first: Vec::new(), alone: Vec::new(), later: Vec::new(), slots: 0, steps: Vec::new() };
        for set in sets {
            let at = out.slots;
            let mut left = set.len().div_ceil(2);
            for i in 0..set.len() / 2 {
                out.first.push(Meeting { of: [set[i], set[i + left]], to: at + i });
            }
            if !set.len().is_multiple_of(2) {
                out.alone.push((set[left - 1], at + left - 1));
            }
            out.steps.push(at);
            out.slots += left;
            let mut level = 0;
            while left > 1 {
                let half = left.div_ceil(2);
                if out.later.len() == level {
                    out.later.push(Vec::new());
                }
                out.later[level].extend((0..left / 2).map(|i| [at + i, at + i + half]));
                (left, level) = (half, level + 1);
            }
        }
        out
    }

    /// Slots of a vector.
    #[inline]
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// Where the sum of each step is.
    #[inline]
    pub(super) fn steps(&self) -> &[usize] {
        &self.steps
    }
}

/// Where the points of a level come from.
trait Source<F: PrimeLanes> {
    /// Pairs of a vector.
    fn pairs(&self) -> usize;
    /// The abscissae of a pair.
    fn abscissae(&self, token: F::Token, slots: &[Affine<F>], vector: usize, pair: usize) -> [F; 2];
    /// The points of a pair.
    fn points(&self, token: F::Token, slots: &[Affine<F>], vector: usize, pair: usize) -> [Affine<F>; 2];
    /// The slot of their sum.
    fn to(&self, vector: usize, pair: usize) -> usize;
    /// Asks for what a pair needs.
    fn ask(&self, vector: usize, pair: usize);
}

/// The selections.
struct First<'a> {
    items: &'a [Prepared<'a>],
    bases: [&'a [Entry]; MAX_LANES],
    meetings: &'a [Meeting],
    slots: usize,
}

impl First<'_> {
    #[inline(always)]
    fn of(&self, vector: usize, selection: &Selection) -> (&[&[Entry]; MAX_LANES], &[u64; MAX_LANES]) {
        let item = &self.items[vector];
        match selection.of_base {
            true => (&self.bases, &item.base[selection.word]),
            false => (&item.tables, &item.key[selection.word]),
        }
    }

    #[inline(always)]
    fn words<F: PrimeLanes>(
        &self,
        token: F::Token,
        vector: usize,
        selection: &Selection,
    ) -> ([F::Vector; 8], &[u64; MAX_LANES]) {
        let (tables, digits) = self.of(vector, selection);
        let mut index = [0; MAX_LANES];
        let mut lane = 0;
        while lane < F::Vector::LANES {
            index[lane] = entry_of(selection, digits[lane]);
            lane += 1;
        }
        let [words] = F::Vector::gather_lines(token, tables, index);
        (words, digits)
    }

    #[inline(always)]
    fn abscissa<F: PrimeLanes>(&self, token: F::Token, vector: usize, selection: &Selection) -> F {
        let (w, _) = self.words::<F>(token, vector, selection);
        F::from_limbs(prime256::limbs_from_words([w[0], w[1], w[2], w[3]]))
    }

    #[inline(always)]
    fn point<F: PrimeLanes>(&self, token: F::Token, vector: usize, selection: &Selection) -> Affine<F> {
        let (words, digits) = self.words::<F>(token, vector, selection);
        let [a, b, c, d, e, f, g, h] = words;
        let w = F::from_limbs(prime256::limbs_from_words([e, f, g, h]));
        let sign = F::Vector::splat(token, 1 << (SIGN + selection.shift));
        let negative = F::Vector::load(token, digits).and(sign).equal(sign);
        Affine {
            x: F::from_limbs(prime256::limbs_from_words([a, b, c, d])),
            w: F::carry(F::select_wide(negative, F::negate_wide::<2>(w.widen()), w.widen())),
        }
    }
}

#[inline(always)]
fn entry_of(selection: &Selection, digits: u64) -> usize {
    selection.first + ((digits >> selection.shift) as usize & ((1 << SIGN) - 1))
}

impl<F: PrimeLanes> Source<F> for First<'_> {
    #[inline(always)]
    fn pairs(&self) -> usize {
        self.meetings.len()
    }
    #[inline(always)]
    fn abscissae(&self, token: F::Token, _: &[Affine<F>], vector: usize, pair: usize) -> [F; 2] {
        let [a, b] = &self.meetings[pair].of;
        [self.abscissa(token, vector, a), self.abscissa(token, vector, b)]
    }
    #[inline(always)]
    fn points(&self, token: F::Token, _: &[Affine<F>], vector: usize, pair: usize) -> [Affine<F>; 2] {
        let [a, b] = &self.meetings[pair].of;
        [self.point(token, vector, a), self.point(token, vector, b)]
    }
    #[inline(always)]
    fn to(&self, vector: usize, pair: usize) -> usize {
        vector * self.slots + self.meetings[pair].to
    }
    #[inline(always)]
    fn ask(&self, vector: usize, pair: usize) {
        if vector >= self.items.len() {
            return;
        }
        let mut i = 0;
        while i < 2 {
            let selection = &self.meetings[pair].of[i];
            let (tables, digits) = self.of(vector, selection);
            let mut lane = 0;
            while lane < F::Vector::LANES {
                prefetch(tables[lane], entry_of(selection, digits[lane]));
                lane += 1;
            }
            i += 1;
        }
    }
}

/// Sums of the level before.
struct Later<'a> {
    pairs: &'a [[usize; 2]],
    slots: usize,
}

impl<F: PrimeLanes> Source<F> for Later<'_> {
    #[inline(always)]
    fn pairs(&self) -> usize {
        self.pairs.len()
    }
    #[inline(always)]
    fn abscissae(&self, _: F::Token, slots: &[Affine<F>], vector: usize, pair: usize) -> [F; 2] {
        let [a, b] = self.pairs[pair];
        [slots[vector * self.slots + a].x, slots[vector * self.slots + b].x]
    }
    #[inline(always)]
    fn points(&self, _: F::Token, slots: &[Affine<F>], vector: usize, pair: usize) -> [Affine<F>; 2] {
        let [a, b] = self.pairs[pair];
        [slots[vector * self.slots + a], slots[vector * self.slots + b]]
    }
    #[inline(always)]
    fn to(&self, vector: usize, pair: usize) -> usize {
        vector * self.slots + self.pairs[pair][0]
    }
    #[inline(always)]
    fn ask(&self, _: usize, _: usize) {}
}

/// D of a pair; where it is 0 and `CHECK` asks for it, 1, and the lanes.
#[inline(always)]
fn difference<F: PrimeLanes, const CHECK: bool>(token: F::Token, a: F, b: F) -> (F, u8) {
    let d = F::carry(F::twice(F::sub_wide::<2>(b.widen(), a.widen())));
    if CHECK {
        let zero = prime256::is_zero(d);
        (F::select(zero, F::one(token), d), zero.bits())
    } else {
        (d, 0)
    }
}

/// How many pairs ahead entries are asked for.
const AHEAD: usize = 4;

/// The products of all D, before each and in the end.
struct Forward<'a, X, F, const CHECK: bool> {
    source: &'a X,
    slots: &'a [Affine<F>],
    before: &'a mut [[F; 2]],
    exceptional: &'a mut [u8],
}

impl<X: Source<F>, F: PrimeLanes, const CHECK: bool> Kernel<F::Token> for Forward<'_, X, F, CHECK> {
    /// The products, and the lanes in which one is 0.
    type Output = ([F; 2], u8);

    #[inline(always)]
    fn run(self, token: F::Token) -> Self::Output {
        let pairs = self.source.pairs();
        let vectors = self.exceptional.len();
        let mut product = [F::one(token); 2];
        let mut vector = 0;
        while vector < vectors {
            let mut pair = 0;
            while pair < pairs {
                let ahead = pair + AHEAD;
                let (next, at) =
                    if ahead < pairs { (vector, ahead) } else { (vector + 2, (ahead - pairs) % pairs) };
                self.source.ask(next, at);
                self.source.ask(next + 1, at);
                let [a, b] = self.source.abscissae(token, self.slots, vector, pair);
                let [c, d] = self.source.abscissae(token, self.slots, vector + 1, pair);
                let (first, zero) = difference::<F, CHECK>(token, a, b);
                let (second, zeros) = difference::<F, CHECK>(token, c, d);
                if CHECK {
                    self.exceptional[vector] |= zero;
                    self.exceptional[vector + 1] |= zeros;
                }
                self.before[vector / 2 * pairs + pair] = product;
                let [p, q] = F::join([product[0].mul_wide(first), product[1].mul_wide(second)]);
                product = [F::carry(p), F::carry(q)];
                pair += 1;
            }
            vector += 2;
        }
        let zero = prime256::is_zero(product[0]).or(prime256::is_zero(product[1]));
        (product, zero.bits())
    }
}

/// The sums, by the inverses of the last products.
struct Backward<'a, X, F, const CHECK: bool> {
    source: &'a X,
    slots: &'a mut [Affine<F>],
    before: &'a [[F; 2]],
    vectors: usize,
    product: [F; 2],
}

impl<X: Source<F>, F: PrimeLanes, const CHECK: bool> Kernel<F::Token> for Backward<'_, X, F, CHECK> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let pairs = self.source.pairs();
        let inverse = prime256::invert(self.product[0].mul(self.product[1]));
        let mut inverse = [inverse.mul(self.product[1]), inverse.mul(self.product[0])];
        let mut vector = self.vectors;
        while vector > 0 {
            vector -= 2;
            let mut pair = pairs;
            while pair > 0 {
                pair -= 1;
                let (next, at) = if pair >= AHEAD {
                    (vector, pair - AHEAD)
                } else {
                    (vector.wrapping_sub(2), (pair + pairs).saturating_sub(AHEAD))
                };
                self.source.ask(next, at);
                self.source.ask(next.wrapping_add(1), at);
                let before = self.before[vector / 2 * pairs + pair];
                let a = self.source.points(token, self.slots, vector, pair);
                let b = self.source.points(token, self.slots, vector + 1, pair);
                let (first, _) = difference::<F, CHECK>(token, a[0].x, a[1].x);
                let (second, _) = difference::<F, CHECK>(token, b[0].x, b[1].x);
                let [p, q] = F::join([inverse[0].mul_wide(before[0]), inverse[1].mul_wide(before[1])]);
                let own = [F::carry(p), F::carry(q)]; // 1.2
                let [p, q] = F::join([inverse[0].mul_wide(first), inverse[1].mul_wide(second)]);
                inverse = [F::carry(p), F::carry(q)];
                let rise = [
                    F::carry(F::sub_wide::<3>(a[1].w.widen(), a[0].w.widen())), // 5
                    F::carry(F::sub_wide::<3>(b[1].w.widen(), b[0].w.widen())),
                ];
                let [p, q] = F::join([rise[0].mul_wide(own[0]), rise[1].mul_wide(own[1])]);
                let slope = [F::carry(p), F::carry(q)]; // 1.4
                let [p, q] = F::join([slope[0].square_wide(), slope[1].square_wide()]);
                let x = [
                    F::fold(F::sub_wide::<3>(p, F::add_wide(a[0].x.widen(), a[1].x.widen()))),
                    F::fold(F::sub_wide::<3>(q, F::add_wide(b[0].x.widen(), b[1].x.widen()))),
                ];
                let fall = [
                    F::carry(F::twice(F::sub_wide::<2>(a[0].x.widen(), x[0].widen()))), // 6.1
                    F::carry(F::twice(F::sub_wide::<2>(b[0].x.widen(), x[1].widen()))),
                ];
                let [p, q] = F::join([slope[0].mul_wide(fall[0]), slope[1].mul_wide(fall[1])]); // 1.6
                let w = [
                    F::fold(F::sub_wide::<3>(p, a[0].w.widen())),
                    F::fold(F::sub_wide::<3>(q, b[0].w.widen())),
                ];
                self.slots[self.source.to(vector, pair)] = Affine { x: x[0], w: w[0] };
                self.slots[self.source.to(vector + 1, pair)] = Affine { x: x[1], w: w[1] };
            }
        }
    }
}

/// Stores the selections that have no partner.
struct Alone<'a, F> {
    source: &'a First<'a>,
    selections: &'a [(Selection, usize)],
    slots: &'a mut [Affine<F>],
}

impl<F: PrimeLanes> Kernel<F::Token> for Alone<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let mut vector = 0;
        while vector < self.source.items.len() {
            let mut i = 0;
            while i < self.selections.len() {
                let (selection, to) = &self.selections[i];
                self.slots[vector * self.source.slots + to] = self.source.point(token, vector, selection);
                i += 1;
            }
            vector += 1;
        }
    }
}

/// Adds the pairs of a level.
fn level<X: Source<F>, F: PrimeLanes>(
    token: F::Token,
    source: &X,
    slots: &mut [Affine<F>],
    before: &mut [[F; 2]],
    exceptional: &mut [u8],
) {
    let vectors = exceptional.len();
    let (product, zero) = token.vectorize(Forward::<X, F, false> { source, slots, before, exceptional });
    if zero == 0 {
        token.vectorize(Backward::<X, F, false> { source, slots, before, vectors, product });
    } else {
        let (product, _) = token.vectorize(Forward::<X, F, true> { source, slots, before, exceptional });
        token.vectorize(Backward::<X, F, true> { source, slots, before, vectors, product });
    }
}

/// A point to fill room with.
struct Any;

impl<F: PrimeLanes> Kernel<F::Token> for (Any, core::marker::PhantomData<F>) {
    type Output = F;

    #[inline(always)]
    fn run(self, token: F::Token) -> F {
        F::one(token)
    }
}

/// The sums of the steps of an even number of vectors, in the slots of each; and the lanes of each that met an
/// exceptional case.
pub(super) fn reduce<F: PrimeLanes>(
    token: F::Token,
    schedule: &Schedule,
    base: &BaseTable,
    items: &[Prepared<'_>],
) -> (Vec<Affine<F>>, Vec<u8>) {
    assert!(items.len().is_multiple_of(2), "vectors come in pairs");
    let any = token.vectorize((Any, core::marker::PhantomData::<F>));
    let mut slots = vec![Affine { x: any, w: any }; items.len() * schedule.slots];
    let mut before = vec![[any; 2]; items.len() / 2 * schedule.first.len()];
    let mut exceptional = vec![0; items.len()];
    let first =
        First { items, bases: [&base.entries; MAX_LANES], meetings: &schedule.first, slots: schedule.slots };
    token.vectorize(Alone { source: &first, selections: &schedule.alone, slots: &mut slots });
    level(token, &first, &mut slots, &mut before, &mut exceptional);
    for pairs in &schedule.later {
        let source = Later { pairs, slots: schedule.slots };
        level(token, &source, &mut slots, &mut before, &mut exceptional);
    }
    (slots, exceptional)
}
