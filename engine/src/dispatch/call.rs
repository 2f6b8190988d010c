//! A call, and what the backends that take it must have been tested for.

use super::member::{Member, Part};
use crate::backend::Device;
use crate::batch::BatchView;
use crate::keyring::KeyScheme;
use crate::policy::{Costs, PathChoice, Paths};
use crate::suite::Suite;

/// A batch, and which of the usable backends takes each suite of its table.
pub(super) struct Call<'a> {
    pub(super) batch: &'a BatchView<'a>,
    /// The items of each suite.
    pub(super) counts: &'a [usize],
    pub(super) routes: &'a [usize],
    pub(super) path: PathChoice,
}

impl Call<'_> {
    /// The suites of which a backend has items, with their number.
    pub(super) fn suites(&self, index: usize) -> impl Iterator<Item = (usize, &Suite)> {
        let with_counts = self.counts.iter().copied().zip(self.batch.suite_table());
        let routed =
            with_counts.zip(self.routes).filter(move |&((count, _), &route)| route == index && count > 0);
        routed.map(|(suite, _)| suite)
    }

    /// Whether a backend has items.
    pub(super) fn takes(&self, index: usize) -> bool {
        self.suites(index).next().is_some()
    }

    /// Whether linear combinations may be tried.
    fn combines(&self, count: usize, suite: &Suite) -> bool {
        suite.combines() && self.path.may_combine(count)
    }

    /// What the verdicts of a backend rest on.
    pub(super) fn parts(&self, index: usize) -> impl Iterator<Item = Part> {
        self.suites(index).flat_map(|(count, suite)| {
            let scheme = suite.scheme();
            let known = self.batch.ring().is_some_and(|ring| ring.has(scheme.keys()));
            Part::of_verdicts(scheme, self.combines(count, suite), known)
        })
    }

    /// How a backend of the CPU chooses the path of its pieces. What paths cost is measured with Ed25519 and matters where there is a
    /// choice for its items.
    pub(super) fn paths(&self, index: usize, member: &Member) -> Paths {
        let is_open = |(count, suite): (usize, &Suite)| {
            suite.scheme().keys() == KeyScheme::Ed25519
                && self.path == PathChoice::Auto
                && self.combines(count, suite)
        };
        let costs = if self.suites(index).any(is_open) { member.costs() } else { member.counted() };
        Paths { costs, choice: self.path }
    }
    /// A device has one path. Its pieces are cut as those of the CPU are.
    pub(super) fn paths_of_device(&self, device: &dyn Device) -> Paths {
        Paths { costs: Costs::counted(device.shape().lanes), choice: self.path }
    }
}
