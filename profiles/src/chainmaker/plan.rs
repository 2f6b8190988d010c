//! From the verdicts on signatures to that on a record.

use sigwarp::Reason;

use super::Fault;
use crate::batch::Answers;
use crate::profile;
use crate::work::CheckId;
use crate::{Cause, Report, Role, Signature, Verdict};

/// Who signs.
pub(super) const SENDER: Role = Role::one("sender");
pub(super) const PAYER: Role = Role::one("payer");

/// An endorser, counted from 0.
pub(super) const fn endorser(place: usize) -> Role {
    Role::nth("endorser", place)
}

/// A signature of a record, and what is known of it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) role: Role,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Check(CheckId),
    /// Its scalars decide it.
    Decided(Box<Signature>),
    /// It cannot hold, and is not one that the engine would be asked for.
    Failed(Cause),
    /// It depends on something that was not given.
    Open(Fault),
}

/// A record whose signatures wait for their verdicts.
#[derive(Debug)]
pub struct Plan {
    /// The sender's first.
    slots: Vec<Slot>,
    tx_id: Vec<u8>,
}

impl Plan {
    pub(super) const fn new(slots: Vec<Slot>, tx_id: Vec<u8>) -> Self {
        Self { slots, tx_id }
    }
}

impl profile::Plan for Plan {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let mut signatures: Vec<Signature> = Vec::new();
        let mut open: Vec<Cause> = Vec::new();
        for Slot { role, outcome } in self.slots {
            let (holds, fault) = match outcome {
                Outcome::Check(check) => {
                    signatures.push(answers.signature(role, check));
                    (signatures.last().is_some_and(|of| of.verdict.is_valid()), None)
                }
                Outcome::Decided(signature) => {
                    signatures.push(*signature);
                    (false, None)
                }
                Outcome::Failed(_) => (false, None),
                Outcome::Open(fault) => (false, Some(fault)),
            };
            match role {
                _ if holds => {}
                SENDER => open.extend(fault.map(Cause::from)),
                PAYER => open.push(Fault::Payer.into()),
                _ => open.push(Fault::EndorsementPolicy.into()),
            }
        }
        let sender = signatures.iter().position(|signature| signature.role == SENDER);
        let failed = sender.filter(|place| !signatures[*place].verdict.is_valid());
        let report = match failed {
            Some(failed) => Report::failed(failed, signatures),
            None if open.is_empty() && sender.is_some() => {
                Report { signatures, ..Report::new(Verdict::Valid) }
            }
            // A sender that is neither there nor open cannot have come this far.
            None if open.is_empty() => Report::new(Verdict::invalid(Reason::EquationFailed)),
            None => Report::open(open, signatures),
        };
        Report { tx_id: Some(self.tx_id), ..report }
    }
}
