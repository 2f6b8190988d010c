//! A guard before the decoders of the delta encodings of byte strings, which reserve room for as many lengths as the
//! values declare: a page that declares more than its header is refused.

/// Checks the lengths of values in the encoding DELTA_LENGTH_BYTE_ARRAY, or those in DELTA_BYTE_ARRAY, which are
/// lengths of prefixes and then of suffixes. A page has at most `count` values.
pub(super) fn check_lengths(values: &[u8], prefixes: bool, count: usize) -> Result<(), String> {
    let suffixes = if prefixes { end_of_integers(values, count)? } else { 0 };
    end_of_integers(&values[suffixes.min(values.len())..], count).map(|_| ())
}

/// Where integers in the encoding DELTA_BINARY_PACKED end. There may be at most `count` of them.
fn end_of_integers(data: &[u8], count: usize) -> Result<usize, String> {
    let mut at = 0;
    let block_values = varint(data, &mut at)?;
    let parts = varint(data, &mut at)?;
    let total = varint(data, &mut at)?;
    varint(data, &mut at)?;
    let (Some(part_values), Ok(parts)) = (block_values.checked_div(parts), usize::try_from(parts)) else {
        return Err("delta encoding in blocks of no parts".to_owned());
    };
    if total > count as u64 {
        return Err(format!("a page with {count} values declares the lengths of {total}"));
    }
    // The first value stands in the header.
    let mut left = total.saturating_sub(1);
    while left > 0 {
        if part_values == 0 {
            return Err("delta encoding in parts of no values".to_owned());
        }
        // A block begins with its least difference and the bits of a value in each of its parts.
        varint(data, &mut at)?;
        let widths = at.checked_add(parts).and_then(|end| data.get(at..end));
        let widths = widths.ok_or("delta encoding that is cut off")?;
        at += parts;
        for &width in widths {
            if left > 0 {
                let bytes = u64::from(width).saturating_mul(part_values) / 8;
                at = at.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
                left = left.saturating_sub(part_values);
            }
        }
    }
    Ok(at)
}

fn varint(data: &[u8], at: &mut usize) -> Result<u64, String> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let &byte = data.get(*at).ok_or("delta encoding that is cut off")?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("delta encoding with a number that has no end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of 128 values in four parts: this many values, from 2 on; the only block has parts of 1, 0, 3 and 0 bits.
    fn integers(total: u8) -> Vec<u8> {
        let mut data = vec![0x80, 0x01, 4, total, 4];
        match total {
            ..=1 => {}
            2..=33 => data.extend([0, 1, 0, 3, 0].into_iter().chain([0xaa; 4])),
            _ => data.extend([0, 1, 0, 3, 0].into_iter().chain([0xaa; 16])),
        }
        data
    }

    #[test]
    fn integers_end_where_their_last_part_does() {
        for total in [0, 1, 2, 33, 66, 97, 127] {
            let data = [integers(total), vec![0xff; 3]].concat();
            assert_eq!(end_of_integers(&data, 200), Ok(data.len() - 3), "{total}");
        }
    }

    #[test]
    fn pages_that_declare_more_lengths_than_values_are_refused() {
        let (few, many) = (integers(33), integers(100));
        assert!(check_lengths(&few, false, 33).is_ok() && check_lengths(&many, false, 99).is_err());
        assert!(check_lengths(&[few.clone(), few.clone()].concat(), true, 33).is_ok());
        assert!(check_lengths(&[few.clone(), many.clone()].concat(), true, 33).is_err());
        assert!(check_lengths(&[many, few].concat(), true, 33).is_err());
        for damaged in
            [&[][..], &[0x80], &[0xff; 12], &[0x80, 1, 0, 1, 0], &[0, 4, 5, 0], &[0x80, 1, 4, 5, 0, 0]]
        {
            assert!(check_lengths(damaged, false, 100).is_err(), "{damaged:?}");
        }
    }
}
