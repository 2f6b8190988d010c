//! The bytes of a commitment of BIP 341: what they are, never what they are worth.

use sigwarp_tables::be_below;
use sigwarp_tables::secp256::k1;

use crate::Reason;

/// An item of the right lengths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parsed {
    /// x of P, big-endian.
    pub(super) key: [u8; 32],
    /// It is below p.
    pub(super) key_reduced: bool,
    /// t, big-endian, where it has 32 bytes and is below n. It may be 0.
    pub(super) t: Option<[u8; 32]>,
    /// x of Q, big-endian.
    pub(super) x: [u8; 32],
    /// It is below p.
    pub(super) x_reduced: bool,
    /// Whether y of Q is odd.
    pub(super) odd: bool,
}

/// Splits an item, or says what is wrong with its form.
pub(super) fn parse(key: &[u8], tweak: &[u8], output: &[u8]) -> Result<Parsed, Reason> {
    let key: [u8; 32] = key.try_into().map_err(|_| Reason::BadKeyLength)?;
    let output: [u8; 33] = output.try_into().map_err(|_| Reason::BadSignatureLength)?;
    let [parity, x @ ..] = output;
    let odd = match parity {
        0 => false,
        1 => true,
        _ => return Err(Reason::BadSignatureEncoding),
    };
    let t: Option<[u8; 32]> = tweak.try_into().ok();
    Ok(Parsed {
        key,
        key_reduced: be_below(&key, &k1::P),
        t: t.filter(|t| be_below(t, &k1::N)),
        x,
        x_reduced: be_below(&x, &k1::P),
        odd,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn less(value: &[u8; 32]) -> [u8; 32] {
        let mut less = *value;
        less[31] -= 1;
        less
    }

    #[test]
    fn forms_are_checked_in_the_order_of_reasons() {
        let reason = |key: &[u8], output: &[u8]| parse(key, &[0; 32], output).err();
        for length in (0..70).filter(|&length| length != 32) {
            assert_eq!(reason(&vec![0; length], &[9; 5]), Some(Reason::BadKeyLength));
        }
        for length in (0..70).filter(|&length| length != 33) {
            assert_eq!(reason(&[0xff; 32], &vec![9; length]), Some(Reason::BadSignatureLength));
        }
        for parity in 0..=255 {
            let output = [&[parity], &[7; 32][..]].concat();
            let expected = (parity > 1).then_some(Reason::BadSignatureEncoding);
            assert_eq!(reason(&[0xff; 32], &output), expected);
            if let Ok(parsed) = parse(&[1; 32], &[0; 32], &output) {
                assert_eq!((parsed.x, parsed.odd), ([7; 32], parity == 1));
            }
        }
    }

    #[test]
    fn bounds_are_exact() {
        let facts = |key: [u8; 32], t: &[u8], x: [u8; 32]| {
            let parsed = parse(&key, t, &[&[0], &x[..]].concat()).unwrap();
            (parsed.key_reduced, parsed.t, parsed.x_reduced)
        };
        let largest = less(&k1::N);
        assert_eq!(facts(less(&k1::P), &largest, less(&k1::P)), (true, Some(largest), true));
        assert_eq!(facts(k1::P, &[0; 32], k1::N), (false, Some([0; 32]), true));
        assert_eq!(facts(k1::N, &k1::N, k1::P), (true, None, false));
        for length in (0..70).filter(|&length| length != 32) {
            assert_eq!(facts([1; 32], &vec![0; length], [1; 32]).1, None, "{length} bytes are no t");
        }
    }
}
