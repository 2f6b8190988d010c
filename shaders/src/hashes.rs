//! Hash functions over many messages, a message per thread: each with its kernel, its digest and its twin.
//!
//! A function is added by its `Function`, a constant and its place in [`ALL`].

use crate::generate::hash::{self, Small};
use crate::layout::{Digest32, Digest64, HashItem, Tagged, words};
use crate::stage::{Binding, Buffer, PARAMS, Role, Stage, declarations, read, write};
use crate::twin::{self, Memory};

/// Rows of [`HashItem`].
pub const ITEMS: Buffer = Buffer::of(Role::Items, "hash_items", "messages' places", words::<HashItem>());

/// A hash function over many messages.
#[derive(Debug, Clone, Copy)]
pub struct Hash {
    /// Its only stage, of the function's name.
    pub stage: Stage,
    /// Words of a digest.
    pub digest_words: u32,
    /// The twin: the digest of a message, in plain Rust.
    pub digest: fn(&[u8]) -> Vec<u8>,
}

impl Hash {
    const fn of<F: Function>() -> Self {
        Self {
            stage: Stage::new(F::NAME, F::BINDINGS, source::<F>, run_twin::<F>),
            digest_words: digest_words::<F>(),
            digest: F::digest,
        }
    }

    /// Words of a row of the results: the digest, then the tag of the item.
    pub const fn row_words(&self) -> u32 {
        self.digest_words + 1
    }
}

/// SHA-256.
pub const SHA256: Hash = Hash::of::<Sha256>();
/// SHA-256 of SHA-256.
pub const SHA256D: Hash = Hash::of::<Sha256d>();
/// SHA-512. Its first half is SHA-512/half.
pub const SHA512: Hash = Hash::of::<Sha512>();
/// Keccak-256, with the padding of before FIPS 202.
pub const KECCAK256: Hash = Hash::of::<Keccak256>();
/// SHA3-256.
pub const SHA3_256: Hash = Hash::of::<Sha3>();
/// SM3.
pub const SM3: Hash = Hash::of::<Sm3>();

/// All of them.
pub const ALL: [Hash; 6] = [SHA256, SHA256D, SHA512, KECCAK256, SHA3_256, SM3];

/// What makes a kernel and its twin.
trait Function {
    const NAME: &'static str;
    /// A row of the results.
    type Row: Tagged;
    const BINDINGS: &'static [Binding] = &[
        PARAMS,
        read(1, Buffer::CONSTANTS),
        read(2, ITEMS),
        read(3, Buffer::ARENA),
        write(4, Buffer::of(Role::Results, "digests", "digests", words::<Self::Row>())),
    ];

    /// Functions, and `main` until the digest is in `s0`, `s1`, ….
    fn body(out: &mut String);

    /// Word `i` of the digest, of those.
    fn word(i: u32) -> String;

    /// The twin.
    fn digest(message: &[u8]) -> Vec<u8>;
}

const fn digest_words<F: Function>() -> u32 {
    assert!(F::Row::TAG + 4 == size_of::<F::Row>(), "the tag follows the digest");
    (F::Row::TAG / 4) as u32
}

fn source<F: Function>() -> String {
    declarations(F::BINDINGS) + &hash::source(digest_words::<F>(), F::body, F::word)
}

fn run_twin<F: Function>(memory: &mut Memory) {
    twin::digests(memory, words::<F::Row>(), F::digest);
}

struct Sha256;

impl Function for Sha256 {
    const NAME: &'static str = "sha256";
    type Row = Digest32;

    fn body(out: &mut String) {
        hash::small(out, Small::Sha256);
    }

    fn word(i: u32) -> String {
        hash::big_endian_word(i)
    }

    fn digest(message: &[u8]) -> Vec<u8> {
        twin::hash::sha256(message)
    }
}

struct Sha256d;

impl Function for Sha256d {
    const NAME: &'static str = "sha256d";
    type Row = Digest32;

    fn body(out: &mut String) {
        hash::small(out, Small::Sha256d);
    }

    fn word(i: u32) -> String {
        hash::big_endian_word(i)
    }

    fn digest(message: &[u8]) -> Vec<u8> {
        twin::hash::sha256(&twin::hash::sha256(message))
    }
}

struct Sm3;

impl Function for Sm3 {
    const NAME: &'static str = "sm3";
    type Row = Digest32;

    fn body(out: &mut String) {
        hash::small(out, Small::Sm3);
    }

    fn word(i: u32) -> String {
        hash::big_endian_word(i)
    }

    fn digest(message: &[u8]) -> Vec<u8> {
        twin::hash::sm3(message)
    }
}

struct Sha512;

impl Function for Sha512 {
    const NAME: &'static str = "sha512";
    type Row = Digest64;

    fn body(out: &mut String) {
        hash::sha512_of_message(out);
    }

    fn word(i: u32) -> String {
        hash::big_endian_half(i)
    }

    fn digest(message: &[u8]) -> Vec<u8> {
        twin::hash::sha512(message)
    }
}

struct Keccak256;

impl Function for Keccak256 {
    const NAME: &'static str = "keccak256";
    type Row = Digest32;

    fn body(out: &mut String) {
        hash::keccak(out, 1);
    }

    fn word(i: u32) -> String {
        hash::little_endian_half(i)
    }

    fn digest(message: &[u8]) -> Vec<u8> {
        twin::hash::keccak(message, 1)
    }
}

struct Sha3;

impl Function for Sha3 {
    const NAME: &'static str = "sha3-256";
    type Row = Digest32;

    fn body(out: &mut String) {
        hash::keccak(out, 6);
    }

    fn word(i: u32) -> String {
        hash::little_endian_half(i)
    }

    fn digest(message: &[u8]) -> Vec<u8> {
        twin::hash::keccak(message, 6)
    }
}
