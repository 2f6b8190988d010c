//! Constants of the two 256-bit ECDSA curves (SEC 2, sections 2.4.1 and 2.4.2). Byte strings are big-endian.

/// secp256k1.
pub mod k1 {
    use crate::be;
    /// p = 2²⁵⁶ − 2³² − 977, the field prime.
    pub const P: [u8; 32] = be("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f");
    /// n, the group order.
    pub const N: [u8; 32] = be("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    /// ⌊n / 2⌋.
    pub const HALF_N: [u8; 32] = be("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
}

/// P-256 (secp256r1).
pub mod r1 {
    use crate::be;
    /// p = 2²⁵⁶ − 2²²⁴ + 2¹⁹² + 2⁹⁶ − 1, the field prime.
    pub const P: [u8; 32] = be("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    /// n, the group order.
    pub const N: [u8; 32] = be("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    /// ⌊n / 2⌋.
    pub const HALF_N: [u8; 32] = be("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");
}
