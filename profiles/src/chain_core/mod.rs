//! Chain Core 1.x: transactions with the standard program of several keys.
//!
//! `wire.rs` reads a transaction, `entries.rs` has the ids that it and its inputs are hashed to, `plan.rs` the programs of
//! inputs. Sources: chain/chain, `protocol/bc`, `protocol/vm` and the protocol's documents.
//!
//! # What it decides
//!
//! A transaction is hashed by entries; what each input signs for is SHA3-256 of the id of its entry and the id of the
//! transaction. The standard program takes m of n keys that sign a predicate, a program of its own, which is run then; the
//! standard predicate compares that hash. A transaction is valid where each input has such a program, m signatures that fit
//! the keys in their order (`donna`), and the standard predicate with the right hash.
//!
//! [`Report::tx_id`](crate::Report) is the id.
//!
//! # What it leaves
//!
//! - Whether outputs exist and are unspent, that amounts are balanced, times.
//! - `undecided`: other programs (`Program`), other predicates (`Predicate`), such as those that free a part of the
//!   transaction, arguments of the predicate (`Arguments`), other versions (`Version`), no inputs (`NoInput`), more than
//!   1,035 pairs of a signature and a key (`TooManySignatures`). Blocks.
//!
//! # What no signature covers
//!
//! Fields of later versions at the ends of strings, the second string of common fields, witnesses of outputs. Numbers have
//! several forms.

mod entries;
mod plan;
mod wire;

pub use plan::Plan;

use crate::fields::{FieldError, Fields};
use crate::profile::{Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a transaction is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are no transaction, or issue another asset than they say.
        Malformed,
        /// An issuance that has no nonce, and no spend with it.
        NoAnchor,
        /// Fewer arguments than the program takes.
        ArgumentCount,
        /// Signatures that do not fit so many keys in their order; those of the input say why.
        Signature,
        /// The hash in the predicate is not that of the transaction.
        SigHashMismatch,
        /// Undecided: a program that is not the standard one.
        Program,
        /// Undecided: a predicate that is not the standard one.
        Predicate,
        /// Undecided: arguments of the predicate.
        Arguments,
        /// Undecided: a version of the transaction, of an asset or of a program that is not 1.
        Version,
        /// Undecided: no inputs.
        NoInput,
        /// Undecided: more signatures and keys than are tried with each other.
        TooManySignatures,
    }
}

/// What a transaction's bytes do not say: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context;

/// The profile `chain-core`: a record is a transaction.
///
/// ```
/// use sigwarp_profiles::chain_core::{ChainCore, Context, Fault};
/// use sigwarp_profiles::{Batch, verify};
///
/// let mut batch = Batch::new();
/// // Nothing but a version and times.
/// batch.push(&ChainCore, &[7, 1, 2, 0, 0, 0, 0, 0, 0], &Context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::NoInput)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ChainCore;

impl Profile for ChainCore {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "chain-core"
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
}
