//! From recovered addresses to the verdict on a record.

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Suite};

use super::{Config, Context, Fault, Form};
use crate::batch::Answers;
use crate::profile;
use crate::work::{HashId, RecoveryId};
use crate::{Cause, Report, Role, Signature, Verdict};

/// A record whose signatures wait for their keys.
#[derive(Debug)]
pub struct Plan<'a> {
    digest: HashId,
    pub(super) rule: EcdsaRule,
    config: Option<&'a Config>,
    /// Whether the place of a signature is that of its oracle in the set, and not one on the wire.
    is_by_oracle: bool,
    /// Why it is invalid whatever the signatures say.
    fault: Option<Fault>,
    /// Each signature with its place.
    pub(super) signatures: Vec<(usize, Given)>,
}

/// A signature: a key to be recovered, or why there is none.
#[derive(Debug)]
pub(super) enum Given {
    Recovery(RecoveryId),
    Decided(Cause),
}

impl<'a> Plan<'a> {
    pub(super) fn new(digest: HashId, context: &'a Context, fault: Option<Fault>) -> Self {
        let rule = if context.low_s { EcdsaRule::LowS } else { EcdsaRule::Any };
        let is_by_oracle = matches!(context.form, Form::Ocr3 { .. });
        Self { digest, rule, config: context.config.as_ref(), is_by_oracle, fault, signatures: Vec::new() }
    }

    /// Why an address does not count, after those that signed before it.
    fn refusal(&self, place: usize, address: &[u8; 20], before: &[[u8; 20]]) -> Option<Fault> {
        match self.config {
            Some(config) if self.is_by_oracle => {
                (config.signers.get(place) != Some(address)).then_some(Fault::WrongSigner)
            }
            Some(config) if !config.signers.contains(address) => Some(Fault::UnknownSigner),
            _ => before.contains(address).then_some(Fault::DuplicateSigner),
        }
    }
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let name = if self.is_by_oracle { "oracle" } else { "signature" };
        let mut signers: Vec<[u8; 20]> = Vec::new();
        let mut signatures = Vec::with_capacity(self.signatures.len());
        for (place, given) in &self.signatures {
            let role = Role::nth(name, *place);
            let mut signature = match given {
                Given::Recovery(id) => answers.recovery(role, *id),
                Given::Decided(cause) => {
                    let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, self.rule, EcdsaEncoding::Raw);
                    Signature::decided(role, Some(suite), &[], Verdict::Invalid(*cause))
                }
            };
            if let Some(address) = signature.address {
                match self.refusal(*place, &address, &signers) {
                    Some(fault) => signature.verdict = Verdict::invalid(fault),
                    None => signers.push(address),
                }
            }
            signatures.push(signature);
        }
        let failed = signatures.iter().position(|signature| !signature.verdict.is_valid());
        let (verdict, which) = match (self.fault, failed, self.config) {
            (Some(fault), _, _) => (Verdict::invalid(fault), None),
            (None, Some(failed), _) => (Verdict::invalid(Fault::BadSignature), Some(failed)),
            (None, None, None) => (Verdict::undecided(Fault::NoConfig), None),
            (None, None, Some(_)) => (Verdict::Valid, None),
        };
        Report {
            which,
            signatures,
            hash: Some(answers.digest(self.digest).to_vec()),
            signers: self.config.map(|_| signers.iter().map(|address| address.to_vec()).collect()),
            ..Report::new(verdict)
        }
    }
}
