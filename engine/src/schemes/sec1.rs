//! Public keys of 256-bit Weierstrass curves: SEC 1 section 2.3.3, and x ‖ y without a tag.

use sigwarp_tables::be_below;

use crate::Reason;

/// A key of a known form; whether it is a point is not yet known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// x, big-endian.
    pub(crate) x: [u8; 32],
    /// y, or what stands for it.
    pub(crate) y: Y,
    /// Every coordinate that the bytes carry is below p.
    pub(crate) reduced: bool,
}

/// The second coordinate of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Y {
    /// Compressed: whether y is odd.
    Odd(bool),
    /// y, big-endian.
    Is([u8; 32]),
}

/// Whether the hybrid form (X9.62: tags 06 and 07, both coordinates, and the parity of y in the tag) is a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hybrid {
    /// It is not.
    Refused,
    /// It is, where tag and y agree.
    Accepted,
}

/// The lengths of keys.
pub(crate) const LENGTHS: [usize; 3] = [33, 64, 65];

/// Reads a key of a curve over the prime `p`.
pub(crate) fn parse(bytes: &[u8], hybrid: Hybrid, p: &[u8; 32]) -> Result<Key, Reason> {
    let (tag, coordinates) = match bytes.len() {
        33 | 65 => (Some(bytes[0]), &bytes[1..]),
        64 => (None, bytes),
        // SEC 1's encoding of infinity: a known form, which no key has.
        1 if bytes[0] == 0 => return Err(Reason::BadKeyEncoding),
        _ => return Err(Reason::BadKeyLength),
    };
    let (x, y) = match *coordinates.as_chunks().0 {
        [x] => match tag {
            Some(tag @ (2 | 3)) => (x, Y::Odd(tag == 3)),
            _ => return Err(Reason::BadKeyEncoding),
        },
        [x, y] => match tag {
            None | Some(4) => (x, Y::Is(y)),
            Some(tag @ (6 | 7)) if hybrid == Hybrid::Accepted && y[31] & 1 == tag & 1 => (x, Y::Is(y)),
            _ => return Err(Reason::BadKeyEncoding),
        },
        _ => return Err(Reason::BadKeyLength),
    };
    let y_reduced = match &y {
        Y::Odd(_) => true,
        Y::Is(y) => be_below(y, p),
    };
    Ok(Key { x, y, reduced: be_below(&x, p) && y_reduced })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigwarp_tables::secp256::k1::P;

    #[test]
    fn lengths_and_tags() {
        for hybrid in [Hybrid::Refused, Hybrid::Accepted] {
            for len in 0..200 {
                for tag in 0..=255 {
                    let mut bytes = vec![1; len];
                    if let Some(first) = bytes.first_mut() {
                        *first = tag;
                    }
                    let expected = match (len, tag) {
                        (1, 0) => Err(Reason::BadKeyEncoding),
                        (33, 2 | 3) | (64, _) | (65, 4) => Ok(()),
                        // y ends in 01.
                        (65, 7) if hybrid == Hybrid::Accepted => Ok(()),
                        (33 | 65, _) => Err(Reason::BadKeyEncoding),
                        _ => Err(Reason::BadKeyLength),
                    };
                    assert_eq!(parse(&bytes, hybrid, &P).map(|_| ()), expected, "{len} bytes, tag {tag}");
                }
            }
        }
    }

    #[test]
    fn coordinates_are_where_they_belong() {
        let mut bytes = [1; 65];
        bytes[33..].fill(2);
        let xy = Key { x: [1; 32], y: Y::Is([2; 32]), reduced: true };
        assert_eq!(parse(&bytes[1..], Hybrid::Refused, &P), Ok(xy));
        bytes[0] = 4;
        assert_eq!(parse(&bytes, Hybrid::Refused, &P), Ok(xy));
        bytes[0] = 6;
        assert_eq!(parse(&bytes, Hybrid::Accepted, &P), Ok(xy));
        bytes[0] = 3;
        let odd = Key { x: [1; 32], y: Y::Odd(true), reduced: true };
        assert_eq!(parse(&bytes[..33], Hybrid::Refused, &P), Ok(odd));
    }

    #[test]
    fn both_coordinates_are_compared_with_p() {
        let mut below = P;
        below[31] -= 1;
        let reduced = |x: [u8; 32], y: [u8; 32]| {
            parse(&[x, y].concat(), Hybrid::Refused, &P).map(|key| key.reduced).unwrap()
        };
        assert!(reduced(below, below));
        assert!(!reduced(P, below));
        assert!(!reduced(below, P));
        let compressed = |x: [u8; 32]| {
            parse(&[&[2][..], &x].concat(), Hybrid::Refused, &P).map(|key| key.reduced).unwrap()
        };
        assert!(compressed(below));
        assert!(!compressed(P));
    }
}
