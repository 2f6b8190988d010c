//! The pages of a column in one row group: found, bounded, checked against their checksums and decompressed.
//!
//! The crate `parquet` has a reader of pages too. Some of its codecs decompress without a bound, and its errors name no
//! column.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;

use super::codec::Decompressor;
use super::header::{Header, HeaderError, PageKind};
use super::runs::Runs;

/// So many bytes are read to find a page header in them, which is enough for one without long statistics. Small pages
/// are read with their headers.
const WINDOW: u64 = 8 << 10;

/// A file whose pages are bounded.
#[derive(Debug)]
pub(super) struct PagedFile {
    file: File,
    max_page_bytes: usize,
}

impl PagedFile {
    pub(super) fn new(file: File, max_page_bytes: usize) -> Self {
        Self { file, max_page_bytes }
    }

    /// The most bytes of a page, compressed or not.
    pub(super) fn max_page_bytes(&self) -> usize {
        self.max_page_bytes
    }

    /// Appends the `count` bytes at `start` to `bytes`.
    fn append(&self, start: u64, count: u64, bytes: &mut Vec<u8>) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("cannot read: {error}");
        let mut file = &self.file;
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let read = file.take(count).read_to_end(bytes).map_err(failed)?;
        match read as u64 == count {
            true => Ok(()),
            false => Err("the file ends within a page; copy or write it again".to_owned()),
        }
    }
}

/// The bytes of a file in which a column of a row group lies.
pub(super) fn chunk_range(chunk: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    // Some writers say that a dictionary is at 0 where there is none.
    let data = chunk.data_page_offset();
    let start = chunk.dictionary_page_offset().filter(|start| (1..data).contains(start)).unwrap_or(data);
    Some((start.try_into().ok()?, chunk.compressed_size().try_into().ok()?))
}

/// Reads pages one after another.
pub(super) struct Pages {
    file: Arc<PagedFile>,
    decompressor: Decompressor,
    /// Whether data pages have definition levels.
    nullable: bool,
    at: u64,
    left: u64,
}

impl Pages {
    pub(super) fn open(file: &Arc<PagedFile>, chunk: &ColumnChunkMetaData) -> Result<Self, String> {
        let (at, left) = chunk_range(chunk).ok_or("the column lies outside the file")?;
        Ok(Self {
            file: Arc::clone(file),
            decompressor: Decompressor::new(chunk.compression_codec()),
            nullable: chunk.column_descr().max_def_level() > 0,
            at,
            left,
        })
    }

    /// The next page that holds anything, or `None` behind the last one.
    pub(super) fn next_page(&mut self) -> Result<Option<Page>, String> {
        while self.left > 0 {
            let (header, window) = self.header()?;
            let limit = self.file.max_page_bytes;
            for (what, size) in [("uncompressed", header.uncompressed), ("compressed", header.compressed)] {
                if size > limit {
                    return Err(format!(
                        "a page declares {size} {what} bytes, more than the {limit} that are read at once; write \
                         smaller pages or raise --max-row-bytes"
                    ));
                }
            }
            let length = header.compressed as u64;
            if length > self.left {
                return Err(format!("a page of {length} bytes reaches past the end of its column"));
            }
            let bytes = self.body(window, length)?;
            self.at += length;
            self.left -= length;
            if header.checksum.is_some_and(|checksum| checksum != crc32fast::hash(&bytes)) {
                return Err("the checksum of a page does not match its bytes; copy or write the file again"
                    .to_owned());
            }
            if let Some(page) = self.decode(&header, bytes)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// Reads the next page header, and gives what was read behind it.
    fn header(&mut self) -> Result<(Header, Bytes), String> {
        let mut window = Vec::new();
        let mut wanted = WINDOW.min(self.left);
        loop {
            self.file.append(self.at + window.len() as u64, wanted - window.len() as u64, &mut window)?;
            match Header::parse(&window) {
                Ok((header, length)) => {
                    self.at += length as u64;
                    self.left -= length as u64;
                    return Ok((header, Bytes::from(window).slice(length..)));
                }
                // Statistics may have values of any size.
                Err(HeaderError::CutOff) if wanted < self.left.min(self.file.max_page_bytes as u64) => {
                    wanted = wanted.saturating_mul(8).min(self.left).min(self.file.max_page_bytes as u64);
                }
                Err(HeaderError::CutOff) => return Err("a page header is cut off".to_owned()),
                Err(HeaderError::Damaged(problem)) => return Err(problem),
            }
        }
    }

    /// The `length` bytes of a page, the first of which are in the window.
    fn body(&self, window: Bytes, length: u64) -> Result<Bytes, String> {
        let read = window.len() as u64;
        if read >= length {
            return Ok(window.slice(..length as usize));
        }
        // The column lies within the file, so that the file has so many bytes.
        let mut bytes = Vec::with_capacity(length as usize);
        bytes.extend_from_slice(&window);
        self.file.append(self.at + read, length - read, &mut bytes)?;
        Ok(bytes.into())
    }

    /// Decompresses a page; `None` if there is nothing in it. What the decoders take on trust is checked.
    fn decode(&mut self, header: &Header, bytes: Bytes) -> Result<Option<Page>, String> {
        let size = header.uncompressed;
        Ok(match header.page {
            PageKind::Other | PageKind::Data { values: 0, .. } | PageKind::DataV2 { values: 0, .. } => None,
            PageKind::Dictionary { values, encoding } => {
                if values as usize > size {
                    return Err("a dictionary page declares more values than it can hold".to_owned());
                }
                let encoding = match encoding {
                    // The same by an older name, which the decoder of numbers does not know here.
                    Encoding::PLAIN_DICTIONARY | Encoding::PLAIN => Encoding::PLAIN,
                    other => {
                        return Err(format!("a dictionary in the encoding {other}, which it cannot have"));
                    }
                };
                let buf = self.decompress(bytes, 0, size)?;
                Some(Page::DictionaryPage { buf, num_values: values, encoding, is_sorted: false })
            }
            PageKind::Data { values, encoding, levels } => {
                let buf = self.decompress(bytes, 0, size)?;
                #[expect(deprecated, reason = "old writers wrote it")]
                let bits = levels == Encoding::BIT_PACKED;
                if self.nullable && bits && (values as usize).div_ceil(8) > buf.len() {
                    return Err("the definition levels reach past the end of their page".to_owned());
                }
                let level_bytes = match buf.first_chunk::<4>() {
                    Some(length) if self.nullable && !bits => 4 + u64::from(u32::from_le_bytes(*length)),
                    _ => 0,
                };
                let encoding = of_values(encoding, self.nullable && level_bytes == buf.len() as u64);
                Some(Page::DataPage {
                    buf,
                    num_values: values,
                    encoding,
                    def_level_encoding: levels,
                    rep_level_encoding: Encoding::RLE,
                    statistics: None,
                })
            }
            PageKind::DataV2 {
                values,
                nulls,
                rows,
                encoding,
                definition_bytes,
                repetition_bytes,
                compressed,
            } => {
                let levels = definition_bytes as usize + repetition_bytes as usize;
                if levels > size || levels > bytes.len() {
                    return Err("the levels reach past the end of their page".to_owned());
                }
                if nulls > values {
                    return Err(format!("a page declares {nulls} nulls among {values} values"));
                }
                let buf = match compressed {
                    true => self.decompress(bytes, levels, size)?,
                    false => bytes,
                };
                let encoding = of_values(encoding, self.nullable && buf.len() == levels);
                Some(Page::DataPageV2 {
                    buf,
                    num_values: values,
                    encoding,
                    num_nulls: nulls,
                    num_rows: rows,
                    def_levels_byte_len: definition_bytes,
                    rep_levels_byte_len: repetition_bytes,
                    is_compressed: compressed,
                    statistics: None,
                })
            }
        })
    }

    /// Decompresses all but the first `plain` bytes, to `size` bytes with those.
    fn decompress(&mut self, bytes: Bytes, plain: usize, size: usize) -> Result<Bytes, String> {
        if !self.decompressor.compresses() {
            return match bytes.len() == size {
                true => Ok(bytes),
                false => Err(format!(
                    "a page without compression has {} bytes, where it declares {size}",
                    bytes.len()
                )),
            };
        }
        let mut out = bytes[..plain].to_vec();
        self.decompressor.append(&bytes[plain..], &mut out, size - plain)?;
        Ok(out.into())
    }
}

/// The encoding of the values of a page. Where all are null, some writers leave nothing of an encoding, and their
/// decoders miss what it begins with.
fn of_values(encoding: Encoding, none: bool) -> Encoding {
    if none { Encoding::PLAIN } else { encoding }
}

/// The definition levels of a data page, where it has some, and its values.
pub(super) fn split_page(page: &Page, nullable: bool) -> Result<(Option<Runs>, Bytes), String> {
    match page {
        Page::DictionaryPage { buf, .. } => Ok((None, buf.clone())),
        Page::DataPage { buf, .. } if !nullable => Ok((None, buf.clone())),
        Page::DataPage { buf, num_values, def_level_encoding, .. } => {
            split_levels(buf, *def_level_encoding, *num_values as usize)
        }
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
            let start = *rep_levels_byte_len as usize;
            let end = start.saturating_add(*def_levels_byte_len as usize);
            if end > buf.len() {
                return Err("the definition levels reach past the end of their page".to_owned());
            }
            let levels = match nullable {
                true => Some(Runs::new(buf.slice(start..end), 1)?),
                false => None,
            };
            Ok((levels, buf.slice(end..)))
        }
    }
}

/// The definition levels of a data page of the first version, and what comes behind them.
fn split_levels(page: &Bytes, encoding: Encoding, count: usize) -> Result<(Option<Runs>, Bytes), String> {
    let (start, length) = match encoding {
        Encoding::RLE => {
            let length = page.first_chunk::<4>().ok_or("a page without its definition levels")?;
            (4, u32::from_le_bytes(*length) as usize)
        }
        #[expect(deprecated, reason = "old writers wrote it")]
        Encoding::BIT_PACKED => (0, count.div_ceil(8)),
        other => return Err(format!("definition levels in the encoding {other}, which they cannot have")),
    };
    let end = length.checked_add(start).filter(|end| *end <= page.len());
    let end = end.ok_or("the definition levels reach past the end of their page")?;
    let levels = page.slice(start..end);
    let levels = if encoding == Encoding::RLE { Runs::new(levels, 1)? } else { Runs::bits(levels) };
    Ok((Some(levels), page.slice(end..)))
}

/// What an error of the crate `parquet` says, without the crate's own words before it.
pub(super) fn told(error: ParquetError) -> String {
    match error {
        ParquetError::General(problem) => problem,
        error => error.to_string(),
    }
}
