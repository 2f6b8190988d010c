//! Codes, error texts, and what every call of the interface goes through.

use std::any::Any;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::memory;

/// What a function returns: SIGWARP_OK or one of SIGWARP_ERROR_*. None of them says anything about a signature.
pub type sigwarp_code = i32;

/// The call did what it says and wrote its outputs. Verdicts are in the statuses, not in this code.
pub const SIGWARP_OK: sigwarp_code = 0;
/// A pointer is null that must not be.
pub const SIGWARP_ERROR_NULL: sigwarp_code = 1;
/// A handle does not exist: it was freed, made up, or is of another kind.
pub const SIGWARP_ERROR_HANDLE: sigwarp_code = 2;
/// A value or a name that does not exist or is out of range.
pub const SIGWARP_ERROR_ARGUMENT: sigwarp_code = 3;
/// Offsets, lengths or indices that do not describe rows.
pub const SIGWARP_ERROR_COLUMNS: sigwarp_code = 4;
/// A buffer is too short, or overlaps one that the call reads.
pub const SIGWARP_ERROR_BUFFER: sigwarp_code = 5;
/// Scheme, rule, encoding and user ID do not form a suite.
pub const SIGWARP_ERROR_SUITE: sigwarp_code = 6;
/// An item names a key that is not registered with this engine for its scheme.
pub const SIGWARP_ERROR_UNKNOWN_KEY: sigwarp_code = 7;
/// The key ring has no room, even without tables.
pub const SIGWARP_ERROR_KEY_BUDGET: sigwarp_code = 8;
/// The engine does not implement what was asked for.
pub const SIGWARP_ERROR_UNSUPPORTED: sigwarp_code = 9;
/// The backend that was asked for does not run here, or it or every other gave a wrong answer in the self-test.
pub const SIGWARP_ERROR_UNAVAILABLE: sigwarp_code = 10;
/// The engine could not finish. Nothing is known about the items; the call may be repeated.
pub const SIGWARP_ERROR_ENGINE: sigwarp_code = 11;
/// A fault of the library, caught before it reached the caller. Please report it with its text.
pub const SIGWARP_ERROR_PANIC: sigwarp_code = 12;

/// The queue of a pre-validator is full: submit later, or wait for room.
pub const SIGWARP_ERROR_FULL: sigwarp_code = 13;
/// The pre-validator was closed.
pub const SIGWARP_ERROR_CLOSED: sigwarp_code = 14;
/// Not every outcome is there yet.
pub const SIGWARP_ERROR_PENDING: sigwarp_code = 15;
/// The item was cancelled before it was verified.
pub const SIGWARP_ERROR_CANCELLED: sigwarp_code = 16;
/// More than the queue of a pre-validator can ever hold.
pub const SIGWARP_ERROR_TOO_LARGE: sigwarp_code = 17;

const NAMES: [&std::ffi::CStr; 18] = [
    c"ok",
    c"null",
    c"handle",
    c"argument",
    c"columns",
    c"buffer",
    c"suite",
    c"unknown key",
    c"key budget",
    c"unsupported",
    c"unavailable",
    c"engine",
    c"panic",
    c"full",
    c"closed",
    c"pending",
    c"cancelled",
    c"too large",
];

/// The short name of a code, for example "buffer"; "unknown code" for others. Lives as long as the process.
#[unsafe(no_mangle)]
pub extern "C" fn sigwarp_code_name(code: sigwarp_code) -> *const c_char {
    let name = usize::try_from(code).ok().and_then(|code| NAMES.get(code).copied());
    name.unwrap_or(c"unknown code").as_ptr()
}

/// The bytes of an error text, its terminating zero included.
pub const SIGWARP_ERROR_TEXT: usize = 508;

/// Where a function says what was wrong, and what to do about it. The caller owns it; every function that can fail
/// takes one, or a null pointer where the caller does not want to know. It is written before the function returns, so
/// it works in languages that move their threads between calls as it does in C.
#[repr(C)]
pub struct sigwarp_error {
    /// The code that the function returned.
    pub code: sigwarp_code,
    /// Zero-terminated UTF-8, cut off where it is long. Empty after SIGWARP_OK.
    pub text: [c_char; SIGWARP_ERROR_TEXT],
}

/// Why a call did not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: sigwarp_code,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(code: sigwarp_code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    pub(crate) fn argument(text: impl Into<String>) -> Self {
        Self::new(SIGWARP_ERROR_ARGUMENT, text)
    }
}

/// The code of an error of the engine.
pub(crate) fn code_of(error: &sigwarp::Error) -> sigwarp_code {
    use sigwarp::Error;
    match error {
        Error::UnknownKey { .. } => SIGWARP_ERROR_UNKNOWN_KEY,
        Error::KeyBudget { .. } => SIGWARP_ERROR_KEY_BUDGET,
        Error::Unsupported { .. } => SIGWARP_ERROR_UNSUPPORTED,
        Error::Unavailable { .. } | Error::UnknownBackend(_) | Error::SelfTest(_) => {
            SIGWARP_ERROR_UNAVAILABLE
        }
        Error::DigestBuffer { .. } => SIGWARP_ERROR_BUFFER,
        Error::WrongInput(_) | Error::Merkle(_) => SIGWARP_ERROR_COLUMNS,
        _ => SIGWARP_ERROR_ENGINE,
    }
}

impl From<sigwarp::Error> for Failure {
    fn from(error: sigwarp::Error) -> Self {
        Self::new(code_of(&error), error.to_string())
    }
}

impl From<sigwarp::ColumnError> for Failure {
    fn from(error: sigwarp::ColumnError) -> Self {
        Self::new(SIGWARP_ERROR_COLUMNS, error.to_string())
    }
}

impl From<sigwarp::SuiteError> for Failure {
    fn from(error: sigwarp::SuiteError) -> Self {
        Self::new(SIGWARP_ERROR_SUITE, error.to_string())
    }
}

/// Runs the work of a call from C: no panic leaves it, and `error` says how it ended.
pub(crate) fn call(error: *mut sigwarp_error, work: impl FnOnce() -> Result<(), Failure>) -> sigwarp_code {
    // What a panic leaves half done is behind locks that are taken over by whoever comes next (the handle table, which
    // is consistent between any two of its statements) or belongs to the call alone.
    let ended = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(ended) => ended,
        Err(payload) => Err(panicked(payload)),
    };
    let (code, text) = match &ended {
        Ok(()) => (SIGWARP_OK, ""),
        Err(failure) => (failure.code, failure.text.as_str()),
    };
    memory::write_error(error, code, text);
    code
}

fn panicked(payload: Box<dyn Any + Send>) -> Failure {
    let said = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&str>() {
            Ok(text) => (*text).to_owned(),
            Err(other) => {
                // To drop a payload of an unknown type could panic again.
                std::mem::forget(other);
                "a panic without a text".to_owned()
            }
        },
    };
    let report = "a fault of the library, please report it; no item was decided";
    Failure::new(SIGWARP_ERROR_PANIC, format!("{report}: {said}"))
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn text(error: &sigwarp_error) -> String {
        let bytes: Vec<u8> = error.text.iter().map(|&c| c.cast_unsigned()).collect();
        CStr::from_bytes_until_nul(&bytes).expect("terminated").to_str().expect("UTF-8").to_owned()
    }

    fn full() -> sigwarp_error {
        sigwarp_error { code: 77, text: [0x55; SIGWARP_ERROR_TEXT] }
    }

    #[test]
    fn panics_become_codes_whatever_they_carry() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let mut error = full();
        let code = call(&mut error, || panic!("item {} of nothing", 3));
        assert_eq!((code, error.code), (SIGWARP_ERROR_PANIC, SIGWARP_ERROR_PANIC));
        assert!(text(&error).ends_with("no item was decided: item 3 of nothing"), "{}", text(&error));
        assert_eq!(call(&mut error, || std::panic::panic_any(Bomb)), SIGWARP_ERROR_PANIC);
        assert!(text(&error).ends_with("a panic without a text"));
        assert_eq!(call(std::ptr::null_mut(), || panic!("unheard")), SIGWARP_ERROR_PANIC);
        assert_eq!(call(&mut error, || Ok(())), SIGWARP_OK);
        assert_eq!((error.code, text(&error).as_str()), (SIGWARP_OK, ""));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let mut error = full();
        let long = "é".repeat(SIGWARP_ERROR_TEXT);
        call(&mut error, || Err(Failure::argument(long.clone())));
        let seen = text(&error);
        assert!(long.starts_with(&seen));
        assert_eq!(seen.len(), (SIGWARP_ERROR_TEXT - 1) / 2 * 2);
    }

    #[test]
    fn every_code_has_a_name() {
        for code in SIGWARP_OK..=SIGWARP_ERROR_TOO_LARGE {
            // SAFETY: a static string.
            assert_ne!(unsafe { CStr::from_ptr(sigwarp_code_name(code)) }, c"unknown code");
        }
        for code in [-1, 1000, i32::MIN] {
            // SAFETY: a static string.
            assert_eq!(unsafe { CStr::from_ptr(sigwarp_code_name(code)) }, c"unknown code");
        }
    }
}
