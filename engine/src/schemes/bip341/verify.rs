//! The steps of judging one commitment ("Script validation rules" in BIP 341), by complete formulas.

use k256::Secp256k1;
use k256::elliptic_curve::Scalar;

use super::{rules, wire};
use crate::Reason;
use crate::schemes::Screened;
use crate::schemes::weierstrass;

/// Judges one item.
pub(crate) fn verify(key: &[u8], tweak: &[u8], output: &[u8]) -> Result<(), Reason> {
    let item = wire::parse(key, tweak, output)?;
    let screened = rules::screen(&item);
    if let Screened::Rejected(reason) = screened {
        return Err(reason);
    }
    let p = weierstrass::decompress::<Secp256k1>(&item.key, false).ok_or(Reason::KeyNotOnCurve)?;
    if let Screened::RejectedUnlessKeyFails(reason) = screened {
        return Err(reason);
    }
    let t = weierstrass::scalar::<Secp256k1>(&item.t.ok_or(Reason::ScalarOutOfRange)?);
    let one = Scalar::<Secp256k1>::ONE;
    let q = weierstrass::combine::<Secp256k1>(&t, &one, &p).ok_or(Reason::EquationFailed)?;
    if rules::is_q(&q, &item.x, item.odd) { Ok(()) } else { Err(Reason::EquationFailed) }
}
