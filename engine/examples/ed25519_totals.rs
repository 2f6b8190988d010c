//! The time of a whole call for every number of signatures from 1 to 130, and whether one signature more ever costs
//! more than a call of its own: total(n + 1) ≤ total(n) + total(1).
//!
//! `cargo run --release --features measure --example ed25519_totals -- [--backend NAME] [--seconds SECONDS] [--svg FILE] [--label TEXT]`
//! prints CSV: n, the median total, and the median of total(n) / (total(n − 1) + total(1)), each ratio from three
//! calls that follow one another.

use ed25519_dalek::{Signer, SigningKey};
use sigwarp::{BackendChoice, BackendKind, Batch, Ed25519Rule, Engine, Key, Message, Suite};
use std::fmt::Write;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// The last n of the promise; one more is measured.
const LAST: usize = 130;

fn batches() -> Vec<Batch> {
    let suite = Suite::ed25519(Ed25519Rule::Strict);
    let rows: Vec<_> = (0..=LAST)
        .map(|i| {
            let mut seed = [9; 32];
            seed[..8].copy_from_slice(&(i as u64).to_le_bytes());
            let key = SigningKey::from_bytes(&seed);
            let message: Vec<u8> = (0..128).map(|j| (i * 31 + j) as u8).collect();
            let signature = key.sign(&message).to_bytes();
            (key.verifying_key().to_bytes(), message, signature)
        })
        .collect();
    (1..=LAST + 1)
        .map(|n| {
            let mut batch = Batch::new();
            for (key, message, signature) in &rows[..n] {
                batch.push(&suite, Key::Bytes(key), Message::Raw(message), signature);
            }
            batch
        })
        .collect()
}

/// The best of three calls, in nanoseconds: another process on the core spoils one, seldom all.
fn total(engine: &Engine, batch: &Batch) -> f64 {
    let once = || {
        let start = Instant::now();
        let verdicts = engine.verify(black_box(batch)).expect("verdicts");
        let time = start.elapsed().as_nanos() as f64;
        assert!(verdicts.all_valid());
        time
    };
    (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Two plots, one above the other: totals, and ratios beside 1.
fn svg(label: &str, totals: &[f64], ratios: &[f64]) -> String {
    const WIDTH: f64 = 760.0;
    const LEFT: f64 = 70.0;
    let x = |n: usize| LEFT + (WIDTH - LEFT - 20.0) * (n as f64 / 131.0);
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("a string takes every line");
    line(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 620" font-family="sans-serif" font-size="12">"#
    ));
    line(format!(r##"<rect width="{WIDTH}" height="620" fill="#fff"/>"##));
    line(format!(
        r#"<text x="{LEFT}" y="20" font-size="14">Ed25519, strict, 128-byte messages: {label}</text>"#
    ));
    let most = totals.iter().copied().fold(0.0, f64::max) / 1000.0;
    // A step of 1, 2 or 5 times a power of ten that gives five to ten lines.
    let power = 10f64.powf((most / 5.0).log10().floor());
    let step = [5.0, 2.0, 1.0].map(|s| s * power).into_iter().find(|s| most / s >= 5.0).unwrap_or(power);
    let top = (most / step).ceil() * step;
    let y = |us: f64| 310.0 - 270.0 * us / top;
    let mut tick = 0.0;
    while tick <= top + step / 2.0 {
        line(format!(
            r##"<path d="M{LEFT} {0:.1}H{1}" stroke="#ddd"/><text x="{2}" y="{3:.1}" text-anchor="end">{tick:.0}</text>"##,
            y(tick),
            WIDTH - 20.0,
            LEFT - 6.0,
            y(tick) + 4.0
        ));
        tick += step;
    }
    let points = |values: &mut dyn Iterator<Item = (usize, f64)>| -> String {
        values.map(|(n, y)| format!("{:.1},{y:.1} ", x(n))).collect::<String>().trim_end().to_owned()
    };
    line(format!(
        r##"<polyline fill="none" stroke="#06c" stroke-width="1.5" points="{}"/>"##,
        points(&mut totals.iter().enumerate().map(|(i, ns)| (i + 1, y(ns / 1000.0))))
    ));
    line(
        r#"<text x="16" y="175" transform="rotate(-90 16 175)" text-anchor="middle">total(n), µs</text>"#
            .to_owned(),
    );

    let y = |ratio: f64| 570.0 - 220.0 * ratio / 1.2;
    for tick in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2] {
        let colour = if tick == 1.0 { "#c00" } else { "#ddd" };
        line(format!(
            r##"<path d="M{LEFT} {0:.1}H{1}" stroke="{colour}"/><text x="{2}" y="{3:.1}" text-anchor="end">{tick:.1}</text>"##,
            y(tick),
            WIDTH - 20.0,
            LEFT - 6.0,
            y(tick) + 4.0
        ));
    }
    line(format!(
        r##"<polyline fill="none" stroke="#080" stroke-width="1.5" points="{}"/>"##,
        points(&mut ratios.iter().enumerate().map(|(i, ratio)| (i + 1, y(ratio.min(1.2)))))
    ));
    line(
        r#"<text x="16" y="460" transform="rotate(-90 16 460)" text-anchor="middle">total(n + 1) / (total(n) + total(1))</text>"#
            .to_owned(),
    );
    for n in [1, 8, 16, 32, 48, 64, 80, 96, 112, 128] {
        for bottom in [310.0, 570.0] {
            line(format!(
                r##"<path d="M{0:.1} {bottom}v4" stroke="#000"/><text x="{0:.1}" y="{1}" text-anchor="middle">{n}</text>"##,
                x(n),
                bottom + 17.0
            ));
        }
    }
    line(format!(
        r#"<text x="{}" y="605" text-anchor="middle">n, signatures in the call</text>"#,
        WIDTH / 2.0
    ));
    line("</svg>".to_owned());
    out
}

fn main() {
    let (mut choice, mut seconds, mut file, mut label) = (BackendChoice::Auto, 5.0, None, String::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().expect("a value after each option");
        match argument.as_str() {
            "--backend" => {
                choice =
                    BackendChoice::Forced(BackendKind::from_name(&value).expect("the name of a backend"));
            }
            "--seconds" => seconds = value.parse().expect("a number of seconds"),
            "--svg" => file = Some(value),
            "--label" => label = value,
            other => panic!("what is {other}?"),
        }
    }
    let one = NonZeroUsize::MIN;
    let engine = Engine::builder().backend(choice).threads(one).build().expect("a backend that runs here");
    engine.self_test().expect("the known answers");
    let batches = batches();
    let mut totals = vec![Vec::new(); LAST + 1];
    let mut ratios = vec![Vec::new(); LAST];
    let budget = Duration::from_secs_f64(seconds);
    let begin = Instant::now();
    let mut rounds = 0;
    while begin.elapsed() < budget || rounds < 5 {
        let mut before = total(&engine, &batches[0]);
        totals[0].push(before);
        for n in 1..=LAST {
            let single = total(&engine, &batches[0]);
            let next = total(&engine, &batches[n]);
            totals[n].push(next);
            ratios[n - 1].push(next / (before + single));
            before = next;
        }
        rounds += 1;
    }
    let totals: Vec<f64> = totals.iter_mut().map(|samples| median(samples)).collect();
    let ratios: Vec<f64> = ratios.iter_mut().map(|samples| median(samples)).collect();
    println!("n,total_ns,total_over_previous_and_one");
    println!("1,{:.0},", totals[0]);
    for n in 1..=LAST {
        println!("{},{:.0},{:.4}", n + 1, totals[n], ratios[n - 1]);
    }
    if let Some(file) = file {
        let label = format!("{}{label}, {rounds} rounds", engine.backends()[0]);
        std::fs::write(file, svg(&label, &totals, &ratios)).expect("the plot is written");
    }
}
