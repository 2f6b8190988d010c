//! Known answers that a backend must give before it may set a verdict. See [`super::member`] for when it is asked.

use super::member::Part;
use super::{Explain, SelfTestFailure};
use crate::Reason;
use crate::backend::{Backend, Cpu, Device};
use crate::batch::{Batch, Key, Message};
use crate::hash::Hash;
use crate::keyring::{Generation, KeyRing, KeyScheme, TableStore, Tier};
use crate::plan::Plan;
use crate::policy::{Costs, PathChoice, Paths};
use crate::schemes::def::KnownAnswer;
use crate::suite::{Scheme, Suite};
use crate::verdict::{Slots, Verdict};

/// Everything that a device does. What it supports nothing of is left out, as long as it supports some scheme. A device
/// has one path, to which all items are alike, and recovers and registers no keys.
pub(super) fn run_device(device: &dyn Device) -> Result<(), SelfTestFailure> {
    let supported = |scheme: &Scheme| known_suites(*scheme).any(|(_, suite)| device.supports(&suite));
    let mut schemes = Scheme::ALL.into_iter().filter(supported).peekable();
    if schemes.peek().is_none() {
        let what = "no known answer is of a suite that it supports".into();
        return Err(SelfTestFailure { backend: device.kind(), what });
    }
    schemes.try_for_each(|scheme| judge(device, scheme, PathChoice::Lanes, None, |_, _| true))?;
    let mut hashes = Hash::ALL.into_iter().filter(|&hash| device.supports_hash(hash));
    hashes.try_for_each(|hash| super::hashtest::run(device, hash))
}

/// A part of what a backend of the CPU does. Where it supports nothing of it, nothing is wrong.
pub(super) fn run(backend: &dyn Cpu, part: Part) -> Result<(), SelfTestFailure> {
    match part {
        Part::Lanes(scheme) => {
            judge(backend, scheme, PathChoice::Lanes, None, |_, _| true)?;
            judge_alone(backend, scheme)
        }
        // All good, and good and bad.
        Part::Combination(scheme) => {
            judge(backend, scheme, PathChoice::Combination, None, |suite, valid| valid && suite.combines())?;
            judge(backend, scheme, PathChoice::Combination, None, |suite, _| suite.combines())
        }
        Part::Hash(hash) => super::hashtest::run(backend, hash),
        Part::Recovery => super::recoverytest::run(backend),
        Part::Tables(scheme) => match backend.table_store(scheme) {
            Some(store) => run_tables(backend, store, scheme),
            None => Ok(()),
        },
    }
}

/// The known answers of a scheme under every rule, as far as the suites can be named.
fn known_suites(scheme: Scheme) -> impl Iterator<Item = (&'static KnownAnswer, Suite)> {
    scheme.def().known.iter().flat_map(move |known| {
        let suite = move |rule: &&str| {
            Suite::from_names(scheme.name(), Some(rule), Some(known.encoding), known.parameter).ok()
        };
        scheme.rules().iter().filter_map(suite).map(move |suite| (known, suite))
    })
}

/// The known answers of the schemes of some keys with the keys registered: once with full tables, once with compact ones,
/// where there are tables, and once with none.
fn run_tables(
    backend: &dyn Backend,
    store: &dyn TableStore,
    scheme: KeyScheme,
) -> Result<(), SelfTestFailure> {
    let schemes = || Scheme::ALL.into_iter().filter(|other| other.keys() == scheme);
    let keys: Vec<Vec<u8>> =
        schemes().flat_map(|scheme| scheme.def().known).map(|known| unhex(known.key)).collect();
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let has = |tier: &Option<Tier>| tier.is_none_or(|tier| store.table_bytes(tier).is_some());
    for tier in [Some(Tier::Full), Some(Tier::Compact), None].into_iter().filter(has) {
        let ring = KeyRing::of_tier(store, tier, &keys);
        let registered = ring.register(store, &|_| None, scheme, &keys, |_| None);
        if !registered.is_ok_and(|ids| ids.iter().all(Result::is_ok)) {
            return Err(SelfTestFailure {
                backend: backend.kind(),
                what: "a key of a known answer could not be registered".into(),
            });
        }
        for scheme in schemes() {
            judge(backend, scheme, PathChoice::Lanes, Some(&ring.pin()), |_, _| true)?;
        }
    }
    Ok(())
}

/// Verifies the known answers of a scheme that `keep` takes, by suite and whether they are valid, on a path: each under
/// every rule, and the same with one bit of the message flipped.
fn judge(
    backend: &dyn Backend,
    scheme: Scheme,
    choice: PathChoice,
    ring: Option<&Generation>,
    keep: impl Fn(&Suite, bool) -> bool,
) -> Result<(), SelfTestFailure> {
    let mut questions = Questions::default();
    // Two vectors of each known answer, so that every lane gives it and a tail too.
    let repeats = backend.shape().lanes + 1;
    for (known, suite) in known_suites(scheme).filter(|(_, suite)| backend.supports(suite)) {
        for valid in [true, false].into_iter().filter(|valid| keep(&suite, *valid)) {
            (0..repeats).for_each(|_| questions.push(known, &suite, valid));
        }
    }
    questions.ask(backend, choice, ring)
}

/// Verifies each known answer of a scheme as the only one, under the first rule that is supported: an item alone may take
/// another way than those in lanes.
fn judge_alone(backend: &dyn Backend, scheme: Scheme) -> Result<(), SelfTestFailure> {
    for known in scheme.def().known {
        let mut suites = known_suites(scheme).filter(|(other, _)| std::ptr::eq(*other, known));
        let Some((_, suite)) = suites.find(|(_, suite)| backend.supports(suite)) else { continue };
        for valid in [true, false] {
            let mut question = Questions::default();
            question.push(known, &suite, valid);
            question.ask(backend, PathChoice::Lanes, None)?;
        }
    }
    Ok(())
}

/// Items whose verdicts are known.
#[derive(Default)]
struct Questions {
    batch: Batch,
    expected: Vec<(&'static str, Verdict)>,
}

impl Questions {
    /// Adds a known answer, as it is or with a bit of its message flipped.
    fn push(&mut self, known: &KnownAnswer, suite: &Suite, valid: bool) {
        let [key, mut message, signature] = [known.key, known.message, known.signature].map(unhex);
        message[0] ^= u8::from(!valid);
        let message = Message::of(suite.scheme().input(), &message);
        self.batch.push(suite, Key::Bytes(&key), message, &signature);
        let refused = known.refused.iter().find(|(rule, _)| *rule == suite.rule());
        let verdict = match (refused, valid) {
            (Some(&(_, reason)), _) => Verdict::Invalid(reason),
            (None, true) => Verdict::Valid,
            (None, false) => Verdict::Invalid(Reason::EquationFailed),
        };
        self.expected.push((known.origin, verdict));
    }

    /// Has them judged. Where there are none, because the backend supports none of them, nothing is wrong with it.
    fn ask(
        self,
        backend: &dyn Backend,
        choice: PathChoice,
        ring: Option<&Generation>,
    ) -> Result<(), SelfTestFailure> {
        let fail = |what: String| SelfTestFailure { backend: backend.kind(), what };
        let mut view = self.batch.view().map_err(|error| fail(error.to_string()))?;
        if let Some(ring) = ring {
            view = view.with_ring(ring).map_err(|(item, id)| fail(format!("item {item}: no key {id}")))?;
        }
        let slots = Slots::new(view.len());
        let paths = Paths { costs: Costs::counted(backend.shape().lanes), choice };
        let plan = Plan::new(&view, backend.shape(), paths, |_| true);
        backend.verify(&view, &plan, &slots).map_err(|error| fail(error.what))?;
        let explain = Explain::new(vec![(backend.kind(), view.len())], String::new(), 1);
        let verdicts = super::finish(slots, explain).map_err(|error| fail(error.what))?;
        for (item, (verdict, (origin, expected))) in verdicts.iter().zip(self.expected).enumerate() {
            if verdict != expected {
                let suite = view.item(item).suite;
                return Err(fail(format!(
                    "{origin} under {suite} is {expected}, the backend says {verdict}"
                )));
            }
        }
        Ok(())
    }
}

/// `items` valid items of Ed25519 under a rule that linear combinations serve, over two keys. They cost next to nothing to
/// make; what is measured with them must take the number of keys into account.
pub(super) fn valid_ed25519(items: usize) -> Batch {
    let suite = Suite::ed25519(crate::Ed25519Rule::Zip215);
    let mut batch = Batch::new();
    for known in Scheme::Ed25519.def().known.iter().cycle().take(items) {
        let [key, message, signature] = [known.key, known.message, known.signature].map(unhex);
        batch.push(&suite, Key::Bytes(&key), Message::Raw(&message), &signature);
    }
    batch
}

pub(super) fn unhex(digits: &str) -> Vec<u8> {
    let nibble = |digit: u8| (digit as char).to_digit(16).expect("known answers are hexadecimal") as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_a_known_answer() {
        for scheme in Scheme::ALL {
            let known = scheme.def().known.len();
            assert!(known > 0, "{scheme}");
            assert_eq!(known_suites(scheme).count(), known * scheme.rules().len(), "{scheme}");
        }
    }
}
