//! What a party signs: the serialized form of `SignableData`, a transaction id with what it says of the signature.
//!
//! The bytes are the same but for three fields. The fingerprints of the types are those that Corda has signed with since
//! version 3 (`SignableDataSerializer` of corda 4 keeps them for the sake of old signatures).

use std::sync::LazyLock;

/// The bytes between the header and the object, and the descriptors of the types.
const SIGNABLE_DATA: &str = "net.corda:MYA9jrnNdlQaaX06oEsmxA==";
const METADATA: &str = "net.corda:IzFt8cRKytsJq3vQ+yjsGg==";
const SECURE_HASH: &str = "net.corda:b79PeMBLsHxu2A23yDYRaA==";
const SHA256: &str = "net.corda:7YZSUU3tC6YvtX33Klo9Jg==";

/// The serialized form for an id, the platform version and the number of the scheme.
pub(super) fn signable(id: &[u8; 32], platform_version: i32, scheme: i32) -> Vec<u8> {
    let metadata = described(symbol(METADATA), list(&[int(platform_version), int(scheme)]));
    let id = described(symbol(SHA256), list(&[[&[0xa0, 32][..], id].concat()]));
    let object = described(symbol(SIGNABLE_DATA), list(&[metadata, id]));
    let envelope = coded(1, list(&[object, SCHEMA.clone(), coded(9, vec![0xc1, 1, 0])]));
    [b"corda\x01\x00\x00", &envelope[..]].concat()
}

/// The schema, in the order in which the types were met.
static SCHEMA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let hash = [("bytes", "binary", None), ("offset", "int", Some("0")), ("size", "int", Some("0"))];
    let types = [
        composite(
            "SignableData",
            SIGNABLE_DATA,
            &[
                ("signatureMetadata", "net.corda.core.crypto.SignatureMetadata", None),
                ("txId", "net.corda.core.crypto.SecureHash", None),
            ],
        ),
        composite(
            "SignatureMetadata",
            METADATA,
            &[("platformVersion", "int", Some("0")), ("schemeNumberID", "int", Some("0"))],
        ),
        composite("SecureHash", SECURE_HASH, &hash),
        composite("SecureHash$SHA256", SHA256, &hash[..1]),
    ];
    coded(2, list(&[list(&types)]))
});

/// A type of the package `net.corda.core.crypto` and its fields: name, type, default.
fn composite(name: &str, descriptor: &str, fields: &[(&str, &str, Option<&str>)]) -> Vec<u8> {
    let (null, no, yes) = (|| vec![0x40], || vec![0x42], || vec![0x41]);
    let fields: Vec<Vec<u8>> = fields
        .iter()
        .map(|(name, kind, default)| {
            let default = default.map_or_else(null, text);
            // Requires, default, label, mandatory, multiple.
            coded(4, list(&[text(name), text(kind), list(&[]), default, null(), yes(), no()]))
        })
        .collect();
    let descriptor = coded(3, list(&[symbol(descriptor), null()]));
    let name = text(&format!("net.corda.core.crypto.{name}"));
    coded(5, list(&[name, null(), list(&[]), descriptor, list(&fields)]))
}

/// A value that a code of Corda's describes.
fn coded(code: u8, value: Vec<u8>) -> Vec<u8> {
    described([&[0x80, 0xc5, 0x62, 0, 0, 0, 0, 0][..], &[code]].concat(), value)
}

fn described(descriptor: Vec<u8>, value: Vec<u8>) -> Vec<u8> {
    [vec![0], descriptor, value].concat()
}

/// Strings here have fewer than 256 bytes.
fn symbol(name: &str) -> Vec<u8> {
    [&[0xa3, name.len() as u8], name.as_bytes()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&[0xa1, text.len() as u8], text.as_bytes()].concat()
}

/// In one byte where it fits.
fn int(value: i32) -> Vec<u8> {
    match i8::try_from(value) {
        Ok(small) => vec![0x54, small as u8],
        Err(_) => [&[0x71][..], &value.to_be_bytes()].concat(),
    }
}

/// With a size of one byte where it fits, and in one byte where it is empty.
fn list(elements: &[Vec<u8>]) -> Vec<u8> {
    let bytes = elements.concat();
    match (elements.len(), bytes.len()) {
        (0, _) => vec![0x45],
        (count, length @ ..=254) => [&[0xc0, length as u8 + 1, count as u8], &bytes[..]].concat(),
        (count, length) => {
            let [size, count] = [length as u32 + 4, count as u32].map(u32::to_be_bytes);
            [&[0xd0], &size[..], &count, &bytes].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// The id of a transaction of Corda's own tests, and the hash of what its party has signed, which holds.
    #[test]
    fn the_serialized_form_is_that_of_corda() {
        let mut id = [0; 32];
        let digits = "6b30c517ff6229b2e984909f12569ca890f97143e204558079eb68ae92b96f23";
        hex::decode_to_slice(digits, &mut id).expect("digits");
        let signed = signable(&id, 4, 4);
        assert_eq!(signed.len(), 999);
        let digest = hex::encode(Sha256::digest(&signed));
        assert_eq!(digest, "c42f421ff94968f0c84f1d7886b2ef5feacc2922122b882015794cfac8108cfa");
        // Numbers that do not fit a byte take four.
        assert_eq!(signable(&id, 127, 4).len(), 999);
        assert_eq!(signable(&id, 128, 4).len(), 1002);
    }
}
