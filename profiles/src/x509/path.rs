//! The possible issuers of each certificate that names lead to, and the signatures that they may have made.

use sigwarp::{Hash, Reason};

use super::plan::{Issuer, Outcome, Pair, Plan};
use super::{Context, Fault, MAX_CHAIN, MAX_CHECKS};
use crate::algorithm::{Key, Method, NoMethod, Sm2, method};
use crate::certificate::Certificate;
use crate::profile::Decided;
use crate::work::{CheckId, HashId, Work};
use crate::{Cause, Report, Role, Signature, Verdict};

/// The possible paths of a certificate: the record is the certificate 0, those of the chain follow.
pub(super) fn parse<'a>(
    record: &'a [u8],
    context: &'a Context,
    work: &mut Work<'a>,
) -> Result<Plan, Decided> {
    let leaf = Certificate::parse(record).map_err(|bad| Decided::at(bad.at, Fault::Malformed))?;
    let is_root = |bytes: &[u8], certificate: &Certificate<'_>| {
        context.roots.of_id(certificate.subject).any(|root| root.as_slice() == bytes)
    };
    if is_root(record, &leaf) {
        let report = Report::open([Fault::IsAnchor.into()], Vec::new());
        return Err(Report { anchored: Some(true), ..report }.into());
    }
    if context.chain.len() > MAX_CHAIN {
        return Err(Report::open([Fault::TooManyCertificates.into()], Vec::new()).into());
    }
    let mut bytes = vec![record];
    let mut certificates = vec![leaf];
    for member in &context.chain {
        let certificate =
            Certificate::parse(member).map_err(|_| Cause::from(Fault::Malformed).of("chain"))?;
        // The record, a root and a certificate that came before add nothing: roots are possible issuers as they are.
        if !bytes.contains(&member.as_slice()) && !is_root(member, &certificate) {
            bytes.push(member);
            certificates.push(certificate);
        }
    }
    Ok(Search { context, certificates, checks: 0 }.all(work))
}

/// Looks for possible issuers by their names.
struct Search<'a> {
    context: &'a Context,
    certificates: Vec<Certificate<'a>>,
    /// How many signatures were asked for.
    checks: usize,
}

impl<'a> Search<'a> {
    /// The possible issuers of the record, of those, and so on, each once.
    fn all(mut self, work: &mut Work<'a>) -> Plan {
        let count = self.certificates.len();
        let mut pairs: Vec<Vec<Pair>> = (0..count).map(|_| Vec::new()).collect();
        let mut is_named = vec![false; count];
        is_named[0] = true;
        let mut named = vec![0];
        let mut next = 0;
        while let Some(&subject) = named.get(next) {
            next += 1;
            pairs[subject] = self.pairs(subject, work);
            for pair in &pairs[subject] {
                if let Issuer::Member(issuer) = pair.issuer
                    && !std::mem::replace(&mut is_named[issuer], true)
                {
                    named.push(issuer);
                }
            }
        }
        // A chain belongs together by its names; where a name leads nowhere and others are left, it does not.
        let end = if named.len() == count { Fault::TrustAnchorUnknown } else { Fault::NameMismatch };
        Plan { pairs, end }
    }

    /// A certificate with each of its possible issuers: roots, then the chain, then itself.
    fn pairs(&mut self, subject: usize, work: &mut Work<'a>) -> Vec<Pair> {
        let certificate = self.certificates[subject];
        if !certificate.names_one_algorithm {
            // Whoever issued it.
            return vec![Pair { issuer: Issuer::Itself, outcome: Outcome::Failed(Fault::AlgorithmMismatch) }];
        }
        let mut asking = Asking {
            certificate,
            is_record: subject == 0,
            sm2: &self.context.sm2,
            checks: &mut self.checks,
            asked: Vec::new(),
            digest: None,
        };
        let mut pairs = Vec::new();
        let mut add = |issuer: Issuer, of: &Certificate<'a>| {
            let outcome = match issuer {
                Issuer::Root | Issuer::Member(_) if !of.is_ca => Outcome::Failed(Fault::NotCA),
                _ => asking.outcome(of, work),
            };
            pairs.push(Pair { issuer, outcome });
        };
        let roots = self.context.roots.of_id(certificate.issuer);
        for root in roots.filter_map(|root| Certificate::parse(root).ok()) {
            add(Issuer::Root, &root);
        }
        for (member, of) in self.certificates.iter().enumerate() {
            if member != subject && of.subject == certificate.issuer {
                add(Issuer::Member(member), of);
            }
        }
        if certificate.is_self_issued() {
            add(Issuer::Itself, &certificate);
        }
        pairs
    }
}

/// The role of a signature whose place in the path is not known yet.
const ROLE: Role = Role::one("certificate");

/// Asks for the signature of one certificate.
struct Asking<'a, 'c> {
    certificate: Certificate<'a>,
    /// Whether it is the record and not one of the chain.
    is_record: bool,
    sm2: &'c Sm2,
    /// How many signatures the record asks for.
    checks: &'c mut usize,
    /// The keys that were asked for: several certificates of an issuer may have one.
    asked: Vec<(Key<'a>, CheckId)>,
    /// The digest of the signed bytes, once it is asked for; which function makes it is the certificate's algorithm.
    digest: Option<(Hash, HashId)>,
}

impl<'a> Asking<'a, '_> {
    /// Whether the signature is one of this issuer.
    fn outcome(&mut self, issuer: &Certificate<'a>, work: &mut Work<'a>) -> Outcome {
        let Certificate { tbs, algorithm, signature, .. } = self.certificate;
        let Method { suite, hash } = match method(algorithm, &issuer.key, self.sm2) {
            Ok(method) => method,
            Err(why @ NoMethod::UnsupportedAlgorithm) => return Outcome::Open(why.into()),
            Err(why) => return Outcome::Failed(why.into()),
        };
        if issuer.key.is_bare_point() {
            let verdict = Verdict::invalid(Reason::BadKeyLength);
            let key = issuer.key.bytes;
            return Outcome::Refused(Box::new(Signature::decided(ROLE, Some(suite), key, verdict)));
        }
        if let Some((_, id)) = self.asked.iter().find(|(key, _)| *key == issuer.key) {
            return Outcome::Check(*id);
        }
        if *self.checks == MAX_CHECKS {
            return Outcome::Open(Fault::TooManyCertificates);
        }
        *self.checks += 1;
        let key = issuer.key.bytes;
        let id = match hash {
            None if self.is_record => work.verify(&suite, key, tbs, signature),
            // A chain comes with many records.
            None => work.verify_once(&suite, key, tbs, signature),
            Some(hash) => {
                let (_, digest) = match self.digest {
                    Some((of, digest)) if of == hash => (of, digest),
                    _ => *self.digest.insert((hash, work.hash(hash, &[tbs.into()]))),
                };
                work.verify(&suite, key, digest, signature)
            }
        };
        self.asked.push((issuer.key, id));
        Outcome::Check(id)
    }
}
