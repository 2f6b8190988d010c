//! What is signed, and the checks of keys and signatures.

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Hash, Reason, Suite};

use super::plan::Slot;
use crate::work::{Piece, Work};
use crate::{Role, Signature, Verdict};

/// The bytes of a key: 02 or 03 and x for secp256k1, ED and 32 bytes for Ed25519.
const KEY: usize = 33;

/// The first byte of keys of Ed25519.
const ED25519: u8 = 0xed;

/// Who signs, which decides what the signed bytes begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signatory {
    /// Where a key signs for itself.
    pub(super) single: &'static [u8; 4],
    /// Where signers do.
    pub(super) multi: &'static [u8; 4],
    /// The role of the signature of a key.
    pub(super) role: &'static str,
    /// The role of those of signers.
    pub(super) signers: &'static str,
}

/// The account of the transaction.
pub(super) const SENDER: Signatory =
    Signatory { single: b"STX\0", multi: b"SMT\0", role: "tx", signers: "tx.Signers" };

/// The other side of a loan.
pub(super) const COUNTERPARTY: Signatory = Signatory {
    single: b"CPT\0",
    multi: b"CPM\0",
    role: "CounterpartySignature",
    signers: "CounterpartySignature.Signers",
};

/// Who pays the fee or the reserve.
pub(super) const SPONSOR: Signatory = Signatory {
    single: b"SPN\0",
    multi: b"SPM\0",
    role: "SponsorSignature",
    signers: "SponsorSignature.Signers",
};

/// The signed fields of a transaction, and the rule of its era.
#[derive(Debug)]
pub(super) struct Body<'a> {
    /// The fields, one after another, those that are not signed left out.
    pub(super) spans: Vec<&'a [u8]>,
    pub(super) rule: EcdsaRule,
}

impl<'a> Body<'a> {
    /// The check of a signature over the prefix, the fields and, where signers sign, the account of the signer.
    pub(super) fn check(
        &self,
        work: &mut Work<'a>,
        role: Role,
        (prefix, account): (&'static [u8; 4], &'a [u8]),
        (key, signature): (&'a [u8], &'a [u8]),
    ) -> Slot<'a> {
        let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, self.rule, EcdsaEncoding::DerBip66);
        if key.len() != KEY {
            // The engine knows keys of other lengths, which the ledger does not.
            let verdict = Verdict::invalid(Reason::BadKeyLength);
            return Slot::Decided(Signature::decided(role, Some(suite), key, verdict));
        }
        let check = match key {
            // The bytes are signed and no digest of them.
            [ED25519, point @ ..] => {
                let parts = [&prefix[..]].into_iter().chain(self.spans.iter().copied()).chain([account]);
                let message = work.own_all(parts);
                work.verify(&Suite::ed25519(Ed25519Rule::Cofactorless), point, message, signature)
            }
            _ => {
                let spans = self.spans.iter().copied().map(Piece::from);
                let pieces: Vec<Piece<'a>> =
                    [prefix.into()].into_iter().chain(spans).chain([account.into()]).collect();
                let digest = work.hash(Hash::Sha512Half, &pieces);
                work.verify(&suite, key, digest, signature)
            }
        };
        Slot::Check { role, check, key }
    }
}
