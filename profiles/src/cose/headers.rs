//! Header parameters: the protected and the unprotected map of a message or of a signature (RFC 9052 section 3).

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::algorithm::Identifier;
use super::{Context, Fault};
use crate::cbor::Item;
use crate::profile::Decided;

const ALG: i128 = 1;
const CRIT: i128 = 2;
const KID: i128 = 4;
const X5CHAIN: i128 = 33;
const X5T: i128 = 34;

/// The parameters of RFC 9052, which every application must know, and which may therefore be critical.
const COMMON: std::ops::RangeInclusive<i128> = 1..=6;

/// One of the two maps.
#[derive(Debug, Clone, Copy)]
struct Bucket<'h> {
    map: Item<'h>,
    is_empty: bool,
    /// Which of the common parameters are there.
    common: u8,
    alg: Option<Item<'h>>,
    crit: Option<Item<'h>>,
    kid: Option<Item<'h>>,
    x5chain: Option<Item<'h>>,
    x5t: Option<Item<'h>>,
}

/// A label: a number or text.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label<'h> {
    Integer(i128),
    Text(Cow<'h, [u8]>),
}

impl<'h> Label<'h> {
    fn of(item: Item<'h>) -> Option<Self> {
        item.integer().map(Self::Integer).or_else(|| item.text().map(Self::Text))
    }
}

impl<'h> Bucket<'h> {
    /// `None` where it is no map, or a label is neither a number nor text.
    fn of(map: Item<'h>) -> Option<Self> {
        let mut bucket = Self {
            map,
            is_empty: true,
            common: 0,
            alg: None,
            crit: None,
            kid: None,
            x5chain: None,
            x5t: None,
        };
        for (label, value) in map.map()? {
            bucket.is_empty = false;
            let Label::Integer(label) = Label::of(label)? else { continue };
            if COMMON.contains(&label) {
                bucket.common |= 1 << label;
            }
            match label {
                ALG => bucket.alg = Some(value),
                CRIT => bucket.crit = Some(value),
                KID => bucket.kid = Some(value),
                X5CHAIN => bucket.x5chain = Some(value),
                X5T => bucket.x5t = Some(value),
                _ => {}
            }
        }
        Some(bucket)
    }

    fn labels(&self) -> impl Iterator<Item = Label<'h>> {
        self.map.map().into_iter().flatten().filter_map(|(label, _)| Label::of(label))
    }

    /// Whether the critical parameters, if any are named, are there and known.
    fn meets_crit(&self) -> bool {
        let Some(crit) = self.crit else { return true };
        let Some(mut labels) = crit.array().map(Iterator::peekable) else { return false };
        let is_met = |label: Item<'_>| {
            let label = label.integer().filter(|label| COMMON.contains(label));
            label.is_some_and(|label| self.common & 1 << label != 0)
        };
        labels.peek().is_some() && labels.all(is_met)
    }
}

/// The two maps as they stand in a message or a signature.
#[derive(Debug)]
pub(super) struct Raw<'a> {
    /// The content of the byte string, as it came; an empty one stands for an empty map.
    protected: Cow<'a, [u8]>,
    at: usize,
    unprotected: Item<'a>,
}

impl<'a> Raw<'a> {
    pub(super) fn of(protected: Item<'a>, unprotected: Item<'a>) -> Result<Self, Decided> {
        let at = protected.at();
        let protected = protected.byte_string().ok_or_else(|| Decided::at(at, Fault::Malformed))?;
        Ok(Self { protected, at, unprotected })
    }
}

/// The header parameters of a message or of a signature.
#[derive(Debug)]
pub(super) struct Headers<'h> {
    /// The protected ones as they are signed: as they came, but no bytes where there are none.
    pub(super) signed: &'h [u8],
    protected: Option<Bucket<'h>>,
    unprotected: Bucket<'h>,
}

impl<'h> Headers<'h> {
    /// Malformed bytes end the record.
    pub(super) fn of(raw: &'h Raw<'_>) -> Result<Self, Decided> {
        let protected = match &raw.protected[..] {
            [] => None,
            bytes => {
                let map = Item::whole(bytes).ok().and_then(Bucket::of);
                Some(map.ok_or_else(|| Decided::at(raw.at, Fault::Malformed))?)
            }
        };
        let malformed = || Decided::at(raw.unprotected.at(), Fault::Malformed);
        let unprotected = Bucket::of(raw.unprotected).ok_or_else(malformed)?;
        let signed = match &protected {
            Some(bucket) if !bucket.is_empty => &raw.protected[..],
            _ => &[],
        };
        Ok(Self { signed, protected, unprotected })
    }

    /// What is wrong with them, beside their form.
    pub(super) fn check(&self, context: &Context) -> Result<(), Fault> {
        let meets_crit = self.protected.as_ref().is_none_or(Bucket::meets_crit);
        if self.unprotected.crit.is_some() || !meets_crit {
            return Err(Fault::CriticalHeader);
        }
        match &self.protected {
            Some(protected) if context.strict_headers => {
                let labels: BTreeSet<Label<'_>> = protected.labels().collect();
                let is_twice = self.unprotected.labels().any(|label| labels.contains(&label));
                if is_twice { Err(Fault::DuplicateHeader) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// The algorithm: the protected one, else the unprotected one where the context allows it.
    pub(super) fn algorithm(&self, context: &Context) -> Result<Identifier, Fault> {
        let protected = self.protected.as_ref().and_then(|bucket| bucket.alg);
        let alg = match (protected, self.unprotected.alg) {
            (Some(alg), _) => alg,
            (None, Some(_)) if context.protected_alg_only => return Err(Fault::UnprotectedAlgorithm),
            (None, Some(alg)) => alg,
            (None, None) => return Err(Fault::UnknownAlgorithm),
        };
        Identifier::of(alg.integer().ok_or(Fault::UnknownAlgorithm)?)
    }

    /// The id of the key: the protected one, else the unprotected one.
    pub(super) fn kid(&self) -> Option<Item<'h>> {
        self.either(|bucket| bucket.kid)
    }

    /// The certificates that the record brings.
    pub(super) fn x5chain(&self) -> Option<Item<'h>> {
        self.either(|bucket| bucket.x5chain)
    }

    /// The hash of the certificate of the signer: SHA-256 (−16), or the first eight bytes of it (−15).
    pub(super) fn certificate_digest(&self) -> Option<Cow<'h, [u8]>> {
        let [algorithm, digest] = self.either(|bucket| bucket.x5t)?.array_of()?;
        let length = match algorithm.integer()? {
            -16 => 32,
            -15 => 8,
            _ => return None,
        };
        digest.byte_string().filter(|digest| digest.len() == length)
    }

    fn either(&self, get: impl Fn(&Bucket<'h>) -> Option<Item<'h>>) -> Option<Item<'h>> {
        self.protected.as_ref().and_then(&get).or_else(|| get(&self.unprotected))
    }
}
