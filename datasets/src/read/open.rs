//! From a path or a stream to the bytes of a format: what the name says, what the first bytes say, and decompression.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::source::{Input, Reader};
use super::zstd::Frames;
use crate::error::{ReadError, RowError};
use crate::formats::{Compression, FileKind, Format};
use crate::layout::Layout;

/// The buffer of a file of text.
const BUFFER: usize = 256 << 10;
/// The most bytes of a file that is not text from a pipe, which are kept in a temporary file.
const SPOOL_BYTES: u64 = 4 << 30;

/// Text, decompressed.
pub(crate) struct TextStream {
    /// What messages call it.
    pub(super) name: String,
    pub(super) input: Box<dyn BufRead + Send>,
    pub(super) progress: Progress,
}

/// How much of a file has been taken in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Progress {
    /// From 0 to 1, where the size is known.
    pub(super) fn fraction(&self) -> Option<f64> {
        let total = self.total.filter(|&total| total > 0)?;
        Some((self.read.load(Ordering::Relaxed) as f64 / total as f64).min(1.0))
    }
}

/// Opens a file. A missing one or a directory is told as such, whatever its name.
pub(super) fn open(path: &Path, layout: &Layout) -> Result<Input, ReadError> {
    open_with(path, || FileKind::of(path).or(layout.format))
}

/// As [`open`], whatever the name of the file says.
pub(super) fn open_as(path: &Path, kind: FileKind) -> Result<Input, ReadError> {
    open_with(path, || Some(kind))
}

fn open_with(path: &Path, kind: impl FnOnce() -> Option<FileKind>) -> Result<Input, ReadError> {
    let name = path.display().to_string();
    let io = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => ReadError::NotFound { file: name.clone() },
        ErrorKind::IsADirectory => ReadError::Directory { file: name.clone() },
        _ => ReadError::Io { file: name.clone(), source },
    };
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.is_dir() {
        return Err(ReadError::Directory { file: name });
    }
    let Some(kind) = kind() else {
        return Err(ReadError::UnknownFormat { file: name });
    };
    if let Reader::File(reader) = kind.format.reader
        && kind.readable()
        && metadata.is_file()
    {
        return Ok(Input::File { name, file, reader });
    }
    read_as(name, kind, file, metadata.is_file().then_some(metadata.len()))
}

/// Opens a stream, which is JSONL unless the layout says another format.
pub(super) fn stream(
    name: String,
    input: impl Read + Send + 'static,
    layout: &Layout,
) -> Result<Input, ReadError> {
    let kind = layout.format.unwrap_or(FileKind { format: Format::JSONL, compression: None });
    read_as(name, kind, input, None)
}

fn read_as(
    name: String,
    kind: FileKind,
    input: impl Read + Send + 'static,
    total: Option<u64>,
) -> Result<Input, ReadError> {
    let title = kind.format.title;
    if !kind.readable() {
        let problem = format!(
            "{title} compresses within the file and cannot be read through another compression; decompress it"
        );
        return Err(ReadError::Content { file: name, problem });
    }
    let reader = match kind.format.reader {
        Reader::Text(reader) => reader,
        Reader::File(reader) => {
            let file = spool(input, SPOOL_BYTES, title)
                .map_err(|problem| ReadError::Content { file: name.clone(), problem })?;
            return Ok(Input::File { name, file, reader });
        }
    };
    let progress = Progress { read: Arc::default(), total };
    let source = Source { input, read: Arc::clone(&progress.read), failed: Arc::default() };
    match unpack(source, kind.compression) {
        Ok(input) => Ok(Input::Text(TextStream { name, input, progress }, reader)),
        Err(Refused::Io(source)) => Err(ReadError::Io { file: name, source }),
        Err(Refused::Content(problem)) => Err(ReadError::Content { file: name, problem }),
        Err(Refused::Utf16) => Err(ReadError::Row { file: name, row: 0, source: RowError::Utf16 }),
    }
}

enum Refused {
    Io(io::Error),
    Content(String),
    Utf16,
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The bytes of a file that are looked at before it is read.
pub(crate) const HEAD: usize = 4;

/// What the first bytes of a file that is neither text nor of a known format say that it is, and what would help.
const OTHERS: [(&[u8], &str); 4] = [
    (b"BZh", "it is compressed with bzip2; decompress it, or compress it with gzip or zstd"),
    (b"\xfd7zX", "it is compressed with xz; decompress it, or compress it with gzip or zstd"),
    (b"\x04\"M\x18", "it is compressed with LZ4; decompress it, or compress it with gzip or zstd"),
    (b"PK\x03\x04", "it is a zip archive; name the files in it"),
];

/// What a file that begins so is, where it is not text.
fn other(head: &[u8]) -> Option<String> {
    let known = |format: &&Format| format.magic.is_some_and(|magic| head.starts_with(magic));
    if let Some(format) = Format::ALL.iter().copied().find(known) {
        let (title, name) = (format.title, format.name());
        return Some(format!(
            "it begins as a {title} file does; name it .{name}, or add --input-format {name}"
        ));
    }
    let (_, problem) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic))?;
    Some((*problem).to_owned())
}

fn compression(head: &[u8]) -> Option<Compression> {
    match head {
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        // A frame of data, or one that is to be skipped.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Some(Compression::Zstd),
        _ => None,
    }
}

/// The text in `input`, which is decompressed where its first bytes say so, whatever its name: no text begins with them.
fn unpack<R: Read + Send + 'static>(
    mut source: Source<R>,
    named: Option<Compression>,
) -> Result<Box<dyn BufRead + Send>, Refused> {
    let head = read_head(&mut source)?;
    if let Some(problem) = other(&head) {
        return Err(Refused::Content(problem));
    }
    let compression = match (compression(&head), named) {
        (Some(found), _) => found,
        (None, None) => return text(source, head),
        (None, Some(named)) => {
            let found =
                if head.is_empty() { "it is empty (0 bytes)" } else { "it does not begin as such data does" };
            return Err(Refused::Content(format!(
                "not {}: {found}; check how it was made, and name it without the ending if it is decompressed already",
                named.name()
            )));
        }
    };
    let failed = Arc::clone(&source.failed);
    let input = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(source));
    let unpacking = |decoder: Box<dyn Read + Send>| Unpacking { decoder, what: compression.name(), failed };
    let mut input = match compression {
        Compression::Gzip => unpacking(Box::new(MultiGzDecoder::new(input))),
        Compression::Zstd => unpacking(Box::new(Frames::new(input))),
    };
    let head = read_head(&mut input)?;
    text(input, head)
}

/// UTF-8 behind the byte order mark with which some programs begin a file.
fn text(input: impl Read + Send + 'static, mut head: Vec<u8>) -> Result<Box<dyn BufRead + Send>, Refused> {
    match head[..] {
        [0xef, 0xbb, 0xbf, ..] => drop(head.drain(..3)),
        // No UTF-8 begins so.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff] => return Err(Refused::Utf16),
        _ => {}
    }
    Ok(Box::new(BufReader::with_capacity(BUFFER, Cursor::new(head).chain(input))))
}

/// The first bytes, or all where there are fewer.
fn read_head(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    input.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// An input that counts what is taken from it, and remembers that it failed.
struct Source<R> {
    input: R,
    read: Arc<AtomicU64>,
    failed: Arc<AtomicBool>,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.input.read(into) {
            Ok(bytes) => {
                self.read.fetch_add(bytes as u64, Ordering::Relaxed);
                Ok(bytes)
            }
            Err(error) => {
                self.failed.store(error.kind() != ErrorKind::Interrupted, Ordering::Relaxed);
                Err(error)
            }
        }
    }
}

/// A decoder whose errors say what would help. Those of the input itself stay as they are.
struct Unpacking {
    decoder: Box<dyn Read + Send>,
    what: &'static str,
    failed: Arc<AtomicBool>,
}

impl Read for Unpacking {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(into).map_err(|error| {
            if error.kind() == ErrorKind::Interrupted || self.failed.load(Ordering::Relaxed) {
                return error;
            }
            let what = self.what;
            let problem = match error.kind() {
                ErrorKind::UnexpectedEof => format!("truncated {what} data; copy or write it again"),
                _ => {
                    format!("damaged {what} data, or none that is read here: {error}; copy or write it again")
                }
            };
            io::Error::new(ErrorKind::InvalidData, problem)
        })
    }
}

/// Copies a file of the format `title` that comes through a pipe into a temporary file without a name: what is read first
/// may come last in it, as the footer of Parquet does.
fn spool(input: impl Read, most: u64, title: &str) -> Result<File, String> {
    let keeping = |error: io::Error| {
        format!(
            "cannot keep {title} from a pipe in a temporary file: {error}; write it to a file and name that"
        )
    };
    let mut file = tempfile::tempfile().map_err(keeping)?;
    let mut input = BufReader::with_capacity(BUFFER, input.take(most + 1));
    let mut length = 0;
    loop {
        let piece = match input.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(format!("cannot read: {error}")),
        };
        if piece.is_empty() {
            break;
        }
        file.write_all(piece).map_err(keeping)?;
        let taken = piece.len();
        length += taken as u64;
        input.consume(taken);
    }
    if length > most {
        return Err(format!(
            "more than {most} bytes of {title} from a pipe, which are kept in a temporary file; write them to a file and \
             name that"
        ));
    }
    file.rewind().map_err(keeping)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spooled_is_bounded() {
        let mut copy = Vec::new();
        spool(&b"PAR1"[..], 4, "Parquet").unwrap().read_to_end(&mut copy).unwrap();
        assert_eq!(copy, b"PAR1");
        assert!(
            spool(io::repeat(7), 1 << 20, "Parquet")
                .unwrap_err()
                .starts_with("more than 1048576 bytes of Parquet")
        );
    }

    #[test]
    fn an_input_that_fails_is_not_damaged_data() {
        struct Failing(u8);
        impl Read for Failing {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match (self.0, into) {
                    (1, [first, second, third, fourth, ..]) => {
                        (*first, *second, *third, *fourth) = (0x1f, 0x8b, 8, 0);
                        Ok(4)
                    }
                    _ => Err(io::Error::other("the disk is gone")),
                }
            }
        }
        let source = Source { input: Failing(0), read: Arc::default(), failed: Arc::default() };
        match unpack(source, None) {
            Err(Refused::Io(error)) => assert_eq!(error.to_string(), "the disk is gone"),
            _ => panic!("the input failed"),
        }
    }
}
