//! Profiles: whatever the bytes of a record are, parsing and folding neither panic nor take memory that the record does not
//! back; nothing is valid without the signatures that it needs; and every backend says the same of it, alone and among
//! others.
//!
//! The first byte of an input chooses the context, the others are the record, but where a module says otherwise. Every
//! input is parsed and folded, with answers that are made up: that costs microseconds. One in [`JUDGED`] of those that ask
//! for signatures is judged by engines as well.

mod bitcoin;
mod bumo;
mod chain_core;
mod chainlink;
mod chainmaker;
mod corda;
mod cose;
mod diem;
mod ethereum;
mod fabric;
mod fisco_bcos;
mod jose;
mod made;
mod neo;
mod secure_element;
mod solana;
mod x509;
mod xrpl;

use std::sync::LazyLock;

use sigwarp::{BackendChoice, Engine, Reason};
use sigwarp_profiles::{Batch, Profile, Recovered, Report, Results, Verdict, verify};

use super::{PORTABLE, engine};
use crate::memory::peak;

pub use bitcoin::bitcoin;
pub(crate) use bitcoin::seeds as bitcoin_seeds;
pub use bumo::bumo;
pub(crate) use bumo::seeds as bumo_seeds;
pub use chain_core::chain_core;
pub(crate) use chain_core::seeds as chain_core_seeds;
pub use chainlink::chainlink;
pub(crate) use chainlink::seeds as chainlink_seeds;
pub use chainmaker::chainmaker;
pub(crate) use chainmaker::seeds as chainmaker_seeds;
pub use corda::corda;
pub(crate) use corda::seeds as corda_seeds;
pub use cose::cose;
pub(crate) use cose::seeds as cose_seeds;
pub use diem::diem;
pub(crate) use diem::seeds as diem_seeds;
pub use ethereum::ethereum;
pub(crate) use ethereum::seeds as ethereum_seeds;
pub use fabric::fabric;
pub(crate) use fabric::seeds as fabric_seeds;
pub use fisco_bcos::fisco_bcos;
pub(crate) use fisco_bcos::seeds as fisco_bcos_seeds;
pub use jose::jose;
pub(crate) use jose::seeds as jose_seeds;
pub use neo::neo;
pub(crate) use neo::seeds as neo_seeds;
pub use secure_element::secure_element;
pub(crate) use secure_element::seeds as secure_element_seeds;
pub(crate) use solana::seeds as solana_seeds;
pub use solana::solana;
pub(crate) use x509::seeds as x509_seeds;
pub use x509::x509;
pub(crate) use xrpl::seeds as xrpl_seeds;
pub use xrpl::xrpl;

/// How many inputs that ask for signatures come to one that engines judge; its checksum decides which.
const JUDGED: u32 = 64;

/// What parsing, or folding, may take.
struct Limits {
    /// The bytes of memory for each byte of a record.
    per_byte: usize,
    /// The bytes of memory for any record.
    for_any: usize,
    /// The most signatures that a record of this length asks for.
    signatures: fn(usize) -> usize,
}

impl Limits {
    /// Blocks of the shortest transactions of Ethereum, whose fields are all empty, take 81 bytes for each of theirs, and
    /// their signatures are the shortest. The fields of the XRP Ledger are copied for each Ed25519 signer, which inputs of
    /// a few thousand bytes have no room to make more of.
    const LEDGER: Self = Self { per_byte: 128, for_any: 8 << 10, signatures: |length| length / 10 };
}

/// A system under test.
struct Subject<P: Profile> {
    profile: P,
    /// What the first byte of an input chooses from.
    contexts: Vec<P::Context>,
    limits: Limits,
    /// Whether every signature holds that the record cannot do without, by the report's own list of them.
    has_all: fn(&Report) -> bool,
    /// What else must hold of the report that made-up answers give, all of them good ones.
    sound: fn(&[u8], &P::Context, &Report),
    /// What else must hold of a report that an engine has part in.
    true_of: fn(&[u8], &P::Context, &Report),
    /// Whether a record that is valid stays valid without what it has from this length on.
    may_lose: fn(&[u8], &P::Context, usize) -> bool,
}

/// What a target says of a record beside its subject.
#[derive(Clone, Copy, Default)]
struct Beside {
    /// The bytes of the context that cost what those of a record do.
    context_bytes: usize,
    /// Whether a record can be valid that asks for signatures and has none that holds.
    may_be_unsigned: bool,
}

/// The backend that callers get.
pub(super) static BEST: LazyLock<Engine> =
    LazyLock::new(|| engine(BackendChoice::Auto, 1).expect("some backend runs everywhere"));

/// Which of the made-up answers are good.
#[derive(Clone, Copy)]
enum Answers {
    All,
    None,
    /// By the bits of a number.
    Some(u32),
    /// The one at this place alone.
    One(usize),
}

impl Answers {
    fn good(self, place: usize) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Some(bits) => bits >> (place % 32) & 1 == 1,
            Self::One(good) => place == good,
        }
    }

    fn verdict(self, place: usize) -> sigwarp::Verdict {
        match self.good(place) {
            true => sigwarp::Verdict::Valid,
            false => sigwarp::Verdict::Invalid(Reason::EquationFailed),
        }
    }

    /// Of the keys that [`made::signer`] makes, so that a set knows them: one after another, or in any order and again.
    fn recovered(self, place: usize) -> Result<Recovered, Reason> {
        let key = made::signer(match self {
            Self::Some(bits) => (bits.rotate_right(2 * place as u32 + 7) as usize) % made::SIGNERS,
            _ => place % made::SIGNERS,
        });
        self.good(place)
            .then_some(Recovered { key: key.uncompressed, address: key.address })
            .ok_or(Reason::EquationFailed)
    }
}

impl<P: Profile> Subject<P> {
    /// A target: an input of a context and a record.
    fn run(&self, data: &[u8]) {
        let Some((&choice, record)) = data.split_first() else { return };
        let context = &self.contexts[usize::from(choice) % self.contexts.len()];
        self.run_in(record, context, crc32fast::hash(data));
    }

    /// The same in a context that the input has made; `bits` are those of its checksum. Returns the report of the engines,
    /// where they judge it.
    fn run_in(&self, record: &[u8], context: &P::Context, bits: u32) -> Option<Report> {
        self.run_beside(record, context, bits, Beside::default())
    }

    /// The same, with what is to be known beside.
    fn run_beside(&self, record: &[u8], context: &P::Context, bits: u32, beside: Beside) -> Option<Report> {
        let answered = |answers| self.answered(record, context, answers, beside);
        let (report, asked) = answered(Answers::All);
        (self.sound)(record, context, &report);
        if asked == 0 {
            // Its bytes decide it, whatever the answers are.
            assert_eq!(answered(Answers::None).0, report);
            return None;
        }
        let (none, _) = answered(Answers::None);
        let may_be = beside.may_be_unsigned && (self.has_all)(&none);
        assert!(!none.verdict.is_valid() || may_be, "valid without a signature: {none:?}");
        let (some, _) = answered(Answers::Some(bits));
        assert!(!some.verdict.is_valid() || (self.has_all)(&some), "valid without a signature: {some:?}");
        bits.is_multiple_of(JUDGED).then(|| self.judge(record, context, bits as usize))
    }

    /// The report of a record with made-up answers, within its limits.
    fn folded(&self, record: &[u8], context: &P::Context, answers: Answers) -> Report {
        self.answered(record, context, answers, Beside::default()).0
    }

    /// The same, and how many signatures the record asks for.
    fn answered(
        &self,
        record: &[u8],
        context: &P::Context,
        answers: Answers,
        beside: Beside,
    ) -> (Report, usize) {
        let Limits { per_byte, for_any, signatures } = self.limits;
        let length = record.len() + beside.context_bytes;
        let bound = for_any + per_byte * length;
        let mut batch = Batch::new();
        let ((), most) = peak(|| batch.push(&self.profile, record, context));
        assert!(most <= bound, "{most} bytes to parse {length} bytes");
        let made_up = |batch: &Batch<'_>| {
            let (verdict, recovered) = (|place| answers.verdict(place), |place| answers.recovered(place));
            Results::made_up(batch, record.len() as u8, verdict, recovered)
        };
        let mut results = made_up(&batch);
        let (rounds, most) = peak(|| {
            let mut rounds = 0;
            while batch.resume(&results) {
                results = made_up(&batch);
                rounds += 1;
            }
            rounds
        });
        assert!(most <= bound, "{most} bytes to go on with {length} bytes");
        // Each has learned an answer; the first may have waited for hashes.
        let learned = 1 + batch.work().signatures();
        assert!(rounds <= learned, "{rounds} rounds for {learned} answers");
        // Some ask once they know a hash.
        let asked = batch.work().signatures();
        assert!(asked <= signatures(length), "{asked} signatures in {length} bytes");
        let (reports, most) = peak(|| batch.fold(&results));
        assert!(most <= bound, "{most} bytes to fold {length} bytes");
        let [report] = <[Report; 1]>::try_from(reports).expect("a report for each record");
        self.checked(record, &report);
        (report, asked)
    }

    /// Has the record judged by two backends, among others: cut short, longer, and one that is valid.
    fn judge(&self, record: &[u8], context: &P::Context, random: usize) -> Report {
        let cut = random / JUDGED as usize % record.len().max(1);
        let longer = [record, &[random as u8]].concat();
        let records = [record, &record[..cut], &longer];
        let reports = |engine: &Engine, records: &[&[u8]]| {
            let mut batch = Batch::new();
            records.iter().for_each(|record| batch.push(&self.profile, record, context));
            verify(engine, batch).expect("an engine that works")
        };
        let all = reports(&PORTABLE, &records);
        assert_eq!(all, reports(&BEST, &records), "two backends");
        assert_eq!(all[..1], reports(&BEST, &[record]), "alone and among others");
        for (record, report) in records.iter().zip(&all) {
            self.checked(record, report);
            (self.true_of)(record, context, report);
        }
        for (whole, shorter) in [(0, 1), (2, 0)] {
            if all[whole].verdict.is_valid() && all[shorter].verdict.is_valid() {
                let (bytes, length) = (records[whole], records[shorter].len());
                assert!((self.may_lose)(bytes, context, length), "{length} of {} are valid", bytes.len());
            }
        }
        let [whole, ..] = <[Report; 3]>::try_from(all).expect("three reports");
        whole
    }

    /// What holds of every report.
    fn checked(&self, record: &[u8], report: &Report) {
        assert!(report.at.is_none_or(|at| at <= record.len()), "{:?} of {}", report.at, record.len());
        assert!(report.which.is_none_or(|which| which < report.signatures.len()));
        let verdict = report.verdict;
        assert!(report.which.is_none() || matches!(verdict, Verdict::Invalid(_)), "{report:?}");
        for part in &report.precompiles {
            let all = part.signatures.iter().all(|signature| signature.verdict.is_valid());
            assert!(!part.verdict.is_valid() || all, "{part:?}");
        }
        report.transactions.iter().for_each(|transaction| self.checked(record, transaction));
        // A block of Fabric is valid whatever its transactions are.
        if verdict.is_valid() && self.profile.name() != "fabric" {
            assert!(report.transactions.iter().all(|transaction| transaction.verdict.is_valid()));
        }
    }
}

/// Whether there is a signature, and each holds.
fn all_hold(report: &Report) -> bool {
    let signatures = &report.signatures;
    !signatures.is_empty() && signatures.iter().all(|signature| signature.verdict.is_valid())
}

/// An input of a context and a record.
fn input(context: u8, record: &[u8]) -> Vec<u8> {
    [&[context], record].concat()
}

#[cfg(test)]
impl<P: Profile> Subject<P> {
    /// The verdicts that engines have on the seeds, in words.
    fn judged(&self, seeds: &[Vec<u8>]) -> Vec<String> {
        let verdict = |(place, seed): (usize, &Vec<u8>)| {
            let context = &self.contexts[usize::from(seed[0]) % self.contexts.len()];
            self.said(&seed[1..], context, place)
        };
        seeds.iter().enumerate().map(verdict).collect()
    }

    /// The verdict that engines have on a record, in words.
    fn said(&self, record: &[u8], context: &P::Context, place: usize) -> String {
        let report = self.judge(record, context, place * 64 * 97);
        let cause = report.verdict.cause().map_or_else(String::new, |cause| format!(" {cause}"));
        format!("{}{cause}", report.verdict.name())
    }
}
