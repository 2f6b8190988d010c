//! The two stacks of a running script.

use super::{Element, ScriptError, number};

/// The most elements that both stacks may have together after an opcode.
pub(super) const MAX_ELEMENTS: usize = 1000;

/// A stack. Its bounds are those of the interpreter: it checks them after every opcode, none of which adds more than
/// three elements.
#[derive(Debug, Clone, Default)]
pub(super) struct Stack<'a>(Vec<Element<'a>>);

impl<'a> Stack<'a> {
    pub(super) fn of_slices(slices: &[&'a [u8]]) -> Self {
        Self(slices.iter().map(|&bytes| Element::Borrowed(bytes)).collect())
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub(super) fn push(&mut self, element: Element<'a>) {
        self.0.push(element);
    }

    pub(super) fn push_slice(&mut self, bytes: &'a [u8]) {
        self.0.push(Element::Borrowed(bytes));
    }

    pub(super) fn push_bool(&mut self, value: bool) {
        self.push_slice(number::small_number(value.into()));
    }

    pub(super) fn push_number(&mut self, value: i64) {
        self.push(number::encode(value));
    }

    pub(super) fn pop(&mut self) -> Result<Element<'a>, ScriptError> {
        self.0.pop().ok_or(ScriptError::INVALID_STACK_OPERATION)
    }

    /// That there are so many elements.
    pub(super) fn need(&self, count: usize) -> Result<(), ScriptError> {
        if self.len() < count { Err(ScriptError::INVALID_STACK_OPERATION) } else { Ok(()) }
    }

    /// The offset of the element at this depth; the top is at 0.
    fn place(&self, depth: usize) -> Result<usize, ScriptError> {
        depth
            .checked_add(1)
            .and_then(|count| self.len().checked_sub(count))
            .ok_or(ScriptError::INVALID_STACK_OPERATION)
    }

    /// The element at this depth; the top is at 0.
    pub(super) fn peek(&self, depth: usize) -> Result<&Element<'a>, ScriptError> {
        Ok(&self.0[self.place(depth)?])
    }

    /// Copies the element at this depth to the top.
    pub(super) fn pick(&mut self, depth: usize) -> Result<(), ScriptError> {
        let element = self.peek(depth)?.clone();
        self.push(element);
        Ok(())
    }

    /// Takes the element at this depth out.
    pub(super) fn remove(&mut self, depth: usize) -> Result<Element<'a>, ScriptError> {
        let place = self.place(depth)?;
        Ok(self.0.remove(place))
    }

    /// Moves the element at this depth to the top.
    pub(super) fn roll(&mut self, depth: usize) -> Result<(), ScriptError> {
        let element = self.remove(depth)?;
        self.push(element);
        Ok(())
    }

    /// Puts a copy of the top below the element under it.
    pub(super) fn tuck(&mut self) -> Result<(), ScriptError> {
        let place = self.place(1)?;
        let top = self.peek(0)?.clone();
        self.0.insert(place, top);
        Ok(())
    }
}

/// Whether an element is true: it has a byte that is not zero, other than a sign.
pub(super) fn is_true(element: &[u8]) -> bool {
    match element.split_last() {
        Some((0 | 0x80, low)) => low.iter().any(|&byte| byte != 0),
        Some(_) => true,
        None => false,
    }
}

/// Which branches of conditionals run: the number of open ones, and how many of the outermost are taken before the first
/// that is not. Everything inside one that is not taken does not run, whatever it is.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    open: usize,
    first_false: Option<usize>,
}

impl Conditions {
    pub(super) const fn is_empty(&self) -> bool {
        self.open == 0
    }

    pub(super) const fn all_true(&self) -> bool {
        self.first_false.is_none()
    }

    pub(super) fn open(&mut self, taken: bool) {
        if !taken && self.first_false.is_none() {
            self.first_false = Some(self.open);
        }
        self.open += 1;
    }

    /// OP_ELSE.
    pub(super) fn toggle(&mut self) -> Result<(), ScriptError> {
        let top = self.open.checked_sub(1).ok_or(ScriptError::UNBALANCED_CONDITIONAL)?;
        match self.first_false {
            None => self.first_false = Some(top),
            Some(first) if first == top => self.first_false = None,
            // It is inside of one that is not taken: what it says does not count.
            Some(_) => {}
        }
        Ok(())
    }

    /// OP_ENDIF.
    pub(super) fn close(&mut self) -> Result<(), ScriptError> {
        self.open = self.open.checked_sub(1).ok_or(ScriptError::UNBALANCED_CONDITIONAL)?;
        if self.first_false == Some(self.open) {
            self.first_false = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a list of what each open conditional says.
    #[test]
    fn conditions_are_those_of_a_list() {
        let mut random = 1_u32;
        for _ in 0..200 {
            let (mut list, mut conditions) = (Vec::new(), Conditions::default());
            for _ in 0..200 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                match random >> 29 {
                    0..=2 => {
                        let taken = random >> 20 & 1 == 1;
                        list.push(taken);
                        conditions.open(taken);
                    }
                    3..=5 => {
                        let toggled = list.last_mut().map(|last| *last = !*last);
                        assert_eq!(conditions.toggle().ok(), toggled);
                    }
                    _ => assert_eq!(conditions.close().is_ok(), list.pop().is_some()),
                }
                assert_eq!(conditions.all_true(), list.iter().all(|&taken| taken));
                assert_eq!(conditions.is_empty(), list.is_empty());
            }
        }
    }

    #[test]
    fn nothing_but_zeros_and_a_sign_is_false() {
        for element in [&[][..], &[0], &[0x80], &[0, 0], &[0, 0x80]] {
            assert!(!is_true(element), "{element:?}");
        }
        for element in [&[1][..], &[0x80, 0], &[0, 1], &[0x81]] {
            assert!(is_true(element), "{element:?}");
        }
    }
}
