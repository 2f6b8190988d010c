//! Hyperledger Fabric: the cases, what damage does, the traps of the format, and policies.

mod cases;
mod maker;
mod policies;
mod traps;
