//! From the verdicts on signatures to that on a message.

use super::Fault;
use crate::batch::Answers;
use crate::work::CheckId;
use crate::{Cause, Report, Role, Signature, Verdict};

/// A message whose signatures wait for their verdicts.
#[derive(Debug)]
pub struct Plan {
    /// Each signature, in the order of the message.
    pub(super) slots: Vec<Slot>,
    /// Whether signatures are numbered: a COSE_Sign.
    is_numbered: bool,
    is_detached: bool,
    /// Whether a key is that of a certificate in the record.
    pub(super) is_of_record: bool,
}

/// A signature.
#[derive(Debug)]
pub(super) enum Slot {
    /// Its checks under each key that may have made it. `is_open` where a key that cannot be verified here may have, too.
    Tried { checks: Vec<CheckId>, is_open: bool },
    /// What is wrong with it, where it is one of several.
    Refused(Fault),
    /// What it waits for.
    Waits(Fault),
}

impl Plan {
    pub(super) const fn new(is_numbered: bool, is_detached: bool) -> Self {
        Self { slots: Vec::new(), is_numbered, is_detached, is_of_record: false }
    }
}

impl crate::Plan for Plan {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let mut waits: Vec<Cause> = Vec::new();
        waits.extend(self.is_detached.then_some(Cause::from(Fault::DetachedPayload)));
        let mut signatures: Vec<Signature> = Vec::with_capacity(self.slots.len());
        for (place, slot) in self.slots.iter().enumerate() {
            let role = if self.is_numbered { Role::nth("signature", place) } else { Role::one("signature") };
            match slot {
                Slot::Waits(fault) => waits.push((*fault).into()),
                Slot::Refused(fault) => {
                    let verdict = Verdict::invalid(*fault);
                    signatures.push(Signature::decided(role, None, &[], verdict));
                }
                Slot::Tried { checks, is_open } => {
                    // The key under which it holds, else the first of those that were tried.
                    let holds = checks.iter().find(|&&check| answers.verdict(check).is_valid());
                    if holds.is_none() && *is_open {
                        waits.push(Fault::UnsupportedAlgorithm.into());
                    } else if let Some(&check) = holds.or(checks.first()) {
                        signatures.push(answers.signature(role, check));
                    }
                }
            }
        }
        let failed = signatures.iter().position(|signature| !signature.verdict.is_valid());
        let report = match failed {
            Some(which) if !signatures.iter().any(|signature| signature.verdict.is_valid()) => {
                Report::failed(which, signatures)
            }
            failed => {
                waits.extend(failed.map(|_| Cause::from(Fault::SignerPolicy)));
                match waits.is_empty() && !signatures.is_empty() {
                    true => Report::of_all(signatures),
                    false => Report::open(waits, signatures),
                }
            }
        };
        Report { anchored: self.is_of_record.then_some(false), ..report }
    }
}
