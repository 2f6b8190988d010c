//! The signature of a transaction under its suite, and from its verdict to that on the transaction.

use std::borrow::Cow;
use std::sync::LazyLock;

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Hash, Sm2Encoding};

use super::{Fault, Suite};
use crate::batch::Answers;
use crate::profile;
use crate::work::{CheckId, HashId, Piece, RecoveryId, Work};
use crate::{Report, Role, Verdict};

/// The only signature of a transaction.
pub(super) const SENDER: Role = Role::one("sender");

/// SM2 with the user id of GM/T 0009 section 10, r ‖ s.
static SM2: LazyLock<sigwarp::Suite> = LazyLock::new(|| {
    sigwarp::Suite::sm2_sm3(b"1234567812345678", Sm2Encoding::Raw).expect("a short user id")
});

impl Suite {
    /// The hash function of the chain.
    pub(super) const fn hash(self) -> Hash {
        match self {
            Self::Keccak => Hash::Keccak256,
            Self::Sm => Hash::Sm3,
        }
    }
}

/// A transaction whose signature waits for its verdict.
#[derive(Debug)]
pub struct Plan<'a> {
    /// What is signed.
    digest: HashId,
    /// The hash by which the chain knows the transaction.
    id: HashId,
    /// What the transaction says that the digest is.
    stated: Option<Cow<'a, [u8]>>,
    signer: Signer,
}

/// Whose signature it is.
#[derive(Debug)]
enum Signer {
    Recovered(RecoveryId, EcdsaRule),
    Given {
        check: CheckId,
        /// The hash of the key.
        key: HashId,
    },
}

/// A signature in the form of its suite; r and s are 64 bytes together.
pub(super) enum Signed<'a> {
    Keccak { rs: Piece<'a>, recovery_id: u8, rule: EcdsaRule },
    Sm { rs: Piece<'a>, key: Piece<'a> },
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        digest: HashId,
        id: HashId,
        stated: Option<Cow<'a, [u8]>>,
        signed: Signed<'a>,
        work: &mut Work<'a>,
    ) -> Self {
        let signer = match signed {
            Signed::Keccak { rs, recovery_id, rule } => {
                Signer::Recovered(work.recover(rule, digest, rs, recovery_id), rule)
            }
            Signed::Sm { rs, key } => {
                Signer::Given { check: work.verify(&SM2, key, digest, rs), key: work.hash(Hash::Sm3, &[key]) }
            }
        };
        Self { digest, id, stated, signer }
    }
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let tx_id = Some(answers.digest(self.id).to_vec());
        if self.stated.is_some_and(|stated| *stated != *answers.digest(self.digest)) {
            return Report { tx_id, ..Report::new(Verdict::invalid(Fault::DataHashMismatch)) };
        }
        let (signature, account) = match self.signer {
            Signer::Recovered(id, rule) => {
                let mut signature = answers.recovery(SENDER, id);
                let scheme = EcdsaScheme::Secp256k1;
                signature.suite = Some(sigwarp::Suite::ecdsa(scheme, rule, EcdsaEncoding::RawV));
                let account = signature.address.map(|address| address.to_vec());
                (signature, account)
            }
            Signer::Given { check, key } => (
                answers.signature(SENDER, check),
                answers.digest(key).last_chunk::<20>().map(|of| of.to_vec()),
            ),
        };
        match signature.verdict.is_valid() {
            false => Report { tx_id, ..Report::failed(0, vec![signature]) },
            true => {
                Report { tx_id, sender: account, signatures: vec![signature], ..Report::new(Verdict::Valid) }
            }
        }
    }
}
