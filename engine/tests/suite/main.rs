//! The tests of the engine through its public calls, in one program: it links once, and its tests share their engines,
//! each of which gives known answers before its first results.

mod architecture;
mod bip340_edges;
mod bip341;
mod calls;
mod common;
mod ecdsa_edges;
mod ecdsa_forms;
mod ed25519_cancelling;
mod ed25519_paths;
mod ed25519_small_order;
mod ed25519_variants;
mod gpu;
mod hash_memory;
mod hashing;
mod keyring;
mod keyring_one_by_one;
mod keyring_weierstrass;
mod matrix;
mod merkle;
mod mutations;
mod prevalidator;
mod recovery;
mod regressions;
mod sm2_edges;
mod snippets;
mod tokens;
mod vectors;
mod wycheproof;
mod wycheproof_one_by_one;
