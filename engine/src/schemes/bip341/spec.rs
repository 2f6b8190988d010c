//! The oracle: BIP 341's Q = P + tG, with Q lifted from its x and its parity, and P recomputed as Q − tG.

use k256::Secp256k1;
use k256::elliptic_curve::bigint::U256;
use k256::{AffinePoint, ProjectivePoint};

use crate::Reason;
use crate::schemes::spec::{self, Curve, check};

/// The verdict on one item.
pub(crate) fn verify(key: &[u8], tweak: &[u8], output: &[u8]) -> Result<(), Reason> {
    check(key.len() == 32, Reason::BadKeyLength)?;
    check(output.len() == 33, Reason::BadSignatureLength)?;
    check(output[0] < 2, Reason::BadSignatureEncoding)?;
    let x = U256::from_be_slice(key);
    check(x < Secp256k1::prime(), Reason::NonCanonicalKey)?;
    let p: AffinePoint = *spec::lift::<Secp256k1>(&x).first().ok_or(Reason::KeyNotOnCurve)?;
    check(tweak.len() == 32, Reason::ScalarOutOfRange)?;
    let t = U256::from_be_slice(tweak);
    check(t < Secp256k1::order(), Reason::ScalarOutOfRange)?;

    let candidates = spec::lift::<Secp256k1>(&U256::from_be_slice(&output[1..]));
    let t_g = ProjectivePoint::GENERATOR * spec::scalar::<Secp256k1>(&t);
    let holds = candidates.get(usize::from(output[0])).is_some_and(|q| ProjectivePoint::from(*q) - t_g == p);
    check(holds, Reason::EquationFailed)
}
