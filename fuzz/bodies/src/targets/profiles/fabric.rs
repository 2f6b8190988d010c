//! Hyperledger Fabric: envelopes, blocks and files of blocks, with and without MSPs and a policy.

use std::sync::LazyLock;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use sigwarp_profiles::fabric::{Context, Fabric, Kind, Msp, Policy};
use sigwarp_profiles::{Curve, Report};

use super::made::DeviceKey;
use super::x509::Made;
use super::{Limits, Subject, all_hold, input};

const ROOT: DeviceKey = DeviceKey(Curve::P256, 0);
const CREATOR: DeviceKey = DeviceKey(Curve::P256, 1);
const PEER: DeviceKey = DeviceKey(Curve::P256, 2);
const ORDERER: DeviceKey = DeviceKey(Curve::Ed25519, 1);

static SUBJECT: LazyLock<Subject<Fabric>> = LazyLock::new(|| {
    let plain = Kind::ALL.map(|kind| Context::new(kind).with_consenters([(1, identity(PEER))]));
    let genesis = Context::new(Kind::Envelope).of_genesis();
    // One member of the organization.
    let role = field(2, &field(1, b"Org"));
    let rule = field(2, &[vec![0x08, 1], field(2, &[0x08, 0])].concat());
    let policy = [field(2, &rule), field(3, &role)].concat();
    let policy = Policy::parse(&policy).expect("a policy");
    let with_policies = Kind::ALL.map(|kind| {
        let msp = Msp { id: "Org".to_owned(), roots: vec![Made::root(ROOT).der()], ..Msp::default() };
        let context = Context::new(kind).with_msps([msp]).expect("an MSP");
        context.with_endorsement_policy(None, policy.clone()).with_block_policy(policy.clone())
    });
    let contexts = plain.into_iter().chain([genesis]).chain(with_policies).collect();
    Subject { profile: Fabric, contexts, limits: LIMITS, has_all, sound: |_, _, _| {}, true_of, may_lose }
});

/// Certificates and the reports of short transactions take a multiple of their bytes. The shortest signatures are those of
/// consenters, whose identities are not part of the record.
const LIMITS: Limits = Limits { per_byte: 256, for_any: 256 << 10, signatures: |length| length / 4 };

/// See the module.
pub fn fabric(data: &[u8]) {
    SUBJECT.run(data);
}

/// The creator of a transaction, all signers of a block unless a policy says that one will do, and all blocks of a file.
fn has_all(report: &Report) -> bool {
    match (report.status, report.anchored) {
        (Some(_), _) => report.signatures.first().is_some_and(|creator| creator.verdict.is_valid()),
        (None, Some(_)) => report.signatures.iter().any(|signature| signature.verdict.is_valid()),
        (None, None) if report.hash.is_none() => report.transactions.iter().all(has_all),
        (None, None) => all_hold(report),
    }
}

fn true_of(_: &[u8], _: &Context, report: &Report) {
    assert!(!report.verdict.is_valid() || has_all(report), "{report:?}");
}

/// Fields that nobody knows, and whole blocks.
fn may_lose(_: &[u8], _: &Context, _: usize) -> bool {
    true
}

/// A field of protobuf with bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    varint(&mut field, bytes.len());
    [field, bytes.to_vec()].concat()
}

fn varint(to: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// The identity of a key that the root has certified.
fn identity(key: DeviceKey) -> Vec<u8> {
    let der = Made::device(("root", ROOT), key).der();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(&der));
    [field(1, b"Org"), field(2, pem.as_bytes())].concat()
}

fn sign(key: DeviceKey, message: &[u8]) -> Vec<u8> {
    let raw = key.sign(message);
    match key.0 {
        Curve::P256 => {
            let signature = p256::ecdsa::Signature::from_slice(&raw).expect("scalars").normalize_s();
            signature.to_der().as_bytes().to_vec()
        }
        _ => raw,
    }
}

fn header(key: DeviceKey) -> Vec<u8> {
    [field(1, &identity(key)), field(2, &[1; 24])].concat()
}

/// An endorser transaction.
fn envelope() -> Vec<u8> {
    let by = header(CREATOR);
    let tx_id = Sha256::digest([&[1; 24][..], &identity(CREATOR)].concat());
    let tx_id = data_encoding::HEXLOWER.encode(&tx_id);
    let channel = [vec![0x08, 3], field(4, b"ch"), field(5, tx_id.as_bytes())].concat();
    let proposal = field(1, b"input");
    let hash = Sha256::digest([&channel[..], &by, &proposal].concat());
    let writes = field(2, &[field(1, b"cc"), field(2, &field(3, &field(1, b"key")))].concat());
    let action = [field(1, &writes), field(4, &field(2, b"cc"))].concat();
    let response = [field(1, &hash), field(2, &action)].concat();
    let peer = identity(PEER);
    let signature = sign(PEER, &[&response[..], &peer].concat());
    let endorsement = [field(1, &peer), field(2, &signature)].concat();
    let endorsed = [field(1, &response), field(2, &endorsement)].concat();
    let payload = [field(1, &proposal), field(2, &endorsed)].concat();
    let data = field(1, &[field(1, &by), field(2, &payload)].concat());
    let payload = [field(1, &[field(1, &channel), field(2, &by)].concat()), field(2, &data)].concat();
    [field(1, &payload), field(2, &sign(CREATOR, &payload))].concat()
}

/// A configuration whose update a member has signed.
fn config() -> Vec<u8> {
    let by = header(CREATOR);
    let update = b"update";
    let signature = sign(PEER, &[&header(PEER)[..], update].concat());
    let signature = [field(1, &header(PEER)), field(2, &signature)].concat();
    let update = field(2, &[field(1, update), field(2, &signature)].concat());
    let config = field(2, &field(1, &update));
    let payload = [field(1, &[field(1, &[0x08, 1]), field(2, &by)].concat()), field(2, &config)].concat();
    [field(1, &payload), field(2, &sign(CREATOR, &payload))].concat()
}

/// The parts of a block: its data hash, and its metadata with the signatures of an orderer and of a consenter.
fn parts(envelopes: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let data_hash = Sha256::digest(envelopes.concat()).to_vec();
    let asn1 = [&[0x30, 39, 2, 1, 5, 4, 0, 4, 32][..], &data_hash].concat();
    let of = |key, number, header: Vec<u8>| {
        let signature = sign(key, &[&header[..], &asn1].concat());
        field(2, &[field(number, &header), field(2, &signature)].concat())
    };
    let metadata = [of(ORDERER, 1, header(ORDERER)), of(PEER, 3, vec![0x08, 1])].concat();
    (data_hash, metadata)
}

fn block(envelopes: &[Vec<u8>]) -> Vec<u8> {
    let (data_hash, metadata) = parts(envelopes);
    let header = [vec![0x08, 5], field(3, &data_hash)].concat();
    let envelopes: Vec<u8> = envelopes.iter().flat_map(|envelope| field(1, envelope)).collect();
    [field(1, &header), field(2, &envelopes), field(3, &field(1, &metadata))].concat()
}

/// The same in the form of files.
fn file(envelopes: &[Vec<u8>]) -> Vec<u8> {
    let (data_hash, metadata) = parts(envelopes);
    let mut bytes = vec![5, 32];
    bytes.extend(data_hash);
    bytes.push(0);
    for list in [envelopes, &[metadata]] {
        varint(&mut bytes, list.len());
        for entry in list {
            varint(&mut bytes, entry.len());
            bytes.extend(entry);
        }
    }
    let mut file = Vec::new();
    varint(&mut file, bytes.len());
    [file, bytes].concat()
}

/// Each form in each of its contexts.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let envelopes = [envelope(), config()];
    let (block, file) = (block(&envelopes), file(&envelopes));
    let [endorsed, config] = &envelopes;
    let all = [(0, &block), (1, &file), (2, endorsed), (2, config), (3, config)];
    let with = [(4, &block), (5, &file), (6, endorsed), (6, config)];
    all.into_iter().chain(with).map(|(context, record)| input(context, record)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_judged_as_they_were_made() {
        // Without consenters a policy leaves open who has signed.
        let open = "undecided ConsenterUnknown";
        let expected =
            ["valid", "valid", "valid", "valid", "valid", open, open, "valid", "valid"].map(str::to_owned);
        assert_eq!(SUBJECT.judged(&seeds()), expected);
    }
}
