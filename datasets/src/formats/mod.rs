//! The formats of files: what each is called, how it is told apart, who reads it and who writes it.
//!
//! A format is a file in this folder and a line in [`Format::ALL`]. Everything that lists formats reads that list: what
//! names of files mean, `--input-format` and its completions, help, and the errors about files of other formats.

mod csv;
mod json;
mod jsonl;
mod parquet;

pub(crate) use jsonl::Lines;

use std::fmt;
use std::path::Path;

use crate::read::{HEAD, Reader};
use crate::write::Writer;

/// A file format.
///
/// ```
/// use sigwarp_datasets::Format;
///
/// let jsonl = Format::of("rows.ndjson".as_ref()).expect("a known ending");
/// assert_eq!((jsonl.name(), jsonl.is_written()), ("jsonl", true));
/// ```
pub struct Format {
    /// The name of the format in texts.
    pub(crate) title: &'static str,
    /// The endings of the names of its files, in lower case. The first is the name of the format.
    pub(crate) extensions: &'static [&'static str],
    /// The first bytes of every file of it, where it is no text: at most [`HEAD`].
    pub(crate) magic: Option<&'static [u8]>,
    /// How rows are counted before they are read.
    pub(crate) rows_stated: RowsStated,
    /// Who reads it.
    pub(crate) reader: Reader,
    /// Who writes it, if anyone.
    pub(crate) writer: Option<Writer>,
}

/// What a file says of the number of its rows before they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsStated {
    /// Their number: [`crate::RowReader::rows_total`].
    Number,
    /// That there are no more than it has lines.
    Lines,
    /// Nothing.
    Nothing,
}

impl Format {
    /// Every format. The name of a file decides between them; its first bytes only tell that the name is of another.
    pub const ALL: &'static [&'static Self] =
        &[&parquet::FORMAT, &jsonl::FORMAT, &json::FORMAT, &csv::FORMAT];

    /// What a stream is without a name that says otherwise.
    pub const JSONL: &'static Self = &jsonl::FORMAT;

    /// The format of a path, if it is not compressed.
    pub fn of(path: &Path) -> Option<&'static Self> {
        Self::from_extension(path.extension()?.to_str()?)
    }

    fn from_extension(extension: &str) -> Option<&'static Self> {
        let known =
            |format: &&Self| format.extensions.iter().any(|known| extension.eq_ignore_ascii_case(known));
        Self::ALL.iter().copied().find(known)
    }

    /// The name of the format, and the ending of the names of its files.
    pub const fn name(&self) -> &'static str {
        self.extensions[0]
    }

    /// The name of the format in texts.
    pub const fn title(&self) -> &'static str {
        self.title
    }

    /// Whether it is text, of which any may be compressed. Other formats compress within, and are read from both ends.
    pub const fn is_text(&self) -> bool {
        matches!(self.reader, Reader::Text(_))
    }

    /// Whether rows and verdicts are written in it.
    pub const fn is_written(&self) -> bool {
        self.writer.is_some()
    }

    /// What a file says of the number of its rows before they are read.
    pub const fn rows_stated(&self) -> RowsStated {
        self.rows_stated
    }

    /// The endings of files of rows that are written: `.parquet or .jsonl`.
    pub fn written() -> String {
        let written = Self::ALL.iter().filter(|format| format.is_written());
        list(written.map(|format| format!(".{}", format.name())), "or")
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

/// What is told by its first bytes is told by those that are read.
const _: () = {
    let mut place = 0;
    while place < Format::ALL.len() {
        if let Some(magic) = Format::ALL[place].magic {
            assert!(!magic.is_empty() && magic.len() <= HEAD);
        }
        place += 1;
    }
};

/// What a file of text is compressed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `.gz`, of any number of members.
    Gzip,
    /// `.zst`, of any number of frames.
    Zstd,
}

impl Compression {
    /// Every compression.
    const ALL: [Self; 2] = [Self::Gzip, Self::Zstd];

    fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| {
            [compression.extension(), compression.name()]
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        })
    }

    /// The ending of the names of files.
    const fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }

    /// The name of the compression in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// A format, and what the file is compressed with.
///
/// ```
/// use std::path::Path;
/// use sigwarp_datasets::{Compression, FileKind, Format};
///
/// let kind = FileKind::of(Path::new("day.7/rows.CSV.gz")).expect("a known name");
/// assert_eq!((kind.format.name(), kind.compression), ("csv", Some(Compression::Gzip)));
/// assert_eq!(FileKind::from_name("ndjson"), FileKind::of(Path::new("rows.jsonl")));
/// assert_eq!(FileKind::of(Path::new("rows.gz")), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileKind {
    /// The format.
    pub format: &'static Format,
    /// The compression, if any.
    pub compression: Option<Compression>,
}

impl FileKind {
    /// What the name of a file says.
    pub fn of(path: &Path) -> Option<Self> {
        let compression = path.extension().and_then(|last| Compression::from_extension(last.to_str()?));
        let format = match compression {
            Some(_) => Format::of(Path::new(path.file_stem()?)),
            None => Format::of(path),
        };
        Some(Self { format: format?, compression })
    }

    /// The kind of this name, which is the end of a file's name: `csv`, `jsonl.gz`.
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        let kind = Self::of(Path::new(&format!("rows.{name}"))).filter(|_| plain)?;
        // A name of more parts than these would be that of a file.
        let parts = 1 + usize::from(kind.compression.is_some());
        (name.split('.').count() == parts && kind.readable()).then_some(kind)
    }

    /// The names that [`Self::from_name`] knows, without those of compressions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Format::ALL.iter().flat_map(|format| format.extensions).copied()
    }

    /// The names in a sentence: `parquet, jsonl, ndjson, json or csv`.
    pub fn one_of_names() -> String {
        list(Self::names(), "or")
    }

    /// The names that [`Self::from_name`] knows, those of compressions included, in a sentence.
    pub fn all_names() -> String {
        let others = Format::ALL.iter().filter(|format| !format.is_text()).map(|format| format.name());
        let (names, others, endings) =
            (list(Self::names(), "and"), list(others, "and"), Self::compressed_extensions());
        format!("{names}, and all but {others} also with {endings} behind")
    }

    /// The endings of the names of files of rows: `.parquet, .jsonl, .ndjson, .json or .csv`.
    pub fn extensions() -> String {
        list(Self::names().map(|name| format!(".{name}")), "or")
    }

    /// The endings of the names of compressed text: `.gz or .zst`.
    pub fn compressed_extensions() -> String {
        list(Compression::ALL.map(|compression| format!(".{}", compression.extension())), "or")
    }

    /// Whether there are readers of it: what is no text compresses within, and is read from both ends.
    pub(crate) fn readable(self) -> bool {
        self.format.is_text() || self.compression.is_none()
    }
}

/// Names in a sentence.
fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>, last: &str) -> String {
    let mut names: Vec<T> = names.into_iter().collect();
    let Some(end) = names.pop() else { return String::new() };
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.join(", ") {
        none if none.is_empty() => end.as_ref().to_owned(),
        others => format!("{others} {last} {}", end.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format() {
        let of =
            |name: &str| FileKind::of(Path::new(name)).map(|kind| (kind.format.name(), kind.compression));
        assert_eq!(of("a.parquet"), Some(("parquet", None)));
        assert_eq!(of("a.jsonl"), Some(("jsonl", None)));
        assert_eq!(of("a.NDJSON.ZST"), Some(("jsonl", Some(Compression::Zstd))));
        assert_eq!(of("x/a.b.json.gz"), Some(("json", Some(Compression::Gzip))));
        for none in
            ["a", ".csv", "a.gz", "a.csv.bz2", "a.csv.gz.gz", "csv", "-", "a.jsonl.partial", ".csv.gz"]
        {
            assert_eq!(of(none), None, "{none}");
        }
        let named = |name: &str| FileKind::from_name(name).is_some();
        assert!(["csv", "JSON", "jsonl.gz", "ndjson.zst", "parquet"].into_iter().all(named));
        assert!(!["", "gz", "x.csv", "parquet.gz", "csv.", "a/b.csv", ".csv", "xml"].into_iter().any(named));
    }

    #[test]
    fn a_name_is_of_one_format() {
        let names: Vec<&str> = FileKind::names().collect();
        for (place, name) in names.iter().enumerate() {
            assert!(!names[..place].contains(name) && Compression::from_extension(name).is_none(), "{name}");
            assert_eq!(*name, name.to_ascii_lowercase());
            assert!(FileKind::from_name(name).is_some(), "{name}");
        }
        for format in Format::ALL {
            assert_eq!(format.magic.is_none(), format.is_text(), "{format:?}");
        }
    }

    #[test]
    fn formats_are_told_in_words() {
        assert_eq!(FileKind::one_of_names(), "parquet, jsonl, ndjson, json or csv");
        assert_eq!(FileKind::extensions(), ".parquet, .jsonl, .ndjson, .json or .csv");
        assert_eq!(FileKind::compressed_extensions(), ".gz or .zst");
        assert_eq!(Format::written(), ".parquet or .jsonl");
        assert_eq!(
            FileKind::all_names(),
            "parquet, jsonl, ndjson, json and csv, and all but parquet also with .gz or .zst behind"
        );
        assert_eq!((list([""; 0], "or"), list(["a"], "or")), (String::new(), "a".to_owned()));
    }
}
