//! Tests of the profiles against vectors, on every backend of the machine.

mod architecture;
mod bitcoin;
mod bitcoin_blocks;
mod bitcoin_core;
mod bitcoin_pitfalls;
mod bumo;
mod chain_core;
mod chainlink;
mod chainmaker;
mod common;
mod corda;
mod cose;
mod diem;
mod ethereum;
mod fabric;
mod fisco_bcos;
mod jose;
mod neo;
mod prevalidator;
mod secure_element;
mod snippets;
mod solana;
mod x509;
mod xrpl;
