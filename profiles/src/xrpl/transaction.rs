//! One transaction: the fields that matter, the form of its signatures, and the work.

use sigwarp::{EcdsaRule, Hash};

use super::fields::{Field, Id, Walker};
use super::plan::{Authority, Plan};
use super::signing::{Body, COUNTERPARTY, SENDER, SPONSOR, Signatory};
use super::{Context, Fault, Roles};
use crate::profile::Decided;
use crate::work::Work;
use crate::{Role, Verdict};

const TRANSACTION_TYPE: Id = Id(1, 2);
const FLAGS: Id = Id(2, 2);
const SIGNING_PUB_KEY: Id = Id(7, 3);
const TXN_SIGNATURE: Id = Id(7, 4);
const SIGNATURE: Id = Id(7, 6);
const MASTER_SIGNATURE: Id = Id(7, 18);
const ACCOUNT: Id = Id(8, 1);
const SIGNER: Id = Id(14, 16);
const COUNTERPARTY_SIGNATURE: Id = Id(14, 37);
const SPONSOR_SIGNATURE: Id = Id(14, 38);
const SIGNERS: Id = Id(15, 3);
const BATCH_SIGNERS: Id = Id(15, 31);

/// Fields at the top that no signature covers.
const UNSIGNED: [Id; 7] = [
    TXN_SIGNATURE,
    SIGNATURE,
    MASTER_SIGNATURE,
    COUNTERPARTY_SIGNATURE,
    SPONSOR_SIGNATURE,
    SIGNERS,
    BATCH_SIGNERS,
];

/// The account of zeros.
const NOBODY: [u8; super::fields::ACCOUNT] = [0; super::fields::ACCOUNT];

/// Before it the id of a transaction is hashed.
const TRANSACTION: &[u8; 4] = b"TXN\0";

/// `tfFullyCanonicalSig`: the sender asks for a low s.
const FULLY_CANONICAL: u32 = 0x8000_0000;

/// `tfInnerBatchTxn`.
const INNER_BATCH: u32 = 0x4000_0000;

/// `EnableAmendment`, `SetFee` and `UNLModify`.
const PSEUDO: std::ops::RangeInclusive<u16> = 100..=102;

/// The fields of a signature, of whatever object.
#[derive(Debug, Default)]
struct Signed<'a> {
    key: Option<&'a [u8]>,
    signature: Option<&'a [u8]>,
    account: Option<&'a [u8]>,
    signers: Option<&'a [u8]>,
    has_others: bool,
}

impl<'a> Signed<'a> {
    fn note(&mut self, field: &Field<'a>) {
        match field.id {
            SIGNING_PUB_KEY => self.key = Some(field.value),
            TXN_SIGNATURE => self.signature = Some(field.value),
            // Pseudo-transactions have an account of no bytes.
            ACCOUNT if field.value.is_empty() => self.account = Some(&NOBODY),
            ACCOUNT => self.account = Some(field.value),
            SIGNERS => self.signers = Some(field.value),
            _ => self.has_others = true,
        }
    }

    /// Those of an object that was walked before, as part of the transaction.
    fn read(object: &'a [u8]) -> Result<Self, Decided> {
        let mut signed = Self::default();
        Walker::new(object).object(0, |field| signed.note(&field))?;
        Ok(signed)
    }
}

/// The fields at the top that matter.
#[derive(Debug, Default)]
struct Top<'a> {
    kind: Option<u16>,
    flags: u32,
    signed: Signed<'a>,
    counterparty: Option<&'a [u8]>,
    sponsor: Option<&'a [u8]>,
    has_batch_signers: bool,
    /// Where fields that are not signed begin and end.
    unsigned: Vec<(usize, usize)>,
}

impl<'a> Top<'a> {
    fn note(&mut self, field: &Field<'a>) {
        self.signed.note(field);
        match (field.id, field.value) {
            (TRANSACTION_TYPE, &[high, low]) => self.kind = Some(u16::from_be_bytes([high, low])),
            (FLAGS, &[a, b, c, d]) => self.flags = u32::from_be_bytes([a, b, c, d]),
            (COUNTERPARTY_SIGNATURE, value) => self.counterparty = Some(value),
            (SPONSOR_SIGNATURE, value) => self.sponsor = Some(value),
            (BATCH_SIGNERS, _) => self.has_batch_signers = true,
            _ => {}
        }
        if UNSIGNED.contains(&field.id) {
            self.unsigned.push((field.at, field.end));
        }
    }

    /// The bytes around the fields that are not signed.
    fn body(&self, record: &'a [u8], context: &Context) -> Body<'a> {
        let ends = self.unsigned.iter().map(|(_, end)| *end);
        let starts = self.unsigned.iter().map(|(start, _)| *start);
        let spans = [0].into_iter().chain(ends).zip(starts.chain([record.len()]));
        let spans = spans.filter_map(|(start, end)| record.get(start..end));
        let is_low = context.full_canonical || self.flags & FULLY_CANONICAL != 0;
        Body {
            spans: spans.filter(|span| !span.is_empty()).collect(),
            rule: if is_low { EcdsaRule::LowS } else { EcdsaRule::Any },
        }
    }
}

pub(super) fn parse<'a>(
    record: &'a [u8],
    context: &'a Context,
    work: &mut Work<'a>,
) -> Result<Plan<'a>, Decided> {
    let mut top = Top::default();
    let mut walker = Walker::new(record);
    walker.whole(|field| top.note(&field))?;
    let id = work.hash(Hash::Sha512Half, &[TRANSACTION.into(), record.into()]);
    let mut plan = Plan::new(id);
    if !walker.is_ordered {
        return Ok(plan.with(Verdict::undecided(Fault::NonCanonicalOrder)));
    }
    let (Some(kind), Some(account)) = (top.kind, top.signed.account) else {
        return Ok(plan.with(Verdict::invalid(Fault::MissingField)));
    };
    if PSEUDO.contains(&kind) {
        return Ok(plan.with(Verdict::undecided(Fault::PseudoTransaction)));
    }
    if top.flags & INNER_BATCH != 0 {
        return Ok(plan.with(Verdict::undecided(Fault::InnerBatchTransaction)));
    }
    let Some(key) = top.signed.key else {
        return Ok(plan.with(Verdict::invalid(Fault::MissingField)));
    };
    plan.authority = Some(match key {
        [] => Authority::SignerList,
        key => Authority::Key { hash: work.hash(Hash::Sha256, &[key.into()]), account },
    });
    let body = top.body(record, context);
    add(&top.signed, Some(account), (SENDER, &body, context), work, &mut plan)?;
    for (object, signatory) in [(top.counterparty, COUNTERPARTY), (top.sponsor, SPONSOR)] {
        let Some(object) = object else { continue };
        let signatory = match context.roles {
            Some(Roles::New) => signatory,
            Some(Roles::Old) => Signatory { single: SENDER.single, multi: SENDER.multi, ..signatory },
            None => {
                plan.open.get_or_insert(Fault::RoleSignatureEra);
                continue;
            }
        };
        // Here rippled takes a key that is not there for an empty one, and lets the account be a signer.
        let signed = Signed::read(object)?;
        if signed.has_others || signed.account.is_some() {
            plan.fail(Fault::UnexpectedField, None);
        }
        add(&signed, None, (signatory, &body, context), work, &mut plan)?;
    }
    if top.has_batch_signers {
        plan.open.get_or_insert(Fault::BatchSigners);
    }
    Ok(plan)
}

/// Adds the signatures of one signatory, or says what is wrong with their form. `owner` must not be among its signers.
fn add<'a>(
    signed: &Signed<'a>,
    owner: Option<&'a [u8]>,
    (signatory, body, context): (Signatory, &Body<'a>, &Context),
    work: &mut Work<'a>,
    plan: &mut Plan<'a>,
) -> Result<(), Decided> {
    let key = signed.key.unwrap_or(&[]);
    let fault = match (key, signed.signers, signed.signature) {
        ([], None, _) => Fault::NotSigned,
        ([], Some(signers), None) => {
            return add_signers(signers, owner, (signatory, body, context), work, plan);
        }
        ([], Some(_), Some(_)) | (_, Some(_), _) => Fault::SingleAndMultiSigned,
        (key, None, signature) => {
            let role = Role::one(signatory.role);
            let pair = (key, signature.unwrap_or(&[]));
            plan.signatures.push(body.check(work, role, (signatory.single, &[]), pair));
            return Ok(());
        }
    };
    plan.fail(fault, None);
    Ok(())
}

/// As [`add`], of an array of signers.
fn add_signers<'a>(
    signers: &'a [u8],
    owner: Option<&'a [u8]>,
    (signatory, body, context): (Signatory, &Body<'a>, &Context),
    work: &mut Work<'a>,
    plan: &mut Plan<'a>,
) -> Result<(), Decided> {
    let mut walker = Walker::new(signers);
    let mut found: Vec<Signed<'a>> = Vec::new();
    let mut is_signer = true;
    while let Some(id) = walker.element()? {
        if found.len() == context.max_signers {
            plan.fail(Fault::BadSignerCount, None);
            return Ok(());
        }
        is_signer &= id == SIGNER;
        let mut signed = Signed::default();
        walker.object(0, |field| signed.note(&field))?;
        found.push(signed);
    }
    if found.is_empty() {
        plan.fail(Fault::BadSignerCount, None);
    } else if !is_signer {
        plan.fail(Fault::BadArrayElement, None);
    }
    // As rippled does it: an account of zeros counts as one that has signed.
    let mut last: &[u8] = &NOBODY;
    for (index, signed) in found.iter().enumerate() {
        let (Some(account), Some(key)) = (signed.account, signed.key) else {
            plan.fail(Fault::MissingField, None);
            continue;
        };
        let which = Some(plan.signatures.len());
        if Some(account) == owner {
            plan.fail(Fault::SignerIsOwner, which);
        } else if account == last {
            plan.fail(Fault::DuplicateSigner, which);
        } else if account < last {
            plan.fail(Fault::UnsortedSigners, which);
        }
        last = account;
        let role = Role::nth(signatory.signers, index);
        let pair = (key, signed.signature.unwrap_or(&[]));
        plan.signatures.push(body.check(work, role, (signatory.multi, account), pair));
    }
    Ok(())
}
