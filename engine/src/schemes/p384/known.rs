//! Known answers of ECDSA on P-384.

use crate::Reason;
use crate::schemes::def::KnownAnswer;

/// Of `ecdsa-p384-sha384`.
pub(super) static P384_SHA384: [KnownAnswer; 2] = [
    KnownAnswer {
        origin: "RFC 6979 appendix A.2.6, SHA-384, sample",
        key: "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13\
              8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
        message: "73616d706c65",
        signature: "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46\
                    99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
        refused: &[("ecdsa-low-s", Reason::HighS)],
        ..KnownAnswer::NONE
    },
    KnownAnswer {
        origin: "RFC 6979 appendix A.2.6, SHA-384, sample, n - s, the key compressed",
        key: "02ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13",
        message: "73616d706c65",
        signature: "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46\
                    6610b514ea0e87315e01bf24d9fcec70ecf18bf5e69dbad9a727ea302393848fb4f04c6cd0423fdc7169525094629eab",
        ..KnownAnswer::NONE
    },
];
