//! Columns of byte strings, decoded page by page: cells are places in the decompressed page or in the dictionary, and
//! nothing is copied. The encodings that writers use for byte strings by default are decoded here; for the others,
//! the crate `parquet` decodes the page.

use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::schema::types::ColumnDescPtr;

use super::delta::check_lengths;
use super::pages::{Pages, told};
use super::runs::Runs;

/// Decoded values of other encodings are held up to this many bytes, and the value that reaches them.
const VALUES_BYTES: usize = 8 << 20;

/// Where a cell lies in its bytes.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Of a cell that is null: no other span ends before it begins.
    const NULL: Self = Self { start: 1, end: 0 };

    /// The span of `length` bytes from `start` on, if they are within `bytes`.
    fn within(bytes: &[u8], start: usize, length: usize) -> Result<Self, String> {
        let end = start.checked_add(length).filter(|end| *end <= bytes.len());
        let span =
            end.and_then(|end| Some(Self { start: start.try_into().ok()?, end: end.try_into().ok()? }));
        span.ok_or_else(|| "a value reaches past the end of its page".to_owned())
    }
}

/// A column of byte strings in one row group.
pub(super) struct ByteColumn {
    pages: Pages,
    column: ColumnDescPtr,
    /// The bytes of a value, where all have the same number.
    width: Option<usize>,
    max_page_bytes: usize,
    dictionary: Option<Dictionary>,
    page: Option<OpenPage>,
    cells: Cells,
    levels: Vec<u32>,
    indices: Vec<u32>,
}

/// The cells that are decoded and not yet taken.
#[derive(Default)]
struct Cells {
    bytes: Bytes,
    spans: Vec<Span>,
    taken: usize,
}

struct Dictionary {
    bytes: Bytes,
    spans: Vec<Span>,
}

/// A data page that is being decoded.
struct OpenPage {
    /// Cells that are not decoded yet, nulls included.
    left: usize,
    /// Which cells are null, where any can be.
    levels: Option<Runs>,
    values: Values,
}

enum Values {
    /// Byte strings one after another, from `at` on.
    Plain { bytes: Bytes, at: usize, form: Form },
    /// Places in the dictionary.
    Indices(Runs),
    /// Whatever the decoder of the crate `parquet` gives, so many at once. It reads the levels too.
    Decoded(Box<Decoder>),
}

/// How byte strings lie one after another.
#[derive(Clone, Copy)]
enum Form {
    /// Each behind its length.
    Prefixed,
    /// All of one width, each behind so many other bytes.
    Fixed { before: usize, width: usize },
}

impl ByteColumn {
    pub(super) fn new(column: ColumnDescPtr, pages: Pages, max_page_bytes: usize) -> Result<Self, String> {
        let width = match column.physical_type() {
            Type::FIXED_LEN_BYTE_ARRAY => {
                let width = column.type_length();
                let positive = usize::try_from(width).ok().filter(|width| *width > 0);
                Some(positive.ok_or_else(|| format!("values of {width} bytes"))?)
            }
            _ => None,
        };
        Ok(Self {
            pages,
            column,
            width,
            max_page_bytes,
            dictionary: None,
            page: None,
            cells: Cells::default(),
            levels: Vec::new(),
            indices: Vec::new(),
        })
    }

    /// The cells that are decoded and not yet taken.
    pub(super) fn ready(&self) -> usize {
        self.cells.spans.len() - self.cells.taken
    }

    /// One of them, or `None` where it is null.
    pub(super) fn get(&self, at: usize) -> Option<&[u8]> {
        let span = self.cells.spans[self.cells.taken + at];
        // The span of a null is in the wrong order, and so is no place in the bytes.
        self.cells.bytes.get(span.start as usize..span.end as usize)
    }

    /// Takes the first `count` of them.
    pub(super) fn take(&mut self, count: usize) {
        self.cells.taken += count;
    }

    /// Decodes up to `count` more cells, once the others are taken. None come only after the last one.
    pub(super) fn fill(&mut self, count: usize) -> Result<(), String> {
        self.cells.spans.clear();
        self.cells.taken = 0;
        let mut page = loop {
            match self.page.take() {
                Some(page) if page.left > 0 => break page,
                _ => match self.pages.next_page()? {
                    Some(page) => self.open(page)?,
                    None => return Ok(()),
                },
            }
        };
        let count = count.min(page.left);
        let spans = &mut self.cells.spans;
        if let Values::Decoded(decoder) = &mut page.values {
            self.cells.bytes = decoder.read(count, spans)?;
        } else {
            match &mut page.levels {
                Some(levels) => levels.read(count, &mut self.levels)?,
                None => {
                    self.levels.clear();
                    self.levels.resize(count, 1);
                }
            }
        }
        let levels = self.levels.iter().map(|level| *level != 0);
        match &mut page.values {
            Values::Decoded(_) => {}
            Values::Plain { bytes, at, form } => {
                for present in levels {
                    spans.push(if present { next_plain(bytes, at, *form)? } else { Span::NULL });
                }
                self.cells.bytes = bytes.clone();
            }
            Values::Indices(indices) => {
                let dictionary = self.dictionary.as_ref().ok_or("a dictionary is missing")?;
                indices.read(levels.clone().filter(|present| *present).count(), &mut self.indices)?;
                let mut indices = self.indices.iter();
                for present in levels {
                    let span = match present {
                        true => indices.next().and_then(|index| dictionary.spans.get(*index as usize)),
                        false => Some(&Span::NULL),
                    };
                    spans.push(*span.ok_or("a value is not in its dictionary")?);
                }
                self.cells.bytes = dictionary.bytes.clone();
            }
        }
        page.left -= spans.len();
        self.page = Some(page);
        Ok(())
    }

    /// Makes ready to decode a page.
    fn open(&mut self, page: Page) -> Result<(), String> {
        let nullable = self.column.max_def_level() > 0;
        let (count, encoding, levels, bytes) = match &page {
            Page::DictionaryPage { buf, num_values, .. } => {
                return self.open_dictionary(buf.clone(), *num_values as usize);
            }
            Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } => {
                let (levels, bytes) = match nullable {
                    true => split_levels(buf, *def_level_encoding, *num_values as usize)?,
                    false => (None, buf.clone()),
                };
                (*num_values as usize, *encoding, levels, bytes)
            }
            Page::DataPageV2 {
                buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len, ..
            } => {
                let start = *rep_levels_byte_len as usize;
                let end = start.saturating_add(*def_levels_byte_len as usize);
                if end > buf.len() {
                    return Err("the definition levels reach past the end of their page".to_owned());
                }
                let levels = match nullable {
                    true => Some(Runs::new(buf.slice(start..end), 1)?),
                    false => None,
                };
                (*num_values as usize, *encoding, levels, buf.slice(end..))
            }
        };
        let values = match encoding {
            Encoding::PLAIN => {
                let form = match self.width {
                    None => Form::Prefixed,
                    Some(width) => {
                        let present = levels.as_ref().map_or(Ok(count), |levels| levels.count_set(count))?;
                        fixed_form(&bytes, present, width)?
                    }
                };
                Values::Plain { bytes, at: 0, form }
            }
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => match bytes.first() {
                Some(&width) => Values::Indices(Runs::new(bytes.slice(1..), width)?),
                // A page of nothing but nulls has no values to refer to.
                None => Values::Indices(Runs::new(bytes, 0)?),
            },
            encoding => {
                if let Encoding::DELTA_BYTE_ARRAY | Encoding::DELTA_LENGTH_BYTE_ARRAY = encoding {
                    if count > self.max_page_bytes / size_of::<u32>() {
                        return Err(format!("a page declares {count} values, more than are read at once"));
                    }
                    check_lengths(&bytes, encoding == Encoding::DELTA_BYTE_ARRAY, count)?;
                }
                Values::Decoded(Box::new(Decoder::new(&self.column, page, encoding)))
            }
        };
        self.page = Some(OpenPage { left: count, levels, values });
        Ok(())
    }

    fn open_dictionary(&mut self, bytes: Bytes, count: usize) -> Result<(), String> {
        let form = self.width.map_or(Ok(Form::Prefixed), |width| fixed_form(&bytes, count, width))?;
        let (mut spans, mut at) = (Vec::new(), 0);
        for _ in 0..count {
            spans.push(next_plain(&bytes, &mut at, form)?);
        }
        self.dictionary = Some(Dictionary { bytes, spans });
        Ok(())
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

/// How `count` values of one width lie in these bytes.
fn fixed_form(bytes: &[u8], count: usize, width: usize) -> Result<Form, String> {
    let holds = |stride: usize| count.checked_mul(stride) == Some(bytes.len());
    // Some versions of the crate `parquet` put the length before each value, against the format; it reads them too.
    let prefix = u32::try_from(width).unwrap_or(u32::MAX).to_le_bytes();
    match width.checked_add(prefix.len()) {
        _ if holds(width) => Ok(Form::Fixed { before: 0, width }),
        Some(stride)
            if holds(stride) && bytes.chunks_exact(stride).all(|value| value.starts_with(&prefix)) =>
        {
            Ok(Form::Fixed { before: prefix.len(), width })
        }
        _ => Err(format!("a page has {} bytes for {count} values of {width}", bytes.len())),
    }
}

/// The place of the next value, behind which `at` then is.
#[inline]
fn next_plain(bytes: &[u8], at: &mut usize, form: Form) -> Result<Span, String> {
    let span = match form {
        Form::Prefixed => {
            let length = bytes.get(*at..).and_then(<[u8]>::first_chunk::<4>);
            let length = length.ok_or("a page has fewer values than declared")?;
            Span::within(bytes, *at + 4, u32::from_le_bytes(*length) as usize)?
        }
        Form::Fixed { before, width } => Span::within(bytes, *at + before, width)?,
    };
    *at = span.end as usize;
    Ok(span)
}

/// The crate's decoder of one page.
struct Decoder {
    values: DecodedValues,
    /// Values may share what they have in common, as those of DELTA_BYTE_ARRAY do, and so be of any size together;
    /// they are decoded one at a time.
    one_at_a_time: bool,
    present: i16,
    levels: Vec<i16>,
}

enum DecodedValues {
    Bytes(ColumnReaderImpl<ByteArrayType>, Vec<ByteArray>),
    Fixed(ColumnReaderImpl<FixedLenByteArrayType>, Vec<FixedLenByteArray>),
}

impl Decoder {
    fn new(column: &ColumnDescPtr, page: Page, encoding: Encoding) -> Self {
        let pages = Box::new(OnePage(Some(page)));
        let values = match column.physical_type() {
            Type::FIXED_LEN_BYTE_ARRAY => {
                DecodedValues::Fixed(ColumnReaderImpl::new(column.clone(), pages), Vec::new())
            }
            _ => DecodedValues::Bytes(ColumnReaderImpl::new(column.clone(), pages), Vec::new()),
        };
        let one_at_a_time = encoding == Encoding::DELTA_BYTE_ARRAY;
        Self { values, one_at_a_time, present: column.max_def_level(), levels: Vec::new() }
    }

    /// Up to `count` cells, appended to `spans`, and the bytes in which they lie.
    fn read(&mut self, count: usize, spans: &mut Vec<Span>) -> Result<Bytes, String> {
        let mut bytes = Vec::new();
        let mut left = count;
        while left > 0 && bytes.len() < VALUES_BYTES {
            let wanted = if self.one_at_a_time { 1 } else { left };
            self.levels.clear();
            let levels = Some(&mut self.levels);
            let read = match &mut self.values {
                DecodedValues::Bytes(reader, values) => {
                    values.clear();
                    reader.read_records(wanted, levels, None, values)
                }
                DecodedValues::Fixed(reader, values) => {
                    values.clear();
                    reader.read_records(wanted, levels, None, values)
                }
            };
            let (read, ..) = read.map_err(told)?;
            if read == 0 {
                return Err("a page has fewer values than declared".to_owned());
            }
            let mut value = 0;
            for at in 0..read {
                if self.present > 0 && self.levels.get(at) != Some(&self.present) {
                    spans.push(Span::NULL);
                    continue;
                }
                let start = bytes.len();
                bytes.extend_from_slice(match &self.values {
                    DecodedValues::Bytes(_, values) => values[value].data(),
                    DecodedValues::Fixed(_, values) => values[value].data(),
                });
                spans.push(Span::within(&bytes, start, bytes.len() - start)?);
                value += 1;
            }
            left -= read;
        }
        Ok(bytes.into())
    }
}

/// A page as if it were alone in its column.
struct OnePage(Option<Page>);

impl Iterator for OnePage {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageReader for OnePage {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        Ok(self.0.take())
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        Err(ParquetError::NYI("pages are only read".to_owned()))
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        Err(ParquetError::NYI("pages are only read".to_owned()))
    }
}
