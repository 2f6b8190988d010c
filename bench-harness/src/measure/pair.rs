//! Interleaved samples: A B A B …

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::{Clock, Elapsed, Instant};

/// A prepared contender: runs on one chunk of its workload and gives its answer (the number of signatures that it
/// accepted, or a checksum of digests).
pub type Run<'w> = Box<dyn FnMut(usize) -> u64 + 'w>;

/// How long and how often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What is counted.
    pub clock: Clock,
    /// How long each side runs before the first sample, in seconds.
    pub warm_up_seconds: f64,
    /// The least duration of a sample of the faster side, in seconds.
    pub sample_seconds: f64,
    /// How long the samples of a row may take together, in seconds; `min_rounds` are taken in any case.
    pub row_seconds: f64,
    /// The fewest samples of each side.
    pub min_rounds: usize,
    /// The most samples of each side.
    pub max_rounds: usize,
}

impl Settings {
    /// For figures to publish.
    pub const FULL: Self = Self {
        clock: Clock::Wall,
        warm_up_seconds: 0.1,
        sample_seconds: 0.01,
        row_seconds: 2.0,
        min_rounds: 9,
        max_rounds: 101,
    };

    /// For a look, and for tests of the harness itself.
    pub const QUICK: Self = Self {
        clock: Clock::Wall,
        warm_up_seconds: 0.01,
        sample_seconds: 0.002,
        row_seconds: 0.15,
        min_rounds: 5,
        max_rounds: 31,
    };
}

/// One side of a row.
pub struct Side<'a, 'w> {
    /// Runs on one chunk.
    pub run: &'a mut Run<'w>,
    /// The number of chunks of the side's workload.
    pub chunks: usize,
    /// The number of items of each chunk.
    pub items_per_chunk: usize,
    /// The right answer on each chunk, where it is known beforehand.
    pub expected: Option<&'a [u64]>,
}

impl fmt::Debug for Side<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Side").field("chunks", &self.chunks).finish_non_exhaustive()
    }
}

/// The samples of one side.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Nanoseconds per item, round by round.
    pub ns_per_item: Vec<f64>,
    /// Chunks in each sample, the same for both sides of a row.
    pub chunks_per_sample: usize,
    /// The part of the wall time in which the measuring thread ran. Well under 1 on a row with one thread means
    /// that somebody else had the core.
    pub cpu_share: f64,
}

/// A contender gave a wrong answer while it was timed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("side {side} answered {got} where {expected} was right; its time would mean nothing")]
pub struct WrongAnswer {
    /// The side: 0 or 1.
    pub side: usize,
    /// Its answer, summed over the chunks of a sample.
    pub got: u64,
    /// The right answer.
    pub expected: u64,
}

/// Measures the sides in turn, round after round. In a round every side runs on the same chunks.
pub fn measure(sides: &mut [Side<'_, '_>], settings: &Settings) -> Result<Vec<Measured>, WrongAnswer> {
    let seconds_per_chunk: Vec<f64> =
        sides.iter_mut().enumerate().map(|(i, side)| warm_up(i, side, settings)).collect::<Result<_, _>>()?;
    let fastest = seconds_per_chunk.iter().copied().fold(f64::MAX, f64::min);
    let all: f64 = seconds_per_chunk.iter().sum();
    // As long a sample as asked for, but not one that leaves no time for the least number of rounds.
    let wanted = settings.sample_seconds / fastest;
    let affordable = settings.row_seconds / (all * settings.min_rounds as f64);
    let chunks = wanted.min(affordable).ceil().max(1.0) as usize;
    let rounds = (settings.row_seconds / (all * chunks as f64)) as usize;
    let rounds = rounds.clamp(settings.min_rounds, settings.max_rounds);

    let mut measured = vec![Measured { chunks_per_sample: chunks, ..Measured::default() }; sides.len()];
    let mut totals = vec![Elapsed::default(); sides.len()];
    for round in 0..rounds {
        for (i, side) in sides.iter_mut().enumerate() {
            let elapsed = sample(i, side, round * chunks, chunks)?;
            let items = (chunks * side.items_per_chunk) as f64;
            measured[i].ns_per_item.push(elapsed.on(settings.clock).as_secs_f64() * 1e9 / items);
            totals[i].wall += elapsed.wall;
            totals[i].cpu += elapsed.cpu;
        }
    }
    for (measured, total) in measured.iter_mut().zip(totals) {
        measured.cpu_share = total.cpu.as_secs_f64() / total.wall.as_secs_f64();
    }
    Ok(measured)
}

/// Runs a side until it is warm, and estimates its time per chunk.
fn warm_up(index: usize, side: &mut Side<'_, '_>, settings: &Settings) -> Result<f64, WrongAnswer> {
    let mut spent = Duration::ZERO;
    let mut fastest = f64::MAX;
    let mut chunk = 0;
    while chunk < 2 || spent.as_secs_f64() < settings.warm_up_seconds {
        let elapsed = sample(index, side, chunk, 1)?.wall;
        spent += elapsed;
        fastest = fastest.min(elapsed.as_secs_f64());
        chunk += 1;
        if spent.as_secs_f64() > settings.row_seconds {
            break;
        }
    }
    Ok(fastest.max(1e-9))
}

fn sample(
    index: usize,
    side: &mut Side<'_, '_>,
    first: usize,
    chunks: usize,
) -> Result<Elapsed, WrongAnswer> {
    let start = Instant::now();
    let mut got = 0u64;
    for chunk in first..first + chunks {
        got = got.wrapping_add((side.run)(chunk % side.chunks));
    }
    let elapsed = start.elapsed();
    if let Some(expected) = side.expected {
        let expected =
            (first..first + chunks).fold(0u64, |sum, chunk| sum.wrapping_add(expected[chunk % side.chunks]));
        if got != expected {
            return Err(WrongAnswer { side: index, got, expected });
        }
    }
    std::hint::black_box(got);
    Ok(elapsed)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const FAST: Settings =
        Settings { warm_up_seconds: 0.0, sample_seconds: 1e-6, row_seconds: 1e-4, ..Settings::QUICK };

    #[test]
    fn sides_alternate_on_the_same_chunks() {
        let calls = RefCell::new(Vec::new());
        let mut a: Run<'_> = Box::new(|chunk| {
            calls.borrow_mut().push(('a', chunk));
            std::thread::sleep(Duration::from_millis(1));
            1
        });
        let mut b: Run<'_> = Box::new(|chunk| {
            calls.borrow_mut().push(('b', chunk));
            std::thread::sleep(Duration::from_millis(1));
            2
        });
        let side = |run, expected| Side { run, chunks: 3, items_per_chunk: 10, expected: Some(expected) };
        let measured = measure(&mut [side(&mut a, &[1, 1, 1]), side(&mut b, &[2, 2, 2])], &FAST).unwrap();
        assert_eq!(measured.len(), 2);
        assert!(measured.iter().all(|m| m.ns_per_item.len() == FAST.min_rounds && m.chunks_per_sample == 1));
        drop((a, b));
        let calls = calls.into_inner();
        let rounds: Vec<_> = calls[calls.len() - 2 * FAST.min_rounds..].chunks(2).collect();
        for (round, pair) in rounds.iter().enumerate() {
            assert_eq!(pair, &[('a', round % 3), ('b', round % 3)]);
        }
    }

    #[test]
    fn a_wrong_answer_stops_the_measurement() {
        let mut run: Run<'_> = Box::new(|chunk| u64::from(chunk != 2) * 8);
        let side = Side { run: &mut run, chunks: 4, items_per_chunk: 8, expected: Some(&[8; 4]) };
        let error = measure(&mut [side], &FAST).unwrap_err();
        assert!(error.side == 0 && error.got < error.expected, "{error}");
    }
}
