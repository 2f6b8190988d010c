//! What a system implements ([`Profile`], [`Plan`]), and the same behind a name ([`System`]).

use std::any::Any;
use std::collections::HashMap;

use sigwarp::{Engine, Suite};

use crate::batch::{Answers, Batch, Round};
use crate::fields::{FieldError, Fields, Value};
use crate::work::Work;
use crate::{Cause, Report, Verdict};

/// The bytes of a record that [`Profile::framing`] is shown, where there are as many.
pub const FRAMING_BYTES: usize = 16;

/// A format of records of one system: a pure function from bytes and context to work, and from answers to a report.
///
/// A profile is a value, which has no state; what changes from record to record is in the context.
pub trait Profile: Send + Sync + 'static {
    /// What the bytes do not say and the verdict depends on: network, era, chain id, signer set. Never guessed.
    type Context: Send + Sync + 'static;

    /// What [`Self::parse`] remembers of a record until the answers are there.
    type Plan<'a>: Plan + Send + 'a;

    /// The name of the system in files and on the command line.
    fn name(&self) -> &'static str;

    /// The fields of a row that can hold the bytes of a record, the first that is present counting.
    fn record_fields(&self) -> &'static [&'static str];

    /// The fields that [`Self::context`] reads: rows that have none of them share a context.
    fn context_fields(&self) -> &'static [&'static str];

    /// The bytes of a record from one of those fields: bytes, or their hexadecimal digits. Formats of text take the
    /// text as it is. `None` where the value is no record.
    fn record(&self, value: &Value) -> Option<Vec<u8>> {
        value.to_bytes()
    }

    /// Whether records are text, so that a file which holds nothing else has one in each line.
    fn is_text(&self) -> bool {
        false
    }

    /// How many bytes the first record takes, where records of this system can stand one after another in a file and
    /// its first bytes (at most [`FRAMING_BYTES`] are given) say it; `None` where all that is left is one record. The
    /// file may be shorter.
    fn framing(&self, begin: &[u8]) -> Option<usize> {
        let _ = begin;
        None
    }

    /// The context that the fields of a row, or of the command line, describe.
    ///
    /// # Errors
    /// The field that is missing, unknown or of the wrong kind.
    fn context(&self, fields: &Fields) -> Result<Self::Context, FieldError>;

    /// The keys of a context that many records may be signed by, with the suites under which they are judged: what is
    /// worth an [`Engine::register`](sigwarp::Engine::register) before a stream of them.
    fn keys<'c>(&self, context: &'c Self::Context) -> Vec<(&'c Suite, &'c [u8])> {
        let _ = context;
        Vec::new()
    }

    /// Reads a record and says what must be hashed and checked.
    ///
    /// It neither panics nor takes memory that the bytes of the record do not back, whatever they are, and its
    /// recursion has a bound.
    ///
    /// # Errors
    /// The report of a record that its bytes decide; work that was added for it is taken back.
    fn parse<'a>(
        &self,
        record: &'a [u8],
        context: &'a Self::Context,
        work: &mut Work<'a>,
    ) -> Result<Self::Plan<'a>, Decided>;

    /// Looks at the answers to what a plan has asked for so far, and asks for what they lead to. Returns whether it has
    /// asked: it is called again then, when there are answers to that, and not any more otherwise.
    ///
    /// Most formats say at once what is to be checked. Where a script goes on by whether a signature holds, the rest is
    /// known in rounds; a plan must learn something in each of them that bounds their number.
    fn resume<'a>(plan: &mut Self::Plan<'a>, round: &mut Round<'_, 'a>) -> bool {
        let _ = (plan, round);
        false
    }
}

/// What remains to be done for a record once its hashes, checks and recoveries have answers.
pub trait Plan {
    /// The report of the record.
    fn fold(self, answers: &Answers<'_>) -> Report;
}

/// The report of a record that its bytes decide, as the error of [`Profile::parse`]: `?` makes it of the causes of the
/// system.
#[derive(Debug)]
pub struct Decided(pub Box<Report>);

impl Decided {
    /// An invalid record, and the offset in bytes where it is malformed.
    pub fn at(offset: usize, cause: impl Into<Cause>) -> Self {
        Self(Box::new(Report { at: Some(offset), ..Report::new(Verdict::invalid(cause)) }))
    }

    /// A record of a format where several things can stay open at once, which depends on this one.
    pub fn open(cause: impl Into<Cause>) -> Self {
        Self(Box::new(Report::open([cause.into()], Vec::new())))
    }

    /// A record that depends on what was not given.
    pub fn undecided(cause: impl Into<Cause>) -> Self {
        Self(Box::new(Report::new(Verdict::undecided(cause))))
    }
}

impl From<Report> for Decided {
    fn from(report: Report) -> Self {
        Self(Box::new(report))
    }
}

/// An invalid record.
impl<C: Into<Cause>> From<C> for Decided {
    fn from(cause: C) -> Self {
        Self(Box::new(Report::new(Verdict::invalid(cause))))
    }
}

/// The context of a system that is known by name alone.
pub struct AnyContext(Box<dyn Any + Send + Sync>);

impl AnyContext {
    /// A context of a profile that is known by its type.
    pub fn of<P: Profile>(context: P::Context) -> Self {
        Self(Box::new(context))
    }
}

/// The context is of another system than the one that was to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this context was not made by the profile {system}; make it with its System::context, or with AnyContext::of"
)]
pub struct WrongContext {
    /// The system that was to use it.
    pub system: &'static str,
}

/// A [`Profile`] whose type is not known: every profile is one. [`crate::SYSTEMS`] lists them.
pub trait System: Send + Sync {
    /// As [`Profile::name`].
    fn name(&self) -> &'static str;

    /// As [`Profile::record_fields`].
    fn record_fields(&self) -> &'static [&'static str];

    /// As [`Profile::context_fields`].
    fn context_fields(&self) -> &'static [&'static str];

    /// As [`Profile::record`].
    fn record(&self, value: &Value) -> Option<Vec<u8>>;

    /// As [`Profile::is_text`].
    fn is_text(&self) -> bool;

    /// As [`Profile::framing`].
    fn framing(&self, begin: &[u8]) -> Option<usize>;

    /// As [`Profile::context`].
    fn context(&self, fields: &Fields) -> Result<AnyContext, FieldError>;

    /// Whether a context was made for this system.
    fn owns(&self, context: &AnyContext) -> bool;

    /// Registers the keys of a context that [`Self::context`] has made, and returns their number: signatures under
    /// them are several times faster then. Keys that are none, and all of a context of another system, are left out.
    ///
    /// # Errors
    /// The engine has no room for their tables, or could not make them. What it has registered stays.
    fn register(&self, engine: &Engine, context: &AnyContext) -> Result<usize, sigwarp::Error>;

    /// As [`Batch::push`], with a context that [`Self::context`] has made.
    ///
    /// # Errors
    /// The context is of another system.
    fn push<'a>(
        &self,
        batch: &mut Batch<'a>,
        record: &'a [u8],
        context: &'a AnyContext,
    ) -> Result<(), WrongContext>;
}

impl<P: Profile> System for P {
    fn name(&self) -> &'static str {
        Profile::name(self)
    }

    fn record_fields(&self) -> &'static [&'static str] {
        Profile::record_fields(self)
    }

    fn context_fields(&self) -> &'static [&'static str] {
        Profile::context_fields(self)
    }

    fn record(&self, value: &Value) -> Option<Vec<u8>> {
        Profile::record(self, value)
    }

    fn is_text(&self) -> bool {
        Profile::is_text(self)
    }

    fn framing(&self, begin: &[u8]) -> Option<usize> {
        Profile::framing(self, begin)
    }

    fn context(&self, fields: &Fields) -> Result<AnyContext, FieldError> {
        Ok(AnyContext::of::<P>(Profile::context(self, fields)?))
    }

    fn owns(&self, context: &AnyContext) -> bool {
        context.0.is::<P::Context>()
    }

    fn register(&self, engine: &Engine, context: &AnyContext) -> Result<usize, sigwarp::Error> {
        let Some(context) = context.0.downcast_ref() else { return Ok(0) };
        let mut of_suite: HashMap<&Suite, Vec<&[u8]>> = HashMap::new();
        for (suite, key) in Profile::keys(self, context) {
            of_suite.entry(suite).or_default().push(key);
        }
        let mut registered = 0;
        for (suite, keys) in of_suite {
            registered += engine.register(suite, keys)?.iter().filter(|key| key.is_ok()).count();
        }
        Ok(registered)
    }

    fn push<'a>(
        &self,
        batch: &mut Batch<'a>,
        record: &'a [u8],
        context: &'a AnyContext,
    ) -> Result<(), WrongContext> {
        let context = context.0.downcast_ref().ok_or(WrongContext { system: Profile::name(self) })?;
        batch.push(self, record, context);
        Ok(())
    }
}
