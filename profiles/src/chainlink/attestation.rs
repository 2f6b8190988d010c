//! Attestations of OCR3 (`contract3` of libocr): a bit for each oracle that signed, then r ‖ s of each.

use sigwarp::Hash;

use super::plan::{Given, Plan};
use super::{Context, Fault};
use crate::profile::Decided;
use crate::work::Work;

/// The bytes of the bits.
const MASK: usize = 4;

/// r ‖ s. There is no v: signers choose s so that it is 27, whose recovery id is 0.
const SIGNATURE: usize = 64;

pub(super) fn parse<'a>(
    record: &'a [u8],
    (config_digest, seq_nr, report): (&'a [u8; 32], u64, &'a [u8]),
    context: &'a Context,
    work: &mut Work<'a>,
) -> Result<Plan<'a>, Decided> {
    let (mask, rest) =
        record.split_first_chunk::<MASK>().ok_or_else(|| Decided::at(record.len(), Fault::BadLength))?;
    let mask = u32::from_be_bytes(*mask);
    let (signatures, left) = rest.as_chunks::<SIGNATURE>();
    let bits = mask.count_ones() as usize;
    let wanted = context.config.as_ref().map_or(bits, |config| config.f + 1);
    if signatures.len() != wanted || !left.is_empty() {
        return Err(Decided::at(record.len().min(MASK + SIGNATURE * wanted), Fault::BadLength));
    }
    let oracles = context.config.as_ref().map_or(u32::BITS as usize, |config| config.signers.len());
    if u64::from(mask) >> oracles != 0 || bits == 0 {
        return Err(Decided::at(0, Fault::BadBitmask));
    }
    let report = work.hash(Hash::Keccak256, &[report.into()]);
    let mut number = [0; 32];
    number[24..].copy_from_slice(&seq_nr.to_be_bytes());
    let number = work.own(&number);
    let digest = work.hash(Hash::Keccak256, &[config_digest.into(), number, report.into()]);
    let mut plan = Plan::new(digest, context, (bits != wanted).then_some(Fault::BadBitmask));
    let named = (0..u32::BITS).filter(|oracle| mask >> oracle & 1 == 1);
    plan.signatures = named
        .zip(signatures)
        .map(|(oracle, signature)| {
            (oracle as usize, Given::Recovery(work.recover(plan.rule, digest, signature, 0)))
        })
        .collect();
    Ok(plan)
}
