//! Lane-parallel arithmetic. Lane i of every vector belongs to item i.
//!
//! Nothing here knows a rule or a thread. What is public verifies public data: variable time is fine,
//! and nothing may be given a secret.
// Limbs and lanes of several arrays are indexed together; and plain index loops are what compiles well here.
#![allow(clippy::needless_range_loop)]

#[cfg(test)]
mod bounds;
pub mod curve;
pub mod field;
pub mod hash;
pub mod multiscalar;
pub mod scalar;
pub mod simd;
