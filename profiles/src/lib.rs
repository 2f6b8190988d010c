//! Whole transactions and messages in, verdicts out: the formats of ledgers and devices over the engine of [`sigwarp`].
//!
//! A node has blocks and transactions, a gateway tokens; the engine takes keys, messages and signatures. A profile stands
//! between them, as a pure function in three steps:
//!
//! ```text
//! record + context ── Profile::parse ── Work: hashes, checks, recoveries    many records in a Batch
//!                                        │ answer: one call of the engine for each round of hashes and function,
//!                                        │         one for all checks, one for all recoveries under a rule
//! Report ◄─────────── Plan::fold ◄─────── Answers
//! ```
//!
//! A plan can ask for more once it has answers ([`Profile::resume`]), as scripts do that go on by whether a signature
//! holds; all that ask share the calls of each further round.
//!
//! A [`Report`] has the verdict on the record (valid, invalid with its [`Cause`], or undecided: it depends on what
//! was not given) and on each of its signatures. The engine is never asked for one transaction at a time.
//!
//! Rust callers name a system by its type ([`ethereum::Ethereum`]) and give its context as a value; whoever learns the
//! system at run time finds it in [`SYSTEMS`] and makes its context of named [`Fields`].
//!
//! A node that gets transactions one at a time from many threads gives them to a [`Prevalidator`], which judges them in
//! micro-batches.
//!
//! # How to add a system
//!
//! It is one folder, and one line in [`SYSTEMS`] with its `pub mod`. `ethereum/` is the pattern.
//!
//! 1. **Causes.** `causes! { /// … pub enum Fault { /// … Truncated, … } }` gives the system's names for why a record
//!    is not valid. They are stable: files hold them. The engine's [`sigwarp::Reason`] converts into [`Cause`] as
//!    well.
//! 2. **Context.** A struct of what the bytes do not say. Nothing in it is guessed: [`Profile::context`] refuses fields
//!    that are missing or wrong, with [`FieldError`], and [`Profile::context_fields`] names what it reads. Keys that many
//!    records are signed by are named by [`Profile::keys`], so that they can be registered.
//! 3. **Parse.** Read the borrowed bytes ([`Reader`] knows its offset and cannot be made to take memory), and
//!    describe the work: [`Work::hash`] of pieces (of the record, of bytes that [`Work::own`] keeps, or of earlier
//!    digests, which is how nested hashes are made), [`Work::verify`] under a [`sigwarp::Suite`], [`Work::recover`]
//!    for secp256k1. Ids come back; keep them in the plan. `Err(Decided::at(offset, Fault::…))` ends a malformed
//!    record, and `?` on a cause does without the offset; the work added so far is taken back. What bytes decide
//!    about one signature of several (a v that its form does not have) is kept in the plan as its cause instead, for
//!    [`Signature::decided`].
//! 4. **Fold.** [`Plan::fold`] asks [`Answers`] by those ids and makes the [`Report`]: every signature with its
//!    [`Role`] in the order of the wire, then the verdict. Valid is said only by a branch that has seen every needed
//!    signature hold; a case that is not known is invalid or undecided.
//! 5. **Tests.** One file in `tests/suite/` that reads the vectors of the system and hands them to the harness there:
//!    it judges them on every backend, and cuts and flips them.
//!
//! A profile knows the public API of the engine and the modules of this crate that no system owns, and no other
//! system; the tests of the architecture see to it.

mod algorithm;
mod batch;
mod cause;
mod cbor;
mod certificate;
mod der;
mod fields;
mod json;
mod keys;
mod pem;
mod profile;
mod protobuf;
mod reader;
mod report;
mod rlp;
mod schema;
mod strict_json;
mod subject_key;
mod work;

pub mod bitcoin;
pub mod bumo;
pub mod chain_core;
pub mod chainlink;
pub mod chainmaker;
pub mod corda;
pub mod cose;
pub mod diem;
pub mod ethereum;
pub mod fabric;
pub mod fisco_bcos;
pub mod jose;
pub mod neo;
pub mod prevalidator;
pub mod secure_element;
pub mod solana;
pub mod x509;
pub mod xrpl;

pub use batch::{Answers, Batch, Error, Recovered, Results, Round, answer, answer_round, verify};
pub use cause::Cause;
pub use fields::{FieldError, Fields, TextError, Value};
pub use keys::{Curve, KeySet, KeyType, PublicKey};
pub use prevalidator::Prevalidator;
pub use profile::{AnyContext, Decided, FRAMING_BYTES, Plan, Profile, System, WrongContext};
pub use reader::Reader;
pub use report::{Part, Report, Role, Signature, Verdict};
pub use work::{CheckId, HashId, Piece, RecoveryId, Work};

/// Every system, by the name of its profile.
pub static SYSTEMS: &[&dyn System] = &[
    &bitcoin::Bitcoin,
    &bumo::Bumo,
    &chain_core::ChainCore,
    &chainlink::Chainlink,
    &chainmaker::ChainMaker,
    &corda::Corda,
    &cose::Cose,
    &diem::Diem,
    &ethereum::Ethereum,
    &fabric::Fabric,
    &fisco_bcos::FiscoBcos,
    &jose::Jose,
    &neo::Neo,
    &secure_element::SecureElement,
    &solana::Solana,
    &x509::X509,
    &xrpl::Xrpl,
];

/// The system of a name.
pub fn system(name: &str) -> Option<&'static dyn System> {
    SYSTEMS.iter().copied().find(|system| system.name() == name)
}
