//! `SEQUENCE { INTEGER r, INTEGER s }` as the DER-like signature encodings read it.
//!
//! Only the form is judged here. Integers come out as magnitudes of any length; whether they are scalars is for
//! the schemes to say.

/// The magnitudes of r and s: big-endian, without leading zeros, so that zero is empty.
pub(crate) type Integers<'a> = [&'a [u8]; 2];

/// What may follow the parts that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing: DER (X.690, section 10).
    Refused,
    /// Anything, both after s inside the sequence and after the sequence: how Go's `encoding/asn1` reads a
    /// structure of two integers.
    Ignored,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// DER with minimal lengths and minimal, non-negative integers, or `None`.
pub(crate) fn strict(bytes: &[u8], tail: Tail) -> Option<Integers<'_>> {
    let (content, after) = strict_element(SEQUENCE, bytes)?;
    let (r, rest) = strict_element(INTEGER, content)?;
    let (s, inside) = strict_element(INTEGER, rest)?;
    if tail == Tail::Refused && !(after.is_empty() && inside.is_empty()) {
        return None;
    }
    Some([strict_magnitude(r)?, strict_magnitude(s)?])
}

/// The content of an element with this tag at the start of `bytes`, and what follows it.
#[cfg(feature = "one-by-one")]
pub(crate) fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    strict_element(tag, bytes)
}

/// The content of the element at the start of `bytes`, and what follows it.
fn strict_element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = bytes.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (first as usize, rest),
        // 0x80 is BER's indefinite length. Go reads lengths below 2³¹, which no signature comes near.
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(first as usize - 0x80)?;
            let length = octets.iter().fold(0, |length, &octet| length << 8 | u64::from(octet));
            if octets[0] == 0 || !(0x80..1 << 31).contains(&length) {
                return None;
            }
            (usize::try_from(length).ok()?, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn strict_magnitude(content: &[u8]) -> Option<&[u8]> {
    match content {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
        [0, magnitude @ ..] | magnitude => Some(magnitude),
    }
}

/// What Bitcoin accepted before BIP 66, or `None`: lengths need not be minimal, the length of the sequence is not
/// looked at, integers are unsigned whatever their first bit says, and bytes after s are ignored.
pub(crate) fn lax(bytes: &[u8]) -> Option<Integers<'_>> {
    let (&[SEQUENCE, first], rest) = bytes.split_first_chunk()? else { return None };
    let skipped = if first < 0x80 { 0 } else { first as usize - 0x80 };
    let (_, rest) = rest.split_at_checked(skipped)?;
    let (r, rest) = lax_integer(rest)?;
    let (s, _) = lax_integer(rest)?;
    Some([trim(r), trim(s)])
}

fn lax_integer(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[INTEGER, first], rest) = bytes.split_first_chunk()? else { return None };
    if first < 0x80 {
        return rest.split_at_checked(first as usize);
    }
    let (octets, rest) = rest.split_at_checked(first as usize - 0x80)?;
    let octets = trim(octets);
    // Bitcoin reads at most three significant octets of a length.
    if octets.len() > 3 {
        return None;
    }
    rest.split_at_checked(octets.iter().fold(0, |length, &octet| length << 8 | octet as usize))
}

fn trim(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|&&byte| byte == 0).count()..]
}

/// A magnitude as so many bytes, or `None` where it has more.
pub(crate) fn padded<const N: usize>(magnitude: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let start = out.len().checked_sub(magnitude.len())?;
    out[start..].copy_from_slice(magnitude);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(content: &[u8]) -> Vec<u8> {
        [&[0x30, content.len() as u8], content].concat()
    }

    #[test]
    fn minimal_der_is_read_the_same_by_all() {
        let one_255 = sequence(&[2, 1, 1, 2, 2, 0, 255]);
        let expected: Option<Integers<'_>> = Some([&[1], &[255]]);
        assert_eq!(strict(&one_255, Tail::Refused), expected);
        assert_eq!(strict(&one_255, Tail::Ignored), expected);
        assert_eq!(lax(&one_255), expected);
        let zeros = sequence(&[2, 1, 0, 2, 1, 0]);
        assert_eq!(strict(&zeros, Tail::Refused), Some([&[] as &[u8]; 2]));
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = sequence(&[2, 1, 1, 2, 2, 0, 255]);
        for len in 0..bytes.len() {
            assert_eq!(strict(&bytes[..len], Tail::Refused), None);
            assert_eq!(strict(&bytes[..len], Tail::Ignored), None);
            assert_eq!(lax(&bytes[..len]), None);
        }
    }

    #[test]
    fn tails_are_ignored_only_where_named() {
        let inside = sequence(&[2, 1, 1, 2, 1, 1, 5, 0]);
        let after = [sequence(&[2, 1, 1, 2, 1, 1]), vec![0]].concat();
        for bytes in [&inside, &after] {
            assert_eq!(strict(bytes, Tail::Refused), None);
            assert_eq!(strict(bytes, Tail::Ignored), Some([&[1u8] as &[u8]; 2]));
            assert_eq!(lax(bytes), Some([&[1u8] as &[u8]; 2]));
        }
    }

    #[test]
    fn forms_that_only_the_lax_reader_takes() {
        let one = [&[1u8] as &[u8]; 2];
        for content in [
            &[2, 2, 0, 1, 2, 1, 1][..],                // a superfluous zero
            &[2, 0x81, 1, 1, 2, 1, 1][..],             // a long length for a short one
            &[2, 0x85, 0, 0, 0, 0, 1, 1, 2, 1, 1][..], // with leading zeros
        ] {
            let bytes = sequence(content);
            for tail in [Tail::Refused, Tail::Ignored] {
                assert_eq!(strict(&bytes, tail), None);
            }
            assert_eq!(lax(&bytes), Some(one));
        }
        // The length of the sequence: wrong, long, or indefinite.
        for header in [&[0x30, 0][..], &[0x30, 0x7f], &[0x30, 0x80], &[0x30, 0x82, 9, 9]] {
            let bytes = [header, &[2, 1, 1, 2, 1, 1]].concat();
            assert_eq!(strict(&bytes, Tail::Ignored), None);
            assert_eq!(lax(&bytes), Some(one));
        }
        // The sign bit is part of the number, and an empty integer is zero.
        assert_eq!(lax(&sequence(&[2, 0, 2, 1, 0x80])), Some([&[] as &[u8], &[0x80]]));
        // So is one whose length has no octets, which BER calls indefinite.
        assert_eq!(lax(&sequence(&[2, 0x80, 2, 1, 1])), Some([&[] as &[u8], &[1]]));
        assert_eq!(strict(&sequence(&[2, 0, 2, 1, 1]), Tail::Ignored), None);
        assert_eq!(strict(&sequence(&[2, 1, 1, 2, 1, 0x80]), Tail::Ignored), None);
        assert_eq!(lax(&sequence(&[2, 0x84, 1, 0, 0, 0, 2, 1, 1])), None);
    }

    #[test]
    fn lax_lengths_have_three_octets_that_count() {
        let integer =
            |header: &[u8], length: usize| [&[0x30, 0x80][..], header, &vec![0; length], &[2, 1, 1]].concat();
        let longest = integer(&[2, 0x84, 0, 0xff, 0xff, 0xff], 0xff_ffff);
        assert_eq!(lax(&longest), Some([&[] as &[u8], &[1]]));
        assert_eq!(lax(&integer(&[2, 0x84, 1, 0, 0, 0], 0x100_0000)), None);
    }

    #[test]
    fn long_lengths_are_minimal() {
        let integer = |length: usize| {
            let mut bytes = vec![2];
            match length {
                0..128 => bytes.push(length as u8),
                128..256 => bytes.extend([0x81, length as u8]),
                _ => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
            }
            bytes.extend(vec![1; length]);
            bytes
        };
        for length in [127, 128, 255, 256, 1000] {
            let content = [integer(length), vec![2, 1, 1]].concat();
            let total = content.len();
            let header = match total {
                0..256 => vec![0x30, 0x81, total as u8],
                _ => vec![0x30, 0x82, (total >> 8) as u8, total as u8],
            };
            let bytes = [header, content.clone()].concat();
            assert_eq!(strict(&bytes, Tail::Refused).map(|[r, _]| r.len()), Some(length));
            let padded = [vec![0x30, 0x83, 0, (total >> 8) as u8, total as u8], content].concat();
            assert_eq!(strict(&padded, Tail::Refused), None);
        }
    }

    #[test]
    fn magnitudes_of_more_than_256_bits_do_not_fit() {
        assert_eq!(padded::<32>(&[]), Some([0; 32]));
        assert_eq!(padded::<32>(&[7; 32]), Some([7; 32]));
        assert_eq!(padded::<32>(&[7; 33]), None);
        assert_eq!(padded::<32>(&[1, 2]).map(|bytes| (bytes[0], bytes[30], bytes[31])), Some((0, 1, 2)));
    }
}
