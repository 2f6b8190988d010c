//! Keys of Weierstrass curves that are known before their signatures come: what their bytes are, and sums over
//! items of which some have such keys.

use std::sync::OnceLock;

use super::LazyTable;
use super::sec1::{self, Hybrid, Key};
use super::weierstrass::{self, Bounds};
use crate::Reason;
use sigwarp_kernels::curve::weierstrass::comb::{self, BaseTable, KeyTable};
use sigwarp_kernels::curve::weierstrass::equation::{self, Abscissa, Match, Sum};
use sigwarp_kernels::curve::weierstrass::{self as lanes, Encoded};
use sigwarp_kernels::field::prime256::Family;

/// Canonical affine coordinates, x and y, as little-endian words.
pub(crate) type Point = [[u64; 4]; 2];

/// What is known of a key. It is a point of its curve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownKey<'a> {
    /// Its point.
    pub(crate) point: &'a Point,
    /// Its table.
    pub(crate) table: Option<&'a KeyTable>,
    /// Where Z_A of SM2 under the default user ID is kept, once it was hashed.
    pub(crate) identity: Option<&'a OnceLock<[u8; 32]>>,
}

/// The criterion of a key that carries a coordinate of p or more: every rule refuses it.
const UNREDUCED: u8 = 1;
/// The criterion of a hybrid key, which few suites accept.
const HYBRID: u8 = 2;

/// The reason for which a suite rejects every signature under a key with these criteria, if it does.
#[inline]
pub(super) const fn refused(hybrid: Hybrid, criteria: u8) -> Option<Reason> {
    match hybrid {
        Hybrid::Refused if criteria & HYBRID != 0 => Some(Reason::BadKeyEncoding),
        _ if criteria & UNREDUCED != 0 => Some(Reason::NonCanonicalKey),
        _ => None,
    }
}

/// What the bytes of each key are: its criteria and its point, or what is wrong with their form. `hybrid` says
/// whether any suite accepts the hybrid form; `decode` finds points.
pub(crate) fn examine(
    bounds: &Bounds,
    hybrid: Hybrid,
    keys: &[&[u8]],
    decode: impl FnOnce(&[Key]) -> Vec<Option<Point>>,
) -> Vec<Result<(u8, Option<Point>), Reason>> {
    let criteria = |bytes: &[u8], key: &Key| {
        let is_hybrid = bytes.len() == 65 && bytes[0] != 4;
        u8::from(!key.reduced) * UNREDUCED + u8::from(is_hybrid) * HYBRID
    };
    let parse = |bytes: &&[u8]| sec1::parse(bytes, hybrid, bounds.p).map(|key| (criteria(bytes, &key), key));
    examine_parsed(keys.iter().map(parse).collect(), decode)
}

/// The same for keys of BIP 340.
pub(crate) fn examine_x_only(
    bounds: &Bounds,
    keys: &[&[u8]],
    decode: impl FnOnce(&[Key]) -> Vec<Option<Point>>,
) -> Vec<Result<(u8, Option<Point>), Reason>> {
    let parse = |bytes: &&[u8]| {
        let x: [u8; 32] = (*bytes).try_into().map_err(|_| Reason::BadKeyLength)?;
        let reduced = sigwarp_tables::be_below(&x, bounds.p);
        Ok((u8::from(!reduced) * UNREDUCED, Key { x, y: sec1::Y::Odd(false), reduced }))
    };
    examine_parsed(keys.iter().map(parse).collect(), decode)
}

fn examine_parsed(
    parsed: Vec<Result<(u8, Key), Reason>>,
    decode: impl FnOnce(&[Key]) -> Vec<Option<Point>>,
) -> Vec<Result<(u8, Option<Point>), Reason>> {
    let reduced: Vec<Key> = parsed.iter().flatten().map(|(_, key)| *key).filter(|key| key.reduced).collect();
    let mut points = decode(&reduced).into_iter();
    let mut point = |key: Key| if key.reduced { points.next().flatten() } else { None };
    parsed.into_iter().map(|parsed| parsed.map(|(criteria, key)| (criteria, point(key)))).collect()
}

/// Decodes keys in lanes.
pub(crate) fn decode_in_lanes<C: lanes::Curve, S: Family>(
    token: S::Token,
    keys: &[Key],
) -> Vec<Option<Point>> {
    let encoded: Vec<Encoded> = keys.iter().map(weierstrass::encoded).collect();
    equation::points::<C, S>(token, &encoded)
}

/// gG + kP of an item, whose P is to be decoded or known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term<'a> {
    /// P.
    pub(super) point: Encoded,
    /// The table of P.
    pub(super) table: Option<&'a KeyTable>,
    /// g.
    pub(super) g: [u64; 4],
    /// k.
    pub(super) k: [u64; 4],
}

impl<'a> Term<'a> {
    /// The sum of a key, by what is known of it.
    pub(super) fn new(
        encoded: impl FnOnce() -> Encoded,
        known: Option<KnownKey<'a>>,
        g: [u64; 4],
        k: [u64; 4],
    ) -> Self {
        match known {
            None => Self { point: encoded(), table: None, g, k },
            Some(KnownKey { point, table, .. }) => {
                Self { point: Encoded { x: point[0], y: lanes::Y::Is(point[1]) }, table, g, k }
            }
        }
    }
}

/// The table of G, made when it is first asked for.
pub(crate) type Base = LazyTable<BaseTable>;

/// Sums by one way or the other, in their places.
struct Split<'a> {
    cold: (Vec<usize>, Vec<equation::Item>),
    known: (Vec<usize>, Vec<comb::WithTable<'a>>),
}

impl<'a> Split<'a> {
    fn of(terms: &[Term<'a>]) -> Self {
        let mut out = Self { cold: (Vec::new(), Vec::new()), known: (Vec::new(), Vec::new()) };
        for (i, &Term { point, table, g, k }) in terms.iter().enumerate() {
            match table {
                None => {
                    out.cold.0.push(i);
                    out.cold.1.push(equation::Item { point, g, k });
                }
                Some(table) => {
                    out.known.0.push(i);
                    out.known.1.push(comb::WithTable { table, g, k });
                }
            }
        }
        out
    }

    fn run<R: Copy>(
        self,
        nothing: R,
        cold: impl FnOnce(&[usize], &[equation::Item]) -> Vec<R>,
        known: impl FnOnce(&[usize], &[comb::WithTable<'a>]) -> Vec<R>,
    ) -> Vec<R> {
        let mut out = vec![nothing; self.cold.0.len() + self.known.0.len()];
        let mut put = |places: &[usize], results: Vec<R>| {
            for (&place, result) in places.iter().zip(results) {
                out[place] = result;
            }
        };
        if !self.cold.0.is_empty() {
            put(&self.cold.0, cold(&self.cold.0, &self.cold.1));
        }
        if !self.known.0.is_empty() {
            put(&self.known.0, known(&self.known.0, &self.known.1));
        }
        out
    }
}

/// For every term, whether its sum has the x expected of it.
pub(super) fn matches<C: lanes::Curve, S: Family>(
    token: S::Token,
    base: &Base,
    terms: &[Term<'_>],
    expected: &[Abscissa],
) -> Vec<Match> {
    let pick = |places: &[usize]| places.iter().map(|&i| expected[i]).collect::<Vec<Abscissa>>();
    Split::of(terms).run(
        Match::Exceptional,
        |places, items| equation::matches::<C, S>(token, items, &pick(places)),
        |places, items| comb::matches::<C, S>(token, base, items, &pick(places)),
    )
}

/// The sum of every term.
pub(super) fn sums<C: lanes::Curve, S: Family>(token: S::Token, base: &Base, terms: &[Term<'_>]) -> Vec<Sum> {
    Split::of(terms).run(
        Sum::Exceptional,
        |_, items| equation::sums::<C, S>(token, items),
        |_, items| comb::sums::<C, S>(token, base, items),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::weierstrass::Curve as _;

    #[test]
    fn criteria_say_what_suites_refuse() {
        let bounds = &k256::Secp256k1::BOUNDS;
        let mut hybrid = [1; 65];
        hybrid[0] = 7;
        let mut unreduced = [0xff; 33];
        unreduced[0] = 2;
        let both = {
            let mut key = [0xff; 65];
            key[0] = 7;
            key
        };
        let none = |keys: &[Key]| vec![None; keys.len()];
        let keys: [&[u8]; 4] = [&hybrid, &unreduced, &both, &[5; 33]];
        let found = examine(bounds, Hybrid::Accepted, &keys, none);
        let criteria: Vec<Result<u8, Reason>> =
            found.into_iter().map(|key| key.map(|(bits, _)| bits)).collect();
        assert_eq!(
            criteria,
            [Ok(HYBRID), Ok(UNREDUCED), Ok(HYBRID | UNREDUCED), Err(Reason::BadKeyEncoding)]
        );
        assert_eq!(refused(Hybrid::Refused, HYBRID | UNREDUCED), Some(Reason::BadKeyEncoding));
        assert_eq!(refused(Hybrid::Accepted, HYBRID | UNREDUCED), Some(Reason::NonCanonicalKey));
        assert_eq!(refused(Hybrid::Accepted, HYBRID), None);
        assert_eq!(refused(Hybrid::Refused, UNREDUCED), Some(Reason::NonCanonicalKey));
        assert_eq!(refused(Hybrid::Refused, 0), None);
        let x_only = examine_x_only(bounds, &[&[0xff; 32], &[1; 32], &[1; 33]], none);
        assert_eq!(x_only, [Ok((UNREDUCED, None)), Ok((0, None)), Err(Reason::BadKeyLength)]);
    }
}
