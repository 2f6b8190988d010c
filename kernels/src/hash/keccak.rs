//! SHA3-256 (FIPS 202) and Keccak-256, as Ethereum pads it, of many independent messages.
//!
//! Floor in 8 lanes of AVX-512 on Zen 5 (four operations a cycle, two of them rotations): a round has 29 rotations and 66
//! other operations; 24 rounds are 2,280 operations or 570 cycles, 71 for a lane and its 136 bytes. Of the 25 lanes of a
//! state and the 25 of the next one a few have to wait in memory. Of a message of eight words and less the other words are
//! zero, which saves 21 operations of the first round, and of the last round a digest takes 34 of 95.

use core::convert::Infallible;
use core::marker::PhantomData;

use super::drive::{Ends, Function, Messages, drive, queue};
use crate::simd::words::{DigestRows, MAX_WORD_LANES, Rows, Words};
use crate::simd::{Kernel, Token};

/// The bytes of a block: 1,600 bits less twice the 256 of the digest.
const RATE: usize = 136;
/// The most bytes of a message that takes a way of its own: eight words.
const SHORT: usize = 64;

/// The constants of ι, from the shift register of FIPS 202, section 3.2.5.
#[rustfmt::skip]
const IOTA: [u64; 24] = [
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
];

/// The parities of the columns.
#[inline(always)]
fn parities<V: Words>(a: &[V; 25]) -> [V; 5] {
    [
        a[0].xor3(a[5], a[10]).xor3(a[15], a[20]),
        a[1].xor3(a[6], a[11]).xor3(a[16], a[21]),
        a[2].xor3(a[7], a[12]).xor3(a[17], a[22]),
        a[3].xor3(a[8], a[13]).xor3(a[18], a[23]),
        a[4].xor3(a[9], a[14]).xor3(a[19], a[24]),
    ]
}

/// χ of a row.
#[inline(always)]
fn chi<V: Words>(b: [V; 5]) -> [V; 5] {
    [
        b[0].xor_and_not(b[1], b[2]),
        b[1].xor_and_not(b[2], b[3]),
        b[2].xor_and_not(b[3], b[4]),
        b[3].xor_and_not(b[4], b[0]),
        b[4].xor_and_not(b[0], b[1]),
    ]
}

/// A round of words with these parities and the constant of ι, a step of its own as those of the fields are
/// (`simd::step`).
struct Round<V>([V; 25], [V; 5], V);

impl<V: Words<Word = u64>> Kernel<V::Token> for Round<V> {
    type Output = [V; 25];

    #[inline(always)]
    fn run(self, _: V::Token) -> [V; 25] {
        round(&self.0, self.1, self.2)
    }
}

/// θ of words with these parities, ρ, π, χ and ι, row by row: a row's five words are the last use of five of the
/// state, so that the two states take little more room than one.
#[inline(always)]
fn round<V: Words>(a: &[V; 25], c: [V; 5], iota: V) -> [V; 25] {
    let d = [
        c[4].xor(c[1].rotate_right::<63>()),
        c[0].xor(c[2].rotate_right::<63>()),
        c[1].xor(c[3].rotate_right::<63>()),
        c[2].xor(c[4].rotate_right::<63>()),
        c[3].xor(c[0].rotate_right::<63>()),
    ];
    let r0 = chi([
        a[0].xor(d[0]),
        a[6].xor(d[1]).rotate_right::<20>(),
        a[12].xor(d[2]).rotate_right::<21>(),
        a[18].xor(d[3]).rotate_right::<43>(),
        a[24].xor(d[4]).rotate_right::<50>(),
    ]);
    let r1 = chi([
        a[3].xor(d[3]).rotate_right::<36>(),
        a[9].xor(d[4]).rotate_right::<44>(),
        a[10].xor(d[0]).rotate_right::<61>(),
        a[16].xor(d[1]).rotate_right::<19>(),
        a[22].xor(d[2]).rotate_right::<3>(),
    ]);
    let r2 = chi([
        a[1].xor(d[1]).rotate_right::<63>(),
        a[7].xor(d[2]).rotate_right::<58>(),
        a[13].xor(d[3]).rotate_right::<39>(),
        a[19].xor(d[4]).rotate_right::<56>(),
        a[20].xor(d[0]).rotate_right::<46>(),
    ]);
    let r3 = chi([
        a[4].xor(d[4]).rotate_right::<37>(),
        a[5].xor(d[0]).rotate_right::<28>(),
        a[11].xor(d[1]).rotate_right::<54>(),
        a[17].xor(d[2]).rotate_right::<49>(),
        a[23].xor(d[3]).rotate_right::<8>(),
    ]);
    let r4 = chi([
        a[2].xor(d[2]).rotate_right::<2>(),
        a[8].xor(d[3]).rotate_right::<9>(),
        a[14].xor(d[4]).rotate_right::<25>(),
        a[15].xor(d[0]).rotate_right::<23>(),
        a[21].xor(d[1]).rotate_right::<62>(),
    ]);
    [
        r0[0].xor(iota),
        r0[1],
        r0[2],
        r0[3],
        r0[4],
        r1[0],
        r1[1],
        r1[2],
        r1[3],
        r1[4],
        r2[0],
        r2[1],
        r2[2],
        r2[3],
        r2[4],
        r3[0],
        r3[1],
        r3[2],
        r3[3],
        r3[4],
        r4[0],
        r4[1],
        r4[2],
        r4[3],
        r4[4],
    ]
}

/// The rounds from `first` on. The last one stands by itself: of its state, only what a caller uses is computed.
#[inline(always)]
fn inlined<V: Words<Word = u64>>(token: V::Token, mut state: [V; 25], first: usize) -> [V; 25] {
    let mut i = first;
    while i < 23 {
        state = token.inlined(Round(state, parities(&state), V::splat(token, IOTA[i])));
        i += 1;
    }
    round(&state, parities(&state), V::splat(token, IOTA[23]))
}

/// As [`inlined`], and a call on vectors whose own operations are calls already.
#[inline(always)]
fn rounds<V: Words<Word = u64>>(token: V::Token, state: [V; 25], first: usize) -> [V; 25] {
    #[inline(never)]
    fn call<V: Words<Word = u64>>(token: V::Token, state: [V; 25], first: usize) -> [V; 25] {
        inlined(token, state, first)
    }
    if V::CALLS { call(token, state, first) } else { inlined(token, state, first) }
}

#[inline(always)]
fn permute<V: Words<Word = u64>>(token: V::Token, state: [V; 25]) -> [V; 25] {
    rounds(token, state, 0)
}

/// The sponge, with the byte that begins the padding.
#[derive(Clone, Copy)]
struct Sponge<T, const DOMAIN: u8>(PhantomData<T>);

#[inline(always)]
fn absorb<T: Token>(
    token: T,
    mut state: [T::Words64; 25],
    words: [T::Words64; 16],
    seventeenth: &[u64; MAX_WORD_LANES],
) -> [T::Words64; 25] {
    let mut i = 0;
    while i < 16 {
        state[i] = state[i].xor(words[i]);
        i += 1;
    }
    state[16] = state[16].xor(T::Words64::load(token, seventeenth));
    permute(token, state)
}

impl<T: Token, const DOMAIN: u8> Function<T> for Sponge<T, DOMAIN> {
    type State = [T::Words64; 25];
    type Padding = ();
    type Short = ();
    type Finisher = Infallible;
    const LANES: usize = T::Words64::LANES;
    const BLOCK: usize = RATE;

    #[inline(always)]
    fn enter<K: Kernel<T>>(token: T, kernel: K) -> K::Output {
        token.vectorize(kernel)
    }

    #[inline(always)]
    fn blocks(length: u64) -> u64 {
        length / RATE as u64 + 1
    }

    #[inline(always)]
    fn start(token: T) -> Self::State {
        [T::Words64::splat(token, 0); 25]
    }

    #[inline(always)]
    fn absorb(token: T, state: Self::State, rows: &Rows<'_>) -> Self::State {
        let mut seventeenth = [0; MAX_WORD_LANES];
        let mut lane = 0;
        while lane < Self::LANES {
            seventeenth[lane] = word(&rows[lane][128..], 0);
            lane += 1;
        }
        absorb(token, state, T::Words64::load_blocks(token, rows), &seventeenth)
    }

    #[inline(always)]
    fn absorb_ends(token: T, state: Self::State, ends: &Ends<'_>) -> Self::State {
        let mut seventeenth = [0; MAX_WORD_LANES];
        let mut lane = 0;
        while lane < Self::LANES {
            let bytes = ends.rows[lane];
            let marked = ends.marked >> lane & 1 == 1;
            if bytes.len() >= 128 {
                let mark = if marked { DOMAIN } else { 0 };
                seventeenth[lane] = word(&bytes[128..], mark);
            }
            // The padding ends with the last bit of the block; every lane that is marked ends in it.
            seventeenth[lane] ^= u64::from(marked) << 63;
            lane += 1;
        }
        let words = if ends.even {
            let length = ends.rows[0].len().min(128);
            T::Words64::load_even_tails(token, &ends.rows, length, ends.marked != 0, DOMAIN)
        } else {
            T::Words64::load_tails(token, &ends.rows, ends.marked, DOMAIN)
        };
        absorb(token, state, words, &seventeenth)
    }

    /// Messages of eight words and less, zeros beside them but for the padding: the first round has little to add up.
    fn short(length: usize) -> Option<()> {
        (length <= SHORT).then_some(())
    }
    #[inline(always)]
    fn digest_short(token: T, rows: &Rows<'_>, length: usize, (): &()) -> Self::State {
        assert!(length <= SHORT);
        let words = T::Words64::load_even_tails(token, rows, length, true, DOMAIN);
        let mut state = Self::start(token);
        let mut i = 0;
        while i < 9 {
            state[i] = words[i];
            i += 1;
        }
        state[16] = T::Words64::splat(token, 1 << 63);
        let parities = [
            state[0].xor(state[5]),
            state[1].xor3(state[6], state[16]),
            state[2].xor(state[7]),
            state[3].xor(state[8]),
            state[4],
        ];
        let state = round(&state, parities, T::Words64::splat(token, IOTA[0]));
        rounds(token, state, 1)
    }

    fn padding(_: u64, _: bool) {}

    #[inline(always)]
    fn absorb_padding(token: T, mut state: Self::State, (): &()) -> Self::State {
        state[0] = state[0].xor(T::Words64::splat(token, u64::from(DOMAIN)));
        state[16] = state[16].xor(T::Words64::splat(token, 1 << 63));
        permute(token, state)
    }

    #[inline(always)]
    fn select(lanes: u32, yes: Self::State, no: Self::State) -> Self::State {
        let mut state = no;
        let mut i = 0;
        while i < 25 {
            state[i] = T::Words64::select(lanes, yes[i], no[i]);
            i += 1;
        }
        state
    }

    #[inline(always)]
    fn digests(s: Self::State, rows: &mut DigestRows) {
        T::Words64::store_rows([s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]], rows);
    }
    #[inline(always)]
    fn write_digests(s: Self::State, to: &mut [u8], width: usize) {
        T::Words64::store_packed([s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]], to, width);
    }

    #[inline(always)]
    fn finisher(self) -> Option<Infallible> {
        None
    }
}

/// Up to eight bytes as a little-endian word; `mark` follows where fewer are there.
#[inline(always)]
fn word(bytes: &[u8], mark: u8) -> u64 {
    match bytes.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => {
            let mut all = [0; 8];
            all[..bytes.len()].copy_from_slice(bytes);
            all[bytes.len()] = mark;
            u64::from_le_bytes(all)
        }
    }
}

fn digest_all<T: Token, const DOMAIN: u8>(
    token: T,
    messages: &dyn Messages,
    digests: &mut [u8],
    order: &mut Vec<u32>,
) {
    let queue = queue::<T, Sponge<T, DOMAIN>>(messages, order);
    drive(token, Sponge::<T, DOMAIN>(PhantomData), messages, queue, digests, 32);
}

/// The SHA3-256 digest of each message: row i of `digests`, 32 bytes each. `order` is scratch.
pub fn sha3_256<T: Token>(token: T, messages: &dyn Messages, digests: &mut [u8], order: &mut Vec<u32>) {
    digest_all::<T, 0x06>(token, messages, digests, order);
}

/// As [`sha3_256`], with the padding from before the standard: Ethereum's Keccak-256.
pub fn keccak256<T: Token>(token: T, messages: &dyn Messages, digests: &mut [u8], order: &mut Vec<u32>) {
    digest_all::<T, 0x01>(token, messages, digests, order);
}
