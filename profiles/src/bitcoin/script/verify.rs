//! The scripts of an input: its own, that of the output, the one behind a hash, and those of witness programs.

use super::super::evaluation::{Evaluation, Kind, Leaf};
use super::super::flags::Flags;
use super::super::sighash::Code;
use super::super::{hashes, taproot, wire};
use super::op::{self, Ops};
use super::stack::{MAX_ELEMENTS, Stack, is_true};
use super::{Element, MAX_ELEMENT, ScriptError, Version, encoding, interpreter};

/// What the budget of a leaf is beside the bytes of its witness (BIP 342).
const BUDGET_BESIDE: i64 = 50;

/// The first byte of an annex (BIP 341).
const ANNEX: u8 = 0x50;

/// The program of the output that anybody may spend (pay to anchor).
const ANCHOR: [u8; 2] = [0x4e, 0x73];

/// Runs everything that an input must satisfy to spend an output of this script.
pub(in crate::bitcoin) fn verify<'a>(
    output: &'a [u8],
    evaluation: &mut Evaluation<'_, 'a>,
) -> Result<(), ScriptError> {
    let flags = evaluation.flags;
    let script = evaluation.input().script;
    if flags.any(Flags::SIGPUSHONLY) && !op::is_push_only(script) {
        return Err(ScriptError::SIG_PUSHONLY);
    }
    let mut stack = Stack::default();
    interpreter::run(script, &mut stack, Version::Base, None, evaluation)?;
    let behind_hash = flags.any(Flags::P2SH) && op::is_script_hash(output);
    let given = behind_hash.then(|| stack.clone());
    interpreter::run(output, &mut stack, Version::Base, None, evaluation)?;
    ends_true(&stack)?;

    let mut of_witness = false;
    if let Some(program) = program(output, flags) {
        of_witness = true;
        if !script.is_empty() {
            return Err(ScriptError::WITNESS_MALLEATED);
        }
        witness(program, false, evaluation)?;
        stack.truncate(1);
    }
    if let Some(given) = given {
        if !op::is_push_only(script) {
            return Err(ScriptError::SIG_PUSHONLY);
        }
        stack = given;
        // Pushes alone are slices of the script; none is missing where the hash was right.
        let Element::Borrowed(redeem) = stack.pop()? else { return Err(ScriptError::SIG_PUSHONLY) };
        interpreter::run(redeem, &mut stack, Version::Base, None, evaluation)?;
        ends_true(&stack)?;
        if let Some(program) = program(redeem, flags) {
            of_witness = true;
            let (prefix, length) = op::push_prefix(redeem.len());
            if script.strip_prefix(&prefix[..length]) != Some(redeem) {
                return Err(ScriptError::WITNESS_MALLEATED_P2SH);
            }
            witness(program, true, evaluation)?;
            stack.truncate(1);
        }
    }
    if flags.any(Flags::CLEANSTACK) && stack.len() != 1 {
        return Err(ScriptError::CLEANSTACK);
    }
    if flags.any(Flags::WITNESS) && !of_witness && !evaluation.witness().is_empty() {
        return Err(ScriptError::WITNESS_UNEXPECTED);
    }
    Ok(())
}

fn ends_true(stack: &Stack<'_>) -> Result<(), ScriptError> {
    match stack.peek(0) {
        Ok(top) if is_true(top) => Ok(()),
        _ => Err(ScriptError::EVAL_FALSE),
    }
}

fn program(script: &[u8], flags: Flags) -> Option<(u8, &[u8])> {
    op::witness_program(script).filter(|_| flags.any(Flags::WITNESS))
}

/// A witness program: its version, its bytes, and the witness of the input.
fn witness<'a>(
    (version, program): (u8, &'a [u8]),
    behind_hash: bool,
    evaluation: &mut Evaluation<'_, 'a>,
) -> Result<(), ScriptError> {
    let flags = evaluation.flags;
    match (version, program.len()) {
        (0, 20) => {
            let hash = program.first_chunk().ok_or(ScriptError::WITNESS_PROGRAM_WRONG_LENGTH)?;
            key_hash(hash, evaluation)
        }
        (0, 32) => {
            let Some((&script, elements)) = evaluation.witness().split_last() else {
                return Err(ScriptError::WITNESS_PROGRAM_WITNESS_EMPTY);
            };
            if hashes::sha256(script) != program {
                return Err(ScriptError::WITNESS_PROGRAM_MISMATCH);
            }
            execute(script, elements, Version::V0, None, evaluation)
        }
        (0, _) => Err(ScriptError::WITNESS_PROGRAM_WRONG_LENGTH),
        (1, 32) if !behind_hash => match flags.any(Flags::TAPROOT) {
            true => spend_taproot(program, evaluation),
            false => Ok(()),
        },
        (1, 2) if !behind_hash && program == ANCHOR => Ok(()),
        _ if flags.any(Flags::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM) => {
            Err(ScriptError::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM)
        }
        _ => Ok(()),
    }
}

/// `DUP HASH160 <hash> EQUALVERIFY CHECKSIG` on a signature and a key, as the interpreter would run it.
fn key_hash<'a>(hash: &'a [u8; 20], evaluation: &mut Evaluation<'_, 'a>) -> Result<(), ScriptError> {
    let &[signature, key] = evaluation.witness() else { return Err(ScriptError::WITNESS_PROGRAM_MISMATCH) };
    if signature.len() > MAX_ELEMENT || key.len() > MAX_ELEMENT {
        return Err(ScriptError::PUSH_SIZE);
    }
    if hashes::hash160(key) != *hash {
        return Err(ScriptError::EQUALVERIFY);
    }
    let flags = evaluation.flags;
    encoding::check_signature(signature, flags)?;
    encoding::check_key(key, flags, Version::V0)?;
    let (signature, key) = (Element::Borrowed(signature), Element::Borrowed(key));
    match evaluation.ecdsa(Kind::CheckSig, &signature, &key, &Code::KeyHash(hash)) {
        true => Ok(()),
        false if flags.any(Flags::NULLFAIL) && !signature.is_empty() => Err(ScriptError::SIG_NULLFAIL),
        false => Err(ScriptError::EVAL_FALSE),
    }
}

/// An output of taproot: by its key, or by a script that it commits to (BIP 341).
fn spend_taproot<'a>(program: &'a [u8], evaluation: &mut Evaluation<'_, 'a>) -> Result<(), ScriptError> {
    let witness = evaluation.witness();
    let mut elements = witness;
    evaluation.annex = None;
    if let [rest @ .., annex] = witness
        && !rest.is_empty()
        && annex.first() == Some(&ANNEX)
    {
        elements = rest;
        evaluation.annex =
            Some(wire::compact_size(annex.len(), |length| hashes::sha256_all([length, *annex])));
    }
    let (script, control, elements) = match elements {
        [] => return Err(ScriptError::WITNESS_PROGRAM_WITNESS_EMPTY),
        [signature] => {
            let (signature, key) = (Element::Borrowed(*signature), Element::Borrowed(program));
            return evaluation.schnorr(&signature, &key, None);
        }
        [elements @ .., script, control] => (*script, *control, elements),
    };
    let control = taproot::Control::read(control).ok_or(ScriptError::TAPROOT_WRONG_CONTROL_SIZE)?;
    let hash = taproot::leaf(control.version, script);
    if !evaluation.commits(&control, &hash, program) {
        return Err(ScriptError::WITNESS_PROGRAM_MISMATCH);
    }
    if control.version != taproot::TAPSCRIPT {
        return match evaluation.flags.any(Flags::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION) {
            true => Err(ScriptError::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION),
            false => Ok(()),
        };
    }
    // The bytes of the whole witness with its numbers, of which no block has more than 2^32.
    let bytes = wire::compact_size(witness.len(), <[u8]>::len)
        + witness.iter().map(|one| wire::compact_size(one.len(), <[u8]>::len) + one.len()).sum::<usize>();
    let budget = i64::try_from(bytes).unwrap_or(i64::MAX - BUDGET_BESIDE) + BUDGET_BESIDE;
    let mut leaf = Leaf { hash, code_separator: u32::MAX, budget };
    execute(script, elements, Version::Tapscript, Some(&mut leaf), evaluation)
}

/// A script of a witness on the other elements of it.
fn execute<'a>(
    script: &'a [u8],
    elements: &[&'a [u8]],
    version: Version,
    leaf: Option<&mut Leaf>,
    evaluation: &mut Evaluation<'_, 'a>,
) -> Result<(), ScriptError> {
    if version == Version::Tapscript {
        for op in Ops::new(script) {
            if op::is_success(op.map_err(|_| ScriptError::BAD_OPCODE)?.code) {
                return match evaluation.flags.any(Flags::DISCOURAGE_OP_SUCCESS) {
                    true => Err(ScriptError::DISCOURAGE_OP_SUCCESS),
                    false => Ok(()),
                };
            }
        }
        if elements.len() > MAX_ELEMENTS {
            return Err(ScriptError::STACK_SIZE);
        }
    }
    if elements.iter().any(|element| element.len() > MAX_ELEMENT) {
        return Err(ScriptError::PUSH_SIZE);
    }
    let mut stack = Stack::of_slices(elements);
    interpreter::run(script, &mut stack, version, leaf, evaluation)?;
    if stack.len() != 1 {
        return Err(ScriptError::CLEANSTACK);
    }
    ends_true(&stack)
}
