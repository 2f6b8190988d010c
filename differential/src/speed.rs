//! Times: one thread on one core, ours and the peer in turn, from the same bytes to the same answers.

use std::num::NonZeroUsize;

use ed25519_dalek::{Signer, SigningKey};
use sigwarp::Engine;
use sigwarp_bench::measure::{
    Clock, Cores, Measured, Run, Settings, Side, Summary, WIDE_SPREAD, measure, ratios,
};
use sigwarp_bench::report::Machine;
use sigwarp_profiles::chainlink::Chainlink;
use sigwarp_profiles::ethereum::Ethereum;
use sigwarp_profiles::solana::{Context, Solana};
use sigwarp_profiles::xrpl::Xrpl;
use sigwarp_profiles::{Batch, Profile, answer, verify};

use crate::data::{Vectors, judge};
use crate::goal::Goal;
use crate::{Out, ethereum, solana};

/// At least 15 pairs, of the time of the processor: other processes may use the machine.
const SETTINGS: Settings = Settings {
    clock: Clock::ThreadCpu,
    warm_up_seconds: 0.2,
    sample_seconds: 0.02,
    row_seconds: 12.0,
    min_rounds: 15,
    max_rounds: 61,
};

/// The part of the whole that parsing and folding may take.
const SHARE: f64 = 0.2;

/// What senders of blocks are to be faster by than alloy's, and transactions of Solana than the SDK's verification.
const SENDERS: Goal = Goal::cold(7.0, 5.0);
const TRANSACTIONS: Goal = Goal::cold(10.0, 7.0);

/// Generated transactions of Solana.
const SOLANA: usize = 10_000;

/// What is read: bytes, and the context of each.
type Records<C> = Vec<(Vec<u8>, C)>;

fn borrowed<C>(records: &Records<C>) -> Vec<(&[u8], &C)> {
    records.iter().map(|(bytes, context)| (&bytes[..], context)).collect()
}

pub(crate) fn speed(vectors: &Vectors, _: &Engine, out: &mut Out) {
    let (machine, engine) = prepared(out);
    senders(vectors, (&machine, &engine), out);
    transactions_of_solana(vectors, (&machine, &engine), out);
    alone(vectors, &engine, Xrpl, "xrpl", out);
    alone(vectors, &engine, Chainlink, "chainlink", out);
}

/// The machine, on one core, and an engine of one thread.
pub(crate) fn prepared(out: &Out) -> (Machine, Engine) {
    let cores = Cores::find(None).expect("a core to measure on");
    if let Some(cores) = &cores {
        cores.pin(1).expect("the core of this process");
    }
    let machine = Machine::detect(cores.as_ref());
    out.note(&format!(
        "{}{}; {}; core {:?} of {}, {:.2} GHz, load {:.1}",
        machine.cpu,
        machine.cpu_id.as_ref().map_or_else(String::new, |id| format!(" ({id})")),
        machine.cpu_features.join(" "),
        machine.core,
        machine.cores,
        machine.frequency_ghz.unwrap_or(0.0),
        machine.load.unwrap_or(0.0)
    ));
    let engine = Engine::builder().threads(NonZeroUsize::MIN).build().expect("some backend runs everywhere");
    engine.self_test().expect("known answers");
    out.note(&format!("backends: {:?}", engine.backends()));
    (machine, engine)
}

/// Two sides of a row, each called on a chunk.
pub(crate) fn pair<'a>(
    (chunks, items): (usize, usize),
    mut ours: Run<'a>,
    mut theirs: Run<'a>,
    expected: &[u64],
) -> [Measured; 2] {
    let side = |run, items_per_chunk| Side { run, chunks, items_per_chunk, expected: Some(expected) };
    let measured = measure(&mut [side(&mut ours, items), side(&mut theirs, items)], &SETTINGS);
    let measured = measured.unwrap_or_else(|wrong| panic!("{wrong}"));
    <[Measured; 2]>::try_from(measured).expect("two sides")
}

/// Prints a pair, ours and what it is compared with, and returns the ratio.
pub(crate) fn print(what: &str, [ours, theirs]: &[Measured; 2], peer: &str, out: &Out) -> f64 {
    let of = |measured: &Measured| Summary::of(&measured.ns_per_item).expect("samples");
    let ratio = Summary::of(&ratios(&ours.ns_per_item, &theirs.ns_per_item)).expect("pairs");
    let wide = if ratio.spread() > WIDE_SPREAD { ", a wide spread" } else { "" };
    out.note(&format!(
        "{what}: {:.2} × {peer} (p10 {:.2}, p90 {:.2}{wide}; {} pairs; {:.0} against {:.0} ns, {:.0} % and {:.0} % of the core)",
        ratio.median,
        ratio.p10,
        ratio.p90,
        ours.ns_per_item.len(),
        of(ours).median,
        of(theirs).median,
        100.0 * ours.cpu_share,
        100.0 * theirs.cpu_share
    ));
    ratio.median
}

/// The part of the whole that parsing and folding take, the engine and its hashes left out.
/// It may be this much at most.
pub(crate) fn share<P: Profile>(
    what: &str,
    engine: &Engine,
    profile: &P,
    records: &[(&[u8], &P::Context)],
    at_most: f64,
    out: &mut Out,
) {
    let filled = || {
        let mut batch = Batch::new();
        records.iter().for_each(|(bytes, context)| batch.push(profile, bytes, context));
        batch
    };
    let valid = |reports: Vec<sigwarp_profiles::Report>| {
        reports.iter().filter(|report| report.verdict.is_valid()).count() as u64
    };
    let results = answer(engine, &mut [filled()]).expect("an engine that works").remove(0);
    let expected = [valid(filled().fold(&results))];
    assert!(expected[0] > 0, "{what}: nothing is valid");
    let parts: Run<'_> = Box::new(|_| valid(filled().fold(&results)));
    let whole: Run<'_> = Box::new(|_| valid(verify(engine, filled()).expect("an engine that works")));
    let [parts, whole] = pair((1, records.len()), parts, whole, &expected);
    let share = Summary::of(&ratios(&whole.ns_per_item, &parts.ns_per_item)).expect("pairs");
    let of = |measured: &Measured| Summary::of(&measured.ns_per_item).expect("samples").median;
    out.judge(
        share.median <= at_most,
        &format!(
            "{what}: parsing and folding take {:.3} of the whole (p10 {:.3}, p90 {:.3}; {:.0} of {:.0} ns a record); at most {at_most:.2}",
            share.median,
            share.p10,
            share.p90,
            of(&parts),
            of(&whole)
        ),
    );
}

/// The senders of every transaction of the blocks of mainnet: from the same bytes to the same answer, which is the senders
/// of a block whose root is that of its transactions; and beside alloy without the root, which ours looks at all the same.
fn senders(vectors: &Vectors, (machine, engine): (&Machine, &Engine), out: &mut Out) {
    let blocks: Vec<_> =
        ethereum::blocks(vectors).into_iter().filter(|block| block.of.0.starts_with("mainnet-")).collect();
    let any_s: Vec<bool> =
        blocks.iter().map(|block| block.of.1.as_u64().is_some_and(|number| number < 1_150_000)).collect();
    let sum = |senders: &mut dyn Iterator<Item = &[u8]>| {
        senders.fold(0u64, |sum, sender| {
            sum.wrapping_mul(31).wrapping_add(u64::from(sender[19]) + u64::from(sender[0]))
        })
    };
    let records: Records<_> = blocks.iter().map(|block| (block.bytes.clone(), block.context)).collect();
    let reports = judge(engine, &Ethereum, records.iter().map(|(bytes, context)| (&bytes[..], context)));
    assert!(reports.iter().all(|report| report.verdict.is_valid()), "blocks of mainnet");
    let count: usize = reports.iter().map(|report| report.transactions.len()).sum();
    let answer_of = |reports: &[sigwarp_profiles::Report]| {
        let transactions = reports.iter().flat_map(|report| &report.transactions);
        sum(&mut transactions.map(|transaction| transaction.sender.as_deref().expect("a sender")))
    };
    type Senders = fn(&[u8], bool) -> Result<Vec<Vec<u8>>, String>;
    let their_answer = |of: Senders, blocks: &[(&[u8], bool)]| {
        let senders = blocks.iter().flat_map(|(bytes, any_s)| of(bytes, *any_s).expect("a block"));
        let senders: Vec<Vec<u8>> = senders.collect();
        sum(&mut senders.iter().map(Vec::as_slice))
    };
    let both: [(Senders, &str); 2] =
        [(ethereum::senders_of_root, "senders and root"), (ethereum::senders, "senders")];
    let pairs: Vec<(&[u8], bool)> =
        records.iter().zip(&any_s).map(|((bytes, _), any_s)| (&bytes[..], *any_s)).collect();

    let largest = (0..records.len()).max_by_key(|&block| reports[block].transactions.len()).expect("a block");
    let of_largest = reports[largest].transactions.len();
    // All at once, and the largest block alone, as a node that follows the chain sees it.
    let all = format!("{count} transactions in {} blocks at once", blocks.len());
    let parts = [
        (0..records.len(), count, all),
        (largest..largest + 1, of_largest, format!("one block of {of_largest}")),
    ];
    for ((part, count, text), (of, what)) in
        parts.iter().flat_map(|part| both.iter().map(move |of| (part, of)))
    {
        let ours: Run<'_> = Box::new(|_| {
            let mut batch = Batch::new();
            records[part.clone()].iter().for_each(|(bytes, context)| batch.push(&Ethereum, bytes, context));
            answer_of(&verify(engine, batch).expect("an engine that works"))
        });
        let theirs: Run<'_> = Box::new(|_| their_answer(*of, &pairs[part.clone()]));
        let measured = pair((1, *count), ours, theirs, &[answer_of(&reports[part.clone()])]);
        let what = format!("ethereum: {what} of {text}");
        let ratio = print(&what, &measured, "alloy", out);
        SENDERS.judge(machine, ratio, &format!("{what} beside alloy"), out);
    }
    share("ethereum, blocks of mainnet", engine, &Ethereum, &borrowed(&records), SHARE, out);
}

/// Ten thousand transactions in the shapes of valid ones of the vectors, each with keys of its own: decoded, sanitized and
/// verified.
fn transactions_of_solana(vectors: &Vectors, (machine, engine): (&Machine, &Engine), out: &mut Out) {
    let records: Records<Context> = generated(vectors);
    let valid = records.iter().filter(|(bytes, _)| solana::verified(bytes).is_ok()).count();
    assert_eq!(valid, SOLANA, "generated transactions");
    let ours: Run<'_> = Box::new(|_| {
        let reports = judge(engine, &Solana, records.iter().map(|(bytes, context)| (&bytes[..], context)));
        reports.iter().filter(|report| report.verdict.is_valid()).count() as u64
    });
    let theirs: Run<'_> =
        Box::new(|_| records.iter().filter(|(bytes, _)| solana::verified(bytes).is_ok()).count() as u64);
    let measured = pair((1, SOLANA), ours, theirs, &[SOLANA as u64]);
    let what = format!("solana: {SOLANA} transactions at once");
    let ratio = print(&what, &measured, "the SDK", out);
    TRANSACTIONS.judge(machine, ratio, &format!("{what} beside the SDK"), out);
    share("solana", engine, &Solana, &borrowed(&records), SHARE, out);
}

/// Legacy and v0 transactions of the vectors with other keys for their signers, signed again.
fn generated(vectors: &Vectors) -> Records<Context> {
    let mut templates = solana::transactions(vectors);
    templates.retain(|record| {
        record.expected.as_ref().is_some_and(|expected| expected.verdict == "valid") && record.bytes[0] < 0x80
    });
    let record = |place: usize| {
        let mut bytes = templates[place % templates.len()].bytes.clone();
        let signers = usize::from(bytes[0]);
        let message = 1 + 64 * signers;
        // Behind the version, the header and the number of keys.
        let keys = message + usize::from(bytes[message] >= 0x80) + 4;
        assert!(bytes[keys - 1] < 0x80, "a number of keys of one byte");
        let secret = |signer: usize| {
            let mut seed = [0x51; 32];
            seed[..8].copy_from_slice(&((place * 128 + signer) as u64).to_le_bytes());
            SigningKey::from_bytes(&seed)
        };
        for signer in 0..signers {
            bytes[keys + 32 * signer..][..32].copy_from_slice(&secret(signer).verifying_key().to_bytes());
        }
        for signer in 0..signers {
            let signature = secret(signer).sign(&bytes[message..]).to_bytes();
            bytes[1 + 64 * signer..][..64].copy_from_slice(&signature);
        }
        (bytes, Context::default())
    };
    (0..SOLANA).map(record).collect()
}

/// The valid cases of a system without a peer.
fn alone<P: Profile>(vectors: &Vectors, engine: &Engine, profile: P, name: &str, out: &mut Out)
where
    P::Context: Clone,
{
    let mut cases = vectors.records(&profile, "cases.jsonl.gz");
    cases.retain(|case| case.expected.as_ref().is_some_and(|expected| expected.verdict == "valid"));
    let records: Records<P::Context> =
        cases.iter().cycle().take(1000).map(|case| (case.bytes.clone(), case.context.clone())).collect();
    let run = || -> Run<'_> {
        Box::new(|_| {
            let reports =
                judge(engine, &profile, records.iter().map(|(bytes, context)| (&bytes[..], context)));
            reports.iter().filter(|report| report.verdict.is_valid()).count() as u64
        })
    };
    // Ours against itself: the ratio says how far the figures of this machine can be trusted.
    let [one, other] = pair((1, records.len()), run(), run(), &[records.len() as u64]);
    let all: Vec<f64> = one.ns_per_item.iter().chain(&other.ns_per_item).copied().collect();
    let time = Summary::of(&all).expect("samples");
    let signatures: usize = {
        let mut batch = Batch::new();
        records.iter().for_each(|(bytes, context)| batch.push(&profile, bytes, context));
        batch.work().signatures()
    };
    let same = Summary::of(&ratios(&one.ns_per_item, &other.ns_per_item)).expect("pairs");
    out.note(&format!(
        "{name}: {:.0} transactions/s (p10 {:.0}, p90 {:.0}; {} distinct of {} with {signatures} signatures; against itself \
         {:.3})",
        1e9 / time.median,
        1e9 / time.p90,
        1e9 / time.p10,
        cases.len(),
        records.len(),
        same.median
    ));
    share(name, engine, &profile, &borrowed(&records), SHARE, out);
}
