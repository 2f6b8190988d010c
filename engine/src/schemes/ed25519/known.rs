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

/// Of `ed25519ctx`.
pub(super) static CTX: [KnownAnswer; 2] = [
    KnownAnswer {
        origin: "RFC 8032 section 7.2, foo",
        parameter: Some(b"foo"),
        key: "dfc9425e4f968f7f0c29f0259cf5f9aed6851c2bb4ad8bfb860cfee0ab248292",
        message: "f726936d19c800494e3fdaff20b276a8",
        signature: "55a4cc2f70a54e04288c5f4cd1e45a7bb520b36292911876cada7323198dd87a\
              8b36950b95130022907a7fb7c4e9b2d5f6cca685a587b4b21f4b888e4e7edb0d",
        ..KnownAnswer::NONE
    },
    KnownAnswer {
        origin: "RFC 8032 section 7.2, bar",
        parameter: Some(b"bar"),
        key: "dfc9425e4f968f7f0c29f0259cf5f9aed6851c2bb4ad8bfb860cfee0ab248292",
        message: "f726936d19c800494e3fdaff20b276a8",
        signature: "fc60d5872fc46b3aa69f8b5b4351d5808f92bcc044606db097abab6dbcb1aee3\
              216c48e8b3b66431b5b186d1d28f8ee15a5ca2df6668346291c2043d4eb3e90d",
        ..KnownAnswer::NONE
    },
];

/// Of `ed25519ph`.
pub(super) static PH: [KnownAnswer; 1] = [KnownAnswer {
    origin: "RFC 8032 section 7.3, abc",
    key: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    message: "616263",
    signature: "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
              31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
    ..KnownAnswer::NONE
}];
