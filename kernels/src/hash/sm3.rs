//! SM3 (GB/T 32905-2016, ISO/IEC 10118-3:2018) of many independent messages.
//!
//! Floor in 16 lanes of AVX-512 on Zen 5 (four operations a cycle, two of them rotations): 64 rounds of 19 operations and
//! 52 words of 7, 1,580 in all or 395 cycles, 25 for a lane. But new e depends on old e through six operations, one after
//! another: two additions, the rotation of SS1, an addition, a rotation and an exclusive or of P0. That is 12 cycles a
//! round or 768 a block, so that two vectors are worked on side by side ([`Token::Wide32`]) wherever one does not hold
//! all messages.

use core::convert::Infallible;
use core::marker::PhantomData;

use super::drive::{Messages, drive, queue};
use super::merkle_damgard::{Compression, MerkleDamgard};
use super::sha2::sixteen;
use crate::simd::portable::Portable;
use crate::simd::words::Words;
use crate::simd::{Kernel, Token};

const INITIAL: [u32; 8] =
    [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];

/// The constant of round j, rotated to the left by j (GB/T 32905, sections 4.2 and 5.3.3).
#[rustfmt::skip]
const ROUND: [u32; 64] = [
    0x79cc4519, 0xf3988a32, 0xe7311465, 0xce6228cb, 0x9cc45197, 0x3988a32f, 0x7311465e, 0xe6228cbc,
    0xcc451979, 0x988a32f3, 0x311465e7, 0x6228cbce, 0xc451979c, 0x88a32f39, 0x11465e73, 0x228cbce6,
    0x9d8a7a87, 0x3b14f50f, 0x7629ea1e, 0xec53d43c, 0xd8a7a879, 0xb14f50f3, 0x629ea1e7, 0xc53d43ce,
    0x8a7a879d, 0x14f50f3b, 0x29ea1e76, 0x53d43cec, 0xa7a879d8, 0x4f50f3b1, 0x9ea1e762, 0x3d43cec5,
    0x7a879d8a, 0xf50f3b14, 0xea1e7629, 0xd43cec53, 0xa879d8a7, 0x50f3b14f, 0xa1e7629e, 0x43cec53d,
    0x879d8a7a, 0x0f3b14f5, 0x1e7629ea, 0x3cec53d4, 0x79d8a7a8, 0xf3b14f50, 0xe7629ea1, 0xcec53d43,
    0x9d8a7a87, 0x3b14f50f, 0x7629ea1e, 0xec53d43c, 0xd8a7a879, 0xb14f50f3, 0x629ea1e7, 0xc53d43ce,
    0x8a7a879d, 0x14f50f3b, 0x29ea1e76, 0x53d43cec, 0xa7a879d8, 0x4f50f3b1, 0x9ea1e762, 0x3d43cec5,
];

/// The words of each round: w and w', which is w ^ the word four rounds later.
type Schedule = [[u32; 64]; 2];

/// Rotations to the left, by their names in the standard.
#[inline(always)]
fn left<const RIGHT: i32, V: Words>(x: V) -> V {
    x.rotate_right::<RIGHT>()
}

#[inline(always)]
fn p0<V: Words>(x: V) -> V {
    x.xor3(left::<23, V>(x), left::<15, V>(x))
}

#[inline(always)]
fn p1<V: Words>(x: V) -> V {
    x.xor3(left::<17, V>(x), left::<9, V>(x))
}

/// One round, a step of its own as those of the fields are (`simd::step`); `PARITY` in the first sixteen, where FF and GG
/// are exclusive ors. `words` are K, W and W'.
struct Round<V, const PARITY: bool> {
    state: [V; 8],
    words: [V; 3],
}

impl<V: Words, const PARITY: bool> Kernel<V::Token> for Round<V, PARITY> {
    type Output = [V; 8];

    #[inline(always)]
    fn run(self, _: V::Token) -> [V; 8] {
        let [k, w, w_dash] = self.words;
        let [a, b, c, d, e, f, g, h] = self.state;
        let a12 = left::<20, V>(a);
        let ss1 = left::<25, V>(a12.add(e.add(k).opaque()));
        let (ff, gg) = if PARITY { (a.xor3(b, c), e.xor3(f, g)) } else { (a.majority(b, c), e.choose(f, g)) };
        let tt1 = ff.add(d.add(w_dash).opaque()).opaque().add(ss1.xor(a12));
        let tt2 = gg.add(h.add(w).opaque()).opaque().add(ss1);
        [tt1, a, left::<23, V>(b), c, p0(tt2), e, left::<13, V>(f), g]
    }
}

/// The word 16 rounds after the first of these: see [`later`].
struct Later<V>([V; 5]);

impl<V: Words> Kernel<V::Token> for Later<V> {
    type Output = V;

    #[inline(always)]
    fn run(self, _: V::Token) -> V {
        let [x0, x3, x7, x10, x13] = self.0;
        p1(x0.xor3(x7, left::<17, V>(x13))).xor3(left::<25, V>(x3), x10)
    }
}

/// The word 16 rounds after word i of a window.
#[inline(always)]
fn later<V: Words>(token: V::Token, w: &[V; 16], i: usize) -> V {
    token.inlined(Later([w[i], w[(i + 3) % 16], w[(i + 7) % 16], w[(i + 10) % 16], w[(i + 13) % 16]]))
}

#[inline(always)]
fn compress<V: Words<Word = u32>>(token: V::Token, state: [V; 8], mut w: [V; 16]) -> [V; 8] {
    let mut s = state;
    sixteen!(i, {
        let words = [V::splat(token, ROUND[i]), w[i], w[i].xor(w[(i + 4) % 16])];
        s = token.inlined(Round::<V, true> { state: s, words });
        w[i] = later(token, &w, i);
    });
    let mut t = 16;
    while t < 48 {
        let k = &ROUND[t..t + 16];
        sixteen!(i, {
            let words = [V::splat(token, k[i]), w[i], w[i].xor(w[(i + 4) % 16])];
            s = token.inlined(Round::<V, false> { state: s, words });
            w[i] = later(token, &w, i);
        });
        t += 16;
    }
    let k = &ROUND[48..];
    sixteen!(i, {
        let words = [V::splat(token, k[i]), w[i], w[i].xor(w[(i + 4) % 16])];
        s = token.inlined(Round::<V, false> { state: s, words });
        if i < 4 {
            w[i] = later(token, &w, i);
        }
    });
    let _ = w;
    xor(s, state)
}

#[inline(always)]
fn compress_expanded<V: Words<Word = u32>>(token: V::Token, state: [V; 8], [w, dash]: &Schedule) -> [V; 8] {
    let mut s = state;
    let mut t = 0;
    while t < 64 {
        let (k, w, dash) = (&ROUND[t..t + 16], &w[t..t + 16], &dash[t..t + 16]);
        let parity = t == 0;
        sixteen!(i, {
            let words = [V::splat(token, k[i]), V::splat(token, w[i]), V::splat(token, dash[i])];
            s = if parity {
                token.inlined(Round::<V, true> { state: s, words })
            } else {
                token.inlined(Round::<V, false> { state: s, words })
            };
        });
        t += 16;
    }
    xor(s, state)
}

#[inline(always)]
fn xor<V: Words>(mut s: [V; 8], state: [V; 8]) -> [V; 8] {
    let mut i = 0;
    while i < 8 {
        s[i] = s[i].xor(state[i]);
        i += 1;
    }
    s
}

/// In lanes of `V`.
#[derive(Clone, Copy)]
struct Sm3<V>(PhantomData<V>);

impl<T: Token, V: Words<Token = T, Word = u32>> Compression<T> for Sm3<V> {
    type Vector = V;
    type Word = u32;
    type Schedule = Schedule;
    type Short = Infallible;
    type Finisher = Infallible;
    const INITIAL: [u32; 8] = INITIAL;

    #[inline(always)]
    fn compress(token: T, state: [V; 8], block: [V; 16]) -> [V; 8] {
        compress(token, state, block)
    }
    fn expand(block: [u32; 16]) -> Schedule {
        let mut words = [0u32; 68];
        words[..16].copy_from_slice(&block);
        for j in 16..68 {
            let x = words[j - 16] ^ words[j - 9] ^ words[j - 3].rotate_left(15);
            let x = x ^ x.rotate_left(15) ^ x.rotate_left(23);
            words[j] = x ^ words[j - 13].rotate_left(7) ^ words[j - 6];
        }
        let mut schedule = [[0; 64]; 2];
        for j in 0..64 {
            schedule[0][j] = words[j];
            schedule[1][j] = words[j] ^ words[j + 4];
        }
        schedule
    }
    #[inline(always)]
    fn compress_expanded(token: T, state: [V; 8], schedule: &Schedule) -> [V; 8] {
        compress_expanded(token, state, schedule)
    }
    fn short(_: &[u32; 16]) -> Option<Infallible> {
        None
    }
    #[inline(always)]
    fn compress_short(_: T, _: [V; 8], _: [V; 8], short: &Infallible) -> [V; 8] {
        match *short {}
    }
    #[inline(always)]
    fn finisher(self) -> Option<Infallible> {
        None
    }
}

/// The SM3 digest of each message: row i of `digests`, 32 bytes each. `order` is scratch.
pub fn digest_all<T: Token>(token: T, messages: &dyn Messages, digests: &mut [u8], order: &mut Vec<u32>) {
    // A lone message takes two thirds longer in a lane of a vector than in general registers.
    if let (1, true, Some(portable)) = (messages.count(), T::Words32::LANES > 1, Portable::detect()) {
        return in_lanes_of::<_, <Portable as Token>::Words32>(portable, messages, digests, order);
    }
    // One vector by itself takes less time than two side by side.
    if messages.count() <= T::Words32::LANES {
        in_lanes_of::<T, T::Words32>(token, messages, digests, order);
    } else {
        in_lanes_of::<T, T::Wide32>(token, messages, digests, order);
    }
}

fn in_lanes_of<T: Token, V: Words<Token = T, Word = u32>>(
    token: T,
    messages: &dyn Messages,
    digests: &mut [u8],
    order: &mut Vec<u32>,
) {
    let function = MerkleDamgard::<T, _>::new(Sm3::<V>(PhantomData));
    let order = queue::<T, MerkleDamgard<T, Sm3<V>>>(messages, order);
    drive(token, function, messages, order, digests, 32);
}
