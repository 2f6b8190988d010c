//! The most that consensus lets a block hash: legacy signatures of a transaction with so many inputs that each signs nearly
//! all of its megabyte.

use std::time::{Duration, Instant};

use sigwarp::Engine;
use sigwarp_profiles::bitcoin::{Bitcoin, Context, Flags, Network, PreviousOutput};
use sigwarp_profiles::{Batch, verify};

use crate::Out;
use crate::kernel::{self, Prepared};
use crate::wire::{Input, Output, Transaction, push};

/// So many inputs without a script are 820 kB, and a block has 20,000 legacy signature operations at most.
const INPUTS: [u32; 2] = [2_000, 20_000];

/// Times a transaction that is all inputs; each asks for one signature, which does not hold, and wants that.
pub(crate) fn quadratic(engine: &Engine, out: &mut Out) {
    // r = s = 1 under the point of the generator.
    let signature = [0x30, 6, 2, 1, 1, 2, 1, 1, 1];
    let generator =
        hex::decode("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").expect("digits");
    let script = [push(&signature), push(&generator), vec![0xac, 0x91]].concat();
    let mut before: Option<[Duration; 2]> = None;
    for count in INPUTS {
        let input = |index: u32| Input {
            outpoint: [&[0xab; 32][..], &index.to_le_bytes()].concat(),
            sequence: u32::MAX,
            ..Input::default()
        };
        let transaction = Transaction {
            version: 1,
            inputs: (0..count).map(input).collect(),
            outputs: vec![Output { value: 1, script: vec![0x51] }],
            lock_time: 0,
        };
        let bytes = transaction.write();
        let spent = vec![Output { value: 1000, script: script.clone() }; count as usize];
        let flags = Flags::at(Network::Main, 866_342, None);
        let previous =
            |output: &Output| PreviousOutput { value: output.value, script: output.script.clone() };
        let context =
            Context::transaction(flags, spent.iter().map(|output| Some(previous(output))).collect());

        let begin = Instant::now();
        let mut batch = Batch::new();
        batch.push(&Bitcoin, &bytes, &context);
        let report = verify(engine, batch).expect("an engine that works").remove(0);
        let ours = begin.elapsed();

        let begin = Instant::now();
        let prepared = Prepared::new(&bytes, &spent).expect("a transaction");
        let flags = kernel::flags(flags);
        let valid = (0..prepared.inputs()).filter(|input| prepared.is_valid(*input, flags)).count();
        let theirs = begin.elapsed();

        out.judge(
            report.verdict.is_valid() && valid == count as usize,
            &format!(
                "a transaction of {count} inputs that each sign its {} kB: {:.2} s against {:.2} s of bitcoinkernel, {:.1} GB \
                 hashed{}",
                bytes.len() / 1000,
                ours.as_secs_f64(),
                theirs.as_secs_f64(),
                bytes.len() as f64 * f64::from(count) / 1e9,
                before.map_or_else(String::new, |[of_ours, of_theirs]| {
                    let times = |now: Duration, then: Duration| now.as_secs_f64() / then.as_secs_f64();
                    format!("; ten times as many take {:.0} and {:.0} times as long", times(ours, of_ours), times(theirs, of_theirs))
                })
            ),
        );
        before = Some([ours, theirs]);
    }
}
