//! Merkle trees over digests, a level at a time in lanes.

use crate::batch::Column;
use crate::engine::Engine;
use crate::error::{Error, MerkleError};
use crate::hash::{Digests, Hash};

/// What a tree does where a level has no pair for its last node. A node is the hash of its two children, one after the
/// other; a tree of one leaf is that leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MerkleRule {
    /// `bitcoin`: the last node of an odd level is its own sibling. Different lists of leaves can have the same root
    /// ([`MerkleTree::is_ambiguous`]).
    DuplicateLast,
    /// `zero-padded`: leaves of zero bytes follow up to a power of two.
    ZeroPadded,
}

impl MerkleRule {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::DuplicateLast, Self::ZeroPadded];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DuplicateLast => "bitcoin",
            Self::ZeroPadded => "zero-padded",
        }
    }

    /// The rule of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// A Merkle tree with all its levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerkleTree {
    hash: Hash,
    rule: MerkleRule,
    /// The leaves first, the root last; a level that its rule completes is complete here.
    levels: Vec<Vec<u8>>,
    leaves: usize,
    ambiguous: bool,
}

/// The siblings on the path from a leaf to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerkleProof {
    /// The index of the leaf.
    pub index: u64,
    /// The siblings one after another, the leaf's own first.
    pub siblings: Vec<u8>,
}

impl MerkleTree {
    /// The hash function.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The rule.
    pub const fn rule(&self) -> MerkleRule {
        self.rule
    }

    /// The number of leaves, padding excluded.
    pub const fn leaves(&self) -> usize {
        self.leaves
    }

    /// The root.
    pub fn root(&self) -> &[u8] {
        self.levels.last().map_or(&[], Vec::as_slice)
    }

    /// Whether two siblings are equal although they are two nodes of their level. Under [`MerkleRule::DuplicateLast`] a
    /// shorter list of leaves then has the same root (CVE-2012-2459), and a block with such a tree must be refused.
    pub const fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// The path from a leaf to the root, or `None` where there is no such leaf.
    pub fn proof(&self, leaf: usize) -> Option<MerkleProof> {
        if leaf >= self.leaves {
            return None;
        }
        let width = self.hash.digest_length();
        let mut siblings = Vec::with_capacity(self.levels.len() * width);
        let mut node = leaf;
        for level in &self.levels[..self.levels.len() - 1] {
            siblings.extend_from_slice(&level[(node ^ 1) * width..][..width]);
            node /= 2;
        }
        Some(MerkleProof { index: leaf as u64, siblings })
    }
}

impl Engine {
    /// The Merkle tree over `leaves`, which are digests of `hash`. For Bitcoin's trees the hash function is
    /// [`Hash::Sha256d`] and the leaves are transaction ids in the order of their bytes, which is the reverse of how
    /// they are printed.
    ///
    /// ```
    /// use sigwarp::{Engine, Hash, MerkleRule};
    ///
    /// let engine = Engine::builder().build()?;
    /// let messages: [&[u8]; 3] = [b"one", b"two", b"three"];
    /// let leaves = engine.hash(Hash::Sha256, &messages[..])?;
    /// let tree = engine.merkle_tree(Hash::Sha256, MerkleRule::ZeroPadded, leaves.column())?;
    /// let proof = tree.proof(2).unwrap();
    /// let roots = engine.merkle_proof_roots(Hash::Sha256, &[proof], &[leaves.get(2).unwrap()][..])?;
    /// assert_eq!(roots.get(0).unwrap(), tree.root());
    /// # Ok::<(), sigwarp::Error>(())
    /// ```
    pub fn merkle_tree<'a>(
        &self,
        hash: Hash,
        rule: MerkleRule,
        leaves: impl Into<Column<'a>>,
    ) -> Result<MerkleTree, Error> {
        let leaves = leaves.into();
        let mut levels = Vec::new();
        let mut ambiguous = false;
        let root = self.merkle_levels(hash, rule, &leaves, |level, added| {
            let width = hash.digest_length();
            let pairs = level[..level.len() - added].chunks_exact(2 * width);
            ambiguous |= pairs.into_iter().any(|pair| pair[..width] == pair[width..]);
            levels.push(level);
        })?;
        levels.push(root);
        Ok(MerkleTree { hash, rule, levels, leaves: leaves.len(), ambiguous })
    }

    /// The root of [`Self::merkle_tree`] alone, keeping one level at a time in memory.
    pub fn merkle_root<'a>(
        &self,
        hash: Hash,
        rule: MerkleRule,
        leaves: impl Into<Column<'a>>,
    ) -> Result<Vec<u8>, Error> {
        self.merkle_levels(hash, rule, &leaves.into(), |_, _| ())
    }

    /// The root that each proof leads to from its leaf, all proofs a level at a time. A proof holds where this is the
    /// root of the tree.
    pub fn merkle_proof_roots<'a>(
        &self,
        hash: Hash,
        proofs: &[MerkleProof],
        leaves: impl Into<Column<'a>>,
    ) -> Result<Digests, Error> {
        let (leaves, width) = (leaves.into(), hash.digest_length());
        if proofs.len() != leaves.len() {
            return Err(MerkleError::Proofs { proofs: proofs.len(), leaves: leaves.len() }.into());
        }
        for (proof, MerkleProof { index, siblings }) in proofs.iter().enumerate() {
            let depth = (siblings.len() / width) as u32;
            let whole = siblings.len().is_multiple_of(width);
            if !whole || index.checked_shr(depth).unwrap_or(0) != 0 {
                return Err(MerkleError::Path { proof, bytes: siblings.len(), index: *index, hash }.into());
            }
        }
        let mut nodes = gather(hash, &leaves)?;
        let (mut pairs, mut parents, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for level in 0.. {
            pairs.clear();
            open.clear();
            for (proof, MerkleProof { index, siblings }) in proofs.iter().enumerate() {
                if let Some(sibling) = siblings.chunks_exact(width).nth(level) {
                    let node = &nodes[proof * width..][..width];
                    let right = index.checked_shr(level as u32).unwrap_or(0) & 1 == 1;
                    let (first, second) = if right { (sibling, node) } else { (node, sibling) };
                    pairs.extend_from_slice(first);
                    pairs.extend_from_slice(second);
                    open.push(proof);
                }
            }
            if open.is_empty() {
                break;
            }
            parents.resize(open.len() * width, 0);
            self.hash_into(hash, in_pairs(&pairs, width), &mut parents)?;
            for (parent, &proof) in parents.chunks_exact(width).zip(&open) {
                nodes[proof * width..][..width].copy_from_slice(parent);
            }
        }
        Ok(Digests::from_bytes(hash, nodes).expect("a whole number of digests"))
    }

    /// Gives each level but the root to `each`, completed by the rule, with the bytes that were added to it.
    fn merkle_levels(
        &self,
        hash: Hash,
        rule: MerkleRule,
        leaves: &Column<'_>,
        mut each: impl FnMut(Vec<u8>, usize),
    ) -> Result<Vec<u8>, Error> {
        if leaves.is_empty() {
            return Err(MerkleError::NoLeaves.into());
        }
        let width = hash.digest_length();
        let mut level = gather(hash, leaves)?;
        // The root of a whole subtree of zero leaves, as high as the level.
        let mut zero = vec![0; width];
        while level.len() > width {
            let added = level.len() % (2 * width);
            match rule {
                _ if added == 0 => {}
                MerkleRule::DuplicateLast => level.extend_from_within(level.len() - width..),
                MerkleRule::ZeroPadded => level.extend_from_slice(&zero),
            }
            let mut parents = vec![0; level.len() / 2];
            self.hash_into(hash, in_pairs(&level, width), &mut parents)?;
            if rule == MerkleRule::ZeroPadded {
                let pair = [&zero[..], &zero[..]].concat();
                self.hash_into(hash, &[&pair[..]][..], &mut zero)?;
            }
            each(std::mem::replace(&mut level, parents), added);
        }
        Ok(level)
    }
}

/// A completed level as a column of pairs.
fn in_pairs(level: &[u8], width: usize) -> Column<'_> {
    Column::fixed(level, 2 * width).expect("whole pairs of a width above 0")
}

/// The leaves, one after another.
fn gather(hash: Hash, leaves: &Column<'_>) -> Result<Vec<u8>, MerkleError> {
    let width = hash.digest_length();
    let mut level = Vec::with_capacity((leaves.len() + 1) * width);
    for leaf in 0..leaves.len() {
        let bytes = leaves.get(leaf);
        if bytes.len() != width {
            return Err(MerkleError::LeafLength { leaf, length: bytes.len(), hash });
        }
        level.extend_from_slice(bytes);
    }
    Ok(level)
}
