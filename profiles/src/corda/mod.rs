//! Corda 4: signed transactions in the serialized form that nodes store and send.
//!
//! `amqp.rs` reads AMQP 1.0, `envelope.rs` objects by the schema in the same bytes, `transaction.rs` computes the id and
//! has the signatures, `signable.rs` what a party signs. Source: corda/corda, `core` and `serialization` of version 4.
//!
//! # What it decides
//!
//! A record is an envelope with a `SignedTransaction`, whose `txBits` are an envelope with a `WireTransaction`. The id is
//! computed anew from its components; each party signs the serialized form of `SignableData`, in which the id stands. A
//! transaction is valid where there is a signature, and each that is there holds under its key, whose type is that of the
//! scheme that the signature names: secp256k1, P-256 or Ed25519.
//!
//! [`Report::tx_id`](crate::Report) is the id.
//!
//! # What it leaves
//!
//! - Whether all have signed who must: commands say so, which are serialized with classes of the application.
//! - What components mean, attachments, contracts, and the uniqueness of inputs.
//! - `undecided`: signatures of a notary for several transactions at once (`PartialMerkleTree`), RSA, SPHINCS-256 and
//!   composite keys (`UnsupportedAlgorithm`), hash functions other than SHA-256 (`DigestService`), changes of a notary and
//!   upgrades of a contract (`TransactionType`), numbers of groups above 63 (`GroupIndex`).
//! - Kryo, and data that is compressed: `Malformed`.
//!
//! # What no signature covers
//!
//! The schema but for what finds the fields, labels and defaults among it; the transforms; the widths of sizes and numbers;
//! values of fields that are not read. ECDSA signatures have s and n - s. A signature can be taken away as long as another
//! stays.

mod amqp;
mod envelope;
mod signable;
mod transaction;

pub use transaction::Plan;

use crate::batch::Round;
use crate::fields::{FieldError, Fields};
use crate::profile::{Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a transaction is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are no signed transaction in the AMQP form, or one that Corda would not build.
        Malformed,
        /// No signatures.
        NoSignature,
        /// A key of another type than the scheme that its signature names.
        SchemeMismatch,
        /// Undecided: a signature of the root of a tree of transactions.
        PartialMerkleTree,
        /// Undecided: a scheme that the engine does not verify.
        UnsupportedAlgorithm,
        /// Undecided: a hash function other than SHA-256.
        DigestService,
        /// Undecided: a transaction that changes its notary or upgrades a contract.
        TransactionType,
        /// Undecided: a group of components with a number that Corda does not have.
        GroupIndex,
        /// Undecided: folded before every round was answered, which [`crate::verify`] does not do.
        NotAnswered,
    }
}

/// What a transaction's bytes do not say: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context;

/// The profile `corda`: a record is a signed transaction.
///
/// ```
/// use sigwarp_profiles::corda::{Context, Corda, Fault};
/// use sigwarp_profiles::{Batch, verify};
///
/// let mut batch = Batch::new();
/// batch.push(&Corda, b"corda\x01\x00\x00", &Context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::Malformed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Corda;

impl Profile for Corda {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "corda"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &[]
    }

    fn context(&self, _: &Fields) -> Result<Context, FieldError> {
        Ok(Context)
    }

    fn parse<'a>(&self, record: &'a [u8], _: &'a Context, work: &mut Work<'a>) -> Result<Plan<'a>, Decided> {
        Plan::parse(record, work)
    }

    fn resume<'a>(plan: &mut Plan<'a>, round: &mut Round<'_, 'a>) -> bool {
        plan.resume(round)
    }
}
