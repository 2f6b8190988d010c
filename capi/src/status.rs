//! Per-item status bytes.

use std::ffi::{CStr, c_char};

use sigwarp::{Reason, Verdict};

/// The verdict on an item, or what became of a key that was to be registered. Only SIGWARP_STATUS_VALID means that a
/// signature is valid: compare with it, and never test a status for zero or non-zero. The numbers do not change; new
/// reasons get new ones.
pub type sigwarp_status = u8;

/// Not decided: what every status is before a call and after one that failed. Never valid.
pub const SIGWARP_STATUS_NOT_COMPUTED: sigwarp_status = 0;
/// The signature is valid under the suite.
pub const SIGWARP_STATUS_VALID: sigwarp_status = 1;
/// Invalid: the key has a length that the scheme does not know.
pub const SIGWARP_STATUS_BAD_KEY_LENGTH: sigwarp_status = 2;
/// Invalid: the key has a known length and a wrong form.
pub const SIGWARP_STATUS_BAD_KEY_ENCODING: sigwarp_status = 3;
/// Invalid: the signature has a length that the encoding cannot have.
pub const SIGWARP_STATUS_BAD_SIGNATURE_LENGTH: sigwarp_status = 4;
/// Invalid: the signature does not parse under the named encoding, or carries a recovery id above 3.
pub const SIGWARP_STATUS_BAD_SIGNATURE_ENCODING: sigwarp_status = 5;
/// Invalid: a coordinate of the key is not reduced, or x = 0 carries a sign, under a rule that forbids it.
pub const SIGWARP_STATUS_NON_CANONICAL_KEY: sigwarp_status = 6;
/// Invalid: the key is a point of order 1, 2, 4 or 8, under a rule that forbids it.
pub const SIGWARP_STATUS_SMALL_ORDER_KEY: sigwarp_status = 7;
/// Invalid: the key does not decode to a point of the curve.
pub const SIGWARP_STATUS_KEY_NOT_ON_CURVE: sigwarp_status = 8;
/// Invalid: a scalar of the signature is outside its range.
pub const SIGWARP_STATUS_SCALAR_OUT_OF_RANGE: sigwarp_status = 9;
/// Invalid: s is above half the group order, under a rule that forbids it.
pub const SIGWARP_STATUS_HIGH_S: sigwarp_status = 10;
/// Invalid: the encoding of R is not canonical, under a rule that forbids it.
pub const SIGWARP_STATUS_NON_CANONICAL_R: sigwarp_status = 11;
/// Invalid: R is a point of order 1, 2, 4 or 8, under a rule that forbids it.
pub const SIGWARP_STATUS_SMALL_ORDER_R: sigwarp_status = 12;
/// Invalid: R does not decode to a point of the curve, under a rule that decodes it.
pub const SIGWARP_STATUS_R_NOT_ON_CURVE: sigwarp_status = 13;
/// Invalid: the verification equation does not hold, or its point is infinity.
pub const SIGWARP_STATUS_EQUATION_FAILED: sigwarp_status = 14;
/// Of a key that was registered, and no verdict: the key is accepted, and no signature was looked at. Statuses from 128
/// on are not verdicts, and no verdict will be among them.
pub const SIGWARP_STATUS_KEY_REGISTERED: sigwarp_status = 128;

const NAMES: [&CStr; 15] = [
    c"NotComputed",
    c"Valid",
    c"BadKeyLength",
    c"BadKeyEncoding",
    c"BadSignatureLength",
    c"BadSignatureEncoding",
    c"NonCanonicalKey",
    c"SmallOrderKey",
    c"KeyNotOnCurve",
    c"ScalarOutOfRange",
    c"HighS",
    c"NonCanonicalR",
    c"SmallOrderR",
    c"RNotOnCurve",
    c"EquationFailed",
];

/// The name of a status, as in files and summaries, for example "EquationFailed"; "unknown status" for others. Lives
/// as long as the process.
#[unsafe(no_mangle)]
pub extern "C" fn sigwarp_status_name(status: sigwarp_status) -> *const c_char {
    let name = match status {
        SIGWARP_STATUS_KEY_REGISTERED => c"KeyRegistered",
        _ => NAMES.get(usize::from(status)).copied().unwrap_or(c"unknown status"),
    };
    name.as_ptr()
}

/// The status of a verdict.
pub(crate) const fn of(verdict: Verdict) -> sigwarp_status {
    match verdict {
        Verdict::Valid => SIGWARP_STATUS_VALID,
        Verdict::Invalid(reason) => of_reason(reason),
    }
}

/// The status of a reason.
pub(crate) const fn of_reason(reason: Reason) -> sigwarp_status {
    match reason {
        Reason::BadKeyLength => SIGWARP_STATUS_BAD_KEY_LENGTH,
        Reason::BadKeyEncoding => SIGWARP_STATUS_BAD_KEY_ENCODING,
        Reason::BadSignatureLength => SIGWARP_STATUS_BAD_SIGNATURE_LENGTH,
        Reason::BadSignatureEncoding => SIGWARP_STATUS_BAD_SIGNATURE_ENCODING,
        Reason::NonCanonicalKey => SIGWARP_STATUS_NON_CANONICAL_KEY,
        Reason::SmallOrderKey => SIGWARP_STATUS_SMALL_ORDER_KEY,
        Reason::KeyNotOnCurve => SIGWARP_STATUS_KEY_NOT_ON_CURVE,
        Reason::ScalarOutOfRange => SIGWARP_STATUS_SCALAR_OUT_OF_RANGE,
        Reason::HighS => SIGWARP_STATUS_HIGH_S,
        Reason::NonCanonicalR => SIGWARP_STATUS_NON_CANONICAL_R,
        Reason::SmallOrderR => SIGWARP_STATUS_SMALL_ORDER_R,
        Reason::RNotOnCurve => SIGWARP_STATUS_R_NOT_ON_CURVE,
        Reason::EquationFailed => SIGWARP_STATUS_EQUATION_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(status: sigwarp_status) -> &'static str {
        // SAFETY: a static string.
        unsafe { CStr::from_ptr(sigwarp_status_name(status)) }.to_str().expect("ASCII")
    }

    #[test]
    fn statuses_have_the_names_of_their_reasons_and_only_one_is_valid() {
        assert_eq!((name(SIGWARP_STATUS_NOT_COMPUTED), name(of(Verdict::Valid))), ("NotComputed", "Valid"));
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(name(of_reason(reason)), reason.name());
            // The numbers are a promise to programs that were built long ago.
            assert_eq!(usize::from(of_reason(reason)), index + 2);
        }
        assert_eq!(NAMES.len(), Reason::ALL.len() + 2);
        // What is no verdict is far from those that are, and from those to come.
        assert_eq!(name(SIGWARP_STATUS_KEY_REGISTERED), "KeyRegistered");
        let others = (15..=255).filter(|status| *status != SIGWARP_STATUS_KEY_REGISTERED);
        assert!(others.into_iter().all(|status| name(status) == "unknown status"));
        assert!(NAMES.len() <= 128);
    }
}
