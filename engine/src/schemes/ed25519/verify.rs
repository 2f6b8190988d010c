//! The steps of verifying Ed25519 items of one rule, in lanes of any instruction set.

use super::combination::{self, Combination};
use super::rules::{Ed25519Rule, Equation};
use super::wire::{self, Parsed};
use crate::batch::Item;
use crate::kernels::curve::edwards::{comb, equation, keys};
use crate::kernels::field::FieldLanes;
use crate::schemes::Screened;
use crate::{Reason, Verdict};

/// What is known of a key before its signature comes.
pub(crate) struct KnownKey<'a, F> {
    /// The criteria that [`wire::PointFacts::bits`] gave.
    pub(crate) criteria: u8,
    /// Its canonical coordinates.
    pub(crate) point: &'a [[u64; 4]; 2],
    /// Its table.
    pub(crate) table: Option<&'a comb::KeyTable<F>>,
}

/// An item that bytes leave open, with its position.
type Open<'a, K> = (u32, equation::Item<'a>, K);

/// Judges items under `rule`. `set` gets the position of every item in `items` once, with its verdict. `base` gives
/// the table of B, for items with a table.
///
/// Bytes decide first: an item that they reject never reaches the arithmetic, but for the question whether its key
/// is a point where a reason would come before its own. Of what they leave open, items with a known key go to what is
/// known, and the others to the equation of each, or to `combination` where there is one and the rule is cofactored.
pub(crate) fn verify<'a, 'b, F: FieldLanes + 'static>(
    token: F::Token,
    rule: Ed25519Rule,
    items: impl Iterator<Item = (Item<'a>, Option<KnownKey<'a, F>>)>,
    base: impl Fn() -> &'b comb::BaseTable<F>,
    combination: Option<Combination<'_, F>>,
    mut set: impl FnMut(usize, Verdict),
) {
    let mut open: Vec<equation::Item<'a>> = Vec::with_capacity(items.size_hint().0);
    let mut positions: Vec<u32> = Vec::with_capacity(items.size_hint().0);
    // Of keys that are known: with a full table, with a compact one, and the point alone.
    let mut combs: [Vec<Open<'a, &comb::KeyTable<F>>>; 2] = [Vec::new(), Vec::new()];
    let mut decoded: Vec<Open<'a, &[[u64; 4]; 2]>> = Vec::new();
    let mut rejected: Vec<(usize, [u8; 32], Reason)> = Vec::new();
    for (position, (item, known)) in items.enumerate() {
        let facts = known.as_ref().map(|known| wire::PointFacts::from_bits(known.criteria));
        match wire::parse(item.key, facts, item.signature) {
            Err(reason) => set(position, Verdict::Invalid(reason)),
            Ok(parsed) => {
                let Parsed { a, r, s, .. } = parsed;
                let open_item = equation::Item { a, r, s, message: item.message };
                match (rule.screen(&parsed.facts), known) {
                    (Screened::Rejected(reason), _) => set(position, Verdict::Invalid(reason)),
                    // A known key is a point.
                    (Screened::RejectedUnlessKeyFails(reason), Some(_)) => {
                        set(position, Verdict::Invalid(reason));
                    }
                    (Screened::RejectedUnlessKeyFails(reason), None) => rejected.push((position, *a, reason)),
                    (Screened::Open, None) => {
                        open.push(open_item);
                        positions.push(position as u32);
                    }
                    (Screened::Open, Some(KnownKey { point, table: None, .. })) => {
                        decoded.push((position as u32, open_item, point));
                    }
                    (Screened::Open, Some(KnownKey { table: Some(table), .. })) => {
                        combs[usize::from(!table.is_full())].push((position as u32, open_item, table));
                    }
                }
            }
        }
    }

    if !rejected.is_empty() {
        let encodings: Vec<[u8; 32]> = rejected.iter().map(|(_, key, _)| *key).collect();
        for (on_curve, (position, _, reason)) in
            keys::on_curve::<F>(token, &encodings).into_iter().zip(rejected)
        {
            set(position, Verdict::Invalid(if on_curve { reason } else { Reason::KeyNotOnCurve }));
        }
    }

    let equation = equation::Equation {
        cofactored: rule.equation() == Equation::Cofactored,
        decode_r: rule.decodes_r(),
    };
    if !open.is_empty() {
        let mut codes = vec![equation::Code::EquationFailed; open.len()];
        match combination {
            Some(combination) if equation.cofactored => {
                combination::check(token, rule.name(), equation, &open, &mut codes, combination);
            }
            _ => equation::check::<F>(token, equation, &open, &mut codes),
        }
        for (&position, code) in positions.iter().zip(codes) {
            set(position as usize, verdict(code));
        }
    }
    if !decoded.is_empty() {
        let items: Vec<equation::Item<'_>> = decoded.iter().map(|(_, item, _)| *item).collect();
        let points: Vec<&[[u64; 4]; 2]> = decoded.iter().map(|(_, _, point)| *point).collect();
        let mut codes = vec![equation::Code::EquationFailed; items.len()];
        equation::check_decoded::<F>(token, equation, &items, &points, &mut codes);
        for ((position, ..), code) in decoded.iter().zip(codes) {
            set(*position as usize, verdict(code));
        }
    }
    for known in combs.iter().filter(|known| !known.is_empty()) {
        let items: Vec<comb::Known<'_, F>> =
            known.iter().map(|&(_, item, table)| comb::Known { item, table }).collect();
        let mut codes = vec![equation::Code::EquationFailed; items.len()];
        comb::check::<F>(token, equation, base(), &items, &mut codes);
        for ((position, ..), code) in known.iter().zip(codes) {
            set(*position as usize, verdict(code));
        }
    }
}

const fn verdict(code: equation::Code) -> Verdict {
    match code {
        equation::Code::Valid => Verdict::Valid,
        equation::Code::KeyNotOnCurve => Verdict::Invalid(Reason::KeyNotOnCurve),
        equation::Code::RNotOnCurve => Verdict::Invalid(Reason::RNotOnCurve),
        equation::Code::EquationFailed => Verdict::Invalid(Reason::EquationFailed),
    }
}
