//! Curve constants and generated tables, with the source of each.

pub mod edwards25519;
pub mod secp256;
pub mod sm2;
pub mod weierstrass;

/// Whether the big-endian `value` is below the big-endian `bound`.
pub fn be_below(value: &[u8; 32], bound: &[u8; 32]) -> bool {
    value < bound
}

/// Whether the little-endian `value` is below the little-endian `bound`.
pub fn le_below(value: &[u8; 32], bound: &[u8; 32]) -> bool {
    value.iter().rev().lt(bound.iter().rev())
}

/// 32 bytes from 64 lower-case hexadecimal digits, at compile time.
pub const fn be(hex: &str) -> [u8; 32] {
    const fn digit(c: u8) -> u8 {
        match c {
            b'0'..=b'9' => c - b'0',
            b'a'..=b'f' => c - b'a' + 10,
            _ => panic!("a constant is written in lower-case hexadecimal digits"),
        }
    }
    let hex = hex.as_bytes();
    assert!(hex.len() == 64, "a constant has 64 hexadecimal digits");
    let mut out = [0; 32];
    let mut i = 0;
    while i < 32 {
        out[i] = digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]);
        i += 1;
    }
    out
}
pub mod ed25519;
