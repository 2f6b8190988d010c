//! Signed transactions: the id as Corda computes it, and the signatures of it.
//!
//! With h for SHA-256 and d for h(h(…)), both of which Corda has used for this from version 3 on:
//!
//! ```text
//! nonce of a component  d(d(salt ‖ group 4 ‖ index 4) ‖ component)
//! leaf of a component   d(nonce ‖ component)
//! root of a group       the tree of its leaves under h, which zeros fill up to a power of two
//! id                    the tree of the roots of groups 0 to the last; FF … FF stands for a group that there is not
//! ```

use std::collections::BTreeMap;

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Hash, Suite};

use super::Fault;
use super::amqp::{List, Value};
use super::envelope::{Envelope, Object};
use super::signable::signable;
use crate::batch::{Answers, Round};
use crate::keys::KeyType;
use crate::profile::{self, Decided};
use crate::subject_key::SubjectKey;
use crate::work::{CheckId, HashId, Piece, Work};
use crate::{Cause, Report, Role, Signature, Verdict};

const SIGNED: &str = "net.corda.core.transactions.SignedTransaction";
const SIGNATURE: &str = "net.corda.core.crypto.TransactionSignature";
const METADATA: &str = "net.corda.core.crypto.SignatureMetadata";
const WIRE: &str = "net.corda.core.transactions.WireTransaction";
const GROUP: &str = "net.corda.core.transactions.ComponentGroup";
const SALT: &str = "net.corda.core.contracts.PrivacySalt";
const BYTES: &str = "net.corda.core.utilities.OpaqueBytes";
const SERIALIZED: &str = "net.corda.core.serialization.SerializedBytes";
/// What describes a public key, which has a serializer of its own.
const PUBLIC_KEY: &str = "net.corda:java.security.PublicKey";
/// Transactions whose ids are computed from other fields.
const OTHER: [&str; 2] = [
    "net.corda.core.transactions.NotaryChangeWireTransaction",
    "net.corda.core.transactions.ContractUpgradeWireTransaction",
];

/// The last group that is looked at; Corda has 9 so far (`ComponentGroupEnum`).
const LAST_GROUP: u32 = 63;

/// The numbers of signature schemes (`Crypto` of corda).
const SECP256K1: i32 = 2;
const P256: i32 = 3;
const ED25519: i32 = 4;

/// A transaction whose id, and then whose signatures, wait for answers.
#[derive(Debug)]
pub struct Plan<'a> {
    id: HashId,
    signatures: Vec<Given<'a>>,
}

/// A signature, by its place in the transaction.
#[derive(Debug)]
enum Given<'a> {
    Open(Fault),
    Refused(Fault),
    Asked(Asked<'a>),
    Checked { check: CheckId, key: &'a [u8] },
}

/// What is to be asked once the id is known.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    key: &'a [u8],
    signature: &'a [u8],
    platform_version: i32,
    scheme: i32,
}

impl<'a> Plan<'a> {
    pub(super) fn parse(record: &'a [u8], work: &mut Work<'a>) -> Result<Self, Decided> {
        let malformed = || Decided::from(Fault::Malformed);
        let envelope = Envelope::read(record).ok_or_else(malformed)?;
        let (signatures, bits) = signed(&envelope).ok_or_else(malformed)?;
        if signatures.len() == 0 {
            return Err(Fault::NoSignature.into());
        }
        let signatures: Vec<Given<'a>> = signatures
            .iter()
            .map(|value| given(&envelope, value))
            .collect::<Option<_>>()
            .ok_or_else(malformed)?;
        let inner = Envelope::read(bits).ok_or_else(malformed)?;
        let wire = inner.root().ok_or_else(malformed)?;
        if OTHER.contains(&wire.name()) {
            return Err(Decided::open(Fault::TransactionType));
        }
        let id = id(&inner, wire, work)?;
        Ok(Self { id, signatures })
    }

    /// Asks for the signatures, once.
    pub(super) fn resume(&mut self, round: &mut Round<'_, 'a>) -> bool {
        let Some(id) = round.digest(self.id).and_then(|digest| digest.first_chunk::<32>().copied()) else {
            return false;
        };
        let mut asks = false;
        for given in &mut self.signatures {
            let Given::Asked(Asked { key, signature, platform_version, scheme }) = *given else { continue };
            let message = round.work.own(&signable(&id, platform_version, scheme));
            let check = round.work.verify(suite(scheme), key, message, signature);
            *given = Given::Checked { check, key };
            asks = true;
        }
        asks
    }
}

/// The suite of a scheme that is verified.
fn suite(scheme: i32) -> &'static Suite {
    static SUITES: [Suite; 3] = [
        Suite::ecdsa(EcdsaScheme::Secp256k1Sha256, EcdsaRule::Any, EcdsaEncoding::Der),
        Suite::ecdsa(EcdsaScheme::P256Sha256, EcdsaRule::Any, EcdsaEncoding::Der),
        Suite::ed25519(Ed25519Rule::BouncyCastle),
    ];
    match scheme {
        SECP256K1 => &SUITES[0],
        P256 => &SUITES[1],
        _ => &SUITES[2],
    }
}

/// The signatures of a signed transaction, and the bytes of the transaction itself.
fn signed<'a>(envelope: &Envelope<'a>) -> Option<(List<'a>, &'a [u8])> {
    let signed = envelope.root().filter(|root| root.name() == SIGNED)?;
    let signatures = envelope.list(signed.field("sigs")?, SIGNATURE)?;
    let bits = envelope.object(signed.field("txBits")?).filter(|bits| bits.name().starts_with(SERIALIZED))?;
    Some((signatures, bits.field("bytes")?.binary()?))
}

fn given<'a>(envelope: &Envelope<'a>, value: Value<'a>) -> Option<Given<'a>> {
    let object = envelope.object(value).filter(|of| of.name() == SIGNATURE)?;
    let (_, key) = object.field("by")?.described().filter(|(descriptor, _)| *descriptor == PUBLIC_KEY)?;
    let key = SubjectKey::of_either(key.binary()?).ok()?;
    let signature = object.field("bytes")?.binary()?;
    let metadata = envelope.object(object.field("signatureMetadata")?).filter(|of| of.name() == METADATA)?;
    let platform_version = metadata.field("platformVersion")?.int()?;
    let scheme = metadata.field("schemeNumberID")?.int()?;
    let expected = match scheme {
        1 => Some(KeyType::Rsa),
        SECP256K1 => Some(KeyType::Secp256k1),
        P256 => Some(KeyType::P256),
        ED25519 => Some(KeyType::Ed25519),
        // SPHINCS-256 and composite keys.
        5 | 6 => None,
        _ => return Some(Given::Refused(Fault::SchemeMismatch)),
    };
    let key = key.filter(|key| !key.is_certified);
    Some(match key {
        _ if key.map(|key| key.kind) != expected => Given::Refused(Fault::SchemeMismatch),
        // Several transactions were signed at once by the root of a tree.
        _ if object.field("partialMerkleTree").is_some_and(|tree| tree != Value::Null) => {
            Given::Open(Fault::PartialMerkleTree)
        }
        Some(key) if key.kind != KeyType::Rsa => {
            Given::Asked(Asked { key: key.bytes, signature, platform_version, scheme })
        }
        _ => Given::Open(Fault::UnsupportedAlgorithm),
    })
}

/// The id of a transaction.
fn id<'a>(envelope: &Envelope<'a>, wire: Object<'_, 'a>, work: &mut Work<'a>) -> Result<HashId, Decided> {
    let malformed = || Decided::from(Fault::Malformed);
    let (salt, groups) = parts(envelope, wire).ok_or_else(malformed)?;
    if !has_sha256(envelope, wire).ok_or_else(malformed)? {
        return Err(Decided::open(Fault::DigestService));
    }
    let mut roots: BTreeMap<u32, HashId> = BTreeMap::new();
    for (group, components) in groups {
        if group > LAST_GROUP {
            return Err(Decided::open(Fault::GroupIndex));
        }
        let leaf = |(index, component): (usize, &'a [u8])| {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let place = work.own_all([&group.to_be_bytes()[..], &index.to_be_bytes()]);
            let seed = work.hash(Hash::Sha256d, &[salt.into(), place]);
            let nonce = work.hash(Hash::Sha256d, &[seed.into(), component.into()]);
            work.hash(Hash::Sha256d, &[nonce.into(), component.into()])
        };
        let leaves: Vec<HashId> = components.into_iter().enumerate().map(leaf).collect();
        let root = tree(leaves.into_iter().map(Node::Hash).collect(), work);
        if roots.insert(group, root.ok_or_else(malformed)?).is_some() {
            return Err(malformed());
        }
    }
    let last = roots.keys().next_back().copied().ok_or_else(malformed)?;
    let nodes = (0..=last).map(|group| roots.get(&group).map_or(Node::Ones, |root| Node::Hash(*root)));
    tree(nodes.collect(), work).ok_or_else(malformed)
}

/// The groups of components of a transaction, by their numbers, and its salt.
type Parts<'a> = (&'a [u8], Vec<(u32, Vec<&'a [u8]>)>);

fn parts<'a>(envelope: &Envelope<'a>, wire: Object<'_, 'a>) -> Option<Parts<'a>> {
    let wire = Some(wire).filter(|wire| wire.name() == WIRE)?;
    let salt = envelope.object(wire.field("privacySalt")?).filter(|of| of.name() == SALT)?;
    let salt = salt.field("bytes")?.binary()?;
    // Corda takes no salt of zeros.
    if salt.len() != 32 || salt.iter().all(|byte| *byte == 0) {
        return None;
    }
    let group = |value| {
        let group = envelope.object(value).filter(|of| of.name() == GROUP)?;
        let index = u32::try_from(group.field("groupIndex")?.int()?).ok()?;
        let components = envelope.list(group.field("components")?, BYTES)?;
        let component = |value| {
            let bytes = envelope.object(value)?;
            let is_bytes = bytes.name() == BYTES || bytes.name().starts_with(SERIALIZED);
            bytes.field("bytes").filter(|_| is_bytes)?.binary().filter(|bytes| !bytes.is_empty())
        };
        Some((index, components.iter().map(component).collect::<Option<Vec<_>>>()?))
    };
    let groups = envelope.list(wire.field("componentGroups")?, GROUP)?;
    Some((salt, groups.iter().map(group).collect::<Option<_>>()?))
}

/// Whether the hash function is SHA-256, which it is where none is named.
fn has_sha256<'a>(envelope: &Envelope<'a>, wire: Object<'_, 'a>) -> Option<bool> {
    match wire.field("digestService") {
        None | Some(Value::Null) => Some(true),
        Some(service) => Some(envelope.object(service)?.field("hashAlgorithm")?.text()? == "SHA-256"),
    }
}

/// A node of a tree.
#[derive(Clone, Copy)]
enum Node {
    Hash(HashId),
    /// What stands for a group that there is not.
    Ones,
    /// What fills a row up.
    Zeros,
}

impl<'a> From<Node> for Piece<'a> {
    fn from(node: Node) -> Self {
        match node {
            Node::Hash(id) => id.into(),
            Node::Ones => (&[0xff; 32]).into(),
            Node::Zeros => (&[0; 32]).into(),
        }
    }
}

/// The root of a tree over these nodes, of which the last is a hash; `None` where there are none.
fn tree(mut row: Vec<Node>, work: &mut Work<'_>) -> Option<HashId> {
    row.resize(row.len().next_power_of_two(), Node::Zeros);
    while row.len() > 1 {
        let pair = |pair: &[Node]| Node::Hash(work.hash(Hash::Sha256, &[pair[0].into(), pair[1].into()]));
        row = row.chunks_exact(2).map(pair).collect();
    }
    match row.first() {
        Some(Node::Hash(root)) => Some(*root),
        _ => None,
    }
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let mut signatures = Vec::new();
        let (mut failed, mut open): (Option<(Cause, Option<usize>)>, Vec<Cause>) = (None, Vec::new());
        for (place, given) in self.signatures.into_iter().enumerate() {
            let role = Role::nth("signature", place);
            match given {
                Given::Checked { check, key } => {
                    let signature = Signature { key: key.to_vec(), ..answers.signature(role, check) };
                    if let Some(cause) = signature.verdict.cause() {
                        failed.get_or_insert((cause.in_role(role), Some(signatures.len())));
                    }
                    signatures.push(signature);
                }
                Given::Refused(fault) => {
                    failed.get_or_insert((Cause::from(fault).in_role(role), None));
                }
                Given::Open(fault) => open.push(fault.into()),
                Given::Asked(_) => open.push(Fault::NotAnswered.into()),
            }
        }
        let report = match failed {
            // Nothing is valid that nobody has signed.
            None if open.is_empty() && signatures.is_empty() => {
                Report::new(Verdict::invalid(Fault::NoSignature))
            }
            Some((cause, which)) => Report { which, signatures, ..Report::new(Verdict::Invalid(cause)) },
            None if open.is_empty() => Report { signatures, ..Report::new(Verdict::Valid) },
            None => Report::open(open, signatures),
        };
        Report { tx_id: Some(answers.digest(self.id).to_vec()), ..report }
    }
}
