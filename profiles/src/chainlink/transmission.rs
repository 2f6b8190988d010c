//! Calldata of OCR1 and OCR2, and signed reports of Data Streams: a tuple with the report, rs, ss and vs.

use sigwarp::Hash;

use super::plan::{Given, Plan};
use super::tuple::{Tuple, WORD};
use super::{Context, Fault, Form, MOST_SIGNERS};
use crate::profile::Decided;
use crate::work::{Piece, Work};

/// The selectors of `transmit`, the first four bytes of the Keccak-256 of its signature.
const OCR1_TRANSMIT: [u8; 4] = [0xc9, 0x80, 0x75, 0x39];
const OCR2_TRANSMIT: [u8; 4] = [0xb1, 0xdc, 0x65, 0xa4];

/// The words of the context of a report: config digest, epoch and round, extra hash.
const CONTEXT_WORDS: usize = 3;

/// Where the config digest stands in a report of OCR1: after 11 zero bytes, before epoch and round.
const OCR1_DIGEST: std::ops::Range<usize> = 11..27;

pub(super) fn parse<'a>(
    record: &'a [u8],
    context: &'a Context,
    work: &mut Work<'a>,
) -> Result<Plan<'a>, Decided> {
    let selector: &[u8] = match context.form {
        Form::Ocr1 { .. } => &OCR1_TRANSMIT,
        Form::Ocr2 { .. } => &OCR2_TRANSMIT,
        Form::Streams { .. } | Form::Ocr3 { .. } => &[],
    };
    if !record.starts_with(selector) {
        return Err(Decided::at(0, Fault::WrongSelector));
    }
    let tuple = Tuple::new(record, selector.len());
    let before = if matches!(context.form, Form::Ocr1 { .. }) { 0 } else { CONTEXT_WORDS };
    let report_context = tuple.words(0, before)?;
    let report = tuple.items(before, 1)?;
    let rs = tuple.items(before + 1, WORD as u64)?;
    let ss = tuple.items(before + 2, WORD as u64)?;
    let vs = tuple.word(before + 3)?;
    // The contracts compare the length of the calldata with this sum, in which nothing is padded.
    let length = selector.len() + (before + 4) * WORD + 3 * WORD + report.len() + rs.len() + ss.len();
    if !selector.is_empty() && record.len() != length {
        return Err(Decided::at(record.len().min(length), Fault::BadLength));
    }
    let (rs, ss) = (rs.as_chunks::<WORD>().0, ss.as_chunks::<WORD>().0);
    let fault = fault(context, (report_context, report), (rs.len(), ss.len()));
    // No set has so many members, so there is nothing to compare with.
    if let Some(fault) = fault.filter(|_| rs.len().min(ss.len()) > MOST_SIGNERS) {
        return Err(fault.into());
    }
    let digest = work.hash(Hash::Keccak256, &[report.into()]);
    let digest = match before {
        0 => digest,
        _ => work.hash(Hash::Keccak256, &[digest.into(), report_context.into()]),
    };
    let mut plan = Plan::new(digest, context, fault);
    for (place, (r, s)) in rs.iter().zip(ss).enumerate() {
        let given = match vs.get(place) {
            Some(&v @ (0 | 1)) => {
                let signature: Piece<'a> = work.own_all([&r[..], s]);
                Given::Recovery(work.recover(plan.rule, digest, signature, v))
            }
            _ => Given::Decided(Fault::BadV.into()),
        };
        plan.signatures.push((place, given));
    }
    Ok(plan)
}

/// What is wrong with a well-formed record whatever its signatures are.
fn fault(
    context: &Context,
    (report_context, report): (&[u8], &[u8]),
    counts: (usize, usize),
) -> Option<Fault> {
    let (found, wanted): (_, Option<&[u8]>) = match &context.form {
        Form::Ocr1 { config_digest } => (report.get(OCR1_DIGEST), config_digest.as_ref().map(|it| &it[..])),
        Form::Ocr2 { config_digest } | Form::Streams { config_digest } => {
            (report_context.get(..WORD), config_digest.as_ref().map(|it| &it[..]))
        }
        Form::Ocr3 { .. } => (None, None),
    };
    if wanted.is_some() && found != wanted {
        return Some(Fault::WrongConfigDigest);
    }
    let is_right = match &context.config {
        Some(config) => counts.0 == config.f + 1,
        None => (1..=MOST_SIGNERS).contains(&counts.0),
    };
    (counts.0 != counts.1 || !is_right).then_some(Fault::SignatureCount)
}
