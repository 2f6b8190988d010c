//! The steps of verifying one Ed25519 item, on curve25519-dalek's points.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};

use super::rules::{Ed25519Rule, Equation};
use super::wire::{self, Parsed};
use crate::Reason;
use crate::schemes::Screened;

/// Verifies one item under `rule`.
pub(crate) fn verify(rule: Ed25519Rule, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Reason> {
    let item = wire::parse(key, signature)?;
    let screened = rule.screen(&item.facts);
    if let Screened::Rejected(reason) = screened {
        return Err(reason);
    }
    let a = CompressedEdwardsY(item.a).decompress().ok_or(Reason::KeyNotOnCurve)?;
    if let Screened::RejectedUnlessKeyFails(reason) = screened {
        return Err(reason);
    }
    let r = CompressedEdwardsY(item.r).decompress();
    if rule.decodes_r() && r.is_none() {
        return Err(Reason::RNotOnCurve);
    }
    let recomputed = recompute_r(&item, &a, message);
    let holds = match rule.equation() {
        Equation::Cofactorless => recomputed.compress().0 == item.r,
        Equation::Cofactored => r.is_some_and(|r| (recomputed - r).mul_by_cofactor().is_identity()),
    };
    if holds { Ok(()) } else { Err(Reason::EquationFailed) }
}

/// SB − kA, with k = SHA-512(R ‖ A ‖ M) as an integer in [0, L): k ± L would give another kA where A has torsion.
fn recompute_r(item: &Parsed, a: &EdwardsPoint, message: &[u8]) -> EdwardsPoint {
    let hash = Sha512::new().chain_update(item.r).chain_update(item.a).chain_update(message);
    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    // B has order L, so S may be reduced even under the rule that accepts S ≥ L.
    let s = Scalar::from_bytes_mod_order(item.s);
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-a, &s)
}
