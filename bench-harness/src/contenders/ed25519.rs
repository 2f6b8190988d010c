//! Ed25519 peers.

use super::{Keys, Peer, built};
use crate::workload::Kind::Ed25519;

const fn peer(id: &'static str, package: &'static str) -> Peer {
    Peer::verifier(id, package, package, Ed25519)
}

const COMMONWARE: &str = "commonware-cryptography-curve25519";

/// See the module.
pub(super) const PEERS: &[Peer] = &[
    peer("ed25519-dalek/verify parsed", "ed25519-dalek")
        .keys(Keys::Parsed)
        .prepared_by(built!("ed25519-dalek", dalek::verify_parsed)),
    peer("ed25519-dalek/verify", "ed25519-dalek").prepared_by(built!("ed25519-dalek", dalek::verify)),
    peer("ed25519-dalek/verify_strict", "ed25519-dalek")
        .prepared_by(built!("ed25519-dalek", dalek::verify_strict)),
    peer("ed25519-dalek/verify_strict parsed", "ed25519-dalek")
        .keys(Keys::Parsed)
        .prepared_by(built!("ed25519-dalek", dalek::verify_strict_parsed)),
    peer("ed25519-dalek/verify_batch parsed", "ed25519-dalek")
        .keys(Keys::Parsed)
        .one_boolean()
        .prepared_by(built!("ed25519-dalek", dalek::verify_batch_parsed)),
    peer("ed25519-dalek/verify_batch", "ed25519-dalek")
        .one_boolean()
        .prepared_by(built!("ed25519-dalek", dalek::verify_batch)),
    peer("ed25519-consensus/batch", "ed25519-consensus")
        .one_boolean()
        .prepared_by(built!("ed25519-consensus", consensus::batch)),
    peer("aws-lc-rs/ed25519", "aws-lc-rs").prepared_by(built!("aws-lc-rs", aws_lc::verify)),
    peer("ring/ed25519", "ring").prepared_by(built!("ring", ring_crate::verify)),
    Peer::verifier("commonware-cryptography-curve25519/batch", COMMONWARE, "commonware", Ed25519)
        .one_boolean()
        .threaded()
        .prepared_by(built!("commonware", commonware::batch)),
    Peer::verifier("commonware-cryptography-curve25519/verify parsed", COMMONWARE, "commonware", Ed25519)
        .keys(Keys::Parsed)
        .prepared_by(built!("commonware", commonware::verify_parsed)),
    Peer::verifier("commonware-cryptography-curve25519/verify", COMMONWARE, "commonware", Ed25519)
        .prepared_by(built!("commonware", commonware::verify)),
];

#[cfg(feature = "ed25519-dalek")]
mod dalek {
    use ed25519_dalek::{PUBLIC_KEY_LENGTH, Signature, Verifier, VerifyingKey, verify_batch as batch};

    use super::super::{each, each_parsed, signature64};
    use crate::measure::Run;
    use crate::workload::Workload;

    fn parse(public: &[u8]) -> Result<VerifyingKey, ed25519_dalek::SignatureError> {
        let bytes: &[u8; PUBLIC_KEY_LENGTH] = public.try_into().expect("32 bytes, as generated");
        VerifyingKey::from_bytes(bytes)
    }

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| {
            let signature = Signature::from_bytes(signature64(item));
            parse(public).is_ok_and(|key| key.verify(&item.message, &signature).is_ok())
        }))
    }

    pub(super) fn verify_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        each_parsed(w, parse, |item, key| {
            key.verify(&item.message, &Signature::from_bytes(signature64(item))).is_ok()
        })
    }

    pub(super) fn verify_strict(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| {
            let signature = Signature::from_bytes(signature64(item));
            parse(public).is_ok_and(|key| key.verify_strict(&item.message, &signature).is_ok())
        }))
    }

    pub(super) fn verify_strict_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        each_parsed(w, parse, |item, key| {
            key.verify_strict(&item.message, &Signature::from_bytes(signature64(item))).is_ok()
        })
    }

    /// The keys of each chunk lie ready in the slice that the function takes.
    pub(super) fn verify_batch_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        let keys = w.items.iter().map(|item| parse(w.public(item)));
        let keys = keys.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        Ok(Box::new(move |chunk| accepted(w, chunk, &keys[chunk * w.spec.batch..][..w.spec.batch])))
    }

    pub(super) fn verify_batch(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(Box::new(move |chunk| {
            let keys = w.chunk(chunk).iter().map(|item| parse(w.public(item)));
            match keys.collect::<Result<Vec<_>, _>>() {
                Ok(keys) => accepted(w, chunk, &keys),
                Err(_) => 0,
            }
        }))
    }

    fn accepted(w: &Workload, chunk: usize, keys: &[VerifyingKey]) -> u64 {
        let items = w.chunk(chunk);
        let messages: Vec<&[u8]> = items.iter().map(|item| item.message.as_slice()).collect();
        let signatures: Vec<Signature> =
            items.iter().map(|item| Signature::from_bytes(signature64(item))).collect();
        if batch(&messages, &signatures, keys).is_ok() { items.len() as u64 } else { 0 }
    }
}

#[cfg(feature = "ed25519-consensus")]
mod consensus {
    use ed25519_consensus::{Signature, VerificationKeyBytes, batch::Verifier};
    use rand_chacha_03::ChaCha20Rng;
    use rand_chacha_03::rand_core::SeedableRng;

    use super::super::signature64;
    use crate::measure::Run;
    use crate::workload::Workload;

    pub(super) fn batch(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        Ok(Box::new(move |chunk| {
            let items = w.chunk(chunk);
            let mut verifier = Verifier::new();
            for item in items {
                let key: [u8; 32] = w.public(item).try_into().expect("32 bytes, as generated");
                let signature = Signature::from(*signature64(item));
                verifier.queue((VerificationKeyBytes::from(key), signature, item.message.as_slice()));
            }
            if verifier.verify(&mut rng).is_ok() { items.len() as u64 } else { 0 }
        }))
    }
}

#[cfg(feature = "aws-lc-rs")]
mod aws_lc {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::super::each;
    use crate::measure::Run;
    use crate::workload::Workload;

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| {
            UnparsedPublicKey::new(&ED25519, public).verify(&item.message, &item.signature).is_ok()
        }))
    }
}

#[cfg(feature = "ring")]
mod ring_crate {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::super::each;
    use crate::measure::Run;
    use crate::workload::Workload;

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        Ok(each(w, |item, public| {
            UnparsedPublicKey::new(&ED25519, public).verify(&item.message, &item.signature).is_ok()
        }))
    }
}

/// commonware signs `length of the namespace ‖ namespace ‖ message`. With an empty namespace that is one zero byte
/// before the message: the byte that every Ed25519 message of the generator starts with. So all peers hash the same
/// bytes.
#[cfg(feature = "commonware")]
mod commonware {
    use std::sync::Arc;

    use commonware_codec::DecodeExt;
    use commonware_cryptography::{BatchEntry, BatchVerifier};
    use commonware_cryptography_curve25519::signing::{Signature, SigningKey, VerifyingKey};
    use commonware_parallel::rayon::ThreadPoolBuilder;
    use commonware_parallel::{Rayon, Sequential, Strategy};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use crate::measure::{Run, one_core_each};
    use crate::workload::{Item, Workload};

    const NAMESPACE: &[u8] = b"";

    /// Copies 64 bytes and checks nothing: outside or inside the clock makes no difference.
    fn signatures(w: &Workload) -> Result<Vec<Signature>, String> {
        let decode =
            |item: &Item| Signature::decode(item.signature.clone()).map_err(|error| error.to_string());
        w.items.iter().map(decode).collect()
    }

    fn message(item: &Item) -> Result<&[u8], String> {
        match item.message.split_first() {
            Some((0, rest)) => Ok(rest),
            _ => {
                Err("commonware puts a byte before each message; use messages of at least one byte"
                    .to_owned())
            }
        }
    }

    /// Keys that hold their bytes alone. Batches, and single calls, decode the points.
    fn undecoded(w: &Workload) -> Result<Vec<VerifyingKey>, String> {
        let keys = w.keys.iter().map(|key| VerifyingKey::decode(key.public.clone()));
        keys.collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    type Entry<'w> = (VerifyingKey, Signature, &'w [u8]);

    fn entry<'a>(_: usize, (public_key, signature, message): &'a Entry<'_>) -> BatchEntry<'a, VerifyingKey> {
        BatchEntry { namespace: NAMESPACE, message, public_key, signature }
    }

    pub(super) fn batch(w: &Workload, threads: usize) -> Result<Run<'_>, String> {
        let keys = undecoded(w)?;
        let mut entries: Vec<Entry<'_>> = Vec::with_capacity(w.items.len());
        for (item, signature) in w.items.iter().zip(signatures(w)?) {
            entries.push((keys[item.key].clone(), signature, message(item)?));
        }
        if threads > 1 {
            // The crate has a rayon of its own.
            let pool = ThreadPoolBuilder::new().num_threads(threads).start_handler(one_core_each()).build();
            let pool = pool.map_err(|error| error.to_string())?;
            return Ok(batches(w, entries, Rayon::with_pool(Arc::new(pool))));
        }
        Ok(batches(w, entries, Sequential))
    }

    fn batches<'w>(w: &'w Workload, entries: Vec<Entry<'w>>, strategy: impl Strategy + 'w) -> Run<'w> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let batch = w.spec.batch;
        Box::new(move |chunk| {
            let entries = &entries[chunk * batch..][..batch];
            let valid = VerifyingKey::verify_batch(&mut rng, entries, entry, &strategy);
            if valid { batch as u64 } else { 0 }
        })
    }

    pub(super) fn verify(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        single(w, undecoded(w)?)
    }

    /// Only a key made from its signing key carries its decoded point.
    pub(super) fn verify_parsed(w: &Workload, _: usize) -> Result<Run<'_>, String> {
        let keys = w.keys.iter().map(|key| SigningKey::decode(key.secret.to_vec()));
        let keys = keys.map(|key| key.map(|key| key.verifying_key()));
        single(w, keys.collect::<Result<_, _>>().map_err(|error| error.to_string())?)
    }

    fn single(w: &Workload, keys: Vec<VerifyingKey>) -> Result<Run<'_>, String> {
        let signatures = signatures(w)?;
        let messages = w.items.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        Ok(Box::new(move |chunk| {
            let first = chunk * w.spec.batch;
            let mut accepted = 0;
            for index in first..first + w.spec.batch {
                let key = &keys[w.items[index].key];
                accepted += u64::from(key.verify(NAMESPACE, messages[index], &signatures[index]));
            }
            accepted
        }))
    }
}
