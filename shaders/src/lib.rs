//! The device code of sigwarp: WGSL sources of every stage, and a CPU twin of each for tests.
//!
//! The host creates one pipeline per [`Stage`], uploads [`constants::words`] once, packs items as [`layout`] says, and
//! dispatches the stages of a list in order over buffers of at least `stride` items. Nothing here talks to a device.
//!
//! Sources are generated on first use, in microseconds, from a parametric generator of limb code (`generate`) and
//! hand-written files (`wgsl/`). `tests/validate.rs` parses and validates each with naga, so that no build of the
//! engine pays for naga twice (once as a build dependency, once in wgpu).
//!
//! All integers in buffers are 32-bit words. Bytes are packed little-endian: byte `i` of a string is bits
//! `8·(i mod 4)` and up of word `i / 4`.

pub mod constants;
pub mod counts;
mod generate;
pub mod layout;
pub mod primitives;
mod stages;
pub mod twin;

pub use primitives::Primitive;

/// Threads of a workgroup, in every stage.
pub const WORKGROUP: u32 = 64;

/// A buffer that stages share. One buffer of each kind serves all stages of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Buffer {
    /// Uniform, one [`layout::Params`]: how many items there are and how far apart interleaved words lie.
    Params,
    /// [`constants::words`], the same for every dispatch.
    Constants,
    /// Rows of [`layout::Item`].
    Items,
    /// Messages. Each begins at a word; bytes after its end are ignored, words after its last are not read.
    Arena,
    /// Interleaved: k and S, recoded for signed windows.
    Scalars,
    /// Interleaved: the coordinates x, y of −A.
    Points,
    /// Rows of [`layout::table::WORDS`] words: multiples of −A.
    Table,
    /// Interleaved: SB − kA; its Z is replaced by 1/Z, then X and Y by the affine coordinates.
    Sums,
    /// Interleaved: scratch of the batched inversion.
    Prefixes,
    /// What is known of an item so far, one word.
    State,
    /// Rows of [`layout::Outcome`].
    Results,
    /// Rows of [`layout::HashItem`].
    HashItems,
    /// Rows of [`layout::Digest32`] or [`layout::Digest64`].
    Digests,
    /// The input of a known-answer primitive.
    TestInput,
    /// The output of a known-answer primitive.
    TestOutput,
}

impl Buffer {
    /// Words for each item, where the buffer holds a fixed number.
    pub const fn words_per_item(self) -> Option<u32> {
        Some(match self {
            Self::Items => layout::item::WORDS,
            Self::Scalars => layout::scalars::WORDS,
            Self::Points => layout::points::WORDS,
            Self::Table => layout::table::WORDS,
            Self::Sums => layout::sums::WORDS,
            Self::Prefixes => layout::prefixes::WORDS,
            Self::State => layout::state::WORDS,
            Self::Results => layout::outcome::WORDS,
            Self::HashItems => layout::hash_item::WORDS,
            Self::TestInput => layout::words::<layout::PrimitiveInput>(),
            Self::TestOutput => layout::words::<layout::PrimitiveOutput>(),
            Self::Params | Self::Constants | Self::Arena | Self::Digests => return None,
        })
    }
}

/// How a stage uses a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `var<uniform>`.
    Uniform,
    /// `var<storage, read>`.
    Read,
    /// `var<storage, read_write>`.
    ReadWrite,
}

/// A binding of group 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// Its number.
    pub index: u32,
    /// What is bound.
    pub buffer: Buffer,
    /// How it is used.
    pub access: Access,
}

/// One compute pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Stage {
    /// Its name, unique among all stages.
    pub name: &'static str,
    /// The entry point.
    pub entry: &'static str,
    /// Threads of a workgroup.
    pub workgroup_size: u32,
    /// Items that a thread takes: `count.div_ceil(items_per_thread)` threads are needed.
    pub items_per_thread: u32,
    /// The bindings, by index from 0.
    pub bindings: &'static [Binding],
    source: fn() -> String,
}

impl Stage {
    /// The complete WGSL source.
    pub fn source(&self) -> String {
        (self.source)()
    }

    /// Workgroups (in one dimension) that a dispatch over `count` items takes.
    pub const fn workgroups(&self, count: u32) -> u32 {
        count.div_ceil(self.items_per_thread).div_ceil(self.workgroup_size)
    }
}

/// A hash function over many messages, a message per thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-256 of SHA-256.
    Sha256d,
    /// SHA-512. Its first half is SHA-512/half.
    Sha512,
    /// Keccak-256, with the padding of before FIPS 202.
    Keccak256,
    /// SHA3-256.
    Sha3,
    /// SM3.
    Sm3,
}

impl Hash {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Sha256, Self::Sha256d, Self::Sha512, Self::Keccak256, Self::Sha3, Self::Sm3];

    /// Words of a row of [`Buffer::Digests`]: the digest, then the tag of the item.
    pub const fn row_words(self) -> u32 {
        match self {
            Self::Sha512 => layout::words::<layout::Digest64>(),
            _ => layout::words::<layout::Digest32>(),
        }
    }

    /// Words of a digest.
    pub const fn digest_words(self) -> u32 {
        self.row_words() - 1
    }

    /// Its only stage.
    pub const fn stage(self) -> Stage {
        stages::hash(self)
    }
}

/// The stages of Ed25519, in order.
///
/// | stage | does |
/// |---|---|
/// | `ed25519-challenge` | k = SHA-512(R ‖ A ‖ M) mod L, recodes k and S |
/// | `ed25519-decode` | −A from the bytes of A |
/// | `ed25519-table` | 0 to 16 times −A |
/// | `ed25519-ladder` | SB + k·(−A) |
/// | `ed25519-invert` | 1/Z, many items per inversion |
/// | `ed25519-compare` | the encoding of the sum against the bytes of R |
/// | `ed25519-resolve` | R decoded and the cofactored equation, for items that need it; writes [`Buffer::Results`] |
pub const ED25519: [Stage; 7] = stages::ED25519;

/// Every stage but the known-answer primitives.
pub fn all_stages() -> Vec<Stage> {
    ED25519.into_iter().chain(Hash::ALL.map(Hash::stage)).collect()
}
