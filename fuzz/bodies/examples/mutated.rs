//! Runs the targets that read files and records over changed seeds, on stable Rust: `mutated BYTES SEED TARGET…`, or
//! `mutated inputs=N SEED TARGET…`. For each it prints how many inputs and bytes it read, the slowest input and the most memory, and it ends with status 1 at the first finding (a
//! panic, or an input that takes twenty seconds), whose input lies in the folder for temporary files.
//!
//! The same arguments give the same inputs. `cargo fuzz` finds more an hour, since it sees which code an input reaches;
//! this needs no nightly compiler and reads a gigabyte in minutes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use sigwarp_fuzz_bodies::{TARGETS, Target, seeds, start_engines};

/// Longer than this is a hang. The largest inputs have a few thousand bytes.
const LONGEST: Duration = Duration::from_secs(20);

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    /// Below `end`; 0 where that is 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// What parsers of text and of numbers stumble over.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"\"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\r\n",
    b"\n",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"1e999",
    b"-1",
    b"18446744073709551616",
    b"0x",
    b"====",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\x00\x00\x00\x00",
    b"signature",
];

fn mutate(input: &mut Vec<u8>, pool: &[Vec<u8>], random: &mut Random) {
    for _ in 0..1 + random.below(6) {
        let at = random.below(input.len());
        let length = random.below(64.min(input.len() - at.min(input.len())));
        match random.below(9) {
            0 | 1 if !input.is_empty() => input[at] ^= 1 << random.below(8),
            2 if !input.is_empty() => input[at] = random.next() as u8,
            3 => drop(input.drain(at..at + length)),
            4 => {
                let copy = input[at..at + length].to_vec();
                let to = random.below(input.len() + 1);
                input.splice(to..to, copy);
            }
            5 => input.truncate(at),
            6 => {
                let piece = PIECES[random.below(PIECES.len())];
                input.splice(at..at, piece.iter().copied());
            }
            7 => {
                let other = &pool[random.below(pool.len())];
                let from = random.below(other.len());
                let some = other[from..(from + 1 + random.below(200)).min(other.len())].to_vec();
                let end = (at + some.len()).min(input.len());
                input.splice(at..end, some);
            }
            _ => {
                let end = (at + 1 + random.below(8)).min(input.len());
                input[at..end].fill([0, 0xff, 0x7f, 0x80][random.below(4)]);
            }
        }
    }
}

/// The most memory of this process so far, in MiB, where the system says it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("").trim();
    let kilobytes = line.trim_end_matches(" kB").parse::<u64>();
    kilobytes.map_or_else(|_| "unknown".to_owned(), |kilobytes| format!("{} MiB", kilobytes / 1024))
}

fn finding(target: &str, input: &[u8], what: &str) -> ! {
    let file: PathBuf = std::env::temp_dir().join(format!("finding-{target}"));
    std::fs::write(&file, input).expect("a temporary file");
    println!("finding: {target}: {what}; the input is {}", file.display());
    std::process::exit(1)
}

/// When a target has read enough.
#[derive(Clone, Copy)]
enum Until {
    Bytes(u64),
    Inputs(u64),
}

impl Until {
    /// `N` bytes or `inputs=N`.
    fn new(text: &str) -> Self {
        match text.strip_prefix("inputs=") {
            Some(inputs) => Self::Inputs(number(inputs)),
            None => Self::Bytes(number(text)),
        }
    }

    const fn is_over(self, bytes: u64, inputs: u64) -> bool {
        match self {
            Self::Bytes(end) => bytes >= end,
            Self::Inputs(end) => inputs >= end,
        }
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

/// Reads changed seeds.
fn run((name, target): Target, until: Until, random: &mut Random) {
    let pool = seeds::of(name);
    // What a target makes once, such as the self-tests of engines that judge one input of many, is no input's time.
    pool.iter().for_each(|seed| target(seed));
    let (begun, starts) = mpsc::channel::<Option<Vec<u8>>>();
    // Tells an input that does not end.
    let watch = std::thread::spawn(move || {
        let mut running = None::<Vec<u8>>;
        loop {
            match starts.recv_timeout(LONGEST) {
                Ok(next) => running = next,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(input) = &running {
                        finding(name, input, "it takes over twenty seconds");
                    }
                }
            }
        }
    });
    let (mut read, mut inputs, mut slowest) = (0, 0u64, Duration::ZERO);
    let start = Instant::now();
    while !until.is_over(read, inputs) {
        let mut input = pool[random.below(pool.len())].clone();
        mutate(&mut input, &pool, random);
        begun.send(Some(input.clone())).expect("the watch runs");
        let begin = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            finding(name, &input, "a panic");
        }
        slowest = slowest.max(begin.elapsed());
        read += input.len() as u64;
        inputs += 1;
    }
    begun.send(None).expect("the watch runs");
    drop(begun);
    watch.join().expect("the watch ends");
    println!(
        "{name}: {inputs} inputs, {} MB, {:.0} s, the slowest {:.0} ms, at most {} of memory so far",
        read / 1_000_000,
        start.elapsed().as_secs_f64(),
        slowest.as_secs_f64() * 1e3,
        peak()
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [until, seed, names @ ..] = &arguments[..] else {
        eprintln!("usage: mutated (BYTES | inputs=N) SEED TARGET…");
        std::process::exit(2);
    };
    let mut random = Random(number(seed));
    start_engines();
    for name in names {
        let target = TARGETS.into_iter().find(|(known, _)| known == name);
        run(target.unwrap_or_else(|| panic!("no target {name:?}")), Until::new(until), &mut random);
    }
}
