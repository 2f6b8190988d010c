//! The tests of the C library, in one program.

mod arbitrary;
mod common;
mod doors;
mod header;
mod misuse;
mod prevalidator;
