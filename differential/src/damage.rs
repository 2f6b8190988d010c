//! Truncations and flipped bits of fifty valid transactions of each system.

use sigwarp::Engine;
use sigwarp_profiles::chainlink::Chainlink;
use sigwarp_profiles::ethereum::Ethereum;
use sigwarp_profiles::solana::Solana;
use sigwarp_profiles::xrpl::Xrpl;
use sigwarp_profiles::{Profile, Report};

use crate::compare::{Class, Said, Tally};
use crate::data::{Record, Vectors, judge};
use crate::unsigned::{self, Damage};
use crate::{Out, ethereum, solana};

/// Transactions of each system.
const TRANSACTIONS: usize = 50;
/// Of longer records, random bits are flipped, this many.
const LONG: usize = 4096;
const RANDOM: usize = 32_768;
/// The most damaged records in a batch.
const BATCH: usize = 4096;

/// A peer: what it says of a record, and the class of a difference from it.
type Peer<C> = (fn(&[u8], &C) -> Said, fn(&[u8], &C, &Report, &Said) -> Option<&'static Class>);

/// Whether a damaged record may be valid, by the record before, its context and both reports.
type Allowed<C> = fn(&[u8], &C, Damage, (&Report, &Report)) -> bool;

pub(crate) fn flips(vectors: &Vectors, engine: &Engine, out: &mut Out) {
    let peer: Peer<_> = (ethereum::said, ethereum::class);
    system(vectors, engine, Ethereum, (unsigned::ethereum, Some(peer)), out);
    let peer: Peer<_> =
        (|bytes, _| solana::said(bytes), |bytes, _, report, said| solana::class(bytes, report, said));
    system(vectors, engine, Solana, (|_, _, _, _| false, Some(peer)), out);
    system(
        vectors,
        engine,
        Xrpl,
        (|record, _, damage, reports| unsigned::xrpl(record, damage, reports), None),
        out,
    );
    system(
        vectors,
        engine,
        Chainlink,
        (|record, context, damage, _| unsigned::chainlink(record, context, damage), None),
        out,
    );
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ word >> 31) % end as u64) as usize
    }
}

/// Fifty of the valid cases, evenly spread.
fn picked<P: Profile>(vectors: &Vectors, profile: &P) -> Vec<Record<P::Context>> {
    let mut cases = vectors.records(profile, "cases.jsonl.gz");
    cases.retain(|case| case.expected.as_ref().is_some_and(|expected| expected.verdict == "valid"));
    let count = cases.len();
    assert!(count >= TRANSACTIONS, "{count} valid cases of {}", profile.name());
    let mut place = 0;
    cases.retain(|_| {
        place += 1;
        (place * TRANSACTIONS) / count != ((place - 1) * TRANSACTIONS) / count
    });
    cases
}

fn system<P: Profile>(
    vectors: &Vectors,
    engine: &Engine,
    profile: P,
    (allowed, peer): (Allowed<P::Context>, Option<Peer<P::Context>>),
    out: &mut Out,
) {
    let name = profile.name();
    let mut random = Random(23);
    let (mut cuts, mut flips, mut valid) = (0usize, 0usize, 0usize);
    let mut wrong = Vec::new();
    let mut tally = Tally::default();
    let cases = picked(vectors, &profile);
    for case in &cases {
        let whole = judge(engine, &profile, [(&case.bytes[..], &case.context)]).remove(0);
        assert!(whole.verdict.is_valid(), "{}", case.id);
        let length = case.bytes.len();
        let bits: Vec<usize> = match length {
            LONG.. => (0..RANDOM).map(|_| random.below(8 * length)).collect(),
            _ => (0..8 * length).collect(),
        };
        (cuts, flips) = (cuts + length, flips + bits.len());
        let all: Vec<Damage> =
            (0..length).map(Damage::Cut).chain(bits.into_iter().map(Damage::Flip)).collect();
        for some in all.chunks(BATCH) {
            let records: Vec<Vec<u8>> = some.iter().map(|damage| damage.of(&case.bytes)).collect();
            let reports = judge(engine, &profile, records.iter().map(|record| (&record[..], &case.context)));
            for ((&damage, record), report) in some.iter().zip(&records).zip(&reports) {
                if report.verdict.is_valid() {
                    valid += 1;
                    if !allowed(&case.bytes, &case.context, damage, (&whole, report)) {
                        wrong.push(format!("{} {damage:?}", case.id));
                    }
                }
                if let Some((said, class)) = peer {
                    let said = said(record, &case.context);
                    let id = format!("{} {damage:?}", case.id);
                    tally.add(&id, (report, &said), || class(record, &case.context, report, &said));
                }
            }
        }
    }
    let text = format!(
        "{name}: {} transactions, {cuts} truncations and {flips} flipped bits without a panic; {valid} still valid, {} of \
         them not where it is said {:?}",
        cases.len(),
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );
    out.judge(wrong.is_empty() && cases.len() == TRANSACTIONS, &text);
    if peer.is_some() {
        tally.print_damaged(&format!("{name}, damaged transactions beside the peer"), out);
    }
}
