//! Opcodes on numbers.

use super::ScriptError;
use super::number::{self, OPERAND};
use super::op::code;
use super::stack::Stack;

/// Runs an opcode on numbers that [`applies`] to.
pub(super) fn run(op: u8, stack: &mut Stack<'_>, minimal: bool) -> Result<(), ScriptError> {
    let operand = |stack: &Stack<'_>, depth| number::decode(stack.peek(depth)?, minimal, OPERAND);
    match op {
        code::ADD1..=code::NOTEQUAL0 => {
            stack.need(1)?;
            let value = operand(stack, 0)?;
            stack.pop()?;
            stack.push_number(match op {
                code::ADD1 => value + 1,
                code::SUB1 => value - 1,
                code::NEGATE => -value,
                code::ABS => value.abs(),
                code::NOT => (value == 0).into(),
                _ => (value != 0).into(),
            });
        }
        code::WITHIN => {
            stack.need(3)?;
            let [value, least, most] = [operand(stack, 2)?, operand(stack, 1)?, operand(stack, 0)?];
            stack.truncate(stack.len() - 3);
            stack.push_bool((least..most).contains(&value));
        }
        _ => {
            stack.need(2)?;
            let (one, two) = (operand(stack, 1)?, operand(stack, 0)?);
            stack.truncate(stack.len() - 2);
            match op {
                code::NUMEQUALVERIFY if one == two => {}
                code::NUMEQUALVERIFY => return Err(ScriptError::NUMEQUALVERIFY),
                _ => stack.push_number(binary(op, one, two)),
            }
        }
    }
    Ok(())
}

/// Whether [`run`] knows an opcode.
pub(super) const fn applies(op: u8) -> bool {
    matches!(op, code::ADD1 | code::SUB1 | code::NEGATE..=code::SUB | code::BOOLAND..=code::WITHIN)
}

/// Operands have 31 bits and a sign, so nothing overflows.
fn binary(op: u8, one: i64, two: i64) -> i64 {
    match op {
        code::ADD => one + two,
        code::SUB => one - two,
        code::BOOLAND => (one != 0 && two != 0).into(),
        code::BOOLOR => (one != 0 || two != 0).into(),
        code::NUMEQUAL => (one == two).into(),
        code::NUMNOTEQUAL => (one != two).into(),
        code::LESSTHAN => (one < two).into(),
        code::GREATERTHAN => (one > two).into(),
        code::LESSTHANOREQUAL => (one <= two).into(),
        code::GREATERTHANOREQUAL => (one >= two).into(),
        code::MIN => one.min(two),
        _ => one.max(two),
    }
}
