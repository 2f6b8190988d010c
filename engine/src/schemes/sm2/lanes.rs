//! The steps of verifying SM2 items of one suite, in lanes.

use std::sync::OnceLock;

use super::rules::{self, Sm2Encoding, UserId};
use super::verify;
use super::wire::{self, Parsed};
use crate::batch::Item;
use crate::schemes::Screened;
use crate::schemes::keys::{self, Base, KnownKey, Term};
use crate::schemes::sec1::Y;
use crate::schemes::weierstrass::{self, Bounds, Coordinates, InLanes, bytes, words};
use crate::{Reason, Verdict};
use sigwarp_kernels::curve::weierstrass::equation::{self, Match};
use sigwarp_kernels::curve::weierstrass::{self as lanes, Encoded};
use sigwarp_kernels::field::prime256::Family;
use sigwarp_kernels::hash::{Slices, sm3};
use sigwarp_kernels::simd::Token;

const BOUNDS: Bounds = <lanes::Sm2 as InLanes>::BOUNDS;

/// Judges items of one suite. `verdicts` has a place for each, and gets the verdict of every one.
pub(crate) fn verify<'a, S: Family>(
    token: S::Token,
    (user_id, encoding): (Option<UserId<'_>>, Sm2Encoding),
    base: &Base,
    items: impl Iterator<Item = (Item<'a>, Option<KnownKey<'a>>)>,
    verdicts: &mut [Option<Verdict>],
) {
    let n = BOUNDS.n;
    let mut open: Vec<(usize, Parsed, Item<'a>)> = Vec::new();
    let mut points: Vec<Encoded> = Vec::new();
    let mut known_keys: Vec<Option<KnownKey<'a>>> = Vec::new();
    let mut rejected: Vec<(usize, Reason)> = Vec::new();
    let mut rejected_keys = Vec::new();
    for (position, (item, known)) in items.enumerate() {
        match wire::parse(&BOUNDS, encoding, item.key, item.signature) {
            Err(reason) => verdicts[position] = Some(Verdict::Invalid(reason)),
            Ok(parsed) => {
                let point = weierstrass::encoded(&parsed.key);
                match rules::screen(&parsed.facts) {
                    Screened::Rejected(reason) => verdicts[position] = Some(Verdict::Invalid(reason)),
                    // A known key is a point.
                    Screened::RejectedUnlessKeyFails(reason) if known.is_some() => {
                        verdicts[position] = Some(Verdict::Invalid(reason));
                    }
                    Screened::RejectedUnlessKeyFails(reason) => {
                        rejected.push((position, reason));
                        rejected_keys.push(point);
                    }
                    Screened::Open => {
                        open.push((position, parsed, item));
                        points.push(point);
                        known_keys.push(known);
                    }
                }
            }
        }
    }

    for (on_curve, (position, reason)) in
        equation::on_curve::<lanes::Sm2, S>(token, &rejected_keys).into_iter().zip(rejected)
    {
        verdicts[position] = Some(Verdict::Invalid(if on_curve { reason } else { Reason::KeyNotOnCurve }));
    }

    // Z_A hashes both coordinates: compressed keys are decoded first.
    let compressed = open
        .iter()
        .zip(&known_keys)
        .any(|((_, parsed, _), known)| known.is_none() && matches!(parsed.key.y, Y::Odd(_)));
    let decoded = if user_id.is_some() && compressed {
        equation::points::<lanes::Sm2, S>(token, &points)
    } else {
        Vec::new()
    };
    let key = |i: usize, parsed: &Parsed| match (parsed.key.y, known_keys[i]) {
        (Y::Is(y), _) => Some(Coordinates { x: parsed.key.x, y }),
        (Y::Odd(_), Some(known)) => Some(Coordinates { x: parsed.key.x, y: bytes(&known.point[1]) }),
        (Y::Odd(_), None) => decoded[i].map(|[x, y]| Coordinates { x: bytes(&x), y: bytes(&y) }),
    };
    let digests = user_id.map(|id| {
        let signed: Vec<Signed<'_>> = open
            .iter()
            .enumerate()
            // A key that is no point is found below, whatever its digest.
            .map(|(i, (_, parsed, item))| Signed {
                key: key(i, parsed).unwrap_or(NO_KEY),
                message: item.message,
                identity: known_keys[i]
                    .and_then(|known| known.identity)
                    .filter(|_| id.as_bytes() == UserId::DEFAULT),
            })
            .collect();
        message_hashes(token, id, &signed)
    });
    let mut expected = Vec::with_capacity(open.len());
    let mut terms = Vec::with_capacity(open.len());
    for (i, (_, parsed, item)) in open.iter().enumerate() {
        let e = match &digests {
            Some(digests) => digests[i],
            None => weierstrass::digest_integer(item.message),
        };
        // e + x₁ ≡ r.
        let minus_e = weierstrass::negate(&weierstrass::reduce(&e, n), n);
        let x = weierstrass::add_modulo(&parsed.r, &minus_e, n);
        expected.push(weierstrass::abscissa(&x, &BOUNDS));
        // (x₁, y₁) = sG + tP, t = r + s.
        let t = weierstrass::add_modulo(&parsed.r, &parsed.s, n);
        terms.push(Term::new(|| points[i], known_keys[i], words(&parsed.s), words(&t)));
    }
    for ((position, _, item), found) in
        open.iter().zip(keys::matches::<lanes::Sm2, S>(token, base, &terms, &expected))
    {
        let verdict = match found {
            Match::NotOnCurve => Verdict::Invalid(Reason::KeyNotOnCurve),
            Match::Equal => Verdict::Valid,
            Match::Different => Verdict::Invalid(Reason::EquationFailed),
            Match::Exceptional => {
                verify::verify(user_id, encoding, item.key, item.message, item.signature).into()
            }
        };
        verdicts[*position] = Some(verdict);
    }
}

/// A key and a message under it.
struct Signed<'a> {
    key: Coordinates,
    message: &'a [u8],
    /// Where Z_A is kept.
    identity: Option<&'a OnceLock<[u8; 32]>>,
}

const NO_KEY: Coordinates = Coordinates { x: [0; 32], y: [0; 32] };

/// e = SM3(Z_A ‖ M) of each message, in lanes. What is hashed must stand together: long messages are not copied for
/// that, but hashed one by one.
fn message_hashes<T: Token>(token: T, user_id: UserId<'_>, signed: &[Signed<'_>]) -> Vec<[u8; 32]> {
    const LONG: usize = 4096;
    let digest_all = |inputs: &[&[u8]]| {
        let mut digests = vec![[0; 32]; inputs.len()];
        sm3::digest_all(token, &Slices(inputs), digests.as_flattened_mut(), &mut Vec::new());
        digests
    };
    let prefix = verify::identity_prefix(user_id);
    let width = prefix.len() + 64;
    let mut bytes = Vec::new();
    let mut identities: Vec<Option<[u8; 32]>> =
        signed.iter().map(|item| item.identity.and_then(OnceLock::get).copied()).collect();
    for (item, _) in signed.iter().zip(&identities).filter(|(_, z)| z.is_none()) {
        bytes.extend_from_slice(&prefix);
        bytes.extend_from_slice(&item.key.x);
        bytes.extend_from_slice(&item.key.y);
    }
    let mut hashed = digest_all(&bytes.chunks(width).collect::<Vec<_>>()).into_iter();
    for (item, z) in signed.iter().zip(&mut identities).filter(|(_, z)| z.is_none()) {
        *z = hashed.next();
        if let (Some(kept), Some(z)) = (item.identity, *z) {
            // Of a key that comes twice the first is kept: they are equal.
            let _ = kept.set(z);
        }
    }

    bytes.clear();
    let mut ends = Vec::with_capacity(signed.len());
    for (z, item) in identities.iter().flatten().zip(signed) {
        if item.message.len() <= LONG {
            bytes.extend_from_slice(z);
            bytes.extend_from_slice(item.message);
        }
        ends.push(bytes.len());
    }
    let mut start = 0;
    let inputs: Vec<&[u8]> =
        ends.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect();
    let mut digests = digest_all(&inputs);
    for (digest, item) in digests.iter_mut().zip(signed) {
        if item.message.len() > LONG {
            *digest = verify::message_hash(user_id, &item.key, item.message);
        }
    }
    digests
}
