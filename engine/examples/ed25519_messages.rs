//! Ed25519 on messages of 0 to 4,096 bytes, mixed: every verdict against ed25519-dalek, and the rate beside 128-byte
//! messages.
//!
//! `cargo run --release --features measure --example ed25519_messages -- [--seconds SECONDS]` prints CSV, a line for each backend that
//! runs here. It panics on the first verdict that differs. Times are medians of interleaved rounds.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sigwarp::{BackendChoice, BackendKind, Batch, Ed25519Rule, Engine, Key, Message, Suite};
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

const LONGEST: usize = 4096;

struct Row {
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
}

impl Row {
    fn sign(i: usize, length: usize) -> Self {
        let mut seed = [11; 32];
        seed[..8].copy_from_slice(&(i as u64).to_le_bytes());
        let key = SigningKey::from_bytes(&seed);
        let message: Vec<u8> = (0..length).map(|j| (i * 31 + j * 7) as u8).collect();
        let signature = key.sign(&message).to_bytes();
        Self { key: key.verifying_key().to_bytes(), message, signature }
    }

    /// Another message, S, R or key than the one signed.
    fn spoil(mut self, i: usize) -> Self {
        match i % 5 {
            0 => self.message.push(0),
            1 if !self.message.is_empty() => *self.message.last_mut().expect("not empty") ^= 1,
            2 => self.signature[33] ^= 4,
            3 => self.signature[i % 31] ^= 16,
            _ => self.key[i % 31] ^= 2,
        }
        self
    }

    fn dalek(&self) -> bool {
        VerifyingKey::from_bytes(black_box(&self.key)).is_ok_and(|key| {
            key.verify_strict(&self.message, &Signature::from_bytes(&self.signature)).is_ok()
        })
    }
}

/// Lengths in an order that mixes them; the shortest and the longest, and those around the ends of blocks, are
/// always among the first.
fn length(i: usize) -> usize {
    // R and A take 64 bytes of the first block, the padding at least 17 of the last.
    const EDGES: [usize; 12] = [0, LONGEST, 1, 46, 47, 48, 63, 64, 65, 175, 176, LONGEST - 1];
    EDGES.get(i).copied().unwrap_or(i.wrapping_mul(2_654_435_761) / 64 % (LONGEST + 1))
}

fn batch(rows: &[Row]) -> Batch {
    let suite = Suite::ed25519(Ed25519Rule::Strict);
    let mut batch = Batch::new();
    for row in rows {
        batch.push(&suite, Key::Bytes(&row.key), Message::Raw(&row.message), &row.signature);
    }
    batch
}

fn engine(kind: BackendKind) -> Option<Engine> {
    Engine::builder().backend(BackendChoice::Forced(kind)).threads(NonZeroUsize::MIN).build().ok()
}

/// Compares every verdict; returns how many were valid.
fn compare(engine: &Engine, rows: &[Row], size: usize) -> usize {
    let mut valid = 0;
    for (part, rows) in rows.chunks(size).enumerate() {
        let verdicts = engine.verify(&batch(rows)).expect("verdicts");
        for (i, (verdict, row)) in verdicts.iter().zip(rows).enumerate() {
            assert_eq!(
                verdict.is_valid(),
                row.dalek(),
                "{:?}: item {i} of part {part} at {size} a call, {} bytes",
                engine.backends(),
                row.message.len()
            );
        }
        valid += verdicts.valid();
    }
    valid
}

fn time(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn main() {
    let mut seconds = 3.0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => {
                seconds = arguments.next().and_then(|text| text.parse().ok()).expect("a number of seconds");
            }
            other => panic!("what is {other}?"),
        }
    }
    let budget = Duration::from_secs_f64(seconds);

    const RATE: usize = 512;
    let mixed: Vec<Row> = (0..RATE).map(|i| Row::sign(i, length(i))).collect();
    let fixed: Vec<Row> = (0..RATE).map(|i| Row::sign(i, 128)).collect();
    let bytes: usize = mixed.iter().map(|row| row.message.len()).sum();
    let judged: Vec<Row> = (0..4 * RATE)
        .map(|i| {
            let row = Row::sign(i, length(i));
            if i % 7 == 3 { row.spoil(i / 7) } else { row }
        })
        .collect();

    println!(
        "backend,compared,valid,n,mean_bytes,mixed_ns,fixed_128_ns,mixed_over_fixed,dalek_strict_mixed_ns,ratio_to_dalek"
    );
    for kind in BackendKind::ALL {
        let Some(engine) = engine(kind) else { continue };
        if kind == BackendKind::Emulated {
            // Slow: the lanes are those of avx512, so a part will do.
            let some = &judged[..128];
            println!("{kind},{},{},,,,,,,", some.len(), compare(&engine, some, 128));
            continue;
        }
        let mut compared = 0;
        let mut valid = 0;
        for size in [1, 7, 64, RATE] {
            compared += judged.len();
            valid += compare(&engine, &judged, size);
        }
        let (mixed_batch, fixed_batch) = (batch(&mixed), batch(&fixed));
        let run = |batch: &Batch| {
            time(|| assert!(engine.verify(black_box(batch)).expect("verdicts").all_valid())) / RATE as f64
        };
        let (mut ours, mut short, mut peer, mut cost, mut ratios) = (vec![], vec![], vec![], vec![], vec![]);
        let begin = Instant::now();
        let mut round = 0;
        while begin.elapsed() < budget || round < 9 {
            let a = run(&mixed_batch);
            let b = run(&fixed_batch);
            // The whole batch takes long on one core: an eighth of it each round, in turn.
            let part = mixed.iter().skip(round % 8).step_by(8);
            let c = time(|| assert!(part.clone().all(Row::dalek))) / (RATE / 8) as f64;
            ours.push(a);
            short.push(b);
            peer.push(c);
            cost.push(a / b);
            ratios.push(c / a);
            round += 1;
        }
        println!(
            "{kind},{compared},{valid},{RATE},{},{:.0},{:.0},{:.3},{:.0},{:.2}",
            bytes / RATE,
            median(&mut ours),
            median(&mut short),
            median(&mut cost),
            median(&mut peer),
            median(&mut ratios)
        );
    }
}
