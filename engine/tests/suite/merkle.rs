//! Merkle trees against a plain implementation, and the roots of Bitcoin blocks.

use crate::common;

use common::{engines, vector_file};
use sha2::{Digest, Sha256};
use sigwarp::{Column, Digests, Engine, Hash, MerkleProof, MerkleRule, Messages};

fn reference_root(rule: MerkleRule, leaves: &[Vec<u8>], hash: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut level = leaves.to_vec();
    if rule == MerkleRule::ZeroPadded {
        level.resize(level.len().next_power_of_two(), vec![0; leaves[0].len()]);
    }
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.push(level.last().unwrap().clone());
        }
        level = level.chunks(2).map(|pair| hash(&pair.concat())).collect();
    }
    level.remove(0)
}

fn twice(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(Sha256::digest(bytes)).to_vec()
}

fn leaves(hash: Hash, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|leaf| (0..hash.digest_length()).map(|i| (leaf * 31 + i * 7) as u8).collect()).collect()
}

#[test]
fn roots_and_proofs_of_every_number_of_leaves() {
    type Plain = fn(&[u8]) -> Vec<u8>;
    let functions: [(Hash, Plain); 4] = [
        (Hash::Sha256d, twice),
        (Hash::Sha512, |bytes| sha2::Sha512::digest(bytes).to_vec()),
        (Hash::Keccak256, |bytes| sha3::Keccak256::digest(bytes).to_vec()),
        (Hash::Blake3, |bytes| blake3::hash(bytes).as_bytes().to_vec()),
    ];
    for (hash, plain) in functions {
        for rule in MerkleRule::ALL {
            for count in (1..40).chain([63, 64, 65, 100, 127, 128, 129]) {
                let leaves = leaves(hash, count);
                let rows: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
                let root = reference_root(rule, &leaves, plain);
                for (kind, engine) in engines() {
                    let tree = engine.merkle_tree(hash, rule, &rows[..]).unwrap();
                    assert_eq!(tree.root(), root, "{kind} {hash} {rule:?}, {count} leaves");
                    assert_eq!(engine.merkle_root(hash, rule, &rows[..]).unwrap(), root);
                    assert_eq!((tree.leaves(), tree.hash(), tree.rule()), (count, hash, rule));
                    assert!(!tree.is_ambiguous() && tree.proof(count).is_none());
                    let mut proofs: Vec<MerkleProof> =
                        (0..count).map(|leaf| tree.proof(leaf).unwrap()).collect();
                    let roots = engine.merkle_proof_roots(hash, &proofs, &rows[..]).unwrap();
                    assert!(
                        roots.iter().all(|found| found == root),
                        "{kind} {hash} {rule:?}, {count} leaves"
                    );
                    // A proof of another leaf, or with one bit changed, leads elsewhere.
                    if count > 2 {
                        proofs.rotate_left(1);
                        let last = proofs[0].siblings.last_mut().unwrap();
                        *last ^= 1;
                        let roots = engine.merkle_proof_roots(hash, &proofs, &rows[..]).unwrap();
                        assert!(roots.iter().all(|found| found != root));
                    }
                }
            }
        }
    }
}

#[test]
fn what_makes_no_tree_is_told() {
    let (_, engine) = &engines()[0];
    let root = |rows: &[&[u8]]| engine.merkle_root(Hash::Sha256, MerkleRule::ZeroPadded, rows);
    assert_eq!(root(&[]).unwrap_err().to_string(), "a Merkle tree needs at least one leaf");
    let error = root(&[&[0; 32], &[0; 31]]).unwrap_err().to_string();
    assert_eq!(error, "leaf 1 has 31 bytes; leaves are digests of sha256, 32 bytes");
    let leaf: [&[u8]; 1] = [&[0; 32]];
    let roots = |proofs: &[MerkleProof]| engine.merkle_proof_roots(Hash::Sha256, proofs, &leaf[..]);
    let proof = |index, length| MerkleProof { index, siblings: vec![0; length] };
    assert!(roots(&[]).unwrap_err().to_string().contains("0 proofs for 1 leaves"));
    for bad in [proof(1, 0), proof(2, 32), proof(0, 33), proof(u64::MAX, 63 * 32)] {
        assert!(roots(&[bad]).unwrap_err().to_string().contains("no tree of sha256"));
    }
    assert!(roots(&[proof(1, 32)]).is_ok() && roots(&[proof(u64::MAX, 70 * 32)]).is_ok());
}

/// A list of leaves whose last ones repeat has the root of a shorter list (CVE-2012-2459).
#[test]
fn repeated_nodes_are_seen() {
    let leaves = leaves(Hash::Sha256d, 6);
    let mut longer: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
    let (_, engine) = &engines()[0];
    let rule = MerkleRule::DuplicateLast;
    let shorter = engine.merkle_tree(Hash::Sha256d, rule, &longer[..]).unwrap();
    longer.extend_from_slice(&[&leaves[4], &leaves[5]]);
    let repeated = engine.merkle_tree(Hash::Sha256d, rule, &longer[..]).unwrap();
    assert_eq!(shorter.root(), repeated.root());
    assert!(!shorter.is_ambiguous() && repeated.is_ambiguous());
}

/// Reads what the tests need of Bitcoin's serialisation.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn count(&mut self) -> usize {
        let size = match self.take(1)[0] {
            0xfd => 2,
            0xfe => 4,
            0xff => 8,
            small => return small as usize,
        };
        self.take(size).iter().rev().fold(0, |value, &byte| value << 8 | byte as usize)
    }

    /// A transaction without its witnesses: what its id is the hash of.
    fn transaction(&mut self) -> Vec<u8> {
        let version = self.take(4);
        let segwit = self.0[..2] == [0, 1];
        if segwit {
            self.take(2);
        }
        let start = self.0;
        let inputs = self.count();
        for _ in 0..inputs {
            self.take(36);
            let script = self.count();
            self.take(script + 4);
        }
        for _ in 0..self.count() {
            self.take(8);
            let script = self.count();
            self.take(script);
        }
        let body = &start[..start.len() - self.0.len()];
        for _ in 0..if segwit { inputs } else { 0 } {
            for _ in 0..self.count() {
                let item = self.count();
                self.take(item);
            }
        }
        [version, body, self.take(4)].concat()
    }
}

fn check_block(engine: &Engine, block: &[u8]) -> usize {
    let mut reader = Reader(block);
    let header = reader.take(80);
    let transactions: Messages = (0..reader.count()).map(|_| reader.transaction()).collect();
    assert!(reader.0.is_empty(), "{} bytes are left", reader.0.len());
    let ids: Digests = engine.hash(Hash::Sha256d, &transactions).unwrap();
    let tree = engine.merkle_tree(Hash::Sha256d, MerkleRule::DuplicateLast, ids.column()).unwrap();
    assert_eq!(tree.root(), &header[36..68]);
    assert!(!tree.is_ambiguous());
    // The header's own hash meets its target.
    let hash = engine.hash(Hash::Sha256d, Column::fixed(header, 80).unwrap()).unwrap();
    let (exponent, mantissa) = (header[75] as usize, &header[72..75]);
    let mut target = [0; 35];
    target[exponent..][..3].copy_from_slice(mantissa);
    assert!(hash.get(0).unwrap().iter().rev().lt(target[3..].iter().rev()));
    ids.len()
}

#[test]
fn merkle_roots_of_bitcoin_blocks() {
    let Some(folder) = vector_file("chains/bitcoin-blocks") else { return };
    let (mut blocks, mut transactions) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".raw") || name.ends_with("-undo.raw") {
            continue;
        }
        let block = std::fs::read(&path).unwrap();
        for (_, engine) in engines() {
            transactions += check_block(engine, &block);
        }
        blocks += 1;
    }
    println!("{blocks} blocks, {} transactions", transactions / engines().len());
    assert!(blocks >= 12);
}
