what="what is exceptional in lanes of secp256k1 is decided on another curve"
plant_alone sigwarp weierstrass:: engine/src/schemes/weierstrass.rs \
    'type Reference = k256::Secp256k1;' \
    'type Reference = p256::NistP256;'
