//! Cells of text that hold something else.

use crate::error::RowError;

/// The bytes that a cell of text stands for: hexadecimal digits, with or without `0x` before them.
///
/// A signature with an odd number of digits has a length that no encoding has: that is a verdict, as other wrong
/// lengths are, and it is judged as an empty signature, which is never valid.
pub(super) fn bytes_of_text<'a>(
    field: &'static str,
    text: &[u8],
    decoded: &'a mut Vec<u8>,
) -> Result<&'a [u8], RowError> {
    let digits = hex_digits(text);
    decoded.clear();
    if field == "signature" && digits.len() % 2 == 1 && digits.iter().all(u8::is_ascii_hexdigit) {
        return Ok(decoded);
    }
    decode_hex(digits, decoded).map_err(|source| RowError::TextHex { field, source })?;
    Ok(decoded)
}

/// What comes behind `0x`, if the text begins so.
pub(super) fn hex_digits(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")).unwrap_or(text)
}

/// Replaces `decoded` by what the digits stand for.
pub(super) fn decode_hex(digits: &[u8], decoded: &mut Vec<u8>) -> Result<(), hex::FromHexError> {
    decoded.clear();
    decoded.resize(digits.len() / 2, 0);
    hex::decode_to_slice(digits, decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_stands_for_bytes() {
        let mut decoded = vec![9; 50];
        for (text, bytes) in
            [("", &[][..]), ("0x", &[]), ("00fF", &[0, 255]), ("0x1a", &[26]), ("0X1A", &[26])]
        {
            assert_eq!(bytes_of_text("message", text.as_bytes(), &mut decoded), Ok(bytes), "{text}");
        }
        for text in ["0", "0x0", "zz", "0x0x00", "x00", " 00", "Hello, world"] {
            let error = bytes_of_text("message", text.as_bytes(), &mut decoded).unwrap_err().to_string();
            assert!(error.starts_with("message is text that is not hexadecimal: "), "{error}");
        }
    }

    #[test]
    fn a_signature_with_an_odd_number_of_digits_is_empty() {
        let mut decoded = Vec::new();
        for text in ["0", "0x012"] {
            assert_eq!(bytes_of_text("signature", text.as_bytes(), &mut decoded), Ok(&[][..]));
        }
        assert!(bytes_of_text("signature", b"0z2", &mut decoded).is_err());
    }
}
