//! The commitment of an output of taproot to a script (BIP 341).
//!
//! Which of two hashes of the tree comes first is decided by their values, so leaf and branches are computed in place: a
//! call of the engine for each level would wait 128 times. What is left, Q = P + tG, is a batch of the engine.

use super::hashes::Tag;
use super::wire;

/// The version of leaves that are scripts of BIP 342.
pub(super) const TAPSCRIPT: u8 = 0xc0;

/// What leads from a leaf to the key of the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Control<'a> {
    /// The version of the leaf.
    pub(super) version: u8,
    /// The parity of y of the output's key: 0 or 1.
    pub(super) parity: u8,
    /// x of the internal key.
    pub(super) key: &'a [u8; 32],
    /// The siblings from the leaf to the root, 128 at most.
    path: &'a [[u8; 32]],
}

impl<'a> Control<'a> {
    /// `None` for lengths that no control block has.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&first, rest) = bytes.split_first()?;
        let (key, path) = rest.split_first_chunk()?;
        let (path, []) = path.as_chunks() else { return None };
        (path.len() <= 128).then_some(Self { version: first & !1, parity: first & 1, key, path })
    }

    /// The hash t that the output's key commits to a leaf by: that of the internal key and the root.
    pub(super) fn tweak(&self, leaf: &[u8; 32]) -> [u8; 32] {
        let root = self.path.iter().fold(*leaf, |node, sibling| {
            Tag::Branch.hash_all([node.min(*sibling).as_slice(), node.max(*sibling).as_slice()])
        });
        Tag::Tweak.hash_all([self.key.as_slice(), &root])
    }
}

/// The hash of a leaf.
pub(super) fn leaf(version: u8, script: &[u8]) -> [u8; 32] {
    wire::compact_size(script.len(), |length| Tag::Leaf.hash_all([&[version], length, script]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_blocks_have_whole_siblings_and_no_more_than_128() {
        for (length, fits) in
            [(0, false), (32, false), (33, true), (34, false), (65, true), (4129, true), (4161, false)]
        {
            assert_eq!(Control::read(&vec![0xc1; length]).is_some(), fits, "{length}");
        }
        let control = [0xc1; 65];
        let control = Control::read(&control).expect("a control block");
        assert_eq!((control.version, control.parity, control.path.len()), (0xc0, 1, 1));
    }
}
