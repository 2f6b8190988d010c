//! Public-key recovery on secp256k1 (SEC 1 section 4.1.6) and Ethereum addresses, one signature at a time and in lanes.

use k256::Secp256k1;
use k256::elliptic_curve::ops::Invert;
use sha3::{Digest, Keccak256};
use sigwarp_tables::be_below;

use super::rules::{EcdsaEncoding, EcdsaRule};
use super::wire::{self, RecoveryId};
use crate::Reason;
use crate::batch::Column;
use crate::schemes::weierstrass::{self, Bounds, Coordinates, Curve, InLanes, bytes, words};
use sigwarp_kernels::curve::weierstrass::equation::{self, Sum};
use sigwarp_kernels::curve::weierstrass::scalars::{self, Triple};
use sigwarp_kernels::curve::weierstrass::{self as lanes, Encoded, Y};
use sigwarp_kernels::field::prime256::Family;

/// The public key under which `signature` is a valid secp256k1 signature of `digest`: 04 ‖ x ‖ y.
///
/// `signature` is r ‖ s, 64 bytes; `rule` says which s are accepted. The digest is used as in verification: its
/// leftmost 256 bits, or all of it where it is shorter. [`crate::Engine::recover`] gives the same answers for many
/// signatures at once, faster. `recovery_id` names the point R: bit 0 is the parity of its
/// y, bit 1 says that its x is r + n. The values 27 and 28 of Bitcoin and Ethereum and the EIP-155 form are for the
/// caller to undo.
///
/// # Errors
/// Each reason means that no key is recovered, the first in the order of [`Reason`]:
/// - [`Reason::BadSignatureLength`]: not 64 bytes;
/// - [`Reason::BadSignatureEncoding`]: a recovery id above 3;
/// - [`Reason::ScalarOutOfRange`], [`Reason::HighS`]: as in verification;
/// - [`Reason::RNotOnCurve`]: no point has the x that the recovery id names, or that x is not below p;
/// - [`Reason::EquationFailed`]: the key would be infinity.
///
/// ```
/// use sigwarp::{EcdsaRule, ethereum_address, recover};
/// # let unhex = |s: &str| -> Vec<u8> {
/// #     (0..s.len() / 2).map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).unwrap()).collect()
/// # };
/// // The example of EIP-155.
/// let digest = unhex("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
/// let signature = unhex("28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
///                        67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
/// let key = recover(&digest, &signature, 0, EcdsaRule::LowS)?;
/// assert_eq!(ethereum_address(&key)[..], unhex("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"));
/// # Ok::<(), sigwarp::Reason>(())
/// ```
pub fn recover(
    digest: &[u8],
    signature: &[u8],
    recovery_id: u8,
    rule: EcdsaRule,
) -> Result<[u8; 65], Reason> {
    let wanted = Wanted::parse(digest, signature, recovery_id, rule)?;
    let point =
        weierstrass::decompress::<Secp256k1>(&wanted.x, wanted.y_is_odd).ok_or(Reason::RNotOnCurve)?;
    let [r, s, e] = [wanted.r, wanted.s, wanted.e].map(|integer| weierstrass::scalar::<Secp256k1>(&integer));
    // sR = eG + rQ, so Q = (s/r)R − (e/r)G.
    let w = Invert::invert(&r).into_option().ok_or(Reason::ScalarOutOfRange)?;
    let key = weierstrass::combine::<Secp256k1>(&-(e * w), &(s * w), &point).ok_or(Reason::EquationFailed)?;
    Ok(uncompressed(&key))
}

/// The key, or why there is none.
pub(crate) type Recovered = Result<[u8; 65], Reason>;

/// Signatures whose keys are wanted, row by row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recovery<'a> {
    pub(crate) rule: EcdsaRule,
    pub(crate) digests: Column<'a>,
    pub(crate) signatures: Column<'a>,
    pub(crate) ids: &'a [u8],
}

impl Recovery<'_> {
    /// The number of signatures.
    pub(crate) const fn len(&self) -> usize {
        self.ids.len()
    }

    /// The key of a row by complete formulas.
    pub(crate) fn one(&self, row: usize) -> Recovered {
        recover(self.digests.get(row), self.signatures.get(row), self.ids[row], self.rule)
    }

    /// The keys of consecutive rows in lanes, from row `first` on; every place of `keys` is set.
    pub(crate) fn in_lanes<S: Family>(&self, token: S::Token, first: usize, keys: &mut [Option<Recovered>]) {
        let n = <lanes::Secp256k1 as InLanes>::BOUNDS.n;
        let mut open: Vec<usize> = Vec::with_capacity(keys.len());
        let mut points: Vec<Encoded> = Vec::with_capacity(keys.len());
        let mut triples: Vec<Triple> = Vec::with_capacity(keys.len());
        for (place, key) in keys.iter_mut().enumerate() {
            let row = first + place;
            let parsed =
                Wanted::parse(self.digests.get(row), self.signatures.get(row), self.ids[row], self.rule);
            match parsed {
                Err(reason) => *key = Some(Err(reason)),
                Ok(wanted) => {
                    let minus_e = weierstrass::negate(&weierstrass::reduce(&wanted.e, n), n);
                    // Quotients by r: −e/r and s/r.
                    let [e, r, s] = [&minus_e, &wanted.s, &wanted.r].map(words);
                    triples.push(Triple { e, r, s });
                    points.push(Encoded { x: words(&wanted.x), y: Y::Odd(wanted.y_is_odd) });
                    open.push(place);
                }
            }
        }
        let quotients = scalars::quotients::<<lanes::Secp256k1 as lanes::Curve>::Order, S>(token, &triples);
        let items: Vec<equation::Item> =
            points.into_iter().zip(quotients).map(|(point, [g, k])| equation::Item { point, g, k }).collect();
        let sums = equation::sums::<lanes::Secp256k1, S>(token, &items);
        for (place, sum) in open.into_iter().zip(sums) {
            keys[place] = Some(match sum {
                Sum::NotOnCurve => Err(Reason::RNotOnCurve),
                Sum::At { x, y } => Ok(uncompressed(&Coordinates { x: bytes(&x), y: bytes(&y) })),
                Sum::Exceptional => self.one(first + place),
            });
        }
    }
}

/// A signature that recovery may start from.
struct Wanted {
    /// x of R, below p; whether it is that of a point is not yet known.
    x: [u8; 32],
    y_is_odd: bool,
    r: [u8; 32],
    s: [u8; 32],
    e: [u8; 32],
}

impl Wanted {
    fn parse(digest: &[u8], signature: &[u8], recovery_id: u8, rule: EcdsaRule) -> Result<Self, Reason> {
        const BOUNDS: Bounds = Secp256k1::BOUNDS;
        let signature = wire::parse_signature(EcdsaEncoding::Raw, signature)?;
        let id = RecoveryId::new(recovery_id).ok_or(Reason::BadSignatureEncoding)?;
        rule.screen_signature(&wire::signature_facts(&BOUNDS, &signature))?;
        let x = if id.x_is_r_plus_n { weierstrass::add(&signature.r, BOUNDS.n) } else { Some(signature.r) };
        let x = x.filter(|x| be_below(x, BOUNDS.p)).ok_or(Reason::RNotOnCurve)?;
        let e = weierstrass::digest_integer(digest);
        Ok(Self { x, y_is_odd: id.y_is_odd, r: signature.r, s: signature.s, e })
    }
}

fn uncompressed(key: &Coordinates) -> [u8; 65] {
    let mut encoded = [4; 65];
    encoded[1..33].copy_from_slice(&key.x);
    encoded[33..].copy_from_slice(&key.y);
    encoded
}

/// The Ethereum address of an uncompressed key (04 ‖ x ‖ y): the last 20 bytes of Keccak-256 of x ‖ y (Yellow Paper,
/// appendix F). The key is not checked.
pub fn ethereum_address(key: &[u8; 65]) -> [u8; 20] {
    let hash: [u8; 32] = Keccak256::digest(&key[1..]).into();
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    address
}
