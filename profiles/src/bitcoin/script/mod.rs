//! Scripts: their opcodes, numbers and stack, and the interpreter.
//!
//! `op.rs` splits a script and knows its standard forms, `number.rs` and `stack.rs` what it computes with, `encoding.rs`
//! how signatures and keys must be written, `interpreter.rs` runs one script, `arithmetic.rs` and `locks.rs` have
//! families of its opcodes, `signatures.rs` those that ask for checks, and `verify.rs` puts the scripts of an input
//! together.

mod arithmetic;
mod encoding;
mod error;
mod interpreter;
mod locks;
mod number;
pub(super) mod op;
mod signatures;
mod stack;
mod verify;

use std::borrow::Cow;

pub use self::error::ScriptError;
pub(super) use self::verify::verify;

/// An element of the stack: bytes of a script or a witness, or bytes that were computed.
pub(super) type Element<'a> = Cow<'a, [u8]>;

/// The most bytes that an element may have (`MAX_SCRIPT_ELEMENT_SIZE`).
const MAX_ELEMENT: usize = 520;

/// The rules of signatures and opcodes that a script runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// Scripts of inputs and outputs, and those of P2SH.
    Base,
    /// Scripts of version 0 of witness programs (BIP 141).
    V0,
    /// Scripts of leaves of taproot (BIP 342).
    Tapscript,
}
