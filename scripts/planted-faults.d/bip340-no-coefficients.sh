what="every BIP 340 item has the coefficient 1, so that errors cancel"
plant engine/src/schemes/bip340/combination.rs \
    'let n = Secp256k1::BOUNDS.n;
        terms.clear();' \
    'let n = Secp256k1::BOUNDS.n;
        if ON {
            coefficients.fill([1, 0]);
        }
        terms.clear();'
