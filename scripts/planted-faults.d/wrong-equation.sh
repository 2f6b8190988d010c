what="bouncy-castle tests the cofactorless equation"
plant engine/src/schemes/ed25519/rules.rs \
    'Self::BouncyCastle => (Order, Canonical, false, Decoded(Canonical), true, Cofactored)' \
    'Self::BouncyCastle => {
                let equation = if ON { Cofactorless } else { Cofactored };
                (Order, Canonical, false, Decoded(Canonical), true, equation)
            }'
