//! Known answers of Ed25519.

use crate::schemes::def::KnownAnswer;

/// Of `ed25519`.
pub(super) static PURE: [KnownAnswer; 2] = [
    KnownAnswer {
        origin: "RFC 8032 section 7.1 test 2",
        key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        message: "72",
        signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
              085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ..KnownAnswer::NONE
    },
    KnownAnswer {
        origin: "RFC 8032 section 7.1 test 3",
        key: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        message: "af82",
        signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
              18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ..KnownAnswer::NONE
    },
];
