//! Contenders: what can be measured. Sigwarp, and the peers that this build was given as features.
//!
//! Inside every clock: parsing the signatures, hashing the messages, allocating the results. Whether the keys are
//! parsed inside it too is said by [`Keys`], and is the same for both sides of a row.

mod ed25519;
mod hashes;
mod sigwarp;
mod weierstrass;

use serde::{Deserialize, Serialize};

use crate::measure::Run;
use crate::workload::{Item, Kind, Workload};

pub use hashes::Algorithm;
pub use sigwarp::{Operation, Sigwarp};

/// Where the work on the keys is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// Encoded keys come in: they are parsed inside the clock, every time.
    Bytes,
    /// Keys were parsed before the clock started.
    Parsed,
    /// Keys were registered, and their tables made, before the clock started.
    Registered,
    /// There are no keys: hashes, and public keys that are recovered.
    None,
}

impl Keys {
    /// What a report says about it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Bytes => "keys parsed inside the clock",
            Self::Parsed => "keys parsed before",
            Self::Registered => "keys registered before",
            Self::None => "no keys",
        }
    }
}

/// What a contender tells its caller about a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// An answer for each item.
    PerItem,
    /// One boolean for the whole batch.
    OneBoolean,
    /// A digest for each message.
    Digests,
}

impl Answers {
    /// What a report says about it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::PerItem => "an answer for each item",
            Self::OneBoolean => "one boolean for the batch",
            Self::Digests => "a digest for each message",
        }
    }
}

/// Makes a contender ready to run on a workload, on this many threads.
type Prepare = for<'w> fn(&'w Workload, usize) -> Result<Run<'w>, String>;

/// A function of another crate.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// `crate/what`, for example `ed25519-dalek/verify_strict`.
    pub id: &'static str,
    /// The crate.
    pub package: &'static str,
    /// The feature of this crate that builds it.
    pub feature: &'static str,
    /// The items that it takes.
    pub kind: Kind,
    /// Where it parses keys.
    pub keys: Keys,
    /// What it answers.
    pub answers: Answers,
    /// The most threads that it can use.
    pub max_threads: usize,
    /// The hash function, where it is one.
    pub hash: Option<Algorithm>,
    prepare: Option<Prepare>,
}

impl Peer {
    /// A signature verifier that answers for each item, from encoded keys, on one thread.
    const fn verifier(id: &'static str, package: &'static str, feature: &'static str, kind: Kind) -> Self {
        Self {
            id,
            package,
            feature,
            kind,
            keys: Keys::Bytes,
            answers: Answers::PerItem,
            max_threads: 1,
            hash: None,
            prepare: None,
        }
    }

    const fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    const fn one_boolean(mut self) -> Self {
        self.answers = Answers::OneBoolean;
        self
    }

    const fn threaded(mut self) -> Self {
        self.max_threads = usize::MAX;
        self
    }

    const fn prepared_by(mut self, prepare: Option<Prepare>) -> Self {
        self.prepare = prepare;
        self
    }

    /// The peer of an id, built or not.
    pub fn find(id: &str) -> Option<&'static Self> {
        Self::all().find(|peer| peer.id == id)
    }

    /// Every peer that the harness knows, built or not.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ed25519::PEERS.iter().chain(weierstrass::PEERS).chain(hashes::PEERS)
    }

    /// Whether this build holds it.
    pub const fn is_built(&self) -> bool {
        self.prepare.is_some()
    }

    /// Makes it ready, after it has told valid items from invalid ones on inputs of its own.
    pub fn prepare<'w>(&self, workload: &'w Workload, threads: usize) -> Result<Run<'w>, String> {
        let Some(prepare) = self.prepare else {
            return Err(format!("not in this build; add --features {}", self.feature));
        };
        if workload.spec.kind != self.kind {
            return Err(format!("{} does not take {:?} items", self.id, workload.spec.kind));
        }
        match self.hash {
            Some(_) => hashes::check(self, prepare)?,
            None => check_verifier(self, prepare)?,
        }
        prepare(workload, threads)
    }
}

/// `Some(function)` where the feature is on, `None` where it is off.
macro_rules! built {
    ($feature:literal, $function:expr) => {{
        #[cfg(feature = $feature)]
        let prepare: Option<$crate::contenders::Prepare> = Some($function);
        #[cfg(not(feature = $feature))]
        let prepare: Option<$crate::contenders::Prepare> = None;
        prepare
    }};
}
use built;

/// A verifier accepts valid items, and does not accept a batch with an invalid one, before it is measured.
fn check_verifier(peer: &Peer, prepare: Prepare) -> Result<(), String> {
    use crate::workload::{Bad, Spec};
    let spec = Spec::new(peer.kind, 4, 8).keys(3);
    for (spec, one_boolean) in [(spec, [4, 4]), (spec.bad(Bad::EverySecondBatch), [0, 4])] {
        let workload = Workload::new(spec);
        let per_item = workload.expected().unwrap_or_default();
        let expected = match peer.answers {
            Answers::OneBoolean => &one_boolean[..],
            _ => &per_item,
        };
        let mut run = prepare(&workload, 1)?;
        for (chunk, &expected) in expected.iter().enumerate() {
            let got = run(chunk);
            if got != expected {
                return Err(format!(
                    "{} accepts {got} of 4 signatures where {expected} is right ({}); it is not measured",
                    peer.id, spec.bad
                ));
            }
        }
    }
    Ok(())
}

/// Runs `verify` on the items of a chunk, one by one, and counts those that it accepts.
#[allow(dead_code, reason = "unused in a build without peers")]
fn each<'w>(workload: &'w Workload, verify: impl Fn(&'w Item, &'w [u8]) -> bool + 'w) -> Run<'w> {
    Box::new(move |chunk| {
        let mut accepted = 0;
        for item in workload.chunk(chunk) {
            accepted += u64::from(verify(item, workload.public(item)));
        }
        accepted
    })
}

/// As [`each`], with each distinct key parsed beforehand.
#[allow(dead_code, reason = "unused in a build without peers")]
fn each_parsed<'w, K: 'w, E: std::fmt::Debug>(
    workload: &'w Workload,
    parse: impl Fn(&[u8]) -> Result<K, E>,
    verify: impl Fn(&'w Item, &K) -> bool + 'w,
) -> Result<Run<'w>, String> {
    let keys = workload.keys.iter().map(|key| parse(&key.public));
    let keys = keys.collect::<Result<Vec<K>, E>>().map_err(|error| format!("a key: {error:?}"))?;
    Ok(Box::new(move |chunk| {
        let mut accepted = 0;
        for item in workload.chunk(chunk) {
            accepted += u64::from(verify(item, &keys[item.key]));
        }
        accepted
    }))
}

/// The signature of an item, which every scheme here encodes in 64 bytes.
#[allow(dead_code, reason = "unused in a build without peers")]
fn signature64(item: &Item) -> &[u8; 64] {
    item.signature.as_slice().try_into().expect("64 bytes, as generated")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_name_their_crate() {
        let ids: Vec<_> = Peer::all().map(|peer| peer.id).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len());
        assert!(Peer::all().all(|peer| peer.id.starts_with(peer.package)));
    }

    #[test]
    fn every_peer_of_this_build_passes_its_own_check() {
        for peer in Peer::all().filter(|peer| peer.is_built()) {
            let workload = Workload::new(crate::workload::Spec::new(peer.kind, 2, 4));
            let mut run = peer.prepare(&workload, 1).unwrap_or_else(|error| panic!("{}: {error}", peer.id));
            if let Some(expected) = workload.expected() {
                assert_eq!((run(0), run(1)), (expected[0], expected[1]), "{}", peer.id);
            }
        }
    }

    #[test]
    fn a_peer_that_accepts_everything_is_not_measured() {
        let everything: Prepare = |workload, _| Ok(Box::new(move |chunk| workload.chunk(chunk).len() as u64));
        let peer =
            Peer::verifier("broken/verify", "broken", "broken", Kind::Ed25519).prepared_by(Some(everything));
        let workload = Workload::new(crate::workload::Spec::new(Kind::Ed25519, 1, 1));
        assert!(peer.prepare(&workload, 1).err().is_some_and(|error| error.contains("is not measured")));
    }

    #[test]
    fn a_peer_that_was_not_built_says_how_to_build_it() {
        let peer = Peer::verifier("absent/verify", "absent", "absent", Kind::Ed25519);
        let workload = Workload::new(crate::workload::Spec::new(Kind::Ed25519, 1, 1));
        assert!(peer.prepare(&workload, 1).err().is_some_and(|error| error.contains("--features absent")));
    }
}
