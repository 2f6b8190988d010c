//! Sigwarp itself.

use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sigwarp::{
    BackendChoice, BackendKind, BatchView, Column, EcdsaRule, Engine, Hash, KeyId, Keys as KeyColumn,
    PathChoice, Suite, Suites,
};

use super::hashes::first8;
use super::{Algorithm, Answers, Keys};
use crate::measure::{Run, one_core_each};
use crate::workload::{Item, Kind, Workload};

/// What Sigwarp does with the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A verdict for each signature.
    Verify,
    /// The public key of each ECDSA signature.
    Recover,
    /// The digest of each message.
    Hash(Algorithm),
}

/// A way to run Sigwarp.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sigwarp {
    /// What it does.
    pub operation: Operation,
    /// The backend by name, or `auto`.
    pub backend: String,
    /// The rule, where the scheme has several.
    pub rule: Option<String>,
    /// Whether the keys are registered with the engine before the clock starts.
    pub registered: bool,
    /// Whether each item's own equation is forced, where the engine would choose a linear combination.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lanes: bool,
}

impl Sigwarp {
    /// The backend that the engine chooses, under `rule`.
    pub fn auto(rule: Option<&str>) -> Self {
        Self {
            operation: Operation::Verify,
            backend: "auto".to_owned(),
            rule: rule.map(str::to_owned),
            registered: false,
            lanes: false,
        }
    }

    /// The recovery of public keys.
    pub fn recover() -> Self {
        Self { operation: Operation::Recover, ..Self::auto(None) }
    }

    /// A hash function.
    pub fn hash(algorithm: Algorithm) -> Self {
        Self { operation: Operation::Hash(algorithm), ..Self::auto(None) }
    }

    /// With a named backend.
    pub fn backend(mut self, name: &str) -> Self {
        name.clone_into(&mut self.backend);
        self
    }

    /// With registered keys.
    pub const fn registered(mut self) -> Self {
        self.registered = true;
        self
    }

    /// With the path in lanes forced.
    pub const fn in_lanes(mut self) -> Self {
        self.lanes = true;
        self
    }

    /// Where the work on the keys is done.
    pub const fn keys(&self) -> Keys {
        match self.operation {
            Operation::Verify if self.registered => Keys::Registered,
            Operation::Verify => Keys::Bytes,
            Operation::Recover | Operation::Hash(_) => Keys::None,
        }
    }

    /// What it answers.
    pub const fn answers(&self) -> Answers {
        match self.operation {
            Operation::Verify | Operation::Recover => Answers::PerItem,
            Operation::Hash(_) => Answers::Digests,
        }
    }

    /// What a report calls it, without the backend.
    pub fn label(&self) -> String {
        let what = match self.operation {
            Operation::Verify => self.rule.clone().unwrap_or_else(|| "verify".to_owned()),
            Operation::Recover => "recover".to_owned(),
            Operation::Hash(algorithm) => algorithm.name().to_owned(),
        };
        let registered = if self.registered { " registered" } else { "" };
        let lanes = if self.lanes { " in lanes" } else { "" };
        format!("sigwarp/{what}{registered}{lanes}")
    }

    /// Makes an engine ready. The error says what this build lacks.
    ///
    /// Every verdict is counted, and the counts are compared with the right ones in every sample: no check on inputs
    /// of its own is needed. Also returns the name of the backend that runs.
    pub fn prepare<'w>(&self, w: &'w Workload, threads: usize) -> Result<(Run<'w>, String), String> {
        match self.operation {
            Operation::Verify => {}
            Operation::Recover => return self.recover_keys(w, threads),
            Operation::Hash(algorithm) => return self.hash_messages(algorithm, w, threads),
        }
        let suite = self.suite(w.spec.kind)?;
        let engine = self.engine(threads)?;
        if !engine.supports(&suite) {
            return Err(format!("backend {} does not verify {} yet", self.backend, suite.scheme()));
        }
        let ids = if self.registered { register(&engine, &suite, w)? } else { Vec::new() };
        let keys: Vec<&[u8]> = w.items.iter().map(|item| w.public(item)).collect();
        let stats = engine.key_stats();
        let column = |get: fn(&Item) -> &[u8]| -> Vec<&'w [u8]> { w.items.iter().map(get).collect() };
        let messages = column(|item| &item.message);
        let signatures = column(|item| &item.signature);
        let batch = w.spec.batch;
        let verify = move |chunk| {
            let rows = chunk * batch..(chunk + 1) * batch;
            let column: KeyColumn<'_> = match ids.get(rows.clone()) {
                Some(ids) if !ids.is_empty() => ids.into(),
                _ => Column::slices(&keys[rows.clone()]).into(),
            };
            let view = BatchView::new(
                Suites::One(&suite),
                column,
                Column::slices(&messages[rows.clone()]),
                Column::slices(&signatures[rows]),
            )
            .expect("columns of one length");
            engine.verify_columns(&view).expect("an engine that verifies its suites")
        };
        // The engine chooses by suite and batch size: the first call tells which backends take part.
        let shares: Vec<&str> =
            verify(0).explain().shares().iter().map(|(backend, _)| backend.name()).collect();
        let mut backend = shares.join(" and ");
        if self.registered {
            backend.push_str(&format!(", {} bytes a key", stats.bytes / stats.registered.max(1)));
        }
        Ok((Box::new(move |chunk| verify(chunk).valid() as u64), backend))
    }

    /// The digests go into a buffer of the caller, as a peer's go into its hands one by one; the checksum is that of
    /// [`super::hashes`].
    fn hash_messages<'w>(
        &self,
        algorithm: Algorithm,
        w: &'w Workload,
        threads: usize,
    ) -> Result<(Run<'w>, String), String> {
        let hash = match algorithm {
            Algorithm::Sha256 => Hash::Sha256,
            Algorithm::Sha512 => Hash::Sha512,
            Algorithm::Keccak256 => Hash::Keccak256,
            Algorithm::Sha3_256 => Hash::Sha3_256,
            Algorithm::Sm3 => Hash::Sm3,
            Algorithm::Blake3 => Hash::Blake3,
        };
        let engine = self.engine(threads)?;
        if !engine.supports_hash(hash) {
            return Err(format!("backend {} does not hash with {hash} yet", self.backend));
        }
        let backend = engine.backends().first().map_or("none", |kind| kind.name()).to_owned();
        let messages: Vec<&[u8]> = w.items.iter().map(|item| &item.message[..]).collect();
        let (batch, width) = (w.spec.batch, hash.digest_length());
        let mut digests = vec![0; batch * width];
        let run = move |chunk| {
            let rows = &messages[chunk * batch..(chunk + 1) * batch];
            engine.hash_into(hash, rows, &mut digests).expect("an engine that hashes");
            digests.chunks(width).fold(0, |sum: u64, digest| sum.wrapping_add(first8(digest)))
        };
        Ok((Box::new(run), backend))
    }

    /// Counts the keys that come out as they should: any digest gives some key.
    fn recover_keys<'w>(&self, w: &'w Workload, threads: usize) -> Result<(Run<'w>, String), String> {
        let engine = self.engine(threads)?;
        let backend = engine.backends().first().map_or("none", |kind| kind.name()).to_owned();
        let digests: Vec<&[u8]> = w.items.iter().map(|item| &item.message[..]).collect();
        let signatures: Vec<&[u8]> = w.items.iter().map(|item| &item.signature[..]).collect();
        let ids: Vec<u8> = w.items.iter().map(|item| item.recovery_id).collect();
        let batch = w.spec.batch;
        let run = move |chunk| {
            let rows = chunk * batch..(chunk + 1) * batch;
            let (digests, signatures) = (&digests[rows.clone()], &signatures[rows.clone()]);
            let keys = engine
                .recover(EcdsaRule::Any, digests, signatures, &ids[rows])
                .expect("an engine that recovers keys");
            let same = |(key, item): (&Result<[u8; 65], _>, &Item)| {
                // The workload's key is compressed: the same x, and the parity of y.
                let public = w.public(item);
                key.is_ok_and(|key| key[1..33] == public[1..] && 2 + (key[64] & 1) == public[0])
            };
            keys.iter().zip(w.chunk(chunk)).filter(|&both| same(both)).count() as u64
        };
        Ok((Box::new(run), backend))
    }

    fn engine(&self, threads: usize) -> Result<Engine, String> {
        let choice = match self.backend.as_str() {
            "auto" => BackendChoice::Auto,
            name => match BackendKind::from_name(name) {
                Some(kind) => BackendChoice::Forced(kind),
                None => return Err(format!("this version has no backend {name:?} yet")),
            },
        };
        let path = if self.lanes { PathChoice::Lanes } else { PathChoice::Auto };
        let builder = Engine::builder().backend(choice).path(path).key_budget(KEY_BUDGET);
        let builder = match threads {
            1 => builder.threads(NonZeroUsize::MIN),
            _ => builder.pool(pinned_pool(threads)?),
        };
        // What is measured is not the self-test.
        let tested = builder.build().and_then(|engine| engine.self_test().map(|()| engine));
        tested.map_err(|error| error.to_string())
    }

    /// The suite that items of this kind are judged under. The error says why there is none.
    pub fn suite(&self, kind: Kind) -> Result<Suite, String> {
        let scheme = match kind {
            Kind::Ed25519 => "ed25519",
            Kind::P256 => "ecdsa-p256-sha256",
            Kind::Secp256k1 => "ecdsa-secp256k1",
            Kind::Bip340 => "schnorr-bip340",
            Kind::Sm2 => "sm2-sm3",
            Kind::Messages => return Err("messages to hash carry no signatures to verify".to_owned()),
        };
        Suite::from_names(scheme, self.rule.as_deref(), None, None).map_err(|error| error.to_string())
    }
}

fn pinned_pool(threads: usize) -> Result<Arc<rayon::ThreadPool>, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(one_core_each()).build();
    pool.map(Arc::new).map_err(|error| format!("cannot start {threads} threads: {error}"))
}

/// Room for full tables of tens of thousands of keys, and for compact ones of a million.
const KEY_BUDGET: usize = 3 << 30;

/// The id of each item's key.
fn register(engine: &Engine, suite: &Suite, w: &Workload) -> Result<Vec<KeyId>, String> {
    let keys =
        engine.register(suite, w.keys.iter().map(|key| &key.public)).map_err(|error| error.to_string())?;
    let ids: Result<Vec<KeyId>, _> = w.items.iter().map(|item| keys[item.key]).collect();
    ids.map_err(|reason| format!("a key was refused: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Bad, Spec};

    #[test]
    fn verdicts_are_counted_chunk_by_chunk() {
        let workload = Workload::new(Spec::new(Kind::Ed25519, 4, 12).bad(Bad::PerMille(250)));
        for threads in [1, 2] {
            let (mut run, _) = Sigwarp::auto(Some("strict")).prepare(&workload, threads).unwrap();
            assert_eq!((0..3).map(&mut run).collect::<Vec<_>>(), workload.expected().unwrap());
        }
    }

    #[test]
    fn registered_keys_give_the_same_counts() {
        let workload = Workload::new(Spec::new(Kind::Ed25519, 4, 12).keys(5).bad(Bad::PerMille(250)));
        let (mut run, backend) = Sigwarp::auto(Some("strict")).registered().prepare(&workload, 1).unwrap();
        assert_eq!((0..3).map(&mut run).collect::<Vec<_>>(), workload.expected().unwrap());
        assert!(backend.contains("bytes a key"), "{backend}");
    }

    #[test]
    fn recovered_keys_are_counted() {
        let workload = Workload::new(Spec::new(Kind::Secp256k1, 4, 8).bad(Bad::PerMille(250)));
        let (mut run, _) = Sigwarp::recover().prepare(&workload, 1).unwrap();
        assert_eq!((0..2).map(&mut run).collect::<Vec<_>>(), workload.expected().unwrap());
    }

    #[test]
    fn digests_have_the_checksum_of_the_peers() {
        let spec = Spec::new(Kind::Messages, 40, 80).message(crate::workload::Lengths::Mixed(0, 300));
        let workload = Workload::new(spec);
        for algorithm in Algorithm::ALL {
            for backend in ["auto", "portable"] {
                let (mut run, _) = Sigwarp::hash(algorithm).backend(backend).prepare(&workload, 1).unwrap();
                let sums = [run(0), run(1)];
                for peer in crate::contenders::Peer::all() {
                    if peer.hash == Some(algorithm) && peer.is_built() {
                        let mut run = peer.prepare(&workload, 1).unwrap();
                        assert_eq!([run(0), run(1)], sums, "{}", peer.id);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let workload = Workload::new(Spec::new(Kind::Ed25519, 1, 1));
        let error = |sigwarp: Sigwarp| sigwarp.prepare(&workload, 1).map(|_| ()).unwrap_err();
        assert!(error(Sigwarp::auto(Some("strict")).backend("abacus")).contains("abacus"));
        assert!(error(Sigwarp::auto(None)).contains("needs a rule"));
    }
}
