//! What "valid" means for SM2.

use super::wire::Facts;
use crate::Reason;
use crate::schemes::Screened;

/// What the bytes alone decide.
#[inline]
pub(super) const fn screen(facts: &Facts) -> Screened {
    if !facts.key_reduced {
        Screened::Rejected(Reason::NonCanonicalKey)
    } else if !facts.in_range || facts.sum_is_order {
        Screened::RejectedUnlessKeyFails(Reason::ScalarOutOfRange)
    } else {
        Screened::Open
    }
}

/// The signer's distinguishing identifier, part of what an `sm2-sm3` signature signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserId<'a>(&'a [u8]);

impl<'a> UserId<'a> {
    /// The identifier used where none was agreed (GM/T 0009, section 10).
    pub const DEFAULT: &'static [u8] = b"1234567812345678";

    /// The longest identifier whose bit length fits the 16 bits of ENTL.
    pub const MAX_LEN: usize = 8191;

    /// An identifier, or `None` if it is longer than [`Self::MAX_LEN`].
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        (bytes.len() <= Self::MAX_LEN).then_some(Self(bytes))
    }

    /// The bytes.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// ENTL, which an identifier's length always fits.
    pub(super) fn bit_length(self) -> u16 {
        self.0.len() as u16 * 8
    }
}

/// How r and s are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sm2Encoding {
    /// `raw`: r ‖ s, 32 bytes each, big-endian.
    Raw,
    /// `der`: strict DER of `SEQUENCE { INTEGER r, INTEGER s }` (GM/T 0009, section 7.3).
    Der,
}

impl Sm2Encoding {
    /// Every encoding; the first is the default.
    pub const ALL: [Self; 2] = [Self::Raw, Self::Der];

    /// Their names.
    pub(crate) const NAMES: [&'static str; Self::ALL.len()] = crate::schemes::names_of!(Self);

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Der => "der",
        }
    }

    /// The encoding of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }
}
