//! Ed25519ctx and Ed25519ph: what RFC 8032 gives, and what tells the variants and their contexts apart.

use crate::common;

use common::subjects::{VALID, sign_variant};
use common::{Cases, Expect, unhex};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};
use sigwarp::{Ed25519Rule, Reason, Suite};

const CTX_KEY: &str = "dfc9425e4f968f7f0c29f0259cf5f9aed6851c2bb4ad8bfb860cfee0ab248292";

fn ctx(rule: Ed25519Rule, context: &[u8]) -> Suite {
    Suite::ed25519ctx(rule, context).expect("1 to 255 bytes")
}

fn ph(rule: Ed25519Rule, context: &[u8]) -> Suite {
    Suite::ed25519ph(rule, context).expect("at most 255 bytes")
}

/// RFC 8032 sections 7.2 and 7.3: context, key, message, signature, and whether it is of Ed25519ph.
const VECTORS: [(&str, [&str; 4], bool); 5] = [
    (
        "foo",
        [
            "666f6f",
            CTX_KEY,
            "f726936d19c800494e3fdaff20b276a8",
            "55a4cc2f70a54e04288c5f4cd1e45a7bb520b36292911876cada7323198dd87a\
             8b36950b95130022907a7fb7c4e9b2d5f6cca685a587b4b21f4b888e4e7edb0d",
        ],
        false,
    ),
    (
        "bar",
        [
            "626172",
            CTX_KEY,
            "f726936d19c800494e3fdaff20b276a8",
            "fc60d5872fc46b3aa69f8b5b4351d5808f92bcc044606db097abab6dbcb1aee3\
             216c48e8b3b66431b5b186d1d28f8ee15a5ca2df6668346291c2043d4eb3e90d",
        ],
        false,
    ),
    (
        "foo2",
        [
            "666f6f",
            CTX_KEY,
            "508e9e6882b979fea900f62adceaca35",
            "8b70c1cc8310e1de20ac53ce28ae6e7207f33c3295e03bb5c0732a1d20dc6490\
             8922a8b052cf99b7c4fe107a5abb5b2c4085ae75890d02df26269d8945f84b0b",
        ],
        false,
    ),
    (
        "foo3",
        [
            "666f6f",
            "0f1d1274943b91415889152e893d80e93275a1fc0b65fd71b4b0dda10ad7d772",
            "f726936d19c800494e3fdaff20b276a8",
            "21655b5f1aa965996b3f97b3c849eafba922a0a62992f73b3d1b73106a84ad85\
             e9b86a7b6005ea868337ff2d20a7f5fbd4cd10b0be49a68da2b2e0dc0ad8960f",
        ],
        false,
    ),
    (
        "abc",
        [
            "",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "616263",
            "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
             31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
        ],
        true,
    ),
];

#[test]
fn vectors_of_the_standard() {
    let mut cases = Cases::default();
    for (name, parts, prehashes) in VECTORS {
        let [context, key, message, signature] = parts.map(unhex);
        for rule in Ed25519Rule::ALL {
            let suite = if prehashes { ph(rule, &context) } else { ctx(rule, &context) };
            cases.push(name, &suite, (&key, &message, &signature), Expect::Valid);
            // Of another message, another context, another variant.
            let failed = Expect::Because(Reason::EquationFailed);
            let longer = [&message[..], b"."].concat();
            cases.push(name, &suite, (&key, &longer, &signature), failed);
            let with = [&context[..], b"."].concat();
            for other in [ctx(rule, &with), ph(rule, &with), Suite::ed25519(rule)] {
                cases.push(name, &other, (&key, &message, &signature), failed);
            }
            let other = if prehashes { ctx(rule, b"\0") } else { ph(rule, &context) };
            cases.push(name, &other, (&key, &message, &signature), failed);
        }
    }
    cases.check();
}

/// Contexts of every length, messages around the blocks of SHA-512 with the domain before them.
#[test]
fn contexts_and_messages_of_every_length() {
    let mut cases = Cases::default();
    let signer = SigningKey::from_bytes(&[3; 32]);
    let key = signer.verifying_key().to_bytes();
    for (index, length) in (0..=255).chain([20; 45]).enumerate() {
        let context: Vec<u8> = (0..length).map(|i| i as u8).collect();
        let message: Vec<u8> = (0..index).map(|i| (i * 7) as u8).collect();
        let rule = Ed25519Rule::ALL[length % Ed25519Rule::ALL.len()];
        for prehashes in [false, true] {
            if length == 0 && !prehashes {
                continue;
            }
            let suite = if prehashes { ph(rule, &context) } else { ctx(rule, &context) };
            let signature = sign_variant(&signer, &context, prehashes, &message);
            cases.push("valid", &suite, (&key, &message, &signature), Expect::Valid);
            // What Ed25519ph signs is the digest, and not the message.
            let digest = Sha512::digest(&message);
            let failed = Expect::Because(Reason::EquationFailed);
            cases.push("digest", &suite, (&key, &digest, &signature), failed);
        }
    }
    cases.check();
}

/// A signature of Ed25519 over the bytes that a variant hashes is none of the variant: its nonce and its R are others, and
/// the domain stands before R.
#[test]
fn a_domain_in_the_message_is_no_domain() {
    let mut cases = Cases::default();
    for index in 0..VALID {
        let signer = SigningKey::from_bytes(&[index as u8; 32]);
        let message = vec![index as u8; index];
        let domain = [b"SigEd25519 no Ed25519 collisions", &[0, 3][..], b"foo", &message].concat();
        let signature = signer.sign(&domain).to_bytes();
        let key = signer.verifying_key().to_bytes();
        let rule = Ed25519Rule::ALL[index % Ed25519Rule::ALL.len()];
        cases.push("pure", &Suite::ed25519(rule), (&key, &domain, &signature), Expect::Valid);
        let failed = Expect::Because(Reason::EquationFailed);
        cases.push("ctx", &ctx(rule, b"foo"), (&key, &message, &signature), failed);
        cases.push("ctx", &ctx(rule, b"foo"), (&key, &domain, &signature), failed);
    }
    cases.check();
}
