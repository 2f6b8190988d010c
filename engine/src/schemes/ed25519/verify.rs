//! The steps of verifying Ed25519 items of one rule, in lanes of any instruction set.

use super::combination::{self, Combination};
use super::rules::{Ed25519Rule, Equation};
use super::wire::{self, Parsed};
use crate::batch::Item;
use crate::kernels::curve::edwards::{equation, keys};
use crate::kernels::field::FieldLanes;
use crate::schemes::Screened;
use crate::{Reason, Verdict};

/// Judges items under `rule`. `set` gets the position of every item in `items` once, with its verdict.
///
/// Bytes decide first: an item that they reject never reaches the arithmetic, but for the question whether its key
/// is a point where a reason would come before its own. What they leave open goes to the equation of each item, or to
/// `combination` where there is one and the rule is cofactored.
pub(crate) fn verify<'a, F: FieldLanes>(
    token: F::Token,
    rule: Ed25519Rule,
    items: impl Iterator<Item = Item<'a>>,
    combination: Option<Combination<'_, F>>,
    mut set: impl FnMut(usize, Verdict),
) {
    let mut open: Vec<equation::Item<'a>> = Vec::with_capacity(items.size_hint().0);
    let mut positions: Vec<u32> = Vec::with_capacity(items.size_hint().0);
    let mut rejected: Vec<(usize, [u8; 32], Reason)> = Vec::new();
    for (position, item) in items.enumerate() {
        match wire::parse(item.key, item.signature) {
            Err(reason) => set(position, Verdict::Invalid(reason)),
            Ok(parsed) => match rule.screen(&parsed.facts) {
                Screened::Rejected(reason) => set(position, Verdict::Invalid(reason)),
                Screened::RejectedUnlessKeyFails(reason) => rejected.push((position, *parsed.a, reason)),
                Screened::Open => {
                    let Parsed { a, r, s, .. } = parsed;
                    open.push(equation::Item { a, r, s, message: item.message });
                    positions.push(position as u32);
                }
            },
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

    let mut codes = vec![equation::Code::EquationFailed; open.len()];
    let equation = equation::Equation {
        cofactored: rule.equation() == Equation::Cofactored,
        decode_r: rule.decodes_r(),
    };
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

const fn verdict(code: equation::Code) -> Verdict {
    match code {
        equation::Code::Valid => Verdict::Valid,
        equation::Code::KeyNotOnCurve => Verdict::Invalid(Reason::KeyNotOnCurve),
        equation::Code::RNotOnCurve => Verdict::Invalid(Reason::RNotOnCurve),
        equation::Code::EquationFailed => Verdict::Invalid(Reason::EquationFailed),
    }
}
