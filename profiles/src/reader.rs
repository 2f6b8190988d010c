//! A reader of borrowed bytes that knows where it is. Systems build their formats on it.

/// Reads bytes from front to back. What it gives is a part of the bytes, so no length that was read can make it take
/// memory; where bytes are missing it gives `None` and stays where it is.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The offset of the next byte.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Whether none are left.
    pub const fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next byte, which stays the next.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..length)?;
        self.at += length;
        Some(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.rest().first_chunk().copied().inspect(|_| self.at += N)
    }

    /// The bytes from an offset, that the reader has passed, to where it is.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_missing_are_not_read() {
        let mut reader = Reader::new(&[1, 2, 3, 4, 5]);
        assert_eq!((reader.byte(), reader.peek(), reader.array()), (Some(1), Some(2), Some([2, 3])));
        assert_eq!((reader.take(3), reader.take(usize::MAX), reader.array::<3>()), (None, None, None));
        assert_eq!((reader.at(), reader.rest(), reader.since(1)), (3, &[4, 5][..], &[2, 3][..]));
        assert_eq!((reader.take(2), reader.byte(), reader.peek()), (Some(&[4, 5][..]), None, None));
        assert!(reader.is_empty());
        assert_eq!(reader.since(6), [0; 0]);
    }
}
