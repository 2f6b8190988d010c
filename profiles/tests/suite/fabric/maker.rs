//! Keys, certificates, revocation lists, policies and messages that tests make.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const TEXT: u8 = 0x0c;
const TIME: u8 = 0x17;

/// An element of DER.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = match contents.len() {
        short @ ..=0x7f => vec![short as u8],
        long @ ..=0xff => vec![0x81, long as u8],
        long => vec![0x82, (long >> 8) as u8, long as u8],
    };
    [vec![tag], length, contents].concat()
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    element(OID, &[bytes])
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).expect("below the order")
}

/// A signature in DER, with low s or with the other one.
pub(super) fn sign(number: u8, message: &[u8], is_high: bool) -> Vec<u8> {
    let signature: Signature = key(number).sign(message);
    let low = signature.normalize_s();
    let signature = match is_high {
        true => Signature::from_scalars(low.r().to_bytes(), (-*low.s()).to_bytes()).expect("scalars"),
        false => low,
    };
    signature.to_der().as_bytes().to_vec()
}

/// ecdsa-with-SHA256.
fn algorithm() -> Vec<u8> {
    element(SEQUENCE, &[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])])
}

fn signed(tbs: &[u8], signer: u8) -> Vec<u8> {
    let signature = element(BITS, &[&[0], &sign(signer, tbs, false)]);
    element(SEQUENCE, &[tbs, &algorithm(), &signature])
}

/// A certificate to be made: its key, its name, and those of its issuer, by the numbers of their keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    pub(super) key: u8,
    pub(super) issuer: u8,
    pub(super) is_ca: bool,
    /// Its organizational unit.
    pub(super) unit: Option<&'static str>,
    /// Whether its point is compressed.
    pub(super) is_compressed: bool,
    /// Whether its key claims to be one of P-384.
    pub(super) is_p384: bool,
}

impl Made {
    pub(super) const fn ca(key: u8, issuer: u8) -> Self {
        Self { key, issuer, is_ca: true, unit: None, is_compressed: false, is_p384: false }
    }

    pub(super) const fn member(key: u8, issuer: u8) -> Self {
        Self { is_ca: false, ..Self::ca(key, issuer) }
    }

    pub(super) const fn in_unit(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// Its DER.
    pub(super) fn der(&self) -> Vec<u8> {
        let point = key(self.key).verifying_key().to_sec1_point(self.is_compressed);
        let name_of_curve: &[u8] = match self.is_p384 {
            true => &[0x2b, 0x81, 4, 0, 34],
            false => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        };
        let curve = [oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), oid(name_of_curve)];
        let bits = element(BITS, &[&[0], point.as_bytes()]);
        let extension = |id: &[u8], value: &[u8]| element(SEQUENCE, &[&oid(id), &element(OCTETS, &[value])]);
        let constraints: &[u8] = if self.is_ca { &[SEQUENCE, 3, 1, 1, 255] } else { &[SEQUENCE, 0] };
        let extensions = [
            extension(&[0x55, 0x1d, 0x13], constraints),
            extension(&[0x55, 0x1d, 0x0e], &[OCTETS, 1, self.key]),
        ];
        let time = element(TIME, &[b"260101000000Z"]);
        let tbs = element(
            SEQUENCE,
            &[
                &[0xa0, 3, INTEGER, 1, 2],
                &element(INTEGER, &[&[self.key]]),
                &algorithm(),
                &name(self.issuer, None),
                &element(SEQUENCE, &[&time, &time]),
                &name(self.key, self.unit),
                &element(SEQUENCE, &[&element(SEQUENCE, &[&curve.concat()]), &bits]),
                &element(0xa3, &[&element(SEQUENCE, &[&extensions.concat()])]),
            ],
        );
        signed(&tbs, self.issuer)
    }

    /// Its identity under the name of an MSP.
    pub(super) fn identity(&self, msp: &str) -> Vec<u8> {
        identity(msp, &pem(&self.der()))
    }
}

fn name(number: u8, unit: Option<&str>) -> Vec<u8> {
    let attribute = |id: u8, text: &str| {
        let pair = element(SEQUENCE, &[&oid(&[0x55, 4, id]), &element(TEXT, &[text.as_bytes()])]);
        element(SET, &[&pair])
    };
    let unit = unit.map(|unit| attribute(11, unit)).unwrap_or_default();
    element(SEQUENCE, &[&unit, &attribute(3, &format!("key {number}"))])
}

/// A list by which a CA revokes a certificate.
pub(super) fn revocation(ca: u8, serial: u8, signer: u8) -> Vec<u8> {
    let time = element(TIME, &[b"260101000000Z"]);
    let entry = element(SEQUENCE, &[&element(INTEGER, &[&[serial]]), &time]);
    let key_id = element(SEQUENCE, &[&[0x80, 1, ca]]);
    let extension = element(SEQUENCE, &[&oid(&[0x55, 0x1d, 0x23]), &element(OCTETS, &[&key_id])]);
    let tbs = element(
        SEQUENCE,
        &[
            &[INTEGER, 1, 1],
            &algorithm(),
            &name(ca, None),
            &time,
            &time,
            &element(SEQUENCE, &[&entry]),
            &element(0xa0, &[&element(SEQUENCE, &[&extension])]),
        ],
    );
    signed(&tbs, signer)
}

pub(super) fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let digits = data_encoding(der);
    for line in digits.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("digits"));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

/// Base64.
fn data_encoding(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut padded = [0; 4];
        padded[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(padded);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// A field of protobuf with bytes.
pub(super) fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut length = bytes.len();
    let mut field = vec![number << 3 | 2];
    while length >= 0x80 {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    [field, bytes.to_vec()].concat()
}

/// A field of protobuf with a number below 128.
pub(super) fn number(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

pub(super) fn identity(msp: &str, pem: &str) -> Vec<u8> {
    [field(1, msp.as_bytes()), field(2, pem.as_bytes())].concat()
}

/// Who signs: a key and its identity.
pub(super) type Signing = (u8, Vec<u8>);

/// An endorser transaction to be made.
#[derive(Debug, Clone)]
pub(super) struct Transaction {
    pub(super) creator: Signing,
    pub(super) endorsers: Vec<Signing>,
    /// Endorsers whose signatures are over something else.
    pub(super) wrong: Vec<usize>,
    /// Fields that stand behind those of the channel header, and behind those of the proposal.
    pub(super) unknown: [Vec<u8>; 2],
    pub(super) chaincode: &'static str,
    /// The chaincodes to whose state it writes.
    pub(super) writes: Vec<&'static str>,
    pub(super) is_high: bool,
    /// What stands behind the creator's signature.
    pub(super) trailing: Vec<u8>,
}

impl Transaction {
    pub(super) fn new(creator: Signing, endorsers: &[Signing]) -> Self {
        Self {
            creator,
            endorsers: endorsers.to_vec(),
            wrong: Vec::new(),
            unknown: [Vec::new(), Vec::new()],
            chaincode: "cc",
            writes: vec!["cc"],
            is_high: false,
            trailing: Vec::new(),
        }
    }

    pub(super) fn envelope(&self) -> Vec<u8> {
        let nonce = [7; 24];
        let tx_id = Sha256::digest([&nonce[..], &self.creator.1].concat());
        let channel = [number(1, 3), field(4, b"ch"), field(5, hex::encode(tx_id).as_bytes())];
        let channel = [channel.concat(), self.unknown[0].clone()].concat();
        let header = [field(1, &self.creator.1), field(2, &nonce)].concat();
        let proposal = [field(1, b"input"), self.unknown[1].clone()].concat();
        let hash = Sha256::digest([&channel[..], &header, &proposal].concat());
        let writes = self.writes.iter().flat_map(|namespace| {
            let set = field(3, &field(1, b"key"));
            field(2, &[field(1, namespace.as_bytes()), field(2, &set)].concat())
        });
        let writes: Vec<u8> = writes.collect();
        let action = [field(1, &writes), field(4, &field(2, self.chaincode.as_bytes()))].concat();
        let response = [field(1, &hash), field(2, &action)].concat();
        let endorsements = self.endorsers.iter().enumerate().flat_map(|(place, (key, identity))| {
            let is_wrong = self.wrong.contains(&place);
            let message = [&response[..], identity, if is_wrong { b"x" } else { b"" }].concat();
            field(2, &[field(1, identity), field(2, &sign(*key, &message, false))].concat())
        });
        let endorsed = [field(1, &response), endorsements.collect()].concat();
        let payload = [field(1, &proposal), field(2, &endorsed)].concat();
        let data = field(1, &[field(1, &header), field(2, &payload)].concat());
        let headers = [field(1, &channel), field(2, &header)].concat();
        enveloped(&[field(1, &headers), field(2, &data)].concat(), self)
    }
}

fn enveloped(payload: &[u8], of: &Transaction) -> Vec<u8> {
    let signature = [sign(of.creator.0, payload, of.is_high), of.trailing.clone()].concat();
    [field(1, payload), field(2, &signature)].concat()
}

/// A block of these envelopes that orderers have signed; each by the header that says who.
pub(super) fn block(envelopes: &[Vec<u8>], orderers: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let data_hash = Sha256::digest(envelopes.concat());
    let signed = element(
        SEQUENCE,
        &[&[INTEGER, 1, 5], &element(OCTETS, &[&[9; 32]]), &element(OCTETS, &[&data_hash])],
    );
    let value = b"value";
    let signatures = orderers.iter().flat_map(|(key, header)| {
        let signature = sign(*key, &[&value[..], header, &signed].concat(), false);
        field(2, &[field(1, header), field(2, &signature)].concat())
    });
    let metadata = [field(1, value), signatures.collect()].concat();
    let header = [number(1, 5), field(2, &[9; 32]), field(3, &data_hash)].concat();
    let envelopes: Vec<u8> = envelopes.iter().flat_map(|envelope| field(1, envelope)).collect();
    [field(1, &header), field(2, &envelopes), field(3, &field(1, &metadata))].concat()
}

/// The header of a signature of this creator.
pub(super) fn header(creator: &[u8]) -> Vec<u8> {
    [field(1, creator), field(2, &[1; 24])].concat()
}

/// The principal of a role of an MSP.
pub(super) fn role(msp: &str, role: u8) -> Vec<u8> {
    field(2, &[field(1, msp.as_bytes()), number(2, role)].concat())
}

/// A policy that so many of these rules must satisfy, and its principals.
pub(super) fn policy(n: u8, rules: &[Vec<u8>], principals: &[Vec<u8>]) -> Vec<u8> {
    let principals = principals.iter().flat_map(|principal| field(3, principal));
    [field(2, &of(n, rules)), principals.collect()].concat()
}

/// So many of these rules.
pub(super) fn of(n: u8, rules: &[Vec<u8>]) -> Vec<u8> {
    let rules: Vec<u8> = rules.iter().flat_map(|rule| field(2, rule)).collect();
    field(2, &[number(1, n), rules].concat())
}

/// The principal of this place.
pub(super) fn signed_by(place: u8) -> Vec<u8> {
    number(1, place)
}

/// An envelope of this type.
pub(super) fn signed_by_creator(creator: &Signing, kind: u8, data: &[u8]) -> Vec<u8> {
    let headers = [field(1, &number(1, kind)), field(2, &header(&creator.1))].concat();
    let payload = [field(1, &headers), field(2, data)].concat();
    [field(1, &payload), field(2, &sign(creator.0, &payload, false))].concat()
}

/// A `common.ConfigUpdateEnvelope` that these have signed, or something else.
pub(super) fn config_update(members: &[Signing], wrong: &[usize]) -> Vec<u8> {
    let signatures = members.iter().enumerate().flat_map(|(place, (key, identity))| {
        let header = header(identity);
        let update: &[u8] = if wrong.contains(&place) { b"another update" } else { b"update" };
        let signature = sign(*key, &[&header[..], update].concat(), false);
        field(2, &[field(1, &header), field(2, &signature)].concat())
    });
    [field(1, b"update"), signatures.collect()].concat()
}

/// A file of empty blocks with these numbers, each of which names the one before it or not.
pub(super) fn in_file(blocks: &[(u8, bool)], (key, identity): &Signing) -> Vec<u8> {
    let (mut file, mut previous) = (Vec::new(), vec![9; 32]);
    let counted = |bytes: &[u8]| field(0, bytes)[1..].to_vec();
    for (number, names) in blocks {
        let data_hash = Sha256::digest([]);
        let named = if *names { previous.clone() } else { vec![8; 32] };
        let parts =
            [&[INTEGER, 1, *number][..], &element(OCTETS, &[&named]), &element(OCTETS, &[&data_hash])];
        let signed = element(SEQUENCE, &parts);
        let header = header(identity);
        let signature = sign(*key, &[&header[..], &signed].concat(), false);
        let metadata = field(2, &[field(1, &header), field(2, &signature)].concat());
        let block = [vec![*number], counted(&data_hash), counted(&named), vec![0, 1], counted(&metadata)];
        file.extend(counted(&block.concat()));
        previous = Sha256::digest(&signed).to_vec();
    }
    file
}
