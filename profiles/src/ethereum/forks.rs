//! The forks that changed what a valid signature or transaction is, and those between them.

/// A fork of the protocol, by the rules of which a block was made. Later forks are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fork {
    /// `frontier`: any s.
    Frontier,
    /// `homestead`: low s alone (EIP-2).
    Homestead,
    /// `eip150`: Tangerine Whistle.
    Eip150,
    /// `eip158`: Spurious Dragon; v may have a chain id (EIP-155).
    Eip158,
    /// `byzantium`.
    Byzantium,
    /// `constantinople`; Petersburg has the same transactions.
    Constantinople,
    /// `istanbul`.
    Istanbul,
    /// `berlin`: type 1 (EIP-2930).
    Berlin,
    /// `london`: type 2 (EIP-1559).
    London,
    /// `paris`: the Merge.
    Paris,
    /// `shanghai`.
    Shanghai,
    /// `cancun`: type 3 (EIP-4844).
    Cancun,
    /// `prague`: type 4 (EIP-7702).
    Prague,
    /// `osaka`: the transactions of Prague.
    Osaka,
}

impl Fork {
    /// Every fork, the earliest first.
    pub const ALL: [Self; 14] = [
        Self::Frontier,
        Self::Homestead,
        Self::Eip150,
        Self::Eip158,
        Self::Byzantium,
        Self::Constantinople,
        Self::Istanbul,
        Self::Berlin,
        Self::London,
        Self::Paris,
        Self::Shanghai,
        Self::Cancun,
        Self::Prague,
        Self::Osaka,
    ];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frontier => "frontier",
            Self::Homestead => "homestead",
            Self::Eip150 => "eip150",
            Self::Eip158 => "eip158",
            Self::Byzantium => "byzantium",
            Self::Constantinople => "constantinople",
            Self::Istanbul => "istanbul",
            Self::Berlin => "berlin",
            Self::London => "london",
            Self::Paris => "paris",
            Self::Shanghai => "shanghai",
            Self::Cancun => "cancun",
            Self::Prague => "prague",
            Self::Osaka => "osaka",
        }
    }

    /// The fork of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fork| fork.name() == name)
    }
}
