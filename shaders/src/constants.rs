//! The words that every stage reads but none computes: round constants, and multiples of the base point.
//!
//! They lie in a storage buffer and not in the sources: a constant array with a computed index becomes private memory
//! on some drivers, and the table of B is too long for a source.

use crate::layout::{BASE_WIDTH, LIMB_BITS, LIMBS};
use crate::twin::field::Fe;
use sigwarp_tables::ed25519::BASE_MULTIPLES;

/// SHA-512: 80 constants, low word first. The high words of the first 64 are those of SHA-256.
pub const K512: u32 = 0;
/// Keccak: 24 constants of ι, low word first.
pub const KECCAK: u32 = K512 + 160;
/// SM3: the 64 constants Tⱼ ⋘ j.
pub const SM3: u32 = KECCAK + 48;
/// Multiples of B: row `m` is y + x, y − x and 2dxy of m·B, then padding. The doubled Z of each is 2.
pub const BASE: u32 = SM3 + 64;
/// Words of a row of multiples of B: read 16 bytes at a time.
pub const BASE_ROW: u32 = (3 * LIMBS).next_multiple_of(4);
const _: () = assert!(BASE.is_multiple_of(4));
/// Rows: 0 to 2^(w−1).
pub const BASE_ROWS: u32 = (1 << (BASE_WIDTH - 1)) + 1;
/// All words.
pub const WORDS: u32 = BASE + BASE_ROWS * BASE_ROW;

/// The content of [`crate::Buffer::CONSTANTS`].
pub fn words() -> Vec<u32> {
    let mut words = Vec::with_capacity(WORDS as usize);
    for k in ROUNDS_512 {
        words.extend([k as u32, (k >> 32) as u32]);
    }
    for k in keccak_rounds() {
        words.extend([k as u32, (k >> 32) as u32]);
    }
    words.extend(sm3_rounds());
    for m in 0..BASE_ROWS as usize {
        words.extend(base_multiple(m).into_iter().flat_map(|fe| fe.0));
        words.resize((BASE + (m as u32 + 1) * BASE_ROW) as usize, 0);
    }
    words
}

/// m·B as y + x, y − x, 2dxy.
pub(crate) fn base_multiple(m: usize) -> [Fe; 3] {
    let mut limbs = [0; 16];
    limbs[..8].copy_from_slice(&BASE_MULTIPLES.0[2 * m]);
    limbs[8..].copy_from_slice(&BASE_MULTIPLES.0[2 * m + 1]);
    [0, 5, 10].map(|at| from_51(&limbs[at..at + 5]))
}

/// Five limbs of 51 bits, reduced, as limbs of the device.
fn from_51(limbs: &[u64]) -> Fe {
    let mut out = [0; LIMBS as usize];
    for (i, limb) in out.iter_mut().enumerate() {
        for bit in 0..LIMB_BITS as usize {
            let at = i * LIMB_BITS as usize + bit;
            if at < 255 {
                *limb |= ((limbs[at / 51] >> (at % 51) & 1) as u32) << bit;
            }
        }
    }
    Fe(out)
}

/// The constants of ι (FIPS 202, algorithm 5): bit 2ʲ − 1 of constant i is bit j + 7i of a shift register.
pub(crate) fn keccak_rounds() -> [u64; 24] {
    let mut register = 1_u32;
    [(); 24].map(|()| {
        let mut constant = 0;
        for j in 0..7 {
            constant |= u64::from(register & 1) << ((1 << j) - 1);
            register <<= 1;
            if register & 0x100 != 0 {
                register ^= 0x171;
            }
        }
        constant
    })
}

/// Tⱼ ⋘ j (GB/T 32905-2016, 4.2).
pub(crate) fn sm3_rounds() -> [u32; 64] {
    let mut j = 0;
    [(); 64].map(|()| {
        let t: u32 = if j < 16 { 0x79cc_4519 } else { 0x7a87_9d8a };
        j += 1;
        t.rotate_left((j - 1) % 32)
    })
}

/// The constants of SHA-512 (FIPS 180-4, 4.2.3).
#[rustfmt::skip]
pub(crate) const ROUNDS_512: [u64; 80] = [
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
];
