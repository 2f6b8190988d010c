//! Times the Ed25519 lanes path against ed25519-dalek, interleaved in one run, on the caller's core.
//!
//! `cargo run --release --features measure --example ed25519_lanes -- [--quick] [--alone | --steps | --bad] [--backend NAME] [SIZE]…`
//!
//! `--steps` compares what one more signature costs with what one alone does, `--bad` all-good batches with
//! batches of bad ones. Both give tenth percentiles.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sigwarp_kernels::curve::edwards::Projective;
use sigwarp_kernels::curve::edwards::decode::{Decode, Words};
use sigwarp_kernels::curve::edwards::equation::{Code, Equation, Item, check};
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::radix51_fma::Radix51Fma;
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::radix51_ifma::Radix51Ifma;
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::field::{FieldLanes, MASK51};
use sigwarp_kernels::simd::{Kernel, Token, Vector};
use std::hint::black_box;
use std::marker::PhantomData;
use std::time::Instant;

struct Row {
    a: [u8; 32],
    r: [u8; 32],
    s: [u8; 32],
    signature: [u8; 64],
    message: Vec<u8>,
}

fn rows(n: usize, length: usize) -> Vec<Row> {
    (0..n)
        .map(|i| {
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&(i as u64).to_le_bytes());
            let key = SigningKey::from_bytes(&seed);
            let message: Vec<u8> = (0..length).map(|j| (i * 31 + j) as u8).collect();
            let signature = key.sign(&message);
            Row {
                a: key.verifying_key().to_bytes(),
                r: *signature.r_bytes(),
                s: *signature.s_bytes(),
                signature: signature.to_bytes(),
                message,
            }
        })
        .collect()
}

/// `COUNT` dependent multiplications or squarings of `N` independent elements.
struct Chain<F, const N: usize, const SQUARE: bool> {
    count: usize,
    field: PhantomData<F>,
}

impl<F: FieldLanes, const N: usize, const SQUARE: bool> Kernel<F::Token> for Chain<F, N, SQUARE> {
    type Output = u64;

    #[inline(always)]
    fn run(self, token: F::Token) -> u64 {
        let start = F::splat(token, &[black_box(MASK51 - 5), 12345, MASK51, 99, MASK51 - 7]);
        let factor = F::splat(token, &[black_box(MASK51 - 9), 54321, MASK51, 77, MASK51 - 1]);
        let mut x = [start; N];
        for _ in 0..self.count {
            let mut i = 0;
            while i < N {
                x[i] = if SQUARE { x[i].square() } else { x[i].mul(factor) };
                i += 1;
            }
        }
        let mut sum = 0;
        for element in x {
            sum ^= element.to_limbs()[0].to_array()[0];
        }
        sum
    }
}

/// `count` doublings of `N` independent points.
struct Doublings<F, const N: usize> {
    count: usize,
    field: PhantomData<F>,
}

impl<F: FieldLanes, const N: usize> Kernel<F::Token> for Doublings<F, N> {
    type Output = u64;

    #[inline(always)]
    fn run(self, token: F::Token) -> u64 {
        let mut points = [Projective::<F>::identity(token); N];
        for _ in 0..self.count {
            let mut i = 0;
            while i < N {
                points[i] = points[i].double().to_projective();
                i += 1;
            }
        }
        let mut sum = 0;
        for point in points {
            sum ^= point.x.to_limbs()[0].to_array()[0];
        }
        sum
    }
}

fn time(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64
}

fn median(mut samples: Vec<f64>) -> (f64, f64, f64) {
    samples.sort_by(f64::total_cmp);
    (samples[samples.len() / 2], samples[0], samples[samples.len() - 1])
}

fn primitives<F: FieldLanes>(token: F::Token) {
    let lanes = F::Vector::LANES as f64;
    let count = 20_000;
    fn chain<F: FieldLanes, const N: usize, const SQUARE: bool>(token: F::Token, count: usize) -> f64 {
        let samples = (0..9)
            .map(|_| {
                time(|| {
                    black_box(token.vectorize(Chain::<F, N, SQUARE> { count, field: PhantomData }));
                }) / (count * N) as f64
            })
            .collect();
        median(samples).0
    }
    println!(
        "{}: ns per vector of {lanes}: mul {:.2} alone, {:.2} of 2, {:.2} of 4; square {:.2} alone, {:.2} of 2, {:.2} of 4",
        F::Token::NAME,
        chain::<F, 1, false>(token, count),
        chain::<F, 2, false>(token, count),
        chain::<F, 4, false>(token, count),
        chain::<F, 1, true>(token, count),
        chain::<F, 2, true>(token, count),
        chain::<F, 4, true>(token, count),
    );
    fn doublings<F: FieldLanes, const N: usize>(token: F::Token, count: usize) -> f64 {
        let samples = (0..9)
            .map(|_| {
                time(|| {
                    black_box(token.vectorize(Doublings::<F, N> { count, field: PhantomData }));
                }) / (count * N) as f64
            })
            .collect();
        median(samples).0
    }
    println!(
        "{}: ns per vector: doubling {:.1} alone, {:.1} of 2",
        F::Token::NAME,
        doublings::<F, 1>(token, 5000),
        doublings::<F, 2>(token, 5000),
    );
    let words: Words = [[0x6666_6666_6666_6666; 8]; 4];
    let decode = |n: usize| {
        let samples = (0..9)
            .map(|_| {
                time(|| match n {
                    1 => drop(black_box(
                        token.vectorize(Decode::<F, 1> { words: [&words], field: PhantomData })[0]
                            .0
                            .x
                            .to_limbs(),
                    )),
                    _ => drop(black_box(
                        token.vectorize(Decode::<F, 4> { words: [&words; 4], field: PhantomData })[3]
                            .0
                            .x
                            .to_limbs(),
                    )),
                }) / n as f64
                    / lanes
            })
            .collect();
        median(samples).0
    };
    println!("{}: decode per lane: {:.0} ns alone, {:.0} ns of 4", F::Token::NAME, decode(1), decode(4));
}

fn against_dalek<F: FieldLanes>(token: F::Token, rows: &[Row], n: usize, rounds: usize) {
    let items: Vec<Item<'_>> =
        rows[..n].iter().map(|row| Item { a: &row.a, r: &row.r, s: &row.s, message: &row.message }).collect();
    let mut codes = vec![Code::EquationFailed; n];
    let equation = Equation { cofactored: false, decode_r: true, domain: &[] };
    // Short slices and many of them: another process on the core then spoils a few, not all.
    let repeat = (64 / n).max(1);
    let peers = n.min(8);
    let rounds = (rounds * 4096 / n.max(64)).max(5);
    let (mut ours, mut strict, mut ratios, mut plain) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let a = time(|| {
            for _ in 0..repeat {
                check::<F>(token, equation, black_box(&items), &mut codes);
                black_box(&codes);
            }
        }) / (n * repeat) as f64;
        assert!(codes.iter().all(|&code| code == Code::Valid));
        let repeat = (8 / peers).max(1);
        let peer = |strict: bool| {
            time(|| {
                for _ in 0..repeat {
                    for row in &rows[..peers] {
                        let key = VerifyingKey::from_bytes(black_box(&row.a)).unwrap();
                        let signature = Signature::from_bytes(&row.signature);
                        let result = if strict {
                            key.verify_strict(&row.message, &signature)
                        } else {
                            ed25519_dalek::Verifier::verify(&key, &row.message, &signature)
                        };
                        assert!(result.is_ok());
                    }
                }
            }) / (peers * repeat) as f64
        };
        let b = peer(true);
        plain.push(peer(false) / a);
        ours.push(a);
        strict.push(b);
        ratios.push(b / a);
    }
    let best = |samples: &[f64]| samples.iter().copied().fold(f64::INFINITY, f64::min);
    let (fastest, peer_fastest) = (best(&ours), best(&strict));
    let (ours, strict, (ratio, low, high), (plain, ..)) =
        (median(ours).0, median(strict).0, median(ratios), median(plain));
    println!(
        "{}: n = {n}: {ours:.0} ns per signature; dalek verify_strict {strict:.0}; ratio {ratio:.2} ({low:.2} to {high:.2}), to verify {plain:.2}; fastest {fastest:.0} against {peer_fastest:.0}, {:.2}",
        F::Token::NAME,
        peer_fastest / fastest,
    );
}

/// The lanes path alone, for a profiler.
fn alone<F: FieldLanes>(token: F::Token, rows: &[Row]) {
    let items: Vec<Item<'_>> =
        rows.iter().map(|row| Item { a: &row.a, r: &row.r, s: &row.s, message: &row.message }).collect();
    let mut codes = vec![Code::EquationFailed; items.len()];
    let equation = Equation { cofactored: false, decode_r: true, domain: &[] };
    let samples = (0..200_000usize.div_ceil(items.len()))
        .map(|_| time(|| check::<F>(token, equation, black_box(&items), &mut codes)) / items.len() as f64)
        .collect();
    let (middle, low, high) = median(samples);
    println!("{}: n = {}: {middle:.0} ns per signature ({low:.0} to {high:.0})", F::Token::NAME, items.len());
}

fn tenth(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 10]
}

/// total(n + 1) − total(n) beside total(1).
fn steps<F: FieldLanes>(token: F::Token, rows: &[Row], n: usize, rounds: usize) {
    let items: Vec<Item<'_>> =
        rows.iter().map(|row| Item { a: &row.a, r: &row.r, s: &row.s, message: &row.message }).collect();
    let mut codes = vec![Code::EquationFailed; n + 1];
    let equation = Equation { cofactored: false, decode_r: true, domain: &[] };
    let (mut before, mut after, mut one) = (vec![], vec![], vec![]);
    for _ in 0..rounds * 40 {
        let mut total = |n: usize| {
            time(|| check::<F>(token, equation, black_box(&items[..n]), black_box(&mut codes[..n])))
        };
        before.push(total(n));
        after.push(total(n + 1));
        one.push(total(1));
    }
    let (step, one) = (tenth(after) - tenth(before), tenth(one));
    println!("{}: {n} to {}: {step:.0} ns; one alone {one:.0}; {:.2}", F::Token::NAME, n + 1, step / one);
}

/// Batches with a share of bad signatures, whose R decodes.
fn bad<F: FieldLanes>(token: F::Token, rows: &[Row], rounds: usize) {
    const RATES: [usize; 5] = [0, 1, 10, 50, 100];
    let spoiled: Vec<[u8; 32]> = rows
        .iter()
        .map(|row| {
            let mut s = row.s;
            s[0] ^= 1;
            s
        })
        .collect();
    for cofactored in [false, true] {
        let equation = Equation { cofactored, decode_r: true, domain: &[] };
        let mut samples = RATES.map(|_| vec![]);
        for _ in 0..rounds * 4 {
            for (rate, samples) in RATES.into_iter().zip(&mut samples) {
                let is_bad = |i: usize| i * 37 % 100 < rate;
                let items: Vec<Item<'_>> = rows
                    .iter()
                    .zip(&spoiled)
                    .enumerate()
                    .map(|(i, (row, spoiled))| Item {
                        a: &row.a,
                        r: &row.r,
                        s: if is_bad(i) { spoiled } else { &row.s },
                        message: &row.message,
                    })
                    .collect();
                let mut codes = vec![Code::EquationFailed; items.len()];
                samples.push(time(|| check::<F>(token, equation, black_box(&items), &mut codes)));
                assert!(codes.iter().enumerate().all(|(i, &code)| (code == Code::Valid) != is_bad(i)));
            }
        }
        let times = samples.map(tenth);
        for (rate, time) in RATES.into_iter().zip(times) {
            println!(
                "{}: n = {}, cofactored {cofactored}, {rate} % bad: {:.0} ns, {:.2} of the throughput",
                F::Token::NAME,
                rows.len(),
                time / rows.len() as f64,
                times[0] / time,
            );
        }
    }
}

/// What to time.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    AgainstDalek,
    Alone,
    Steps,
    Bad,
}

fn run<F: FieldLanes>(wanted: Option<&str>, sizes: &[usize], rows: &[Row], rounds: usize, mode: Mode) {
    if wanted.is_some_and(|name| name != F::Token::NAME) {
        return;
    }
    let Some(token) = F::Token::detect() else {
        println!("{}: not on this machine", F::Token::NAME);
        return;
    };
    match mode {
        Mode::AgainstDalek => {
            primitives::<F>(token);
            sizes.iter().for_each(|&n| against_dalek::<F>(token, rows, n, rounds));
        }
        Mode::Alone => sizes.iter().for_each(|&n| alone::<F>(token, &rows[..n])),
        Mode::Steps => sizes.iter().for_each(|&n| steps::<F>(token, rows, n, rounds)),
        Mode::Bad => sizes.iter().for_each(|&n| bad::<F>(token, &rows[..n], rounds)),
    }
}

fn main() {
    let mut wanted = None;
    let mut sizes = Vec::new();
    let mut rounds = 11;
    let mut mode = Mode::AgainstDalek;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--backend" => wanted = arguments.next(),
            "--quick" => rounds = 5,
            "--alone" => mode = Mode::Alone,
            "--steps" => mode = Mode::Steps,
            "--bad" => mode = Mode::Bad,
            size => sizes.push(size.parse().expect("a number of signatures")),
        }
    }
    if sizes.is_empty() {
        sizes = match mode {
            Mode::Steps => vec![8, 16, 32, 64, 96, 128],
            Mode::Bad => vec![512],
            _ => vec![1, 8, 64, 1024, 16384],
        };
    }
    // One more than the largest size, for `--steps`.
    let rows = rows(*sizes.iter().max().unwrap() + 1, 128);
    let wanted = wanted.as_deref();
    #[cfg(target_arch = "x86_64")]
    run::<Radix51Ifma<sigwarp_kernels::simd::avx512ifma::U64x8>>(wanted, &sizes, &rows, rounds, mode);
    #[cfg(target_arch = "x86_64")]
    run::<Radix51Fma<sigwarp_kernels::simd::avx2::U64x4>>(wanted, &sizes, &rows, rounds, mode);
    run::<Radix51Portable>(wanted, &sizes, &rows, rounds, mode);
}
