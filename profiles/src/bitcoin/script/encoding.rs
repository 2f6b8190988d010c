//! How signatures and keys must be written, beside what their verification asks for.

use super::super::flags::Flags;
use super::{ScriptError, Version};

/// The order of secp256k1 (SEC 2, 2.4.1).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// Half of it, rounded down: the largest s that is low.
const HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
    0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// That a signature with its hash type is written as the flags say. An empty one always is: it is how a script is told
/// that there is none.
pub(super) fn check_signature(signature: &[u8], flags: Flags) -> Result<(), ScriptError> {
    let Some((hash_type, der)) = signature.split_last() else { return Ok(()) };
    if flags.any(Flags::DERSIG | Flags::LOW_S | Flags::STRICTENC) {
        let (r, s) = bip66(der).ok_or(ScriptError::SIG_DER)?;
        if flags.any(Flags::LOW_S) && !is_low(r, s) {
            return Err(ScriptError::SIG_HIGH_S);
        }
    }
    if flags.any(Flags::STRICTENC) && !matches!(hash_type & !0x80, 1..=3) {
        return Err(ScriptError::SIG_HASHTYPE);
    }
    Ok(())
}

/// That a key is written as the flags say.
pub(super) fn check_key(key: &[u8], flags: Flags, version: Version) -> Result<(), ScriptError> {
    let compressed = matches!(key, [2 | 3, ..]) && key.len() == 33;
    let uncompressed = matches!(key, [4, ..]) && key.len() == 65;
    if flags.any(Flags::STRICTENC) && !compressed && !uncompressed {
        return Err(ScriptError::PUBKEYTYPE);
    }
    if flags.any(Flags::WITNESS_PUBKEYTYPE) && version == Version::V0 && !compressed {
        return Err(ScriptError::WITNESS_PUBKEYTYPE);
    }
    Ok(())
}

/// The numbers of a signature as BIP 66 has it, without its hash type: with it, 9 to 73 bytes.
fn bip66(der: &[u8]) -> Option<(&[u8], &[u8])> {
    if !(8..=72).contains(&der.len()) {
        return None;
    }
    let (&[0x30, length], body) = der.split_first_chunk::<2>()? else { return None };
    if usize::from(length) != body.len() {
        return None;
    }
    let (r, rest) = integer(body)?;
    let (s, rest) = integer(rest)?;
    rest.is_empty().then_some((r, s))
}

/// An integer that is not negative and has no zeros to spare, and what follows it.
fn integer(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[2, length], rest) = bytes.split_first_chunk::<2>()? else { return None };
    let (value, rest) = rest.split_at_checked(length.into())?;
    match value {
        [] => None,
        [first, ..] if *first >= 0x80 => None,
        [0, second, ..] if *second < 0x80 => None,
        _ => Some((value, rest)),
    }
}

/// Whether s is at most half of the order. libsecp256k1 makes zeros of a signature with a number that is not below the
/// order, which are low.
fn is_low(r: &[u8], s: &[u8]) -> bool {
    let padded = |number: &[u8]| {
        let start = number.iter().position(|&byte| byte != 0).unwrap_or(number.len());
        let mut padded = [0; 32];
        let room = padded.len().checked_sub(number.len() - start)?;
        padded[room..].copy_from_slice(&number[start..]);
        (padded < ORDER).then_some(padded)
    };
    match (padded(r), padded(s)) {
        (Some(_), Some(s)) => s <= HALF,
        _ => true,
    }
}
