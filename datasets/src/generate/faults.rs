//! What is wrong with a bad signature, and what each rule makes of it.

use std::borrow::Cow;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::scalar::Scalar as Scalar25519;
use rand_chacha::rand_core::Rng;
use sigwarp::{EcdsaRule, Ed25519Rule, Scheme, Suite};

use super::below;
use super::fleet::{Fleet, Unsigned};
use super::sign::{self, Domain, Signature};

/// Something wrong with a signature. Some rules accept some of them: `expected` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A bit of r or s (of R or S) is flipped.
    FlippedBit,
    /// Signed by another device.
    WrongKey,
    /// The message or digest is another one.
    WrongMessage,
    /// ECDSA with s above half the order; valid under `ecdsa`.
    HighS,
    /// Ed25519 with S + L; valid under `donna` where it is below 2²⁵³.
    SPlusL,
    /// Ed25519 with a key and an R of small order, and S = 0; valid under some rules, sometimes.
    SmallOrder,
    /// Ed25519 with an R that is not canonical, valid under `zip215` alone; DER with a zero byte too many, valid
    /// as `der-lax` alone.
    NonCanonical,
    /// The signature lacks its end.
    Truncated,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 8] = [
        Self::FlippedBit,
        Self::WrongKey,
        Self::WrongMessage,
        Self::HighS,
        Self::SPlusL,
        Self::SmallOrder,
        Self::NonCanonical,
        Self::Truncated,
    ];

    /// The name on the command line and in the column `fault`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FlippedBit => "flipped-bit",
            Self::WrongKey => "wrong-key",
            Self::WrongMessage => "wrong-message",
            Self::HighS => "high-s",
            Self::SPlusL => "s-plus-l",
            Self::SmallOrder => "small-order",
            Self::NonCanonical => "non-canonical",
            Self::Truncated => "truncated",
        }
    }

    /// The fault of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Whether signatures of a suite can have it.
    pub fn fits(self, suite: &Suite) -> bool {
        match self {
            Self::FlippedBit | Self::WrongKey | Self::WrongMessage | Self::Truncated => true,
            Self::HighS => suite.scheme().ecdsa().is_some(),
            Self::SPlusL | Self::SmallOrder => is_ed25519(suite),
            Self::NonCanonical => is_ed25519(suite) || suite.encoding().starts_with("der"),
        }
    }
}

/// Whether a suite is of Ed25519 or a variant of it.
fn is_ed25519(suite: &Suite) -> bool {
    matches!(suite.scheme(), Scheme::Ed25519 | Scheme::Ed25519ctx | Scheme::Ed25519ph)
}

/// A signed item.
#[derive(Debug)]
pub(super) struct Signed {
    /// The key, where it is not the device's own.
    pub(super) key: Option<Vec<u8>>,
    pub(super) input: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) expected: bool,
}

/// An item on its way.
#[derive(Debug)]
pub(super) enum Begun<'a> {
    /// It needs no signature of a device.
    Signed(Signed),
    /// What it carries, and what is signed of it.
    Unsigned(Vec<u8>, Unsigned<'a>),
}

/// Begins an item with a message of a device, with a fault that fits the suite or none.
pub(super) fn begin<'a>(
    fleet: &'a Fleet,
    number: u32,
    message: Vec<u8>,
    fault: Option<Fault>,
    rng: &mut impl Rng,
) -> Begun<'a> {
    let device = &fleet.devices()[number as usize];
    let input = fleet.input(device, message);
    let rule = Ed25519Rule::from_name(fleet.suite().rule());
    match (fault, rule, device.scalar()) {
        (Some(Fault::SmallOrder), Some(rule), _) => {
            return Begun::Signed(small_order(fleet.domain(), rule, input, rng));
        }
        (Some(Fault::NonCanonical), Some(rule), Some(secret)) => {
            return Begun::Signed(non_canonical_r(fleet.domain(), rule, secret, &device.public, input, rng));
        }
        _ => {}
    }
    let signer = match fault {
        Some(Fault::WrongKey) => fleet.device(number.wrapping_add(1)),
        _ => Cow::Borrowed(device),
    };
    let unsigned = fleet.unsigned(signer, &input, rng);
    Begun::Unsigned(input, unsigned)
}

/// Ends an item that has its signature.
pub(super) fn finish(
    fleet: &Fleet,
    mut input: Vec<u8>,
    mut signature: Signature,
    fault: Option<Fault>,
    rng: &mut impl Rng,
) -> Signed {
    let suite = fleet.suite();
    let rule = Ed25519Rule::from_name(suite.rule());
    let mut expected = fault.is_none();
    if suite.scheme().ecdsa().is_some() {
        // Under low-s signers give the low one; elsewhere both are as likely.
        let low_s = suite.rule() == EcdsaRule::LowS.name();
        let negate = match fault {
            Some(Fault::HighS) => !fleet.is_high(&signature.s),
            _ => low_s && fleet.is_high(&signature.s),
        };
        if negate {
            signature.s = fleet.negated(&signature.s);
            signature.id ^= 1;
        }
        expected |= fault == Some(Fault::HighS) && !low_s;
    }
    match fault {
        Some(Fault::FlippedBit) => {
            let bit = below(rng, 512) as usize;
            let half = if bit < 256 { &mut signature.r } else { &mut signature.s };
            half[bit % 256 / 8] ^= 1 << (bit % 8);
        }
        Some(Fault::WrongMessage) => match input.len() as u64 * 8 {
            0 => input.push(0),
            bits => {
                let bit = below(rng, bits) as usize;
                input[bit / 8] ^= 1 << (bit % 8);
            }
        },
        Some(Fault::SPlusL) => {
            signature.s = plus_order(&signature.s);
            expected = rule == Some(Ed25519Rule::Donna) && signature.s[31] >> 5 == 0;
        }
        _ => {}
    }
    let padded = fault == Some(Fault::NonCanonical);
    expected |= padded && suite.encoding() == "der-lax";
    let mut encoded = encode(suite, &signature, padded, rng);
    if fault == Some(Fault::Truncated) {
        // The bytes that `der-trailing` ignores do not count as the end.
        let whole = if suite.encoding() == "der-trailing" { 2 + encoded[1] as usize } else { encoded.len() };
        encoded.truncate(below(rng, whole as u64) as usize);
    }
    Signed { key: None, input, signature: encoded, expected }
}

fn encode(suite: &Suite, signature: &Signature, padded: bool, rng: &mut impl Rng) -> Vec<u8> {
    match suite.encoding() {
        "raw" => signature.raw(),
        "raw-v" => [signature.raw(), vec![signature.id]].concat(),
        "der-trailing" => {
            let mut trailing = vec![0; below(rng, 4) as usize];
            rng.fill_bytes(&mut trailing);
            [sign::der(&signature.r, &signature.s, padded), trailing].concat()
        }
        _ => sign::der(&signature.r, &signature.s, padded),
    }
}

/// S + L, which fits in 256 bits.
pub(crate) fn plus_order(s: &[u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0u16;
    for (i, byte) in sum.iter_mut().enumerate() {
        carry += u16::from(s[i]) + u16::from(sigwarp_tables::edwards25519::L[i]);
        *byte = carry as u8;
        carry >>= 8;
    }
    sum
}

/// Key and R of small order, canonical, and S = 0. With A = [a]T, R = [r]T and T of order 8, the cofactored
/// equation always holds and the other one where r + ka is 0 mod 8.
fn small_order(domain: &Domain, rule: Ed25519Rule, input: Vec<u8>, rng: &mut impl Rng) -> Signed {
    use Ed25519Rule::*;
    let (a, r) = (below(rng, 8) as usize, below(rng, 8) as usize);
    let [key, r_bytes] = [a, r].map(|multiple| EIGHT_TORSION[multiple].compress().0);
    let k = domain.challenge(&r_bytes, &key, &input).to_bytes()[0];
    let cofactorless = (r + usize::from(k) * a).is_multiple_of(8);
    let expected = match rule {
        Zip215 | Rfc8032 => true,
        Rfc8032Cofactorless | Cofactorless | Donna => cofactorless,
        Strict | Libsodium | Simd0376 | BouncyCastle => false,
    };
    let signature = Signature { r: r_bytes, s: [0; 32], id: 0 }.raw();
    Signed { key: Some(key.to_vec()), input, signature, expected }
}

/// The encodings that decode to points of small order and are not canonical: y = p, y = p + 1, and x = 0 with the
/// sign 1.
pub(crate) fn non_canonical_small_order() -> [[u8; 32]; 6] {
    let p_plus = |low: u8, high: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, high);
        bytes
    };
    let mut one_signed = [0; 32];
    (one_signed[0], one_signed[31]) = (1, 0x80);
    [
        p_plus(0xed, 0x7f),
        p_plus(0xed, 0xff),
        p_plus(0xee, 0x7f),
        p_plus(0xee, 0xff),
        one_signed,
        p_plus(0xec, 0xff),
    ]
}

/// A signature by the device whose R is such an encoding: with S = ka, SB − kA is 0, and R is gone with the
/// cofactor.
fn non_canonical_r(
    domain: &Domain,
    rule: Ed25519Rule,
    secret: &Scalar25519,
    key: &[u8],
    input: Vec<u8>,
    rng: &mut impl Rng,
) -> Signed {
    let r = non_canonical_small_order()[below(rng, 6) as usize];
    let s = domain.challenge(&r, key, &input) * secret;
    let signature = Signature { r, s: s.to_bytes(), id: 0 }.raw();
    Signed { key: None, input, signature, expected: rule == Ed25519Rule::Zip215 }
}
