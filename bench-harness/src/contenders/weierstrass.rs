//! ECDSA, BIP340 and SM2 peers.

use super::{Keys, Peer, built};
use crate::workload::Kind::{Bip340, P256, Secp256k1, Sm2};

/// See the module.
pub(super) const PEERS: &[Peer] = &[
    Peer::verifier("aws-lc-rs/p256", "aws-lc-rs", "aws-lc-rs", P256)
        .prepared_by(built!("aws-lc-rs", aws_lc::verify)),
    Peer::verifier("aws-lc-rs/p256 parsed", "aws-lc-rs", "aws-lc-rs", P256)
        .keys(Keys::Parsed)
        .prepared_by(built!("aws-lc-rs", aws_lc::verify_parsed)),
    Peer::verifier("ring/p256", "ring", "ring", P256).prepared_by(built!("ring", ring_crate::verify)),
    Peer::verifier("p256/verify", "p256", "p256", P256).prepared_by(built!("p256", p256_crate::verify)),
    Peer::verifier("p256/verify parsed", "p256", "p256", P256)
        .keys(Keys::Parsed)
        .prepared_by(built!("p256", p256_crate::verify_parsed)),
    Peer::verifier("secp256k1/verify parsed", "secp256k1", "secp256k1", Secp256k1)
        .keys(Keys::Parsed)
        .prepared_by(built!("secp256k1", libsecp256k1::verify_parsed)),
    Peer::verifier("secp256k1/verify", "secp256k1", "secp256k1", Secp256k1)
        .prepared_by(built!("secp256k1", libsecp256k1::verify)),
    Peer::verifier("secp256k1/recover", "secp256k1", "secp256k1", Secp256k1)
        .keys(Keys::None)
        .prepared_by(built!("secp256k1", libsecp256k1::recover)),
    Peer::verifier("secp256k1/schnorr", "secp256k1", "secp256k1", Bip340)
        .prepared_by(built!("secp256k1", libsecp256k1::schnorr)),
    Peer::verifier("secp256k1/schnorr parsed", "secp256k1", "secp256k1", Bip340)
        .keys(Keys::Parsed)
        .prepared_by(built!("secp256k1", libsecp256k1::schnorr_parsed)),
    Peer::verifier("sm2/verify", "sm2", "sm2", Sm2).prepared_by(built!("sm2", sm2_crate::verify)),
    Peer::verifier("sm2/verify parsed", "sm2", "sm2", Sm2)
        .keys(Keys::Parsed)
        .prepared_by(built!("sm2", sm2_crate::verify_parsed)),
];

#[cfg(feature = "aws-lc-rs")]
mod aws_lc {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey, UnparsedPublicKey};

    use super::super::{each, each_parsed};
    use crate::measure::Run;
    use crate::workload::Workload;

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
            key.verify(&item.message, &item.signature).is_ok()
        }))
    }

    pub(super) fn verify_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        let parse = |public: &[u8]| ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
        each_parsed(w, parse, |item, key| key.verify_sig(&item.message, &item.signature).is_ok())
    }
}

#[cfg(feature = "ring")]
mod ring_crate {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::super::each;
    use crate::measure::Run;
    use crate::workload::Workload;

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
            key.verify(&item.message, &item.signature).is_ok()
        }))
    }
}

#[cfg(feature = "p256")]
mod p256_crate {
    use p256::ecdsa::signature::Verifier;
    use p256::ecdsa::{Signature, VerifyingKey};

    use super::super::{each, each_parsed};
    use crate::measure::Run;
    use crate::workload::{Item, Workload};

    fn accepts(item: &Item, key: &VerifyingKey) -> bool {
        Signature::from_slice(&item.signature)
            .is_ok_and(|signature| key.verify(&item.message, &signature).is_ok())
    }

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| VerifyingKey::from_sec1_bytes(public).is_ok_and(|key| accepts(item, &key))))
    }

    pub(super) fn verify_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        each_parsed(w, VerifyingKey::from_sec1_bytes, accepts)
    }
}

#[cfg(feature = "sm2")]
mod sm2_crate {
    use sm2::dsa::signature::Verifier;
    use sm2::dsa::{Signature, VerifyingKey};

    use super::super::{each, each_parsed};
    use crate::measure::Run;
    use crate::workload::{Item, SM2_USER_ID, Workload};

    fn accepts(item: &Item, key: &VerifyingKey) -> bool {
        Signature::from_slice(&item.signature)
            .is_ok_and(|signature| key.verify(&item.message, &signature).is_ok())
    }

    /// Hashes the user ID and the key too (Z_A), which belongs to a key as the crate keeps it.
    fn parse(public: &[u8]) -> Result<VerifyingKey, sm2::dsa::signature::Error> {
        VerifyingKey::from_sec1_bytes(SM2_USER_ID, public)
    }

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| parse(public).is_ok_and(|key| accepts(item, &key))))
    }

    pub(super) fn verify_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        each_parsed(w, parse, accepts)
    }
}

#[cfg(feature = "secp256k1")]
mod libsecp256k1 {
    use secp256k1::ecdsa::{RecoverableSignature, RecoveryId, Signature};
    use secp256k1::{Error, Message, PublicKey, XOnlyPublicKey, schnorr as bip340};

    use super::super::{each, each_parsed, signature64};
    use crate::measure::Run;
    use crate::workload::{Item, Workload};

    fn digest(item: &Item) -> Message {
        Message::from_digest(item.message.as_slice().try_into().expect("a digest of 32 bytes, as generated"))
    }

    fn accepts(item: &Item, key: &PublicKey) -> bool {
        Signature::from_compact(&item.signature)
            .is_ok_and(|signature| signature.verify(digest(item), key).is_ok())
    }

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| PublicKey::from_slice(public).is_ok_and(|key| accepts(item, &key))))
    }

    pub(super) fn verify_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        each_parsed(w, PublicKey::from_slice, accepts)
    }

    /// Counts the keys that come out as they should: any digest gives some key.
    pub(super) fn recover(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| {
            let id = RecoveryId::try_from(i32::from(item.recovery_id));
            id.and_then(|id| RecoverableSignature::from_compact(&item.signature, id))
                .and_then(|signature| signature.recover(digest(item)))
                .is_ok_and(|key| key.serialize() == *public)
        }))
    }

    fn x_only(public: &[u8]) -> Result<XOnlyPublicKey, Error> {
        XOnlyPublicKey::from_byte_array(public.try_into().expect("32 bytes, as generated"))
    }

    fn accepts_schnorr(item: &Item, key: &XOnlyPublicKey) -> bool {
        bip340::Signature::from_byte_array(*signature64(item)).verify(&item.message, key).is_ok()
    }

    pub(super) fn schnorr(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| x_only(public).is_ok_and(|key| accepts_schnorr(item, &key))))
    }

    pub(super) fn schnorr_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        each_parsed(w, x_only, accepts_schnorr)
    }
}
