//! Known answers of BIP 341's commitment.

use crate::schemes::def::KnownAnswer;

/// Of `bip341-commitment`: one of either parity.
pub(super) static BIP341_COMMITMENT: [KnownAnswer; 2] = [
    KnownAnswer {
        origin: "BIP 341 wallet test vector 2 (wallet-test-vectors.json)",
        key: "187791b6f712a8ea41c8ecdd0ee77fab3e85263b37e1ec18a3651926b3a6cf27",
        message: "cbd8679ba636c1110ea247542cfbd964131a6be84f873f7f3b62a777528ed001",
        signature: "01147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3",
        ..KnownAnswer::NONE
    },
    KnownAnswer {
        origin: "BIP 341 wallet test vector 3 (wallet-test-vectors.json)",
        key: "93478e9488f956df2396be2ce6c5cced75f900dfa18e7dabd2428aae78451820",
        message: "6af9e28dbf9d6aaf027696e2598a5b3d056f5fd2355a7fd5a37a0e5008132d30",
        signature: "00e4d810fd50586274face62b8a807eb9719cef49c04177cc6b76a9a4251d5450e",
        ..KnownAnswer::NONE
    },
];
