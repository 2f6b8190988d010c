//! Digests of whole files: small ones are hashed together, large ones as streams.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use sigwarp::{Engine, Hash, Messages};

use super::stream::Stream;
use crate::exit::Failure;
use crate::interrupt::Interrupt;

/// Small files are hashed together, up to so many bytes and files. A larger one is hashed as a stream.
const TOGETHER_BYTES: usize = 64 << 20;
const TOGETHER_FILES: usize = 4096;
/// The buffer of a stream.
const PIECE: usize = 1 << 20;

/// Takes the digest of a file, with what the file was added under. Digests come in the order of the files.
pub(super) type Sink<'s, T> = dyn FnMut(T, &[u8]) -> Result<(), Failure> + 's;

/// What became of a file.
pub(super) enum Added<T> {
    /// It is hashed, or will be with others.
    Yes,
    /// The user asked to stop while it was read.
    Stopped,
    /// It could not be read, to its end or at all. Files before it may still wait: see [`Files::flush`].
    Unreadable(T, io::Error),
}

/// Files that are hashed together, each under a `T`.
pub(super) struct Files<'e, T> {
    engine: &'e Engine,
    hash: Hash,
    messages: Messages,
    under: Vec<T>,
    waiting: usize,
    /// The file being read; the memory serves the next one again.
    contents: Vec<u8>,
    /// Files and bytes that were hashed, and the time inside the engine.
    pub(super) items: u64,
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

impl<'e, T> Files<'e, T> {
    pub(super) fn new(engine: &'e Engine, hash: Hash) -> Self {
        Self {
            engine,
            hash,
            messages: Messages::new(),
            under: Vec::new(),
            waiting: 0,
            contents: Vec::new(),
            items: 0,
            bytes: 0,
            time: Duration::ZERO,
        }
    }

    /// Adds a file to those that are hashed together or, if it is large, hashes it after them.
    pub(super) fn add(
        &mut self,
        under: T,
        hash: Hash,
        mut input: impl Read,
        interrupt: &Interrupt,
        sink: &mut Sink<'_, T>,
    ) -> Result<Added<T>, Failure> {
        if hash != self.hash {
            self.flush(sink)?;
            self.hash = hash;
        }
        let failed = |under, error| match interrupt.requested() {
            true => Added::Stopped,
            false => Added::Unreadable(under, error),
        };
        self.contents.clear();
        // One byte more than fits tells a larger file. Nothing is reserved for a length that a file only claims.
        if let Err(error) = (&mut input).take(TOGETHER_BYTES as u64 + 1).read_to_end(&mut self.contents) {
            return Ok(failed(under, error));
        }
        if self.contents.len() <= TOGETHER_BYTES {
            self.messages.push(&self.contents);
            self.under.push(under);
            self.waiting += self.contents.len();
            if self.waiting >= TOGETHER_BYTES || self.under.len() == TOGETHER_FILES {
                self.flush(sink)?;
            }
            return Ok(Added::Yes);
        }
        self.flush(sink)?;
        let mut stream = Stream::new(hash).ok_or_else(|| {
            Failure::engine(format!("files over {TOGETHER_BYTES} bytes cannot be hashed with {hash}"))
        })?;
        let (mut piece, mut length) = (std::mem::take(&mut self.contents), 0);
        loop {
            let start = Instant::now();
            stream.update(&piece);
            self.time += start.elapsed();
            length += piece.len() as u64;
            piece.resize(PIECE, 0);
            piece.shrink_to(PIECE);
            if interrupt.requested() {
                return Ok(Added::Stopped);
            }
            match input.read(&mut piece) {
                Ok(0) => break,
                Ok(bytes) => piece.truncate(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => piece.clear(),
                Err(error) => return Ok(failed(under, error)),
            }
        }
        self.items += 1;
        self.bytes += length;
        sink(under, &stream.finish())?;
        Ok(Added::Yes)
    }

    /// Whether no file waits to be hashed with others.
    pub(super) const fn is_empty(&self) -> bool {
        self.under.is_empty()
    }

    /// Hashes the files that wait.
    pub(super) fn flush(&mut self, sink: &mut Sink<'_, T>) -> Result<(), Failure> {
        if self.under.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let digests = self.engine.hash(self.hash, self.messages.column()).map_err(Failure::engine)?;
        self.time += start.elapsed();
        self.items += digests.len() as u64;
        self.bytes += self.waiting as u64;
        self.messages.clear();
        self.waiting = 0;
        for (digest, under) in digests.iter().zip(self.under.drain(..)) {
            sink(under, digest)?;
        }
        Ok(())
    }
}
