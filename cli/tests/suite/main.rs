//! The tests of the command, as a user runs it, in one program.

mod bad_input;
mod bench;
mod block_files;
mod common;
mod faults;
mod hash;
mod inputs;
mod itself;
mod numbers;
mod transactions;
mod verify;
mod workload;
