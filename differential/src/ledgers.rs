//! Times of permissioned ledgers: blocks of Hyperledger Fabric beside the checks that Go makes of the same signatures, and
//! records of NEO, FISCO BCOS and Corda by themselves.

use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sigwarp::Engine;
use sigwarp_bench::measure::{Clock, Measured, Run, Settings, Side, Summary, WIDE_SPREAD, measure, ratios};
use sigwarp_profiles::corda::{self, Corda};
use sigwarp_profiles::fabric::{Context, Fabric, Kind};
use sigwarp_profiles::fisco_bcos::{FiscoBcos, Suite};
use sigwarp_profiles::neo::{self, Neo};
use sigwarp_profiles::{AnyContext, Batch, Profile, Report, System};

use crate::Out;
use crate::data::{Vectors, judge};
use crate::goal::Goal;
use crate::speed::prepared;

/// The transactions of the blocks, of 500 each: four signatures a transaction and one a block.
const TRANSACTIONS: usize = 2000;
/// Who signs them: three endorsers, thirty clients and four orderers.
const SIGNERS: usize = 37;

/// What blocks are to be faster by: without registered identities, and with them.
const GOALS: [Goal; 2] = [Goal::cold(7.0, 0.65 * 7.0), Goal::registered(15.0, 0.65 * 15.0)];

/// The pairs.
const PAIRS: usize = 15;

/// A sample of one side, by the time of this thread.
const SAMPLE: Settings = Settings {
    clock: Clock::ThreadCpu,
    warm_up_seconds: 0.0,
    sample_seconds: 0.02,
    row_seconds: 0.02,
    min_rounds: 1,
    max_rounds: 1,
};

pub(crate) fn ledgers(vectors: &Vectors, _: &Engine, out: &mut Out) {
    let (machine, cold) = prepared(out);
    match std::env::var_os("SIGWARP_FABRIC_PEER") {
        Some(peer) => {
            let blocks = Blocks::new(Path::new(&peer));
            for (ratio, (goal, keys)) in
                blocks.beside(&cold, out).into_iter().zip(GOALS.into_iter().zip(["cold", "registered"]))
            {
                goal.judge(&machine, ratio, &format!("blocks of Fabric, {keys} identities, beside Go"), out);
            }
        }
        None => out.note("SKIPPED: blocks of Fabric; SIGWARP_FABRIC_PEER names no program"),
    }
    neo_blocks(vectors, &cold, out);
    guomi(vectors, &cold, out);
    signed_transactions(vectors, &cold, out);
}

/// A file of blocks that Go has made, and the program that checks it.
struct Blocks {
    file: Vec<u8>,
    identities: Vec<Vec<u8>>,
    peer: Peer,
}

/// The program, which answers a line with the signatures that hold and its processor time.
struct Peer {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Peer {
    /// The signatures that hold, and the nanoseconds that they took.
    fn ask(&mut self) -> (u64, f64) {
        writeln!(self.asks).expect("a program that reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a program that answers");
        let mut numbers = line.split_whitespace().map(|number| number.parse::<u64>().expect("a number"));
        let (valid, time) = (numbers.next().expect("a count"), numbers.next().expect("a time"));
        (valid, time as f64)
    }
}

impl Blocks {
    fn new(peer: &Path) -> Self {
        let path = std::env::temp_dir().join(format!("sigwarp-fabric-{}", std::process::id()));
        let made = Command::new(peer).arg("make").arg(&path).arg(TRANSACTIONS.to_string()).status();
        assert!(made.is_ok_and(|status| status.success()), "{} makes no blocks", peer.display());
        // One thread, as ours.
        let mut command = Command::new(peer);
        command.arg("serve").arg(&path).env("GOMAXPROCS", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a program");
        let (asks, answers) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut peer = Peer { child, asks, answers: BufReader::new(answers) };
        // It has read the file once it answers.
        peer.ask();
        let file = std::fs::read(&path).expect("the blocks");
        let of = path.with_extension("identities");
        let identities = std::fs::read_to_string(&of).expect("the identities");
        let identities: Vec<_> = identities.lines().map(crate::data::unhex).collect();
        assert_eq!(identities.len(), SIGNERS);
        drop((std::fs::remove_file(&path), std::fs::remove_file(&of)));
        Self { file, identities, peer }
    }

    /// Both ratios: with cold keys, and with registered ones.
    fn beside(mut self, cold: &Engine, out: &Out) -> [f64; 2] {
        let context = Context::new(Kind::BlockFile);
        let known = Context::new(Kind::BlockFile).with_identities(&self.identities);
        let registered = Engine::builder().threads(NonZeroUsize::MIN).build().expect("some backend");
        registered.self_test().expect("known answers");
        let keys = System::register(&Fabric, &registered, &AnyContext::of::<Fabric>(known));
        assert_eq!(keys.expect("room for the keys"), SIGNERS);
        let mut row = |engine: &Engine, keys: &str| {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            let (signatures, _) = self.peer.ask();
            let mut run: Run<'_> = Box::new(|_| {
                let reports = judge(engine, &Fabric, [(&self.file[..], &context)]);
                assert!(reports[0].verdict.is_valid(), "{:?}", reports[0].verdict);
                holding(&reports)
            });
            for _ in 0..PAIRS {
                let [measured] = sample(&mut run, signatures);
                ours.push(measured.ns_per_item[0]);
                let (valid, time) = self.peer.ask();
                assert_eq!(valid, signatures);
                theirs.push(time / signatures as f64);
            }
            let ratio = Summary::of(&ratios(&ours, &theirs)).expect("pairs");
            let of = |samples: &[f64]| Summary::of(samples).expect("samples").median;
            let wide = if ratio.spread() > WIDE_SPREAD { ", a wide spread" } else { "" };
            out.note(&format!(
                "Fabric: {TRANSACTIONS} transactions in blocks of 500, {signatures} signatures, {keys} identities: {:.2} × Go's \
                 crypto/ecdsa (p10 {:.2}, p90 {:.2}{wide}; {PAIRS} pairs; {:.0} against {:.0} ns a signature)",
                ratio.median,
                ratio.p10,
                ratio.p90,
                of(&ours),
                of(&theirs)
            ));
            ratio.median
        };
        [row(cold, "cold"), row(&registered, "registered")]
    }
}

/// One sample of a run that must find so many.
fn sample(run: &mut Run<'_>, expected: u64) -> [Measured; 1] {
    let all = [expected];
    let side = Side { run, chunks: 1, items_per_chunk: expected as usize, expected: Some(&all) };
    let measured = measure(&mut [side], &SAMPLE).unwrap_or_else(|wrong| panic!("{wrong}"));
    <[Measured; 1]>::try_from(measured).expect("a side")
}

/// The signatures that hold in reports and all within them.
fn holding(reports: &[Report]) -> u64 {
    let of = |report: &Report| {
        let own = report.signatures.iter().filter(|signature| signature.verdict.is_valid()).count() as u64;
        own + holding(&report.transactions)
    };
    reports.iter().map(of).sum()
}

/// What records cost that are judged together, from their bytes to their reports.
fn alone<P: Profile>(
    name: &str,
    engine: &Engine,
    profile: &P,
    records: &[(Vec<u8>, P::Context)],
    out: &mut Out,
) {
    let borrowed = || records.iter().map(|(bytes, context)| (&bytes[..], context));
    let signatures = holding(&judge(engine, profile, borrowed()));
    assert!(signatures > 0, "{name}: no signature holds");
    let mut run: Run<'_> = Box::new(|_| holding(&judge(engine, profile, borrowed())));
    let times: Vec<f64> = (0..PAIRS).map(|_| sample(&mut run, signatures)[0].ns_per_item[0]).collect();
    let time = Summary::of(&times).expect("samples");
    // The same with the answers there.
    let mut batch = Batch::new();
    borrowed().for_each(|(bytes, context)| batch.push(profile, bytes, context));
    let results = sigwarp_profiles::answer(engine, &mut [batch]).expect("an engine that works").remove(0);
    let mut parts: Run<'_> = Box::new(|_| {
        let mut batch = Batch::new();
        borrowed().for_each(|(bytes, context)| batch.push(profile, bytes, context));
        while batch.resume(&results) {}
        holding(&batch.fold(&results))
    });
    let parts: Vec<f64> = (0..PAIRS).map(|_| sample(&mut parts, signatures)[0].ns_per_item[0]).collect();
    let share = Summary::of(&ratios(&times, &parts)).expect("pairs");
    out.note(&format!(
        "{name}: {} records, {signatures} signatures: {:.0} ns a signature (p10 {:.0}, p90 {:.0}), of which parsing and folding \
         are {:.3}",
        records.len(),
        time.median,
        time.p10,
        time.p90,
        share.median
    ));
}

/// Blocks of the main network and of a test network, and a transaction with 504 signatures.
fn neo_blocks(vectors: &Vectors, engine: &Engine, out: &mut Out) {
    for (name, file, kind) in [
        ("NEO, block 797,966 of 17,221 transactions", "block_797966.bin", neo::Kind::BlockLegacy),
        ("NEO, a block whose transaction has 504 signatures", "block_1050514.bin", neo::Kind::BlockLegacy),
        ("NEO N3, a chain of 50 blocks with two transactions each", "chain50x2.acc", neo::Kind::ChainN3),
    ] {
        let context = neo::Context::new(kind, 42);
        alone(name, engine, &Neo, &[(vectors.bytes(&format!("profiles/neo/{file}")), context)], out);
    }
}

/// Valid transactions of FISCO BCOS under SM2, over and over to 5,000.
fn guomi(vectors: &Vectors, engine: &Engine, out: &mut Out) {
    let mut cases = vectors.records(&FiscoBcos, "cases.jsonl.gz");
    cases.retain(|case| {
        let is_valid = case.expected.as_ref().is_some_and(|expected| expected.verdict == "valid");
        is_valid && case.context.suite == Suite::Sm
    });
    assert!(cases.len() > 10, "{} cases", cases.len());
    let repeated = cases.iter().cycle().take(5000);
    let records: Vec<_> = repeated.map(|case| (case.bytes.clone(), case.context.clone())).collect();
    alone(&format!("FISCO BCOS under SM2, {} distinct", cases.len()), engine, &FiscoBcos, &records, out);
}

/// The two real transactions of Corda, over and over to 1,000.
fn signed_transactions(vectors: &Vectors, engine: &Engine, out: &mut Out) {
    let real = ["node_transaction.dat", "cash-stx-db.blob"];
    let real = real.map(|file| vectors.bytes(&format!("profiles/corda/{file}")));
    let records: Vec<_> =
        real.iter().cycle().take(1000).map(|bytes| (bytes.clone(), corda::Context)).collect();
    alone("Corda, two distinct", engine, &Corda, &records, out);
}
