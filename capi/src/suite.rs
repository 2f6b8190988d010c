//! Suites by name.

use std::ffi::c_char;
use std::sync::Arc;

use sigwarp::Suite;

use crate::error::{Failure, call, sigwarp_code, sigwarp_error};
use crate::handles::Table;
use crate::memory::{self, Output};

pub(crate) static SUITES: Table<Suite> = Table::new("suite", "sigwarp_suite_new", 2);

/// Scheme, rule, signature encoding and user ID or context: everything besides the bytes that fixes what valid means. Made by
/// sigwarp_suite_new; used with any engine, by any number of threads.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_suite {
    /// Private; 0 is no suite.
    pub id: u64,
}

/// The suite of these names, for example "ed25519", "zip215", NULL and "ecdsa-secp256k1", "ecdsa-low-s", "der".
/// `rule` may be null where the scheme has only one; a null `encoding` is "raw". `user_id` is the user ID of "sm2-sm3", where
/// null is "1234567812345678", or the context of "ed25519ctx" (1 to 255 bytes) and "ed25519ph" (at most 255, null is
/// empty); other schemes have neither. To be freed with sigwarp_suite_free.
///
/// # Safety
/// The names are null or zero-terminated; `user_id` is null or has `user_id_length` bytes; `suite` can be written, and
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_suite_new(
    scheme: *const c_char,
    rule: *const c_char,
    encoding: *const c_char,
    user_id: *const u8,
    user_id_length: usize,
    suite: *mut sigwarp_suite,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: the caller gives a handle that can be written, and nothing is borrowed yet.
        let output = unsafe { Output::one("suite", suite) }?;
        // SAFETY: null or zero-terminated, and unchanged during the call.
        let (scheme, rule, encoding) = unsafe {
            (
                memory::name("scheme", scheme)?,
                memory::text("rule", rule)?,
                memory::text("encoding", encoding)?,
            )
        };
        let user_id = match user_id.is_null() {
            true if user_id_length > 0 => {
                return Err(Failure::argument(format!(
                    "user_id is null and has {user_id_length} bytes; pass the bytes, or a length of 0"
                )));
            }
            true => None,
            // SAFETY: as long as the caller says, and unchanged during the call.
            false => Some(unsafe { memory::array("user_id", user_id, user_id_length) }?),
        };
        let id = SUITES.insert(Arc::new(Suite::from_names(scheme, rule, encoding, user_id)?))?;
        output.set(sigwarp_suite { id });
        Ok(())
    })
}

/// Frees a suite. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_suite_free(suite: sigwarp_suite, error: *mut sigwarp_error) -> sigwarp_code {
    call(error, || SUITES.free(suite.id))
}

/// Writes the names of a suite: scheme, rule and encoding with a space between. `needed` is as in
/// sigwarp_engine_explain.
///
/// # Safety
/// `capacity` bytes can be written to `text`; `needed` and `error` are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_suite_name(
    suite: sigwarp_suite,
    text: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let suite = SUITES.get(suite.id)?;
        // SAFETY: passed on.
        unsafe { memory::write_text(&suite.to_string(), text, capacity, needed) }
    })
}
