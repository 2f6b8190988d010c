//! Two vectors of words side by side, for functions whose rounds wait for each other.
//!
//! Contract. Lane i is lane i of the first vector, and lane `LANES` / 2 + i that of the second. Every operation is done
//! on one and then on the other, so that in the code two chains of dependent operations alternate and one fills the
//! cycles in which the other waits. The words of two blocks do not fit into registers beside two states; what does not
//! is an operand in memory.

use super::{MAX_WORD_LANES, Rows, Words};

/// Two vectors.
#[derive(Clone, Copy)]
pub struct Pair<V>(V, V);

/// The rows of the second vector.
#[inline(always)]
fn upper<'a, V: Words>(rows: &Rows<'a>) -> Rows<'a> {
    let mut upper: Rows<'a> = [&[]; MAX_WORD_LANES];
    let mut lane = 0;
    while lane < V::LANES {
        upper[lane] = rows[V::LANES + lane];
        lane += 1;
    }
    upper
}

#[inline(always)]
fn zip<V: Words, const N: usize>(low: [V; N], high: [V; N]) -> [Pair<V>; N] {
    let mut words = [Pair(low[0], high[0]); N];
    let mut i = 1;
    while i < N {
        words[i] = Pair(low[i], high[i]);
        i += 1;
    }
    words
}

#[inline(always)]
fn unzip<V: Words, const N: usize>(words: [Pair<V>; N]) -> ([V; N], [V; N]) {
    let (mut low, mut high) = ([words[0].0; N], [words[0].1; N]);
    let mut i = 1;
    while i < N {
        (low[i], high[i]) = (words[i].0, words[i].1);
        i += 1;
    }
    (low, high)
}

impl<V: Words> Words for Pair<V> {
    type Token = V::Token;
    type Word = V::Word;
    const LANES: usize = 2 * V::LANES;
    const CALLS: bool = V::CALLS;

    #[inline(always)]
    fn splat(token: V::Token, word: V::Word) -> Self {
        let vector = V::splat(token, word);
        Self(vector, vector)
    }
    #[inline(always)]
    fn load(token: V::Token, from: &[V::Word; MAX_WORD_LANES]) -> Self {
        let mut upper = *from;
        let mut lane = 0;
        while lane < V::LANES {
            upper[lane] = from[V::LANES + lane];
            lane += 1;
        }
        Self(V::load(token, from), V::load(token, &upper))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.sub(other.0), self.1.sub(other.1))
    }
    #[inline(always)]
    fn opaque(self) -> Self {
        Self(self.0.opaque(), self.1.opaque())
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(self.0.xor(other.0), self.1.xor(other.1))
    }
    #[inline(always)]
    fn rotate_right<const N: i32>(self) -> Self {
        Self(self.0.rotate_right::<N>(), self.1.rotate_right::<N>())
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        Self(self.0.shr::<N>(), self.1.shr::<N>())
    }
    #[inline(always)]
    fn swap_bytes(self) -> Self {
        Self(self.0.swap_bytes(), self.1.swap_bytes())
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        Self(self.0.xor3(b.0, c.0), self.1.xor3(b.1, c.1))
    }
    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        Self(self.0.choose(b.0, c.0), self.1.choose(b.1, c.1))
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        Self(self.0.majority(b.0, c.0), self.1.majority(b.1, c.1))
    }
    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        Self(self.0.xor_and_not(b.0, c.0), self.1.xor_and_not(b.1, c.1))
    }
    #[inline(always)]
    fn select(lanes: u32, yes: Self, no: Self) -> Self {
        Self(V::select(lanes, yes.0, no.0), V::select(lanes >> V::LANES, yes.1, no.1))
    }

    #[inline(always)]
    fn load_blocks(token: V::Token, rows: &Rows<'_>) -> [Self; 16] {
        zip(V::load_blocks(token, rows), V::load_blocks(token, &upper::<V>(rows)))
    }
    #[inline(always)]
    fn load_tails(token: V::Token, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16] {
        let high = V::load_tails(token, &upper::<V>(rows), marked >> V::LANES, mark);
        zip(V::load_tails(token, rows, marked, mark), high)
    }
    #[inline(always)]
    fn load_even_tails(
        token: V::Token,
        rows: &Rows<'_>,
        length: usize,
        marked: bool,
        mark: u8,
    ) -> [Self; 16] {
        let high = V::load_even_tails(token, &upper::<V>(rows), length, marked, mark);
        zip(V::load_even_tails(token, rows, length, marked, mark), high)
    }
    #[inline(always)]
    fn store_rows(words: [Self; 8], rows: &mut [[u8; 64]]) {
        let (low, high) = unzip(words);
        V::store_rows(low, rows);
        V::store_rows(high, &mut rows[V::LANES..]);
    }
    #[inline(always)]
    fn store_packed(words: [Self; 8], to: &mut [u8], width: usize) {
        let (low, high) = unzip(words);
        V::store_packed(low, to, width);
        V::store_packed(high, &mut to[V::LANES * width..], width);
    }
}
