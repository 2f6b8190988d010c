//! Cells of Arrow columns: one accessor for each kind of value, over every layout that holds it.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, LargeBinaryArray,
    LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
};
use arrow_schema::DataType;

use super::Column;

/// A column of byte strings: `Binary`, `LargeBinary`, `FixedSizeBinary` or `BinaryView`.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a>(BytesLayout<'a>);

#[derive(Debug, Clone, Copy)]
enum BytesLayout<'a> {
    Binary(&'a BinaryArray),
    Large(&'a LargeBinaryArray),
    Fixed(&'a FixedSizeBinaryArray),
    View(&'a BinaryViewArray),
}

impl<'a> Bytes<'a> {
    /// What [`Self::new`] accepts, for messages.
    pub const TYPES: &'static str = "Binary, LargeBinary, FixedSizeBinary or BinaryView";

    /// The accessor of `array`, or `None` if it holds something else.
    pub fn new(array: &'a dyn Array) -> Option<Self> {
        let layout = match array.data_type() {
            DataType::Binary => BytesLayout::Binary(array.as_binary_opt()?),
            DataType::LargeBinary => BytesLayout::Large(array.as_binary_opt()?),
            DataType::FixedSizeBinary(_) => BytesLayout::Fixed(array.as_fixed_size_binary_opt()?),
            DataType::BinaryView => BytesLayout::View(array.as_binary_view_opt()?),
            _ => return None,
        };
        Some(Self(layout))
    }

    /// The bytes of a row, or `None` where it is null.
    ///
    /// # Panics
    /// When `row` is not a row of the array, as for the other accessors.
    pub fn get(&self, row: usize) -> Option<&'a [u8]> {
        match self.0 {
            BytesLayout::Binary(array) => array.is_valid(row).then(|| array.value(row)),
            BytesLayout::Large(array) => array.is_valid(row).then(|| array.value(row)),
            BytesLayout::Fixed(array) => array.is_valid(row).then(|| array.value(row)),
            BytesLayout::View(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }

    /// The column over Arrow's own buffers, or `None` where it has nulls or a layout that a column cannot
    /// borrow.
    pub fn column(&self) -> Option<Column<'a>> {
        match self.0 {
            BytesLayout::Binary(array) if array.null_count() == 0 => {
                Column::offsets32(array.value_data(), array.value_offsets()).ok()
            }
            BytesLayout::Large(array) if array.null_count() == 0 => {
                Column::offsets64(array.value_data(), array.value_offsets()).ok()
            }
            BytesLayout::Fixed(array) if array.null_count() == 0 => {
                let width = usize::try_from(array.value_length()).ok()?;
                Column::fixed(array.value_data().get(..width.checked_mul(array.len())?)?, width).ok()
            }
            _ => None,
        }
    }
}

/// A column of text: `Utf8`, `LargeUtf8`, `Utf8View`, or a dictionary of one of them.
#[derive(Debug, Clone)]
pub struct Text<'a>(TextLayout<'a>);

#[derive(Debug, Clone)]
enum TextLayout<'a> {
    Utf8(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
    Dictionary { keys: Integers<'a>, values: Box<Text<'a>> },
}

impl<'a> Text<'a> {
    /// What [`Self::new`] accepts, for messages.
    pub const TYPES: &'static str = "Utf8, LargeUtf8, Utf8View or a dictionary of them";

    /// The accessor of `array`, or `None` if it holds something else.
    pub fn new(array: &'a dyn Array) -> Option<Self> {
        let layout = match array.data_type() {
            DataType::Utf8 => TextLayout::Utf8(array.as_string_opt()?),
            DataType::LargeUtf8 => TextLayout::Large(array.as_string_opt()?),
            DataType::Utf8View => TextLayout::View(array.as_string_view_opt()?),
            DataType::Dictionary(_, value) if !matches!(**value, DataType::Dictionary(..)) => {
                let dictionary = array.as_any_dictionary_opt()?;
                TextLayout::Dictionary {
                    keys: Integers::new(dictionary.keys())?,
                    values: Box::new(Self::new(dictionary.values().as_ref())?),
                }
            }
            _ => return None,
        };
        Some(Self(layout))
    }

    /// The text of a row, or `None` where it is null.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        match &self.0 {
            TextLayout::Utf8(array) => array.is_valid(row).then(|| array.value(row)),
            TextLayout::Large(array) => array.is_valid(row).then(|| array.value(row)),
            TextLayout::View(array) => array.is_valid(row).then(|| array.value(row)),
            TextLayout::Dictionary { keys, values } => values.get(usize::try_from(keys.get(row)?).ok()?),
        }
    }
}

/// A column of integers of any width.
#[derive(Debug, Clone, Copy)]
pub struct Integers<'a>(IntegerLayout<'a>);

#[derive(Debug, Clone, Copy)]
enum IntegerLayout<'a> {
    I8(&'a PrimitiveArray<Int8Type>),
    I16(&'a PrimitiveArray<Int16Type>),
    I32(&'a PrimitiveArray<Int32Type>),
    I64(&'a PrimitiveArray<Int64Type>),
    U8(&'a PrimitiveArray<UInt8Type>),
    U16(&'a PrimitiveArray<UInt16Type>),
    U32(&'a PrimitiveArray<UInt32Type>),
    U64(&'a PrimitiveArray<UInt64Type>),
}

impl<'a> Integers<'a> {
    /// What [`Self::new`] accepts, for messages.
    pub const TYPES: &'static str = "an integer type";

    /// The accessor of `array`, or `None` if it holds something else.
    pub fn new(array: &'a dyn Array) -> Option<Self> {
        let layout = match array.data_type() {
            DataType::Int8 => IntegerLayout::I8(array.as_primitive_opt()?),
            DataType::Int16 => IntegerLayout::I16(array.as_primitive_opt()?),
            DataType::Int32 => IntegerLayout::I32(array.as_primitive_opt()?),
            DataType::Int64 => IntegerLayout::I64(array.as_primitive_opt()?),
            DataType::UInt8 => IntegerLayout::U8(array.as_primitive_opt()?),
            DataType::UInt16 => IntegerLayout::U16(array.as_primitive_opt()?),
            DataType::UInt32 => IntegerLayout::U32(array.as_primitive_opt()?),
            DataType::UInt64 => IntegerLayout::U64(array.as_primitive_opt()?),
            _ => return None,
        };
        Some(Self(layout))
    }

    /// The integer of a row, or `None` where it is null.
    pub fn get(&self, row: usize) -> Option<i128> {
        match self.0 {
            IntegerLayout::I8(array) => array.is_valid(row).then(|| array.value(row).into()),
            IntegerLayout::I16(array) => array.is_valid(row).then(|| array.value(row).into()),
            IntegerLayout::I32(array) => array.is_valid(row).then(|| array.value(row).into()),
            IntegerLayout::I64(array) => array.is_valid(row).then(|| array.value(row).into()),
            IntegerLayout::U8(array) => array.is_valid(row).then(|| array.value(row).into()),
            IntegerLayout::U16(array) => array.is_valid(row).then(|| array.value(row).into()),
            IntegerLayout::U32(array) => array.is_valid(row).then(|| array.value(row).into()),
            IntegerLayout::U64(array) => array.is_valid(row).then(|| array.value(row).into()),
        }
    }
}

/// A column of booleans.
#[derive(Debug, Clone, Copy)]
pub struct Booleans<'a>(&'a BooleanArray);

impl<'a> Booleans<'a> {
    /// What [`Self::new`] accepts, for messages.
    pub const TYPES: &'static str = "Boolean";

    /// The accessor of `array`, or `None` if it holds something else.
    pub fn new(array: &'a dyn Array) -> Option<Self> {
        array.as_boolean_opt().map(Self)
    }

    /// The boolean of a row, or `None` where it is null.
    pub fn get(&self, row: usize) -> Option<bool> {
        self.0.is_valid(row).then(|| self.0.value(row))
    }
}
