//! Verdicts: what a caller learns about each item, and why.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::explain::Explain;

/// Why an item is invalid.
///
/// The list is closed and ordered: when several reasons apply, the first in this order is reported, by every
/// backend and on every path. `docs/rules.md` says which checks each rule performs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Reason {
    /// The key has a length that the scheme does not know.
    BadKeyLength = 2,
    /// The key has a known length and a wrong form: SEC1 tag, hybrid parity, or the encoding of infinity.
    BadKeyEncoding = 3,
    /// The signature has a length that the encoding cannot have.
    BadSignatureLength = 4,
    /// The signature does not parse under the named encoding, or carries a recovery id above 3.
    BadSignatureEncoding = 5,
    /// A coordinate of the key is not reduced, or x = 0 carries a sign, under a rule that forbids it.
    NonCanonicalKey = 6,
    /// The key is a point of order 1, 2, 4 or 8, under a rule that forbids it.
    SmallOrderKey = 7,
    /// The key does not decode to a point of the curve.
    KeyNotOnCurve = 8,
    /// A scalar of the signature (r, s or S; for SM2 also r + s) is outside its range.
    ScalarOutOfRange = 9,
    /// s is above half the group order, under a rule that forbids it.
    HighS = 10,
    /// The encoding of R is not canonical, under a rule that forbids it.
    NonCanonicalR = 11,
    /// R is a point of order 1, 2, 4 or 8, under a rule that forbids it.
    SmallOrderR = 12,
    /// R does not decode to a point of the curve, under a rule that decodes it.
    RNotOnCurve = 13,
    /// The verification equation does not hold, or its point is infinity.
    EquationFailed = 14,
}

impl Reason {
    /// Every reason, in order of precedence.
    pub const ALL: [Self; 13] = [
        Self::BadKeyLength,
        Self::BadKeyEncoding,
        Self::BadSignatureLength,
        Self::BadSignatureEncoding,
        Self::NonCanonicalKey,
        Self::SmallOrderKey,
        Self::KeyNotOnCurve,
        Self::ScalarOutOfRange,
        Self::HighS,
        Self::NonCanonicalR,
        Self::SmallOrderR,
        Self::RNotOnCurve,
        Self::EquationFailed,
    ];

    /// The name used in files and summaries, for example `EquationFailed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadKeyLength => "BadKeyLength",
            Self::BadKeyEncoding => "BadKeyEncoding",
            Self::BadSignatureLength => "BadSignatureLength",
            Self::BadSignatureEncoding => "BadSignatureEncoding",
            Self::NonCanonicalKey => "NonCanonicalKey",
            Self::SmallOrderKey => "SmallOrderKey",
            Self::KeyNotOnCurve => "KeyNotOnCurve",
            Self::ScalarOutOfRange => "ScalarOutOfRange",
            Self::HighS => "HighS",
            Self::NonCanonicalR => "NonCanonicalR",
            Self::SmallOrderR => "SmallOrderR",
            Self::RNotOnCurve => "RNotOnCurve",
            Self::EquationFailed => "EquationFailed",
        }
    }

    /// Whether the bytes have a wrong length or do not parse: what summaries count as `malformed`.
    pub const fn is_malformed(self) -> bool {
        matches!(
            self,
            Self::BadKeyLength | Self::BadKeyEncoding | Self::BadSignatureLength | Self::BadSignatureEncoding
        )
    }

    #[inline]
    const fn from_code(code: u8) -> Option<Self> {
        let mut i = 0;
        while i < Self::ALL.len() {
            if Self::ALL[i] as u8 == code {
                return Some(Self::ALL[i]);
            }
            i += 1;
        }
        None
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The verdict on one item.
///
/// There is deliberately no conversion to or from `bool` or an integer: no default and no zeroed memory can be
/// taken for [`Verdict::Valid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Verdict {
    /// The signature is valid under the item's suite.
    Valid,
    /// The signature is invalid, for the first reason in the order of [`Reason`].
    Invalid(Reason),
}

impl Verdict {
    /// Whether this is [`Verdict::Valid`].
    #[inline]
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid)
    }

    /// The word for it in files: `valid` or `invalid`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid(_) => "invalid",
        }
    }

    /// The reason of an invalid item.
    #[inline]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Valid => None,
            Self::Invalid(reason) => Some(reason),
        }
    }
}

impl From<Reason> for Verdict {
    #[inline]
    fn from(reason: Reason) -> Self {
        Self::Invalid(reason)
    }
}

impl From<Result<(), Reason>> for Verdict {
    #[inline]
    fn from(checked: Result<(), Reason>) -> Self {
        match checked {
            Ok(()) => Self::Valid,
            Err(reason) => Self::Invalid(reason),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => f.write_str("Valid"),
            Self::Invalid(reason) => write!(f, "Invalid({reason})"),
        }
    }
}

/// The code of an item that no backend has decided; 0, so that zeroed memory means this and nothing else.
const NOT_COMPUTED: u8 = 0;
/// The code of a valid item; reasons have the codes of [`Reason`].
pub(crate) const VALID: u8 = 1;

/// One slot per item of a dispatch. Slots start as not computed and are written by the backend, from any
/// thread and in any order; only [`Slots::finish`] turns them into verdicts.
#[derive(Debug)]
pub(crate) struct Slots(Vec<AtomicU8>);

impl Slots {
    pub(crate) fn new(items: usize) -> Self {
        Self((0..items).map(|_| AtomicU8::new(NOT_COMPUTED)).collect())
    }

    #[inline]
    pub(crate) fn set(&self, item: usize, verdict: Verdict) {
        let code = match verdict {
            Verdict::Valid => VALID,
            Verdict::Invalid(reason) => reason as u8,
        };
        self.0[item].store(code, Ordering::Relaxed);
    }

    /// What an item has been set to so far, before anything is final: for a backend to learn from, and for the
    /// dispatcher to check.
    #[inline]
    pub(crate) fn peek(&self, item: usize) -> Option<Verdict> {
        decode(self.0[item].load(Ordering::Relaxed))
    }

    /// The verdicts of a completed dispatch, or the first item that the backend left undecided.
    pub(crate) fn finish(self, explain: Explain) -> Result<Verdicts, usize> {
        let codes: Vec<u8> = self.0.into_iter().map(AtomicU8::into_inner).collect();
        match codes.iter().position(|&code| decode(code).is_none()) {
            Some(item) => Err(item),
            None => Ok(Verdicts { codes, explain }),
        }
    }
}

/// The verdict that a code stands for; most codes are not verdicts.
#[inline]
pub(crate) const fn decode(code: u8) -> Option<Verdict> {
    match code {
        NOT_COMPUTED => None,
        VALID => Some(Verdict::Valid),
        code => match Reason::from_code(code) {
            Some(reason) => Some(Verdict::Invalid(reason)),
            None => None,
        },
    }
}

/// The verdicts of a batch, one per item and in the order of its items, one byte each.
#[derive(Debug, Clone)]
#[must_use]
pub struct Verdicts {
    codes: Vec<u8>,
    explain: Explain,
}

impl Verdicts {
    /// The number of items.
    #[inline]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether the batch was empty.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The verdict on item `item`, or `None` past the end.
    #[inline]
    pub fn get(&self, item: usize) -> Option<Verdict> {
        // `finish` has decoded every code once, so `decode` answers here for every item.
        self.codes.get(item).copied().and_then(decode)
    }

    /// The codes of the verdicts, for [`decode`].
    pub(crate) fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// The verdicts in the order of the items.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Verdict> + '_ {
        self.codes.iter().map(|&code| decode(code).expect("only decided codes leave a dispatch"))
    }

    /// The number of valid items.
    pub fn valid(&self) -> usize {
        self.codes.iter().filter(|&&code| code == VALID).count()
    }

    /// Whether every item is valid; true for an empty batch.
    pub fn all_valid(&self) -> bool {
        self.valid() == self.len()
    }

    /// Which backends decided, and why they were chosen.
    pub fn explain(&self) -> &Explain {
        &self.explain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain() -> Explain {
        Explain::new(Vec::new(), "a test".into(), 1)
    }

    #[test]
    fn an_undecided_item_is_never_a_verdict() {
        let slots = Slots::new(3);
        slots.set(0, Verdict::Valid);
        slots.set(2, Verdict::Invalid(Reason::HighS));
        assert_eq!(slots.finish(explain()).unwrap_err(), 1);
    }

    #[test]
    fn every_code_survives_the_round_trip() {
        let slots = Slots::new(Reason::ALL.len() + 1);
        slots.set(0, Verdict::Valid);
        for (i, &reason) in Reason::ALL.iter().enumerate() {
            slots.set(i + 1, Verdict::Invalid(reason));
        }
        let verdicts = slots.finish(explain()).unwrap();
        assert_eq!(verdicts.get(0), Some(Verdict::Valid));
        for (i, &reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(verdicts.get(i + 1), Some(Verdict::Invalid(reason)));
        }
        assert_eq!(verdicts.get(Reason::ALL.len() + 1), None);
        assert_eq!(verdicts.valid(), 1);
    }

    #[test]
    fn no_byte_but_one_means_valid() {
        let meaning_valid: Vec<u8> = (0..=255).filter(|&c| decode(c) == Some(Verdict::Valid)).collect();
        assert_eq!(meaning_valid, [VALID]);
        assert_eq!(decode(NOT_COMPUTED), None);
        assert_eq!(decode(255), None);
    }

    #[test]
    fn reasons_are_listed_in_order_of_precedence() {
        assert!(Reason::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
