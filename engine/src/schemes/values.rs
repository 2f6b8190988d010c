//! What others name of a scheme, without the scheme: what its items carry, and whose keys its keys are.

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
}

/// Those on Weierstrass curves.
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
    pub(crate) const COUNT: usize = 1 + WeierstrassKeys::ALL.len();
    /// Each, at the place of its number.
    pub(crate) const ALL: [Self; Self::COUNT] = {
        let mut all = [Self::Ed25519; Self::COUNT];
        let mut i = 1;
        while i < Self::COUNT {
            all[i] = Self::Weierstrass(WeierstrassKeys::ALL[i - 1]);
            i += 1;
        }
        all
    };

    /// Its number, below [`Self::COUNT`].
    #[inline]
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Ed25519 => 0,
            Self::Weierstrass(keys) => 1 + keys as usize,
        }
    }
}
