//! SHA-256 with the SHA extensions of x86-64: of few messages, and of what lanes have left.

use super::super::drive::{Ends, Finisher, Function, Straggler};
use super::super::merkle_damgard::blocks;
use super::{INITIAL, ROUND};
use crate::simd::Kernel;
use crate::simd::sha_ni::{self, ShaNi};
use crate::simd::words::{DigestRows, Rows};
use core::convert::Infallible;

/// `N` messages side by side with the SHA extensions, and the last one by itself.
#[derive(Clone, Copy)]
pub(super) struct Extensions<const N: usize>(pub(super) ShaNi);

impl<const N: usize> Function<ShaNi> for Extensions<N> {
    type State = [sha_ni::State; N];
    type Padding = [u8; 64];
    type Short = Infallible;
    type Finisher = InPairs;
    const LANES: usize = N;
    const BLOCK: usize = 64;

    #[inline(always)]
    fn enter<K: Kernel<ShaNi>>(token: ShaNi, kernel: K) -> K::Output {
        token.vectorize(kernel)
    }
    #[inline(always)]
    fn blocks(length: u64) -> u64 {
        blocks::<u32>(length)
    }
    #[inline(always)]
    fn start(token: ShaNi) -> Self::State {
        [sha_ni::State::new(token, INITIAL); N]
    }
    #[inline(always)]
    fn absorb(token: ShaNi, mut state: Self::State, rows: &Rows<'_>) -> Self::State {
        let mut blocks = [&[0; 64]; N];
        let mut lane = 0;
        while lane < N {
            if let Some(block) = rows[lane].first_chunk() {
                blocks[lane] = block;
            }
            lane += 1;
        }
        sha_ni::compress(token, &mut state, blocks, &ROUND);
        state
    }
    #[inline(always)]
    fn absorb_ends(token: ShaNi, mut state: Self::State, ends: &Ends<'_>) -> Self::State {
        let mut padded = [[0; 64]; N];
        let mut blocks = [&[0; 64]; N];
        let mut lane = 0;
        while lane < N {
            let bit = |mask: u32| mask >> lane & 1 == 1;
            padded[lane] = last_block(ends.rows[lane], bit(ends.marked), bit(ends.last), ends.lengths[lane]);
            lane += 1;
        }
        let mut lane = 0;
        while lane < N {
            blocks[lane] = &padded[lane];
            lane += 1;
        }
        sha_ni::compress(token, &mut state, blocks, &ROUND);
        state
    }
    #[inline(always)]
    fn padding(length: u64, marked: bool) -> [u8; 64] {
        last_block(&[], marked, true, length)
    }
    #[inline(always)]
    fn absorb_padding(token: ShaNi, mut state: Self::State, padding: &[u8; 64]) -> Self::State {
        sha_ni::compress(token, &mut state, [padding; N], &ROUND);
        state
    }
    #[inline(always)]
    fn select(lanes: u32, yes: Self::State, no: Self::State) -> Self::State {
        let mut state = no;
        let mut lane = 0;
        while lane < N {
            state[lane] = if lanes >> lane & 1 == 1 { yes[lane] } else { no[lane] };
            lane += 1;
        }
        state
    }
    #[inline(always)]
    fn digests(state: Self::State, rows: &mut DigestRows) {
        let mut lane = 0;
        while lane < N {
            write_words(&state[lane].words(), &mut rows[lane]);
            lane += 1;
        }
    }
    #[inline(always)]
    fn write_digests(state: Self::State, to: &mut [u8], width: usize) {
        let mut row = [0; 64];
        let mut lane = 0;
        while lane < N {
            write_words(&state[lane].words(), &mut row);
            to[lane * width..][..width].copy_from_slice(&row[..width]);
            lane += 1;
        }
    }
    fn short(_: usize) -> Option<Infallible> {
        None
    }
    #[inline(always)]
    fn digest_short(_: ShaNi, _: &Rows<'_>, _: usize, short: &Infallible) -> Self::State {
        match *short {}
    }
    #[inline(always)]
    fn finisher(self) -> Option<InPairs> {
        Some(InPairs { token: self.0, few: 1 })
    }
}

/// The SHA extensions, for so many messages or fewer.
#[derive(Clone, Copy)]
pub(in super::super) struct InPairs {
    pub(super) token: ShaNi,
    pub(super) few: usize,
}

impl Finisher for InPairs {
    #[inline(always)]
    fn few(self) -> usize {
        self.few
    }
    #[inline(always)]
    fn finish(self, stragglers: &[Straggler<'_>], digests: &mut [u8], width: usize) {
        self.token.vectorize(Finish { stragglers, digests, width });
    }
}

/// A block that holds the end of a message, its padding, or both.
#[inline(always)]
fn last_block(bytes: &[u8], marked: bool, last: bool, length: u64) -> [u8; 64] {
    let mut block = [0; 64];
    block[..bytes.len()].copy_from_slice(bytes);
    if marked && bytes.len() < 64 {
        block[bytes.len()] = 0x80;
    }
    if last {
        block[56..].copy_from_slice(&(length << 3).to_be_bytes());
    }
    block
}

#[inline(always)]
fn write_words(words: &[u32; 8], row: &mut [u8; 64]) {
    let mut i = 0;
    while i < 8 {
        row[4 * i..4 * i + 4].copy_from_slice(&words[i].to_be_bytes());
        i += 1;
    }
}

/// The initial state as a digest.
#[inline]
pub(super) fn initial_row() -> [u8; 64] {
    let mut row = [0; 64];
    write_words(&INITIAL, &mut row);
    row
}

/// What lanes have left, two by two.
pub(super) struct Finish<'a, 'b> {
    pub(super) stragglers: &'a [Straggler<'b>],
    pub(super) digests: &'a mut [u8],
    pub(super) width: usize,
}

impl Kernel<ShaNi> for Finish<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: ShaNi) {
        let Self { stragglers, digests, width } = self;
        for pair in stragglers.chunks(2) {
            let second = if pair.len() == 2 { &pair[1] } else { &pair[0] };
            let mut both = [(&pair[0], pair[0].rest), (second, second.rest)];
            let mut states = [read_state(token, &pair[0].state), read_state(token, &second.state)];
            if pair.len() == 2 {
                while let (Some(a), Some(b)) = (both[0].1.first_chunk(), both[1].1.first_chunk()) {
                    sha_ni::compress(token, &mut states, [a, b], &ROUND);
                    both[0].1 = &both[0].1[64..];
                    both[1].1 = &both[1].1[64..];
                }
            }
            let mut i = 0;
            while i < pair.len() {
                let (straggler, mut rest) = both[i];
                let mut state = [states[i]];
                while let Some(block) = rest.first_chunk() {
                    sha_ni::compress(token, &mut state, [block], &ROUND);
                    rest = &rest[64..];
                }
                let fits = rest.len() < 56;
                if !fits {
                    let block = last_block(rest, true, false, 0);
                    sha_ni::compress(token, &mut state, [&block], &ROUND);
                    rest = &[];
                }
                let block = last_block(rest, fits && !straggler.marked, true, straggler.length);
                sha_ni::compress(token, &mut state, [&block], &ROUND);
                let mut row = [0; 64];
                write_words(&state[0].words(), &mut row);
                let at = straggler.index * width;
                digests[at..at + width].copy_from_slice(&row[..width]);
                i += 1;
            }
        }
    }
}

#[inline(always)]
fn read_state(token: ShaNi, row: &[u8; 64]) -> sha_ni::State {
    let mut words = [0; 8];
    let mut i = 0;
    while i < 8 {
        words[i] = u32::from_be_bytes([row[4 * i], row[4 * i + 1], row[4 * i + 2], row[4 * i + 3]]);
        i += 1;
    }
    sha_ni::State::new(token, words)
}
