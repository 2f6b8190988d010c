//! Reports: what a caller learns about a record and each of its signatures.

use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroU32;

use sigwarp::Suite;

use crate::Cause;

/// The verdict on a record, on a part of it or on a signature.
///
/// There is no default, and no conversion from `bool`: nothing but a completed check can be taken for
/// [`Verdict::Valid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every signature that is needed holds.
    Valid,
    /// No state of the system could make it valid.
    Invalid(Cause),
    /// It depends on something that was not given.
    Undecided(Cause),
}

impl Verdict {
    /// Invalid for this cause.
    pub fn invalid(cause: impl Into<Cause>) -> Self {
        Self::Invalid(cause.into())
    }

    /// Undecided for this cause.
    pub fn undecided(cause: impl Into<Cause>) -> Self {
        Self::Undecided(cause.into())
    }

    /// Whether this is [`Verdict::Valid`].
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid)
    }

    /// The word for it in files: `valid`, `invalid` or `undecided`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid(_) => "invalid",
            Self::Undecided(_) => "undecided",
        }
    }

    /// Why it is not valid.
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::Valid => None,
            Self::Invalid(cause) | Self::Undecided(cause) => Some(cause),
        }
    }
}

impl From<sigwarp::Verdict> for Verdict {
    fn from(verdict: sigwarp::Verdict) -> Self {
        match verdict {
            sigwarp::Verdict::Valid => Self::Valid,
            sigwarp::Verdict::Invalid(reason) => Self::invalid(reason),
        }
    }
}

/// What a signature, or a part, is in its record: a name and, among several, its place; `tx`, `authorization[1]`. Where
/// several signatures stand at one place, or several keys are tried for one, it says which: `witness[0][1] key 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Role {
    name: &'static str,
    index: Option<Place>,
    part: Option<Place>,
    key: Option<Place>,
}

/// A place counted from 1, in four bytes, since each cause of a report has room for a role.
type Place = NonZeroU32;

/// A place that is counted from 0. A record has fewer signatures than 2^32 - 1.
const fn place(of: usize) -> Option<Place> {
    Place::new(if of < u32::MAX as usize { of as u32 + 1 } else { u32::MAX })
}

impl Role {
    /// The only one of its name.
    pub const fn one(name: &'static str) -> Self {
        Self { name, index: None, part: None, key: None }
    }

    /// One of several of this name, counted from 0.
    pub const fn nth(name: &'static str, index: usize) -> Self {
        Self { index: place(index), ..Self::one(name) }
    }

    /// The signature at this place, counted from 0, among those of the role.
    #[must_use]
    pub const fn part(self, part: usize) -> Self {
        Self { part: place(part), ..self }
    }

    /// The same signature under the key at this place, counted from 0, among those that it may be of.
    #[must_use]
    pub const fn key(self, key: usize) -> Self {
        Self { key: place(key), ..self }
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The place among those of the name.
    pub const fn index(self) -> Option<usize> {
        match self.index {
            Some(index) => Some(index.get() as usize - 1),
            None => None,
        }
    }
}

/// As files say it: `tx`, `authorization[1]`, or `witness[0][1] key 3`.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for place in [self.index, self.part].into_iter().flatten() {
            write!(f, "[{}]", place.get() - 1)?;
        }
        match self.key {
            Some(key) => write!(f, " key {}", key.get() - 1),
            None => Ok(()),
        }
    }
}

/// One signature of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What it is in the record.
    pub role: Role,
    /// Scheme, rule and encoding under which it was judged; absent where the bytes do not say which scheme it has.
    pub suite: Option<Suite>,
    /// The public key as the record has it, or 04 ‖ x ‖ y where the key is recovered; empty where there is none.
    pub key: Vec<u8>,
    /// The last 20 bytes of Keccak-256(x ‖ y), where the key is recovered.
    pub address: Option<[u8; 20]>,
    /// The verdict on this signature alone.
    pub verdict: Verdict,
}

impl Signature {
    /// A signature that the bytes decide, so that the engine was not asked.
    pub fn decided(role: Role, suite: Option<Suite>, key: &[u8], verdict: Verdict) -> Self {
        Self { role, suite, key: key.to_vec(), address: None, verdict }
    }
}

/// A part of a record with a verdict of its own: a precompile call, an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is: the program of a precompile, or `input`; the index is its place in the record.
    pub role: Role,
    /// The verdict on this part alone.
    pub verdict: Verdict,
    /// Its signatures.
    pub signatures: Vec<Signature>,
}

/// What was found out about a record. Fields that a system does not have stay `None` or empty.
///
/// docs/profiles.md says for each system which fields it fills.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The verdict on the whole record.
    pub verdict: Verdict,
    /// The place in [`Self::signatures`] of the signature that decides an invalid record, where one does.
    pub which: Option<usize>,
    /// The offset in the record, in bytes, where malformed bytes were found.
    pub at: Option<usize>,
    /// What stays open beside the verdict, and does not change it. Of an undecided record of a format where several
    /// things can stay open at once ([`Self::open`]), all of them.
    pub undecided: Vec<Cause>,
    /// Each signature, in the order of the wire.
    pub signatures: Vec<Signature>,
    /// The account that a recovered signature speaks for.
    pub sender: Option<Vec<u8>>,
    /// By what right the key signs, where the state of the ledger decides whether it may: `account-key`, `signer-list`.
    pub authority: Option<&'static str>,
    /// Signature checks that the record asks of the ledger, beside its own signatures.
    pub precompiles: Vec<Part>,
    /// The inputs, for a ledger of outputs.
    pub inputs: Vec<Part>,
    /// The transactions of a block, each with a report of its own.
    pub transactions: Vec<Report>,
    /// Whether the chain of certificates ends in a root that was given.
    pub anchored: Option<bool>,
    /// The id by which the ledger knows the transaction.
    pub tx_id: Option<Vec<u8>>,
    /// The hash of a block or another record that is no transaction.
    pub hash: Option<Vec<u8>>,
    /// The members of the signer set whose signatures hold, in the order of the wire.
    pub signers: Option<Vec<Vec<u8>>>,
    /// A word of the system about the record, as docs/profiles.md lists it.
    pub status: Option<&'static str>,
}

impl Report {
    /// A report of a verdict and nothing else yet.
    pub const fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            which: None,
            at: None,
            undecided: Vec::new(),
            signatures: Vec::new(),
            sender: None,
            authority: None,
            precompiles: Vec::new(),
            inputs: Vec::new(),
            transactions: Vec::new(),
            anchored: None,
            tx_id: None,
            hash: None,
            signers: None,
            status: None,
        }
    }

    /// Undecided for these causes, of which there is one at least; each is kept once, in order. Files then say them
    /// under `undecided`, and no reason.
    pub fn open(causes: impl IntoIterator<Item = Cause>, signatures: Vec<Signature>) -> Self {
        // Many parts can be open for a few causes, which are sorted as they are written.
        let distinct: HashSet<Cause> = causes.into_iter().collect();
        let mut undecided: Vec<Cause> = distinct.into_iter().collect();
        undecided.sort_unstable_by_key(Cause::to_string);
        let first = *undecided.first().expect("a cause, or the record would be decided");
        Self { undecided, signatures, ..Self::new(Verdict::Undecided(first)) }
    }

    /// Invalid for the signature at this place, which does not hold: the reason names its role.
    pub fn failed(which: usize, signatures: Vec<Signature>) -> Self {
        let Signature { role, verdict, .. } = &signatures[which];
        let cause = verdict.cause().expect("a signature that does not hold");
        let verdict = Verdict::Invalid(cause.in_role(*role));
        Self { which: Some(which), signatures, ..Self::new(verdict) }
    }

    /// Valid where every signature is; otherwise the verdict, and the place, of the first that is not.
    pub fn of_all(signatures: Vec<Signature>) -> Self {
        let which = signatures.iter().position(|signature| !signature.verdict.is_valid());
        let verdict = which.map_or(Verdict::Valid, |which| signatures[which].verdict);
        Self { which, signatures, ..Self::new(verdict) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_say_name_place_part_and_key() {
        let all = [
            (Role::one("tx"), "tx"),
            (Role::nth("witness", 0), "witness[0]"),
            (Role::nth("witness", 0).part(1).key(3), "witness[0][1] key 3"),
            (Role::nth("header", 2).key(0), "header[2] key 0"),
        ];
        for (role, text) in all {
            assert_eq!(role.to_string(), text);
        }
        assert_eq!(Role::nth("witness", 7).index(), Some(7));
        assert_eq!(Role::one("tx").index(), None);
        assert!(size_of::<Role>() <= 32);
    }
}
