//! The rounds that SHA-256 and SHA-512 share (FIPS 180-4, sections 6.2.2 and 6.4.2).
//!
//! A round, with three-input logic and rotations: 6 rotations, 4 logical operations and 7 additions, and a word of the
//! schedule 4 rotations, 2 shifts, 2 logical operations and 3 additions. New e depends on old e through a rotation, an
//! exclusive or and an addition only: d, h, the constant, the word and Ch are added up beside them.

use core::marker::PhantomData;

use crate::simd::words::{Word, Words};
use crate::simd::{Kernel, Token};

/// The functions and constants of one member of the family.
pub(super) trait Sigma<V: Words> {
    /// The constants of the rounds.
    const ROUND: &'static [V::Word];
    /// Σ0.
    fn big0(x: V) -> V;
    /// Σ1.
    fn big1(x: V) -> V;
    /// σ0.
    fn small0(x: V) -> V;
    /// σ1.
    fn small1(x: V) -> V;
}

/// A round, a step of its own as those of the fields are (`simd::step`).
struct Round<V, S> {
    state: [V; 8],
    word: V,
    of: PhantomData<S>,
}

impl<V: Words, S: Sigma<V>> Kernel<V::Token> for Round<V, S> {
    type Output = [V; 8];

    #[inline(always)]
    fn run(self, _: V::Token) -> [V; 8] {
        let [a, b, c, d, e, f, g, h] = self.state;
        let x = h.add(self.word).opaque();
        let new_e = x.add(d).opaque().add(e.choose(f, g)).opaque().add(S::big1(e)).opaque();
        let t1 = new_e.sub(d).opaque();
        [t1.add(a.majority(b, c)).opaque().add(S::big0(a)), a, b, c, new_e, e, f, g]
    }
}

#[inline(always)]
fn round<V: Words, S: Sigma<V>>(token: V::Token, state: [V; 8], word: V) -> [V; 8] {
    token.inlined(Round { state, word, of: PhantomData::<S> })
}

/// The word 16 rounds after the first of these: those of this round and of the 1st, 9th and 14th after it.
struct Later<V, S> {
    words: [V; 4],
    of: PhantomData<S>,
}

impl<V: Words, S: Sigma<V>> Kernel<V::Token> for Later<V, S> {
    type Output = V;

    #[inline(always)]
    fn run(self, _: V::Token) -> V {
        let [first, second, tenth, fifteenth] = self.words;
        first.add(tenth).add(S::small0(second).add(S::small1(fifteenth)))
    }
}

/// The statement for i = 0 to 15. LLVM keeps a loop of 16 rounds a loop, whose words then lie in memory and whose state
/// moves from register to register.
macro_rules! sixteen {
    ($i:ident, $statement:block) => {
        sixteen!(@ $i, $statement, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    };
    (@ $i:ident, $statement:block, $($n:literal)*) => {
        $({
            #[allow(non_upper_case_globals, reason = "the caller names it as it names a variable")]
            const $i: usize = $n;
            $statement
        })*
    };
}
pub(super) use sixteen;

#[inline(always)]
pub(super) fn compress<V: Words, S: Sigma<V>>(token: V::Token, state: [V; 8], mut w: [V; 16]) -> [V; 8] {
    let mut s = state;
    rounds::<V, S>(token, &mut s, &mut w, 0);
    add(s, state)
}

/// The rounds from `first` on, a multiple of 16, with the words of the first sixteen of them.
#[inline(always)]
fn rounds<V: Words, S: Sigma<V>>(token: V::Token, state: &mut [V; 8], words: &mut [V; 16], first: usize) {
    let rounds = S::ROUND.len();
    let (mut s, mut w) = (*state, *words);
    let mut t = first;
    while t < rounds - 16 {
        let k = &S::ROUND[t..t + 16];
        sixteen!(i, {
            s = round::<V, S>(token, s, w[i].add(V::splat(token, k[i])).opaque());
            let words = [w[i], w[(i + 1) % 16], w[(i + 9) % 16], w[(i + 14) % 16]];
            w[i] = token.inlined(Later { words, of: PhantomData::<S> });
        });
        t += 16;
    }
    let k = &S::ROUND[rounds - 16..];
    sixteen!(i, {
        s = round::<V, S>(token, s, w[i].add(V::splat(token, k[i])).opaque());
    });
    *state = s;
}

/// What all messages of one length have in common that fill half a block at most: the words of rounds 8 to 15 with
/// their constants, and of the words 16 to 31 that part which words 8 to 15 give.
pub(super) type Short<W> = [W; 24];

/// Of the words 8 to 15 of a block.
pub(super) fn short<W: Word>(
    block: &[W; 16],
    constants: &[W],
    small0: fn(W) -> W,
    small1: fn(W) -> W,
) -> Short<W> {
    let add = |a: W, b: W| W::truncate(a.widen().wrapping_add(b.widen()));
    let mut short = [W::default(); 24];
    for t in 8..16 {
        short[t - 8] = add(block[t], constants[t]);
    }
    for (t, sum) in short[8..].iter_mut().enumerate() {
        let common = |place: usize| if (8..16).contains(&place) { block[place] } else { W::default() };
        *sum = add(add(common(t), small0(common(t + 1))), add(common(t + 9), small1(common(t + 14))));
    }
    short
}

/// As [`compress`] of a block whose words from the eighth on all lanes have in common.
#[inline(always)]
pub(super) fn compress_short<V: Words, S: Sigma<V>>(
    token: V::Token,
    state: [V; 8],
    words: [V; 8],
    short: &Short<V::Word>,
) -> [V; 8] {
    let mut s = state;
    let mut w = [words[0]; 16];
    w[..8].copy_from_slice(&words);
    sixteen!(i, {
        let word = if i < 8 { w[i].add(V::splat(token, S::ROUND[i])) } else { V::splat(token, short[i % 8]) };
        s = round::<V, S>(token, s, word.opaque());
        // Those of the four terms that are not common.
        let mut next = V::splat(token, short[8 + i]);
        if i < 8 {
            next = next.add(w[i]);
        }
        if i < 7 || i == 15 {
            next = next.add(S::small0(w[(i + 1) % 16]));
        }
        if (7..16).contains(&i) {
            next = next.add(w[(i + 9) % 16]);
        }
        if (2..16).contains(&i) {
            next = next.add(S::small1(w[(i + 14) % 16]));
        }
        w[i] = next;
    });
    rounds::<V, S>(token, &mut s, &mut w, 16);
    add(s, state)
}

#[inline(always)]
pub(super) fn compress_expanded<V: Words, S: Sigma<V>>(
    token: V::Token,
    state: [V; 8],
    schedule: &[V::Word],
) -> [V; 8] {
    let mut s = state;
    let mut t = 0;
    while t < schedule.len() {
        let words = &schedule[t..t + 16];
        sixteen!(i, {
            s = round::<V, S>(token, s, V::splat(token, words[i]));
        });
        t += 16;
    }
    add(s, state)
}

#[inline(always)]
fn add<V: Words>(mut s: [V; 8], state: [V; 8]) -> [V; 8] {
    let mut i = 0;
    while i < 8 {
        s[i] = s[i].add(state[i]);
        i += 1;
    }
    s
}
