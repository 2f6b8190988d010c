//! Corda: signed transactions in envelopes of AMQP, whose signatures are asked for once the id is known.

use std::sync::LazyLock;

use sigwarp_profiles::corda::{Context, Corda};

use super::made::ed25519;
use super::{Limits, Subject, all_hold, input};

static SUBJECT: LazyLock<Subject<Corda>> = LazyLock::new(|| Subject {
    profile: Corda,
    contexts: vec![Context],
    // A component has some twenty bytes with its descriptor, and four hashes; what a signature signs has a kilobyte. The
    // tree of an id has 64 nodes at most, whatever groups there are.
    limits: Limits { per_byte: 256, for_any: 64 << 10, signatures: |length| length / 40 },
    has_all: all_hold,
    sound: |_, _, _| {},
    true_of: |_, _, report| assert!(report.tx_id.is_some() || report.signatures.is_empty()),
    may_lose: |_, _, _| false,
});

/// See the module.
pub fn corda(data: &[u8]) {
    SUBJECT.run(data);
}

fn text(code: u8, text: &str) -> Vec<u8> {
    [&[code, text.len() as u8], text.as_bytes()].concat()
}

fn binary(bytes: &[u8]) -> Vec<u8> {
    [&[0xb0][..], &(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

fn list(elements: &[Vec<u8>]) -> Vec<u8> {
    let bytes = elements.concat();
    let [size, count] = [bytes.len() as u32 + 4, elements.len() as u32].map(u32::to_be_bytes);
    [&[0xd0], &size[..], &count, &bytes].concat()
}

/// A value that Corda's code of this number describes.
fn coded(code: u8, elements: &[Vec<u8>]) -> Vec<u8> {
    [&[0, 0x80, 0xc5, 0x62, 0, 0, 0, 0, 0, code][..], &list(elements)].concat()
}

/// A value of a type, whose descriptor is its name.
fn of(name: &str, value: Vec<u8>) -> Vec<u8> {
    [&[0], &text(0xa3, name)[..], &value].concat()
}

const NULL: [u8; 1] = [0x40];

/// A type with these fields, or a list.
fn type_of(name: &str, fields: Option<&[&str]>) -> Vec<u8> {
    let descriptor = coded(3, &[text(0xa3, name), NULL.into()]);
    let [name, label, provides] = [text(0xa1, name), NULL.into(), list(&[])];
    let field = |name: &&str| {
        let [no, null] = [vec![0x42], NULL.to_vec()];
        coded(4, &[text(0xa1, name), text(0xa1, "*"), list(&[]), null.clone(), null, no.clone(), no])
    };
    match fields {
        Some(fields) => {
            let fields: Vec<Vec<u8>> = fields.iter().map(field).collect();
            coded(5, &[name, label, provides, descriptor, list(&fields)])
        }
        None => coded(6, &[name, label, provides, text(0xa1, "list"), descriptor, list(&[])]),
    }
}

fn envelope(object: Vec<u8>, types: &[Vec<u8>]) -> Vec<u8> {
    let transforms = [&[0, 0x80, 0xc5, 0x62, 0, 0, 0, 0, 0, 9][..], &[0xc1, 1, 0]].concat();
    [b"corda\x01\x00\x00", &coded(1, &[object, coded(2, &[list(types)]), transforms])[..]].concat()
}

const SIGNED: &str = "net.corda.core.transactions.SignedTransaction";
const SIGNATURES: &str = "java.util.List<net.corda.core.crypto.TransactionSignature>";
const SIGNATURE: &str = "net.corda.core.crypto.TransactionSignature";
const METADATA: &str = "net.corda.core.crypto.SignatureMetadata";
const SERIALIZED: &str = "net.corda.core.serialization.SerializedBytes";
const WIRE: &str = "net.corda.core.transactions.WireTransaction";
const GROUPS: &str = "java.util.List<net.corda.core.transactions.ComponentGroup>";
const GROUP: &str = "net.corda.core.transactions.ComponentGroup";
const COMPONENTS: &str = "java.util.List<net.corda.core.utilities.OpaqueBytes>";
const COMPONENT: &str = "net.corda.core.utilities.OpaqueBytes";
const SALT: &str = "net.corda.core.contracts.PrivacySalt";

/// A transaction with groups of so many components, by their numbers.
fn wire(groups: &[(u8, usize)]) -> Vec<u8> {
    let group = |&(number, components): &(u8, usize)| {
        let components: Vec<Vec<u8>> =
            (0..components).map(|place| of(COMPONENT, list(&[binary(&[7, place as u8])]))).collect();
        of(GROUP, list(&[of(COMPONENTS, list(&components)), vec![0x54, number]]))
    };
    let groups: Vec<Vec<u8>> = groups.iter().map(group).collect();
    let salt = of(SALT, list(&[binary(&[5; 32])]));
    envelope(
        of(WIRE, list(&[of(GROUPS, list(&groups)), salt])),
        &[
            type_of(WIRE, Some(&["componentGroups", "privacySalt"])),
            type_of(GROUPS, None),
            type_of(GROUP, Some(&["components", "groupIndex"])),
            type_of(COMPONENTS, None),
            type_of(COMPONENT, Some(&["bytes"])),
            type_of(SALT, Some(&["bytes"])),
        ],
    )
}

/// A signed transaction with Ed25519 keys and signatures that do not hold, of these schemes.
fn signed(wire: &[u8], schemes: &[u8]) -> Vec<u8> {
    let signature = |(place, scheme): (usize, &u8)| {
        let key = ed25519(place as u8).verifying_key().to_bytes();
        let key = [&[0x30, 42, 0x30, 5, 6, 3, 0x2b, 0x65, 112, 3, 33, 0][..], &key].concat();
        let metadata = of(METADATA, list(&[vec![0x54, 4], vec![0x54, *scheme]]));
        let key = of("net.corda:java.security.PublicKey", binary(&key));
        of(SIGNATURE, list(&[key, binary(&[9; 64]), NULL.into(), metadata]))
    };
    let signatures: Vec<Vec<u8>> = schemes.iter().enumerate().map(signature).collect();
    let bits = of(SERIALIZED, list(&[binary(wire)]));
    envelope(
        of(SIGNED, list(&[of(SIGNATURES, list(&signatures)), bits])),
        &[
            type_of(SIGNED, Some(&["sigs", "txBits"])),
            type_of(SIGNATURES, None),
            type_of(SIGNATURE, Some(&["by", "bytes", "partialMerkleTree", "signatureMetadata"])),
            type_of(METADATA, Some(&["platformVersion", "schemeNumberID"])),
            type_of(SERIALIZED, Some(&["bytes"])),
        ],
    )
}

/// With one signature and several, and with groups that there are and are not.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let wires =
        [wire(&[(0, 1)]), wire(&[(1, 3), (4, 1), (8, 2)]), wire(&[(2, 1), (63, 1)]), wire(&[(64, 1)])];
    let mut records: Vec<Vec<u8>> = wires.iter().map(|wire| signed(wire, &[4])).collect();
    records.extend([signed(&wires[0], &[]), signed(&wires[1], &[4, 4, 4]), signed(&wires[0], &[3])]);
    records.push(wires[0].clone());
    records.iter().map(|record| input(0, record)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        let bad = "invalid signature[0]: EquationFailed";
        let scheme = "invalid signature[0]: SchemeMismatch";
        let [group, none, malformed] = ["undecided GroupIndex", "invalid NoSignature", "invalid Malformed"];
        assert_eq!(SUBJECT.judged(&seeds()), [bad, bad, bad, group, none, bad, scheme, malformed]);
    }
}
