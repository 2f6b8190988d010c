//! What others name of a scheme, without the scheme: what its items carry, whose keys its keys are, and what it makes
//! of one.

use std::any::Any;
use std::sync::Arc;

/// What the items of a scheme are signatures of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageInput {
    /// The message; the scheme hashes it.
    Raw,
    /// A digest computed by the caller; the scheme does not hash it.
    Digest,
}

impl MessageInput {
    /// `message` or `digest`, as the columns are called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "message",
            Self::Digest => "digest",
        }
    }
}

/// The schemes that keys belong to: what a scheme is without its message hash. Keys of one are registered once for all
/// schemes that share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum KeyScheme {
    Ed25519,
    Weierstrass(WeierstrassKeys),
    /// ECDSA on P-384.
    #[cfg(feature = "one-by-one")]
    P384,
    /// RSA under either padding.
    #[cfg(feature = "one-by-one")]
    Rsa,
}

/// Those on Weierstrass curves over 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum WeierstrassKeys {
    P256,
    Secp256k1,
    Bip340,
    Sm2,
}

impl WeierstrassKeys {
    /// Each, at the place of its number.
    pub(crate) const ALL: [Self; 4] = [Self::P256, Self::Secp256k1, Self::Bip340, Self::Sm2];
}

impl KeyScheme {
    pub(crate) const COUNT: usize = Self::LIST.len();
    /// Each, at the place of its number.
    pub(crate) const ALL: [Self; Self::COUNT] = {
        let mut all = [Self::Ed25519; Self::COUNT];
        all.copy_from_slice(Self::LIST);
        all
    };
    /// The same; not all of them are in every build.
    const LIST: &[Self] = &[
        Self::Ed25519,
        Self::Weierstrass(WeierstrassKeys::P256),
        Self::Weierstrass(WeierstrassKeys::Secp256k1),
        Self::Weierstrass(WeierstrassKeys::Bip340),
        Self::Weierstrass(WeierstrassKeys::Sm2),
        #[cfg(feature = "one-by-one")]
        Self::P384,
        #[cfg(feature = "one-by-one")]
        Self::Rsa,
    ];

    /// Its number, below [`Self::COUNT`].
    #[inline]
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Ed25519 => 0,
            Self::Weierstrass(keys) => 1 + keys as usize,
            #[cfg(feature = "one-by-one")]
            Self::P384 => 1 + WeierstrassKeys::ALL.len(),
            #[cfg(feature = "one-by-one")]
            Self::Rsa => 2 + WeierstrassKeys::ALL.len(),
        }
    }
}

/// The two counters of a shared value, in bytes.
pub(crate) const COUNTERS: usize = 2 * size_of::<usize>();

/// A decoded key of any size, in a form that its scheme alone understands. Clones share it.
#[derive(Clone)]
#[cfg_attr(
    not(any(test, feature = "one-by-one")),
    allow(dead_code, reason = "no other scheme has such keys yet")
)]
pub(crate) struct ParsedKey {
    value: Arc<dyn Any + Send + Sync>,
    bytes: usize,
}

#[cfg_attr(
    not(any(test, feature = "one-by-one")),
    allow(dead_code, reason = "no other scheme has such keys yet")
)]
impl ParsedKey {
    /// Of a value that holds so many bytes of memory besides its own.
    pub(crate) fn new<T: Any + Send + Sync>(value: T, besides: usize) -> Self {
        Self { value: Arc::new(value), bytes: COUNTERS + size_of::<T>() + besides }
    }

    /// The value, for the scheme that made it.
    #[inline]
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        self.value.downcast_ref()
    }

    /// The bytes of memory that it takes, counted once for all clones.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_of_keys_has_a_place_of_its_own() {
        for (place, scheme) in KeyScheme::ALL.into_iter().enumerate() {
            assert_eq!(scheme.index(), place, "{scheme:?}");
        }
    }

    #[test]
    fn a_parsed_key_is_what_it_was_made_of_and_nothing_else() {
        let key = ParsedKey::new([7u8; 96], 1_000);
        assert_eq!(key.clone().get::<[u8; 96]>(), Some(&[7; 96]));
        assert_eq!(key.get::<[u8; 48]>(), None);
        assert_eq!(key.bytes(), 16 + 96 + 1_000);
    }
}
