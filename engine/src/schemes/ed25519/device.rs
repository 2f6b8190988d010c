//! What a device needs of an item: everything that bytes alone decide is decided here.

use super::rules::{Ed25519Rule, Equation};
use super::wire;
use crate::Reason;
use crate::schemes::Screened;
use crate::verdict::Verdict;

/// An item before its arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screening<'a> {
    /// The bytes decide.
    Decided(Verdict),
    /// Invalid: because of the key if it does not decode, else for the reason given.
    KeyOnly(&'a [u8; 32], Reason),
    /// The arithmetic decides.
    Open(Open<'a>),
}

/// An item whose equation decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open<'a> {
    /// The encoding of A.
    pub(crate) a: &'a [u8; 32],
    /// The encoding of R.
    pub(crate) r: &'a [u8; 32],
    /// S, below 2²⁵³.
    pub(crate) s: &'a [u8; 32],
    /// Whether an R that does not decode is a reason of its own.
    pub(crate) decodes_r: bool,
    /// Whether the equation is \[8\](SB − R − kA) = 0.
    pub(crate) cofactored: bool,
}

/// What `rule` says of the bytes of an item.
pub(crate) fn screen<'a>(rule: Ed25519Rule, key: &'a [u8], signature: &'a [u8]) -> Screening<'a> {
    let parsed = match wire::parse(key, None, signature) {
        Ok(parsed) => parsed,
        Err(reason) => return Screening::Decided(Verdict::Invalid(reason)),
    };
    match rule.screen(&parsed.facts) {
        Screened::Rejected(reason) => Screening::Decided(Verdict::Invalid(reason)),
        Screened::RejectedUnlessKeyFails(reason) => Screening::KeyOnly(parsed.a, reason),
        Screened::Open => Screening::Open(Open {
            a: parsed.a,
            r: parsed.r,
            s: parsed.s,
            decodes_r: rule.decodes_r(),
            cofactored: rule.equation() == Equation::Cofactored,
        }),
    }
}
