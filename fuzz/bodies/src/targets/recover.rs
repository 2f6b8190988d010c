//! Key recovery against verification, against k256 and against the key that a signature was built for; and batches of
//! it on every backend against single calls.

use arbitrary::{Result, Unstructured};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::Digest;
use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Suite, Verdict};

use super::{PORTABLE, verify_one, with_any_path};
use crate::cases::{self, Recoverable};

/// Rows of a batch, at most.
const MOST: usize = 40;

/// See the module.
pub fn recover(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let mut rows: Vec<Recoverable> = Vec::new();
    while rows.len() < MOST {
        let Ok(row) = cases::recoverable(&mut u) else { break };
        one(&row);
        // The same row again fills vectors at no cost for the input.
        let Ok(copies) = copies(&mut u) else { break };
        rows.extend(std::iter::repeat_n(row, copies));
        if u.is_empty() {
            break;
        }
    }
    for rule in EcdsaRule::ALL {
        batch(&rows, rule);
    }
}

fn copies(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(if u.ratio(1, 4)? { u.int_in_range(1..=9)? } else { 1 })
}

fn one((digest, signature, id, expected): &Recoverable) {
    let found = sigwarp::recover(digest, signature, *id, EcdsaRule::Any);
    if let Some(expected) = expected {
        assert_eq!(found, Ok(*expected), "{digest:02x?} {signature:02x?} {id}");
    }
    let low = sigwarp::recover(digest, signature, *id, EcdsaRule::LowS);
    assert!(low.is_err() || low == found, "{low:?} {found:?}");

    let raw_v = [&signature[..], &[*id]].concat();
    let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::Any, EcdsaEncoding::RawV);
    if let Ok(key) = &found {
        let verdict = verify_one(&PORTABLE, &suite, key, digest, &raw_v);
        assert_eq!(verdict, Verdict::Valid, "{digest:02x?} {signature:02x?} {id} {key:02x?}");
        assert_eq!(sigwarp::ethereum_address(key), address(key));
    }
    // k256 takes digests of half the order's length at least and reads longer ones as SEC 1 says.
    if digest.len() == 32 {
        let peer = RecoveryId::from_byte(*id).and_then(|id| {
            let signature = Signature::from_slice(signature).ok()?;
            VerifyingKey::recover_from_prehash(digest, &signature, id).ok()
        });
        let peer = peer.map(|key| key.to_sec1_point(false).as_bytes().to_vec());
        assert_eq!(found.ok().map(|key| key.to_vec()), peer, "{digest:02x?} {signature:02x?} {id}");
    }
}

/// The address of a key, by the crate sha3.
fn address(key: &[u8; 65]) -> [u8; 20] {
    let hash: [u8; 32] = sha3::Keccak256::digest(&key[1..]).into();
    hash[12..].try_into().expect("20 of 32 bytes")
}

/// Every backend recovers from all rows at once what single calls do from each.
fn batch(rows: &[Recoverable], rule: EcdsaRule) {
    let digests: Vec<&[u8]> = rows.iter().map(|row| &row.0[..]).collect();
    let signatures: Vec<&[u8]> = rows.iter().map(|row| &row.1[..]).collect();
    let ids: Vec<u8> = rows.iter().map(|row| row.2).collect();
    let expected: Vec<_> = rows
        .iter()
        .map(|(digest, signature, id, _)| sigwarp::recover(digest, signature, *id, rule))
        .collect();
    let known: Vec<[u8; 65]> = expected.iter().flatten().copied().collect();
    let addresses: Vec<[u8; 20]> = known.iter().map(address).collect();
    for engine in with_any_path() {
        let keys = engine.recover(rule, &digests[..], &signatures[..], &ids).expect("a row of each for all");
        assert_eq!(keys.len(), rows.len());
        for (row, (found, expected)) in keys.iter().zip(&expected).enumerate() {
            let count = rows.len();
            assert_eq!(found, expected, "{:?}, row {row} of {count}: {:02x?}", engine.backends(), rows[row]);
        }
        assert_eq!(
            engine.ethereum_addresses(&known).expect("addresses"),
            addresses,
            "{:?}",
            engine.backends()
        );
    }
}
