//! Key recovery against verification, against k256 and against the key that a signature was built for.

use arbitrary::Unstructured;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Suite, Verdict};

use super::{PORTABLE, verify_one};
use crate::cases;

/// See the module.
pub fn recover(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok((digest, signature, id, expected)) = cases::recoverable(&mut u) else { return };
    let found = sigwarp::recover(&digest, &signature, id, EcdsaRule::Any);
    if let Some(expected) = expected {
        assert_eq!(found, Ok(expected), "{digest:02x?} {signature:02x?} {id}");
    }
    let low = sigwarp::recover(&digest, &signature, id, EcdsaRule::LowS);
    assert!(low.is_err() || low == found, "{low:?} {found:?}");

    let raw_v = [&signature[..], &[id]].concat();
    let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::Any, EcdsaEncoding::RawV);
    if let Ok(key) = &found {
        let verdict = verify_one(&PORTABLE, &suite, key, &digest, &raw_v);
        assert_eq!(verdict, Verdict::Valid, "{digest:02x?} {signature:02x?} {id} {key:02x?}");
        assert_eq!(sigwarp::ethereum_address(key), {
            use sha3::Digest;
            let hash: [u8; 32] = sha3::Keccak256::digest(&key[1..]).into();
            <[u8; 20]>::try_from(&hash[12..]).expect("20 of 32 bytes")
        });
    }
    // k256 takes digests of half the order's length at least and reads longer ones as SEC 1 says.
    if digest.len() == 32 {
        let peer = RecoveryId::from_byte(id).and_then(|id| {
            let signature = Signature::from_slice(&signature).ok()?;
            VerifyingKey::recover_from_prehash(&digest, &signature, id).ok()
        });
        let peer = peer.map(|key| key.to_sec1_point(false).as_bytes().to_vec());
        assert_eq!(found.ok().map(|key| key.to_vec()), peer, "{digest:02x?} {signature:02x?} {id}");
    }
}
