//! Addresses: base58 of 01 56, the type of the key, the last 20 bytes of its hash and a checksum.

/// The digits, which have b and B, and u and U, in each other's place, so that addresses begin with `bu`.
const DIGITS: &[u8; 58] = b"123456789AbCDEFGHJKLMNPQRSTuVWXYZaBcdefghijkmnopqrstUvwxyz";

/// What an address is made of before its checksum.
pub(super) const BODY: usize = 23;

/// The address of a key of this type, without its checksum.
pub(super) fn body(kind: u8, hash: &[u8]) -> [u8; BODY] {
    let mut body = [0; BODY];
    body[..3].copy_from_slice(&[0x01, 0x56, kind]);
    if let Some(last) = hash.last_chunk::<20>() {
        body[3..].copy_from_slice(last);
    }
    body
}

/// The text of an address, with the first four bytes of the checksum.
pub(super) fn text(body: &[u8; BODY], checksum: &[u8]) -> Vec<u8> {
    // 27 bytes are 37 digits at most.
    let mut digits = [0u8; 37];
    for byte in body.iter().chain(checksum.iter().take(4)) {
        let mut carry = u32::from(*byte);
        for digit in digits.iter_mut().rev() {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
    }
    // The first byte is not zero, so no digit of the front is.
    digits.iter().skip_while(|digit| **digit == 0).map(|digit| DIGITS[usize::from(*digit)]).collect()
}
