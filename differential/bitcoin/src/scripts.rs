//! Changed inputs, judged by both.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use sigwarp::Engine;
use sigwarp_profiles::bitcoin::{Bitcoin, Context, PreviousOutput};
use sigwarp_profiles::{Batch, verify};

use crate::Out;
use crate::change::{Random, changed};
use crate::kernel::{self, Prepared};
use crate::seeds::{Seed, Vectors, seeds};

/// Transactions that are judged together.
const TOGETHER: usize = 4096;
/// Differences that are printed.
const SHOWN: usize = 20;

pub(crate) fn scripts(vectors: &Vectors, wanted: u64, seed: u64, out: &mut Out) {
    let seeds = seeds(vectors);
    out.note(&format!("{} inputs of the vectors to change, numbers from {seed}", seeds.len()));
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let engine = Engine::builder().threads(threads).build().expect("some backend runs everywhere");
    let mut random = Random(seed);
    let (mut inputs, mut valid, mut differences) = (0, 0, 0);
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    while inputs < wanted {
        let cases: Vec<(Seed, Vec<u8>, Context)> = (0..TOGETHER).map(|_| case(&seeds, &mut random)).collect();
        let mut batch = Batch::new();
        cases.iter().for_each(|(_, bytes, context)| batch.push(&Bitcoin, bytes, context));
        let reports = verify(&engine, batch).expect("an engine that works");
        for ((seed, bytes, context), report) in cases.iter().zip(&reports) {
            let theirs = Prepared::new(bytes, &seed.spent);
            let Some(theirs) = theirs else {
                // Then it cannot be read, by either.
                differences += u64::from(!report.inputs.is_empty());
                continue;
            };
            // Those that are not changed are judged too: they share what is.
            for input in [seed.input, (seed.input + 1) % theirs.inputs()].into_iter().take(theirs.inputs()) {
                let theirs = theirs.is_valid(input, kernel::flags(context.flags));
                let ours = report.inputs.get(input).map(|part| part.verdict);
                inputs += 1;
                valid += u64::from(theirs);
                if let Some(cause) = ours.and_then(|ours| ours.cause()) {
                    *reasons.entry(cause.to_string()).or_default() += 1;
                }
                let same = ours.is_some_and(|ours| ours.is_valid() == theirs && ours.name() != "undecided");
                if !same {
                    differences += 1;
                    if differences <= SHOWN as u64 {
                        let spent: Vec<String> = seed
                            .spent
                            .iter()
                            .map(|output| format!("[{},\"{}\"]", output.value, hex::encode(&output.script)))
                            .collect();
                        out.note(&format!(
                            "input {input}: ours {ours:?}, theirs {theirs}, {:?}, {} spends {}",
                            context.flags,
                            hex::encode(bytes),
                            spent.join(",")
                        ));
                    }
                }
            }
        }
    }
    let named: Vec<String> = reasons.iter().map(|(name, count)| format!("{name} {count}")).collect();
    out.note(&format!("reasons: {}", named.join(", ")));
    out.judge(
        differences == 0 && valid > inputs / 50,
        &format!(
            "{inputs} inputs, changed: {differences} on which ours and bitcoinkernel differ; {valid} valid"
        ),
    );
}

/// A seed, nearly always changed, with its bytes, under flags: mostly those of today, some of other times.
fn case(seeds: &[Seed], random: &mut Random) -> (Seed, Vec<u8>, Context) {
    let seed = &seeds[random.below(seeds.len())];
    let seed = if random.one_in(20) { seed.clone() } else { changed(seed, random) };
    let bytes = seed.transaction.write();
    let flags = kernel::some(if random.one_in(3) { random.next() } else { u64::MAX });
    let output = |output: &crate::wire::Output| {
        Some(PreviousOutput { value: output.value, script: output.script.clone() })
    };
    let context = Context::transaction(flags, seed.spent.iter().map(output).collect());
    (seed, bytes, context)
}
