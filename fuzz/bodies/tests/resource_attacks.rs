//! Resource attacks: input that is made to cost time or memory. Each prints what it cost (`--nocapture`), and
//! `docs/soundness.md` has the figures. Memory is the peak of the process over what it held before, read from Linux;
//! elsewhere only the outcome is checked.

use std::io::{BufReader, Read, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer, SigningKey};
use sigwarp::{
    Batch, BatchView, Column, EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Engine, Key, Message,
    PathChoice, Reason, Sm2Encoding, Suite, Suites, Verdict,
};
use sigwarp_datasets::{ReadError, ReadOptions, RowBlock, RowReader};
use sigwarp_fuzz_bodies::{cases::Case, seeds};

const MB: u64 = 1 << 20;

/// One at a time: the peak is that of the whole process.
static ALONE: Mutex<()> = Mutex::new(());

fn memory(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Runs an attack; its result, its time and the memory that it added at most.
fn attack<T>(name: &str, limit: u64, run: impl FnOnce() -> T) -> (T, Duration) {
    // 5 resets the peak.
    let reset = std::fs::File::options()
        .write(true)
        .open("/proc/self/clear_refs")
        .and_then(|mut file| file.write_all(b"5"))
        .is_ok();
    let before = memory("VmRSS:");
    let start = Instant::now();
    let result = run();
    let time = start.elapsed();
    match before.zip(memory("VmHWM:")).filter(|_| reset) {
        Some((before, peak)) => {
            let added = peak.saturating_sub(before);
            println!("{name}: {} ms, {:.1} MB", time.as_millis(), added as f64 / MB as f64);
            assert!(added <= limit, "{name} took {added} bytes, over {limit}");
        }
        None => println!("{name}: {} ms, memory not measured here", time.as_millis()),
    }
    (result, time)
}

/// Checks a time where `SIGWARP_TIMED` is set, as `scripts/prove safety-net` does on a machine of its own. A shared
/// machine may take any time for anything, so an ordinary test does not judge it.
fn within(time: Duration, bound: Duration, what: &str) {
    if std::env::var_os("SIGWARP_TIMED").is_some() {
        assert!(time < bound, "{what}: {time:?}, bound {bound:?}");
    }
}

fn engine() -> Engine {
    Engine::builder().build().expect("an engine")
}

/// The first generated case of a suite that is valid, or not, by its construction.
fn case(suite: &Suite, valid: bool) -> Case {
    let find = |salt| {
        let bytes = seeds::bytes(salt, 600);
        let case = Case::any(&mut arbitrary::Unstructured::new(&bytes)).ok()?;
        (case.suite == *suite && case.known == Some(valid)).then_some(case)
    };
    (0..200_000).find_map(find).expect("a case of every common suite")
}

#[test]
fn one_bad_item_many_times_over() {
    let _alone = ALONE.lock();
    let engine = engine();
    let count: usize =
        std::env::var("SIGWARP_ATTACK_ITEMS").map_or(20_000, |count| count.parse().expect("a number"));
    let suite = Suite::ed25519(Ed25519Rule::Zip215);
    let good = case(&suite, true);
    let mut bad = good.clone();
    bad.message.push(0);
    let lanes = Engine::builder().path(PathChoice::Lanes).build().expect("an engine");
    let run = |engine: &Engine, case: &Case, name: &str| {
        // What the caller holds is not counted.
        let mut batch = Batch::new();
        (0..count).for_each(|_| case.push(&mut batch));
        // A slot and a place in the plan, and what the pieces in work need: 16,384 items at most for each thread.
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
        let (items, in_work) = (count as u64, (count as u64).min(threads * 16_384));
        let limit = items * 64 + in_work * 1536 + 16 * MB;
        attack(&format!("{count} {name}"), limit, || engine.verify(&batch).expect("verdicts").valid())
    };
    let (valid, in_lanes) = run(&lanes, &good, "good items, each by its own equation");
    assert_eq!(valid, count);
    let (valid, _) = run(&engine, &good, "good items");
    assert_eq!(valid, count);
    let (valid, bad_time) = run(&engine, &bad, "bad items");
    assert_eq!(valid, 0);
    // Good items of one key are summed, which bad ones take no part in: those must cost what they do in lanes.
    within(
        bad_time,
        in_lanes * 2 + Duration::from_secs(2),
        "bad items, twice the time of good ones in lanes",
    );
}

#[test]
fn every_item_under_another_rule() {
    let _alone = ALONE.lock();
    let engine = engine();
    const ITEMS: usize = 1_000_000;
    let table = Ed25519Rule::ALL.map(Suite::ed25519);
    let index: Vec<u32> = (0..ITEMS).map(|item| (item % table.len()) as u32).collect();
    let (key, signature) = ([0xff; 31], [0; 64]);
    let repeated = |bytes| -> Vec<&[u8]> { vec![bytes; ITEMS] };
    let (keys, messages, signatures) = (repeated(&key), repeated(b""), repeated(&signature));
    let run = |suites: Suites<'_>, name: &str| {
        let view = BatchView::new(
            suites,
            Column::slices(&keys),
            Column::slices(&messages),
            Column::slices(&signatures),
        );
        let view = view.expect("equal rows");
        attack(name, 64 * MB, || {
            let verdicts = engine.verify_columns(&view).expect("verdicts");
            assert!(verdicts.iter().all(|verdict| verdict == Verdict::Invalid(Reason::BadKeyLength)));
        })
        .1
    };
    run(Suites::One(&table[0]), "1000000 items of one rule, decided by their bytes");
    let time = run(Suites::PerItem { table: &table, index: &index }, "1000000 items, another rule each");
    within(time, Duration::from_secs(20), "a million rule switches");
}

/// What stands for a cache today: the table of a batch's suites, whose keys an attacker chooses as SM2 user IDs.
#[test]
fn every_item_with_its_own_suite() {
    let _alone = ALONE.lock();
    let engine = engine();
    let run = |items: u32| {
        attack(&format!("{items} suites in one batch"), 1024 * u64::from(items) + 16 * MB, || {
            let mut batch = Batch::new();
            for item in 0..items {
                let suite =
                    Suite::sm2_sm3(&item.to_le_bytes(), Sm2Encoding::Raw).expect("a short identifier");
                batch.push(&suite, Key::Bytes(&[0; 32]), Message::Raw(b""), &[0; 64]);
            }
            assert_eq!(engine.verify(&batch).expect("verdicts").valid(), 0);
        })
        .1
    };
    let (small, large) = (run(25_000), run(200_000));
    // Eight times the suites; a quadratic table would take sixty-four times as long.
    within(large, small * 24 + Duration::from_secs(2), "eight times the suites, three times linear");
}

/// Valid signatures by thousands of keys, all of them often enough to be admitted, and far more than there is room for.
#[test]
fn traffic_of_ever_new_keys() {
    const KEYS: u64 = 5_000;
    const BUDGET: usize = 8 << 20;
    let _alone = ALONE.lock();
    let suite = Suite::ed25519(Ed25519Rule::Zip215);
    let signer = |of: &str, i: u64| {
        let mut seed = [of.as_bytes()[0]; 32];
        seed[..8].copy_from_slice(&i.to_le_bytes());
        SigningKey::from_bytes(&seed)
    };
    let mut batch = Batch::new();
    for i in 0..KEYS {
        let signer = signer("traffic", i);
        let (key, signature) = (signer.verifying_key().to_bytes(), signer.sign(b"message").to_bytes());
        batch.push(&suite, Key::Bytes(&key), Message::Raw(b"message"), &signature);
    }
    let devices: Vec<[u8; 32]> = (0..64).map(|i| signer("devices", i).verifying_key().to_bytes()).collect();
    let run = |admit: bool, name: &str| {
        let engine = Engine::builder().key_budget(BUDGET).admit_keys(admit).build().expect("an engine");
        let ids = engine.register(&suite, &devices).expect("room");
        assert!(ids.iter().all(Result::is_ok));
        let (_, time) = attack(&format!("8 times {KEYS} new keys, {name}"), BUDGET as u64 + 32 * MB, || {
            for _ in 0..8 {
                assert!(engine.verify(&batch).expect("verdicts").all_valid());
            }
        });
        (engine.key_stats(), time)
    };
    let (without, time) = run(false, "none admitted");
    assert_eq!((without.admitted, without.registered), (0, devices.len()));
    let (with, attacked) = run(true, "admitted");
    assert!(with.admitted > 0 && with.evicted > 0, "{with:?}");
    assert!(with.bytes <= BUDGET, "{with:?}");
    assert_eq!(with.registered, devices.len(), "traffic drives out no registered key");
    within(attacked, time * 4 + Duration::from_secs(2), "admitted keys, four times the time of none");
}

#[test]
fn a_message_of_100_megabytes() {
    let _alone = ALONE.lock();
    let engine = engine();
    let message = vec![0x5a; 100_000_000];
    let suites = [
        Suite::ed25519(Ed25519Rule::Zip215),
        Suite::ed25519(Ed25519Rule::Strict),
        Suite::ecdsa(EcdsaScheme::P256Sha256, EcdsaRule::Any, EcdsaEncoding::Raw),
        Suite::ecdsa(EcdsaScheme::Secp256k1Keccak256, EcdsaRule::Any, EcdsaEncoding::Raw),
        Suite::bip340(),
        Suite::sm2_sm3(b"", Sm2Encoding::Raw).expect("an identifier"),
    ];
    for suite in &suites {
        let good = case(suite, true);
        let (keys, messages, signatures) = ([&good.key[..]], [&message[..]], [&good.signature[..]]);
        let view = BatchView::new(
            Suites::One(suite),
            Column::slices(&keys),
            Column::slices(&messages),
            Column::slices(&signatures),
        );
        let view = view.expect("equal rows");
        let (verdict, time) = attack(&format!("100 MB under {suite}"), 16 * MB, || {
            engine.verify_columns(&view).expect("verdicts").get(0)
        });
        assert_eq!(verdict, Some(Verdict::Invalid(Reason::EquationFailed)));
        within(time, Duration::from_secs(30), "a message of 100 MB");
    }
}

fn read_all(mut reader: RowReader) -> Result<u64, ReadError> {
    let mut block = RowBlock::new();
    while reader.next_block(&mut block)? {}
    Ok(reader.rows_read())
}

#[test]
fn json_lines_without_an_end() {
    let _alone = ALONE.lock();
    let options = ReadOptions { max_row_bytes: MB as usize, ..ReadOptions::default() };
    let inputs: [(&str, &'static [u8]); 4] = [
        ("no newline", b"{\"scheme\":\"ed25519\",\"message\":\"00"),
        ("nested arrays", b"{\"x\":"),
        ("spaces", b" "),
        ("zeros", b"\0"),
    ];
    for (name, start) in inputs {
        let filler: u8 = match name {
            "nested arrays" => b'[',
            "spaces" => b' ',
            "zeros" => 0,
            _ => b'0',
        };
        let endless = start.chain(std::io::repeat(filler).take(512 * MB));
        let (result, time) = attack(&format!("512 MB of JSONL without a line's end: {name}"), 8 * MB, || {
            read_all(RowReader::jsonl("input", BufReader::new(endless), &options))
        });
        assert!(result.is_err_and(|error| error.to_string().contains("row 0")), "{name}");
        within(time, Duration::from_secs(10), "JSONL without a newline");
    }
}

/// Every place of a file in turn says the most that a length can say there.
#[test]
fn parquet_files_that_declare_absurd_sizes() {
    let _alone = ALONE.lock();
    let options = ReadOptions { max_row_bytes: MB as usize, ..ReadOptions::default() };
    let path = std::env::temp_dir().join(format!("sigwarp-attack-{}.parquet", std::process::id()));
    let files = seeds::of("parquet");
    let (mut tried, mut refused) = (0, 0);
    attack("Parquet files with absurd sizes", 96 * MB, || {
        for file in files.iter().take(3) {
            for absurd in [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0xff; 9], &[0xfe, 0xff, 0xff, 0xff, 0x07]] {
                // The footer says what the file holds, page headers what a page holds: both are dense in lengths.
                for at in (0..file.len() - absurd.len()).step_by(17) {
                    let mut damaged = file.clone();
                    damaged[at..at + absurd.len()].copy_from_slice(absurd);
                    std::fs::write(&path, &damaged).expect("a temporary file");
                    tried += 1;
                    refused += u64::from(RowReader::open(&path, &options).and_then(read_all).is_err());
                }
            }
        }
    });
    println!("{tried} damaged files, {refused} refused");
    assert!(refused * 2 > tried);
    std::fs::remove_file(&path).expect("the file written above");
}
