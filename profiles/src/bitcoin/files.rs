//! What the files in which Bitcoin Core keeps its blocks need beside the blocks: hashes of headers, heights by the chain
//! of headers, checksums of undo data, and the obfuscation.
//!
//! ```text
//! blkNNNNN.dat   magic 4 ‖ length 4 ‖ block, in the order in which blocks came; zeros behind the last
//! revNNNNN.dat   magic 4 ‖ length 4 ‖ undo data ‖ SHA-256d(hash of the block before ‖ undo data), in the order in which
//!                the blocks of blkNNNNN.dat were connected
//! xor.dat        8 bytes: byte i of both files is XORed with byte i mod 8 of it
//! ```
//!
//! Nothing here reads files.

use std::collections::HashMap;

use super::hashes::{sha256, sha256_all};

/// The bytes of a header.
pub const HEADER_BYTES: usize = super::block::HEADER;

/// The most bytes of a block (`MAX_BLOCK_SERIALIZED_SIZE` of consensus.h).
pub const MAX_BLOCK_BYTES: usize = 4_000_000;

/// The hash of a header, in the order of bytes on the wire.
pub fn block_hash(header: &[u8; HEADER_BYTES]) -> [u8; 32] {
    sha256(&sha256(header))
}

/// The checksum behind undo data in a file, by the hash of the block before theirs.
pub fn undo_checksum(previous: &[u8; 32], undo: &[u8]) -> [u8; 32] {
    sha256(&sha256_all([&previous[..], undo]))
}

/// Undoes, or makes, the obfuscation of bytes that stand at this offset of a file.
pub fn obfuscate(key: &[u8; 8], offset: u64, bytes: &mut [u8]) {
    let start = (offset % 8) as usize;
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte ^= key[(start + place) % 8];
    }
}

/// Where a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the branch with the most work, at this height.
    Active(u32),
    /// On another branch, at this height.
    Stale(u32),
    /// Nothing leads from it to the anchor.
    Unknown,
}

/// Headers in any order, which become a tree by the hash that each has of the one before it.
///
/// A header takes 68 bytes until [`Self::places`], and about 150 in it.
#[derive(Debug, Default)]
pub struct Headers {
    all: Vec<Header>,
}

#[derive(Debug)]
struct Header {
    hash: [u8; 32],
    previous: [u8; 32],
    bits: u32,
}

impl Headers {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header. Whether its hash meets its target is not looked at.
    pub fn push(&mut self, header: &[u8; HEADER_BYTES]) {
        let mut previous = [0; 32];
        previous.copy_from_slice(&header[4..36]);
        let bits = u32::from_le_bytes([header[72], header[73], header[74], header[75]]);
        self.all.push(Header { hash: block_hash(header), previous, bits });
    }

    /// The number of headers.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The hash of a header, in the order of bytes on the wire, and that of the block before it.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn hashes(&self, index: usize) -> [&[u8; 32]; 2] {
        let Header { hash, previous, .. } = &self.all[index];
        [hash, previous]
    }

    /// Where each header stands, in the order in which they were added. The anchor is a block of them, or the one before
    /// the first of them, whose height is known; its hash is in the order of bytes on the wire. `None` where no header
    /// has that hash, its own or as that of the block before.
    ///
    /// Of two branches of the same work that which was complete first, in the order of the headers, is the active one.
    pub fn places(&self, anchor: &[u8; 32], height: u32) -> Option<Vec<Place>> {
        let mut by_hash = HashMap::with_capacity(self.all.len());
        for (index, header) in self.all.iter().enumerate() {
            by_hash.entry(&header.hash).or_insert(index);
        }
        let mut by_previous: Vec<usize> = (0..self.all.len()).collect();
        by_previous.sort_by_key(|&index| &self.all[index].previous);
        let all = &self.all;
        let children = |hash: [u8; 32]| {
            let start = by_previous.partition_point(|&index| all[index].previous < hash);
            by_previous[start..].iter().copied().take_while(move |&index| all[index].previous == hash)
        };

        let mut heights: Vec<Option<(u32, u128)>> = vec![None; self.all.len()];
        // Those whose children are to be looked at.
        let mut open = Vec::new();
        match by_hash.get(anchor) {
            Some(&index) => {
                let (mut root, mut height) = (index, height);
                while let (Some(&before), Some(lower)) =
                    (by_hash.get(&self.all[root].previous), height.checked_sub(1))
                {
                    (root, height) = (before, lower);
                }
                open.push((root, height, 0));
            }
            None => {
                open.extend(children(*anchor).filter_map(|index| Some((index, height.checked_add(1)?, 0))))
            }
        }
        if open.is_empty() {
            return None;
        }
        let mut best: Option<(u128, usize)> = None;
        while let Some((index, height, before)) = open.pop() {
            // The same block can be there twice; the first counts.
            if heights[index].is_some() || by_hash[&self.all[index].hash] != index {
                continue;
            }
            let work = work(self.all[index].bits).saturating_add(before);
            heights[index] = Some((height, work));
            let is_better = |(most, of): (u128, usize)| work > most || work == most && index < of;
            if best.is_none_or(is_better) {
                best = Some((work, index));
            }
            if let Some(height) = height.checked_add(1) {
                open.extend(children(self.all[index].hash).map(|index| (index, height, work)));
            }
        }

        let mut places: Vec<Place> = heights
            .iter()
            .map(|found| found.map_or(Place::Unknown, |(height, _)| Place::Stale(height)))
            .collect();
        let mut next = best.map(|(_, index)| index);
        while let Some(index) = next {
            let Place::Stale(height) = places[index] else { break };
            places[index] = Place::Active(height);
            next = by_hash.get(&self.all[index].previous).copied();
        }
        // A second copy stands where the first does.
        for index in 0..places.len() {
            let first = by_hash[&self.all[index].hash];
            places[index] = places[first];
        }
        Some(places)
    }
}

/// The work that a target stands for: 2^256 / target, and the most there is where it is more than 128 bits, which is
/// 2^32 times that of a block of 2026.
fn work(bits: u32) -> u128 {
    let (size, mantissa) = (bits >> 24, u128::from(bits & 0x7f_ffff));
    // The target is mantissa · 2^(8·(size − 3)).
    let shift = 256i64 - 8 * (i64::from(size) - 3);
    match mantissa {
        0 => 0,
        _ => match shift {
            ..0 => 0,
            0..128 => (1 << shift) / mantissa,
            _ => u128::MAX,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of the first block, whose hash is on the first page of every explorer.
    #[test]
    fn the_first_block_has_its_hash() {
        let mut header = [0; HEADER_BYTES];
        header[0] = 1;
        let root = "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a";
        for place in 0..32 {
            header[36 + place] = u8::from_str_radix(&root[2 * place..2 * place + 2], 16).expect("digits");
        }
        header[68..].copy_from_slice(&[0x29, 0xab, 0x5f, 0x49, 0xff, 0xff, 0, 0x1d, 0x1d, 0xac, 0x2b, 0x7c]);
        let hash: String = block_hash(&header).iter().rev().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
        assert_eq!(work(0x1d00_ffff), 0x1_0001_0001);
        assert_eq!([work(0), work(0x2100_ffff), work(0x0300_0001)], [0, 1, u128::MAX]);
    }

    /// A header with the hash of the one before it.
    fn header(previous: [u8; 32], nonce: u8, bits: u32) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[4..36].copy_from_slice(&previous);
        header[72..76].copy_from_slice(&bits.to_le_bytes());
        header[76] = nonce;
        header
    }

    #[test]
    fn heights_follow_from_an_anchor_wherever_it_stands() {
        // 0 ─ 1 ─ 2 ─ 3, a branch of more work 1 ─ 4, and 5 of which nothing is known.
        let bits = 0x207f_ffff;
        let first = header([7; 32], 0, bits);
        let second = header(block_hash(&first), 1, bits);
        let third = header(block_hash(&second), 2, bits);
        let fourth = header(block_hash(&third), 3, bits);
        let heavy = header(block_hash(&second), 4, 0x1f7f_ffff);
        let lost = header([9; 32], 5, bits);
        use Place::{Active, Stale, Unknown};
        let expected = [Active(10), Active(11), Stale(12), Stale(13), Active(12), Unknown];
        let all = [first, second, third, fourth, heavy, lost];
        for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 5, 0, 4, 1, 2]] {
            let mut headers = Headers::new();
            order.iter().for_each(|&of| headers.push(&all[of]));
            let expected: Vec<Place> = order.iter().map(|&of| expected[of]).collect();
            for (anchor, height) in
                [([7; 32], 9), (block_hash(&first), 10), (block_hash(&fourth), 13), (block_hash(&heavy), 12)]
            {
                assert_eq!(headers.places(&anchor, height), Some(expected.clone()), "{order:?} {height}");
            }
            assert_eq!(headers.places(&[8; 32], 1), None);
        }
    }

    /// Of branches of the same work the one that was complete first; and a block that is there twice.
    #[test]
    fn the_first_of_two_equal_branches_is_active() {
        let bits = 0x207f_ffff;
        let first = header([7; 32], 0, bits);
        let [one, other] = [1, 2].map(|nonce| header(block_hash(&first), nonce, bits));
        let mut headers = Headers::new();
        [other, first, one, other].iter().for_each(|header| headers.push(header));
        use Place::{Active, Stale};
        let expected = vec![Active(6), Active(5), Stale(6), Active(6)];
        assert_eq!(headers.places(&block_hash(&first), 5), Some(expected));
    }

    #[test]
    fn obfuscation_goes_by_the_offset_in_the_file() {
        let key = [1, 2, 3, 4, 5, 6, 7, 8];
        let mut whole = [0; 20];
        obfuscate(&key, 0, &mut whole);
        let mut part = [0; 9];
        obfuscate(&key, 11, &mut part);
        assert_eq!((&whole[11..], whole[8], part[0]), (&part[..], 1, 4));
    }
}
