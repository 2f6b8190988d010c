//! Hashing in lanes: any number of messages of any lengths give on every backend the digests of other crates.

use arbitrary::{Result, Unstructured};
use sha2::Digest;
use sigwarp::{Column, Hash, MerkleRule};

use super::ENGINES;
use crate::seeds;

const LONGEST: usize = 2000;

/// Spans of one arena, which may overlap, then a Merkle tree over their digests.
pub fn hash(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = check(&mut u);
}

/// The digest by another crate; none for BLAKE3, where the engine calls the only one there is.
fn reference(hash: Hash, message: &[u8]) -> Option<Vec<u8>> {
    Some(match hash {
        Hash::Sha256 => sha2::Sha256::digest(message).to_vec(),
        Hash::Sha256d => sha2::Sha256::digest(sha2::Sha256::digest(message)).to_vec(),
        Hash::Sha512 => sha2::Sha512::digest(message).to_vec(),
        Hash::Sha512Half => sha2::Sha512::digest(message)[..32].to_vec(),
        Hash::Sha3_256 => sha3::Sha3_256::digest(message).to_vec(),
        Hash::Keccak256 => sha3::Keccak256::digest(message).to_vec(),
        Hash::Sm3 => sm3::Sm3::digest(message).to_vec(),
        _ => return None,
    })
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let hash = *u.choose(&Hash::ALL)?;
    let rule = *u.choose(&MerkleRule::ALL)?;
    let arena = seeds::bytes(u.arbitrary()?, 2 * LONGEST);
    // Lengths near the ends of blocks are more likely than others.
    const NEAR: [usize; 12] = [0, 55, 56, 63, 64, 111, 112, 119, 127, 128, 136, 272];
    let count = u.int_in_range(0..=70)?;
    let mut spans = Vec::new();
    for _ in 0..count {
        let length = match u.int_in_range(0..=3)? {
            0 => u.int_in_range(0..=LONGEST)?,
            1 => u.int_in_range(0..=9)?,
            _ => *u.choose(&NEAR)? + u.int_in_range(0..=2)?,
        };
        spans.push((u.int_in_range(0..=2 * LONGEST - length)?, length));
    }
    let messages = Column::spans(&arena, &spans).expect("spans within the arena");
    let expected: Option<Vec<Vec<u8>>> = (0..count).map(|row| reference(hash, messages.get(row))).collect();
    let mut first: Option<(Vec<u8>, Option<Vec<u8>>)> = None;
    for engine in ENGINES.iter() {
        let digests = engine.hash(hash, messages).expect("digests");
        if let Some(expected) = &expected {
            for (row, digest) in digests.iter().enumerate() {
                let length = spans[row].1;
                assert_eq!(
                    digest,
                    expected[row],
                    "{:?} {hash}: row {row}, {length} bytes",
                    engine.backends()
                );
            }
        }
        let root = (count > 0).then(|| root(engine, hash, rule, &digests));
        let found = (digests.into_bytes(), root);
        assert_eq!(*first.get_or_insert_with(|| found.clone()), found, "{:?} {hash}", engine.backends());
    }
    Ok(())
}

/// The root, after every proof has led to it.
fn root(engine: &sigwarp::Engine, hash: Hash, rule: MerkleRule, leaves: &sigwarp::Digests) -> Vec<u8> {
    let tree = engine.merkle_tree(hash, rule, leaves.column()).expect("a tree");
    let proofs: Vec<_> = (0..leaves.len()).map(|leaf| tree.proof(leaf).expect("a leaf")).collect();
    let roots = engine.merkle_proof_roots(hash, &proofs, leaves.column()).expect("roots");
    assert!(roots.iter().all(|root| root == tree.root()));
    tree.root().to_vec()
}
