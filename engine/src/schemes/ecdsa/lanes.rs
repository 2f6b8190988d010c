//! The steps of verifying ECDSA items of one suite, in lanes.

use super::rules::{self, CurveName, EcdsaEncoding, EcdsaRule, EcdsaScheme};
use super::verify;
use super::wire::{self, Parsed, Signature};
use crate::batch::Item;
use crate::schemes::Screened;
use crate::schemes::keys::{self, Base, KnownKey, Term};
use crate::schemes::weierstrass::{self, Bounds, Coordinates, InLanes, bytes, words};
use crate::{Reason, Verdict};
use sigwarp_kernels::curve::weierstrass as lanes;
use sigwarp_kernels::curve::weierstrass::equation::{self, Abscissa, Match, Sum};
use sigwarp_kernels::curve::weierstrass::scalars::{self, Triple};
use sigwarp_kernels::field::prime256::Family;

/// Judges items of one suite. `verdicts` has a place for each, and gets the verdict of every one.
pub(crate) fn verify<'a, S: Family>(
    token: S::Token,
    (scheme, rule, encoding): (EcdsaScheme, EcdsaRule, EcdsaEncoding),
    base: &Base,
    items: impl Iterator<Item = (Item<'a>, Option<KnownKey<'a>>)>,
    verdicts: &mut [Option<Verdict>],
) {
    let suite = (scheme, rule, encoding);
    match scheme.curve() {
        CurveName::P256 => verify_on::<lanes::P256, S>(token, suite, base, items, verdicts),
        CurveName::Secp256k1 => verify_on::<lanes::Secp256k1, S>(token, suite, base, items, verdicts),
    }
}

fn verify_on<'a, C: InLanes, S: Family>(
    token: S::Token,
    (scheme, rule, encoding): (EcdsaScheme, EcdsaRule, EcdsaEncoding),
    base: &Base,
    items: impl Iterator<Item = (Item<'a>, Option<KnownKey<'a>>)>,
    verdicts: &mut [Option<Verdict>],
) {
    let bounds = C::BOUNDS;
    let hybrid = encoding.hybrid_keys(scheme.curve());
    let mut open: Vec<(usize, Parsed, Item<'a>)> = Vec::new();
    let mut known_keys: Vec<Option<KnownKey<'a>>> = Vec::new();
    let mut triples: Vec<Triple> = Vec::new();
    let mut messages: Vec<&[u8]> = Vec::new();
    let mut rejected: Vec<(usize, Reason)> = Vec::new();
    let mut rejected_keys = Vec::new();
    for (position, (item, known)) in items.enumerate() {
        match wire::parse(&bounds, encoding, hybrid, item.key, item.signature) {
            Err(reason) => verdicts[position] = Some(Verdict::Invalid(reason)),
            Ok(parsed) => match rule.screen(&parsed.facts) {
                Screened::Rejected(reason) => verdicts[position] = Some(Verdict::Invalid(reason)),
                // A known key is a point.
                Screened::RejectedUnlessKeyFails(reason) if known.is_some() => {
                    verdicts[position] = Some(Verdict::Invalid(reason));
                }
                Screened::RejectedUnlessKeyFails(reason) => {
                    rejected.push((position, reason));
                    rejected_keys.push(weierstrass::encoded(&parsed.key));
                }
                Screened::Open => {
                    // The digests of messages come below, all at once.
                    let e = match scheme.hash() {
                        Some(_) => [0; 32],
                        None => weierstrass::digest_integer(item.message),
                    };
                    messages.push(item.message);
                    let [r, s] = [&parsed.signature.r, &parsed.signature.s].map(words);
                    triples.push(Triple { e: words(&e), r, s });
                    open.push((position, parsed, item));
                    known_keys.push(known);
                }
            },
        }
    }

    if let Some(hash) = scheme.hash() {
        for (triple, digest) in triples.iter_mut().zip(hash.digest_all(token, &messages)) {
            triple.e = words(&digest);
        }
    }

    for (on_curve, (position, reason)) in
        equation::on_curve::<C, S>(token, &rejected_keys).into_iter().zip(rejected)
    {
        verdicts[position] = Some(Verdict::Invalid(if on_curve { reason } else { Reason::KeyNotOnCurve }));
    }

    // R = (e/s)G + (r/s)Q.
    let quotients = scalars::quotients::<C::Order, S>(token, &triples);
    let terms: Vec<Term<'_>> = open
        .iter()
        .zip(known_keys)
        .zip(quotients)
        .map(|(((_, parsed, _), known), [g, k])| Term::new(|| weierstrass::encoded(&parsed.key), known, g, k))
        .collect();
    let mut decide = |i: usize, verdict: Option<Verdict>| {
        let (position, _, item) = &open[i];
        let again = || verify::verify(scheme, rule, encoding, item.key, item.message, item.signature).into();
        verdicts[*position] = Some(verdict.unwrap_or_else(again));
    };
    if encoding == EcdsaEncoding::RawV {
        for (i, sum) in keys::sums::<C, S>(token, base, &terms).into_iter().enumerate() {
            decide(
                i,
                match sum {
                    Sum::NotOnCurve => Some(Verdict::Invalid(Reason::KeyNotOnCurve)),
                    Sum::At { x, y } => {
                        let point = Coordinates { x: bytes(&x), y: bytes(&y) };
                        Some(verdict(names(&open[i].1.signature, &point, &bounds)))
                    }
                    Sum::Exceptional => None,
                },
            );
        }
    } else {
        let expected: Vec<Abscissa> =
            open.iter().map(|(_, parsed, _)| weierstrass::abscissa(&parsed.signature.r, &bounds)).collect();
        for (i, found) in keys::matches::<C, S>(token, base, &terms, &expected).into_iter().enumerate() {
            decide(
                i,
                match found {
                    Match::NotOnCurve => Some(Verdict::Invalid(Reason::KeyNotOnCurve)),
                    Match::Equal => Some(verdict(true)),
                    Match::Different => Some(verdict(false)),
                    Match::Exceptional => None,
                },
            );
        }
    }
}

#[inline]
const fn verdict(holds: bool) -> Verdict {
    if holds { Verdict::Valid } else { Verdict::Invalid(Reason::EquationFailed) }
}

/// Whether the recomputed R is the one that a signature with a recovery id names.
#[inline]
fn names(signature: &Signature, point: &Coordinates, bounds: &Bounds) -> bool {
    // x(R) < p < 2n.
    weierstrass::reduce(&point.x, bounds.n) == signature.r
        && signature.recovery_id.is_none_or(|id| rules::names_point(id, point, bounds))
}
