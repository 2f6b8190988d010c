//! The C ABI of Sigwarp: library `sigwarp_c`, header `include/sigwarp.h`.
//!
//! # Contract
//! - Every function returns a code. `SIGWARP_OK` says that the outputs were written and nothing about a signature: a
//!   signature is valid where its status byte is `SIGWARP_STATUS_VALID`, and nowhere else. Outputs are zeroed before
//!   the work starts, so that after an error every status is `SIGWARP_STATUS_NOT_COMPUTED`.
//! - A handle is a number, not an address: its kind, its slot and the generation of the slot. A handle that was freed,
//!   made up, or of another kind is an error code for as long as the process lives. Freeing one that another thread
//!   works with is safe; the work ends first.
//! - Every function may be called from any thread at any time. The caller's memory is read during the call only (the
//!   pre-validator and batches copy), and nobody may write to it meanwhile.
//! - No panic crosses: it becomes `SIGWARP_ERROR_PANIC`.
//! - What can be checked about the caller's memory is checked: null, alignment, lengths, the order of offsets, outputs
//!   that lie on inputs. What cannot be checked is whether an address is mapped for the length that the caller gave.
//!
//! # Layout
//! `memory` turns the caller's pointers into slices and is the only place that does; `handles` is the table of
//! what handles name; `error` has the codes and what every call goes through. The other modules are the functions
//! of the interface, one subject each.
// The names are those of the header.
#![allow(non_camel_case_types)]

mod batch;
mod columns;
mod engine;
mod error;
mod handles;
mod hash;
mod keys;
mod memory;
mod prevalidator;
mod recover;
mod reports;
mod status;
mod submit;
mod suite;
mod tickets;
mod transaction_queue;
mod transactions;
mod verify;

use std::ffi::c_char;

pub use batch::*;
pub use columns::{sigwarp_column, sigwarp_columns};
pub use engine::*;
pub use error::*;
pub use hash::*;
pub use keys::*;
pub use prevalidator::*;
pub use recover::*;
pub use reports::*;
pub use status::*;
pub use submit::*;
pub use suite::*;
pub use tickets::*;
pub use transaction_queue::*;
pub use transactions::*;
pub use verify::*;

/// The version of this interface. It changes when a program that was built against an earlier header would not work with
/// a newer library; functions, codes and statuses may be added without a change.
pub const SIGWARP_ABI_VERSION: u32 = 1;

/// The ABI version of the library. Compare with SIGWARP_ABI_VERSION of the header before anything else.
#[unsafe(no_mangle)]
pub extern "C" fn sigwarp_abi_version() -> u32 {
    SIGWARP_ABI_VERSION
}

/// The version of the library, for example "0.1.0". Lives as long as the process.
#[unsafe(no_mangle)]
pub extern "C" fn sigwarp_version() -> *const c_char {
    const VERSION: &std::ffi::CStr =
        match std::ffi::CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}
