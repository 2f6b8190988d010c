//! Tests of the profiles against vectors, on every backend of the machine.

mod architecture;
mod bitcoin;
mod bitcoin_blocks;
mod bitcoin_core;
mod bitcoin_pitfalls;
mod chainlink;
mod common;
mod cose;
mod ethereum;
mod fabric;
mod jose;
mod prevalidator;
mod secure_element;
mod snippets;
mod solana;
mod x509;
mod xrpl;
