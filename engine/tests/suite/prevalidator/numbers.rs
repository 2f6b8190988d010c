//! The numbers that a caller gives: each has its bounds, and none takes memory or threads that nothing needs.

use super::*;

/// Every number of a configuration, at its ends and beyond: an error with its name, its value and what it may be, or a
/// pre-validator that gives an item its outcome.
#[test]
fn every_number_of_a_configuration_is_taken_or_refused_by_name() {
    let base = Config::default;
    let workers = |count| NonZeroUsize::new(count).unwrap();
    let greatest = isize::MAX as usize;
    let table = [
        (Config { capacity: 0, ..base() }, Some("capacity is 0; it must be 1 to 1073741824")),
        (Config { capacity: 1, max_batch: 1, ..base() }, None),
        (Config { capacity: 1 << 30, ..base() }, None),
        (
            Config { capacity: (1 << 30) + 1, ..base() },
            Some("capacity is 1073741825; it must be 1 to 1073741824"),
        ),
        (Config { capacity: usize::MAX, ..base() }, Some("capacity is 18446744073709551615")),
        (
            Config { capacity_bytes: 0, ..base() },
            Some("capacity_bytes is 0; it must be 1 to 9223372036854775807"),
        ),
        (Config { capacity_bytes: greatest, ..base() }, None),
        (Config { capacity_bytes: greatest + 1, ..base() }, Some("capacity_bytes is 9223372036854775808")),
        (Config { capacity_bytes: usize::MAX, ..base() }, Some("capacity_bytes is 18446744073709551615")),
        (Config { max_batch: 0, ..base() }, Some("max_batch is 0; it must be 1 to 32768")),
        (Config { max_batch: 1, ..base() }, None),
        (Config { capacity: 1 << 20, max_batch: 1 << 20, ..base() }, None),
        (
            Config { capacity: 1 << 30, max_batch: (1 << 20) + 1, ..base() },
            Some("max_batch is 1048577; it must be 1 to 1048576"),
        ),
        (Config { max_batch: usize::MAX, ..base() }, Some("max_batch is 18446744073709551615")),
        (Config { max_delay: Duration::ZERO, ..base() }, None),
        (Config { max_delay: Duration::from_nanos(1), ..base() }, None),
        (Config { max_delay: Duration::MAX, ..base() }, None),
        (Config { workers: workers(1), ..base() }, None),
        (Config { workers: workers(64), ..base() }, None),
        (Config { workers: workers(1025), ..base() }, Some("workers is 1025; it must be 1 to 1024")),
        (Config { workers: workers(usize::MAX), ..base() }, Some("workers is 18446744073709551615")),
        (Config { duplicate_cache_bytes: 0, ..base() }, None),
        (
            Config { duplicate_cache_bytes: 1, ..base() },
            Some("duplicate_cache_bytes is 1; it must be 16960 to"),
        ),
        (Config { duplicate_cache_bytes: 16_960, ..base() }, None),
        (
            Config { duplicate_cache_bytes: greatest, ..base() },
            Some("duplicate_cache_bytes is 9223372036854775807, and the system has not so much memory"),
        ),
        (
            Config { duplicate_cache_bytes: usize::MAX, ..base() },
            Some("duplicate_cache_bytes is 18446744073709551615"),
        ),
    ];
    for (number, (config, refused)) in table.into_iter().enumerate() {
        let what = format!("entry {number}: {config:?}");
        match (Prevalidator::start(engine(), config), refused) {
            (Err(error), Some(text)) => assert!(error.to_string().starts_with(text), "{what}: {error}"),
            (Ok(pre), None) => {
                let signed = Signed::good(number as u64);
                let ticket = pre.submit(signed.item()).unwrap();
                pre.close();
                assert!(ticket.wait().is_valid(), "{what}");
            }
            (Err(error), None) => panic!("{what}: {error}"),
            (Ok(_), Some(text)) => panic!("{what} is taken, where there should be {text:?}"),
        }
    }
}

/// The verdict codes of a micro-batch are there from its first item on, for as long as one of its tickets is.
#[test]
fn a_micro_batch_ends_at_65_536_items_whatever_it_may_have() {
    let config = Config { capacity: 1 << 20, max_batch: 1 << 20, max_delay: HOUR, ..Config::default() };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let suite = Suite::ed25519(Ed25519Rule::Zip215);
    let empty = Submission::new(&suite, Key::Bytes(&[]), Message::Raw(&[]), &[]);
    let group = pre.submit_many(&vec![empty; 65_537]).unwrap();
    pre.close();
    assert!(group.wait().iter().all(|outcome| matches!(outcome.verdict, Ok(Verdict::Invalid(_)))));
    let stats = pre.stats();
    assert_eq!((stats.batches_by_size, stats.batches_by_request, stats.invalid), (1, 1, 65_537));
}

/// Two gibibytes of cache of which one entry is used. Other tests of this program take memory at the same time, but not
/// this much.
#[test]
#[cfg(target_os = "linux")]
fn a_duplicate_cache_takes_its_memory_as_items_fill_it() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix("kB").unwrap().trim().parse::<u64>().unwrap() << 10
    };
    let before = resident();
    let config = Config { duplicate_cache_bytes: 2 << 30, ..Config::default() };
    let pre = Prevalidator::start(engine(), config).unwrap();
    let signed = Signed::good(1);
    assert!(pre.submit(signed.item()).unwrap().wait().is_valid());
    let taken = resident().saturating_sub(before);
    assert!(taken < 3 << 29, "{taken} bytes more are resident");
    // The entry is there, although hardly any of the table was touched.
    assert!(pre.submit(signed.item()).unwrap().wait().is_valid());
    assert_eq!(pre.stats().duplicates, 1);
}
