//! What SHA-2 and SM3 share: blocks of 16 big-endian words, a state of eight, and a padding of one bit, zeros and the
//! length in bits (FIPS 180-4, section 5.1; GB/T 32905, section 5.2).

use core::marker::PhantomData;

use super::drive::{Ends, Finisher, Function};
use crate::simd::words::{DigestRows, MAX_WORD_LANES, Rows, Word, Words};
use crate::simd::{Kernel, Token};

/// A compression function in lanes.
pub(super) trait Compression<T: Token>: Copy {
    /// Its words.
    type Vector: Words<Token = T, Word = Self::Word>;
    /// Their integers.
    type Word: Word;
    /// The words of a block, expanded to one or more for each round; constants are added already.
    type Schedule: Copy;
    /// See [`Function::Short`]: messages of half a block and less.
    type Short: Copy;
    /// See [`Function::Finisher`].
    type Finisher: Finisher;
    /// The state before the first block.
    const INITIAL: [Self::Word; 8];
    /// The bytes of every message that the initial state stands for, whole blocks.
    const PREFIX: u64 = 0;

    /// Compresses one block of each lane.
    fn compress(token: T, state: [Self::Vector; 8], block: [Self::Vector; 16]) -> [Self::Vector; 8];
    /// Expands the words of a block.
    fn expand(block: [Self::Word; 16]) -> Self::Schedule;
    /// Compresses the same expanded block in every lane.
    fn compress_expanded(token: T, state: [Self::Vector; 8], schedule: &Self::Schedule) -> [Self::Vector; 8];
    /// What all messages have in common whose last block has these words from the eighth on.
    fn short(block: &[Self::Word; 16]) -> Option<Self::Short>;
    /// Compresses one block of each lane of which words 0 to 7 are here, the others in `short`.
    fn compress_short(
        token: T,
        state: [Self::Vector; 8],
        words: [Self::Vector; 8],
        short: &Self::Short,
    ) -> [Self::Vector; 8];
    /// See [`Function::finisher`].
    fn finisher(self) -> Option<Self::Finisher>;
}

/// A function of [`Compression`], which is a call on vectors whose own operations are calls already: emulated kernels
/// would otherwise be megabytes.
macro_rules! call_where_wanted {
    ($($name:ident($($argument:ident: $from:ty),*);)*) => { $(
        #[inline(always)]
        fn $name<T: Token, C: Compression<T>>(token: T, state: [C::Vector; 8], $($argument: $from),*) -> [C::Vector; 8] {
            #[inline(never)]
            fn call<T: Token, C: Compression<T>>(
                token: T,
                state: [C::Vector; 8],
                $($argument: $from),*
            ) -> [C::Vector; 8] {
                C::$name(token, state, $($argument),*)
            }
            if C::Vector::CALLS {
                call::<T, C>(token, state, $($argument),*)
            } else {
                C::$name(token, state, $($argument),*)
            }
        }
    )* };
}

call_where_wanted! {
    compress(block: [C::Vector; 16]);
    compress_expanded(schedule: &C::Schedule);
    compress_short(words: [C::Vector; 8], short: &C::Short);
}

/// The two words that hold the length of a message in bits.
#[inline(always)]
fn length_words<W: Word>(length: u64) -> [W; 2] {
    let bits = 8 * W::BYTES as u32;
    [W::truncate(length >> (bits - 3)), W::truncate(length << 3)]
}

/// The number of blocks of a message of `length` bytes.
#[inline(always)]
pub(super) fn blocks<W: Word>(length: u64) -> u64 {
    let word = W::BYTES as u64;
    // One more byte at least, and two words.
    (length + 2 * word) / (16 * word) + 1
}

/// The Merkle–Damgård construction over a compression function.
#[derive(Clone, Copy)]
pub(super) struct MerkleDamgard<T, C> {
    compression: C,
    token: PhantomData<T>,
}

impl<T, C> MerkleDamgard<T, C> {
    pub(super) fn new(compression: C) -> Self {
        Self { compression, token: PhantomData }
    }
}

#[inline(always)]
pub(super) fn swap<V: Words>(mut words: [V; 16]) -> [V; 16] {
    let mut i = 0;
    while i < 16 {
        words[i] = words[i].swap_bytes();
        i += 1;
    }
    words
}

impl<T: Token, C: Compression<T>> Function<T> for MerkleDamgard<T, C> {
    type State = [C::Vector; 8];
    type Padding = C::Schedule;
    type Short = C::Short;
    type Finisher = C::Finisher;
    const LANES: usize = C::Vector::LANES;
    const BLOCK: usize = 16 * C::Word::BYTES;

    #[inline(always)]
    fn enter<K: Kernel<T>>(token: T, kernel: K) -> K::Output {
        token.vectorize(kernel)
    }

    #[inline(always)]
    fn blocks(length: u64) -> u64 {
        blocks::<C::Word>(length)
    }

    #[inline(always)]
    fn start(token: T) -> Self::State {
        let mut state = [C::Vector::splat(token, C::INITIAL[0]); 8];
        let mut i = 1;
        while i < 8 {
            state[i] = C::Vector::splat(token, C::INITIAL[i]);
            i += 1;
        }
        state
    }

    #[inline(always)]
    fn absorb(token: T, state: Self::State, rows: &Rows<'_>) -> Self::State {
        compress::<T, C>(token, state, swap(C::Vector::load_blocks(token, rows)))
    }

    #[inline(always)]
    fn absorb_ends(token: T, state: Self::State, ends: &Ends<'_>) -> Self::State {
        let mut block;
        let (mut high, mut low) =
            ([C::Word::default(); MAX_WORD_LANES], [C::Word::default(); MAX_WORD_LANES]);
        if ends.even {
            let (marked, length) = (ends.marked != 0, ends.rows[0].len());
            block = swap(C::Vector::load_even_tails(token, &ends.rows, length, marked, 0x80));
            let length = if ends.last != 0 { ends.lengths[0] + C::PREFIX } else { 0 };
            let [high, low] = length_words(length);
            block[14] = block[14].xor(C::Vector::splat(token, high));
            block[15] = block[15].xor(C::Vector::splat(token, low));
        } else {
            block = swap(C::Vector::load_tails(token, &ends.rows, ends.marked, 0x80));
            let mut lane = 0;
            while lane < C::Vector::LANES {
                let length = if ends.last >> lane & 1 == 1 { ends.lengths[lane] + C::PREFIX } else { 0 };
                [high[lane], low[lane]] = length_words(length);
                lane += 1;
            }
            // These words are zero in a message's last block.
            block[14] = block[14].xor(C::Vector::load(token, &high));
            block[15] = block[15].xor(C::Vector::load(token, &low));
        }
        compress::<T, C>(token, state, block)
    }

    #[inline(always)]
    fn padding(length: u64, marked: bool) -> C::Schedule {
        let mut block = [C::Word::default(); 16];
        block[0] = C::Word::truncate(u64::from(marked) << (8 * C::Word::BYTES - 1));
        [block[14], block[15]] = length_words(length + C::PREFIX);
        C::expand(block)
    }

    #[inline(always)]
    fn absorb_padding(token: T, state: Self::State, schedule: &C::Schedule) -> Self::State {
        compress_expanded::<T, C>(token, state, schedule)
    }

    #[inline(always)]
    fn select(lanes: u32, yes: Self::State, no: Self::State) -> Self::State {
        let mut state = no;
        let mut i = 0;
        while i < 8 {
            state[i] = C::Vector::select(lanes, yes[i], no[i]);
            i += 1;
        }
        state
    }

    #[inline(always)]
    fn digests(mut state: Self::State, rows: &mut DigestRows) {
        let mut i = 0;
        while i < 8 {
            state[i] = state[i].swap_bytes();
            i += 1;
        }
        C::Vector::store_rows(state, rows);
    }
    #[inline(always)]
    fn write_digests(mut state: Self::State, to: &mut [u8], width: usize) {
        let mut i = 0;
        while i < 8 {
            state[i] = state[i].swap_bytes();
            i += 1;
        }
        C::Vector::store_packed(state, to, width);
    }

    fn short(length: usize) -> Option<C::Short> {
        if length > 8 * C::Word::BYTES {
            return None;
        }
        let mut block = [C::Word::default(); 16];
        // The mark of a shorter message is in one of the words before.
        if length == 8 * C::Word::BYTES {
            block[8] = C::Word::truncate(1 << (8 * C::Word::BYTES - 1));
        }
        [block[14], block[15]] = length_words(length as u64 + C::PREFIX);
        C::short(&block)
    }
    #[inline(always)]
    fn digest_short(token: T, rows: &Rows<'_>, length: usize, short: &Self::Short) -> Self::State {
        assert!(length <= 8 * C::Word::BYTES);
        let block = C::Vector::load_even_tails(token, rows, length, true, 0x80);
        let mut words = [block[0]; 8];
        let mut i = 0;
        while i < 8 {
            words[i] = block[i].swap_bytes();
            i += 1;
        }
        compress_short::<T, C>(token, Self::start(token), words, short)
    }

    #[inline(always)]
    fn finisher(self) -> Option<C::Finisher> {
        self.compression.finisher()
    }
}

/// The eight little-endian words of a row.
#[inline(always)]
pub(super) fn digest_words(row: &[u8; 64]) -> [u64; 8] {
    let mut words = [0; 8];
    let mut i = 0;
    while i < 8 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&row[8 * i..8 * i + 8]);
        words[i] = u64::from_le_bytes(bytes);
        i += 1;
    }
    words
}
