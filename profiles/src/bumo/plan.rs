//! From the verdicts on signatures, and the addresses of their keys, to the verdict on a transaction.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use sigwarp::{Ed25519Rule, Hash, Sm2Encoding, Suite};

use super::Fault;
use super::address::{self, BODY};
use crate::batch::{Answers, Round};
use crate::profile;
use crate::work::{CheckId, HashId};
use crate::{Report, Role, Verdict};

/// The type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    Ed25519 = 1,
    Sm2 = 2,
}

static ED25519: Suite = Suite::ed25519(Ed25519Rule::Donna);

/// With the user id of GM/T 0009 section 10, r ‖ s.
static SM2: LazyLock<Suite> =
    LazyLock::new(|| Suite::sm2_sm3(b"1234567812345678", Sm2Encoding::Raw).expect("a short user id"));

impl KeyType {
    /// The hash function of checksums and addresses.
    pub(super) const fn hash(self) -> Hash {
        match self {
            Self::Ed25519 => Hash::Sha256,
            Self::Sm2 => Hash::Sm3,
        }
    }

    pub(super) fn suite(self) -> &'static Suite {
        match self {
            Self::Ed25519 => &ED25519,
            Self::Sm2 => &SM2,
        }
    }

    /// What the engine takes of a key: of SM2 the point without the byte in front.
    pub(super) const fn point(self) -> Range<usize> {
        match self {
            Self::Ed25519 => 0..32,
            Self::Sm2 => 1..65,
        }
    }
}

/// A signature by a key that is well formed.
#[derive(Debug)]
pub(super) struct Signed {
    /// Its place in the envelope.
    pub(super) place: usize,
    pub(super) kind: KeyType,
    /// The checksum of the key, as it stands and as it must be.
    pub(super) checksum: [u8; 4],
    pub(super) computed: HashId,
    /// The hash of the key.
    pub(super) key: HashId,
    pub(super) check: CheckId,
    /// The address of the key and the hash that has its checksum, where the signature holds.
    pub(super) address: Option<([u8; BODY], HashId)>,
}

/// A transaction whose signatures wait for their verdicts.
#[derive(Debug)]
pub struct Plan {
    id: HashId,
    is_canonical: bool,
    /// The accounts that it acts for.
    sources: BTreeSet<Vec<u8>>,
    /// How many signatures the envelope has.
    count: usize,
    signatures: Vec<Signed>,
    /// Whether the addresses were asked for.
    has_asked: bool,
}

impl Plan {
    pub(super) fn new(
        id: HashId,
        is_canonical: bool,
        sources: BTreeSet<Vec<u8>>,
        count: usize,
        signatures: Vec<Signed>,
    ) -> Self {
        Self { id, is_canonical, sources, count, signatures, has_asked: false }
    }

    /// Asks for the checksums of the addresses of those whose signatures hold, once.
    pub(super) fn ask_for_addresses(&mut self, round: &mut Round<'_, '_>) -> bool {
        if std::mem::replace(&mut self.has_asked, true) {
            return false;
        }
        for signed in &mut self.signatures {
            let holds = round.verdict(signed.check).is_some_and(|verdict| Verdict::from(verdict).is_valid());
            let key = round.digest(signed.key).filter(|_| holds);
            let Some(body) = key.map(|hash| address::body(signed.kind as u8, hash)) else { continue };
            let piece = round.work.own(&body);
            let first = round.work.hash(signed.kind.hash(), &[piece]);
            signed.address = Some((body, round.work.hash(signed.kind.hash(), &[first.into()])));
        }
        self.signatures.iter().any(|signed| signed.address.is_some())
    }
}

impl profile::Plan for Plan {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let mut signers: Vec<Vec<u8>> = Vec::new();
        let mut signatures = Vec::new();
        for signed in &self.signatures {
            if !answers.digest(signed.computed).starts_with(&signed.checksum) {
                continue;
            }
            let signature = answers.signature(Role::nth("signature", signed.place), signed.check);
            if let Some((body, checksum)) = signed.address.filter(|_| signature.verdict.is_valid()) {
                let address = address::text(&body, answers.digest(checksum));
                if !signers.contains(&address) {
                    signers.push(address);
                }
            }
            signatures.push(signature);
        }
        let all_hold =
            signatures.len() == self.count && signatures.iter().all(|signature| signature.verdict.is_valid());
        let speak_for_all = self.sources.iter().all(|source| signers.contains(source));
        let report = match signers.is_empty() {
            true => Report { signatures, ..Report::new(Verdict::invalid(Fault::NoValidSignature)) },
            false if all_hold && speak_for_all => Report { signatures, ..Report::new(Verdict::Valid) },
            false => Report::open([Fault::AccountPrivileges.into()], signatures),
        };
        Report {
            tx_id: Some(answers.digest(self.id).to_vec()),
            signers: Some(signers),
            status: Some(if self.is_canonical { "canonical" } else { "re-encoded" }),
            ..report
        }
    }
}
