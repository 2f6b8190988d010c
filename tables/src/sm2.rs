//! Constants of the SM2 curve (GB/T 32918.5, section 2). Byte strings are big-endian.
use crate::be;

/// p = 2²⁵⁶ − 2²²⁴ − 2⁹⁶ + 2⁶⁴ − 1, the field prime.
pub const P: [u8; 32] = be("fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff");
/// n, the group order.
pub const N: [u8; 32] = be("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");
/// ⌊n / 2⌋.
pub const HALF_N: [u8; 32] = be("7fffffff7fffffffffffffffffffffffb901efb590e30295a9ddfa049ceaa091");
/// a = p − 3, of y² = x³ + ax + b.
pub const A: [u8; 32] = be("fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc");
/// b, of y² = x³ + ax + b.
pub const B: [u8; 32] = be("28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93");
/// x of the base point.
pub const GX: [u8; 32] = be("32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7");
/// y of the base point.
pub const GY: [u8; 32] = be("bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0");
