//! Bytes in text: hexadecimal, or base64 where the caller says so.

use std::fmt;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, DecodeKind, Encoding};

/// How text formats write bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BytesForm {
    /// Hexadecimal digits, with or without `0x` before them.
    #[default]
    Hex,
    /// Base64 with `+` and `/`, padded or not.
    Base64,
    /// Base64 with `-` and `_`, padded or not.
    Base64Url,
}

impl BytesForm {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Hex, Self::Base64, Self::Base64Url];

    /// The name of the form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
        }
    }

    /// The form of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Decodes `text` into `bytes`, in place of what was there.
    pub(super) fn decode(self, text: &str, bytes: &mut Vec<u8>) -> Result<(), BadBytes> {
        let problem = match self {
            Self::Hex => decode_hex(text, bytes),
            Self::Base64 => decode_base64(&BASE64_NOPAD, text, bytes),
            Self::Base64Url => decode_base64(&BASE64URL_NOPAD, text, bytes),
        };
        problem.map_err(|problem| BadBytes { form: self, problem, looks_like: self.looks_like(text) })
    }

    /// The form that a text of another form seems to be of. Short texts may be of any.
    fn looks_like(self, text: &str) -> Option<Self> {
        let body = text.trim_end_matches('=');
        let padded = body.len() < text.len() && text.len().is_multiple_of(4);
        let of = |special: [u8; 2]| {
            body.bytes().all(|byte| byte.is_ascii_alphanumeric() || special.contains(&byte))
        };
        let guess = match text {
            _ if digits(text).len() >= 16 && digits(text).bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                Self::Hex
            }
            _ if text.len() < 16 && !padded => return None,
            _ if of(*b"+/") => Self::Base64,
            _ if of(*b"-_") => Self::Base64Url,
            _ => return None,
        };
        (guess != self).then_some(guess)
    }
}

/// The digits behind an optional `0x`.
pub(super) fn digits(text: &str) -> &str {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text)
}

fn decode_hex(text: &str, bytes: &mut Vec<u8>) -> Result<(), String> {
    let digits = digits(text);
    bytes.resize(digits.len() / 2, 0);
    hex::decode_to_slice(digits, bytes).map_err(|error| match error {
        // Places are those of the text as it stands in the file.
        hex::FromHexError::InvalidHexCharacter { c, index } => {
            let index = index + text.len() - digits.len();
            hex::FromHexError::InvalidHexCharacter { c, index }.to_string()
        }
        error => error.to_string(),
    })
}

fn decode_base64(encoding: &Encoding, text: &str, bytes: &mut Vec<u8>) -> Result<(), String> {
    // 64 digits of hexadecimal and more are base64 as well; with 0x before them they are meant as what they are.
    if text.len() >= 18
        && digits(text).len() < text.len()
        && digits(text).bytes().all(|digit| digit.is_ascii_hexdigit())
    {
        return Err("it begins with 0x".to_owned());
    }
    let body = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    if body.len() < text.len() && !text.len().is_multiple_of(4) {
        return Err(format!("{} characters with padding, which is not a multiple of 4", text.len()));
    }
    let length = encoding
        .decode_len(body.len())
        .map_err(|_| format!("{} characters, which base64 never has", body.len()))?;
    bytes.resize(length, 0);
    encoding.decode_mut(body.as_bytes(), bytes).map(drop).map_err(|partial| {
        let place = partial.error.position;
        let character = body.get(place..).and_then(|rest| rest.chars().next());
        match (partial.error.kind, character) {
            (DecodeKind::Symbol, Some(character)) => {
                format!("Invalid character {character:?} at position {place}")
            }
            (DecodeKind::Trailing, _) => format!("bits are left over at position {place}; it may be cut off"),
            _ => format!("Invalid byte at position {place}"),
        }
    })
}

/// Why a cell holds no bytes of the form that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadBytes {
    form: BytesForm,
    problem: String,
    looks_like: Option<BytesForm>,
}

impl fmt::Display for BadBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad {}: {}", self.form.name(), self.problem)?;
        match self.looks_like {
            Some(BytesForm::Hex) => f.write_str("; this looks like hex: add --bytes hex, the default"),
            Some(form) => write!(f, "; this looks like {0}: add --bytes {0}", form.name()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for BadBytes {}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(form: BytesForm, text: &str) -> Result<Vec<u8>, String> {
        let mut bytes = vec![9; 3];
        form.decode(text, &mut bytes).map(|()| bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_of_the_same_bytes() {
        let bytes = vec![0xfb, 0xff, 0x00, 0x10];
        for text in ["fbff0010", "0xfbff0010", "0XFBFF0010"] {
            assert_eq!(decoded(BytesForm::Hex, text).as_ref(), Ok(&bytes));
        }
        for text in ["+/8AEA==", "+/8AEA"] {
            assert_eq!(decoded(BytesForm::Base64, text).as_ref(), Ok(&bytes));
        }
        for text in ["-_8AEA==", "-_8AEA"] {
            assert_eq!(decoded(BytesForm::Base64Url, text).as_ref(), Ok(&bytes));
        }
        for form in BytesForm::ALL {
            assert_eq!(decoded(form, ""), Ok(Vec::new()));
            assert_eq!(BytesForm::from_name(form.name()), Some(form));
        }
        assert_eq!(decoded(BytesForm::Hex, "0x"), Ok(Vec::new()));
    }

    #[test]
    fn errors_name_the_place_and_what_would_help() {
        let error = |form, text: &str| decoded(form, text).unwrap_err();
        assert_eq!(error(BytesForm::Hex, "00zz"), "bad hex: Invalid character 'z' at position 2");
        assert_eq!(error(BytesForm::Hex, "0x00zz"), "bad hex: Invalid character 'z' at position 4");
        assert!(error(BytesForm::Hex, "aGVsbG8=").ends_with("; this looks like base64: add --bytes base64"));
        assert!(
            error(BytesForm::Hex, "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw").ends_with("--bytes base64")
        );
        assert!(
            error(BytesForm::Hex, "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw")
                .ends_with("--bytes base64url")
        );
        assert!(error(BytesForm::Base64, "PUAXw-hDiVqStwqnTRt-vJyY").ends_with("--bytes base64url"));
        assert!(error(BytesForm::Base64, "0x3d4017c3e843895a").ends_with("add --bytes hex, the default"));
        assert!(error(BytesForm::Base64, "+/8AEA=").contains("not a multiple of 4"));
        assert!(error(BytesForm::Base64, "+/8AE").contains("which base64 never has"));
        assert!(error(BytesForm::Base64, "+/8AEB").contains("bits are left over"));
        assert!(error(BytesForm::Base64, "+/8A EA=").contains("Invalid character ' ' at position 4"));
        assert_eq!(error(BytesForm::Hex, &"é".repeat(9)), "bad hex: Invalid character 'Ã' at position 0");
    }
}
