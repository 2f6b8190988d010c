//! Reports of transactions: what was found out about each record and its signatures.

use std::ffi::c_char;
use std::sync::Arc;

use sigwarp_profiles::{Report, Signature, Verdict};

use crate::error::{Failure, call, sigwarp_code, sigwarp_error};
use crate::handles::Table;
use crate::memory::{self, Output};

pub(crate) static REPORTS: Table<Reports> = Table::new("reports", "sigwarp_transactions_verify", 7);

/// What a handle of reports names.
pub(crate) enum Reports {
    /// Reports of records.
    Own(Vec<Arc<Report>>),
    /// Those of the transactions of a block, which lie in its own.
    Within(Arc<Report>),
}

impl Reports {
    fn len(&self) -> usize {
        match self {
            Self::Own(reports) => reports.len(),
            Self::Within(block) => block.transactions.len(),
        }
    }

    fn get(&self, record: usize) -> Result<&Report, Failure> {
        let found = match self {
            Self::Own(reports) => reports.get(record).map(AsRef::as_ref),
            Self::Within(block) => block.transactions.get(record),
        };
        found
            .ok_or_else(|| Failure::argument(format!("record is {record}; there are {} reports", self.len())))
    }
}

/// The reports of records, in their order. To be freed with sigwarp_reports_free.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_reports {
    /// Private; 0 is no reports.
    pub id: u64,
}

/// The verdict on a record, or on one of its signatures. Only SIGWARP_VERDICT_VALID means that it is valid: compare with
/// it, and never test a verdict for zero or non-zero.
pub type sigwarp_verdict = u8;

/// Not decided: what every verdict is before a call and after one that failed. Never valid.
pub const SIGWARP_VERDICT_NOT_COMPUTED: sigwarp_verdict = 0;
/// Every signature that is needed holds.
pub const SIGWARP_VERDICT_VALID: sigwarp_verdict = 1;
/// No state of the ledger could make it valid.
pub const SIGWARP_VERDICT_INVALID: sigwarp_verdict = 2;
/// It depends on what was not given.
pub const SIGWARP_VERDICT_UNDECIDED: sigwarp_verdict = 3;

/// The bytes of a reason, its terminating zero included.
pub const SIGWARP_REASON_TEXT: usize = 64;
/// The bytes of a role, its terminating zero included.
pub const SIGWARP_ROLE_TEXT: usize = 48;

/// What was found out about a record. What a profile says beyond this is in sigwarp_reports_json.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct sigwarp_report {
    /// The number of its signatures; see sigwarp_reports_signatures.
    pub signatures: usize,
    /// The number of its transactions, where it is a block; see sigwarp_reports_transactions.
    pub transactions: usize,
    /// The place among its signatures of the one that decides an invalid record, or -1.
    pub which: i64,
    /// The offset in the record, in bytes, where it is malformed, or -1.
    pub at: i64,
    /// SIGWARP_VERDICT_*.
    pub verdict: sigwarp_verdict,
    /// The bytes of `sender`: 20 where a signature is recovered, else 0.
    pub sender_length: u8,
    /// The bytes of `tx_id`: 32 or, of Solana, 64; 0 where the record has no id.
    pub tx_id_length: u8,
    /// Zero.
    pub reserved: [u8; 5],
    /// The account that a recovered signature speaks for.
    pub sender: [u8; 32],
    /// The id by which the ledger knows the transaction.
    pub tx_id: [u8; 64],
    /// Why it is not valid, by a stable name, for example "HighS" or "LeadingZero:r"; empty where it is valid.
    pub reason: [c_char; SIGWARP_REASON_TEXT],
}

/// One signature of a record.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct sigwarp_report_signature {
    /// The bytes of the key. Of a key of more than 65, which no scheme of the profiles has, `key` holds the first 65.
    pub key_length: usize,
    /// SIGWARP_VERDICT_*, on this signature alone.
    pub verdict: sigwarp_verdict,
    /// The bytes of `address`: 20 where the key is recovered, else 0.
    pub address_length: u8,
    /// Zero.
    pub reserved: [u8; 1],
    /// The public key as the record has it, or 04 || x || y where it is recovered.
    pub key: [u8; 65],
    /// The last 20 bytes of Keccak-256(x || y), where the key is recovered.
    pub address: [u8; 20],
    /// Why it is not valid, by a stable name; empty where it is valid.
    pub reason: [c_char; SIGWARP_REASON_TEXT],
    /// What it is in the record, for example `tx` or `authorization[1]`.
    pub role: [c_char; SIGWARP_ROLE_TEXT],
}

impl Default for sigwarp_report {
    fn default() -> Self {
        Self {
            signatures: 0,
            transactions: 0,
            which: -1,
            at: -1,
            verdict: SIGWARP_VERDICT_NOT_COMPUTED,
            sender_length: 0,
            tx_id_length: 0,
            reserved: [0; 5],
            sender: [0; 32],
            tx_id: [0; 64],
            reason: [0; SIGWARP_REASON_TEXT],
        }
    }
}

impl Default for sigwarp_report_signature {
    fn default() -> Self {
        Self {
            key_length: 0,
            verdict: SIGWARP_VERDICT_NOT_COMPUTED,
            address_length: 0,
            reserved: [0; 1],
            key: [0; 65],
            address: [0; 20],
            reason: [0; SIGWARP_REASON_TEXT],
            role: [0; SIGWARP_ROLE_TEXT],
        }
    }
}

const fn code_of(verdict: Verdict) -> sigwarp_verdict {
    match verdict {
        Verdict::Valid => SIGWARP_VERDICT_VALID,
        Verdict::Invalid(_) => SIGWARP_VERDICT_INVALID,
        Verdict::Undecided(_) => SIGWARP_VERDICT_UNDECIDED,
    }
}

/// The first bytes of `bytes`, and zeros behind them.
fn bytes<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut filled = [0; N];
    let length = bytes.len().min(N);
    filled[..length].copy_from_slice(&bytes[..length]);
    filled
}

/// A text and its terminating zero. Reasons and roles are ASCII, and shorter than what they are written to.
fn word<const N: usize>(of: &impl ToString) -> [c_char; N] {
    let mut filled = [0; N];
    for (target, byte) in filled[..N - 1].iter_mut().zip(of.to_string().bytes()) {
        *target = byte as c_char;
    }
    filled
}

fn place(of: Option<usize>) -> i64 {
    of.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1)
}

fn report(report: &Report) -> sigwarp_report {
    let (sender, tx_id) =
        (report.sender.as_deref().unwrap_or_default(), report.tx_id.as_deref().unwrap_or_default());
    let filled = sigwarp_report::default();
    sigwarp_report {
        signatures: report.signatures.len(),
        transactions: report.transactions.len(),
        which: place(report.which),
        at: place(report.at),
        verdict: code_of(report.verdict),
        sender_length: sender.len().min(filled.sender.len()) as u8,
        tx_id_length: tx_id.len().min(filled.tx_id.len()) as u8,
        sender: bytes(sender),
        tx_id: bytes(tx_id),
        reason: report.verdict.cause().map_or(filled.reason, |cause| word(&cause)),
        ..filled
    }
}

fn signature(signature: &Signature) -> sigwarp_report_signature {
    let filled = sigwarp_report_signature::default();
    sigwarp_report_signature {
        key_length: signature.key.len(),
        verdict: code_of(signature.verdict),
        address_length: signature.address.map_or(0, |address| address.len() as u8),
        key: bytes(&signature.key),
        address: signature.address.unwrap_or_default(),
        reason: signature.verdict.cause().map_or(filled.reason, |cause| word(&cause)),
        role: word(&signature.role),
        ..filled
    }
}

/// Writes the number of reports.
///
/// # Safety
/// `length` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_reports_length(
    reports: sigwarp_reports,
    length: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("length", length) }?;
        output.set(REPORTS.get(reports.id)?.len());
        Ok(())
    })
}

/// Writes the reports from `first` on, as many as `count` says.
///
/// # Safety
/// `count` reports can be written to `into`; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_reports_read(
    reports: sigwarp_reports,
    first: usize,
    count: usize,
    into: *mut sigwarp_report,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: so many can be written, and nothing is borrowed.
        let output = unsafe { Output::new("into", into, count, count, &[]) }?;
        let reports = REPORTS.get(reports.id)?;
        let length = reports.len();
        if first > length || count > length - first {
            return Err(Failure::argument(format!(
                "{count} reports from {first} on; there are {length}, see sigwarp_reports_length"
            )));
        }
        let some = (first..first + count).map(|record| reports.get(record).map(report));
        let some: Vec<sigwarp_report> = some.collect::<Result<_, _>>()?;
        output.fill(some.into_iter());
        Ok(())
    })
}

/// Writes the signatures of a record, all of them, in the order of the wire. `capacity` must be at least their number,
/// which the report of the record has.
///
/// # Safety
/// `capacity` signatures can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_reports_signatures(
    reports: sigwarp_reports,
    record: usize,
    signatures: *mut sigwarp_report_signature,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // The number of signatures is not known before the reports are: all that may be written is zeroed.
        // SAFETY: so many can be written, and nothing is borrowed.
        unsafe { Output::new("signatures", signatures, capacity, capacity, &[]) }?;
        let reports = REPORTS.get(reports.id)?;
        let report = reports.get(record)?;
        // SAFETY: as above.
        let output =
            unsafe { Output::new("signatures", signatures, capacity, report.signatures.len(), &[]) }?;
        output.fill(report.signatures.iter().map(signature));
        Ok(())
    })
}

/// Writes the report of a record as a JSON object and a terminating zero: what `sigwarp transactions --output` writes of
/// it, without the members that say where the record stands. `needed`, which may be null, gets its length with the zero;
/// with it, a capacity of 0 asks for no more than that.
///
/// # Safety
/// `capacity` bytes can be written to `text`; `needed` and `error` are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_reports_json(
    reports: sigwarp_reports,
    record: usize,
    text: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let reports = REPORTS.get(reports.id)?;
        let mut json = "{".to_owned();
        reports.get(record)?.push_json(&mut json);
        json.push('}');
        // SAFETY: passed on.
        unsafe { memory::write_text(&json, text, capacity, needed) }
    })
}

/// The reports of the transactions of a record that is a block, in their order; none for other records. To be freed
/// with sigwarp_reports_free; the reports that they are from may be freed before.
///
/// # Safety
/// `transactions` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_reports_transactions(
    reports: sigwarp_reports,
    record: usize,
    transactions: *mut sigwarp_reports,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("transactions", transactions) }?;
        let reports = REPORTS.get(reports.id)?;
        let block = match &*reports {
            Reports::Own(own) if record < own.len() => Arc::clone(&own[record]),
            // A transaction of a block has none of its own.
            other => Arc::new(Report::clone(other.get(record)?)),
        };
        output.set(sigwarp_reports { id: REPORTS.insert(Arc::new(Reports::Within(block)))? });
        Ok(())
    })
}

/// Frees reports. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_reports_free(
    reports: sigwarp_reports,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || REPORTS.free(reports.id))
}
