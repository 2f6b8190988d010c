//! The steps of verifying BIP 340 items, in lanes.

use k256::Secp256k1;

use super::wire::{self, Parsed};
use super::{rules, verify};
use crate::batch::Item;
use crate::kernels::curve::weierstrass::equation::{self, Sum};
use crate::kernels::curve::weierstrass::{self as lanes, Encoded, Y};
use crate::kernels::field::prime256::Family;
use crate::schemes::Screened;
use crate::schemes::keys::{self, Base, KnownKey, Term};
use crate::schemes::weierstrass::{self, Coordinates, Curve, bytes, words};
use crate::{Reason, Verdict};

/// Judges items. `set` gets the position of every item in `items` once, with its verdict.
pub(crate) fn verify<'a, S: Family>(
    token: S::Token,
    base: Base<'_, '_>,
    items: impl Iterator<Item = (Item<'a>, Option<KnownKey<'a>>)>,
    mut set: impl FnMut(usize, Verdict),
) {
    let n = Secp256k1::BOUNDS.n;
    let mut open: Vec<(usize, Parsed, Item<'a>)> = Vec::new();
    let mut terms: Vec<Term<'a>> = Vec::new();
    let mut rejected: Vec<(usize, Reason)> = Vec::new();
    let mut rejected_keys = Vec::new();
    for (position, (item, known)) in items.enumerate() {
        match wire::parse(item.key, item.signature) {
            Err(reason) => set(position, Verdict::Invalid(reason)),
            Ok(parsed) => {
                // The point with an even y.
                let point = Encoded { x: words(&parsed.key), y: Y::Odd(false) };
                match rules::screen(&parsed.facts) {
                    Screened::Rejected(reason) => set(position, Verdict::Invalid(reason)),
                    // A known key is a point.
                    Screened::RejectedUnlessKeyFails(reason) if known.is_some() => {
                        set(position, Verdict::Invalid(reason));
                    }
                    Screened::RejectedUnlessKeyFails(reason) => {
                        rejected.push((position, reason));
                        rejected_keys.push(point);
                    }
                    Screened::Open => {
                        // R = sG − eP.
                        let e = verify::challenge(&parsed.r, &parsed.key, item.message);
                        let k = weierstrass::negate(&weierstrass::reduce(&e, n), n);
                        terms.push(Term::new(|| point, known, words(&parsed.s), words(&k)));
                        open.push((position, parsed, item));
                    }
                }
            }
        }
    }

    for (on_curve, (position, reason)) in
        equation::on_curve::<lanes::Secp256k1, S>(token, &rejected_keys).into_iter().zip(rejected)
    {
        set(position, Verdict::Invalid(if on_curve { reason } else { Reason::KeyNotOnCurve }));
    }

    let sums = keys::sums::<lanes::Secp256k1, S>(token, base, &terms);
    for ((position, parsed, item), sum) in open.iter().zip(sums) {
        let verdict = match sum {
            Sum::NotOnCurve => Verdict::Invalid(Reason::KeyNotOnCurve),
            Sum::At { x, y } if rules::is_r(&Coordinates { x: bytes(&x), y: bytes(&y) }, &parsed.r) => {
                Verdict::Valid
            }
            Sum::At { .. } => Verdict::Invalid(Reason::EquationFailed),
            Sum::Exceptional => verify::verify(item.key, item.message, item.signature).into(),
        };
        set(*position, verdict);
    }
}
