//! Registered keys: any order of registering, dropping and verifying, against a model of what is registered and the
//! oracle's verdicts.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use arbitrary::{Result, Unstructured};
use sigwarp::{
    BackendChoice, BackendKind, Batch, Engine, Error, Key, KeyId, Message, Reason, Scheme, Suite, Verdict,
};

use super::oracle;
use crate::cases::Case;
use crate::seeds;

/// Items to verify; most are of Weierstrass curves, whose tables come in three tiers.
const POOL: u64 = 150;
/// Operations of an input, at most.
const MOST: usize = 24;

/// A case, the oracle's verdict on it, and why no key can be registered with these bytes under its suite, if so.
struct Entry {
    case: Case,
    verdict: Verdict,
    refused: Option<Reason>,
}

static CASES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut cases = Vec::new();
    for salt in 0..POOL {
        // Not those of `batches`.
        let bytes = seeds::bytes(salt + 10_000, 600);
        let case = Case::any(&mut Unstructured::new(&bytes)).expect("any bytes make a case");
        let (verdict, refused) = (oracle(&case), refused(&case.suite, &case.key));
        assert!(refused.is_none() || !verdict.is_valid(), "{verdict}: {case:?}");
        cases.push(Entry { case, verdict, refused });
    }
    cases
});

/// A ring, and what an input left registered in it.
struct Ring {
    engine: Engine,
    left: Vec<KeyId>,
}

/// A budget that gives some keys full tables, and one that gives few keys compact ones and is soon used up, for the
/// scalar backend and the fastest one. An input has one of them for itself.
static RINGS: LazyLock<Vec<Mutex<Ring>>> = LazyLock::new(|| {
    let choices = [BackendChoice::Forced(BackendKind::Portable), BackendChoice::Auto];
    let ring = |choice: BackendChoice, budget| {
        let builder = Engine::builder().backend(choice).threads(std::num::NonZeroUsize::MIN);
        let engine = builder.key_budget(budget).build().expect("portable runs everywhere");
        Mutex::new(Ring { engine, left: Vec::new() })
    };
    choices.into_iter().flat_map(|choice| [300 << 10, 8 << 10].map(|budget| ring(choice, budget))).collect()
});

/// The schemes whose keys are the same keys: what a scheme is without its message hash.
pub(super) fn family(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::EcdsaP256 | Scheme::EcdsaP256Sha256 => "ecdsa-p256",
        Scheme::Sm2 | Scheme::Sm2Sm3 => "sm2",
        Scheme::Ed25519 | Scheme::Ed25519ctx | Scheme::Ed25519ph => "ed25519",
        Scheme::Bip340 | Scheme::Bip341Commitment => "schnorr-bip340",
        other if other.ecdsa().is_some() => "ecdsa-secp256k1",
        other => other.name(),
    }
}

/// Why a suite rejects every signature under a key, if it does: what the oracle says of one that is well-formed and out
/// of range, which only a key lets through.
pub(super) fn refused(suite: &Suite, key: &[u8]) -> Option<Reason> {
    let signature = match (suite.scheme(), suite.encoding()) {
        (Scheme::Ed25519 | Scheme::Ed25519ctx | Scheme::Ed25519ph | Scheme::Bip340, _) => vec![0xff; 64],
        (Scheme::Bip341Commitment, _) => vec![0; 33],
        (_, "raw") => vec![0; 64],
        (_, "raw-v") => vec![0; 65],
        _ => vec![0x30, 6, 2, 1, 0, 2, 1, 0],
    };
    let verdict = sigwarp::oracle::verify(suite, key, &[0; 32], &signature).expect("a suite of the oracle");
    verdict.reason().filter(|reason| {
        matches!(
            reason,
            Reason::BadKeyLength
                | Reason::BadKeyEncoding
                | Reason::NonCanonicalKey
                | Reason::SmallOrderKey
                | Reason::KeyNotOnCurve
        )
    })
}

/// See the module.
pub fn keys(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(which) = u.choose_index(RINGS.len()) else { return };
    let mut ring = RINGS[which].lock().unwrap_or_else(PoisonError::into_inner);
    let left = std::mem::take(&mut ring.left);
    assert_eq!(ring.engine.unregister(&left), left.len());
    let mut model = Model { engine: &ring.engine, live: HashMap::new(), dead: Vec::new() };
    let _ = model.run(&mut u);
    let live: Vec<KeyId> = model.live.into_values().collect();
    ring.left = live;
}

struct Model<'e> {
    engine: &'e Engine,
    /// What is registered, by the family of the scheme and the bytes.
    live: HashMap<(&'static str, &'static [u8]), KeyId>,
    /// Ids that were dropped.
    dead: Vec<KeyId>,
}

fn entry(u: &mut Unstructured<'_>) -> Result<&'static Entry> {
    let entries: &'static [Entry] = &CASES;
    u.choose(entries)
}

impl Model<'_> {
    fn run(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        for _ in 0..MOST {
            if u.is_empty() {
                break;
            }
            match u.int_in_range(0..=5)? {
                0..=2 => self.register(u)?,
                3 => self.drop_some(u)?,
                _ => self.verify(u)?,
            }
            let stats = self.engine.key_stats();
            assert_eq!(stats.registered, self.live.len(), "{stats:?}");
            assert!(stats.bytes <= stats.budget, "{stats:?}");
            assert_eq!(stats.full + stats.compact + stats.decoded, stats.registered, "{stats:?}");
        }
        Ok(())
    }

    /// Keys of any schemes under the suite of one of them.
    fn register(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let first = entry(u)?;
        let suite = &first.case.suite;
        let family = family(suite.scheme());
        if !self.engine.supports(suite) {
            return Ok(());
        }
        let mut keys: Vec<(&'static [u8], Option<Reason>)> = vec![(&first.case.key, first.refused)];
        for _ in 0..u.int_in_range(0..=7)? {
            let other = entry(u)?;
            keys.push((&other.case.key, refused(suite, &other.case.key)));
        }
        let registered = match self.engine.register(suite, keys.iter().map(|(key, _)| *key)) {
            Ok(registered) => registered,
            // Nothing is kept of the call; what was there stays, as the next operations see.
            Err(Error::KeyBudget { .. }) => return Ok(()),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(registered.len(), keys.len());
        for (found, (key, refused)) in registered.into_iter().zip(keys) {
            assert_eq!(found.err(), refused, "{suite}: {key:02x?}");
            let Ok(id) = found else { continue };
            assert!(!self.dead.contains(&id), "{id} was dropped and is given again");
            let known = *self.live.entry((family, key)).or_insert(id);
            assert_eq!(known, id, "{suite}: another id for the same bytes: {key:02x?}");
        }
        Ok(())
    }

    /// Ids of keys, some more than once, and some that name nothing.
    fn drop_some(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let mut ids = Vec::new();
        let mut live: Vec<KeyId> = self.live.values().copied().collect();
        live.sort_unstable();
        for _ in 0..u.int_in_range(1..=6)? {
            let from = if u.ratio(1, 4)? { &self.dead } else { &live };
            if !from.is_empty() {
                ids.push(*u.choose(from)?);
            }
        }
        let count = live.iter().filter(|id| ids.contains(id)).count();
        assert_eq!(self.engine.unregister(&ids), count, "{ids:?}");
        self.live.retain(|_, id| !ids.contains(id));
        self.dead.extend(ids.into_iter().filter(|id| live.contains(id)));
        Ok(())
    }

    /// Items with keys by their bytes and by their ids; with an id that names nothing, or a key of another scheme, the
    /// call is an error and has no verdict.
    fn verify(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let mut batch = Batch::new();
        let mut expected = Vec::new();
        let mut unknown: Option<usize> = None;
        for _ in 0..u.int_in_range(1..=20)? {
            let Entry { case, verdict, .. } = entry(u)?;
            if !self.engine.supports(&case.suite) {
                continue;
            }
            let family = family(case.suite.scheme());
            let message = Message::of(case.suite.scheme().input(), &case.message);
            let mut key = Key::Bytes(&case.key);
            match u.int_in_range(0..=15)? {
                0 if !self.dead.is_empty() => {
                    key = Key::Id(*u.choose(&self.dead)?);
                    unknown.get_or_insert(expected.len());
                }
                1 => {
                    let mut others: Vec<KeyId> =
                        self.live.iter().filter(|((of, _), _)| *of != family).map(|(_, id)| *id).collect();
                    others.sort_unstable();
                    if !others.is_empty() {
                        key = Key::Id(*u.choose(&others)?);
                        unknown.get_or_insert(expected.len());
                    }
                }
                2..=8 => {
                    if let Some(id) = self.live.get(&(family, &case.key[..])) {
                        key = Key::Id(*id);
                    }
                }
                _ => {}
            }
            let copies = if u.ratio(1, 8)? { u.int_in_range(1..=9)? } else { 1 };
            for _ in 0..copies {
                batch.push(&case.suite, key, message, &case.signature);
                expected.push((*verdict, case));
            }
        }
        match self.engine.verify(&batch) {
            Ok(found) => {
                assert_eq!(unknown, None, "verdicts although an id names nothing");
                for (place, (found, (expected, case))) in found.iter().zip(&expected).enumerate() {
                    let engine = self.engine.backends();
                    assert_eq!(found, *expected, "{engine:?} at {place} of {}: {case:?}", batch.len());
                }
                assert_eq!(found.len(), expected.len());
            }
            Err(Error::UnknownKey { item, .. }) => assert_eq!(unknown, Some(item)),
            Err(error) => panic!("{error}"),
        }
        Ok(())
    }
}
