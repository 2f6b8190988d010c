//! The steps of verifying one BIP 340 item ("Verification" in the BIP).

use k256::Secp256k1;
use sha2::{Digest, Sha256};

use super::{rules, wire};
use crate::Reason;
use crate::schemes::Screened;
use crate::schemes::weierstrass;

/// Verifies one item.
pub(crate) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Reason> {
    let item = wire::parse(key, signature)?;
    let screened = rules::screen(&item.facts);
    if let Screened::Rejected(reason) = screened {
        return Err(reason);
    }
    let p = weierstrass::decompress::<Secp256k1>(&item.key, false).ok_or(Reason::KeyNotOnCurve)?;
    if let Screened::RejectedUnlessKeyFails(reason) = screened {
        return Err(reason);
    }
    let e = weierstrass::scalar::<Secp256k1>(&challenge(&item.r, &item.key, message));
    let s = weierstrass::scalar::<Secp256k1>(&item.s);
    let recomputed = weierstrass::combine::<Secp256k1>(&s, &-e, &p).ok_or(Reason::EquationFailed)?;
    if rules::is_r(&recomputed, &item.r) { Ok(()) } else { Err(Reason::EquationFailed) }
}

/// The tagged hash of r ‖ P ‖ m, not reduced.
pub(super) fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let tag = Sha256::digest(b"BIP0340/challenge");
    let hash = Sha256::new().chain_update(tag).chain_update(tag);
    hash.chain_update(r).chain_update(key).chain_update(message).finalize().into()
}
