//! Scalars in signed windows, and the terms of a window in the order of their buckets.
//!
//! # Digits
//! Window w of c bits of x is read with the bit below it, as Booth recoding does: with b = bits c·w − 1 to c·w + c − 1,
//! the digit is ⌈b/2⌉, less 2^c if the highest bit of b is set. Every window is read by itself, without a carry
//! from the window below and without an offset added to the scalar. Digits lie in −2^(c−1) to 2^(c−1).
//!
//! Terms may have plain digits instead, the c bits themselves: twice the buckets, but each bit of the scalar is one bit
//! of one digit, which sums by bits need (`bit_sums`).
//!
//! # Order
//! A counting sort by magnitude, then the buckets ranked by their number of terms and taken `LANES` at a time:
//! each lane works on one bucket, so no two lanes ever meet in one, and lanes of a group finish together but for a
//! term or two. The list is laid out step by step, `LANES` entries each; a lane whose bucket is exhausted adds the
//! neutral element.

use super::buckets::AHEAD;
use crate::scalar;
use crate::simd::{Kernel, Token};

/// The least and the greatest width of a window.
pub(super) const WIDTHS: core::ops::RangeInclusive<usize> = 3..=13;

/// Terms of a sum: which entry of a table of points, times which scalar below 2^`bits`.
#[derive(Debug)]
pub struct Terms {
    bits: usize,
    /// Whether digits are the bits themselves, without signs.
    plain: bool,
    /// Twice the entry, plus one to negate it.
    entries: Vec<u32>,
    words: [Vec<u64>; 4],
}

impl Terms {
    /// No terms yet, of scalars below 2^`bits`, `bits` at most 255.
    #[inline]
    pub fn new(bits: usize) -> Self {
        assert!(bits < 256);
        Self { bits, plain: false, entries: Vec::new(), words: [const { Vec::new() }; 4] }
    }

    /// As [`Self::new`], with digits that are the bits of the scalars: for sums by bits.
    #[inline]
    pub fn plain(bits: usize) -> Self {
        Self { plain: true, ..Self::new(bits) }
    }

    /// Whether digits are the bits of the scalars.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Forgets all terms.
    #[inline]
    pub fn clear(&mut self) {
        self.entries.clear();
        for words in &mut self.words {
            words.clear();
        }
    }

    /// Adds `scalar` times the point of `entry`.
    #[inline]
    pub fn push(&mut self, entry: u32, scalar: &[u64; 4]) {
        self.push_signed(entry << 1, scalar);
    }

    /// Adds `scalar` times the point of `entry`, or its negative.
    #[inline]
    pub fn push_negative_where(&mut self, entry: u32, scalar: &[u64; 4], negative: bool) {
        self.push_signed(entry << 1 | u32::from(negative), scalar);
    }

    /// Adds `scalar`, below L, times the point of `entry`, as the multiple of it or of its negative that is below
    /// L/2: 252 bits, where L has 253.
    #[inline]
    pub fn push_modulo_order(&mut self, entry: u32, scalar: &[u64; 4]) {
        let negative = scalar::negate(scalar);
        if scalar.iter().rev().gt(negative.iter().rev()) {
            self.push_signed(entry << 1 | 1, &negative);
        } else {
            self.push_signed(entry << 1, scalar);
        }
    }

    #[inline]
    fn push_signed(&mut self, entry: u32, scalar: &[u64; 4]) {
        debug_assert!((self.bits..256).all(|bit| scalar[bit / 64] >> (bit % 64) & 1 == 0));
        self.entries.push(entry);
        for i in 0..self.bits.div_ceil(64) {
            self.words[i].push(scalar[i]);
        }
    }

    /// The number of terms.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of windows of `width` bits; where digits have signs, one bit above the scalar is read as its sign.
    #[inline]
    pub(super) fn windows(&self, width: usize) -> usize {
        (self.bits + usize::from(!self.plain)).div_ceil(width)
    }

    /// The number of magnitudes of a digit, 0 aside.
    #[inline]
    pub(super) fn magnitudes(&self, width: usize) -> usize {
        if self.plain { (1 << width) - 1 } else { 1 << (width - 1) }
    }

    /// Bytes held.
    #[inline]
    pub fn capacity_bytes(&self) -> usize {
        self.entries.capacity() * 4 + self.words.iter().map(|words| words.capacity() * 8).sum::<usize>()
    }
}

/// The digits of one window: twice the magnitude, plus one where the digit is negative.
struct Digits<'a> {
    /// Words that hold the lowest bit of the window, and the next.
    low: &'a [u64],
    high: Option<&'a [u64]>,
    /// Bits of `low` below the window and the bit beside it; `None` for the lowest window, which has none beside it.
    shift: Option<usize>,
    width: usize,
    plain: bool,
    out: &'a mut [u16],
}

/// The digit of a window of `width` bits and the bit below.
#[inline(always)]
fn recode(bits: u64, width: usize) -> u16 {
    let bits = bits & ((2 << width) - 1);
    let half = (bits + 1) >> 1;
    let negative = bits >> width;
    let magnitude = if negative == 0 { half } else { (1 << width) - half };
    (magnitude << 1 | negative) as u16
}

/// The plain digit of `width` bits.
#[inline(always)]
fn encode(bits: u64, width: usize) -> u16 {
    ((bits & ((1 << width) - 1)) << 1) as u16
}

impl<T: Token> Kernel<T> for Digits<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: T) {
        let width = self.width;
        let n = self.out.len();
        let (out, low) = (&mut self.out[..n], &self.low[..n]);
        if self.plain {
            let shift = self.shift.unwrap_or(0);
            match self.high {
                Some(high) => {
                    let high = &high[..n];
                    for i in 0..n {
                        out[i] = encode(low[i] >> shift | high[i] << 1 << (63 - shift), width);
                    }
                }
                None => {
                    for i in 0..n {
                        out[i] = encode(low[i] >> shift, width);
                    }
                }
            }
            return;
        }
        match (self.shift, self.high) {
            (None, _) => {
                for i in 0..n {
                    out[i] = recode(low[i] << 1, width);
                }
            }
            (Some(shift), Some(high)) => {
                let high = &high[..n];
                for i in 0..n {
                    out[i] = recode(low[i] >> shift | high[i] << 1 << (63 - shift), width);
                }
            }
            (Some(shift), None) => {
                for i in 0..n {
                    out[i] = recode(low[i] >> shift, width);
                }
            }
        }
    }
}

/// The number of magnitudes of the digits of terms that share buckets, 0 aside.
#[inline]
pub(super) fn magnitudes(sums: &[&Terms], width: usize) -> usize {
    debug_assert!(sums.iter().all(|terms| terms.plain == sums[0].plain), "digits of one kind share buckets");
    sums.iter().map(|terms| terms.magnitudes(width)).max().unwrap_or(0)
}

/// One window, sorted. The vectors are kept from window to window.
#[derive(Debug, Default)]
pub(super) struct Window {
    codes: Vec<u16>,
    /// Terms of each magnitude, then where the next one goes.
    places: Vec<u32>,
    /// Magnitudes, most terms first.
    ranked: Vec<u32>,
    /// Twice the entry, plus one to negate it: step by step, a lane each.
    pub(super) list: Vec<u32>,
    /// Steps of each group of `LANES` buckets; groups without terms are left out.
    pub(super) steps: Vec<u32>,
    /// The rank of each magnitude from 1 on.
    pub(super) rank: Vec<u32>,
}

impl Window {
    /// Sorts the terms of `sums` by their digits in window `index`.
    pub(super) fn sort<T: Token>(
        &mut self,
        token: T,
        lanes: usize,
        sums: &[&Terms],
        index: usize,
        width: usize,
    ) {
        let buckets = magnitudes(sums, width);
        self.codes.clear();
        self.codes.resize(sums.iter().map(|terms| terms.len()).sum(), 0);
        let mut start = 0;
        for terms in sums.iter().filter(|terms| index < terms.windows(width)) {
            let out = &mut self.codes[start..start + terms.len()];
            start += terms.len();
            let bit = if terms.plain { index * width } else { (index * width).saturating_sub(1) };
            let (word, shift) = (bit / 64, bit % 64);
            let words = |word: usize| terms.words.get(word).filter(|words| !words.is_empty());
            if let Some(low) = words(word) {
                let high = words(word + 1).map(Vec::as_slice);
                let shift = (index > 0).then_some(shift);
                token.vectorize(Digits { low, high, shift, width, plain: terms.plain, out });
            }
        }
        self.codes.truncate(start);

        self.places.clear();
        self.places.resize(buckets + 1, 0);
        let places = &mut self.places[..];
        for &code in &self.codes {
            places[usize::from(code >> 1)] += 1;
        }
        self.rank_buckets(buckets);
        self.lay_out(lanes, buckets);

        let (places, list) = (&mut self.places[..], &mut self.list[..]);
        let mut codes = self.codes.iter();
        for terms in sums.iter().filter(|terms| index < terms.windows(width)) {
            for (&entry, &code) in terms.entries.iter().zip(&mut codes) {
                let magnitude = usize::from(code >> 1);
                if magnitude != 0 {
                    let place = places[magnitude];
                    places[magnitude] = place + lanes as u32;
                    list[place as usize] = entry ^ u32::from(code & 1);
                }
            }
        }
    }

    /// Ranks magnitudes by their number of terms, most first: a counting sort again.
    fn rank_buckets(&mut self, buckets: usize) {
        let counts = &self.places[1..];
        let most = counts.iter().copied().max().unwrap_or(0) as usize;
        // One bucket may hold everything; then any order of the others will do.
        let cap = most.min(4 * buckets + 64);
        let class = |count: u32| cap - (count as usize).min(cap);
        self.ranked.clear();
        self.ranked.resize(cap + 2, 0);
        for &count in counts {
            self.ranked[class(count) + 1] += 1;
        }
        for i in 1..self.ranked.len() {
            self.ranked[i] += self.ranked[i - 1];
        }
        self.rank.clear();
        self.rank.resize(buckets, 0);
        for (bucket, &count) in counts.iter().enumerate() {
            let next = &mut self.ranked[class(count)];
            self.rank[bucket] = *next;
            *next += 1;
        }
        self.ranked.clear();
        self.ranked.resize(buckets, 0);
        for (bucket, &rank) in self.rank.iter().enumerate() {
            self.ranked[rank as usize] = bucket as u32 + 1;
        }
    }

    /// Turns counts into places in the list.
    fn lay_out(&mut self, lanes: usize, buckets: usize) {
        self.steps.clear();
        let mut start = 0;
        let mut rank = 0;
        while rank < buckets {
            let group = &self.ranked[rank..(rank + lanes).min(buckets)];
            let mut steps = 0;
            for (lane, &magnitude) in group.iter().enumerate() {
                let place = &mut self.places[magnitude as usize];
                steps = steps.max(*place);
                *place = (start + lane) as u32;
            }
            if steps > 0 {
                self.steps.push(steps);
            }
            start += steps as usize * lanes;
            rank += lanes;
        }
        self.list.clear();
        // The kernel looks ahead.
        self.list.resize(start + AHEAD * lanes, 0);
    }

    /// Bytes held.
    #[inline]
    pub(super) fn capacity_bytes(&self) -> usize {
        self.codes.capacity() * 2
            + (self.places.capacity()
                + self.ranked.capacity()
                + self.list.capacity()
                + self.steps.capacity()
                + self.rank.capacity())
                * 4
    }
}
