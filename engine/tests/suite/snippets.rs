//! The Rust in README.md and docs/: each block stands here too, so it compiles and does what the page says.

use ed25519_dalek::{Signer, SigningKey};
use std::cell::RefCell;
use std::path::Path;

type Ended = Result<(), Box<dyn std::error::Error>>;

/// README.md, "From Rust".
fn readme(public_key: [u8; 32], message: Vec<u8>, signature: [u8; 64]) -> Ended {
    use sigwarp::{Batch, Ed25519Rule, Engine, Key, Message, Suite};

    let engine = Engine::builder().build()?;
    let suite = Suite::ed25519(Ed25519Rule::Zip215);
    let mut batch = Batch::new();
    batch.push(&suite, Key::Bytes(&public_key), Message::Raw(&message), &signature);
    for verdict in engine.verify(&batch)?.iter() {
        println!("{verdict}");
    }
    assert!(engine.verify(&batch)?.all_valid());
    Ok(())
}

struct Transaction {
    key: [u8; 32],
    bytes: Vec<u8>,
    signature: [u8; 64],
    became: RefCell<String>,
}

impl Transaction {
    fn accept(&self) {
        *self.became.borrow_mut() = "accepted".to_owned();
    }

    fn reject(&self, reason: sigwarp::Reason) {
        *self.became.borrow_mut() = reason.to_string();
    }
}

/// docs/guide.md, "Use the library".
fn guide(transactions: &[Transaction]) -> Ended {
    use sigwarp::{Batch, Ed25519Rule, Engine, Key, Message, Suite, Verdict};

    let engine = Engine::builder().build()?;
    let suite = Suite::ed25519(Ed25519Rule::Zip215);

    let mut batch = Batch::new();
    for tx in transactions {
        batch.push(&suite, Key::Bytes(&tx.key), Message::Raw(&tx.bytes), &tx.signature);
    }
    let verdicts = engine.verify(&batch)?;
    for (tx, verdict) in transactions.iter().zip(verdicts.iter()) {
        match verdict {
            Verdict::Valid => tx.accept(),
            Verdict::Invalid(reason) => tx.reject(reason),
        }
    }
    println!("{}", verdicts.explain());
    Ok(())
}

/// docs/guide.md, "Hash".
#[allow(unused_variables, reason = "the page shows how results are had, not what becomes of them")]
fn guide_hash(engine: &sigwarp::Engine, arena: &[u8], headers: &[u8]) -> Ended {
    let slices = [&arena[..3], &arena[3..]];
    let spans = [(0, 3), (1, 2)];
    let mut buffer = vec![0; headers.len() / 80 * 32];
    let ids = engine.hash(sigwarp::Hash::Sha256d, sigwarp::Column::fixed(headers, 80)?)?;
    {
        use sigwarp::{Column, Hash, MerkleRule};

        let digests = engine.hash(Hash::Sha256, &slices[..])?;
        let digests = engine.hash(Hash::Keccak256, Column::spans(arena, &spans)?)?;
        engine.hash_into(Hash::Sha256d, Column::fixed(headers, 80)?, &mut buffer)?;

        let tree = engine.merkle_tree(Hash::Sha256d, MerkleRule::DuplicateLast, ids.column())?;
        let proof = tree.proof(7);
        assert!(proof.is_some());
    }
    assert_eq!(Some(&buffer[..32]), ids.iter().next());
    Ok(())
}

#[test]
fn the_blocks_do_what_the_pages_say() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let signed = |text: &str| Transaction {
        key: key.verifying_key().to_bytes(),
        bytes: text.into(),
        signature: key.sign(text.as_bytes()).to_bytes(),
        became: RefCell::default(),
    };
    let good = signed("a message");
    readme(good.key, good.bytes.clone(), good.signature).unwrap();
    let mut bad = signed("another");
    bad.bytes[0] ^= 1;
    let transactions = [good, bad];
    guide(&transactions).unwrap();
    let became: Vec<_> = transactions.iter().map(|tx| tx.became.borrow().clone()).collect();
    assert_eq!(became, ["accepted", "EquationFailed"]);
    let headers: Vec<u8> = (0..8 * 80).map(|i| (i * i / 7) as u8).collect();
    guide_hash(&sigwarp::Engine::builder().build().unwrap(), b"abcdef", &headers).unwrap();
}

/// Code without comments and with single spaces, as far as layout can differ.
fn plain(code: &str) -> String {
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_block_of_rust_in_the_pages_is_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let here = plain(include_str!("snippets.rs"));
    let mut blocks = 0;
    for page in docs
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .chain([root.join("README.md")])
    {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in text.split("\n```rust\n").skip(1) {
            let block = block.split("\n```").next().unwrap();
            // Those are in profiles/tests/suite/snippets.rs: the engine knows no profile.
            if block.contains("sigwarp_profiles") {
                continue;
            }
            assert!(
                here.contains(&plain(block)),
                "{}: not in engine/tests/suite/snippets.rs:\n{block}",
                page.display()
            );
            blocks += 1;
        }
    }
    assert!(blocks >= 3, "{blocks} blocks");
}
