//! The hash functions, as their standards write them.

use crate::constants::{ROUNDS_512, keccak_rounds, sm3_rounds};
use crate::generate::hash::{RHO, SHA256_IV, SHA512_IV, SM3_IV};

/// The message, a 1 bit, zeros, and its bit length in the last `field` bytes of a block of `block` bytes.
fn padded(message: &[u8], block: usize, field: usize) -> Vec<u8> {
    let mut out = message.to_vec();
    out.push(0x80);
    out.resize((message.len() + 1 + field).next_multiple_of(block) - 8, 0);
    out.extend((message.len() as u64 * 8).to_be_bytes());
    out
}

pub(crate) fn sha256(message: &[u8]) -> Vec<u8> {
    let mut state = SHA256_IV.map(|word| word as u32);
    for block in padded(message, 64, 8).chunks_exact(64) {
        let mut w: Vec<u32> =
            block.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect();
        for i in 16..64 {
            let s0 = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
            let s1 = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for i in 0..64 {
            let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let k = (ROUNDS_512[i] >> 32) as u32;
            let t1 =
                [s1, (e & f) ^ (!e & g), k, w[i]].into_iter().fold(h, |sum, term| sum.wrapping_add(term));
            let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let t2 = s0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
        }
        for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(add);
        }
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub(crate) fn sha512(message: &[u8]) -> Vec<u8> {
    let mut state = SHA512_IV;
    for block in padded(message, 128, 16).chunks_exact(128) {
        let mut w: Vec<u64> = block
            .chunks_exact(8)
            .map(|b| b.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)))
            .collect();
        for i in 16..80 {
            let s0 = w[i - 15].rotate_right(1) ^ w[i - 15].rotate_right(8) ^ (w[i - 15] >> 7);
            let s1 = w[i - 2].rotate_right(19) ^ w[i - 2].rotate_right(61) ^ (w[i - 2] >> 6);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for i in 0..80 {
            let s1 = e.rotate_right(14) ^ e.rotate_right(18) ^ e.rotate_right(41);
            let t1 = [s1, (e & f) ^ (!e & g), ROUNDS_512[i], w[i]]
                .into_iter()
                .fold(h, |sum, term| sum.wrapping_add(term));
            let s0 = a.rotate_right(28) ^ a.rotate_right(34) ^ a.rotate_right(39);
            let t2 = s0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
        }
        for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(add);
        }
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub(crate) fn sm3(message: &[u8]) -> Vec<u8> {
    let mut state = SM3_IV.map(|word| word as u32);
    let constants = sm3_rounds();
    let p0 = |x: u32| x ^ x.rotate_left(9) ^ x.rotate_left(17);
    let p1 = |x: u32| x ^ x.rotate_left(15) ^ x.rotate_left(23);
    for block in padded(message, 64, 8).chunks_exact(64) {
        let mut w: Vec<u32> =
            block.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect();
        for i in 16..68 {
            w.push(p1(w[i - 16] ^ w[i - 9] ^ w[i - 3].rotate_left(15)) ^ w[i - 13].rotate_left(7) ^ w[i - 6]);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for i in 0..64 {
            let ss1 = a.rotate_left(12).wrapping_add(e).wrapping_add(constants[i]).rotate_left(7);
            let ss2 = ss1 ^ a.rotate_left(12);
            let (ff, gg) = if i < 16 {
                (a ^ b ^ c, e ^ f ^ g)
            } else {
                ((a & b) | (a & c) | (b & c), (e & f) | (!e & g))
            };
            let tt1 = ff.wrapping_add(d).wrapping_add(ss2).wrapping_add(w[i] ^ w[i + 4]);
            let tt2 = gg.wrapping_add(h).wrapping_add(ss1).wrapping_add(w[i]);
            (d, c, b, a) = (c, b.rotate_left(9), a, tt1);
            (h, g, f, e) = (g, f.rotate_left(19), e, p0(tt2));
        }
        for (word, other) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word ^= other;
        }
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub(crate) fn keccak(message: &[u8], pad: u8) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes.push(pad);
    bytes.resize(bytes.len().next_multiple_of(136), 0);
    *bytes.last_mut().expect("a block") |= 0x80;
    let mut s = [0_u64; 25];
    for block in bytes.chunks_exact(136) {
        for (lane, b) in s.iter_mut().zip(block.chunks_exact(8)) {
            *lane ^= b.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        }
        for constant in keccak_rounds() {
            let c: Vec<u64> = (0..5).map(|x| (0..5).fold(0, |sum, y| sum ^ s[x + 5 * y])).collect();
            let mut b = [0; 25];
            for (lane, &value) in s.iter().enumerate() {
                let (x, y) = (lane % 5, lane / 5);
                let d = c[(x + 4) % 5] ^ c[(x + 1) % 5].rotate_left(1);
                b[y + 5 * ((2 * x + 3 * y) % 5)] = (value ^ d).rotate_left(RHO[lane]);
            }
            for (lane, value) in s.iter_mut().enumerate() {
                let (x, y) = (lane % 5, lane - lane % 5);
                *value = b[lane] ^ (!b[y + (x + 1) % 5] & b[y + (x + 2) % 5]);
            }
            s[0] ^= constant;
        }
    }
    s[..4].iter().flat_map(|lane| lane.to_le_bytes()).collect()
}
