//! The tests of readers, writers and generator, in one program.

mod columns;
mod common;
mod edges;
mod errors;
mod files;
mod generate;
mod inputs;
mod pages;
mod types;
