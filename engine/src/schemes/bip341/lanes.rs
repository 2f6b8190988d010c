//! The steps of judging commitments of BIP 341, in lanes.
//!
//! An item is decided by itself: sums over many would multiply each P and each Q, where one item multiplies neither.

use super::wire::{self, Parsed};
use super::{rules, verify};
use crate::batch::Item;
use crate::schemes::Screened;
use crate::schemes::keys::{Base, KnownKey};
use crate::schemes::weierstrass::words;
use crate::{Reason, Verdict};
use sigwarp_kernels::curve::weierstrass::comb::{self, Tweak};
use sigwarp_kernels::curve::weierstrass::equation;
use sigwarp_kernels::curve::weierstrass::{self as lanes, Encoded, Y};
use sigwarp_kernels::field::prime256::Family;

/// Judges items. `set` gets the position of every item in `items` once, with its verdict.
pub(crate) fn verify<'a, S: Family>(
    token: S::Token,
    base: &Base,
    items: impl Iterator<Item = (Item<'a>, Option<KnownKey<'a>>)>,
    verdicts: &mut [Option<Verdict>],
) {
    let mut open: Vec<(usize, Parsed, Item<'a>, bool)> = Vec::new();
    let mut tweaks: Vec<Tweak> = Vec::new();
    // Items that are invalid, for this reason if their key is a point.
    let mut rejected: Vec<(usize, [u8; 32], Reason)> = Vec::new();
    for (position, (item, known)) in items.enumerate() {
        let parsed = match wire::parse(item.key, item.message, item.signature) {
            Err(reason) => {
                verdicts[position] = Some(Verdict::Invalid(reason));
                continue;
            }
            Ok(parsed) => parsed,
        };
        match (rules::screen(&parsed), &parsed.t) {
            (Screened::Open, Some(t)) => {
                let [point, t, sum] = [&parsed.key, t, &parsed.x].map(words);
                tweaks.push(Tweak { point, t, sum, odd: parsed.odd });
                open.push((position, parsed, item, known.is_some()));
            }
            (Screened::Rejected(reason), _) => verdicts[position] = Some(Verdict::Invalid(reason)),
            // A known key is a point.
            (Screened::RejectedUnlessKeyFails(reason), _) if known.is_some() => {
                verdicts[position] = Some(Verdict::Invalid(reason));
            }
            (Screened::RejectedUnlessKeyFails(reason), _) => rejected.push((position, parsed.key, reason)),
            // Not open without t.
            (Screened::Open, None) => rejected.push((position, parsed.key, Reason::ScalarOutOfRange)),
        }
    }

    let found = match tweaks.is_empty() {
        true => Vec::new(),
        false => comb::tweaks::<lanes::Secp256k1, S>(token, base, &tweaks),
    };
    for ((position, parsed, item, known), holds) in open.into_iter().zip(found) {
        verdicts[position] = Some(match holds {
            Some(true) => Verdict::Valid,
            Some(false) if known => Verdict::Invalid(Reason::EquationFailed),
            Some(false) => {
                rejected.push((position, parsed.key, Reason::EquationFailed));
                continue;
            }
            None => verify::verify(item.key, item.message, item.signature).into(),
        });
    }

    let keys: Vec<Encoded> =
        rejected.iter().map(|(_, key, _)| Encoded { x: words(key), y: Y::Odd(false) }).collect();
    let on_curve = equation::on_curve::<lanes::Secp256k1, S>(token, &keys);
    for (on_curve, (position, _, reason)) in on_curve.into_iter().zip(rejected) {
        verdicts[position] = Some(Verdict::Invalid(if on_curve { reason } else { Reason::KeyNotOnCurve }));
    }
}
