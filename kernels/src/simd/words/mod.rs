//! Vectors of the words that hash functions are made of: 32 or 64 bits, one message per lane.
//!
//! Contract. A lane takes its block from memory where the message lies: [`Words::load_blocks`] reads 16 words of each
//! lane and transposes them in registers, [`Words::load_tails`] does so for the ends of messages, zeros after the last
//! byte and the bit that begins the padding. Words come out as little-endian integers; [`Words::swap_bytes`] makes
//! big-endian ones of them.
//!
//! A trait of its own beside [`super::Vector`], since arithmetic modulo primes needs other operations than hash
//! functions do, and 64-bit lanes alone.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod emulated;
mod pair;
mod portable;

#[cfg(target_arch = "x86_64")]
pub use avx2::U32x8;
#[cfg(target_arch = "x86_64")]
pub use avx512::U32x16;
pub use emulated::EmulatedU32x16;
pub use pair::Pair;
pub use portable::U32x1;

use super::Token;

/// The most lanes of any vector of words: the size of arrays that hold something for each lane.
pub const MAX_WORD_LANES: usize = 32;

/// For each lane some bytes; those beyond the lanes of a vector are not read.
pub type Rows<'a> = [&'a [u8]; MAX_WORD_LANES];

/// For each lane the place of its digest.
pub type DigestRows = [[u8; 64]; MAX_WORD_LANES];

/// An unsigned integer of 32 or 64 bits.
pub trait Word: Copy + core::fmt::Debug + Default + Eq + Send + Sync + 'static {
    /// Its bytes.
    const BYTES: usize;
    /// The low bits of a 64-bit integer.
    fn truncate(value: u64) -> Self;
    /// The value.
    fn widen(self) -> u64;
}

impl Word for u32 {
    const BYTES: usize = 4;
    #[inline(always)]
    fn truncate(value: u64) -> Self {
        value as Self
    }
    #[inline(always)]
    fn widen(self) -> u64 {
        u64::from(self)
    }
}

impl Word for u64 {
    const BYTES: usize = 8;
    #[inline(always)]
    fn truncate(value: u64) -> Self {
        value
    }
    #[inline(always)]
    fn widen(self) -> u64 {
        self
    }
}

/// `LANES` words. Additions wrap.
pub trait Words: Copy {
    /// The token of the instruction set.
    type Token: Token;
    /// The word.
    type Word: Word;
    /// The number of lanes: 1 to 32.
    const LANES: usize;
    /// Whether a compression is a call, not inlined: for vectors whose own operations are calls already.
    const CALLS: bool = false;

    /// The same word in every lane.
    fn splat(token: Self::Token, word: Self::Word) -> Self;
    /// One word for each lane, lane 0 first; those beyond the lanes are not read.
    fn load(token: Self::Token, from: &[Self::Word; MAX_WORD_LANES]) -> Self;
    /// self + other.
    fn add(self, other: Self) -> Self;
    /// self ^ other.
    fn xor(self, other: Self) -> Self;
    /// Rotation to the right by N, 0 < N < the bits of a word.
    fn rotate_right<const N: i32>(self) -> Self;
    /// self >> N, zeros from the left.
    fn shr<const N: i32>(self) -> Self;
    /// The bytes of each word in reverse.
    fn swap_bytes(self) -> Self;
    /// self ^ b ^ c.
    fn xor3(self, b: Self, c: Self) -> Self;
    /// By bit: b where self is 1, c where it is 0.
    fn choose(self, b: Self, c: Self) -> Self;
    /// By bit: the majority of three.
    fn majority(self, b: Self, c: Self) -> Self;
    /// self ^ (!b & c), the χ of Keccak.
    fn xor_and_not(self, b: Self, c: Self) -> Self;
    /// The same words, of which the compiler no longer knows how they came about. LLVM reorders sums of many terms, and
    /// the order decides how long a round waits for the one before it.
    #[inline(always)]
    fn opaque(self) -> Self {
        self
    }
    /// self − other.
    fn sub(self, other: Self) -> Self;
    /// `yes` in the lanes of the mask (bit i is lane i), `no` in the others.
    fn select(lanes: u32, yes: Self, no: Self) -> Self;

    /// 16 words of each lane: word w of lane i is the little-endian integer at byte w · `Word::BYTES` of row i.
    /// Panics on a row that is shorter than 16 words.
    fn load_blocks(token: Self::Token, rows: &Rows<'_>) -> [Self; 16];
    /// As [`Self::load_blocks`] for rows that may be shorter: zeros follow, and in the lanes of `marked` the byte
    /// `mark` comes right after the row's last, where it lies within the 16 words. A longer row is cut.
    fn load_tails(token: Self::Token, rows: &Rows<'_>, marked: u32, mark: u8) -> [Self; 16];
    /// As [`Self::load_tails`] for rows that all have `length` bytes, 16 words at most, marked in every lane or in none.
    #[inline(always)]
    fn load_even_tails(
        token: Self::Token,
        rows: &Rows<'_>,
        length: usize,
        marked: bool,
        mark: u8,
    ) -> [Self; 16] {
        let _ = length;
        Self::load_tails(token, rows, if marked { u32::MAX } else { 0 }, mark)
    }
    /// The inverse for eight words: those of lane i fill the beginning of row i, as little-endian integers.
    /// Panics on fewer rows than lanes.
    fn store_rows(words: [Self; 8], rows: &mut [[u8; 64]]);
    /// As [`Self::store_rows`], the first `width` bytes of each row one after another. Panics on less room than that.
    #[inline(always)]
    fn store_packed(words: [Self; 8], to: &mut [u8], width: usize) {
        let mut rows = [[0; 64]; MAX_WORD_LANES];
        Self::store_rows(words, &mut rows);
        let mut lane = 0;
        while lane < Self::LANES {
            to[lane * width..][..width].copy_from_slice(&rows[lane][..width]);
            lane += 1;
        }
    }
}

/// Rows of `BYTES` bytes for `LANES` lanes with zeros and marks, for instruction sets without masked loads.
#[inline(always)]
fn copy_tails<const BYTES: usize, const LANES: usize>(
    rows: &Rows<'_>,
    marked: u32,
    mark: u8,
) -> [[u8; BYTES]; LANES] {
    let mut blocks = [[0; BYTES]; LANES];
    let mut lane = 0;
    while lane < LANES {
        let row = rows[lane];
        let length = if row.len() < BYTES { row.len() } else { BYTES };
        blocks[lane][..length].copy_from_slice(&row[..length]);
        if length < BYTES && marked >> lane & 1 == 1 {
            blocks[lane][length] = mark;
        }
        lane += 1;
    }
    blocks
}

/// `copy_tails`' blocks as rows.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn as_rows<const BYTES: usize, const LANES: usize>(blocks: &[[u8; BYTES]; LANES]) -> Rows<'_> {
    let mut rows: Rows<'_> = [&[]; MAX_WORD_LANES];
    let mut lane = 0;
    while lane < LANES {
        rows[lane] = &blocks[lane];
        lane += 1;
    }
    rows
}

/// The operations that a 64-bit [`super::Vector`] has under the same names.
macro_rules! words_of_vector {
    () => {
        #[inline(always)]
        fn splat(token: Self::Token, word: u64) -> Self {
            Vector::splat(token, word)
        }
        #[inline(always)]
        fn load(token: Self::Token, from: &[u64; MAX_WORD_LANES]) -> Self {
            Vector::load(token, from)
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Vector::add(self, other)
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            Vector::sub(self, other)
        }
        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            Vector::xor(self, other)
        }
        #[inline(always)]
        fn rotate_right<const N: i32>(self) -> Self {
            Vector::rotate_right::<N>(self)
        }
        #[inline(always)]
        fn shr<const N: i32>(self) -> Self {
            Vector::shr::<N>(self)
        }
        #[inline(always)]
        fn swap_bytes(self) -> Self {
            Vector::swap_bytes(self)
        }
        #[inline(always)]
        fn xor3(self, b: Self, c: Self) -> Self {
            Vector::xor3(self, b, c)
        }
        #[inline(always)]
        fn choose(self, b: Self, c: Self) -> Self {
            Vector::choose(self, b, c)
        }
        #[inline(always)]
        fn majority(self, b: Self, c: Self) -> Self {
            Vector::majority(self, b, c)
        }
        #[inline(always)]
        fn select(lanes: u32, yes: Self, no: Self) -> Self {
            let mask = <Self as Vector>::mask(Vector::token(yes), lanes as u8);
            <Self as Vector>::select(mask, yes, no)
        }
    };
}
use words_of_vector;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::testing::{self, TokenTest};

    fn byte(lane: usize, i: usize) -> u8 {
        (lane * 37 + i * 11 + i / 64) as u8
    }

    /// Every operation on every lane against integers.
    fn check<V: Words>(token: V::Token) {
        let bits = 8 * V::Word::BYTES as u32;
        let all = |f: &dyn Fn(usize) -> u64| {
            let mut words = [V::Word::default(); MAX_WORD_LANES];
            for lane in 0..MAX_WORD_LANES {
                words[lane] = V::Word::truncate(f(lane));
            }
            words
        };
        let lanes = |vector: V| {
            let mut rows = [[0; 64]; MAX_WORD_LANES];
            V::store_rows([vector; 8], &mut rows);
            all(&|lane| {
                let mut bytes = [0; 8];
                bytes[..V::Word::BYTES].copy_from_slice(&rows[lane][..V::Word::BYTES]);
                u64::from_le_bytes(bytes)
            })
        };
        let same = |got: V, expected: &dyn Fn(usize) -> u64| {
            assert_eq!(lanes(got)[..V::LANES], all(expected)[..V::LANES]);
        };
        let value = |seed: u64| move |lane: usize| (seed + lane as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let cut = |f: &dyn Fn(usize) -> u64, lane| V::Word::truncate(f(lane)).widen();
        let (a, b, c) = (value(1), value(101), value(1001));
        let [x, y, z] = [&a as &dyn Fn(usize) -> u64, &b, &c].map(|f| V::load(token, &all(f)));
        let rotated = move |word: u64, n: u32| word >> n | word << (bits - n);
        same(V::splat(token, V::Word::truncate(a(3))), &|_| a(3));
        same(x.add(y), &|i| a(i).wrapping_add(b(i)));
        same(x.sub(y), &|i| a(i).wrapping_sub(b(i)));
        same(x.opaque(), &|i| a(i));
        same(x.xor(y), &|i| a(i) ^ b(i));
        same(x.xor3(y, z), &|i| a(i) ^ b(i) ^ c(i));
        same(x.choose(y, z), &|i| a(i) & b(i) | !a(i) & c(i));
        same(x.majority(y, z), &|i| a(i) & b(i) | a(i) & c(i) | b(i) & c(i));
        same(x.xor_and_not(y, z), &|i| a(i) ^ !b(i) & c(i));
        same(x.rotate_right::<1>(), &|i| rotated(cut(&a, i), 1));
        same(x.rotate_right::<8>(), &|i| rotated(cut(&a, i), 8));
        same(x.rotate_right::<19>(), &|i| rotated(cut(&a, i), 19));
        same(x.rotate_right::<31>(), &|i| rotated(cut(&a, i), 31));
        same(x.shr::<7>(), &|i| cut(&a, i) >> 7);
        same(x.swap_bytes(), &|i| cut(&a, i).swap_bytes() >> (64 - bits));
        same(V::select(0x5a3c_a5a5, x, y), &|i| if 0x5a3c_a5a5u32 >> i & 1 == 1 { a(i) } else { b(i) });
    }

    fn check_blocks<V: Words>(token: V::Token) {
        let bytes = 16 * V::Word::BYTES;
        let mut data = [[0u8; 160]; MAX_WORD_LANES];
        for lane in 0..MAX_WORD_LANES {
            for i in 0..160 {
                data[lane][i] = byte(lane, i);
            }
        }
        let expect = |words: [V; 16], block: &dyn Fn(usize, usize) -> u8| {
            for half in 0..2 {
                let mut eight = [words[0]; 8];
                eight.copy_from_slice(&words[8 * half..8 * half + 8]);
                let mut out = [[0; 64]; MAX_WORD_LANES];
                V::store_rows(eight, &mut out);
                for lane in 0..V::LANES {
                    for i in 0..8 * V::Word::BYTES {
                        let at = half * 8 * V::Word::BYTES + i;
                        assert_eq!(out[lane][i], block(lane, at), "lane {lane}, byte {at}");
                    }
                }
            }
        };
        let mut rows: Rows<'_> = [&[]; MAX_WORD_LANES];
        for lane in 0..V::LANES {
            rows[lane] = &data[lane][lane..];
        }
        expect(V::load_blocks(token, &rows), &|lane, i| byte(lane, lane + i));
        for shift in 0..=bytes + 8 {
            let length = |lane: usize| (shift + 5 * lane) % (bytes + 9);
            for lane in 0..V::LANES {
                rows[lane] = &data[lane][1..1 + length(lane)];
            }
            for marked in [0, u32::MAX, 0xa5c3_5a3c] {
                expect(V::load_tails(token, &rows, marked, 0x80), &|lane, i| match i.cmp(&length(lane)) {
                    core::cmp::Ordering::Less => byte(lane, 1 + i),
                    core::cmp::Ordering::Equal if marked >> lane & 1 == 1 => 0x80,
                    _ => 0,
                });
            }
        }
    }

    fn check_packed<V: Words>(token: V::Token) {
        let mut words = [V::splat(token, V::Word::default()); 8];
        for (w, word) in words.iter_mut().enumerate() {
            let mut lanes = [V::Word::default(); MAX_WORD_LANES];
            for lane in 0..MAX_WORD_LANES {
                lanes[lane] = V::Word::truncate(
                    ((w as u64 + 1) * 0x0123_4567_89ab_cdef) ^ (lane as u64 * 0x1_0000_0001),
                );
            }
            *word = V::load(token, &lanes);
        }
        let mut rows = [[0; 64]; MAX_WORD_LANES];
        V::store_rows(words, &mut rows);
        for width in [32, 8 * V::Word::BYTES] {
            let mut packed = vec![0x77; V::LANES * width + 1];
            V::store_packed(words, &mut packed, width);
            for lane in 0..V::LANES {
                assert_eq!(
                    packed[lane * width..][..width],
                    rows[lane][..width],
                    "lane {lane}, {width} bytes"
                );
            }
            assert_eq!(packed[V::LANES * width], 0x77);
        }
    }

    fn check_even_tails<V: Words>(token: V::Token) {
        let data = [0x5a; 300];
        for length in 0..=16 * V::Word::BYTES {
            let mut rows: Rows<'_> = [&[]; MAX_WORD_LANES];
            for lane in 0..V::LANES {
                rows[lane] = &data[lane..lane + length];
            }
            for marked in [false, true] {
                let even = V::load_even_tails(token, &rows, length, marked, 0x80);
                let other = V::load_tails(token, &rows, if marked { u32::MAX } else { 0 }, 0x80);
                for word in 0..16 {
                    let mut out = [[[0; 64]; MAX_WORD_LANES]; 2];
                    V::store_rows([even[word]; 8], &mut out[0]);
                    V::store_rows([other[word]; 8], &mut out[1]);
                    assert_eq!(out[0], out[1], "{length} bytes, marked {marked}, word {word}");
                }
            }
        }
    }

    struct WordsOfToken;

    impl TokenTest for WordsOfToken {
        fn run<T: Token>(&mut self) {
            let Some(token) = testing::detect::<T>() else { return };
            check::<T::Words32>(token);
            check::<T::Wide32>(token);
            check::<T::Words64>(token);
            check_packed::<T::Words32>(token);
            check_packed::<T::Wide32>(token);
            check_packed::<T::Words64>(token);
            check_blocks::<T::Words32>(token);
            check_blocks::<T::Wide32>(token);
            check_blocks::<T::Words64>(token);
            check_even_tails::<T::Words32>(token);
            check_even_tails::<T::Wide32>(token);
            check_even_tails::<T::Words64>(token);
        }
    }

    #[test]
    fn words_of_every_instruction_set_are_right() {
        testing::on_every_instruction_set(&mut WordsOfToken);
    }
}
