//! What a verdict costs through C, against Rust on the same batch: interleaved pairs in one process.
//!
//!     cargo run --release -p sigwarp-capi --example cost [PAIRS]
//!
//! Prints for each batch size the nanoseconds an item on both ways, and the median, tenth and ninetieth percentile of the
//! ratio C / Rust within pairs; then what a handle costs by itself.

use std::hint::black_box;
use std::ptr::{null, null_mut};
use std::time::Instant;

use ed25519_dalek::{Signer, SigningKey};
use sigwarp::{BatchView, Column, Ed25519Rule, Suite, Suites};
use sigwarp_c::*;

/// Columns in one arena; the same for both ways.
struct Arena {
    bytes: Vec<u8>,
    offsets: [Vec<u64>; 3],
    /// The same offsets, as Rust takes them.
    signed: [Vec<i64>; 3],
}

fn arena(items: usize) -> Arena {
    let signers: Vec<_> = (0..64).map(|seed| SigningKey::from_bytes(&[seed; 32])).collect();
    let messages: Vec<_> = (0..items).map(|item| (item as u64).to_le_bytes().repeat(16)).collect();
    let rows = [
        (0..items).map(|item| signers[item % 64].verifying_key().to_bytes().to_vec()).collect::<Vec<_>>(),
        messages.clone(),
        (0..items).map(|item| signers[item % 64].sign(&messages[item]).to_bytes().to_vec()).collect(),
    ];
    let mut bytes = Vec::new();
    let offsets = rows.map(|rows| {
        let mut offsets = vec![bytes.len() as u64];
        for row in rows {
            bytes.extend_from_slice(&row);
            offsets.push(bytes.len() as u64);
        }
        offsets
    });
    let signed = offsets.each_ref().map(|offsets| offsets.iter().map(|&offset| offset as i64).collect());
    Arena { bytes, offsets, signed }
}

fn ok(code: sigwarp_code) {
    assert_eq!(code, SIGWARP_OK);
}

/// Seconds of a call.
fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn main() {
    let pairs: usize = std::env::args().nth(1).map_or(41, |pairs| pairs.parse().expect("a number of pairs"));
    let options = sigwarp_options {
        size: size_of::<sigwarp_options>() as u32,
        threads: 1,
        backend: null(),
        key_budget: 0,
        admit_keys: 0,
        self_test: 1,
        reserved: [0; 6],
    };
    let (mut engine, mut suite) = (sigwarp_engine::default(), sigwarp_suite::default());
    // SAFETY: all of it is here.
    unsafe {
        ok(sigwarp_engine_new(&options, &mut engine, null_mut()));
        ok(sigwarp_suite_new(
            c"ed25519".as_ptr(),
            c"zip215".as_ptr(),
            null(),
            null(),
            0,
            &mut suite,
            null_mut(),
        ));
    }
    // The same engine for both ways: each engine measures what its paths cost, and may choose others.
    let rust = engine_of(engine).expect("an engine");
    let rust_suite = Suite::ed25519(Ed25519Rule::Zip215);
    println!("# {}, one thread, ed25519 zip215, {pairs} pairs", rust.why());
    println!("items  rust ns/item  c ns/item  ratio median  p10    p90");
    for items in [1usize, 16, 256, 4096] {
        let arena = arena(items);
        let calls = (1024 / items).clamp(1, 64);
        let mut statuses = vec![0u8; items];
        let [k, m, s] = &arena.offsets;
        let through_c = |statuses: &mut [u8]| {
            // SAFETY: the arena is as long as its offsets say.
            let code = unsafe {
                sigwarp_verify(
                    engine,
                    suite,
                    items,
                    arena.bytes.as_ptr(),
                    arena.bytes.len(),
                    k.as_ptr(),
                    m.as_ptr(),
                    s.as_ptr(),
                    statuses.as_mut_ptr(),
                    statuses.len(),
                    null_mut(),
                )
            };
            ok(code);
        };
        let in_rust = || {
            let column = |offsets| Column::offsets64(&arena.bytes, offsets).expect("offsets");
            let [k, m, s] = &arena.signed;
            let view =
                BatchView::new(Suites::One(&rust_suite), column(k), column(m), column(s)).expect("columns");
            assert!(black_box(rust.verify_columns(&view).expect("verdicts")).all_valid());
        };
        let (mut ratios, mut c, mut r) = (Vec::new(), Vec::new(), Vec::new());
        for pair in 0..pairs + 3 {
            let mut both = [0.0; 2];
            // The order alternates, so that a drift of the clock favours neither.
            for way in [pair % 2, 1 - pair % 2] {
                both[way] = time(|| {
                    for _ in 0..calls {
                        if way == 0 { in_rust() } else { through_c(black_box(&mut statuses)) }
                    }
                });
            }
            assert!(statuses.iter().all(|&status| status == SIGWARP_STATUS_VALID));
            if pair >= 3 {
                ratios.push(both[1] / both[0]);
                r.push(both[0] * 1e9 / (items * calls) as f64);
                c.push(both[1] * 1e9 / (items * calls) as f64);
            }
        }
        for list in [&mut ratios, &mut c, &mut r] {
            list.sort_by(f64::total_cmp);
        }
        println!(
            "{items:5}  {:12.0}  {:9.0}  {:12.3}  {:5.3}  {:5.3}",
            percentile(&r, 50),
            percentile(&c, 50),
            percentile(&ratios, 50),
            percentile(&ratios, 10),
            percentile(&ratios, 90)
        );
    }
    // A call that does nothing but look up its handle.
    let calls = 100_000;
    let mut lookups: Vec<f64> = (0..11)
        .map(|_| {
            let mut needed = 0;
            // SAFETY: a sizing call.
            let seconds = time(|| unsafe {
                for _ in 0..calls {
                    let code =
                        sigwarp_batch_length(black_box(sigwarp_batch { id: 0 }), &mut needed, null_mut());
                    black_box(code);
                }
            });
            seconds * 1e9 / f64::from(calls)
        })
        .collect();
    lookups.sort_by(f64::total_cmp);
    println!("refused handle: {:.0} ns a call", percentile(&lookups, 50));
    let mut batch = sigwarp_batch::default();
    // SAFETY: all of it is here.
    ok(unsafe { sigwarp_batch_new(&mut batch, null_mut()) });
    let mut lookups: Vec<f64> = (0..11)
        .map(|_| {
            let mut length = 0;
            // SAFETY: all of it is here.
            let seconds = time(|| unsafe {
                for _ in 0..calls {
                    ok(sigwarp_batch_length(black_box(batch), &mut length, null_mut()));
                }
            });
            seconds * 1e9 / f64::from(calls)
        })
        .collect();
    lookups.sort_by(f64::total_cmp);
    println!("live handle, with the lock of the batch: {:.0} ns a call", percentile(&lookups, 50));
}
