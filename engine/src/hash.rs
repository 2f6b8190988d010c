//! Hashing: the functions, messages that are pushed, and digests.

use std::fmt;

use crate::batch::{Arena, Column};
use sigwarp_kernels::hash::Algorithm;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Hash {
    /// `sha256`: SHA-256 (FIPS 180-4).
    Sha256,
    /// `sha256d`: SHA-256 of SHA-256, as Bitcoin hashes transactions and headers.
    Sha256d,
    /// `sha512`: SHA-512 (FIPS 180-4).
    Sha512,
    /// `sha512-half`: the first 32 bytes of SHA-512, as the XRP Ledger hashes.
    Sha512Half,
    /// `sha3-256`: SHA3-256 (FIPS 202).
    Sha3_256,
    /// `keccak256`: Keccak-256 as Ethereum pads it (0x01, not SHA-3's 0x06).
    Keccak256,
    /// `sm3`: SM3 (GB/T 32905).
    Sm3,
    /// `blake3`: BLAKE3 with 32 bytes of output.
    Blake3,
}

impl Hash {
    /// Every hash function.
    pub const ALL: [Self; 8] = [
        Self::Sha256,
        Self::Sha256d,
        Self::Sha512,
        Self::Sha512Half,
        Self::Sha3_256,
        Self::Keccak256,
        Self::Sm3,
        Self::Blake3,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha256d => "sha256d",
            Self::Sha512 => "sha512",
            Self::Sha512Half => "sha512-half",
            Self::Sha3_256 => "sha3-256",
            Self::Keccak256 => "keccak256",
            Self::Sm3 => "sm3",
            Self::Blake3 => "blake3",
        }
    }

    /// The function of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name() == name)
    }

    /// The bytes of a digest: 64 for SHA-512, 32 for the others.
    pub const fn digest_length(self) -> usize {
        match self {
            Self::Sha512 => 64,
            _ => 32,
        }
    }
}

impl Hash {
    /// The function in lanes; BLAKE3 has none here, since its own crate is fast already.
    pub(crate) const fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Sha256 => Some(Algorithm::Sha256),
            Self::Sha256d => Some(Algorithm::Sha256d),
            Self::Sha512 => Some(Algorithm::Sha512),
            Self::Sha512Half => Some(Algorithm::Sha512Half),
            Self::Sha3_256 => Some(Algorithm::Sha3_256),
            Self::Keccak256 => Some(Algorithm::Keccak256),
            Self::Sm3 => Some(Algorithm::Sm3),
            Self::Blake3 => None,
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Messages collected one by one; the bytes are copied into an arena. Messages that are in memory already are hashed
/// where they lie, through a [`Column`].
///
/// ```
/// use sigwarp::{Engine, Hash, Messages};
///
/// let engine = Engine::builder().build()?;
/// let mut messages = Messages::new();
/// messages.push(b"abc");
/// messages.push(b"");
/// let digests = engine.hash(Hash::Sha256, &messages)?;
/// assert_eq!(digests.get(0).unwrap()[..4], [0xba, 0x78, 0x16, 0xbf]);
/// # Ok::<(), sigwarp::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Messages(Arena);

impl Messages {
    /// No messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message.
    pub fn push(&mut self, message: &[u8]) {
        self.0.push(message);
    }

    /// The number of messages.
    pub fn len(&self) -> usize {
        self.0.column().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all messages and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The messages as a column.
    pub fn column(&self) -> Column<'_> {
        self.0.column()
    }
}

impl<'a> From<&'a Messages> for Column<'a> {
    fn from(messages: &'a Messages) -> Self {
        messages.column()
    }
}

impl<M: AsRef<[u8]>> FromIterator<M> for Messages {
    fn from_iter<I: IntoIterator<Item = M>>(messages: I) -> Self {
        let mut all = Self::new();
        messages.into_iter().for_each(|message| all.push(message.as_ref()));
        all
    }
}

/// The digests of a call, one after another, in the order of the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    hash: Hash,
    bytes: Vec<u8>,
}

impl Digests {
    /// Digests of `hash` that were computed already. `None` where the bytes are not a whole number of digests.
    pub fn from_bytes(hash: Hash, bytes: Vec<u8>) -> Option<Self> {
        bytes.len().is_multiple_of(hash.digest_length()).then_some(Self { hash, bytes })
    }

    /// The hash function.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The number of digests.
    pub const fn len(&self) -> usize {
        self.bytes.len() / self.hash.digest_length()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The digest of a message, or `None` beyond the last.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let length = self.hash.digest_length();
        self.bytes.get(index.checked_mul(length)?..)?.get(..length)
    }

    /// The digests in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.hash.digest_length())
    }

    /// All digests, one after another.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All digests, one after another.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The digests as a column, to be hashed again.
    pub fn column(&self) -> Column<'_> {
        // A whole number of rows, by construction.
        Column::fixed(&self.bytes, self.hash.digest_length()).unwrap_or(Column::slices(&[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_come_back() {
        for hash in Hash::ALL {
            assert_eq!(Hash::from_name(hash.name()), Some(hash));
        }
        assert_eq!(Hash::from_name("md5"), None);
    }

    #[test]
    fn digests_are_rows_of_their_bytes() {
        let digests = Digests::from_bytes(Hash::Sha512, (0..128).collect()).unwrap();
        assert_eq!((digests.len(), digests.get(1).unwrap()[0]), (2, 64));
        assert_eq!((digests.get(2), digests.get(usize::MAX)), (None, None));
        assert_eq!(digests.iter().map(<[u8]>::len).collect::<Vec<_>>(), [64, 64]);
        assert_eq!(digests.column().len(), 2);
        assert!(Digests::from_bytes(Hash::Sha256, vec![0; 33]).is_none());
        assert!(Digests::from_bytes(Hash::Sha256, Vec::new()).unwrap().is_empty());
    }
}
