//! SHA3-256 (FIPS 202) and Keccak-256, as Ethereum pads it, of many independent messages.
//!
//! Floor in 8 lanes of AVX-512 on Zen 5 (four operations a cycle, two of them rotations): a round has 29 rotations and 66
//! other operations; 24 rounds are 2,280 operations or 570 cycles, 71 for a lane and its 136 bytes. Of the 25 lanes of a
//! state and the 25 of the next one a few have to wait in memory.

use core::marker::PhantomData;

use super::drive::{Ends, Function, Messages, drive, queue};
use crate::simd::words::{DigestRows, MAX_WORD_LANES, Rows, Words};
use crate::simd::{Kernel, Token};

/// The bytes of a block: 1,600 bits less twice the 256 of the digest.
const RATE: usize = 136;

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

/// θ, ρ, π, χ and ι.
#[inline(always)]
fn round<V: Words>(a: &[V; 25], iota: V) -> [V; 25] {
    let c = [
        a[0].xor3(a[5], a[10]).xor3(a[15], a[20]),
        a[1].xor3(a[6], a[11]).xor3(a[16], a[21]),
        a[2].xor3(a[7], a[12]).xor3(a[17], a[22]),
        a[3].xor3(a[8], a[13]).xor3(a[18], a[23]),
        a[4].xor3(a[9], a[14]).xor3(a[19], a[24]),
    ];
    let d = [
        c[4].xor(c[1].rotate_right::<63>()),
        c[0].xor(c[2].rotate_right::<63>()),
        c[1].xor(c[3].rotate_right::<63>()),
        c[2].xor(c[4].rotate_right::<63>()),
        c[3].xor(c[0].rotate_right::<63>()),
    ];
    let mut b = *a;
    b[0] = a[0].xor(d[0]);
    b[1] = a[6].xor(d[1]).rotate_right::<20>();
    b[2] = a[12].xor(d[2]).rotate_right::<21>();
    b[3] = a[18].xor(d[3]).rotate_right::<43>();
    b[4] = a[24].xor(d[4]).rotate_right::<50>();
    b[5] = a[3].xor(d[3]).rotate_right::<36>();
    b[6] = a[9].xor(d[4]).rotate_right::<44>();
    b[7] = a[10].xor(d[0]).rotate_right::<61>();
    b[8] = a[16].xor(d[1]).rotate_right::<19>();
    b[9] = a[22].xor(d[2]).rotate_right::<3>();
    b[10] = a[1].xor(d[1]).rotate_right::<63>();
    b[11] = a[7].xor(d[2]).rotate_right::<58>();
    b[12] = a[13].xor(d[3]).rotate_right::<39>();
    b[13] = a[19].xor(d[4]).rotate_right::<56>();
    b[14] = a[20].xor(d[0]).rotate_right::<46>();
    b[15] = a[4].xor(d[4]).rotate_right::<37>();
    b[16] = a[5].xor(d[0]).rotate_right::<28>();
    b[17] = a[11].xor(d[1]).rotate_right::<54>();
    b[18] = a[17].xor(d[2]).rotate_right::<49>();
    b[19] = a[23].xor(d[3]).rotate_right::<8>();
    b[20] = a[2].xor(d[2]).rotate_right::<2>();
    b[21] = a[8].xor(d[3]).rotate_right::<9>();
    b[22] = a[14].xor(d[4]).rotate_right::<25>();
    b[23] = a[15].xor(d[0]).rotate_right::<23>();
    b[24] = a[21].xor(d[1]).rotate_right::<62>();
    let mut out = b;
    let mut y = 0;
    while y < 25 {
        out[y] = b[y].xor_and_not(b[y + 1], b[y + 2]);
        out[y + 1] = b[y + 1].xor_and_not(b[y + 2], b[y + 3]);
        out[y + 2] = b[y + 2].xor_and_not(b[y + 3], b[y + 4]);
        out[y + 3] = b[y + 3].xor_and_not(b[y + 4], b[y]);
        out[y + 4] = b[y + 4].xor_and_not(b[y], b[y + 1]);
        y += 5;
    }
    out[0] = out[0].xor(iota);
    out
}

#[inline(always)]
fn permute<V: Words<Word = u64>>(token: V::Token, mut state: [V; 25]) -> [V; 25] {
    let mut i = 0;
    while i < 24 {
        state = round(&state, V::splat(token, IOTA[i]));
        i += 1;
    }
    state
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

    fn padding(_: u64) {}

    #[inline(always)]
    fn absorb_padding(token: T, mut state: Self::State, (): &()) -> Self::State {
        state[0] = state[0].xor(T::Words64::splat(token, u64::from(DOMAIN)));
        state[16] = state[16].xor(T::Words64::splat(token, 1 << 63));
        permute(token, state)
    }

    #[inline(always)]
    fn select(lanes: u16, yes: Self::State, no: Self::State) -> Self::State {
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
    messages: &(impl Messages + ?Sized),
    digests: &mut [u8],
    order: &mut Vec<u32>,
) {
    let queue = queue::<T, Sponge<T, DOMAIN>>(messages, order);
    drive(token, Sponge::<T, DOMAIN>(PhantomData), messages, queue, digests, 32);
}

/// The SHA3-256 digest of each message: row i of `digests`, 32 bytes each. `order` is scratch.
pub fn sha3_256<T: Token>(
    token: T,
    messages: &(impl Messages + ?Sized),
    digests: &mut [u8],
    order: &mut Vec<u32>,
) {
    digest_all::<T, 0x06>(token, messages, digests, order);
}

/// As [`sha3_256`], with the padding from before the standard: Ethereum's Keccak-256.
pub fn keccak256<T: Token>(
    token: T,
    messages: &(impl Messages + ?Sized),
    digests: &mut [u8],
    order: &mut Vec<u32>,
) {
    digest_all::<T, 0x01>(token, messages, digests, order);
}
