//! Hyperledger Fabric: the cases, and what damage does.

mod cases;
