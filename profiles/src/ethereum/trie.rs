//! The root of the hexary trie (Yellow Paper, appendix D) that maps the index of each transaction to its encoding.
//!
//! Nodes are described, not hashed: a node of 32 bytes and more stands in its parent as a digest that the driver makes.

use sigwarp::Hash;

use crate::rlp;
use crate::work::{HashId, Piece, Work};

/// A value under the encoding of its index.
struct Leaf<'a> {
    key: Key,
    value: &'a [u8],
}

/// The RLP of an index, read by half bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    bytes: [u8; 9],
    length: usize,
}

impl Key {
    fn new(index: usize) -> Self {
        let (bytes, length) = rlp::integer(index as u64);
        Self { bytes, length }
    }

    const fn nibbles(&self) -> usize {
        2 * self.length
    }

    fn nibble(&self, place: usize) -> usize {
        let byte = self.bytes[place / 2];
        usize::from(if place.is_multiple_of(2) { byte >> 4 } else { byte & 15 })
    }
}

/// A node whose digest is not known: its pieces, and how many bytes they are.
#[derive(Default)]
struct Node<'a> {
    pieces: Vec<Piece<'a>>,
    length: usize,
}

impl<'a> Node<'a> {
    fn push(&mut self, piece: Piece<'a>, length: usize) {
        self.pieces.push(piece);
        self.length += length;
    }

    /// As an item of another node: as it is where it is short, else its digest.
    fn push_child(&mut self, child: Node<'a>, work: &mut Work<'a>) {
        match child.length {
            ..32 => {
                self.pieces.extend(child.pieces);
                self.length += child.length;
            }
            _ => {
                let digest = work.hash(Hash::Keccak256, &child.pieces);
                self.push(work.own(&[0xa0]), 1);
                self.push(digest.into(), 32);
            }
        }
    }

    /// The list of what was pushed.
    fn into_list(self, work: &mut Work<'a>) -> Self {
        let (header, count) = rlp::list_header(self.length);
        let mut list = Self::default();
        list.push(work.own(&header[..count]), count);
        list.pieces.extend(self.pieces);
        list.length += self.length;
        list
    }
}

/// The root of the trie of these values, each under its place.
pub(super) fn root<'a>(values: &[&'a [u8]], work: &mut Work<'a>) -> HashId {
    let leaf = |(index, &value)| Leaf { key: Key::new(index), value };
    let mut leaves: Vec<Leaf<'a>> = values.iter().enumerate().map(leaf).collect();
    // Of one key none begins another: the bytes of an RLP item say where it ends.
    leaves.sort_by_key(|leaf| leaf.key);
    let node = match leaves.is_empty() {
        true => Node { pieces: vec![work.own(&[0x80])], length: 1 },
        false => node(&leaves, 0, work),
    };
    work.hash(Hash::Keccak256, &node.pieces)
}

/// The node of these leaves, of which there is one at least and which agree before `depth`. It recurs no deeper than
/// a key has half bytes.
fn node<'a>(leaves: &[Leaf<'a>], depth: usize, work: &mut Work<'a>) -> Node<'a> {
    let [first, .., last] = leaves else {
        let mut items = Node::default();
        if let [only] = leaves {
            push_path(&mut items, &only.key, depth..only.key.nibbles(), true, work);
            push_value(&mut items, only.value, work);
        }
        return items.into_list(work);
    };
    // They are sorted: what the first and the last share, all share.
    let most = first.key.nibbles().min(last.key.nibbles());
    let shared = (depth..most).take_while(|&place| first.key.nibble(place) == last.key.nibble(place)).count();
    let mut items = Node::default();
    if shared > 0 {
        push_path(&mut items, &first.key, depth..depth + shared, false, work);
        let child = node(leaves, depth + shared, work);
        items.push_child(child, work);
        return items.into_list(work);
    }
    let mut rest = leaves;
    for nibble in 0..16 {
        let count = rest.iter().take_while(|leaf| leaf.key.nibble(depth) == nibble).count();
        let (below, after) = rest.split_at(count);
        rest = after;
        match below.is_empty() {
            true => items.push(work.own(&[0x80]), 1),
            false => {
                let child = node(below, depth + 1, work);
                items.push_child(child, work);
            }
        }
    }
    // No key ends here.
    items.push(work.own(&[0x80]), 1);
    items.into_list(work)
}

/// The hex-prefix encoding of half bytes of a key, as a string.
fn push_path<'a>(
    items: &mut Node<'a>,
    key: &Key,
    nibbles: std::ops::Range<usize>,
    is_leaf: bool,
    work: &mut Work<'a>,
) {
    let flag = if is_leaf { 2 } else { 0 };
    let mut path = Vec::with_capacity(1 + nibbles.len() / 2);
    let mut rest = nibbles.clone();
    path.push(match nibbles.len().is_multiple_of(2) {
        true => flag << 4,
        false => (flag + 1) << 4 | rest.next().map_or(0, |place| key.nibble(place) as u8),
    });
    while let (Some(high), Some(low)) = (rest.next(), rest.next()) {
        path.push((key.nibble(high) << 4 | key.nibble(low)) as u8);
    }
    let path = work.own(&path);
    push_string(items, path, 1 + nibbles.len() / 2, is_leaf.then_some(0x20), work);
}

fn push_value<'a>(items: &mut Node<'a>, value: &'a [u8], work: &mut Work<'a>) {
    push_string(items, value.into(), value.len(), value.first().copied(), work);
}

/// A string of a length, whose first byte matters where it is the only one.
fn push_string<'a>(
    items: &mut Node<'a>,
    string: Piece<'a>,
    length: usize,
    first: Option<u8>,
    work: &mut Work<'a>,
) {
    let is_bare = length == 1 && first.is_none_or(|first| first < 0x80);
    if !is_bare {
        let (mut header, count) = rlp::list_header(length);
        // The header of a string of this length.
        header[0] -= 0x40;
        items.push(work.own(&header[..count]), count);
    }
    items.push(string, length);
}
