//! What "valid" means for BIP 340.

use super::wire::Facts;
use crate::Reason;
use crate::schemes::Screened;
use crate::schemes::weierstrass::Coordinates;

/// What the bytes alone decide.
#[inline]
pub(super) const fn screen(facts: &Facts) -> Screened {
    if !facts.key_reduced {
        Screened::Rejected(Reason::NonCanonicalKey)
    } else if !facts.s_below_order {
        Screened::RejectedUnlessKeyFails(Reason::ScalarOutOfRange)
    } else if !facts.r_reduced {
        Screened::RejectedUnlessKeyFails(Reason::NonCanonicalR)
    } else {
        Screened::Open
    }
}

/// Whether sG − eP, which is not infinity, is the point that r names: x(R) = r and y(R) even.
#[inline]
pub(super) fn is_r(recomputed: &Coordinates, r: &[u8; 32]) -> bool {
    recomputed.x == *r && !recomputed.y_is_odd()
}
