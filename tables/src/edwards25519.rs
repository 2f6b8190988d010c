//! Constants of edwards25519 (RFC 8032, section 5.1). Byte strings are little-endian, as on the wire.

/// p = 2²⁵⁵ − 19, the field prime.
pub const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// L = 2²⁵² + 27742317777372353535851937790883648493, the order of the base point.
pub const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The y-coordinates, in every 255-bit encoding that decodes to one, of the eight points whose order divides 8:
/// 0, 1, p − 1, p, p + 1, and the two of order 8 (the roots of d·y⁴ + 2y² = 1). With either sign bit these are
/// the 14 encodings of small-order points; `engine/tests` checks them against a decoder.
pub const SMALL_ORDER_Y: [[u8; 32]; 7] = {
    let mut y = [[0; 32]; 7];
    y[1][0] = 1;
    y[2] = P;
    y[2][0] -= 1;
    y[3] = P;
    y[4] = P;
    y[4][0] += 1;
    y[5] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ];
    y[6] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ];
    y
};

/// d = −121665/121666, the constant of the curve −x² + y² = 1 + dx²y².
pub const D: [u8; 32] = le("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");

/// 2d mod p.
pub const D2: [u8; 32] = le("2406d9dc56dffce7198e80f2eef3d13000e0149a8283b156ebd69b9426b2f159");

/// The square root of −1 that is 2^((p − 1)/4) mod p.
pub const SQRT_MINUS_1: [u8; 32] = le("2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0");

/// Little-endian bytes of a number written in 64 hexadecimal digits.
const fn le(hex: &str) -> [u8; 32] {
    let be = crate::be(hex);
    let mut out = [0; 32];
    let mut i = 0;
    while i < 32 {
        out[i] = be[31 - i];
        i += 1;
    }
    out
}
