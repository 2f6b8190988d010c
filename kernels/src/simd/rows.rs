//! Rows of 8 words that begin at cache lines.
//!
//! A `Vec<[u64; 8]>` is aligned to words, and large ones begin 16 bytes into a page: every row then spans two cache
//! lines, a load of it costs two accesses, and two neighbouring rows touch three lines.

use core::ops::{Deref, DerefMut};

/// Words of a row, and bytes of a cache line.
const WORDS: usize = 8;
const LINE: usize = 64;

/// A vector of rows, each in a cache line of its own.
#[derive(Debug, Default)]
pub struct Rows {
    words: Vec<u64>,
    /// Words before the first row.
    skip: usize,
    rows: usize,
}

impl Rows {
    /// No rows.
    #[inline]
    pub const fn new() -> Self {
        Self { words: Vec::new(), skip: 0, rows: 0 }
    }

    /// Makes it `rows` rows long. New rows hold anything; old ones stay as they are.
    #[inline]
    pub fn resize(&mut self, rows: usize) {
        let needed = (rows + 1) * WORDS;
        if self.words.len() < needed {
            let old = core::mem::take(&mut self.words);
            let (skip, kept) = (self.skip, self.rows * WORDS);
            self.words = vec![0; needed.max(2 * old.len())];
            // If the allocator's memory cannot be aligned, rows are slower, nothing else.
            self.skip = self.words.as_ptr().align_offset(LINE).min(WORDS);
            self.words[self.skip..self.skip + kept].copy_from_slice(&old[skip..skip + kept]);
        }
        self.rows = rows;
    }

    /// Bytes held.
    #[inline]
    pub fn capacity_bytes(&self) -> usize {
        self.words.capacity() * 8
    }
}

impl Deref for Rows {
    type Target = [[u64; WORDS]];

    #[inline]
    fn deref(&self) -> &[[u64; WORDS]] {
        &self.words[self.skip..].as_chunks().0[..self.rows]
    }
}

impl DerefMut for Rows {
    #[inline]
    fn deref_mut(&mut self) -> &mut [[u64; WORDS]] {
        &mut self.words[self.skip..].as_chunks_mut().0[..self.rows]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_aligned_and_survive_growth() {
        let mut rows = Rows::new();
        assert!(rows.is_empty());
        for length in [1, 2, 7, 100, 3, 10_000] {
            let before = rows.to_vec();
            rows.resize(length);
            assert_eq!(rows.len(), length);
            assert_eq!(rows.as_ptr() as usize % LINE, 0);
            let kept = before.len().min(length);
            assert_eq!(rows[..kept], before[..kept]);
            for (i, row) in rows.iter_mut().enumerate() {
                *row = [i as u64; 8];
            }
        }
    }
}
