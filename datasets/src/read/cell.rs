//! Cells of text that hold bytes.

use super::bytes::{BadBytes, BytesForm, digits};

/// The bytes that a cell of text stands for.
///
/// A signature with an odd number of hexadecimal digits has a length that no encoding has: that is a verdict, as other
/// wrong lengths are, and it is judged as an empty signature, which is never valid.
pub(super) fn bytes_of_text<'a>(
    form: BytesForm,
    field: &'static str,
    text: &str,
    decoded: &'a mut Vec<u8>,
) -> Result<&'a [u8], BadBytes> {
    let is_odd =
        |digits: &str| digits.len() % 2 == 1 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if field == "signature" && form == BytesForm::Hex && is_odd(digits(text)) {
        return Ok(&[]);
    }
    form.decode(text, decoded)?;
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_for_bytes() {
        let mut decoded = vec![9; 50];
        for (text, bytes) in
            [("", &[][..]), ("0x", &[]), ("00fF", &[0, 255]), ("0x1a", &[26]), ("0X1A", &[26])]
        {
            assert_eq!(bytes_of_text(BytesForm::Hex, "message", text, &mut decoded), Ok(bytes), "{text}");
        }
        assert_eq!(bytes_of_text(BytesForm::Base64, "message", "AP8=", &mut decoded), Ok(&[0, 255][..]));
        for text in ["0", "0x0", "zz", "0x0x00", "x00", " 00", "Hello, world"] {
            let error = bytes_of_text(BytesForm::Hex, "message", text, &mut decoded).unwrap_err().to_string();
            assert!(error.starts_with("bad hex: "), "{error}");
        }
    }

    #[test]
    fn a_signature_with_an_odd_number_of_digits_is_empty() {
        let mut decoded = vec![9; 2];
        for text in ["0", "0x012"] {
            assert_eq!(bytes_of_text(BytesForm::Hex, "signature", text, &mut decoded), Ok(&[][..]));
        }
        assert!(bytes_of_text(BytesForm::Hex, "signature", "0z2", &mut decoded).is_err());
        assert!(bytes_of_text(BytesForm::Base64, "signature", "0", &mut decoded).is_err());
    }
}
