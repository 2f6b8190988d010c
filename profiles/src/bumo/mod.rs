//! BUMO, and Bubi before it: transactions with their signatures, as nodes pass them on.
//!
//! `messages.rs` has the messages, `transaction.rs` reads an envelope and says what is to be checked, `plan.rs` folds it,
//! `address.rs` makes addresses. Sources: BUMO (`src/proto/chain.proto`,
//! `src/proto/cpp/chain.pb.cc`, `src/ledger/transaction_frm.cpp`, `src/common/private_key.cpp`) and its documentation of the structures.
//!
//! # What it decides
//!
//! A node parses the transaction and signs over `SerializeAsString` of what it has parsed: known fields by their numbers,
//! each once, those with their default left out. So do we; other bytes of the same transaction are the same transaction.
//! Its library is protobuf 3.0, which drops the fields that it does not know; later ones would keep them. A field in another
//! wire type than its own is one that is not known, a message that comes twice is one of the fields of both, and a
//! string must be UTF-8.
//!
//! A key comes as hexadecimal digits of b0, its type, the key and a checksum. Type 1 is Ed25519 as ed25519-donna verifies it,
//! type 2 SM2 with the default user id, r ‖ s, whose key has 65 bytes, the first of which nobody looks at but for the
//! address. Signatures by keys that are malformed are passed over, and not reported.
//!
//! A transaction is valid where every signature holds and the accounts that it acts for (its source, and those of its
//! operations) are those of signing keys; invalid where no signature holds. [`Report::signers`](crate::Report) has the
//! addresses of the keys whose signatures hold, as text; [`Report::tx_id`](crate::Report) is SHA-256 of what is signed;
//! [`Report::status`](crate::Report) is `canonical` where the transaction stood as it is signed, otherwise `re-encoded`.
//!
//! # What it leaves
//!
//! - `undecided`: `AccountPrivileges` where a signature does not hold beside one that does, or an account is not one of the
//!   signers'. Weights and thresholds of an account are state, and can also take its own key's right away.
//! - `undecided` too: more than [`MAX_SIGNATURES`] (`TooManySignatures`), more than [`MAX_BYTES`] (`TooLarge`).
//! - Groups, which these messages do not have: a record with one is malformed here, nodes would pass over it.
//! - Whether operations make sense.
//!
//! # What no signature covers
//!
//! The form of the transaction, where what is signed is the same, and its unknown fields; fields of the envelope beside
//! transaction and signatures; fields of a signature beside key and signature, and letter case of the key's digits. A
//! signature can be taken away where the signers that are left are those of all accounts.

mod address;
mod messages;
mod plan;
mod transaction;

pub use plan::Plan;

use crate::fields::{FieldError, Fields};
use crate::profile::{Decided, Profile};
use crate::work::Work;

crate::causes! {
    /// Why a transaction is invalid or undecided, beside the reasons of the engine.
    pub enum Fault {
        /// Bytes that are no envelope, or a text that is not UTF-8.
        Malformed,
        /// No signature holds.
        NoValidSignature,
        /// The state decides whether those who signed may.
        AccountPrivileges,
        /// More signatures than are looked at.
        TooManySignatures,
        /// More bytes than are looked at.
        TooLarge,
    }
}

/// The most bytes of an envelope.
pub const MAX_BYTES: usize = 1 << 20;

/// The most signatures of an envelope. Each is over the whole transaction.
pub const MAX_SIGNATURES: usize = 256;

/// The profile `bumo`: a record is a `TransactionEnv`.
///
/// ```
/// use sigwarp_profiles::{Batch, bumo::{Bumo, Fault}, verify};
///
/// let mut batch = Batch::new();
/// // An envelope of an empty transaction.
/// batch.push(&Bumo, &[0x0a, 0x00], &());
/// let engine = sigwarp::Engine::builder().build()?;
/// let reports = verify(&engine, batch)?;
/// assert!(reports[0].verdict.cause().is_some_and(|cause| cause.is(Fault::NoValidSignature)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Bumo;

impl Profile for Bumo {
    type Context = ();
    type Plan<'a> = Plan;

    fn name(&self) -> &'static str {
        "bumo"
    }

    fn record_fields(&self) -> &'static [&'static str] {
        &["input"]
    }

    fn context_fields(&self) -> &'static [&'static str] {
        &[]
    }

    /// There is none.
    fn context(&self, _: &Fields) -> Result<(), FieldError> {
        Ok(())
    }

    fn parse<'a>(&self, record: &'a [u8], _: &'a (), work: &mut Work<'a>) -> Result<Plan, Decided> {
        transaction::parse(record, work)
    }

    fn resume<'a>(plan: &mut Plan, round: &mut crate::Round<'_, 'a>) -> bool {
        plan.ask_for_addresses(round)
    }
}
