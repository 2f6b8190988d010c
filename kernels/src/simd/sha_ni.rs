//! The SHA extensions of x86: SHA-256 of `N` messages side by side, each in a pair of 128-bit registers.
//!
//! `sha256rnds2` has a latency of four cycles on Zen and starts every second one, so that two messages side by side
//! take little longer than one.

use super::{Enter, Kernel};
use core::arch::x86_64::*;

/// Proof of SHA, SSSE3 and SSE4.1.
#[derive(Clone, Copy, Debug)]
pub struct ShaNi(());

impl ShaNi {
    /// The token, if this CPU has the instructions.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1"))
        .then_some(Self(()))
    }

    /// Runs `kernel` inside a function compiled with these instructions.
    #[inline(always)]
    pub fn vectorize<K: Kernel<Self>>(self, kernel: K) -> K::Output {
        // SAFETY: a token exists only where `detect` found every one of these features.
        unsafe { kernel.enter(self) }
    }
}

impl<K: Kernel<ShaNi>> Enter<ShaNi> for K {
    #[inline(never)]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    unsafe fn enter(self, token: ShaNi) -> K::Output {
        self.run(token)
    }

    #[inline]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    unsafe fn enter_inlined(self, token: ShaNi) -> K::Output {
        self.run(token)
    }
}

/// The state of one message, in the order that the instructions want.
#[derive(Clone, Copy)]
pub struct State {
    /// f, e, b, a.
    abef: __m128i,
    /// h, g, d, c.
    cdgh: __m128i,
}

impl State {
    /// The state of these eight words.
    #[inline(always)]
    pub fn new(_: ShaNi, words: [u32; 8]) -> Self {
        let [a, b, c, d, e, f, g, h] = words;
        // SAFETY: the token proves the features.
        unsafe {
            Self {
                abef: _mm_set_epi32(a as i32, b as i32, e as i32, f as i32),
                cdgh: _mm_set_epi32(c as i32, d as i32, g as i32, h as i32),
            }
        }
    }

    /// The eight words.
    #[inline(always)]
    pub fn words(self) -> [u32; 8] {
        let mut low = [0u32; 4];
        let mut high = [0u32; 4];
        // SAFETY: a state proves the features, and the arrays have 16 bytes.
        unsafe {
            _mm_storeu_si128(low.as_mut_ptr().cast(), self.abef);
            _mm_storeu_si128(high.as_mut_ptr().cast(), self.cdgh);
        }
        [low[3], low[2], high[3], high[2], low[1], low[0], high[1], high[0]]
    }
}

/// Compresses one block of each of `N` messages. `round` holds the constants of the 64 rounds.
#[inline(always)]
pub fn compress<const N: usize>(
    _: ShaNi,
    states: &mut [State; N],
    blocks: [&[u8; 64]; N],
    round: &[u32; 64],
) {
    // SAFETY: the token proves the features; loads stay within the references.
    unsafe {
        let order = _mm_set_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
        let before = *states;
        let mut w = [[_mm_setzero_si128(); 4]; N];
        let mut n = 0;
        while n < N {
            let mut i = 0;
            while i < 4 {
                w[n][i] = _mm_shuffle_epi8(_mm_loadu_si128(blocks[n].as_ptr().add(16 * i).cast()), order);
                i += 1;
            }
            n += 1;
        }
        let mut i = 0;
        while i < 16 {
            let k = _mm_loadu_si128(round[4 * i..4 * i + 4].as_ptr().cast());
            let mut n = 0;
            while n < N {
                let m = &mut w[n];
                let wk = _mm_add_epi32(m[i % 4], k);
                let s = &mut states[n];
                s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, wk);
                s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32::<0x0e>(wk));
                if i < 12 {
                    let (next, last) = (m[(i + 1) % 4], m[(i + 3) % 4]);
                    let part = _mm_add_epi32(
                        _mm_sha256msg1_epu32(m[i % 4], next),
                        _mm_alignr_epi8::<4>(last, m[(i + 2) % 4]),
                    );
                    m[i % 4] = _mm_sha256msg2_epu32(part, last);
                }
                n += 1;
            }
            i += 1;
        }
        let mut n = 0;
        while n < N {
            states[n].abef = _mm_add_epi32(states[n].abef, before[n].abef);
            states[n].cdgh = _mm_add_epi32(states[n].cdgh, before[n].cdgh);
            n += 1;
        }
    }
}
