//! Which rules hold: by network, height and block.
//!
//! Sources: BIP 16, 65, 66, 68, 112, 113, 141, 147, 341; heights and exceptions are those of Bitcoin Core's
//! chainparams.cpp (29), and [`Flags::at`] says what its `GetBlockScriptFlags` does.

use std::ops::{BitOr, BitOrAssign};

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Network {
    /// `main`.
    Main,
    /// `testnet3`.
    Testnet3,
    /// `testnet4` (BIP 94).
    Testnet4,
    /// `signet` (BIP 325), of whatever challenge.
    Signet,
    /// `regtest` with the heights that it starts with.
    Regtest,
}

impl Network {
    /// Every network.
    pub const ALL: [Self; 5] = [Self::Main, Self::Testnet3, Self::Testnet4, Self::Signet, Self::Regtest];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Testnet3 => "testnet3",
            Self::Testnet4 => "testnet4",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }

    /// The network of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.name() == name)
    }

    /// The heights from which BIP 66, 65, 112 and 147 hold.
    const fn heights(self) -> [u32; 4] {
        match self {
            Self::Main => [363_725, 388_381, 419_328, 481_824],
            Self::Testnet3 => [330_776, 581_885, 770_112, 834_624],
            Self::Testnet4 | Self::Signet => [1, 1, 1, 1],
            Self::Regtest => [1, 1, 1, 0],
        }
    }

    /// The blocks that are valid only under fewer rules than the others of their network.
    const fn exceptions(self) -> &'static [(&'static [u8; 32], Flags)] {
        match self {
            Self::Main => {
                &[(&BEFORE_P2SH, Flags::NONE), (&BEFORE_TAPROOT, Flags(Flags::P2SH.0 | Flags::WITNESS.0))]
            }
            Self::Testnet3 => &[(&BEFORE_P2SH_ON_TESTNET3, Flags::NONE)],
            Self::Testnet4 | Self::Signet | Self::Regtest => &[],
        }
    }
}

/// Block 170,060 of mainnet, which spends an output of P2SH without its script.
const BEFORE_P2SH: [u8; 32] = display(b"00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22");

/// Block 692,261 of mainnet, which spends an output of taproot by no rule.
const BEFORE_TAPROOT: [u8; 32] = display(b"0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad");

/// Block 514 of testnet3.
const BEFORE_P2SH_ON_TESTNET3: [u8; 32] =
    display(b"00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105");

/// The bytes of a hash that is written as Bitcoin shows it: from the last byte to the first.
const fn display(digits: &[u8; 64]) -> [u8; 32] {
    const fn nibble(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit - b'a' + 10,
        }
    }
    let mut bytes = [0; 32];
    let mut place = 0;
    while place < 32 {
        bytes[31 - place] = nibble(digits[2 * place]) << 4 | nibble(digits[2 * place + 1]);
        place += 1;
    }
    bytes
}

/// Rules that scripts are judged under. Those that no block is judged by, which nodes only relay by, are there because
/// the tests of Bitcoin Core name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u32);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal),+ $(,)?) => {
        impl Flags {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)+

            /// The flag of a name, as Bitcoin Core's tests write it.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// Every flag.
            pub const ALL: Self = Self($(1 << $bit)|+);
        }
    };
}

flags! {
    /// Scripts behind hashes (BIP 16).
    P2SH = 0,
    /// Policy: signatures and keys of known forms and hash types.
    STRICTENC = 1,
    /// Signatures in DER (BIP 66).
    DERSIG = 2,
    /// Policy: low s.
    LOW_S = 3,
    /// The needless element of multisignatures is empty (BIP 147).
    NULLDUMMY = 4,
    /// Policy: inputs only push.
    SIGPUSHONLY = 5,
    /// Policy: the shortest pushes and numbers.
    MINIMALDATA = 6,
    /// Policy: no opcodes that are kept for later.
    DISCOURAGE_UPGRADABLE_NOPS = 7,
    /// Policy: one element at the end.
    CLEANSTACK = 8,
    /// Lock times (BIP 65).
    CHECKLOCKTIMEVERIFY = 9,
    /// Relative lock times (BIP 112).
    CHECKSEQUENCEVERIFY = 10,
    /// Witnesses (BIP 141, 143).
    WITNESS = 11,
    /// Policy: no witness programs that are kept for later.
    DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM = 12,
    /// Policy: conditions of version 0 are nothing or 01.
    MINIMALIF = 13,
    /// Policy: signatures that fail are empty.
    NULLFAIL = 14,
    /// Policy: keys of version 0 are compressed.
    WITNESS_PUBKEYTYPE = 15,
    /// Policy: what legacy signatures sign is the script itself.
    CONST_SCRIPTCODE = 16,
    /// Taproot (BIP 341, 342).
    TAPROOT = 17,
    /// Policy: no versions of leaves that are kept for later.
    DISCOURAGE_UPGRADABLE_TAPROOT_VERSION = 18,
    /// Policy: no opcodes that succeed.
    DISCOURAGE_OP_SUCCESS = 19,
    /// Policy: no types of keys that are kept for later.
    DISCOURAGE_UPGRADABLE_PUBKEYTYPE = 20,
}

impl Flags {
    /// No rule but the first.
    pub const NONE: Self = Self(0);

    /// The rules of a block of a network at a height. `block` is its hash as it is computed (shown, it is reversed): two
    /// blocks of mainnet and one of testnet3 are judged by fewer rules than their heights say. Without it those are
    /// judged as any other.
    pub fn at(network: Network, height: u32, block: Option<&[u8; 32]>) -> Self {
        let exception = network.exceptions().iter().find(|(hash, _)| block == Some(*hash));
        let mut flags = exception.map_or(Self::P2SH | Self::WITNESS | Self::TAPROOT, |(_, flags)| *flags);
        let by_height = [Self::DERSIG, Self::CHECKLOCKTIMEVERIFY, Self::CHECKSEQUENCEVERIFY, Self::NULLDUMMY];
        for (flag, from) in by_height.into_iter().zip(network.heights()) {
            if height >= from {
                flags |= flag;
            }
        }
        flags
    }

    /// Whether one of these holds.
    pub const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, those: Self) -> Self {
        Self(self.0 & !those.0)
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_begin_at_their_heights_and_spare_the_blocks_before_them() {
        let base = Flags::P2SH | Flags::WITNESS | Flags::TAPROOT;
        assert_eq!(Flags::at(Network::Main, 0, None), base);
        assert_eq!(Flags::at(Network::Main, 363_724, None), base);
        assert_eq!(Flags::at(Network::Main, 363_725, None), base | Flags::DERSIG);
        assert!(!Flags::at(Network::Main, 419_327, None).any(Flags::CHECKSEQUENCEVERIFY));
        let consensus =
            base | Flags::DERSIG | Flags::CHECKLOCKTIMEVERIFY | Flags::CHECKSEQUENCEVERIFY | Flags::NULLDUMMY;
        assert_eq!(Flags::at(Network::Main, 481_824, None), consensus);
        assert_eq!(Flags::at(Network::Testnet3, 834_623, None), consensus.without(Flags::NULLDUMMY));
        for network in [Network::Testnet4, Network::Signet, Network::Regtest] {
            assert_eq!(Flags::at(network, 1, None), consensus);
        }
        assert_eq!(Flags::at(Network::Regtest, 0, None), base | Flags::NULLDUMMY);
    }

    #[test]
    fn excepted_blocks_keep_the_rules_of_their_height() {
        assert_eq!(BEFORE_P2SH[30..], [0, 0]);
        assert_eq!(Flags::at(Network::Main, 170_060, Some(&BEFORE_P2SH)), Flags::NONE);
        assert!(Flags::at(Network::Testnet3, 170_060, Some(&BEFORE_P2SH)).any(Flags::P2SH));
        let flags = Flags::at(Network::Main, 692_261, Some(&BEFORE_TAPROOT));
        assert_eq!(flags, Flags::at(Network::Main, 692_261, None).without(Flags::TAPROOT));
        assert_eq!(Flags::at(Network::Testnet3, 514, Some(&BEFORE_P2SH_ON_TESTNET3)), Flags::NONE);
    }
}
