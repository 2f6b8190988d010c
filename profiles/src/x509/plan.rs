//! From the verdicts on signatures to a path, and the verdict on the certificate.

use super::Fault;
use crate::batch::Answers;
use crate::profile;
use crate::work::CheckId;
use crate::{Cause, Report, Role, Signature, Verdict};

/// A certificate whose signatures, and those of its possible issuers, wait for their verdicts.
#[derive(Debug)]
pub struct Plan {
    /// Each certificate that names lead to with its possible issuers; the record is the first. Without any, nothing has
    /// the issuer's name.
    pub(super) pairs: Vec<Vec<Pair>>,
    /// What a certificate is where nothing has the issuer's name.
    pub(super) end: Fault,
}

/// A certificate and a possible issuer of it.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) issuer: Issuer,
    pub(super) outcome: Outcome,
}

/// The possible issuer of a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Issuer {
    Root,
    /// One of [`Plan::pairs`].
    Member(usize),
    Itself,
}

/// Whether a certificate is one of its possible issuer.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A signature says.
    Check(CheckId),
    /// It is not, since its signature cannot hold.
    Refused(Box<Signature>),
    /// It is not, whatever its signature is.
    Failed(Fault),
    /// That is not known.
    Open(Fault),
}

/// The signatures of a path, from the record on.
type Path = Vec<Signature>;

/// Where a path ends without a root.
struct End {
    path: Path,
    /// Why, where the last signature of the path does not say.
    fault: Option<Fault>,
}

/// Ends that were found, and the one to report: the longest path, of those the first whose signature another
/// certificate's key failed for, and otherwise the first.
#[derive(Default)]
struct Ends {
    reported: Option<(End, (usize, bool))>,
    faults: Vec<Cause>,
}

impl Ends {
    fn add(&mut self, path: &[Signature], fault: Fault) {
        self.faults.push(fault.into());
        // A signature that fails is as far on its path as a fault that needs none.
        self.rank(End { path: path.to_vec(), fault: Some(fault) }, (path.len() + 1, false));
    }

    fn add_failed(&mut self, path: Path, is_of_other: bool) {
        let steps = path.len();
        self.rank(End { path, fault: None }, (steps, is_of_other));
    }

    fn rank(&mut self, end: End, rank: (usize, bool)) {
        if self.reported.as_ref().is_none_or(|(_, reported)| *reported < rank) {
            self.reported = Some((end, rank));
        }
    }
}

impl profile::Plan for Plan {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let (mut failed, mut open) = (Ends::default(), Ends::default());
        // Paths whose signatures hold, the shortest first, to each certificate once: what is behind a certificate does
        // not depend on the way there.
        let mut paths: Vec<(usize, Path)> = vec![(0, Vec::new())];
        let mut is_reached = vec![false; self.pairs.len()];
        is_reached[0] = true;
        let mut next = 0;
        while let Some((certificate, path)) = paths.get(next).cloned() {
            next += 1;
            let pairs = &self.pairs[certificate];
            if pairs.is_empty() {
                match self.end {
                    Fault::TrustAnchorUnknown => open.add(&path, self.end),
                    _ => failed.add(&path, self.end),
                }
            }
            for Pair { issuer, outcome } in pairs {
                let role = Role::nth("certificate", path.len());
                let signature = match outcome {
                    Outcome::Check(id) => answers.signature(role, *id),
                    Outcome::Refused(signature) => Signature { role, ..Signature::clone(signature) },
                    Outcome::Failed(fault) => {
                        failed.add(&path, *fault);
                        continue;
                    }
                    Outcome::Open(fault) => {
                        open.add(&path, *fault);
                        continue;
                    }
                };
                let holds = signature.verdict.is_valid();
                let longer: Path = path.iter().cloned().chain([signature]).collect();
                match issuer {
                    _ if !holds => failed.add_failed(longer, !matches!(issuer, Issuer::Itself)),
                    Issuer::Root => {
                        return Report { anchored: Some(true), ..Report::of_all(longer) };
                    }
                    Issuer::Member(issuer) if is_reached[*issuer] => {}
                    Issuer::Member(issuer) => {
                        is_reached[*issuer] = true;
                        paths.push((*issuer, longer));
                    }
                    Issuer::Itself => open.add(&longer, Fault::TrustAnchorUnknown),
                }
            }
        }
        if open.reported.is_none() {
            match failed.reported {
                Some((End { path, fault: Some(fault) }, _)) => {
                    return Report { signatures: path, ..Report::new(Verdict::invalid(fault)) };
                }
                Some((End { path, fault: None }, _)) => return Report::failed(path.len() - 1, path),
                // Certificates that have signed each other end nowhere.
                None => {
                    let path = paths.pop().map(|(_, path)| path).unwrap_or_default();
                    open.add(&path, Fault::TrustAnchorUnknown);
                }
            }
        }
        let is_unknown = open.faults.iter().all(|fault| *fault == Fault::TrustAnchorUnknown.into());
        let path = open.reported.map(|(end, _)| end.path).unwrap_or_default();
        Report { anchored: is_unknown.then_some(false), ..Report::open(open.faults, path) }
    }
}
