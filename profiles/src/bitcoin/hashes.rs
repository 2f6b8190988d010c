//! Hashes whose digests decide how a script goes on, so that they cannot wait for the engine: they are computed in place.

use std::sync::LazyLock;

use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

pub(super) fn ripemd160(bytes: &[u8]) -> [u8; 20] {
    Ripemd160::digest(bytes).into()
}

pub(super) fn sha1(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of slices one after another.
pub(super) fn sha256_all<'b>(slices: impl IntoIterator<Item = &'b [u8]>) -> [u8; 32] {
    let mut state = Sha256::new();
    slices.into_iter().for_each(|bytes| state.update(bytes));
    state.finalize().into()
}

/// RIPEMD-160 of SHA-256.
pub(super) fn hash160(bytes: &[u8]) -> [u8; 20] {
    ripemd160(&sha256(bytes))
}

/// A tag of BIP 340's tagged hashes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tag {
    Leaf,
    Branch,
    Tweak,
    Sighash,
}

/// The state of SHA-256 behind each tag, which is one block, and that block.
static TAGS: LazyLock<[(Sha256, [u8; 64]); 4]> = LazyLock::new(|| {
    ["TapLeaf", "TapBranch", "TapTweak", "TapSighash"].map(|tag| {
        let (mut block, tag) = ([0; 64], sha256(tag.as_bytes()));
        block[..32].copy_from_slice(&tag);
        block[32..].copy_from_slice(&tag);
        (Sha256::new().chain_update(block), block)
    })
});

impl Tag {
    /// What every message under the tag begins with.
    pub(super) fn block(self) -> &'static [u8; 64] {
        &TAGS[self as usize].1
    }

    /// The tagged hash of slices one after another.
    pub(super) fn hash_all<'b>(self, slices: impl IntoIterator<Item = &'b [u8]>) -> [u8; 32] {
        let mut state = TAGS[self as usize].0.clone();
        slices.into_iter().for_each(|bytes| state.update(bytes));
        state.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RIPEMD-160, SHA-1 and SHA-256 of `abc`: their specifications.
    #[test]
    fn hashes_are_those_of_their_specifications() {
        assert_eq!(ripemd160(b"abc")[..4], [0x8e, 0xb2, 0x08, 0xf7]);
        assert_eq!(sha1(b"abc")[..4], [0xa9, 0x99, 0x3e, 0x36]);
        assert_eq!(sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
        let parts = [&b"a"[..], b"bc"];
        assert_eq!(sha256_all(parts), sha256(b"abc"));
        let message = [Tag::Branch.block(), &b"abc"[..]].concat();
        assert_eq!(Tag::Branch.hash_all(parts), sha256(&message));
    }
}
