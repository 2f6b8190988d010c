//! The steps of verifying BIP 340 items, in lanes and by linear combinations.

use super::combination::{self, Found, Numbers};
use super::wire::{self, Parsed};
use super::{rules, verify};
use crate::batch::Item;
use crate::policy::{Advice, SumsOfOneTry};
use crate::schemes::Screened;
use crate::schemes::combination::coefficients::System;
use crate::schemes::keys::{self, Base, KnownKey, Term};
use crate::schemes::weierstrass::{self, Coordinates, InLanes, bytes, words};
use crate::{Reason, Verdict};
use sigwarp_kernels::curve::weierstrass::equation::{self, Sum};
use sigwarp_kernels::curve::weierstrass::{self as lanes, Encoded, Y};
use sigwarp_kernels::field::prime256::Family;
use sigwarp_kernels::hash::{Slices, tagged};
use sigwarp_kernels::simd::Token;

/// A sum costs half of what lanes cost, which its items cost besides if one of them is bad
/// (docs/decisions/weierstrass-lanes.md).
const SUMS: SumsOfOneTry = SumsOfOneTry { fewest: 128, most: combination::MOST, bad: 0.6 };

/// Judges items, as `advice` says by linear combinations first. `set` gets the position of every item in `items` once,
/// with its verdict.
pub(crate) fn verify<'a, S: Family>(
    token: S::Token,
    advice: &Advice,
    base: &Base,
    items: impl Iterator<Item = (Item<'a>, Option<KnownKey<'a>>)>,
    verdicts: &mut [Option<Verdict>],
) {
    let n = <lanes::Secp256k1 as InLanes>::BOUNDS.n;
    let mut open: Vec<(usize, Parsed, Item<'a>)> = Vec::new();
    let mut terms: Vec<Term<'a>> = Vec::new();
    let mut rejected: Vec<(usize, Reason)> = Vec::new();
    let mut rejected_keys = Vec::new();
    for (position, (item, known)) in items.enumerate() {
        match wire::parse(item.key, item.signature) {
            Err(reason) => verdicts[position] = Some(Verdict::Invalid(reason)),
            Ok(parsed) => {
                // The point with an even y.
                let point = Encoded { x: words(&parsed.key), y: Y::Odd(false) };
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
                        // R = sG − eP; the challenges come below, all at once.
                        terms.push(Term::new(|| point, known, words(&parsed.s), [0; 4]));
                        open.push((position, parsed, item));
                    }
                }
            }
        }
    }

    for (on_curve, (position, reason)) in
        equation::on_curve::<lanes::Secp256k1, S>(token, &rejected_keys).into_iter().zip(rejected)
    {
        verdicts[position] = Some(Verdict::Invalid(if on_curve { reason } else { Reason::KeyNotOnCurve }));
    }

    let challenges: Vec<[u8; 32]> =
        challenges(token, &open).iter().map(|e| weierstrass::reduce(e, n)).collect();
    let (tried, mut left): (Vec<usize>, Vec<usize>) =
        (0..open.len()).partition(|&i| advice.one_try_takes_tables() || terms[i].table.is_none());
    if advice.one_try_pays(&SUMS, tried.len()) {
        let numbers: Vec<Numbers> = tried
            .iter()
            .map(|&i| {
                let (_, parsed, _) = &open[i];
                let [key, r, s, e] = [&parsed.key, &parsed.r, &parsed.s, &challenges[i]].map(words);
                Numbers { key, r, s, e }
            })
            .collect();
        let sums = numbers.len().div_ceil(combination::MOST).max(1);
        let found = numbers.chunks(numbers.len().div_ceil(sums).max(1));
        let found: Vec<Found> =
            found.flat_map(|items| combination::examine::<S>(token, &System, items)).collect();
        for (i, found) in tried.into_iter().zip(found) {
            let verdict = match found {
                Found::Nothing => {
                    left.push(i);
                    continue;
                }
                Found::KeyNotOnCurve => Verdict::Invalid(Reason::KeyNotOnCurve),
                Found::NoR => Verdict::Invalid(Reason::EquationFailed),
                Found::Valid => Verdict::Valid,
            };
            verdicts[open[i].0] = Some(verdict);
        }
    } else {
        left.extend(tried);
    }

    let terms: Vec<Term<'_>> = left
        .iter()
        .map(|&i| Term { k: words(&weierstrass::negate(&challenges[i], n)), ..terms[i] })
        .collect();
    let sums = keys::sums::<lanes::Secp256k1, S>(token, base, &terms);
    for (i, sum) in left.into_iter().zip(sums) {
        let (position, parsed, item) = &open[i];
        let verdict = match sum {
            Sum::NotOnCurve => Verdict::Invalid(Reason::KeyNotOnCurve),
            Sum::At { x, y } if rules::is_r(&Coordinates { x: bytes(&x), y: bytes(&y) }, &parsed.r) => {
                Verdict::Valid
            }
            Sum::At { .. } => Verdict::Invalid(Reason::EquationFailed),
            Sum::Exceptional => verify::verify(item.key, item.message, item.signature).into(),
        };
        verdicts[*position] = Some(verdict);
    }
}

/// The tagged hash of r ‖ P ‖ m of each item, not reduced, in lanes. What is hashed must stand together: long messages
/// are not copied for that, but hashed one by one.
fn challenges<T: Token>(token: T, open: &[(usize, Parsed, Item<'_>)]) -> Vec<[u8; 32]> {
    const LONG: usize = 4096;
    let is_long = |item: &Item<'_>| item.message.len() > LONG;
    let mut bytes =
        Vec::with_capacity(open.iter().map(|(_, _, item)| 64 + item.message.len().min(LONG)).sum());
    let mut ends = Vec::with_capacity(open.len());
    for (_, parsed, item) in open {
        if !is_long(item) {
            bytes.extend_from_slice(&parsed.r);
            bytes.extend_from_slice(&parsed.key);
            bytes.extend_from_slice(item.message);
        }
        ends.push(bytes.len());
    }
    let mut start = 0;
    let inputs: Vec<&[u8]> =
        ends.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect();
    let mut digests = vec![[0; 32]; open.len()];
    tagged::challenges(token, &Slices(&inputs), digests.as_flattened_mut(), &mut Vec::new());
    for (digest, (_, parsed, item)) in digests.iter_mut().zip(open) {
        if is_long(item) {
            *digest = verify::challenge(&parsed.r, &parsed.key, item.message);
        }
    }
    digests
}
