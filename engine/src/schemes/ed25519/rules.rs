//! What "valid" means for Ed25519, rule by rule. Nothing else in the project decides this.

use super::wire::{Facts, PointFacts};
use crate::Reason;
use crate::schemes::Screened;

/// An acceptance rule. The rules disagree on which encodings, small-order points and equations they accept, so
/// there is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ed25519Rule {
    /// `zip215`: ZIP 215 (Zcash, CometBFT, Sui, IOTA). Any encodings that decode, cofactored equation.
    Zip215,
    /// `rfc8032`: RFC 8032 section 5.1.7 and FIPS 186-5. Canonical encodings, cofactored equation.
    Rfc8032,
    /// `rfc8032-cofactorless`: RFC 8032 with the equation that it allows instead (Bouncy Castle 1.66).
    Rfc8032Cofactorless,
    /// `cofactorless`: the bytes of R are compared (ed25519-dalek `verify`, Go, OpenSSL, BoringSSL, XRPL).
    Cofactorless,
    /// `strict`: as `cofactorless`, without small-order points (ed25519-dalek `verify_strict`, Solana, Diem,
    /// Aptos).
    Strict,
    /// `libsodium`: libsodium's releases to 1.0.22.
    Libsodium,
    /// `simd0376`: Solana's proposal SIMD-0376.
    Simd0376,
    /// `bouncy-castle`: recent releases of Bouncy Castle, as in Corda.
    BouncyCastle,
    /// `donna`: S below 2²⁵³ only (BUMO, Bubi).
    Donna,
}

/// The upper bound of S.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SBound {
    /// S < L, the group order.
    Order,
    /// S < 2²⁵³.
    Bits253,
}

/// Which encodings of a point are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PointEncoding {
    /// Any y, reduced or not, and x = 0 with either sign.
    Any,
    /// y < p, and x = 0 with either sign.
    ReducedY,
    /// y < p, and x = 0 only with sign 0.
    Canonical,
}

/// What is done with R.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RUse {
    /// The bytes of R are compared with an encoding and never decoded.
    Bytes,
    /// R is decoded (and may be encoded as the second field says).
    Decoded(PointEncoding),
}

/// Which equation is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Equation {
    /// `[8](SB − R − kA) = 0`.
    Cofactored,
    /// The encoding of `SB − kA` has the bytes of R. Where R decodes and is canonical this is
    /// `SB = R + kA`; where R is not canonical it never holds.
    Cofactorless,
}

/// A rule, spelled out.
#[derive(Debug, Clone, Copy)]
struct Criteria {
    s: SBound,
    key: PointEncoding,
    small_order_key: bool,
    r: RUse,
    small_order_r: bool,
    equation: Equation,
}

impl Ed25519Rule {
    /// Every rule.
    pub const ALL: [Self; 9] = [
        Self::Zip215,
        Self::Rfc8032,
        Self::Rfc8032Cofactorless,
        Self::Cofactorless,
        Self::Strict,
        Self::Libsodium,
        Self::Simd0376,
        Self::BouncyCastle,
        Self::Donna,
    ];

    /// Their names.
    pub(crate) const NAMES: [&'static str; Self::ALL.len()] = crate::schemes::names_of!(Self);

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zip215 => "zip215",
            Self::Rfc8032 => "rfc8032",
            Self::Rfc8032Cofactorless => "rfc8032-cofactorless",
            Self::Cofactorless => "cofactorless",
            Self::Strict => "strict",
            Self::Libsodium => "libsodium",
            Self::Simd0376 => "simd0376",
            Self::BouncyCastle => "bouncy-castle",
            Self::Donna => "donna",
        }
    }

    /// The rule of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    const fn criteria(self) -> Criteria {
        use Equation::{Cofactored, Cofactorless};
        use PointEncoding::{Any, Canonical, ReducedY};
        use RUse::{Bytes, Decoded};
        use SBound::{Bits253, Order};
        let (s, key, small_order_key, r, small_order_r, equation) = match self {
            Self::Zip215 => (Order, Any, true, Decoded(Any), true, Cofactored),
            Self::Rfc8032 => (Order, Canonical, true, Decoded(Canonical), true, Cofactored),
            Self::Rfc8032Cofactorless => (Order, Canonical, true, Decoded(Canonical), true, Cofactorless),
            Self::Cofactorless => (Order, Any, true, Bytes, true, Cofactorless),
            Self::Strict => (Order, Any, false, Decoded(Any), false, Cofactorless),
            Self::Libsodium => (Order, ReducedY, false, Bytes, false, Cofactorless),
            Self::Simd0376 => (Order, Canonical, false, Decoded(Canonical), false, Cofactored),
            Self::BouncyCastle => (Order, Canonical, false, Decoded(Canonical), true, Cofactored),
            Self::Donna => (Bits253, Any, true, Bytes, true, Cofactorless),
        };
        Criteria { s, key, small_order_key, r, small_order_r, equation }
    }

    /// What the bytes alone decide.
    pub(super) fn screen(self, facts: &Facts) -> Screened {
        let rule = self.criteria();
        if let Some(reason) = self.refuses_key(facts.key) {
            return Screened::Rejected(reason);
        }
        let s_in_range = match rule.s {
            SBound::Order => facts.s_below_order,
            SBound::Bits253 => facts.s_below_2_253,
        };
        if !s_in_range {
            return Screened::RejectedUnlessKeyFails(Reason::ScalarOutOfRange);
        }
        if let RUse::Decoded(encoding) = rule.r
            && !accepts_encoding(encoding, facts.r)
        {
            return Screened::RejectedUnlessKeyFails(Reason::NonCanonicalR);
        }
        if !rule.small_order_r && facts.r.small_order {
            return Screened::RejectedUnlessKeyFails(Reason::SmallOrderR);
        }
        Screened::Open
    }

    /// Why a key is rejected before it is decoded, if it is.
    #[inline]
    pub(crate) const fn refuses_key(self, key: PointFacts) -> Option<Reason> {
        let rule = self.criteria();
        if !accepts_encoding(rule.key, key) {
            return Some(Reason::NonCanonicalKey);
        }
        if !rule.small_order_key && key.small_order {
            return Some(Reason::SmallOrderKey);
        }
        None
    }

    /// Whether an R that does not decode is a reason of its own.
    #[inline]
    pub(crate) const fn decodes_r(self) -> bool {
        matches!(self.criteria().r, RUse::Decoded(_))
    }

    /// The equation that an open item must satisfy.
    #[inline]
    pub(crate) const fn equation(self) -> Equation {
        self.criteria().equation
    }
}

#[inline]
const fn accepts_encoding(accepted: PointEncoding, point: PointFacts) -> bool {
    match accepted {
        PointEncoding::Any => true,
        PointEncoding::ReducedY => point.y_reduced,
        PointEncoding::Canonical => point.y_reduced && !point.signed_zero,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As docs/rules.md has them.
    #[test]
    fn four_rules_ask_for_the_cofactored_equation() {
        use Ed25519Rule::{BouncyCastle, Rfc8032, Simd0376, Zip215};
        for rule in Ed25519Rule::ALL {
            let cofactored = matches!(rule, Zip215 | Rfc8032 | Simd0376 | BouncyCastle);
            assert_eq!(rule.equation() == Equation::Cofactored, cofactored, "{rule:?}");
            assert_eq!(rule.equation() == Equation::Cofactored, cofactored, "{rule:?}");
        }
    }
}
