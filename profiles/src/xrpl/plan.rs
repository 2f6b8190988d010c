//! From the verdicts on signatures to that on a transaction.

use ripemd::{Digest, Ripemd160};

use super::Fault;
use crate::batch::Answers;
use crate::profile;
use crate::work::{CheckId, HashId};
use crate::{Report, Role, Signature, Verdict};

/// A transaction whose signatures wait for their verdicts.
#[derive(Debug)]
pub struct Plan<'a> {
    id: HashId,
    /// By what right the account's signature speaks for it, where there is one.
    pub(super) authority: Option<Authority<'a>>,
    pub(super) signatures: Vec<Slot<'a>>,
    /// What holds whatever the signatures say, with the place of the signature that it is about.
    decided: Option<(Verdict, Option<usize>)>,
    /// Why it is undecided where every signature holds.
    pub(super) open: Option<Fault>,
}

/// Who speaks for the account.
#[derive(Debug)]
pub(super) enum Authority<'a> {
    /// A key, whose SHA-256 this is.
    Key { hash: HashId, account: &'a [u8] },
    /// Signers.
    SignerList,
}

/// A signature: a check, or what its bytes decide.
#[derive(Debug)]
pub(super) enum Slot<'a> {
    Check {
        role: Role,
        check: CheckId,
        /// The key as the transaction has it.
        key: &'a [u8],
    },
    Decided(Signature),
}

impl Plan<'_> {
    pub(super) fn new(id: HashId) -> Self {
        Self { id, authority: None, signatures: Vec::new(), decided: None, open: None }
    }

    /// The same, with a verdict that holds whatever the signatures say.
    pub(super) fn with(mut self, verdict: Verdict) -> Self {
        self.decided = Some((verdict, None));
        self
    }

    /// Notes what makes the transaction invalid, and the place of the signature that does; of several the first counts.
    pub(super) fn fail(&mut self, fault: Fault, which: Option<usize>) {
        self.decided.get_or_insert((Verdict::invalid(fault), which));
    }
}

impl Authority<'_> {
    fn name(&self, answers: &Answers<'_>) -> &'static str {
        match self {
            Self::SignerList => "signer-list",
            Self::Key { hash, account } => match Ripemd160::digest(answers.digest(*hash))[..] == **account {
                true => "account-key",
                false => "other-key",
            },
        }
    }
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let signatures = self.signatures.into_iter().map(|slot| match slot {
            Slot::Check { role, check, key } => {
                Signature { key: key.to_vec(), ..answers.signature(role, check) }
            }
            Slot::Decided(signature) => signature,
        });
        let signatures: Vec<Signature> = signatures.collect();
        let failed = signatures.iter().position(|signature| !signature.verdict.is_valid());
        let (verdict, which) = match (self.decided, failed, self.open) {
            (Some(decided), _, _) => decided,
            (None, Some(failed), _) => (Verdict::invalid(Fault::BadSignature), Some(failed)),
            (None, None, Some(open)) => (Verdict::undecided(open), None),
            (None, None, None) => (Verdict::Valid, None),
        };
        // By what right signatures speak is said once it is known that no other ones are needed.
        let is_decided = !matches!(verdict, Verdict::Undecided(_));
        let authority = self.authority.filter(|_| is_decided).map(|authority| authority.name(answers));
        Report {
            which,
            signatures,
            authority,
            tx_id: Some(answers.digest(self.id).to_vec()),
            ..Report::new(verdict)
        }
    }
}
