//! A backend of the CPU in a dispatcher, and what its self-test has said so far.
//!
//! The known answers are many, and a call needs few of them. So they are given part by part, each before the first
//! result that rests on it: the first verdict of a scheme, the first digest of a hash function, the first key that is
//! recovered or registered. A part is tested once. A backend that gives one wrong answer is out altogether, whatever
//! it has passed before: a machine or a build on which one part is wrong vouches for no other.
//!
//! Whoever needs a part that another thread is testing waits for it. That cannot deadlock: the test runs on the thread
//! that began it and hands nothing to other threads ([`alone`]). So it needs no thread that may be waiting, and takes
//! up no task of a pool that could come here again.

use std::sync::OnceLock;

use super::{SelfTestFailure, measure, selftest};
use crate::backend::{Cpu, alone};
use crate::hash::Hash;
use crate::keyring::KeyScheme;
use crate::policy::Costs;
use crate::suite::Scheme;

/// What is tested as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Items of a scheme, each by its own equation, in lanes and alone.
    Lanes(Scheme),
    /// Items of a scheme, by random linear combinations.
    Combination(Scheme),
    /// Digests.
    Hash(Hash),
    /// Keys that are recovered.
    Recovery,
    /// Items whose keys are registered, with tables and without.
    Tables(KeyScheme),
}

impl Part {
    const COUNT: usize = 2 * Scheme::ALL.len() + Hash::ALL.len() + 1 + KeyScheme::COUNT;

    /// Every part.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let schemes =
            Scheme::ALL.into_iter().flat_map(|scheme| [Self::Lanes(scheme), Self::Combination(scheme)]);
        let tables = KeyScheme::ALL.into_iter().map(Self::Tables);
        schemes.chain(Hash::ALL.into_iter().map(Self::Hash)).chain([Self::Recovery]).chain(tables)
    }

    /// What verdicts of a scheme rest on. `combined` says whether linear combinations may be tried, and `known` whether
    /// keys may be registered.
    pub(super) fn of_verdicts(scheme: Scheme, combined: bool, known: bool) -> impl Iterator<Item = Self> {
        let hash = scheme.def().hash.map(Self::Hash);
        let combination = combined.then_some(Self::Combination(scheme));
        let tables = known.then(|| Self::Tables(scheme.keys()));
        [hash, Some(Self::Lanes(scheme)), combination, tables].into_iter().flatten()
    }

    /// Its number, below [`Self::COUNT`].
    fn index(self) -> usize {
        let of_hash =
            |wanted| Hash::ALL.iter().position(|&hash| hash == wanted).expect("every hash function");
        let (schemes, hashes) = (Scheme::ALL.len(), Hash::ALL.len());
        match self {
            Self::Lanes(scheme) => scheme as usize,
            Self::Combination(scheme) => schemes + scheme as usize,
            Self::Hash(hash) => 2 * schemes + of_hash(hash),
            Self::Recovery => 2 * schemes + hashes,
            Self::Tables(scheme) => 2 * schemes + hashes + 1 + scheme.index(),
        }
    }
}

/// See the module.
pub(super) struct Member {
    backend: Box<dyn Cpu>,
    /// The parts that have been tested.
    tested: [OnceLock<()>; Part::COUNT],
    /// The first wrong answer.
    failure: OnceLock<SelfTestFailure>,
    /// What its paths cost, measured when a choice between them first matters.
    costs: OnceLock<Costs>,
}

impl Member {
    /// A backend that has given no known answer yet.
    pub(super) fn new(backend: Box<dyn Cpu>) -> Self {
        let tested = [const { OnceLock::new() }; Part::COUNT];
        Self { backend, tested, failure: OnceLock::new(), costs: OnceLock::new() }
    }

    /// A backend that has given them all, whose paths cost what the count of their operations says, for tests of what
    /// follows.
    #[cfg(test)]
    pub(super) fn tested(backend: Box<dyn Cpu>) -> Self {
        let tested = std::array::from_fn(|_| OnceLock::from(()));
        let costs = OnceLock::from(Costs::counted(backend.shape().lanes));
        Self { backend, tested, failure: OnceLock::new(), costs }
    }

    pub(super) fn backend(&self) -> &dyn Cpu {
        self.backend.as_ref()
    }

    /// The first wrong answer, if it has given one.
    pub(super) fn failure(&self) -> Option<&SelfTestFailure> {
        self.failure.get()
    }

    /// Whether every part of its self-test that has been run was passed.
    pub(super) fn is_trusted(&self) -> bool {
        self.failure().is_none()
    }

    /// Tests what has not been tested of these parts, or waits for the thread that does.
    pub(super) fn ensure(&self, parts: impl IntoIterator<Item = Part>) -> Result<(), SelfTestFailure> {
        for part in parts {
            if !self.is_trusted() {
                break;
            }
            self.tested[part.index()].get_or_init(|| {
                if let Err(failure) = alone(|| selftest::run(self.backend(), part)) {
                    let _ = self.failure.set(failure);
                }
                self.backend.tested();
            });
        }
        self.failure().cloned().map_or(Ok(()), Err)
    }

    /// What its paths cost.
    pub(super) fn costs(&self) -> Costs {
        *self.costs.get_or_init(|| alone(|| measure::costs(self.backend())))
    }

    /// What they cost by the count of operations, where no choice depends on it.
    pub(super) fn counted(&self) -> Costs {
        Costs::counted(self.backend.shape().lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_place_of_its_own() {
        let places: Vec<usize> = Part::all().map(Part::index).collect();
        let mut sorted = places.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..Part::COUNT).collect::<Vec<_>>());
    }
}
