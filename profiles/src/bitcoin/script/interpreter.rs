//! One script on a stack.
//!
//! Scripts without witness and of version 0 have at most 10,000 bytes and 201 opcodes that are not pushes; leaves have
//! neither limit, and run in time that their bytes bound: an element has at most 520 bytes, both stacks at most 1,000
//! elements after each opcode, and there are no loops.

use super::super::evaluation::{Evaluation, Leaf};
use super::super::flags::Flags;
use super::super::hashes;
use super::op::{Op, Ops, code};
use super::stack::{Conditions, MAX_ELEMENTS, Stack, is_true};
use super::{Element, MAX_ELEMENT, ScriptError, Version, arithmetic, locks, number};

/// The most bytes of a script (`MAX_SCRIPT_SIZE`), other than of a leaf.
const MAX_SCRIPT: usize = 10_000;

/// The most opcodes that are not pushes (`MAX_OPS_PER_SCRIPT`), other than in a leaf.
const MAX_OPS: usize = 201;

/// A running script.
pub(super) struct Interpreter<'r, 'e, 'a> {
    pub(super) evaluation: &'r mut Evaluation<'e, 'a>,
    pub(super) version: Version,
    /// The leaf that the script is of, in [`Version::Tapscript`].
    pub(super) leaf: Option<&'r mut Leaf>,
    pub(super) script: &'a [u8],
    pub(super) stack: &'r mut Stack<'a>,
    alt: Stack<'a>,
    conditions: Conditions,
    ops: usize,
    /// Where the script that signatures sign begins: behind the last executed OP_CODESEPARATOR.
    pub(super) code_start: usize,
    pub(super) flags: Flags,
    pub(super) minimal: bool,
}

/// Runs a script on a stack.
pub(super) fn run<'a>(
    script: &'a [u8],
    stack: &mut Stack<'a>,
    version: Version,
    leaf: Option<&mut Leaf>,
    evaluation: &mut Evaluation<'_, 'a>,
) -> Result<(), ScriptError> {
    let flags = evaluation.flags;
    let minimal = flags.any(Flags::MINIMALDATA);
    let (alt, conditions) = (Stack::default(), Conditions::default());
    let running = Interpreter {
        evaluation,
        version,
        leaf,
        script,
        stack,
        alt,
        conditions,
        ops: 0,
        code_start: 0,
        flags,
        minimal,
    };
    running.run()
}

impl<'a> Interpreter<'_, '_, 'a> {
    fn run(mut self) -> Result<(), ScriptError> {
        if self.version != Version::Tapscript && self.script.len() > MAX_SCRIPT {
            return Err(ScriptError::SCRIPT_SIZE);
        }
        let mut ops = Ops::new(self.script);
        let mut position = 0_u32;
        while let Some(op) = ops.next() {
            let op = op.map_err(|_| ScriptError::BAD_OPCODE)?;
            if op.data.len() > MAX_ELEMENT {
                return Err(ScriptError::PUSH_SIZE);
            }
            if op.code > code::SIXTEEN {
                self.count_ops(1)?;
            }
            self.refuse(op.code)?;
            let runs = self.conditions.all_true();
            if op.code <= code::PUSHDATA4 {
                if runs {
                    self.push(op)?;
                }
            } else if runs || (code::IF..=code::ENDIF).contains(&op.code) {
                match op.code {
                    code::IF..=code::ENDIF => self.conditional(op.code, runs)?,
                    code::CODESEPARATOR => {
                        self.code_start = ops.at();
                        if let Some(leaf) = &mut self.leaf {
                            leaf.code_separator = position;
                        }
                    }
                    other => self.execute(other)?,
                }
            }
            if self.stack.len() + self.alt.len() > MAX_ELEMENTS {
                return Err(ScriptError::STACK_SIZE);
            }
            // A leaf has fewer opcodes than a block has bytes.
            position = position.saturating_add(1);
        }
        if self.conditions.is_empty() { Ok(()) } else { Err(ScriptError::UNBALANCED_CONDITIONAL) }
    }

    /// Counts opcodes, or the keys of a multisignature.
    pub(super) fn count_ops(&mut self, count: usize) -> Result<(), ScriptError> {
        self.ops = self.ops.saturating_add(count);
        if self.version != Version::Tapscript && self.ops > MAX_OPS {
            return Err(ScriptError::OP_COUNT);
        }
        Ok(())
    }

    /// Opcodes that end a script whether they are executed or not.
    const fn refuse(&self, op: u8) -> Result<(), ScriptError> {
        match op {
            code::CAT..=code::RIGHT
            | code::INVERT..=code::XOR
            | code::MUL2
            | code::DIV2
            | code::MUL..=code::RSHIFT => Err(ScriptError::DISABLED_OPCODE),
            code::CODESEPARATOR
                if matches!(self.version, Version::Base) && self.flags.any(Flags::CONST_SCRIPTCODE) =>
            {
                Err(ScriptError::OP_CODESEPARATOR)
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, op: Op<'a>) -> Result<(), ScriptError> {
        if self.minimal && !op.is_minimal() {
            return Err(ScriptError::MINIMALDATA);
        }
        self.stack.push_slice(op.data);
        Ok(())
    }

    fn conditional(&mut self, op: u8, runs: bool) -> Result<(), ScriptError> {
        match op {
            code::IF | code::NOTIF => {
                let taken = runs && self.condition()? == (op == code::IF);
                self.conditions.open(taken);
                Ok(())
            }
            code::ELSE => self.conditions.toggle(),
            code::ENDIF => self.conditions.close(),
            // OP_VERIF and OP_VERNOTIF.
            _ => Err(ScriptError::BAD_OPCODE),
        }
    }

    fn condition(&mut self) -> Result<bool, ScriptError> {
        let condition = self.stack.pop()?;
        if !matches!(&condition[..], [] | [1]) {
            if self.version == Version::Tapscript {
                return Err(ScriptError::TAPSCRIPT_MINIMALIF);
            }
            if self.version == Version::V0 && self.flags.any(Flags::MINIMALIF) {
                return Err(ScriptError::MINIMALIF);
            }
        }
        Ok(is_true(&condition))
    }

    /// An opcode that is executed and is neither a push of bytes nor a conditional.
    fn execute(&mut self, op: u8) -> Result<(), ScriptError> {
        match op {
            code::NEGATIVE_ONE => self.stack.push_slice(&[0x81]),
            code::ONE..=code::SIXTEEN => {
                self.stack.push_slice(number::small_number((op - code::RESERVED).into()));
            }
            code::NOP => {}
            code::CHECKLOCKTIMEVERIFY => {
                if self.flags.any(Flags::CHECKLOCKTIMEVERIFY) {
                    locks::lock_time(self.stack, self.evaluation, self.minimal)?;
                }
            }
            code::CHECKSEQUENCEVERIFY => {
                if self.flags.any(Flags::CHECKSEQUENCEVERIFY) {
                    locks::sequence(self.stack, self.evaluation, self.minimal)?;
                }
            }
            code::NOP1 | code::NOP4..=code::NOP10 => {
                if self.flags.any(Flags::DISCOURAGE_UPGRADABLE_NOPS) {
                    return Err(ScriptError::DISCOURAGE_UPGRADABLE_NOPS);
                }
            }
            code::VERIFY => {
                if !is_true(self.stack.peek(0)?) {
                    return Err(ScriptError::VERIFY);
                }
                self.stack.pop()?;
            }
            code::RETURN => return Err(ScriptError::OP_RETURN),
            code::TOALTSTACK..=code::TUCK | code::SIZE => self.move_elements(op)?,
            code::EQUAL | code::EQUALVERIFY => {
                self.stack.need(2)?;
                let equal = self.stack.pop()? == self.stack.pop()?;
                match op {
                    code::EQUAL => self.stack.push_bool(equal),
                    _ if equal => {}
                    _ => return Err(ScriptError::EQUALVERIFY),
                }
            }
            code::RIPEMD160..=code::HASH256 => {
                let hashed = hash(op, &self.stack.pop()?);
                self.stack.push(Element::Owned(hashed));
            }
            code::CHECKSIG | code::CHECKSIGVERIFY => self.check_sig(op == code::CHECKSIGVERIFY)?,
            code::CHECKSIGADD => self.check_sig_add()?,
            code::CHECKMULTISIG | code::CHECKMULTISIGVERIFY => {
                self.check_multisig(op == code::CHECKMULTISIGVERIFY)?;
            }
            _ if arithmetic::applies(op) => arithmetic::run(op, self.stack, self.minimal)?,
            _ => return Err(ScriptError::BAD_OPCODE),
        }
        Ok(())
    }

    /// Opcodes that move elements, copy or drop them, and OP_SIZE.
    fn move_elements(&mut self, op: u8) -> Result<(), ScriptError> {
        let stack = &mut *self.stack;
        match op {
            code::TOALTSTACK => self.alt.push(stack.pop()?),
            code::FROMALTSTACK => {
                stack.push(self.alt.pop().map_err(|_| ScriptError::INVALID_ALTSTACK_OPERATION)?);
            }
            code::DROP2 => {
                stack.need(2)?;
                stack.truncate(stack.len() - 2);
            }
            code::DUP2 => (0..2).try_for_each(|_| stack.pick(1))?,
            code::DUP3 => (0..3).try_for_each(|_| stack.pick(2))?,
            code::OVER2 => (0..2).try_for_each(|_| stack.pick(3))?,
            code::ROT2 => (0..2).try_for_each(|_| stack.roll(5))?,
            code::SWAP2 => (0..2).try_for_each(|_| stack.roll(3))?,
            code::IFDUP => {
                if is_true(stack.peek(0)?) {
                    stack.pick(0)?;
                }
            }
            code::DEPTH => stack.push_number(stack.len() as i64),
            code::DROP => drop(stack.pop()?),
            code::DUP => stack.pick(0)?,
            code::NIP => drop(stack.remove(1)?),
            code::OVER => stack.pick(1)?,
            code::PICK | code::ROLL => {
                stack.need(2)?;
                let depth = number::decode(stack.peek(0)?, self.minimal, number::OPERAND)?;
                stack.pop()?;
                let depth = usize::try_from(depth).map_err(|_| ScriptError::INVALID_STACK_OPERATION)?;
                if op == code::PICK { stack.pick(depth)? } else { stack.roll(depth)? }
            }
            code::ROT => stack.roll(2)?,
            code::SWAP => stack.roll(1)?,
            code::TUCK => stack.tuck()?,
            code::SIZE => {
                let length = stack.peek(0)?.len();
                stack.push_number(length as i64);
            }
            _ => return Err(ScriptError::BAD_OPCODE),
        }
        Ok(())
    }
}

fn hash(op: u8, element: &[u8]) -> Vec<u8> {
    match op {
        code::RIPEMD160 => hashes::ripemd160(element).to_vec(),
        code::SHA1 => hashes::sha1(element).to_vec(),
        code::SHA256 => hashes::sha256(element).to_vec(),
        code::HASH160 => hashes::hash160(element).to_vec(),
        _ => hashes::sha256(&hashes::sha256(element)).to_vec(),
    }
}
