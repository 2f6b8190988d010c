//! Arrow record batches in, verdict columns out.

mod cells;

use arrow_array::{Array, RecordBatch, StringArray};
use arrow_schema::DataType;

pub use cells::{Booleans, Bytes, Integers, Text};

use super::names::{DefaultRules, SuiteNames, SuiteResolver};
use super::{BatchView, Column, Suites};
use crate::suite::{MessageInput, Suite, SuiteError, SuiteTable};
use crate::verdict::Verdicts;

/// The items of a record batch, borrowed.
///
/// The columns are those of the file formats: `scheme`, `signature`, `public_key`, and `message` or `digest`;
/// optional are `rule`, `encoding`, `user_id` and `context`. Others are ignored. Byte columns in the layouts `Binary`,
/// `LargeBinary` and `FixedSizeBinary` are used where they lie; of a view column, a slice per row is made. A
/// batch whose schemes take messages in some rows and digests in others also gets a slice per row.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{ArrayRef, BinaryArray, FixedSizeBinaryArray, RecordBatch, StringArray};
/// use sigwarp::arrow::{ArrowBatch, verdict_columns};
/// use sigwarp::{DefaultRules, Engine};
///
/// let keys = FixedSizeBinaryArray::try_from_iter([[0u8; 32]; 2].into_iter())?;
/// let signatures = FixedSizeBinaryArray::try_from_iter([[0u8; 64]; 2].into_iter())?;
/// let records = RecordBatch::try_from_iter([
///     ("scheme", Arc::new(StringArray::from(vec!["ed25519"; 2])) as ArrayRef),
///     ("public_key", Arc::new(keys)),
///     ("message", Arc::new(BinaryArray::from(vec![b"one".as_slice(), b"two"]))),
///     ("signature", Arc::new(signatures)),
/// ])?;
/// let batch = ArrowBatch::new(&records, &DefaultRules::new(["strict"])?)?;
/// let verdicts = Engine::builder().build()?.verify_columns(&batch.view())?;
/// let (verdict, reason) = verdict_columns(&verdicts);
/// assert_eq!((verdict.value(0), reason.value(0)), ("invalid", "SmallOrderKey"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ArrowBatch<'a> {
    suites: SuiteTable,
    suite_of: Vec<u32>,
    keys: Cells<'a>,
    messages: Cells<'a>,
    signatures: Cells<'a>,
}

#[derive(Debug)]
enum Cells<'a> {
    Borrowed(Column<'a>),
    Slices(Vec<&'a [u8]>),
}

impl Cells<'_> {
    fn column(&self) -> Column<'_> {
        match self {
            Self::Borrowed(column) => *column,
            Self::Slices(rows) => Column::slices(rows),
        }
    }
}

/// Why a record batch is not a batch of items.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArrowError {
    /// A column that every batch needs is not there.
    #[error("column {column} is missing; add it to the record batch")]
    MissingColumn {
        /// The column.
        column: &'static str,
    },
    /// A column has a type that does not hold its values.
    #[error("column {column} has type {found}; it must be {expected}")]
    ColumnType {
        /// The column.
        column: &'static str,
        /// Its type.
        found: DataType,
        /// The types that it may have.
        expected: &'static str,
    },
    /// A null where a value is needed.
    #[error("row {row}: {column} is null; every row needs one")]
    Null {
        /// The row.
        row: usize,
        /// The column.
        column: &'static str,
    },
    /// The suite of a row takes a message and the row has a digest alone, or the reverse.
    #[error("row {row}: {suite} takes a {column} and the row has none", column = .expected.name())]
    WrongInput {
        /// The row.
        row: usize,
        /// Its suite.
        suite: Suite,
        /// What the suite takes.
        expected: MessageInput,
    },
    /// The names of a row make no suite.
    #[error("row {row}: {source}")]
    Suite {
        /// The row.
        row: usize,
        /// Why not.
        source: SuiteError,
    },
}

impl<'a> ArrowBatch<'a> {
    /// Borrows the items of `records`; `defaults` are the rules of rows that name none.
    pub fn new(records: &'a RecordBatch, defaults: &DefaultRules) -> Result<Self, ArrowError> {
        let scheme = required("scheme", text(records, "scheme")?)?;
        let rule = text(records, "rule")?;
        let encoding = text(records, "encoding")?;
        let user_id = bytes(records, "user_id")?;
        let context = bytes(records, "context")?;
        let keys = required("public_key", bytes(records, "public_key")?)?;
        let signatures = required("signature", bytes(records, "signature")?)?;
        let (message, digest) = (bytes(records, "message")?, bytes(records, "digest")?);

        let mut resolver = SuiteResolver::new(defaults.clone());
        let mut suites = SuiteTable::default();
        let mut suite_of: Vec<u32> = Vec::with_capacity(records.num_rows());
        let mut inputs = [false; 2];
        for row in 0..records.num_rows() {
            let names = SuiteNames {
                scheme: scheme.get(row).ok_or(ArrowError::Null { row, column: "scheme" })?,
                rule: rule.as_ref().and_then(|rule| rule.get(row)),
                encoding: encoding.as_ref().and_then(|encoding| encoding.get(row)),
                user_id: user_id.and_then(|id| id.get(row)),
                context: context.and_then(|context| context.get(row)),
            };
            let suite = resolver.resolve(names).map_err(|source| ArrowError::Suite { row, source })?;
            inputs[usize::from(suite.scheme().input() == MessageInput::Digest)] = true;
            suite_of.push(suites.intern(suite, suite_of.last().copied()));
        }

        let whole = match (inputs, message, digest) {
            ([true, false], Some(message), _) => message.column(),
            ([false, true], _, Some(digest)) => digest.column(),
            _ => None,
        };
        let messages = match whole {
            Some(column) => Cells::Borrowed(column),
            None => Cells::Slices(
                (0..records.num_rows())
                    .map(|row| {
                        let suite = &suites.as_slice()[suite_of[row] as usize];
                        let expected = suite.scheme().input();
                        let column = match expected {
                            MessageInput::Raw => message,
                            MessageInput::Digest => digest,
                        };
                        column.and_then(|column| column.get(row)).ok_or_else(|| ArrowError::WrongInput {
                            row,
                            suite: suite.clone(),
                            expected,
                        })
                    })
                    .collect::<Result<_, _>>()?,
            ),
        };
        let rows = records.num_rows();
        Ok(Self {
            suites,
            suite_of,
            keys: cells("public_key", keys, rows)?,
            messages,
            signatures: cells("signature", signatures, rows)?,
        })
    }

    /// The batch to verify.
    pub fn view(&self) -> BatchView<'_> {
        BatchView {
            suites: Suites::PerItem { table: self.suites.as_slice(), index: &self.suite_of },
            keys: self.keys.column().into(),
            ring: None,
            messages: self.messages.column(),
            signatures: self.signatures.column(),
        }
    }
}

fn text<'a>(records: &'a RecordBatch, column: &'static str) -> Result<Option<Text<'a>>, ArrowError> {
    accessor(records, column, Text::TYPES, Text::new)
}

fn bytes<'a>(records: &'a RecordBatch, column: &'static str) -> Result<Option<Bytes<'a>>, ArrowError> {
    accessor(records, column, Bytes::TYPES, Bytes::new)
}

/// The accessor of a column, `None` where there is no such column or it has the type of nothing but nulls.
fn accessor<'a, T>(
    records: &'a RecordBatch,
    column: &'static str,
    expected: &'static str,
    new: fn(&'a dyn Array) -> Option<T>,
) -> Result<Option<T>, ArrowError> {
    match records.column_by_name(column) {
        Some(array) if array.data_type() != &DataType::Null => new(array.as_ref())
            .map(Some)
            .ok_or_else(|| ArrowError::ColumnType { column, found: array.data_type().clone(), expected }),
        _ => Ok(None),
    }
}

fn required<T>(column: &'static str, accessor: Option<T>) -> Result<T, ArrowError> {
    accessor.ok_or(ArrowError::MissingColumn { column })
}

fn cells<'a>(column: &'static str, bytes: Bytes<'a>, rows: usize) -> Result<Cells<'a>, ArrowError> {
    if let Some(borrowed) = bytes.column() {
        return Ok(Cells::Borrowed(borrowed));
    }
    let slices = (0..rows).map(|row| bytes.get(row).ok_or(ArrowError::Null { row, column }));
    Ok(Cells::Slices(slices.collect::<Result<_, _>>()?))
}

/// The columns `verdict` (`valid` or `invalid`) and `reason` (null where valid), a row per item.
pub fn verdict_columns(verdicts: &Verdicts) -> (StringArray, StringArray) {
    (
        verdicts.iter().map(|verdict| Some(verdict.name())).collect(),
        verdicts.iter().map(|verdict| verdict.reason().map(|reason| reason.name())).collect(),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int8Type;
    use arrow_array::{
        ArrayRef, BinaryArray, BinaryViewArray, DictionaryArray, FixedSizeBinaryArray, Int32Array,
        LargeBinaryArray, LargeStringArray, NullArray, StringViewArray,
    };

    use super::*;

    fn records(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
            .unwrap()
    }

    fn schemes() -> ArrayRef {
        Arc::new(StringArray::from(vec!["ed25519", "ecdsa-p256", "ed25519"]))
    }

    fn rows() -> [&'static [u8]; 3] {
        [b"aa", b"bb", b"cc"]
    }

    fn fixed() -> ArrayRef {
        Arc::new(FixedSizeBinaryArray::try_from_iter(rows().into_iter()).unwrap())
    }

    fn rules() -> DefaultRules {
        DefaultRules::new(["strict", "ecdsa"]).unwrap()
    }

    #[test]
    fn every_layout_reads_alike_and_the_flat_ones_are_borrowed() {
        let layouts: [(ArrayRef, bool); 4] = [
            (Arc::new(BinaryArray::from(rows().to_vec())), true),
            (Arc::new(LargeBinaryArray::from(rows().to_vec())), true),
            (fixed(), true),
            (Arc::new(BinaryViewArray::from(rows().to_vec())), false),
        ];
        for (array, borrowed) in layouts {
            // Slices of arrays must be read from their own first row.
            for skip in 0..2 {
                let array = array.slice(skip, 2);
                let records = records(vec![
                    ("scheme", Arc::new(StringArray::from(vec!["ed25519"; 2]))),
                    ("public_key", array.clone()),
                    ("message", array.clone()),
                    ("signature", array.clone()),
                ]);
                let batch = ArrowBatch::new(&records, &rules()).unwrap();
                for cells in [&batch.keys, &batch.messages, &batch.signatures] {
                    assert_eq!(matches!(cells, Cells::Borrowed(_)), borrowed);
                }
                let view = batch.view();
                for row in 0..2 {
                    let item = view.item(row);
                    let expected = rows()[row + skip];
                    assert_eq!((item.key, item.message, item.signature), (expected, expected, expected));
                    assert_eq!(item.suite.rule(), "strict");
                }
            }
        }
    }

    #[test]
    fn text_in_any_layout_names_the_suites() {
        let names = ["ed25519", "ecdsa-p256", "ed25519"];
        let dictionary: DictionaryArray<Int8Type> = names.into_iter().collect();
        let layouts: [ArrayRef; 4] = [
            schemes(),
            Arc::new(LargeStringArray::from(names.to_vec())),
            Arc::new(StringViewArray::from(names.to_vec())),
            Arc::new(dictionary),
        ];
        for scheme in layouts {
            let digest: Vec<Option<&[u8]>> = vec![None, Some(b"digest"), None];
            let message: Vec<Option<&[u8]>> = vec![Some(b"one"), None, Some(b"")];
            let records = records(vec![
                ("scheme", scheme),
                ("rule", Arc::new(NullArray::new(3))),
                ("public_key", fixed()),
                ("digest", Arc::new(BinaryArray::from(digest))),
                ("message", Arc::new(BinaryArray::from(message))),
                ("signature", fixed()),
            ]);
            let batch = ArrowBatch::new(&records, &rules()).unwrap();
            let view = batch.view();
            let messages: Vec<_> = (0..3).map(|row| view.item(row).message).collect();
            assert_eq!(messages, [b"one".as_slice(), b"digest", b""]);
        }
    }

    #[test]
    fn errors_name_the_row_and_the_column() {
        let error = |columns: Vec<(&str, ArrayRef)>, rules: &DefaultRules| {
            ArrowBatch::new(&records(columns), rules).unwrap_err().to_string()
        };
        let full = || {
            vec![("scheme", schemes()), ("public_key", fixed()), ("message", fixed()), ("signature", fixed())]
        };
        let with = |name: &'static str, array: ArrayRef| {
            let mut columns = full();
            columns.retain(|(column, _)| *column != name);
            columns.push((name, array));
            columns
        };
        assert_eq!(
            error(full(), &rules()),
            "row 1: ecdsa-p256 ecdsa raw takes a digest and the row has none"
        );
        assert!(error(full(), &DefaultRules::default()).starts_with("row 0: ed25519 needs a rule"));
        assert_eq!(
            error(full()[..3].to_vec(), &rules()),
            "column signature is missing; add it to the record batch"
        );
        assert_eq!(
            error(with("public_key", Arc::new(Int32Array::from(vec![1, 2, 3]))), &rules()),
            "column public_key has type Int32; it must be Binary, LargeBinary, FixedSizeBinary or BinaryView"
        );
        let holes: Vec<Option<&[u8]>> = vec![Some(b"aa"), Some(b"bb"), None];
        let mut columns = with("signature", Arc::new(BinaryArray::from(holes)));
        columns.push(("digest", fixed()));
        assert_eq!(error(columns, &rules()), "row 2: signature is null; every row needs one");
    }
}
