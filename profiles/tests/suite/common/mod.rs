//! What the tests of every system share: vectors, engines of every backend, and the harness that judges cases.
#![allow(unreachable_pub, reason = "the tests are one program")]

mod damage;
mod engines;
mod harness;
mod vectors;

pub use damage::{Damage, damage, damages_all, spread};
pub use engines::{engines, fastest};
pub use harness::{Case, Subject, cases, cases_of};
pub use vectors::{bytes, fields, rows, with_input};
