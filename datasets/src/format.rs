//! The formats of files, told by their names.

use std::path::Path;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.parquet`.
    Parquet,
    /// `.jsonl` or `.ndjson`: a JSON object per line.
    Jsonl,
    /// `.json`: an array of objects, an object with one such array, or objects one after another.
    Json,
    /// `.csv`: RFC 4180, with a line that names the columns.
    Csv,
}

impl Format {
    /// The format of a path, if it is not compressed.
    pub fn of(path: &Path) -> Option<Self> {
        Self::from_extension(path.extension()?.to_str()?)
    }

    fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// What a file of text is compressed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `.gz`, of any number of members.
    Gzip,
    /// `.zst`, of any number of frames.
    Zstd,
}

impl Compression {
    fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "gz" | "gzip" => Some(Self::Gzip),
            "zst" | "zstd" => Some(Self::Zstd),
            _ => None,
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
/// assert_eq!(kind, FileKind { format: Format::Csv, compression: Some(Compression::Gzip) });
/// assert_eq!(FileKind::from_name("ndjson"), FileKind::of(Path::new("rows.jsonl")));
/// assert_eq!(FileKind::of(Path::new("rows.gz")), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileKind {
    /// The format.
    pub format: Format,
    /// The compression, if any.
    pub compression: Option<Compression>,
}

impl FileKind {
    /// The names that [`Self::from_name`] knows.
    pub const NAMES: &'static str =
        "parquet, jsonl, ndjson, json and csv, and all but parquet also with .gz or .zst behind";

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

    /// Whether there are readers of it: Parquet compresses within, and is read from both ends.
    pub(crate) fn readable(self) -> bool {
        self.format != Format::Parquet || self.compression.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format() {
        let of = |name: &str| FileKind::of(Path::new(name)).map(|kind| (kind.format, kind.compression));
        assert_eq!(of("a.parquet"), Some((Format::Parquet, None)));
        assert_eq!(of("a.jsonl"), Some((Format::Jsonl, None)));
        assert_eq!(of("a.NDJSON.ZST"), Some((Format::Jsonl, Some(Compression::Zstd))));
        assert_eq!(of("x/a.b.json.gz"), Some((Format::Json, Some(Compression::Gzip))));
        for none in
            ["a", ".csv", "a.gz", "a.csv.bz2", "a.csv.gz.gz", "csv", "-", "a.jsonl.partial", ".csv.gz"]
        {
            assert_eq!(of(none), None, "{none}");
        }
        let named = |name: &str| FileKind::from_name(name).is_some();
        assert!(["csv", "JSON", "jsonl.gz", "ndjson.zst", "parquet"].into_iter().all(named));
        assert!(!["", "gz", "x.csv", "parquet.gz", "csv.", "a/b.csv", ".csv", "xml"].into_iter().any(named));
    }
}
