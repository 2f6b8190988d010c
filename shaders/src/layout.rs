//! Where things lie in the buffers, in words.
//!
//! *Rows* are contiguous: word `w` of item `i` is at `i·WORDS + w`. *Interleaved* buffers are by word: word `w` of item
//! `i` is at `w·stride + i`, so that neighbouring threads touch neighbouring words.
//!
//! What the host writes or reads is a record: a type without padding whose bytes are the row, on machines that store the
//! lowest byte first. The sources get its offsets as constants, which are computed from the type; `tests/layout.rs` asks
//! naga what the sources make of them.

use core::mem::{offset_of, size_of};

use bytemuck::{Pod, Zeroable};

/// Words of a record.
pub const fn words<R: Pod>() -> u32 {
    assert!(size_of::<R>().is_multiple_of(4), "a record is whole words");
    (size_of::<R>() / 4) as u32
}

/// The word at which a field begins, of its offset in bytes.
const fn word(offset: usize) -> u32 {
    assert!(offset.is_multiple_of(4), "a field begins at a word");
    (offset / 4) as u32
}

/// A row that carries the tag of its item, so that no row passes for another.
pub trait Tagged: Pod {
    /// The byte at which the tag begins.
    const TAG: usize;
}

/// The row of [`crate::Buffer::PARAMS`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Params {
    /// Items in this dispatch. At most 65,535 workgroups of 64.
    pub count: u32,
    /// Items that interleaved buffers have room for; `count` or more.
    pub stride: u32,
    /// Zeros.
    pub unused: [u32; 2],
}

impl Params {
    /// Of a dispatch of `count` items, in buffers that have room for `stride`.
    pub const fn new(count: u32, stride: u32) -> Self {
        Self { count, stride, unused: [0; 2] }
    }
}

/// A row of [`crate::ed25519::ITEMS`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Item {
    /// The key.
    pub a: [u8; 32],
    /// The first half of the signature.
    pub r: [u8; 32],
    /// The second half of the signature, below 2²⁵³.
    pub s: [u8; 32],
    /// The word of the arena at which the message begins.
    pub offset: u32,
    /// Bytes of the message, below 2³¹.
    pub len: u32,
    /// See [`flags`].
    pub flags: u32,
    /// Any word; the result repeats it.
    pub tag: u32,
}

impl Tagged for Item {
    const TAG: usize = offset_of!(Self, tag);
}

/// The fields of [`Item`], in words.
pub mod item {
    use super::{Item, offset_of, word};

    /// [`Item::a`].
    pub const A: u32 = word(offset_of!(Item, a));
    /// [`Item::r`].
    pub const R: u32 = word(offset_of!(Item, r));
    /// [`Item::s`].
    pub const S: u32 = word(offset_of!(Item, s));
    /// [`Item::offset`].
    pub const OFFSET: u32 = word(offset_of!(Item, offset));
    /// [`Item::len`].
    pub const LEN: u32 = word(offset_of!(Item, len));
    /// [`Item::flags`].
    pub const FLAGS: u32 = word(offset_of!(Item, flags));
    /// [`Item::tag`].
    pub const TAG: u32 = word(offset_of!(Item, tag));
    /// Words of a row.
    pub const WORDS: u32 = super::words::<Item>();
}

/// Bits of [`Item::flags`]. Everything that bytes alone decide has been decided by the host.
pub mod flags {
    /// An R that is not on the curve is reported as such (rules that decode R).
    pub const DECODES_R: u32 = 1;
    /// The equation is \[8\](SB − R − kA) = 0 (cofactored rules).
    pub const COFACTORED: u32 = 2;
    /// The only question is whether the key is on the curve: the result is [`super::code::KEY_ON_CURVE`] or
    /// [`super::code::KEY_NOT_ON_CURVE`], and S, R and message mean nothing (they must still be readable).
    pub const KEY_ONLY: u32 = 4;
    /// The message is all that k is a hash of, R and A among it: Ed25519ctx and Ed25519ph put a domain before them.
    pub const WHOLE: u32 = 8;
}

/// [`crate::ed25519::SCALARS`], interleaved.
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

/// [`crate::ed25519::POINTS`], interleaved.
pub mod points {
    /// x of −A.
    pub const X: u32 = 0;
    /// y of −A.
    pub const Y: u32 = super::LIMBS;
    /// Words of an item.
    pub const WORDS: u32 = 2 * super::LIMBS;
}

/// [`crate::ed25519::MULTIPLES`], rows: entry `m` is m·(−A) as Y + X, Y − X, 2Z, 2dT. Rows, because neighbouring threads
/// read different entries: an entry is nine loads of 16 bytes, and every byte of the sectors that they touch is used.
pub mod table {
    /// Entries, from 0 to 16 times the point.
    pub const ENTRIES: u32 = (1 << (super::KEY_WIDTH - 1)) + 1;
    /// Words of an entry.
    pub const ENTRY: u32 = 4 * super::LIMBS;
    /// Words of an item.
    pub const WORDS: u32 = ENTRIES * ENTRY;
}

/// [`crate::ed25519::SUMS`], interleaved.
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

/// [`crate::ed25519::PREFIXES`], interleaved.
pub mod prefixes {
    /// Words of an item.
    pub const WORDS: u32 = super::LIMBS;
    /// Items that share an inversion: items t, t + T, t + 2T, … of thread t of T.
    pub const GROUP: u32 = 16;
}

/// [`crate::ed25519::STATE`]: a word of [`code`], or [`state::UNEQUAL`].
pub mod state {
    /// Words of an item.
    pub const WORDS: u32 = 1;
    /// The bytes of R are not the encoding of SB − kA; what that means is for `resolve` to say. Never a result.
    pub const UNEQUAL: u32 = 0x3e91_b57c;
}

/// A row of [`crate::Buffer::RESULTS`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Outcome {
    /// A word of [`code`].
    pub code: u32,
    /// The tag of the item, plus the code (wrapping): proof that the whole row was written by the last stage.
    pub tag: u32,
}

impl Tagged for Outcome {
    const TAG: usize = offset_of!(Self, tag);
}

/// The fields of [`Outcome`], in words.
pub mod outcome {
    use super::{Outcome, offset_of, word};

    /// [`Outcome::code`].
    pub const CODE: u32 = word(offset_of!(Outcome, code));
    /// [`Outcome::tag`].
    pub const TAG: u32 = word(offset_of!(Outcome, tag));
    /// Words of a row.
    pub const WORDS: u32 = super::words::<Outcome>();
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

/// A row of [`crate::hashes::ITEMS`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct HashItem {
    /// The word of the arena at which the message begins.
    pub offset: u32,
    /// Bytes of the message, below 2³¹.
    pub len: u32,
    /// Any word; the row of the digest ends with it.
    pub tag: u32,
    /// Zero.
    pub unused: u32,
}

impl Tagged for HashItem {
    const TAG: usize = offset_of!(Self, tag);
}

/// The fields of [`HashItem`], in words.
pub mod hash_item {
    use super::{HashItem, offset_of, word};

    /// [`HashItem::offset`].
    pub const OFFSET: u32 = word(offset_of!(HashItem, offset));
    /// [`HashItem::len`].
    pub const LEN: u32 = word(offset_of!(HashItem, len));
    /// [`HashItem::tag`].
    pub const TAG: u32 = word(offset_of!(HashItem, tag));
    /// Words of a row.
    pub const WORDS: u32 = super::words::<HashItem>();
}

/// A row of a kernel whose digest has 32 bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Digest32 {
    /// The digest.
    pub digest: [u8; 32],
    /// The tag of the item.
    pub tag: u32,
}

/// A row of a kernel whose digest has 64 bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Digest64 {
    /// The digest.
    pub digest: [u8; 64],
    /// The tag of the item.
    pub tag: u32,
}

impl Tagged for Digest32 {
    const TAG: usize = offset_of!(Self, tag);
}

impl Tagged for Digest64 {
    const TAG: usize = offset_of!(Self, tag);
}

/// A row of the input of a known-answer primitive.
pub type PrimitiveInput = [u32; 8];
/// A row of the output of a known-answer primitive.
pub type PrimitiveOutput = [u32; 8];
