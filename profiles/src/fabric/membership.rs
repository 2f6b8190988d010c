//! Whether identities are members of their MSPs, as msp/mspimpl*.go says it: one chain of CAs from the certificate to a
//! root, under a CA that has no CAs below it, not revoked by it, and with one role where units tell roles apart.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::authority::{Authority, NodeOus, Store, units};
use super::identity::{Identity, Place};
use super::policy::{Principal, Role};
use crate::algorithm::{Key, KeyKind, Method, NoMethod, SignatureAlgorithm, Sm2, method};
use crate::batch::Answers;
use crate::certificate::Certificate;
use crate::work::{CheckId, Piece, Work};

/// How many steps are taken to find the chains of a CA.
const MAX_STEPS: usize = 1024;

/// Whether a certificate, or a list, was signed with the key of a CA.
#[derive(Debug, Clone, Copy)]
enum Link {
    Check(CheckId),
    /// The engine lacks the algorithm.
    Unknown,
}

/// A CA of an authority that may have issued something, and the lists of it that revoke it.
#[derive(Debug)]
struct Issuer {
    ca: usize,
    link: Link,
    revoked: Vec<Link>,
}

/// What the identities of a record ask of the store.
#[derive(Debug, Default)]
pub(super) struct Memberships<'a> {
    /// The possible issuers of the CAs of each authority that was named.
    trees: HashMap<&'a [u8], (&'a Authority, Vec<Vec<Issuer>>)>,
    /// The possible issuers of each identity, by its place.
    issuers: Vec<Vec<Issuer>>,
}

impl<'a> Memberships<'a> {
    /// Asks for what an identity, the next one of its record, needs.
    pub(super) fn add(&mut self, identity: &Identity<'a>, store: &'a Store, work: &mut Work<'a>) {
        let issuers = store.get(identity.msp).map(|authority| {
            self.trees.entry(identity.msp).or_insert_with(|| (authority, tree(authority, work)));
            of_identity(identity, authority, work)
        });
        self.issuers.push(issuers.unwrap_or_default());
    }
}

/// The possible issuers of each CA.
fn tree<'a>(authority: &'a Authority, work: &mut Work<'a>) -> Vec<Vec<Issuer>> {
    let of = |ca: usize| {
        // Chains end in a root, so that nobody asks who signed it.
        let Some(of) = Certificate::parse(&authority.cas[ca].der).ok().filter(|_| !authority.cas[ca].is_root)
        else {
            return Vec::new();
        };
        let parents = authority.parents(ca).filter_map(|parent| {
            let key = Certificate::parse(&authority.cas[parent].der).ok()?.key;
            let link = link(of.algorithm, key, of.tbs.into(), of.signature.into(), work)?;
            Some(Issuer { ca: parent, link, revoked: Vec::new() })
        });
        parents.collect()
    };
    (0..authority.cas.len()).map(of).collect()
}

fn of_identity<'a>(identity: &Identity<'a>, authority: &'a Authority, work: &mut Work<'a>) -> Vec<Issuer> {
    let Ok(of) = Certificate::parse(&identity.der) else { return Vec::new() };
    // A CA is no member.
    if of.is_ca {
        return Vec::new();
    }
    let (mut tbs, mut signature) = (None, None);
    let mut issuers = Vec::new();
    for ca in authority.named(of.issuer) {
        let Ok(issuer) = Certificate::parse(&authority.cas[ca].der) else { continue };
        let tbs = *tbs.get_or_insert_with(|| work.own(of.tbs));
        let signature = *signature.get_or_insert_with(|| work.own(of.signature));
        let Some(found) = link(of.algorithm, issuer.key, tbs, signature, work) else { continue };
        let revoked = authority.revoking(ca, of.serial).filter_map(|list| {
            let (tbs, algorithm, signature) = list.signed()?;
            link(algorithm, issuer.key, tbs.into(), signature.into(), work)
        });
        let revoked = revoked.collect();
        issuers.push(Issuer { ca, link: found, revoked });
    }
    issuers
}

/// Asks whether a signature is one of a key; `None` where it cannot be.
fn link<'a>(
    algorithm: SignatureAlgorithm,
    key: Key<'a>,
    message: Piece<'a>,
    signature: Piece<'a>,
    work: &mut Work<'a>,
) -> Option<Link> {
    // Go's x509 has neither these curves nor compressed points.
    let is_foreign = matches!(key.kind, KeyKind::Secp256k1 | KeyKind::Sm2 | KeyKind::Unknown);
    let is_short = key.kind == KeyKind::P256 && key.bytes.len() != 65;
    if is_foreign || is_short {
        return None;
    }
    match method(algorithm, &key, &Sm2::WithoutZa) {
        Ok(Method { suite, hash }) => {
            let message = hash.map_or(message, |hash| work.hash(hash, &[message]).into());
            Some(Link::Check(work.verify(&suite, key.bytes, message, signature)))
        }
        Err(NoMethod::UnsupportedAlgorithm) => Some(Link::Unknown),
        Err(NoMethod::KeyAlgorithmMismatch) => None,
    }
}

/// What an identity is to its MSP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// A member, under the CAs of this chain, from its issuer to the root.
    Member(Vec<usize>),
    Stranger,
    /// The engine lacks an algorithm of its chain.
    Unknown,
}

/// Chains of CAs to a root.
#[derive(Debug, Clone, Default)]
struct Chains {
    found: Vec<Vec<usize>>,
    is_open: bool,
    steps: usize,
}

/// Memberships whose signatures have their answers.
pub(super) struct Standings<'s, 'a> {
    memberships: &'s Memberships<'a>,
    identities: &'s [Identity<'a>],
    standings: Vec<Standing>,
    /// The organizational units of each identity.
    units: Vec<Vec<Vec<u8>>>,
}

impl<'s, 'a> Standings<'s, 'a> {
    pub(super) fn new(
        memberships: &'s Memberships<'a>,
        identities: &'s [Identity<'a>],
        answers: &Answers<'_>,
    ) -> Self {
        let trees = memberships.trees.iter().map(|(msp, (_, tree))| {
            let chains: Vec<Chains> =
                (0..tree.len()).map(|ca| chains(ca, memberships, msp, answers)).collect();
            (*msp, chains)
        });
        let trees: HashMap<&[u8], Vec<Chains>> = trees.collect();
        let units: Vec<_> = identities.iter().map(units_of).collect();
        let of = |((identity, issuers), units): ((&Identity<'a>, &Vec<Issuer>), &Vec<Vec<u8>>)| {
            let Some(chains) = trees.get(identity.msp) else { return Standing::Stranger };
            let authority = memberships.trees[identity.msp].0;
            match (standing(issuers, chains, answers), &authority.node_ous) {
                (Standing::Member(_), Some(ous)) if !has_one_role(units, ous) => Standing::Stranger,
                (standing, _) => standing,
            }
        };
        let standings = identities.iter().zip(&memberships.issuers).zip(&units).map(of).collect();
        Self { memberships, identities, standings, units }
    }

    pub(super) fn of(&self, place: Place) -> &Standing {
        self.standings.get(place.0).unwrap_or(&Standing::Stranger)
    }

    /// Whether the channel has the MSP that an identity names.
    pub(super) fn is_known(&self, place: Place) -> bool {
        self.memberships.trees.contains_key(self.identities[place.0].msp)
    }

    /// Whether an identity satisfies a principal.
    pub(super) fn satisfies(&self, place: Place, principal: &Principal) -> bool {
        let identity = &self.identities[place.0];
        let Some((authority, _)) = self.memberships.trees.get(identity.msp) else { return false };
        let chain = match self.of(place) {
            Standing::Member(chain) => Some(chain),
            Standing::Stranger | Standing::Unknown => None,
        };
        let has = |unit: &[u8]| self.units[place.0].iter().any(|of| of == unit);
        match principal {
            Principal::Nominal => true,
            Principal::Nobody => false,
            Principal::Combined(all) => all.iter().all(|principal| self.satisfies(place, principal)),
            Principal::Identity { msp, der } => {
                msp == identity.msp && **der == *identity.der && chain.is_some()
            }
            Principal::Unit { msp, unit, certifiers } => {
                let Some(chain) = chain.filter(|_| msp == identity.msp) else { return false };
                has(unit) && certifiers_id(authority, chain) == certifiers[..]
            }
            Principal::Role { msp, .. } if msp != identity.msp => false,
            // Administrators are named, and need not be members any more.
            Principal::Role { role: Role::Admin, .. } if authority.admins.contains(&*identity.der) => true,
            Principal::Role { role, .. } => {
                let ous = authority.node_ous.as_ref();
                let unit = match role {
                    Role::Member => return chain.is_some(),
                    Role::Admin => ous.and_then(|ous| ous.admin.as_ref()),
                    Role::Client => ous.and_then(|ous| ous.client.as_ref()),
                    Role::Peer => ous.and_then(|ous| ous.peer.as_ref()),
                    Role::Orderer => ous.and_then(|ous| ous.orderer.as_ref()),
                };
                chain.is_some() && unit.is_some_and(|unit| has(unit.as_bytes()))
            }
        }
    }
}

fn units_of(identity: &Identity<'_>) -> Vec<Vec<u8>> {
    let subject = Certificate::parse(&identity.der).map(|of| of.subject).unwrap_or_default();
    units(subject).into_iter().map(<[u8]>::to_vec).collect()
}

/// The name of a chain in a principal: SHA-256 of its certificates. It depends on which signatures hold and is a few
/// kilobytes at most, so it is hashed here.
fn certifiers_id(authority: &Authority, chain: &[usize]) -> [u8; 32] {
    let mut hash = Sha256::new();
    chain.iter().for_each(|ca| hash.update(&authority.cas[*ca].der));
    hash.finalize().into()
}

/// The chains from a CA to a root; two are as many as there are.
fn chains(ca: usize, memberships: &Memberships<'_>, msp: &[u8], answers: &Answers<'_>) -> Chains {
    let mut chains = Chains::default();
    let (authority, tree) = &memberships.trees[msp];
    extend(&mut vec![ca], authority, tree, answers, &mut chains);
    chains
}

fn extend(
    path: &mut Vec<usize>,
    authority: &Authority,
    tree: &[Vec<Issuer>],
    answers: &Answers<'_>,
    chains: &mut Chains,
) {
    let Some(&last) = path.last() else { return };
    chains.steps += 1;
    if authority.cas[last].is_root {
        return chains.found.push(path.clone());
    }
    for issuer in &tree[last] {
        if chains.found.len() > 1 || path.contains(&issuer.ca) {
            continue;
        }
        // As long as a store is deep, and no longer than a stack is.
        if chains.steps >= MAX_STEPS || path.len() >= 16 {
            chains.is_open = true;
            return;
        }
        match issuer.link {
            Link::Unknown => chains.is_open = true,
            Link::Check(id) if answers.verdict(id).is_valid() => {
                path.push(issuer.ca);
                extend(path, authority, tree, answers, chains);
                path.pop();
            }
            Link::Check(_) => {}
        }
    }
}

fn standing(issuers: &[Issuer], chains: &[Chains], answers: &Answers<'_>) -> Standing {
    let holds = |link: &Link| match link {
        Link::Check(id) => answers.verdict(*id).is_valid(),
        Link::Unknown => false,
    };
    let is_open = |issuer: &Issuer| {
        matches!(issuer.link, Link::Unknown) || holds(&issuer.link) && chains[issuer.ca].is_open
    };
    if issuers.iter().any(is_open) {
        return Standing::Unknown;
    }
    let signed = issuers.iter().filter(|issuer| holds(&issuer.link));
    let mut found =
        signed.flat_map(|issuer| chains[issuer.ca].found.iter().map(move |chain| (issuer, chain)));
    // Fabric wants one chain.
    let (Some((issuer, chain)), None) = (found.next(), found.next()) else { return Standing::Stranger };
    // A CA with CAs below it issues no identities.
    let is_above = |of: &Chains| matches!(&of.found[..], [chain] if chain[1..].contains(&issuer.ca));
    if chains.iter().any(is_above) || issuer.revoked.iter().any(holds) {
        return Standing::Stranger;
    }
    if issuer.revoked.iter().any(|link| matches!(link, Link::Unknown)) {
        return Standing::Unknown;
    }
    Standing::Member(chain.clone())
}

fn has_one_role(units: &[Vec<u8>], ous: &NodeOus) -> bool {
    let roles = [&ous.client, &ous.peer, &ous.admin, &ous.orderer];
    let is_role = |unit: &&Vec<u8>| {
        roles.iter().any(|role| role.as_ref().is_some_and(|role| role.as_bytes() == **unit))
    };
    units.iter().filter(is_role).count() == 1
}
