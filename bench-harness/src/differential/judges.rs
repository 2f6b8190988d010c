//! The peers that judge by a rule of Sigwarp's, and how an item is put to them.

use sigwarp::Item;

/// Whether a peer accepts an item; `None` where it does not take such items, or takes them otherwise.
type Accepts = fn(&Item<'_>) -> Option<bool>;

/// A verifier of another crate, and the rule that is its own.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    /// `crate/what`, for example `ed25519-dalek/verify_strict`.
    pub id: &'static str,
    /// The feature of this crate that builds it.
    pub feature: &'static str,
    /// The rule that it follows.
    pub rule: &'static str,
    accepts: Option<Accepts>,
}

impl Judge {
    /// A judge; without a function it is not in this build.
    pub(super) const fn new(
        id: &'static str,
        feature: &'static str,
        rule: &'static str,
        accepts: Option<Accepts>,
    ) -> Self {
        Self { id, feature, rule, accepts }
    }

    /// Whether this build holds it.
    pub const fn is_built(&self) -> bool {
        self.accepts.is_some()
    }

    /// Whether it accepts an item of its rule.
    pub fn accepts(&self, item: &Item<'_>) -> Option<bool> {
        self.accepts?(item)
    }
}

/// `Some(function)` where the feature is on, `None` where it is off.
macro_rules! built {
    ($feature:literal, $function:path) => {{
        #[cfg(feature = $feature)]
        let accepts: Option<Accepts> = Some($function);
        #[cfg(not(feature = $feature))]
        let accepts: Option<Accepts> = None;
        accepts
    }};
}

/// Every judge, built or not. The first four crates are in every build: the harness makes its inputs with them.
///
/// AWS-LC on s2n-bignum decodes only canonical keys, which makes its rule `rfc8032-cofactorless`; its C code for other
/// processors decodes them as ring and dalek do.
pub static JUDGES: &[Judge] = &[
    Judge::new("ed25519-dalek/verify", "ed25519-dalek", "cofactorless", Some(dalek::verify)),
    Judge::new("ed25519-dalek/verify_strict", "ed25519-dalek", "strict", Some(dalek::verify_strict)),
    Judge::new("p256/verify", "p256", "ecdsa", Some(p256_crate::verify)),
    Judge::new("sm2/verify", "sm2", "sm2", Some(sm2_crate::verify)),
    Judge::new(
        "ed25519-consensus/verify",
        "ed25519-consensus",
        "zip215",
        built!("ed25519-consensus", consensus::verify),
    ),
    Judge::new("aws-lc-rs/ed25519", "aws-lc-rs", AWS_LC_ED25519, built!("aws-lc-rs", aws_lc::ed25519)),
    Judge::new("aws-lc-rs/p256", "aws-lc-rs", "ecdsa", built!("aws-lc-rs", aws_lc::p256)),
    Judge::new("ring/ed25519", "ring", "cofactorless", built!("ring", ring_crate::ed25519)),
    Judge::new("ring/p256", "ring", "ecdsa", built!("ring", ring_crate::p256)),
    Judge::new("secp256k1/verify", "secp256k1", "ecdsa-low-s", built!("secp256k1", libsecp256k1::low_s)),
    Judge::new(
        "secp256k1/normalize_s and verify",
        "secp256k1",
        "ecdsa",
        built!("secp256k1", libsecp256k1::any_s),
    ),
    Judge::new("secp256k1/schnorr", "secp256k1", "bip340", built!("secp256k1", libsecp256k1::schnorr)),
];

const AWS_LC_ED25519: &str = if cfg!(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    any(target_os = "linux", target_os = "macos")
)) {
    "rfc8032-cofactorless"
} else {
    "cofactorless"
};

/// A key in SEC 1's compressed or uncompressed form, of which x ‖ y is the latter without its tag. Peers differ about
/// other tags and lengths: some read hybrid keys, or a whole certificate's key.
fn sec1(key: &[u8]) -> Option<Vec<u8>> {
    match (key.len(), key.first()) {
        (33, Some(2 | 3)) | (65, Some(4)) => Some(key.to_vec()),
        (64, _) => Some([&[4], key].concat()),
        _ => None,
    }
}

mod dalek {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    use sigwarp::{Item, Scheme};

    fn parse(item: &Item<'_>) -> Option<(Option<VerifyingKey>, Signature)> {
        if item.suite.scheme() != Scheme::Ed25519 {
            return None;
        }
        let (key, signature) = (item.key.try_into().ok()?, item.signature.try_into().ok()?);
        Some((VerifyingKey::from_bytes(key).ok(), Signature::from_bytes(signature)))
    }

    pub(super) fn verify(item: &Item<'_>) -> Option<bool> {
        let (key, signature) = parse(item)?;
        Some(key.is_some_and(|key| key.verify(item.message, &signature).is_ok()))
    }

    pub(super) fn verify_strict(item: &Item<'_>) -> Option<bool> {
        let (key, signature) = parse(item)?;
        Some(key.is_some_and(|key| key.verify_strict(item.message, &signature).is_ok()))
    }
}

mod p256_crate {
    use p256::ecdsa::signature::Verifier;
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    use p256::ecdsa::{Signature, VerifyingKey};
    use sigwarp::{EcdsaScheme, Item};

    pub(super) fn verify(item: &Item<'_>) -> Option<bool> {
        let scheme = item.suite.scheme().ecdsa()?;
        let prehashed = match scheme {
            EcdsaScheme::P256 if item.message.len() == 32 => true,
            EcdsaScheme::P256Sha256 => false,
            _ => return None,
        };
        let signature = match item.suite.encoding() {
            "raw" => Signature::from_slice(item.signature),
            "der" => Signature::from_der(item.signature),
            _ => return None,
        };
        let key = VerifyingKey::from_sec1_bytes(&super::sec1(item.key)?);
        let (Ok(key), Ok(signature)) = (key, signature) else { return Some(false) };
        Some(match prehashed {
            true => key.verify_prehash(item.message, &signature).is_ok(),
            false => key.verify(item.message, &signature).is_ok(),
        })
    }
}

mod sm2_crate {
    use sigwarp::{Item, Scheme};
    use sm2::dsa::signature::Verifier;
    use sm2::dsa::signature::hazmat::PrehashVerifier;
    use sm2::dsa::{Signature, VerifyingKey};

    /// The crate takes user IDs that are text.
    pub(super) fn verify(item: &Item<'_>) -> Option<bool> {
        let prehashed = match item.suite.scheme() {
            Scheme::Sm2 if item.message.len() == 32 => true,
            Scheme::Sm2Sm3 => false,
            _ => return None,
        };
        if item.suite.encoding() != "raw" {
            return None;
        }
        let user_id = std::str::from_utf8(item.suite.user_id().unwrap_or_default()).ok()?;
        let key = VerifyingKey::from_sec1_bytes(user_id, &super::sec1(item.key)?);
        let (Ok(key), Ok(signature)) = (key, Signature::from_slice(item.signature)) else {
            return Some(false);
        };
        Some(match prehashed {
            true => key.verify_prehash(item.message, &signature).is_ok(),
            false => key.verify(item.message, &signature).is_ok(),
        })
    }
}

#[cfg(feature = "ed25519-consensus")]
mod consensus {
    use ed25519_consensus::{Signature, VerificationKey};
    use sigwarp::{Item, Scheme};

    pub(super) fn verify(item: &Item<'_>) -> Option<bool> {
        if item.suite.scheme() != Scheme::Ed25519 {
            return None;
        }
        let key: [u8; 32] = item.key.try_into().ok()?;
        let signature: [u8; 64] = item.signature.try_into().ok()?;
        let key = VerificationKey::try_from(key);
        Some(key.is_ok_and(|key| key.verify(&Signature::from(signature), item.message).is_ok()))
    }
}

#[cfg(feature = "aws-lc-rs")]
mod aws_lc {
    use aws_lc_rs::digest::{Digest, SHA256};
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
    use sigwarp::{Item, Scheme};

    pub(super) fn ed25519(item: &Item<'_>) -> Option<bool> {
        if item.suite.scheme() != Scheme::Ed25519 || item.key.len() != 32 {
            return None;
        }
        Some(UnparsedPublicKey::new(&ED25519, item.key).verify(item.message, item.signature).is_ok())
    }

    pub(super) fn p256(item: &Item<'_>) -> Option<bool> {
        let algorithm = match item.suite.encoding() {
            "raw" => &ECDSA_P256_SHA256_FIXED,
            "der" => &ECDSA_P256_SHA256_ASN1,
            _ => return None,
        };
        let key = UnparsedPublicKey::new(algorithm, super::sec1(item.key)?);
        match item.suite.scheme() {
            Scheme::EcdsaP256Sha256 => Some(key.verify(item.message, item.signature).is_ok()),
            Scheme::EcdsaP256 => {
                let digest = Digest::import_less_safe(item.message, &SHA256).ok()?;
                Some(key.verify_digest(&digest, item.signature).is_ok())
            }
            _ => None,
        }
    }
}

#[cfg(feature = "ring")]
mod ring_crate {
    use ring::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
    use sigwarp::{Item, Scheme};

    pub(super) fn ed25519(item: &Item<'_>) -> Option<bool> {
        if item.suite.scheme() != Scheme::Ed25519 {
            return None;
        }
        Some(UnparsedPublicKey::new(&ED25519, item.key).verify(item.message, item.signature).is_ok())
    }

    /// ring reads no compressed keys.
    pub(super) fn p256(item: &Item<'_>) -> Option<bool> {
        let algorithm = match item.suite.encoding() {
            "raw" => &ECDSA_P256_SHA256_FIXED,
            "der" => &ECDSA_P256_SHA256_ASN1,
            _ => return None,
        };
        let key = super::sec1(item.key)?;
        if item.suite.scheme() != Scheme::EcdsaP256Sha256 || key.len() != 65 {
            return None;
        }
        Some(UnparsedPublicKey::new(algorithm, key).verify(item.message, item.signature).is_ok())
    }
}

#[cfg(feature = "secp256k1")]
mod libsecp256k1 {
    use secp256k1::ecdsa::{RecoverableSignature, RecoveryId, Signature};
    use secp256k1::{Message, PublicKey, XOnlyPublicKey, schnorr as bip340};
    use sigwarp::{EcdsaScheme, Item, Scheme};

    /// The digest that is signed. It takes 32 bytes; the hashes come with the features of other peers.
    fn digest(item: &Item<'_>) -> Option<Message> {
        let scheme = item.suite.scheme().ecdsa()?;
        let digest: [u8; 32] = match scheme.hash() {
            None if scheme == EcdsaScheme::Secp256k1 => item.message.try_into().ok()?,
            #[cfg(feature = "sha2")]
            Some(sigwarp::Prehash::Sha256) if scheme == EcdsaScheme::Secp256k1Sha256 => {
                use sha2::Digest;
                sha2::Sha256::digest(item.message).into()
            }
            #[cfg(feature = "sha2")]
            Some(sigwarp::Prehash::Sha256d) => {
                use sha2::Digest;
                sha2::Sha256::digest(sha2::Sha256::digest(item.message)).into()
            }
            #[cfg(feature = "sha3")]
            Some(sigwarp::Prehash::Keccak256) => {
                use sha3::Digest;
                sha3::Keccak256::digest(item.message).into()
            }
            _ => return None,
        };
        Some(Message::from_digest(digest))
    }

    /// libsecp256k1 verifies low s alone.
    pub(super) fn low_s(item: &Item<'_>) -> Option<bool> {
        verify(item, |_| {})
    }

    pub(super) fn any_s(item: &Item<'_>) -> Option<bool> {
        verify(item, Signature::normalize_s)
    }

    fn verify(item: &Item<'_>, prepare: impl Fn(&mut Signature)) -> Option<bool> {
        let digest = digest(item)?;
        let bytes = item.signature;
        let (signature, id) = match item.suite.encoding() {
            "raw" => (Signature::from_compact(bytes), None),
            "raw-v" => match bytes.split_last() {
                Some((&id, bytes)) => (Signature::from_compact(bytes), Some(id)),
                None => return Some(false),
            },
            "der" | "der-bip66" => (Signature::from_der(bytes), None),
            "der-lax" => (Signature::from_der_lax(bytes), None),
            _ => return None,
        };
        let key = PublicKey::from_slice(&super::sec1(item.key)?);
        let (Ok(key), Ok(mut signature)) = (key, signature) else { return Some(false) };
        // The id names the point of the signature as it came, not of the normalised one.
        let named = id.is_none_or(|id| {
            RecoveryId::try_from(i32::from(id))
                .and_then(|id| RecoverableSignature::from_compact(&bytes[..64], id))
                .and_then(|signature| signature.recover(digest))
                .is_ok_and(|recovered| recovered == key)
        });
        prepare(&mut signature);
        Some(named && signature.verify(digest, &key).is_ok())
    }

    pub(super) fn schnorr(item: &Item<'_>) -> Option<bool> {
        if item.suite.scheme() != Scheme::Bip340 {
            return None;
        }
        let (key, signature) = (item.key.try_into().ok()?, item.signature.try_into().ok()?);
        let key = XOnlyPublicKey::from_byte_array(key);
        let signature = bip340::Signature::from_byte_array(signature);
        Some(key.is_ok_and(|key| signature.verify(item.message, &key).is_ok()))
    }
}
