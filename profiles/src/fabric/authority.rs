//! MSPs that a caller gives: the CAs of organizations, and who is none of theirs any more.

use std::collections::{HashMap, HashSet};

use crate::algorithm::SignatureAlgorithm;
use crate::certificate::Certificate;
use crate::der::{self, BadDer, Der, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, UTC_TIME};

/// subjectKeyIdentifier, 2.5.29.14.
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
/// authorityKeyIdentifier, 2.5.29.35.
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
/// organizationalUnitName, 2.5.4.11.
const UNIT: &[u8] = &[0x55, 0x04, 0x0b];

/// An MSP of a channel, as its configuration has it (`msp.FabricMSPConfig`); certificates and lists in DER.
#[derive(Debug, Clone, Default)]
pub struct Msp {
    /// Its id, which identities name.
    pub id: String,
    /// The roots.
    pub roots: Vec<Vec<u8>>,
    /// The CAs below the roots.
    pub intermediates: Vec<Vec<u8>>,
    /// Lists of revoked certificates.
    pub revocations: Vec<Vec<u8>>,
    /// The certificates of administrators.
    pub admins: Vec<Vec<u8>>,
    /// The units that tell roles apart, where they do.
    pub node_ous: Option<NodeOus>,
}

/// The units of certificates that say which role their owners have (`msp.FabricNodeOUs`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeOus {
    /// Of clients.
    pub client: Option<String>,
    /// Of peers.
    pub peer: Option<String>,
    /// Of administrators.
    pub admin: Option<String>,
    /// Of orderers.
    pub orderer: Option<String>,
}

/// An MSP with a certificate or a list that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the MSP {id:?} has a CA that is no certificate of a CA in DER, or a revocation list that is none")]
pub struct BadMsp {
    /// Its id.
    pub id: String,
}

/// The MSPs of a channel by their ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Store(HashMap<Vec<u8>, Authority>);

impl Store {
    pub(super) fn new(msps: impl IntoIterator<Item = Msp>) -> Result<Self, BadMsp> {
        let authority = |msp: Msp| {
            let id = msp.id.clone();
            Authority::new(msp).map(|authority| (id.clone().into_bytes(), authority)).ok_or(BadMsp { id })
        };
        msps.into_iter().map(authority).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, id: &[u8]) -> Option<&Authority> {
        self.0.get(id)
    }
}

/// An MSP whose certificates were read.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    /// The roots, then the intermediates.
    pub(super) cas: Vec<Ca>,
    pub(super) revocations: Vec<Revocations>,
    pub(super) admins: HashSet<Vec<u8>>,
    pub(super) node_ous: Option<NodeOus>,
}

/// A certificate of a CA.
#[derive(Debug, Clone)]
pub(super) struct Ca {
    pub(super) der: Vec<u8>,
    pub(super) is_root: bool,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    key_id: Vec<u8>,
}

/// A list of revoked certificates (RFC 5280 section 5).
#[derive(Debug, Clone)]
pub(super) struct Revocations {
    der: Vec<u8>,
    serials: HashSet<Vec<u8>>,
    key_id: Vec<u8>,
}

impl Authority {
    fn new(msp: Msp) -> Option<Self> {
        let ca = |(der, is_root): (Vec<u8>, bool)| {
            let of = Certificate::parse(&der).ok().filter(|of| of.is_ca && of.names_one_algorithm)?;
            let key_id = of.extension(SUBJECT_KEY_ID).and_then(|value| Der::new(value).any().ok());
            let key_id = key_id.map(|element| element.contents.to_vec()).unwrap_or_default();
            let (subject, issuer) = (of.subject.to_vec(), of.issuer.to_vec());
            Some(Ca { is_root, subject, issuer, key_id, der })
        };
        let roots = msp.roots.into_iter().map(|der| (der, true));
        let intermediates = msp.intermediates.into_iter().map(|der| (der, false));
        let revocations = |der: Vec<u8>| {
            let list = List::parse(&der).ok()?;
            let (serials, key_id) = (list.serials, list.key_id.to_vec());
            Some(Revocations { der, serials, key_id })
        };
        Some(Self {
            cas: roots.chain(intermediates).map(ca).collect::<Option<_>>()?,
            revocations: msp.revocations.into_iter().map(revocations).collect::<Option<_>>()?,
            admins: msp.admins.into_iter().collect(),
            node_ous: msp.node_ous,
        })
    }

    /// The CAs that have the name of this certificate's issuer.
    pub(super) fn named(&self, issuer: &[u8]) -> impl Iterator<Item = usize> {
        (0..self.cas.len()).filter(move |ca| self.cas[*ca].subject == issuer)
    }

    /// The CAs that may have issued another one.
    pub(super) fn parents(&self, ca: usize) -> impl Iterator<Item = usize> {
        self.named(&self.cas[ca].issuer).filter(move |parent| *parent != ca)
    }

    /// The lists of a CA, by its key id as Fabric finds them, that have a serial number.
    pub(super) fn revoking(&self, ca: usize, serial: &[u8]) -> impl Iterator<Item = &Revocations> {
        let key_id = &self.cas[ca].key_id;
        self.revocations
            .iter()
            .filter(move |list| !key_id.is_empty() && list.key_id == *key_id && list.serials.contains(serial))
    }
}

impl Revocations {
    /// What is signed, how, and the signature.
    pub(super) fn signed(&self) -> Option<(&[u8], SignatureAlgorithm, &[u8])> {
        let list = List::parse(&self.der).ok()?;
        Some((list.tbs, list.algorithm, list.signature))
    }
}

/// A list as it lies in its bytes.
struct List<'a> {
    tbs: &'a [u8],
    algorithm: SignatureAlgorithm,
    signature: &'a [u8],
    serials: HashSet<Vec<u8>>,
    key_id: &'a [u8],
}

impl<'a> List<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, BadDer> {
        let mut outer = Der::new(bytes);
        let mut list = outer.sequence()?;
        outer.end()?;
        let signed = list.element(der::SEQUENCE)?;
        let algorithm = SignatureAlgorithm::parse(list.sequence()?)?;
        let signature = list.bit_string()?;
        list.end()?;
        let mut tbs = signed.inside();
        tbs.optional(INTEGER)?;
        // The algorithm and the issuer.
        tbs.sequence()?;
        tbs.sequence()?;
        let this_update = tbs.any()?;
        if !matches!(this_update.tag, UTC_TIME | GENERALIZED_TIME) {
            return Err(this_update.bad());
        }
        if tbs.optional(UTC_TIME)?.is_none() {
            tbs.optional(GENERALIZED_TIME)?;
        }
        let mut serials = HashSet::new();
        if let Some(revoked) = tbs.optional(der::SEQUENCE)? {
            let mut revoked = revoked.inside();
            while let Some(entry) = revoked.any_or_none()? {
                serials.insert(entry.inside().integer()?.to_vec());
            }
        }
        let mut key_id: &[u8] = &[];
        if let Some(explicit) = tbs.optional(der::context(0))? {
            let mut extensions = explicit.inside().sequence()?;
            while let Some(extension) = extensions.any_or_none()? {
                let mut parts = extension.inside();
                if parts.oid()? == AUTHORITY_KEY_ID {
                    parts.boolean_or_false()?;
                    let value = parts.element(der::OCTET_STRING)?.contents;
                    let id = Der::new(value).sequence()?.optional(der::context_primitive(0))?;
                    key_id = id.map_or(&[], |id| id.contents);
                }
            }
        }
        tbs.end()?;
        Ok(Self { tbs: signed.bytes, algorithm, signature, serials, key_id })
    }
}

/// The organizational units of a name.
pub(super) fn units(name: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let Ok(mut parts) = Der::new(name).sequence() else { return found };
    while let Ok(Some(part)) = parts.any_or_none() {
        let mut attributes = part.inside();
        while let Ok(Some(attribute)) = attributes.any_or_none() {
            let mut pair = attribute.inside();
            if pair.element(OBJECT_IDENTIFIER).is_ok_and(|id| id.contents == UNIT)
                && let Ok(value) = pair.any()
            {
                found.push(value.contents);
            }
        }
    }
    found
}
