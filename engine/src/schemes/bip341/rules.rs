//! What "valid" means for a commitment of BIP 341.

use super::wire::Parsed;
use crate::Reason;
use crate::schemes::Screened;
use crate::schemes::weierstrass::Coordinates;

/// What the bytes alone decide. An x(Q) of p or more is not refused: BIP 341 compares it, and it is the x of no point.
#[inline]
pub(super) const fn screen(item: &Parsed) -> Screened {
    if !item.key_reduced {
        Screened::Rejected(Reason::NonCanonicalKey)
    } else if item.t.is_none() {
        Screened::RejectedUnlessKeyFails(Reason::ScalarOutOfRange)
    } else if !item.x_reduced {
        Screened::RejectedUnlessKeyFails(Reason::EquationFailed)
    } else {
        Screened::Open
    }
}

/// Whether P + tG, which is not infinity, is the point that x and the parity name.
#[inline]
pub(super) fn is_q(recomputed: &Coordinates, x: &[u8; 32], odd: bool) -> bool {
    recomputed.x == *x && recomputed.y_is_odd() == odd
}
