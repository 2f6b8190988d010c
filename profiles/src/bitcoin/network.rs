//! What blocks and their files need to know of a network, beside the flags of its scripts. Heights and bytes are those of
//! Bitcoin Core's chainparams.cpp (29).

use super::Network;

impl Network {
    /// The bytes before each block in the files of nodes, and before each of their messages; for signet those of the
    /// public one.
    pub const fn magic(self) -> [u8; 4] {
        match self {
            Self::Main => [0xf9, 0xbe, 0xb4, 0xd9],
            Self::Testnet3 => [0x0b, 0x11, 0x09, 0x07],
            Self::Testnet4 => [0x1c, 0x16, 0x3f, 0x28],
            Self::Signet => [0x0a, 0x03, 0xcf, 0x40],
            Self::Regtest => [0xfa, 0xbf, 0xb5, 0xda],
        }
    }

    /// The height from which a coinbase begins with its height (BIP 34).
    pub(super) const fn bip34_height(self) -> u32 {
        match self {
            Self::Main => 227_931,
            Self::Testnet3 => 21_111,
            Self::Testnet4 | Self::Signet | Self::Regtest => 1,
        }
    }

    /// The height from which a coinbase commits to witnesses (BIP 141).
    pub(super) const fn segwit_height(self) -> u32 {
        match self {
            Self::Main => 481_824,
            Self::Testnet3 => 834_624,
            Self::Testnet4 | Self::Signet => 1,
            Self::Regtest => 0,
        }
    }

    /// The satoshi that a block makes: 50 bitcoin, halved again and again.
    pub(super) const fn subsidy(self, height: u32) -> i64 {
        let halvings = match self {
            Self::Regtest => height / 150,
            Self::Main | Self::Testnet3 | Self::Testnet4 | Self::Signet => height / 210_000,
        };
        if halvings < 64 { 5_000_000_000 >> halvings } else { 0 }
    }
}
