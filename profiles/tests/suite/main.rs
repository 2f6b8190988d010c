//! Tests of the profiles against vectors, on every backend of the machine.

mod architecture;
mod chainlink;
mod common;
mod ethereum;
mod prevalidator;
mod solana;
mod xrpl;
