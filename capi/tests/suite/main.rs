//! The tests of the C library, in one program.

mod arbitrary;
mod calls;
mod common;
mod header;
mod misuse;
mod prevalidator;
mod transaction_queue;
mod transactions;
