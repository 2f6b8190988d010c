//! Where things lie in the buffers, in words.
//!
//! *Rows* are contiguous: word `w` of item `i` is at `i·WORDS + w`. *Interleaved* buffers are by word: word `w` of item
//! `i` is at `w·stride + i`, so that neighbouring threads touch neighbouring words.

/// [`crate::Buffer::Params`].
pub mod params {
    /// Items in this dispatch. At most 65,535 workgroups of 64.
    pub const COUNT: u32 = 0;
    /// Items that interleaved buffers have room for; `COUNT` or more.
    pub const STRIDE: u32 = 1;
    /// Words; the others are 0.
    pub const WORDS: u32 = 4;
}

/// [`crate::Buffer::Items`].
pub mod item {
    /// The 32 bytes of the key.
    pub const A: u32 = 0;
    /// The first 32 bytes of the signature.
    pub const R: u32 = 8;
    /// The last 32 bytes of the signature, below 2²⁵³.
    pub const S: u32 = 16;
    /// The word of the arena at which the message begins.
    pub const OFFSET: u32 = 24;
    /// Bytes of the message, below 2³¹.
    pub const LEN: u32 = 25;
    /// See [`super::flags`].
    pub const FLAGS: u32 = 26;
    /// Any word; the result repeats it.
    pub const TAG: u32 = 27;
    /// Words of a row.
    pub const WORDS: u32 = 28;
}

/// Bits of [`item::FLAGS`]. Everything that bytes alone decide has been decided by the host.
pub mod flags {
    /// An R that is not on the curve is reported as such (rules that decode R).
    pub const DECODES_R: u32 = 1;
    /// The equation is \[8\](SB − R − kA) = 0 (cofactored rules).
    pub const COFACTORED: u32 = 2;
    /// The only question is whether the key is on the curve: the result is [`super::code::KEY_ON_CURVE`] or
    /// [`super::code::KEY_NOT_ON_CURVE`], and S, R and message mean nothing (they must still be readable).
    pub const KEY_ONLY: u32 = 4;
}

/// [`crate::Buffer::Scalars`], interleaved.
pub mod scalars {
    /// k + Σ 16·32ⁱ for the 51 windows: digit `i` is `(K >> 5i & 31) − 16`.
    pub const K: u32 = 0;
    /// S + Σ 2^(w−1)·2^(wi) for windows of w = [`super::BASE_WIDTH`] bits.
    pub const S: u32 = 8;
    /// Words of an item.
    pub const WORDS: u32 = 16;
}

/// Limbs of a field element.
pub const LIMBS: u32 = 9;
/// Bits of a limb of a field element.
pub const LIMB_BITS: u32 = 29;
/// Bits of a window of k.
pub const KEY_WIDTH: u32 = 5;
/// Windows of k.
pub const KEY_DIGITS: u32 = 51;
/// Windows of k for each window of S.
pub const BASE_EVERY: u32 = 2;
/// Bits of a window of S.
pub const BASE_WIDTH: u32 = KEY_WIDTH * BASE_EVERY;
/// Windows of S.
pub const BASE_DIGITS: u32 = KEY_DIGITS.div_ceil(BASE_EVERY);

/// [`crate::Buffer::Points`], interleaved.
pub mod points {
    /// x of −A.
    pub const X: u32 = 0;
    /// y of −A.
    pub const Y: u32 = super::LIMBS;
    /// Words of an item.
    pub const WORDS: u32 = 2 * super::LIMBS;
}

/// [`crate::Buffer::Table`], rows: entry `m` is m·(−A) as Y + X, Y − X, 2Z, 2dT. Rows, because neighbouring threads
/// read different entries: an entry is nine loads of 16 bytes, and every byte of the sectors that they touch is used.
pub mod table {
    /// Entries, from 0 to 16 times the point.
    pub const ENTRIES: u32 = (1 << (super::KEY_WIDTH - 1)) + 1;
    /// Words of an entry.
    pub const ENTRY: u32 = 4 * super::LIMBS;
    /// Words of an item.
    pub const WORDS: u32 = ENTRIES * ENTRY;
}

/// [`crate::Buffer::Sums`], interleaved.
pub mod sums {
    /// X, then x.
    pub const X: u32 = 0;
    /// Y, then y.
    pub const Y: u32 = super::LIMBS;
    /// Z, then 1/Z.
    pub const Z: u32 = 2 * super::LIMBS;
    /// Words of an item.
    pub const WORDS: u32 = 3 * super::LIMBS;
}

/// [`crate::Buffer::Prefixes`], interleaved.
pub mod prefixes {
    /// Words of an item.
    pub const WORDS: u32 = super::LIMBS;
    /// Items that share an inversion: items t, t + T, t + 2T, … of thread t of T.
    pub const GROUP: u32 = 16;
}

/// [`crate::Buffer::State`]: a word of [`code`], or [`state::UNEQUAL`].
pub mod state {
    /// Words of an item.
    pub const WORDS: u32 = 1;
    /// The bytes of R are not the encoding of SB − kA; what that means is for `resolve` to say. Never a result.
    pub const UNEQUAL: u32 = 0x3e91_b57c;
}

/// [`crate::Buffer::Results`].
pub mod result {
    /// A word of [`super::code`].
    pub const CODE: u32 = 0;
    /// The tag of the item, plus the code (wrapping): proof that the whole row was written by the last stage.
    pub const TAG: u32 = 1;
    /// Words of a row.
    pub const WORDS: u32 = 2;
}

/// What the last stage says of an item. Any other word is an error of the device, never a verdict.
pub mod code {
    /// The equation holds.
    pub const VALID: u32 = 0x7ac9_31e5;
    /// The equation does not hold.
    pub const EQUATION_FAILED: u32 = 0xa31b_c46c;
    /// A does not decode.
    pub const KEY_NOT_ON_CURVE: u32 = 0x1d56_8b92;
    /// R does not decode, under a rule that decodes it.
    pub const R_NOT_ON_CURVE: u32 = 0xc8e2_5f3b;
    /// A decodes; the answer to [`super::flags::KEY_ONLY`].
    pub const KEY_ON_CURVE: u32 = 0x5474_7d09;
}

/// [`crate::Buffer::HashItems`].
pub mod hash_item {
    /// The word of the arena at which the message begins.
    pub const OFFSET: u32 = 0;
    /// Bytes of the message, below 2³¹.
    pub const LEN: u32 = 1;
    /// Any word; the row of the digest ends with it.
    pub const TAG: u32 = 2;
    /// Words of a row; the last is unused.
    pub const WORDS: u32 = 4;
}

/// The known-answer primitives: rows.
pub mod primitive {
    /// Words of an input row.
    pub const INPUT: u32 = 8;
    /// Words of an output row.
    pub const OUTPUT: u32 = 8;
}
