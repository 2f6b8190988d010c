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

/// What says that a fork is active.
#[derive(Debug, Clone, Copy)]
enum Since {
    /// The number of the first block.
    Block(u64),
    /// The earliest timestamp of a block, in seconds of Unix time.
    Time(u64),
}

use Since::{Block, Time};

/// Networks by their chain ids, with the forks that were active at the genesis or came later, the earliest first.
/// Sources: go-ethereum `params/config.go` at e3abe9a, and the activation tables of the meta EIPs 606 to 609, 779,
/// 1679, 2070, 2387, 7568, 7600 and 7607. Paris has no entry: which block was the first after the Merge is no number
/// that is agreed on before, and transactions did not change.
const NETWORKS: &[(u64, &[(Fork, Since)])] = &[
    // Mainnet.
    (
        1,
        &[
            (Fork::Frontier, Block(0)),
            (Fork::Homestead, Block(1_150_000)),
            (Fork::Eip150, Block(2_463_000)),
            (Fork::Eip158, Block(2_675_000)),
            (Fork::Byzantium, Block(4_370_000)),
            (Fork::Constantinople, Block(7_280_000)),
            (Fork::Istanbul, Block(9_069_000)),
            (Fork::Berlin, Block(12_244_000)),
            (Fork::London, Block(12_965_000)),
            (Fork::Shanghai, Time(1_681_338_455)),
            (Fork::Cancun, Time(1_710_338_135)),
            (Fork::Prague, Time(1_746_612_311)),
            (Fork::Osaka, Time(1_764_798_551)),
        ],
    ),
    // Sepolia.
    (
        11_155_111,
        &[
            (Fork::London, Block(0)),
            (Fork::Shanghai, Time(1_677_557_088)),
            (Fork::Cancun, Time(1_706_655_072)),
            (Fork::Prague, Time(1_741_159_776)),
            (Fork::Osaka, Time(1_760_427_360)),
        ],
    ),
    // Holesky.
    (
        17_000,
        &[
            (Fork::Paris, Block(0)),
            (Fork::Shanghai, Time(1_696_000_704)),
            (Fork::Cancun, Time(1_707_305_664)),
            (Fork::Prague, Time(1_740_434_112)),
            (Fork::Osaka, Time(1_759_308_480)),
        ],
    ),
    // Hoodi.
    (
        560_048,
        &[(Fork::Cancun, Block(0)), (Fork::Prague, Time(1_742_999_832)), (Fork::Osaka, Time(1_761_677_592))],
    ),
];

impl Fork {
    /// The fork of a block on mainnet, Sepolia, Holesky or Hoodi, by its number and its timestamp (seconds of Unix
    /// time); `None` on other networks. Blocks after the last fork that is listed here are of that fork.
    ///
    /// ```
    /// use sigwarp_profiles::ethereum::Fork;
    ///
    /// assert_eq!(Fork::at(1, 2_675_000, 1_479_831_344), Some(Fork::Eip158));
    /// assert_eq!(Fork::at(1, 22_431_084, 1_746_612_311), Some(Fork::Prague));
    /// assert_eq!(Fork::at(5, 0, 0), None);
    /// ```
    pub fn at(chain_id: u64, number: u64, timestamp: u64) -> Option<Self> {
        let (_, forks) = NETWORKS.iter().find(|(id, _)| *id == chain_id)?;
        let is_active = |since: &Since| match *since {
            Block(first) => number >= first,
            Time(first) => timestamp >= first,
        };
        forks.iter().rfind(|(_, since)| is_active(since)).map(|(fork, _)| *fork)
    }

    /// Whether [`Self::at`] knows the network of a chain id.
    pub fn knows(chain_id: u64) -> bool {
        NETWORKS.iter().any(|(id, _)| *id == chain_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_begin_where_they_were_activated() {
        // The block before, and the block.
        for (chain, number, time, before, fork) in [
            (1, 1_150_000, 1_457_981_393, Fork::Frontier, Fork::Homestead),
            (1, 2_675_000, 1_479_831_344, Fork::Eip150, Fork::Eip158),
            (1, 12_244_000, 1_618_481_223, Fork::Istanbul, Fork::Berlin),
            (1, 12_965_000, 1_628_166_822, Fork::Berlin, Fork::London),
        ] {
            assert_eq!(Fork::at(chain, number - 1, time), Some(before));
            assert_eq!(Fork::at(chain, number, time), Some(fork));
        }
        for (chain, time, before, fork) in [
            (1, 1_710_338_135, Fork::Shanghai, Fork::Cancun),
            (11_155_111, 1_741_159_776, Fork::Cancun, Fork::Prague),
            (17_000, 1_696_000_704, Fork::Paris, Fork::Shanghai),
            (560_048, 1_742_999_832, Fork::Cancun, Fork::Prague),
        ] {
            let number = 20_000_000;
            assert_eq!(Fork::at(chain, number, time - 1), Some(before));
            assert_eq!(Fork::at(chain, number, time), Some(fork));
        }
        assert_eq!(Fork::at(1, u64::MAX, u64::MAX), Some(Fork::Osaka));
        assert!(Fork::knows(1) && !Fork::knows(2));
    }

    #[test]
    fn networks_list_their_forks_in_order() {
        for (chain, forks) in NETWORKS {
            assert!(forks.windows(2).all(|pair| pair[0].0 < pair[1].0), "{chain}");
            assert!(matches!(forks[0].1, Block(0)), "{chain}");
        }
    }
}
