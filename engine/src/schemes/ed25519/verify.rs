//! The steps of verifying Ed25519 items of one rule, in lanes of any instruction set.

use super::combination::{self, Combination};
use super::rules::{Ed25519Rule, Equation};
use super::variant::Variant;
use super::wire::{self, Parsed};
use crate::batch::Item;
use crate::policy::WithTables;
use crate::schemes::{LazyTable, Screened};
use crate::{Reason, Verdict};
use sigwarp_kernels::curve::edwards::{comb, equation, keys};
use sigwarp_kernels::field::FieldLanes;

/// What is known of a key before its signature comes.
pub(crate) struct KnownKey<'a, F> {
    /// The criteria that [`wire::PointFacts::bits`] gave.
    pub(crate) criteria: u8,
    /// Its canonical coordinates.
    pub(crate) point: &'a [[u64; 4]; 2],
    /// Its table.
    pub(crate) table: Option<&'a comb::KeyTable<F>>,
}

/// Open items of one path: positions, and what the path takes.
struct Open<T> {
    positions: Vec<u32>,
    items: Vec<T>,
}

impl<T> Open<T> {
    fn with_capacity(count: usize) -> Self {
        Self { positions: Vec::with_capacity(count), items: Vec::with_capacity(count) }
    }

    #[inline]
    fn push(&mut self, position: usize, item: T) {
        self.positions.push(position as u32);
        self.items.push(item);
    }

    /// Sets the verdicts that `check` finds.
    fn decide(&self, verdicts: &mut [Option<Verdict>], check: impl FnOnce(&[T], &mut [equation::Code])) {
        if self.items.is_empty() {
            return;
        }
        let mut codes = vec![equation::Code::EquationFailed; self.items.len()];
        check(&self.items, &mut codes);
        for (&position, code) in self.positions.iter().zip(codes) {
            verdicts[position as usize] = Some(verdict(code));
        }
    }
}

/// What the items of a call have in common.
pub(crate) struct Signed<'a> {
    pub(crate) rule: Ed25519Rule,
    pub(crate) variant: Variant<'a>,
    /// What stands before R in a challenge: [`Variant::domain`].
    pub(crate) domain: &'a [u8],
    /// What is signed instead of the messages: [`Variant::digests`].
    pub(crate) digests: Option<&'a [[u8; 64]]>,
}

/// Judges items under `rule`. `verdicts` has a place for each, and gets the verdict of
/// every one.
///
/// Bytes decide first: an item that they reject never reaches the arithmetic, but for the question whether its key
/// is a point where a reason would come before its own. What they leave open goes to the equation of each item, by the
/// table of its key where there is one, or to `combination` where there is one.
pub(crate) fn verify<'a, F: FieldLanes + 'static>(
    token: F::Token,
    Signed { rule, variant, domain, digests }: Signed<'a>,
    items: impl Iterator<Item = (Item<'a>, Option<KnownKey<'a, F>>)>,
    base: &LazyTable<comb::BaseTable<F>>,
    combination: Option<Combination<'_, F>>,
    verdicts: &mut [Option<Verdict>],
) {
    let equation = equation::Equation {
        cofactored: rule.equation() == Equation::Cofactored,
        decode_r: rule.decodes_r(),
        domain,
    };
    let mut open: Open<equation::Item<'a>> = Open::with_capacity(items.size_hint().0);
    // Of keys that are known: the point alone; a full table, a compact one.
    let mut decoded: Open<(equation::Item<'a>, &[[u64; 4]; 2])> = Open::with_capacity(0);
    let mut full: Open<comb::WithTable<'a, F>> = Open::with_capacity(0);
    let mut compact: Open<comb::WithTable<'a, F>> = Open::with_capacity(0);
    let mut rejected: Vec<(usize, [u8; 32], Reason)> = Vec::new();
    for (position, (item, known)) in items.enumerate() {
        let facts = known.as_ref().map(|known| wire::PointFacts::from_bits(known.criteria));
        let parsed = match wire::parse(item.key, facts, item.signature) {
            Ok(parsed) => parsed,
            Err(reason) => {
                verdicts[position] = Some(Verdict::Invalid(reason));
                continue;
            }
        };
        match rule.screen(&parsed.facts) {
            Screened::Rejected(reason) => verdicts[position] = Some(Verdict::Invalid(reason)),
            // A known key is a point.
            Screened::RejectedUnlessKeyFails(reason) if known.is_some() => {
                verdicts[position] = Some(Verdict::Invalid(reason));
            }
            Screened::RejectedUnlessKeyFails(reason) => rejected.push((position, *parsed.a, reason)),
            Screened::Open => {
                let Parsed { a, r, s, .. } = parsed;
                let message = digests.map_or(item.message, |digests| &digests[position]);
                let item = equation::Item { a, r, s, message };
                match known {
                    None => open.push(position, item),
                    Some(KnownKey { table: Some(table), .. }) if table.is_full() => {
                        full.push(position, comb::WithTable { item, table });
                    }
                    Some(KnownKey { table: Some(table), .. }) => {
                        compact.push(position, comb::WithTable { item, table });
                    }
                    // A combination decodes each distinct key once.
                    Some(_) if combination.is_some() => open.push(position, item),
                    Some(KnownKey { point, .. }) => decoded.push(position, (item, point)),
                }
            }
        }
    }

    if !rejected.is_empty() {
        let encodings: Vec<[u8; 32]> = rejected.iter().map(|(_, key, _)| *key).collect();
        for (on_curve, (position, _, reason)) in
            keys::on_curve::<F>(token, &encodings).into_iter().zip(rejected)
        {
            verdicts[position] =
                Some(Verdict::Invalid(if on_curve { reason } else { Reason::KeyNotOnCurve }));
        }
    }

    let with_tables = full.items.len() + compact.items.len();
    if let Some(combination) = &combination
        && with_tables > 0
    {
        let items = WithTables {
            full: full.items.len(),
            compact: compact.items.len(),
            keys: distinct_keys(full.items.iter().chain(&compact.items), with_tables),
            torsion: !equation.cofactored,
        };
        if !combination.advice.tables_pay(&items) {
            for of_tables in [&mut full, &mut compact] {
                open.positions.append(&mut of_tables.positions);
                open.items.extend(of_tables.items.drain(..).map(|known| known.item));
            }
        }
    }
    open.decide(verdicts, |items, codes| match combination {
        Some(combination) => {
            let label = variant.label(rule.name());
            combination::check(token, &label, equation, items, codes, combination);
        }
        None => equation::check::<F>(token, equation, items, codes),
    });
    decoded.decide(verdicts, |known, codes| {
        let (items, points): (Vec<equation::Item<'_>>, Vec<&[[u64; 4]; 2]>) = known.iter().copied().unzip();
        equation::check_decoded::<F>(token, equation, &items, &points, codes);
    });
    for of_tables in [&full, &compact] {
        of_tables.decide(verdicts, |items, codes| {
            comb::check::<F>(token, equation, base, items, codes);
        });
    }
}

/// Estimates the number of distinct keys from a sample: the number in the sample, if each occurs there often.
fn distinct_keys<'a, F: 'a>(items: impl Iterator<Item = &'a comb::WithTable<'a, F>>, count: usize) -> usize {
    const SAMPLE: usize = 512;
    let mut sample: Vec<&[u8; 32]> =
        items.step_by(count.div_ceil(SAMPLE)).map(|known| known.item.a).collect();
    let size = sample.len();
    sample.sort_unstable();
    sample.dedup();
    let seen = sample.len();
    if 4 * seen <= size { seen } else { count * seen / size }
}

#[inline]
const fn verdict(code: equation::Code) -> Verdict {
    match code {
        equation::Code::Valid => Verdict::Valid,
        equation::Code::KeyNotOnCurve => Verdict::Invalid(Reason::KeyNotOnCurve),
        equation::Code::RNotOnCurve => Verdict::Invalid(Reason::RNotOnCurve),
        equation::Code::EquationFailed => Verdict::Invalid(Reason::EquationFailed),
    }
}
