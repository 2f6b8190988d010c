//! BIP340 Schnorr signatures on secp256k1.
