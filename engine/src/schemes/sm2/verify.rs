//! The steps of verifying one SM2 item (GB/T 32918.2, section 7.1).

use k256::elliptic_curve::Scalar;
use sigwarp_tables::sm2 as table;
use sm2::Sm2;
use sm3::{Digest, Sm3};

use super::rules::{self, Sm2Encoding, UserId};
use super::wire;
use crate::Reason;
use crate::schemes::Screened;
use crate::schemes::weierstrass::{self, Coordinates, Curve};

/// Verifies one item. With a user ID `message` is the message, without one it is e.
pub(crate) fn verify(
    user_id: Option<UserId<'_>>,
    encoding: Sm2Encoding,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let item = wire::parse(&Sm2::BOUNDS, encoding, key, signature)?;
    let screened = rules::screen(&item.facts);
    if let Screened::Rejected(reason) = screened {
        return Err(reason);
    }
    let p = weierstrass::decode::<Sm2>(&item.key).ok_or(Reason::KeyNotOnCurve)?;
    if let Screened::RejectedUnlessKeyFails(reason) = screened {
        return Err(reason);
    }
    let e = match user_id {
        Some(id) => message_hash(id, &weierstrass::affine_coordinates::<Sm2>(&p), message),
        None => weierstrass::digest_integer(message),
    };
    let [e, r, s] = [e, item.r, item.s].map(|integer| weierstrass::scalar::<Sm2>(&integer));
    let point = weierstrass::combine::<Sm2>(&s, &(r + s), &p).ok_or(Reason::EquationFailed)?;
    let x: Scalar<Sm2> = weierstrass::scalar::<Sm2>(&point.x);
    if e + x == r { Ok(()) } else { Err(Reason::EquationFailed) }
}

/// e = SM3(Z_A ‖ M), where Z_A = SM3(ENTL ‖ ID ‖ a ‖ b ‖ x_G ‖ y_G ‖ x_A ‖ y_A) (section 5.5).
pub(super) fn message_hash(user_id: UserId<'_>, key: &Coordinates, message: &[u8]) -> [u8; 32] {
    let z =
        Sm3::new().chain_update(identity_prefix(user_id)).chain_update(key.x).chain_update(key.y).finalize();
    Sm3::new().chain_update(z).chain_update(message).finalize().into()
}

/// What Z_A hashes before the key.
pub(super) fn identity_prefix(user_id: UserId<'_>) -> Vec<u8> {
    let mut prefix = user_id.bit_length().to_be_bytes().to_vec();
    prefix.extend_from_slice(user_id.as_bytes());
    for part in [&table::A, &table::B, &table::GX, &table::GY] {
        prefix.extend_from_slice(part);
    }
    prefix
}
