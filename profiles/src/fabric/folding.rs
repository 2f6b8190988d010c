//! What the folding of all transactions and blocks of a record shares: their signatures, and what policies say of them.

use super::identity::{Asked, Identity, Place, Suites, Unasked, signature};
use super::membership::{Standing, Standings};
use super::policy::Policy;
use super::wire::{ChaincodeAction, Merge};
use super::{Context, Fault};
use crate::batch::Answers;
use crate::{Role, Signature};

/// See the module.
pub(super) struct Folding<'f, 'a> {
    pub(super) context: &'f Context,
    pub(super) suites: &'f Suites,
    pub(super) answers: &'f Answers<'f>,
    pub(super) identities: &'f [Identity<'a>],
    /// Where MSPs were given.
    pub(super) standings: Option<Standings<'f, 'a>>,
}

/// What a policy says of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Satisfied,
    Failed,
    /// It depends on a signature that is not verified, or on a policy that was not given.
    Open,
}

impl Folding<'_, '_> {
    /// The reports of these signatures, each in the role of its place, and what they leave open: `identity` for those
    /// whose identity is none, `failed` for those that do not hold.
    pub(super) fn signatures(
        &self,
        name: &'static str,
        asked: &[Result<Asked, Unasked>],
        (identity, failed): (Fault, Fault),
    ) -> (Vec<Signature>, Vec<Fault>) {
        let (mut signatures, mut open) = (Vec::new(), Vec::new());
        for (place, asked) in asked.iter().enumerate() {
            match asked {
                Ok(asked) => {
                    let signature = signature(Role::nth(name, place), *asked, self.suites, self.answers);
                    if !signature.verdict.is_valid() {
                        open.push(failed);
                    }
                    signatures.push(signature);
                }
                Err(why) => open.push(why.fault(identity)),
            }
        }
        (signatures, open)
    }

    /// The name of a signer.
    fn name(&self, asked: &Asked) -> Place {
        self.identities[asked.signer.0].name
    }

    /// Whether two of the signers, who are few, are one.
    pub(super) fn has_duplicates(&self, asked: &[Result<Asked, Unasked>]) -> bool {
        let names = || asked.iter().flatten().map(|asked| self.name(asked));
        names().enumerate().any(|(place, name)| names().take(place).any(|before| before == name))
    }

    /// What a policy says; `None` where no MSPs were given, without which it says nothing.
    pub(super) fn decide(&self, policy: &Policy, asked: &[Result<Asked, Unasked>]) -> Option<Decision> {
        let standings = self.standings.as_ref()?;
        let (mut signers, mut seen, mut is_open) = (Vec::new(), Vec::new(), false);
        for asked in asked {
            match asked {
                Ok(asked @ Asked { signer, check }) => {
                    let name = self.name(asked);
                    let counts = standings.is_known(*signer)
                        && !seen.contains(&name)
                        && self.answers.verdict(*check).is_valid();
                    if counts {
                        seen.push(name);
                        signers.push(*signer);
                        is_open |= *standings.of(*signer) == Standing::Unknown;
                    }
                }
                Err(Unasked::BadIdentity) => {}
                // Fabric leaves out who is none of the consenters.
                Err(Unasked::UnknownConsenter) => is_open |= self.context.consenters.is_empty(),
                Err(Unasked::Unsupported | Unasked::TooMany) => is_open = true,
            }
        }
        let satisfies = |signer: usize, principal: &_| standings.satisfies(signers[signer], principal);
        let is_satisfied = policy.is_satisfied(signers.len(), satisfies);
        Some(match is_satisfied {
            _ if is_open => Decision::Open,
            true => Decision::Satisfied,
            false => Decision::Failed,
        })
    }

    /// What the policies of all chaincodes say that a transaction is about; `None` where nothing was given.
    pub(super) fn endorsement(&self, result: &[u8], asked: &[Result<Asked, Unasked>]) -> Option<Decision> {
        let policies = &self.context.policies;
        if self.standings.is_none() || !policies.is_given() {
            return None;
        }
        // What cannot be read says nothing.
        let namespaces = ChaincodeAction::parse(result).and_then(|action| action.namespaces());
        let Some(namespaces) = namespaces else { return Some(Decision::Open) };
        let mut decision = Decision::Satisfied;
        for namespace in namespaces {
            let found = policies.of(namespace).and_then(|policy| self.decide(policy, asked));
            match found.unwrap_or(Decision::Open) {
                Decision::Satisfied => {}
                Decision::Failed => return Some(Decision::Failed),
                Decision::Open => decision = Decision::Open,
            }
        }
        Some(decision)
    }

    /// Whether all of these signers are members of their MSPs, where that is known.
    pub(super) fn anchored(&self, signers: &[Result<Asked, Unasked>]) -> Option<bool> {
        let standings = self.standings.as_ref()?;
        let mut all = true;
        for signer in signers {
            match signer {
                Ok(asked) => match standings.of(asked.signer) {
                    Standing::Member(_) => {}
                    Standing::Stranger => all = false,
                    Standing::Unknown => return None,
                },
                Err(Unasked::BadIdentity | Unasked::UnknownConsenter) => all = false,
                Err(Unasked::Unsupported | Unasked::TooMany) => return None,
            }
        }
        Some(all)
    }
}
