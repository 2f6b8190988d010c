//! Diem, and Libra before it: signed transactions of accounts with Ed25519 keys.
//!
//! `bcs.rs` finds the parts of a transaction, `seed.rs` has what signed bytes begin with, `transaction.rs` the
//! authenticators. Sources: diem/diem, `types/src/transaction` and `crypto/crypto/src/multi_ed25519.rs`; the specification
//! of BCS.
//!
//! # What it decides
//!
//! The bytes are the one encoding that BCS has of a transaction. Its sender, and each other agent, has an authenticator: a
//! key with a signature, or up to 32 keys with at least as many signatures as the threshold says, by ascending places of
//! the keys. A transaction is valid where all of them hold (`strict`), no account stands twice among the agents, each
//! address has its authenticator, and the chain is [`Context::chain_id`] where that is given. Keys that sign nothing must
//! be points as well, none of small order, and scalars below the order of the group: Diem does not read others.
//!
//! [`Report::sender`](crate::Report) is the sender's address, [`Report::signers`](crate::Report) has the authentication key
//! that each authenticator makes, SHA3-256 of its keys and its scheme; [`Report::tx_id`](crate::Report) is the hash by
//! which the ledger knows the transaction.
//!
//! # What it leaves
//!
//! Whether the accounts have these authentication keys (they can be rotated, so that addresses do not say it), sequence
//! numbers, expiry, gas, and what the payload does.
//!
//! # What no signature covers
//!
//! Nothing of a valid transaction but the choice of who signs, where more keys than the threshold asks for have signed: the
//! signature of one of them can be taken away with its bit.

mod bcs;
mod seed;
mod transaction;

pub use seed::Prefix;
pub use transaction::Plan;

use crate::Value;
use crate::fields::{FieldError, Fields};
use crate::profile::{Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a transaction is invalid, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are not the BCS of a transaction, with keys and signatures as Diem reads them.
        Malformed,
        /// Fewer signatures than the threshold.
        BelowThreshold,
        /// A bit for a key that there is not.
        SignatureIndexOutOfRange,
        /// More or fewer authenticators than addresses.
        SecondarySignerCount,
        /// An account that stands twice among the agents.
        DuplicateSigner,
        /// The chain is not the one that was given.
        WrongChain,
    }
}

/// What a transaction's bytes do not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context {
    /// The prefix of the network.
    pub prefix: Prefix,
    /// The chain that transactions must name, if it is to be compared.
    pub chain_id: Option<u8>,
}

/// The profile `diem`: a record is a signed transaction in BCS.
///
/// ```
/// use sigwarp_profiles::diem::{Context, Diem, Fault};
/// use sigwarp_profiles::{Batch, verify};
///
/// let context = Context::default();
/// let mut batch = Batch::new();
/// batch.push(&Diem, &[0; 16], &context);
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::Malformed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Diem;

impl Profile for Diem {
    type Context = Context;
    type Plan<'a> = Plan<'a>;

    fn name(&self) -> &'static str {
        "diem"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &["chain_id", "prefix"]
    }

    /// `prefix` is `DIEM::`, also where it is absent, or `LIBRA::`; `chain_id` is compared where it is there.
    fn context(&self, fields: &Fields) -> Result<Context, FieldError> {
        let prefix = fields.read("prefix", "DIEM:: or LIBRA::", |value| match value {
            Value::Text(text) => {
                [Prefix::Diem, Prefix::Libra].into_iter().find(|prefix| prefix.text() == text)
            }
            _ => None,
        })?;
        let expected = "a number below 256";
        let chain_id = fields.u64("chain_id")?.map(u8::try_from).transpose();
        let chain_id = chain_id.map_err(|_| FieldError::Wrong { field: "chain_id", expected })?;
        Ok(Context { prefix: prefix.unwrap_or_default(), chain_id })
    }

    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Context,
        work: &mut Work<'a>,
    ) -> Result<Plan<'a>, Decided> {
        Plan::parse(record, context, work)
    }
}
