//! `SEQUENCE { INTEGER, INTEGER }` written well and badly.

use arbitrary::{Result, Unstructured};

/// Two integers as DER, and whether nothing was done to it: now and then a length is too long, a zero too many, a sign missing.
pub(crate) fn encode(u: &mut Unstructured<'_>, numbers: [&[u8]; 2]) -> Result<(Vec<u8>, bool)> {
    let styled = u.ratio(1, 2)?;
    let mut content = Vec::new();
    for number in numbers {
        let mut integer: Vec<u8> = number.iter().copied().skip_while(|&byte| byte == 0).collect();
        let zeros = match styled.then(|| u.int_in_range(0..=7)).transpose()? {
            Some(0) => u.int_in_range(1..=3)?,
            Some(1) => 0,
            _ => usize::from(integer.first().is_none_or(|&first| first >= 0x80)),
        };
        integer.splice(0..0, vec![0; zeros]);
        content.extend(element(u, 0x02, &integer, styled)?);
    }
    if styled && u.ratio(1, 8)? {
        content.extend_from_slice(u.bytes(u.len().min(4))?);
    }
    let mut bytes = element(u, 0x30, &content, styled)?;
    if styled && u.ratio(1, 4)? {
        bytes.extend_from_slice(u.bytes(u.len().min(4))?);
    }
    Ok((bytes, !styled))
}

fn element(u: &mut Unstructured<'_>, tag: u8, content: &[u8], styled: bool) -> Result<Vec<u8>> {
    let mut length = content.len();
    let mut octets = usize::from(length >= 0x80) + usize::from(length >= 0x100);
    if styled {
        match u.int_in_range(0..=15)? {
            0 => octets += u.int_in_range(1..=8)?,
            1 => length = length.wrapping_add_signed(u.int_in_range(-2..=2)?) & 0xffff,
            2 => octets = 9,
            _ => {}
        }
    }
    let header = match octets {
        0 => vec![tag, length as u8],
        9 => vec![tag, 0x80],
        _ => {
            let wide = (length as u64).to_be_bytes();
            let padded: Vec<u8> = [&[0; 8][..], &wide[..]].concat();
            [&[tag, 0x80 | octets as u8], &padded[16 - octets..]].concat()
        }
    };
    Ok([header, content.to_vec()].concat())
}
