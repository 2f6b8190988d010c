//! The caller's memory: the only place where pointers become slices, and where outputs are written.
//!
//! Inputs are borrowed for the length of a call. Outputs stay raw pointers: they are written by copies, so that no
//! reference to memory of the caller is ever exclusive, and outputs that lie on inputs are refused before anything is
//! written.

use std::ffi::{CStr, c_char};
use std::ops::Range;

use crate::error::{
    Failure, SIGWARP_ERROR_BUFFER, SIGWARP_ERROR_COLUMNS, SIGWARP_ERROR_NULL, SIGWARP_ERROR_TEXT,
    sigwarp_code, sigwarp_error,
};

fn null(name: &str) -> Failure {
    Failure::new(SIGWARP_ERROR_NULL, format!("{name} is null; pass an address"))
}

/// A pointer that is neither null nor misaligned, to values that fit into the address space.
fn check<T>(name: &str, pointer: *const T, count: usize) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(null(name));
    }
    if !pointer.is_aligned() {
        let align = align_of::<T>();
        return Err(Failure::argument(format!("{name} is not aligned to {align} bytes; align it")));
    }
    if count.checked_mul(size_of::<T>()).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        let text = format!("{name} cannot have {count} entries; pass their number, not an end or a size");
        return Err(Failure::new(SIGWARP_ERROR_COLUMNS, text));
    }
    Ok(())
}

/// The caller's array. A null pointer to nothing is an empty array.
///
/// # Safety
/// Where `pointer` is not null, `count` values can be read from it for as long as `'a`, and nobody writes to them
/// meanwhile. Every bit pattern is a `T`.
pub(crate) unsafe fn array<'a, T>(name: &str, pointer: *const T, count: usize) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    check(name, pointer, count)?;
    // SAFETY: not null, aligned and not too long, as just checked; readable and unchanged, as the caller promises.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

/// The caller's structure.
///
/// # Safety
/// As [`array`], for one value.
pub(crate) unsafe fn one<'a, T>(name: &str, pointer: *const T) -> Result<&'a T, Failure> {
    check(name, pointer, 1)?;
    // SAFETY: not null and aligned; readable and unchanged, as the caller promises.
    Ok(unsafe { &*pointer })
}

/// The caller's zero-terminated text, or nothing for a null pointer.
///
/// # Safety
/// Where `pointer` is not null, a zero byte ends what can be read from it for as long as `'a`.
pub(crate) unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not null; terminated, as the caller promises.
    let text = unsafe { CStr::from_ptr(pointer) };
    match text.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Failure::argument(format!("{name} is not UTF-8; pass a name in ASCII"))),
    }
}

/// As [`text`], for a name that must be there.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn name<'a>(name: &str, pointer: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: passed on.
    unsafe { text(name, pointer) }?.ok_or_else(|| null(name))
}

/// The caller's buffer for results.
#[derive(Debug)]
pub(crate) struct Output<T> {
    pointer: *mut T,
    count: usize,
}

impl<T: Copy + Default> Output<T> {
    /// A buffer with room for `needed` values, zeroed already: whatever ends the call before it is filled, nothing of
    /// an earlier call is left in it. Only so many values are ever written. `inputs` are the addresses that the call
    /// reads or writes otherwise; a buffer that lies on them is refused and not touched.
    ///
    /// # Safety
    /// `capacity` values can be written until the call returns, nobody else touches them, and no reference to memory
    /// of the caller exists yet.
    pub(crate) unsafe fn new(
        name: &'static str,
        pointer: *mut T,
        capacity: usize,
        needed: usize,
        inputs: &[Range<usize>],
    ) -> Result<Self, Failure> {
        let count = needed.min(capacity);
        if count > 0 {
            check(name, pointer, count)?;
            let own = range(pointer, count);
            let meets =
                |other: &Range<usize>| !other.is_empty() && own.start < other.end && other.start < own.end;
            if inputs.iter().any(meets) {
                let text = format!("{name} overlaps another argument of the call; use separate memory");
                return Err(Failure::new(SIGWARP_ERROR_BUFFER, text));
            }
        }
        let output = Self { pointer, count };
        output.fill(std::iter::repeat(T::default()));
        if count < needed {
            let text = format!("{name} has room for {capacity} entries and needs {needed}; enlarge it");
            return Err(Failure::new(SIGWARP_ERROR_BUFFER, text));
        }
        Ok(output)
    }

    /// As [`Self::new`] for a single value, which the call does not also read.
    ///
    /// # Safety
    /// As [`Self::new`].
    pub(crate) unsafe fn one(name: &'static str, pointer: *mut T) -> Result<Self, Failure> {
        // SAFETY: passed on.
        unsafe { Self::new(name, pointer, 1, 1, &[]) }
    }

    /// As [`Self::new`], or nothing for a null pointer.
    ///
    /// # Safety
    /// As [`Self::new`].
    pub(crate) unsafe fn optional(
        name: &'static str,
        pointer: *mut T,
        capacity: usize,
        needed: usize,
        inputs: &[Range<usize>],
    ) -> Result<Option<Self>, Failure> {
        if pointer.is_null() {
            return Ok(None);
        }
        // SAFETY: passed on.
        unsafe { Self::new(name, pointer, capacity, needed, inputs) }.map(Some)
    }

    /// Where the buffer lies.
    pub(crate) fn range(&self) -> Range<usize> {
        range(self.pointer, self.count)
    }

    /// Writes the values, as many as there are up to the number that was asked for.
    pub(crate) fn fill(&self, values: impl Iterator<Item = T>) {
        for (index, value) in values.take(self.count).enumerate() {
            // SAFETY: below `count`; writable, as the maker of the buffer promised.
            unsafe { self.pointer.add(index).write(value) };
        }
    }

    /// Writes one value.
    pub(crate) fn set(&self, value: T) {
        self.fill(std::iter::once(value));
    }

    /// The buffer as a slice, which `new` has initialised.
    pub(crate) fn slice(&mut self) -> &mut [T] {
        if self.count == 0 {
            return &mut [];
        }
        // SAFETY: not null, aligned, not too long and initialised, as `new` saw to; writable and untouched by others,
        // as its caller promised.
        unsafe { std::slice::from_raw_parts_mut(self.pointer, self.count) }
    }
}

/// The addresses of an array; of one that no memory holds, which is refused where it is borrowed, none.
pub(crate) fn range<T>(pointer: *const T, count: usize) -> Range<usize> {
    let start = pointer.addr();
    let bytes = count.checked_mul(size_of::<T>()).filter(|&bytes| isize::try_from(bytes).is_ok());
    start..start.saturating_add(bytes.unwrap_or(0))
}

/// Writes how a call ended, if the caller wants to know.
pub(crate) fn write_error(error: *mut sigwarp_error, code: sigwarp_code, text: &str) {
    if error.is_null() || !error.is_aligned() {
        return;
    }
    let mut length = text.len().min(SIGWARP_ERROR_TEXT - 1);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    // SAFETY: not null and aligned; the caller gives a `sigwarp_error` that can be written, and the bytes copied
    // end before its last one.
    unsafe {
        (&raw mut (*error).code).write(code);
        let target = (&raw mut (*error).text).cast::<u8>();
        std::ptr::copy_nonoverlapping(text.as_ptr(), target, length);
        target.add(length).write(0);
    }
}

/// Writes `text` and its terminating zero into the caller's buffer, and its length with the zero to `needed`.
///
/// # Safety
/// `capacity` bytes can be written to `buffer`, and `needed` is null or can be written.
pub(crate) unsafe fn write_text(
    text: &str,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> Result<(), Failure> {
    let length = text.len() + 1;
    // SAFETY: the caller promises that it can be written; nothing of the caller is borrowed.
    if let Some(needed) = unsafe { Output::optional("needed", needed, 1, 1, &[]) }? {
        needed.set(length);
        if capacity == 0 {
            return Ok(());
        }
    }
    // SAFETY: as above.
    let output = unsafe { Output::new("text", buffer.cast::<u8>(), capacity, length, &[]) }?;
    output.fill(text.bytes().chain(std::iter::once(0)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::SIGWARP_ERROR_ARGUMENT;

    fn code<T>(result: Result<T, Failure>) -> sigwarp_code {
        result.err().map_or(0, |failure| failure.code)
    }

    #[test]
    fn arrays_are_checked_before_they_are_read() {
        let values = [1u64, 2, 3];
        let odd = values.as_ptr().cast::<u8>().wrapping_add(1).cast::<u64>();
        // SAFETY: the array is read where it is whole; the other pointers are refused unread.
        unsafe {
            assert_eq!(array("a", values.as_ptr(), 3).unwrap(), values);
            assert!(array::<u64>("a", std::ptr::null(), 0).unwrap().is_empty());
            assert_eq!(code(array::<u64>("a", std::ptr::null(), 1)), SIGWARP_ERROR_NULL);
            assert_eq!(code(array("a", odd, 2)), SIGWARP_ERROR_ARGUMENT);
            assert_eq!(code(array("a", values.as_ptr(), usize::MAX)), SIGWARP_ERROR_COLUMNS);
            assert_eq!(code(array("a", values.as_ptr(), isize::MAX as usize)), SIGWARP_ERROR_COLUMNS);
            assert_eq!(code(name("n", std::ptr::null())), SIGWARP_ERROR_NULL);
            assert_eq!(code(name("n", c"\xff".as_ptr())), SIGWARP_ERROR_ARGUMENT);
            assert_eq!(text("n", c"x".as_ptr()).unwrap(), Some("x"));
        }
    }

    #[test]
    fn outputs_are_long_enough_and_apart_from_inputs() {
        let mut values = [7u8; 8];
        let start = values.as_mut_ptr();
        let make = |capacity, inputs: &[Range<usize>]| {
            // SAFETY: at most the eight bytes of an array of this function.
            unsafe { Output::new("o", start, capacity, 4, inputs) }
        };
        assert_eq!(code(make(8, &[range(start, 1)])), SIGWARP_ERROR_BUFFER);
        assert_eq!(code(make(8, &[range(start.wrapping_add(3), 9)])), SIGWARP_ERROR_BUFFER);
        assert_eq!(values, [7; 8], "refused and untouched");
        assert_eq!(code(make(3, &[])), SIGWARP_ERROR_BUFFER);
        assert_eq!(values, [0, 0, 0, 7, 7, 7, 7, 7], "short and zeroed as far as it goes");
        let mut output =
            make(8, &[range(start.wrapping_add(4), 4), range(start.wrapping_add(1), 0)]).unwrap();
        output.fill([1, 2, 3, 4, 5, 6].into_iter());
        assert_eq!(output.slice(), [1, 2, 3, 4]);
        assert_eq!(values, [1, 2, 3, 4, 7, 7, 7, 7]);
        // SAFETY: refused, or empty.
        unsafe {
            let null = std::ptr::null_mut::<u8>();
            assert_eq!(code(Output::new("o", null, 4, 4, &[])), SIGWARP_ERROR_NULL);
            assert_eq!(code(Output::new("o", null, 0, 0, &[])), 0);
            assert!(Output::new("o", null, 0, 0, &[]).unwrap().slice().is_empty());
        }
    }
}
