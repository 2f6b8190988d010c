//! The rounds that SHA-256 and SHA-512 share (FIPS 180-4, sections 6.2.2 and 6.4.2).
//!
//! A round, with three-input logic and rotations: 6 rotations, 4 logical operations and 7 additions, and a word of the
//! schedule 4 rotations, 2 shifts, 2 logical operations and 3 additions. New e depends on old e through a rotation, an
//! exclusive or and an addition only: d, h, the constant, the word and Ch are added up beside them.

use crate::simd::words::Words;

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

#[inline(always)]
fn round<V: Words, S: Sigma<V>>(s: [V; 8], word: V) -> [V; 8] {
    let [a, b, c, d, e, f, g, h] = s;
    let x = h.add(word).opaque();
    let new_e = x.add(d).opaque().add(e.choose(f, g)).opaque().add(S::big1(e)).opaque();
    let t1 = new_e.sub(d).opaque();
    [t1.add(a.majority(b, c)).opaque().add(S::big0(a)), a, b, c, new_e, e, f, g]
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
    let rounds = S::ROUND.len();
    let mut s = state;
    let mut t = 0;
    while t < rounds - 16 {
        let k = &S::ROUND[t..t + 16];
        sixteen!(i, {
            s = round::<V, S>(s, w[i].add(V::splat(token, k[i])).opaque());
            let small = S::small0(w[(i + 1) % 16]).add(S::small1(w[(i + 14) % 16]));
            w[i] = w[i].add(w[(i + 9) % 16]).add(small);
        });
        t += 16;
    }
    let k = &S::ROUND[rounds - 16..];
    sixteen!(i, {
        s = round::<V, S>(s, w[i].add(V::splat(token, k[i])).opaque());
    });
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
            s = round::<V, S>(s, V::splat(token, words[i]));
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
