//! Records cut short and with one bit flipped: no panic, and valid only where that is said.

use sigwarp_profiles::{AnyContext, Batch, Report, System, verify};

use super::{Case, fastest};

/// A change of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Cut to this length.
    Cut(usize),
    /// This bit flipped, counted from the most significant one of the first byte.
    Flip(usize),
}

impl Damage {
    fn of(self, record: &[u8]) -> Vec<u8> {
        match self {
            Self::Cut(length) => record[..length].to_vec(),
            Self::Flip(bit) => {
                let mut record = record.to_vec();
                record[bit / 8] ^= 0x80 >> (bit % 8);
                record
            }
        }
    }
}

/// The most damaged records in a batch.
const BATCH: usize = 4096;

/// Whether every bit of many records is to be flipped, which takes minutes: `scripts/prove` asks for it.
pub fn damages_all() -> bool {
    std::env::var_os("SIGWARP_DAMAGE_ALL").is_some()
}

/// At most so many of the cases, as far from each other as they can be.
pub fn spread(cases: Vec<Case>, count: usize) -> Vec<Case> {
    let total = cases.len().max(1);
    let is_taken = |place: usize| place * count / total != (place + 1) * count / total;
    cases.into_iter().enumerate().filter(|(place, _)| is_taken(*place)).map(|(_, case)| case).collect()
}

/// Judges every truncation of the cases and every `step`-th flip of a bit (each starts at another one), and requires
/// that a damaged record which is still valid is one that `allowed` allows, from the report of the whole record and
/// that of the damaged one. Returns how many were judged, and how many of them were valid.
pub fn damage(
    system: &dyn System,
    cases: &[Case],
    step: usize,
    allowed: impl Fn(Damage, &Report, &Report) -> bool,
) -> (usize, usize) {
    let step = if damages_all() { 1 } else { step };
    let (mut judged, mut valid) = (0, 0);
    for (number, case) in cases.iter().enumerate() {
        let whole = judge(system, std::slice::from_ref(&case.record), &case.context).remove(0);
        let length = case.record.len();
        let cuts = (0..length).map(Damage::Cut);
        let flips = (number % step..length * 8).step_by(step).map(Damage::Flip);
        let all: Vec<Damage> = cuts.chain(flips).collect();
        for some in all.chunks(BATCH) {
            let records: Vec<Vec<u8>> = some.iter().map(|damage| damage.of(&case.record)).collect();
            for (&damage, report) in some.iter().zip(judge(system, &records, &case.context)) {
                judged += 1;
                if report.verdict.is_valid() {
                    valid += 1;
                    assert!(allowed(damage, &whole, &report), "{}: {damage:?} leaves it valid", case.id);
                }
            }
        }
    }
    (judged, valid)
}

fn judge(system: &dyn System, records: &[Vec<u8>], context: &AnyContext) -> Vec<Report> {
    let mut batch = Batch::new();
    for record in records {
        system.push(&mut batch, record, context).expect("a context of the system");
    }
    verify(fastest(), batch).expect("an engine that works")
}
