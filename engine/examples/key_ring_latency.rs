//! What known keys cost those who wait: how long calls of `verify` take while a fleet of keys is admitted from traffic and
//! becomes worth better tables all at once, and how long the registration of many keys takes.
//!
//! `cargo run --release -p sigwarp --example key_ring_latency -- [--keys 2000] [--items 2000] [--calls 600]
//! [--register 70000] [--threads 1]` prints CSV. All keys sign equally often, so that all reach a threshold within a few
//! calls of each other.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use ed25519_dalek::{Signer, SigningKey};
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::{CurveArithmetic, Group, group::Curve};
use sigwarp::{Batch, EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule, Engine, Key, Message, Suite};

struct Options {
    keys: usize,
    items: usize,
    calls: usize,
    register: usize,
    threads: NonZeroUsize,
}

impl Options {
    fn parse() -> Self {
        let mut options =
            Self { keys: 2_000, items: 2_000, calls: 600, register: 70_000, threads: NonZeroUsize::MIN };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().and_then(|value| value.parse::<NonZeroUsize>().ok());
            let value = value.unwrap_or_else(|| panic!("{name} takes a number from 1 on"));
            match name.as_str() {
                "--keys" => options.keys = value.get(),
                "--items" => options.items = value.get(),
                "--calls" => options.calls = value.get(),
                "--register" => options.register = value.get(),
                "--threads" => options.threads = value,
                other => panic!("unknown option {other}"),
            }
        }
        options
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Times of calls, one after another, over keys that come in turn.
fn verify(options: &Options) {
    let suite = Suite::ed25519(Ed25519Rule::Strict);
    let signed: Vec<([u8; 32], [u8; 64])> = (0..options.keys)
        .map(|i| {
            let mut seed = [5; 32];
            seed[..8].copy_from_slice(&(i as u64).to_le_bytes());
            let key = SigningKey::from_bytes(&seed);
            (key.verifying_key().to_bytes(), key.sign(b"a block").to_bytes())
        })
        .collect();
    let builder = Engine::builder().threads(options.threads).admit_keys(true).key_budget(1 << 30);
    let engine = builder.build().expect("an engine");
    engine.self_test().expect("the known answers");
    let mut next = signed.iter().cycle();
    let mut times = Vec::with_capacity(options.calls);
    for _ in 0..options.calls {
        let mut batch = Batch::new();
        for (key, signature) in next.by_ref().take(options.items) {
            batch.push(&suite, Key::Bytes(key), Message::Raw(b"a block"), signature);
        }
        let start = Instant::now();
        let verdicts = engine.verify(&batch).expect("verdicts");
        times.push(start.elapsed());
        assert!(verdicts.all_valid());
    }
    let stats = engine.key_stats();
    times.sort_unstable();
    let at = |share: f64| milliseconds(times[((times.len() - 1) as f64 * share) as usize]);
    println!("keys,items a call,calls,threads,backend,full tables,median ms,p90 ms,p99 ms,longest ms");
    println!(
        "{},{},{},{},{},{},{:.2},{:.2},{:.2},{:.2}",
        options.keys,
        options.items,
        options.calls,
        options.threads,
        engine.backends()[0],
        stats.full,
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

/// Multiples of the base point, compressed.
fn multiples<C: CurveArithmetic>(count: usize) -> Vec<Vec<u8>> {
    let base = C::ProjectivePoint::generator();
    std::iter::successors(Some(base), |point| Some(*point + base))
        .take(count)
        .map(|point| {
            let point = point.to_affine();
            [&[2 + point.y_is_odd().unwrap_u8()][..], &point.x()].concat()
        })
        .collect()
}

/// Times of registrations of as many keys of three schemes each, in one engine.
fn register(options: &Options) {
    let edwards = std::iter::successors(Some(ED25519_BASEPOINT_POINT), |point: &EdwardsPoint| {
        Some(point + ED25519_BASEPOINT_POINT)
    });
    let count = options.register;
    let edwards: Vec<Vec<u8>> = edwards.take(count).map(|point| point.compress().0.to_vec()).collect();
    let ecdsa = |scheme| Suite::ecdsa(scheme, EcdsaRule::Any, EcdsaEncoding::Raw);
    let fleets = [
        (Suite::ed25519(Ed25519Rule::Strict), edwards),
        (ecdsa(EcdsaScheme::P256Sha256), multiples::<p256::NistP256>(count)),
        (ecdsa(EcdsaScheme::Secp256k1Sha256), multiples::<k256::Secp256k1>(count)),
    ];
    let engine = Engine::builder().threads(options.threads).build().expect("an engine");
    engine.self_test().expect("the known answers");
    println!("scheme,keys,threads,seconds,full,compact,decoded");
    for (suite, keys) in fleets {
        let start = Instant::now();
        let registered = engine.register(&suite, &keys).expect("room");
        let seconds = start.elapsed().as_secs_f64();
        assert!(registered.iter().all(Result::is_ok));
        let stats = engine.key_stats();
        let tables = format!("{},{},{}", stats.full, stats.compact, stats.decoded);
        println!("{},{count},{},{seconds:.3},{tables}", suite.scheme(), options.threads);
    }
}

fn main() {
    let options = Options::parse();
    verify(&options);
    register(&options);
}
