//! Columns of byte strings, decoded page by page: cells are places in the decompressed page or in the dictionary, and
//! nothing is copied where the encoding leaves values in one piece.

use std::vec::IntoIter;

use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::Page;
use parquet::schema::types::ColumnDescPtr;

use super::delta::{self, Shared};
use super::pages::{Pages, split_page};
use super::runs::Runs;

/// Values that are put together are held up to this many bytes, and the value that reaches them.
const VALUES_BYTES: usize = 8 << 20;

/// Where a cell lies in its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Of a cell that is null: no other span ends before it begins.
    const NULL: Self = Self { start: 1, end: 0 };

    /// The span of `length` bytes from `start` on, if they are within `bytes`.
    pub(super) fn within(bytes: &[u8], start: usize, length: usize) -> Result<Self, String> {
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
    /// Byte strings one after another, from `at` on, whose lengths stand before all of them.
    Lengths { bytes: Bytes, at: usize, lengths: IntoIter<u32> },
    /// Byte strings that begin as the one before.
    Shared(Box<Shared>),
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
        if let Values::Shared(shared) = &mut page.values {
            // Together they may be of any size, so that they are counted one at a time.
            let mut bytes = Vec::new();
            while spans.len() < count && bytes.len() < VALUES_BYTES {
                if let Some(levels) = &mut page.levels {
                    levels.read(1, &mut self.levels)?;
                }
                let null = page.levels.is_some() && self.levels.first() == Some(&0);
                spans.push(if null { Span::NULL } else { shared.next_value(&mut bytes)? });
            }
            self.cells.bytes = bytes.into();
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
            Values::Shared(_) => {}
            Values::Plain { bytes, at, form } => {
                for present in levels {
                    spans.push(if present { next_plain(bytes, at, *form)? } else { Span::NULL });
                }
                self.cells.bytes = bytes.clone();
            }
            Values::Lengths { bytes, at, lengths } => {
                for present in levels {
                    let span = match present {
                        true => {
                            let length = lengths.next().ok_or(delta::FEWER)?;
                            let span = Span::within(bytes, *at, length as usize)?;
                            *at = span.end as usize;
                            span
                        }
                        false => Span::NULL,
                    };
                    spans.push(span);
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
        if let Page::DictionaryPage { buf, num_values, .. } = &page {
            return self.open_dictionary(buf.clone(), *num_values as usize);
        }
        let (levels, bytes) = split_page(&page, self.column.max_def_level() > 0)?;
        let (count, encoding) = (page.num_values() as usize, page.encoding());
        let present =
            |levels: &Option<Runs>| levels.as_ref().map_or(Ok(count), |levels| levels.count_set(count));
        let values = match encoding {
            Encoding::PLAIN => {
                let form = match self.width {
                    None => Form::Prefixed,
                    Some(width) => fixed_form(&bytes, present(&levels)?, width)?,
                };
                Values::Plain { bytes, at: 0, form }
            }
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => match bytes.first() {
                Some(&width) => Values::Indices(Runs::new(bytes.slice(1..), width)?),
                // A page of nothing but nulls has no values to refer to.
                None => Values::Indices(Runs::new(bytes, 0)?),
            },
            Encoding::BYTE_STREAM_SPLIT if self.width.is_some() => {
                let width = self.width.unwrap_or_default();
                let bytes = join(&bytes, present(&levels)?, width)?;
                Values::Plain { bytes, at: 0, form: Form::Fixed { before: 0, width } }
            }
            Encoding::DELTA_LENGTH_BYTE_ARRAY if self.width.is_none() => {
                let (lengths, at) = delta::lengths(&bytes, self.lengths_within(count)?)?;
                Values::Lengths { bytes, at, lengths: lengths.into_iter() }
            }
            Encoding::DELTA_BYTE_ARRAY => {
                Values::Shared(Box::new(Shared::new(bytes, self.lengths_within(count)?, self.width)?))
            }
            other => return Err(format!("byte strings in the encoding {other}, which they cannot have")),
        };
        self.page = Some(OpenPage { left: count, levels, values });
        Ok(())
    }

    /// The values of a page, if there is room for their lengths.
    fn lengths_within(&self, count: usize) -> Result<usize, String> {
        match count > self.max_page_bytes / size_of::<u32>() {
            true => Err(format!("a page declares {count} values, more than are read at once")),
            false => Ok(count),
        }
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

/// The values of one width whose first bytes come first, then all second bytes, and so on.
fn join(bytes: &[u8], count: usize, width: usize) -> Result<Bytes, String> {
    if count.checked_mul(width) != Some(bytes.len()) {
        return Err(format!("a page has {} bytes for {count} values of {width}", bytes.len()));
    }
    let mut out = Vec::with_capacity(bytes.len());
    for value in 0..count {
        out.extend((0..width).map(|place| bytes[place * count + value]));
    }
    Ok(out.into())
}
