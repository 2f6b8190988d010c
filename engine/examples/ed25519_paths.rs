//! Times the paths to Ed25519 verdicts, on one thread.
//!
//! `cargo run --release --features measure --example ed25519_paths -- table|phases [--rule NAME] [--backend NAME] [--seconds S] [SIZE]…`
//!
//! `table` gives nanoseconds a signature of every path under a rule (`zip215`), with distinct and with 64 keys, as CSV.
//! `phases` says where the time of a combination goes, beside the least that its field operations can take.

use ed25519_dalek::{Signer, SigningKey};
use sigwarp::{
    BackendChoice, BackendKind, BatchView, Column, Ed25519Rule, Engine, PathChoice, Suite, Suites,
};
use sigwarp_kernels::curve::edwards::points::{BASE, Points};
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::radix51_fma::Radix51Fma;
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::radix51_ifma::Radix51Ifma;
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::field::{FieldLanes, MASK51};
use sigwarp_kernels::hash::sha512;
use sigwarp_kernels::multiscalar::{Laps, Step, Terms, Workspace};
use sigwarp_kernels::scalar;
use sigwarp_kernels::simd::{Kernel, Token, Vector};
use std::hint::black_box;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Signatures of messages of 128 bytes.
struct Rows {
    keys: Vec<[u8; 32]>,
    messages: Vec<[u8; 128]>,
    signatures: Vec<[u8; 64]>,
}

impl Rows {
    fn new(count: usize, keys: usize) -> Self {
        let signers: Vec<SigningKey> = (0..keys)
            .map(|i| {
                let mut seed = [7; 32];
                seed[..8].copy_from_slice(&(i as u64).to_le_bytes());
                SigningKey::from_bytes(&seed)
            })
            .collect();
        let mut rows = Self { keys: vec![], messages: vec![], signatures: vec![] };
        for i in 0..count {
            let mut message = [0; 128];
            for (j, byte) in message.iter_mut().enumerate() {
                *byte = (i * 31 + j + (i >> 8)) as u8;
            }
            let signer = &signers[i % keys];
            rows.keys.push(signer.verifying_key().to_bytes());
            rows.signatures.push(signer.sign(&message).to_bytes());
            rows.messages.push(message);
        }
        rows
    }
}

fn slices<const N: usize>(rows: &[[u8; N]]) -> Vec<&[u8]> {
    rows.iter().map(|row| &row[..]).collect()
}

/// Rules whose combinations are tested for torsion.
const COFACTORLESS: [Ed25519Rule; 5] = [
    Ed25519Rule::Rfc8032Cofactorless,
    Ed25519Rule::Cofactorless,
    Ed25519Rule::Strict,
    Ed25519Rule::Libsodium,
    Ed25519Rule::Donna,
];

/// The tenth percentile of the time of `work`, over some seconds, in nanoseconds.
fn time(seconds: f64, mut work: impl FnMut()) -> f64 {
    let [ns] = time_in_turn(seconds, [()], |()| work());
    ns
}

/// The tenth percentile of the time of `work` with each of `subjects`, in nanoseconds. They take turns for some seconds
/// each, so that a slow spell of the machine falls on all alike.
fn time_in_turn<S: Copy, const N: usize>(
    seconds: f64,
    subjects: [S; N],
    mut work: impl FnMut(S),
) -> [f64; N] {
    let mut samples = [const { Vec::new() }; N];
    let most = Duration::from_secs_f64(seconds * N as f64);
    let begin = Instant::now();
    for subject in subjects {
        work(subject);
    }
    while samples[0].len() < 5 || begin.elapsed() < most {
        for (samples, subject) in samples.iter_mut().zip(subjects) {
            let start = Instant::now();
            work(subject);
            samples.push(start.elapsed().as_nanos() as f64);
        }
    }
    samples.map(|mut samples| {
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 10]
    })
}

fn engine(kind: BackendKind, path: PathChoice) -> Option<Engine> {
    let builder = Engine::builder().backend(BackendChoice::Forced(kind)).threads(NonZeroUsize::MIN);
    builder.path(path).build().ok().filter(|engine| engine.self_test().is_ok())
}

/// Nanoseconds a signature when each of `engines` verifies the first `count` of `rows` in one call.
fn verify<const N: usize>(
    engines: [&Engine; N],
    rule: Ed25519Rule,
    rows: &Rows,
    count: usize,
    seconds: f64,
) -> [f64; N] {
    let suite = Suite::ed25519(rule);
    let (keys, messages, signatures) =
        (slices(&rows.keys[..count]), slices(&rows.messages[..count]), slices(&rows.signatures[..count]));
    let column = Column::slices;
    let view = BatchView::new(Suites::One(&suite), column(&keys), column(&messages), column(&signatures))
        .expect("columns of one length");
    let ns = time_in_turn(seconds, engines, |engine| {
        let verdicts = engine.verify_columns(black_box(&view)).expect("verdicts");
        assert!(verdicts.all_valid());
    });
    ns.map(|ns| ns / count as f64)
}

fn table(rule: Ed25519Rule, wanted: Option<BackendKind>, sizes: &[usize], seconds: f64) {
    println!("backend,keys,n,lanes,combination,auto");
    let most = sizes.iter().copied().max().unwrap_or(0);
    for keys in [most, 64] {
        let rows = Rows::new(most, keys.max(1));
        let is_wanted =
            |kind: &BackendKind| wanted.is_none_or(|wanted| wanted == *kind) && !kind.is_for_tests();
        for kind in BackendKind::on_cpu().filter(is_wanted) {
            let paths = [PathChoice::Lanes, PathChoice::Combination, PathChoice::Auto];
            let engines = paths.map(|path| engine(kind, path));
            for &n in sizes {
                let [Some(lanes), Some(combination), Some(auto)] = &engines else { continue };
                let ns = verify([lanes, combination, auto], rule, &rows, n, seconds);
                let keys = if keys == 64 { "64" } else { "distinct" };
                println!("{kind},{keys},{n},{:.0},{:.0},{:.0}", ns[0], ns[1], ns[2]);
            }
        }
    }
}

/// `count` multiplications or squarings, four side by side.
struct Chain<F, const SQUARE: bool>(usize, PhantomData<F>);

impl<F: FieldLanes, const SQUARE: bool> Kernel<F::Token> for Chain<F, SQUARE> {
    type Output = u64;

    #[inline(always)]
    fn run(self, token: F::Token) -> u64 {
        let factor = F::splat(token, &[black_box(MASK51 - 9), 54321, MASK51, 77, MASK51 - 1]);
        let mut x = [factor; 4];
        for _ in 0..self.0 {
            for element in &mut x {
                *element = if SQUARE { element.square() } else { element.mul(factor) };
            }
        }
        x.iter().fold(0, |sum, element| sum ^ element.to_limbs()[0].to_array()[0])
    }
}

/// Nanoseconds of each step.
struct Stopwatch {
    since: Instant,
    steps: [f64; 5],
}

impl Laps for Stopwatch {
    fn lap(&mut self, step: Step) {
        self.steps[step as usize] += self.since.elapsed().as_nanos() as f64;
        self.since = Instant::now();
    }
}

/// The width that a sum of so many terms takes, and its windows: as `multiscalar` chooses, by its own count.
fn phases<F: FieldLanes>(rule: Ed25519Rule, kind: BackendKind, count: usize, keys: usize, seconds: f64) {
    let Some(token) = F::Token::detect() else { return };
    let lanes = F::Vector::LANES as f64;
    let rows = Rows::new(count, keys);
    let n = count as f64;
    let Some(engine) = engine(kind, PathChoice::Combination) else { return };
    let [total] = verify([&engine], rule, &rows, count, seconds);

    let length = 5000;
    let per = 4.0 * length as f64 * lanes;
    let mul = time(0.1, || _ = black_box(token.vectorize(Chain::<F, false>(length, PhantomData)))) / per;
    let square = time(0.1, || _ = black_box(token.vectorize(Chain::<F, true>(length, PhantomData)))) / per;

    // The challenges; and the transcript, three quarters of a block an item.
    let signatures = &rows.signatures;
    let mut order = Vec::new();
    let mut digests = vec![[0; 8]; count];
    let hash = time(seconds, || {
        for at in (0..count).step_by(1024) {
            let end = (at + 1024).min(count);
            let inputs: Vec<sha512::Parts<'_>> =
                (at..end).map(|i| [&signatures[i][..32], &rows.keys[i][..], &rows.messages[i][..]]).collect();
            sha512::digest_all(token, &inputs, &mut digests[at..end], &mut order);
        }
    }) / n;
    let blocks = count.div_ceil(4) * 3;
    let (empty, inputs) = ([0; 64], blocks.min(1024));
    let inputs: Vec<sha512::Parts<'_>> = vec![[&empty[..], &[], &[]]; inputs];
    let coefficients = time(seconds, || {
        for at in (0..blocks).step_by(inputs.len()) {
            let length = inputs.len().min(blocks - at);
            sha512::digest_all(token, &inputs[..length], &mut digests[..length], &mut order);
        }
    }) / n;

    let words = |bytes: &[u8]| -> [u64; 8] {
        let mut row = [0; 8];
        for (word, bytes) in row.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        row
    };
    let rs: Vec<[u64; 8]> = signatures.iter().map(|signature| words(signature)).collect();
    let key_rows: Vec<[u64; 8]> = rows.keys[..keys].iter().map(|key| words(key)).collect();
    let mut points = Points::<F>::new(token);
    let mut on_curve = Vec::new();
    let mut decode = |points: &mut Points<F>, encodings: &[[u64; 8]]| {
        on_curve.clear();
        points.decode(token, encodings, &mut on_curve);
        assert!(on_curve.iter().all(|&yes| yes));
    };
    let decoding = time(seconds, || {
        points.clear();
        decode(&mut points, &rs);
        decode(&mut points, &key_rows);
    }) / n;

    // What the test of torsion adds: multiples of keys, and a sum for each item.
    let exact = COFACTORLESS.contains(&rule);
    let first_r = BASE + 1;
    let (mut first_term, mut sums) = (first_r, 0.0);
    if exact {
        let first_key = first_r + count as u32;
        let decoded = points.len();
        sums = time(seconds, || {
            points.truncate(decoded);
            let multiples = points.append_multiples(token, first_key, keys);
            let with: Vec<u32> =
                (0..count).map(|i| (multiples + (i % keys * 3 + i / keys % 3) as u32) << 1 | 1).collect();
            first_term = points.append_sums(token, first_r, &with);
        }) / n;
    }

    let (mut short, mut long) = (if exact { Terms::plain(128) } else { Terms::new(128) }, Terms::new(252));
    for i in 0..count + keys {
        let mut digest = sha512::digest_one([&(i as u64).to_le_bytes(), &[], &[]]);
        if i < count {
            short.push(first_term + i as u32, &[digest[0], digest[1], 0, 0]);
        } else {
            digest[7] ^= 1;
            long.push_modulo_order(BASE + 1 + i as u32, &scalar::reduce_wide(&digest));
        }
    }
    let mut workspace = Workspace::default();
    let mut best = [f64::INFINITY; 5];
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs_f64(2.0 * seconds) {
        let mut watch = Stopwatch { since: Instant::now(), steps: [0.0; 5] };
        if exact {
            workspace.vanishes_by_bits_with(token, &points, &short, &[&long], &mut watch);
        } else {
            workspace.vanishes_with(token, &points, &[&short, &long], &mut watch);
        }
        for (best, step) in best.iter_mut().zip(watch.steps) {
            *best = best.min(step / n);
        }
    }
    // No sum vanishes here, so none is tested for torsion: that is part of the rest.
    let [sort, buckets, reduction, doublings, _] = best;
    let counts = workspace.counts();
    let named = hash + coefficients + decoding + sums + sort + buckets + reduction + doublings;
    let decoded = (count + keys) as f64 / n;
    println!(
        "{kind}, n = {count} over {keys} keys: {total:.0} ns a signature; a multiplication {mul:.2}, a squaring {square:.2} ns"
    );
    let line = |what: &str, ns: f64, floor: f64, how: String| {
        println!("{what:<34} {ns:>6.0} ns {:>5.1} %   floor {floor:>5.0}   {how}", 100.0 * ns / total);
    };
    line("challenges", hash, 0.0, "2 blocks".into());
    line("coefficients", coefficients, 0.0, "3/4 block".into());
    line(
        "decoding",
        decoding,
        decoded * (254.0 * square + 25.0 * mul),
        format!("{decoded:.2} points of 254 S + 25 M"),
    );
    if exact {
        let entries = (count + 3 * keys) as f64 / n;
        line(
            "sums with multiples of keys",
            sums,
            14.0 * mul * entries,
            format!("{entries:.2} entries of 14 M"),
        );
    }
    line("sorting", sort, 0.0, String::new());
    let additions = counts.additions as f64 / n;
    line("buckets", buckets, 7.0 * mul * additions, format!("{additions:.2} additions of 7 M"));
    let reduced = counts.buckets as f64 / n;
    line("running sums", reduction, 17.0 * mul * reduced, format!("{reduced:.2} buckets of 17 M"));
    line("doublings", doublings, 0.0, "one vector for all".into());
    line("keys, scalars, bytes, verdicts", total - named, 0.0, "the rest".into());
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_default();
    let (mut wanted, mut sizes, mut seconds) = (None, Vec::new(), 0.5);
    let mut rule = Ed25519Rule::Zip215;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--backend" => {
                let name = arguments.next().unwrap_or_default();
                wanted = Some(BackendKind::from_name(&name).expect("the name of a backend"));
            }
            "--rule" => {
                let name = arguments.next().unwrap_or_default();
                rule = Ed25519Rule::from_name(&name).expect("the name of a rule");
            }
            "--seconds" => {
                seconds = arguments.next().and_then(|s| s.parse().ok()).expect("a number of seconds");
            }
            size => sizes.push(size.parse().expect("a number of signatures")),
        }
    }
    match mode.as_str() {
        "table" => {
            let sizes = if sizes.is_empty() { vec![8, 64, 1024, 16_384, 131_072] } else { sizes };
            table(rule, wanted, &sizes, seconds);
        }
        "phases" => {
            let sizes = if sizes.is_empty() { vec![16_384] } else { sizes };
            let kind = wanted.unwrap_or(BackendKind::Avx512);
            for &n in &sizes {
                for keys in [n, 64.min(n)] {
                    match kind {
                        #[cfg(target_arch = "x86_64")]
                        BackendKind::Avx512 => {
                            phases::<Radix51Ifma<sigwarp_kernels::simd::avx512ifma::U64x8>>(
                                rule, kind, n, keys, seconds,
                            );
                        }
                        #[cfg(target_arch = "x86_64")]
                        BackendKind::Avx2 => {
                            phases::<Radix51Fma<sigwarp_kernels::simd::avx2::U64x4>>(
                                rule, kind, n, keys, seconds,
                            );
                        }
                        _ => phases::<Radix51Portable>(rule, kind, n, keys, seconds),
                    }
                }
            }
        }
        _ => eprintln!(
            "usage: ed25519_paths table|phases [--rule NAME] [--backend NAME] [--seconds S] [SIZE]…"
        ),
    }
}
