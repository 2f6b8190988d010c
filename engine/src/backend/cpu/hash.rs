//! Hashing on the vectors of one instruction set.

use crate::backend::Workers;
use crate::batch::Column;
use crate::hash::Hash;
use sigwarp_kernels::hash::{Extension, Messages, digest_all};
use sigwarp_kernels::simd::Token;

/// The most messages of a piece: the queue of a piece and its messages, unless they are long, stay in the cache.
const MOST: usize = 2048;

/// Consecutive rows of a column.
struct Rows<'a> {
    column: &'a Column<'a>,
    first: usize,
    count: usize,
}

impl Messages for Rows<'_> {
    #[inline]
    fn count(&self) -> usize {
        self.count
    }
    #[inline]
    fn message(&self, index: usize) -> &[u8] {
        self.column.get(self.first + index)
    }
    #[inline]
    fn rows<'m>(&'m self, first: usize, rows: &mut [&'m [u8]]) {
        self.column.rows(self.first + first, rows);
    }
    #[inline]
    fn even_length(&self) -> Option<usize> {
        self.column.even_length(self.first..self.first + self.count)
    }
}

/// The digest of each message, in pieces over the threads.
pub(super) fn hash<T: Token>(
    token: T,
    workers: &Workers,
    hash: Hash,
    messages: &Column<'_>,
    digests: &mut [u8],
) {
    let extension = Extension::of::<T>();
    let piece = piece_length(messages, workers.count());
    let bytes = piece * hash.digest_length();
    let pieces: Vec<(usize, &mut [u8])> =
        digests.chunks_mut(bytes).enumerate().map(|(index, digests)| (index * piece, digests)).collect();
    workers.for_each_owned(pieces, |(first, digests)| {
        let count = digests.len() / hash.digest_length();
        let rows = Rows { column: messages, first, count };
        match hash.algorithm() {
            Some(algorithm) => {
                digest_all(token, extension, algorithm, &rows, digests, &mut Vec::new());
            }
            None => {
                for (index, digest) in digests.chunks_mut(hash.digest_length()).enumerate() {
                    digest.copy_from_slice(blake3::hash(rows.message(index)).as_bytes());
                }
            }
        }
    });
}

/// How many messages make a piece.
fn piece_length(messages: &Column<'_>, threads: usize) -> usize {
    let count = messages.len();
    if threads == 1 || count < 2 {
        return MOST;
    }
    // A piece is worth a thread from some 16 KiB on; it should fill the lanes several times over, unless its messages
    // are long.
    let looked_at = count.min(256);
    let bytes: usize = (0..looked_at).map(|row| messages.get(row * (count / looked_at)).len() + 64).sum();
    let least = (16_384 * looked_at / bytes).max(16);
    count.div_ceil(4 * threads).clamp(least.min(MOST), MOST)
}
