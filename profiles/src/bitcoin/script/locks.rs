//! Lock times that scripts ask for (BIP 65, BIP 112).

use super::super::evaluation::Evaluation;
use super::ScriptError;
use super::number::{self, LOCK};
use super::stack::Stack;

/// From here on a lock time is a time in seconds, below it a height.
const TIMES: i64 = 500_000_000;

/// The bit of a sequence number that says it is no lock.
const DISABLED: i64 = 1 << 31;
/// The bit that says the lock is a time.
const IS_TIME: i64 = 1 << 22;
/// What is compared: the kind and the value.
const COMPARED: i64 = IS_TIME | 0xffff;

fn operand(stack: &Stack<'_>, minimal: bool) -> Result<i64, ScriptError> {
    match number::decode(stack.peek(0)?, minimal, LOCK)? {
        ..0 => Err(ScriptError::NEGATIVE_LOCKTIME),
        lock => Ok(lock),
    }
}

/// That a lock is of the same kind as what is reached, and not beyond it.
fn reached(lock: i64, reached: i64, kinds: i64) -> Result<(), ScriptError> {
    let same_kind = (lock < kinds) == (reached < kinds);
    if same_kind && lock <= reached { Ok(()) } else { Err(ScriptError::UNSATISFIED_LOCKTIME) }
}

/// OP_CHECKLOCKTIMEVERIFY.
pub(super) fn lock_time(
    stack: &Stack<'_>,
    evaluation: &Evaluation<'_, '_>,
    minimal: bool,
) -> Result<(), ScriptError> {
    let lock = operand(stack, minimal)?;
    reached(lock, evaluation.transaction.lock_time().into(), TIMES)?;
    // An input that is final makes the lock time of the transaction count for nothing.
    match evaluation.input().sequence() {
        u32::MAX => Err(ScriptError::UNSATISFIED_LOCKTIME),
        _ => Ok(()),
    }
}

/// OP_CHECKSEQUENCEVERIFY.
pub(super) fn sequence(
    stack: &Stack<'_>,
    evaluation: &Evaluation<'_, '_>,
    minimal: bool,
) -> Result<(), ScriptError> {
    let lock = operand(stack, minimal)?;
    if lock & DISABLED != 0 {
        return Ok(());
    }
    let own = i64::from(evaluation.input().sequence());
    if evaluation.transaction.version() < 2 || own & DISABLED != 0 {
        return Err(ScriptError::UNSATISFIED_LOCKTIME);
    }
    reached(lock & COMPARED, own & COMPARED, IS_TIME)
}
