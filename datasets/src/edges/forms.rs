//! What the curves of 256-bit primes share: numbers at the ends of ranges, forms of keys, and damaged DER.

use k256::elliptic_curve::AffinePoint;
use k256::elliptic_curve::array::Array;
use k256::elliptic_curve::bigint::U256;
use k256::elliptic_curve::point::DecompressPoint;
use k256::elliptic_curve::subtle::Choice;

use crate::generate::sign::{self, Curve, Signature};

pub(super) fn number(bytes: &[u8; 32]) -> U256 {
    U256::from_be_slice(bytes)
}

pub(super) fn be(number: U256) -> [u8; 32] {
    number.to_be_bytes().into()
}

/// Numbers around 0, n/2, n, p and 2²⁵⁶.
pub(super) fn bounds(n: &[u8; 32], p: &[u8; 32]) -> Vec<(&'static str, [u8; 32])> {
    let (n, p, one) = (number(n), number(p), U256::ONE);
    let half = n.wrapping_shr(1);
    vec![
        ("0", be(U256::ZERO)),
        ("1", be(one)),
        ("n/2", be(half)),
        ("n/2+1", be(half.wrapping_add(&one))),
        ("n-1", be(n.wrapping_sub(&one))),
        ("n", be(n)),
        ("n+1", be(n.wrapping_add(&one))),
        ("p-1", be(p.wrapping_sub(&one))),
        ("p", be(p)),
        ("2^256-1", be(U256::MAX)),
    ]
}

/// The point with this x and even y.
pub(super) fn lift<C: Curve>(x: &[u8; 32]) -> Option<AffinePoint<C>>
where
    AffinePoint<C>: DecompressPoint<C>,
{
    AffinePoint::<C>::decompress(&Array(*x), Choice::from(0)).into_option()
}

/// Forms of the key (x, y), right and wrong. Hybrid forms are right for Bitcoin alone.
pub(super) fn keys<C: Curve>(point: &([u8; 32], [u8; 32]), p: &[u8; 32]) -> Vec<(String, Vec<u8>)>
where
    AffinePoint<C>: DecompressPoint<C>,
{
    let (x, y) = point;
    let odd = y[31] & 1;
    let whole = |tag: u8, x: &[u8; 32], y: &[u8; 32]| [&[tag], x.as_slice(), y].concat();
    let half = |tag: u8, x: &[u8; 32]| [&[tag], x.as_slice()].concat();
    let minus_y = be(number(p).wrapping_sub(&number(y)));
    let y_plus_1 = be(number(y).wrapping_add(&U256::ONE));
    let off = (1u8..).map(|last| {
        let mut x = [0; 32];
        x[31] = last;
        x
    });
    let off = off.into_iter().find(|x| lift::<C>(x).is_none()).expect("half of all x are off the curve");
    let mut keys = vec![
        ("compressed".into(), half(2 | odd, x)),
        ("compressed negated".into(), half(3 ^ odd, x)),
        ("uncompressed".into(), whole(4, x, y)),
        ("uncompressed negated".into(), whole(4, x, &minus_y)),
        ("x and y".into(), [*x, *y].concat()),
        ("hybrid".into(), whole(6 | odd, x, y)),
        ("hybrid of wrong parity".into(), whole(7 ^ odd, x, y)),
        ("infinity".into(), vec![0]),
        ("infinity padded".into(), vec![0; 65]),
        ("compressed of no x".into(), half(2, &off)),
        ("compressed x = p".into(), half(2, p)),
        ("compressed x = 2^256-1".into(), half(3, &[0xff; 32])),
        ("y + 1".into(), whole(4, x, &y_plus_1)),
        ("y = p".into(), whole(4, x, p)),
        ("x = p".into(), whole(4, p, y)),
        ("swapped".into(), whole(4, y, x)),
        ("x = y = 0".into(), whole(4, &[0; 32], &[0; 32])),
    ];
    for tag in [0u8, 1, 4, 5, 6, 8, 0xff] {
        keys.push((format!("33 bytes of tag {tag:02x}"), half(tag, x)));
    }
    for tag in [0u8, 2, 3, 5, 8, 0xff] {
        keys.push((format!("65 bytes of tag {tag:02x}"), whole(tag, x, y)));
    }
    for length in [0usize, 1, 31, 32, 34, 63, 66, 97] {
        let bytes = whole(4, x, y).into_iter().cycle().take(length).collect();
        keys.push((format!("{length} bytes"), bytes));
    }
    keys
}

/// DER of a signature, damaged in every way that readers have been known to differ on.
pub(super) fn ders(signature: &Signature) -> Vec<(String, Vec<u8>)> {
    let Signature { r, s, .. } = signature;
    let minimal = |number: &[u8; 32]| {
        let start = number.iter().position(|&byte| byte != 0).unwrap_or(31);
        let sign = usize::from(number[start] >= 0x80);
        [vec![0; sign], number[start..].to_vec()].concat()
    };
    let tlv = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
    let integer = |content: &[u8]| tlv(2, content);
    let sequence = |parts: &[Vec<u8>]| tlv(0x30, &parts.concat());
    let (r_min, s_min) = (minimal(r), minimal(s));
    let (r_int, s_int) = (integer(&r_min), integer(&s_min));
    let body = [r_int.clone(), s_int.clone()].concat();
    let whole = sequence(&[r_int.clone(), s_int.clone()]);
    let padded = |content: &[u8], zeros: usize| integer(&[vec![0; zeros], content.to_vec()].concat());
    let length = |form: &[u8], rest: &[u8]| [&[0x30], form, rest].concat();
    let n = body.len() as u8;

    let mut ders: Vec<(String, Vec<u8>)> = vec![
        ("minimal".into(), whole.clone()),
        ("r with a zero too many".into(), sequence(&[padded(&r_min, 1), s_int.clone()])),
        ("s with a zero too many".into(), sequence(&[r_int.clone(), padded(&s_min, 1)])),
        ("r with ten zeros".into(), sequence(&[padded(&r_min, 10), s_int.clone()])),
        ("r of 32 bytes".into(), sequence(&[integer(r), s_int.clone()])),
        ("s of 32 bytes".into(), sequence(&[r_int.clone(), integer(s)])),
        ("r empty".into(), sequence(&[integer(&[]), s_int.clone()])),
        ("s empty".into(), sequence(&[r_int.clone(), integer(&[])])),
        ("r zero".into(), sequence(&[integer(&[0]), s_int.clone()])),
        ("s zero".into(), sequence(&[r_int.clone(), integer(&[0])])),
        ("r negative".into(), sequence(&[integer(&[0x80]), s_int.clone()])),
        ("r of 33 bytes".into(), sequence(&[integer(&[[1].as_slice(), r].concat()), s_int.clone()])),
        ("r of 40 bytes".into(), sequence(&[integer(&[7; 40]), s_int.clone()])),
        ("length 81".into(), length(&[0x81, n], &body)),
        ("length 82 00".into(), length(&[0x82, 0, n], &body)),
        ("length 84".into(), length(&[0x84, 0, 0, 0, n], &body)),
        ("length 88".into(), length(&[0x88, 0, 0, 0, 0, 0, 0, 0, n], &body)),
        ("length 89".into(), length(&[0x89, 0, 0, 0, 0, 0, 0, 0, 0, n], &body)),
        ("length 84 of 2^32-1".into(), length(&[0x84, 0xff, 0xff, 0xff, 0xff], &body)),
        ("length indefinite".into(), [length(&[0x80], &body), vec![0, 0]].concat()),
        ("length one more".into(), length(&[n + 1], &body)),
        ("length one less".into(), length(&[n - 1], &body)),
        ("length zero".into(), length(&[0], &body)),
        ("length one more, one byte after".into(), [length(&[n + 1], &body), vec![0]].concat()),
        ("r length 81".into(), {
            let r_long = [&[2, 0x81, r_min.len() as u8], r_min.as_slice()].concat();
            sequence(&[r_long, s_int.clone()])
        }),
        ("s length 81".into(), {
            let s_long = [&[2, 0x81, s_min.len() as u8], s_min.as_slice()].concat();
            sequence(&[r_int.clone(), s_long])
        }),
        ("r length past the end".into(), sequence(&[vec![2, 0xff], r_min.clone(), s_int.clone()])),
        ("s length past the end".into(), {
            sequence(&[r_int.clone(), [&[2, s_min.len() as u8 + 1], s_min.as_slice()].concat()])
        }),
        ("tag 31".into(), [&[0x31, n], body.as_slice()].concat()),
        ("tag of r".into(), sequence(&[tlv(3, &r_min), s_int.clone()])),
        ("tag of s".into(), sequence(&[r_int.clone(), tlv(4, &s_min)])),
        ("r alone".into(), sequence(std::slice::from_ref(&r_int))),
        ("three integers".into(), sequence(&[r_int.clone(), s_int.clone(), integer(&[1])])),
        ("without sequence".into(), body.clone()),
        ("in another sequence".into(), sequence(std::slice::from_ref(&whole))),
        ("empty sequence".into(), vec![0x30, 0]),
        ("a tag".into(), vec![0x30]),
        ("empty".into(), vec![]),
        ("raw".into(), signature.raw()),
        ("swapped".into(), sequence(&[s_int, r_int])),
    ];
    for after in [1usize, 2, 20, 100] {
        ders.push((format!("{after} bytes after"), [whole.clone(), vec![0xab; after]].concat()));
    }
    for cut in [1, 2, whole.len() / 2, whole.len() - 4] {
        ders.push((format!("cut by {cut}"), whole[..whole.len() - cut].to_vec()));
    }
    ders
}

/// A secret whose key is G, −G, 2G or random.
pub(super) fn secrets<C: Curve>(n: &[u8; 32]) -> Vec<(&'static str, [u8; 32])> {
    let n = number(n);
    vec![
        ("G", be(U256::ONE)),
        ("2G", be(U256::from(2u8))),
        ("-G", be(n.wrapping_sub(&U256::ONE))),
        ("random", sign::scalar_bytes::<C>(&sign::scalar::<C>(&super::bytes("secret")))),
    ]
}
