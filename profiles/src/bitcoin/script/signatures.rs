//! Opcodes that check signatures. Each asks [`Evaluation`] whether a signature holds, which answers with a guess where the
//! engine has not been asked yet; what is done with the answer is here.

use super::super::evaluation::Kind;
use super::super::flags::Flags;
use super::super::sighash::Code;
use super::interpreter::Interpreter;
use super::number::{self, OPERAND};
use super::op::{Ops, push_prefix};
use super::{Element, ScriptError, Version, encoding};

/// The most keys of a multisignature (`MAX_PUBKEYS_PER_MULTISIG`).
const MAX_KEYS: i64 = 20;

/// What a signature that is not empty takes of the budget of a leaf (BIP 342).
const WEIGHT_OF_SIGNATURE: i64 = 50;

impl<'a> Interpreter<'_, '_, 'a> {
    /// OP_CHECKSIG and OP_CHECKSIGVERIFY.
    pub(super) fn check_sig(&mut self, verify: bool) -> Result<(), ScriptError> {
        self.stack.need(2)?;
        let (key, signature) = (self.stack.pop()?, self.stack.pop()?);
        let holds = self.holds(&signature, &key)?;
        match verify {
            false => self.stack.push_bool(holds),
            true if holds => {}
            true => return Err(ScriptError::CHECKSIGVERIFY),
        }
        Ok(())
    }

    /// OP_CHECKSIGADD (BIP 342).
    pub(super) fn check_sig_add(&mut self) -> Result<(), ScriptError> {
        if self.version != Version::Tapscript {
            return Err(ScriptError::BAD_OPCODE);
        }
        self.stack.need(3)?;
        let count = number::decode(self.stack.peek(1)?, self.minimal, OPERAND)?;
        let (key, _, signature) = (self.stack.pop()?, self.stack.pop()?, self.stack.pop()?);
        let holds = self.holds(&signature, &key)?;
        self.stack.push_number(count + i64::from(holds));
        Ok(())
    }

    fn holds(&mut self, signature: &Element<'a>, key: &Element<'a>) -> Result<bool, ScriptError> {
        match self.version {
            Version::Tapscript => self.holds_in_leaf(signature, key),
            Version::Base | Version::V0 => {
                let code = self.code(std::slice::from_ref(signature))?;
                encoding::check_signature(signature, self.flags)?;
                encoding::check_key(key, self.flags, self.version)?;
                let holds = self.evaluation.ecdsa(Kind::CheckSig, signature, key, &code);
                if !holds && self.flags.any(Flags::NULLFAIL) && !signature.is_empty() {
                    return Err(ScriptError::SIG_NULLFAIL);
                }
                Ok(holds)
            }
        }
    }

    /// A signature of a leaf is empty, or it must hold.
    fn holds_in_leaf(&mut self, signature: &Element<'a>, key: &Element<'a>) -> Result<bool, ScriptError> {
        let given = !signature.is_empty();
        let leaf = self.leaf.as_deref_mut().ok_or(ScriptError::BAD_OPCODE)?;
        if given {
            leaf.budget -= WEIGHT_OF_SIGNATURE;
            if leaf.budget < 0 {
                return Err(ScriptError::TAPSCRIPT_VALIDATION_WEIGHT);
            }
        }
        match key.len() {
            0 => return Err(ScriptError::TAPSCRIPT_EMPTY_PUBKEY),
            32 if given => self.evaluation.schnorr(signature, key, Some(leaf))?,
            32 => {}
            _ if self.flags.any(Flags::DISCOURAGE_UPGRADABLE_PUBKEYTYPE) => {
                return Err(ScriptError::DISCOURAGE_UPGRADABLE_PUBKEYTYPE);
            }
            // A type of keys that is kept for later: whatever is not empty holds.
            _ => {}
        }
        Ok(given)
    }

    /// OP_CHECKMULTISIG and OP_CHECKMULTISIGVERIFY: both lists from their ends, every signature with the next key that it
    /// holds under, until the keys that are left are fewer than the signatures.
    pub(super) fn check_multisig(&mut self, verify: bool) -> Result<(), ScriptError> {
        if self.version == Version::Tapscript {
            return Err(ScriptError::TAPSCRIPT_CHECKMULTISIG);
        }
        let keys = self.counted(0, MAX_KEYS, ScriptError::PUBKEY_COUNT)?;
        self.count_ops(keys)?;
        self.stack.need(keys + 2)?;
        let most = i64::try_from(keys).map_err(|_| ScriptError::SIG_COUNT)?;
        let signatures = self.counted(keys + 1, most, ScriptError::SIG_COUNT)?;
        let (first_key, first_signature) = (1, keys + 2);
        // With the element below them that nobody reads.
        self.stack.need(first_signature + signatures + 1)?;

        let each = (0..signatures).map(|place| self.stack.peek(first_signature + place).cloned());
        let each: Vec<Element<'a>> = each.collect::<Result<_, _>>()?;
        let code = self.code(&each)?;
        let (mut matched, mut tried) = (0, 0);
        let mut holds = true;
        while holds && matched < signatures {
            let (signature, key) = (&each[matched], self.stack.peek(first_key + tried)?.clone());
            encoding::check_signature(signature, self.flags)?;
            encoding::check_key(&key, self.flags, self.version)?;
            matched += usize::from(self.evaluation.ecdsa(Kind::MultiSig, signature, &key, &code));
            tried += 1;
            holds = signatures - matched <= keys - tried;
        }
        if !holds && self.flags.any(Flags::NULLFAIL) && each.iter().any(|signature| !signature.is_empty()) {
            return Err(ScriptError::SIG_NULLFAIL);
        }
        self.stack.truncate(self.stack.len() - (first_signature + signatures));
        let dummy = self.stack.pop()?;
        if self.flags.any(Flags::NULLDUMMY) && !dummy.is_empty() {
            return Err(ScriptError::SIG_NULLDUMMY);
        }
        match verify {
            false => self.stack.push_bool(holds),
            true if holds => {}
            true => return Err(ScriptError::CHECKMULTISIGVERIFY),
        }
        Ok(())
    }

    /// The number at a depth, from 0 to `most`.
    fn counted(&self, depth: usize, most: i64, error: ScriptError) -> Result<usize, ScriptError> {
        match number::decode(self.stack.peek(depth)?, self.minimal, OPERAND)? {
            count if (0..=most).contains(&count) => usize::try_from(count).map_err(|_| error),
            _ => Err(error),
        }
    }

    /// What signatures sign of the script: all behind the last executed OP_CODESEPARATOR, in scripts without witness
    /// without the pushes of these signatures.
    fn code(&self, signatures: &[Element<'a>]) -> Result<Code<'a>, ScriptError> {
        let script = &self.script[self.code_start..];
        if self.version != Version::Base {
            return Ok(Code::V0(script));
        }
        let mut deleted: Option<Vec<u8>> = None;
        for signature in signatures {
            if let Some(rest) = without(deleted.as_deref().unwrap_or(script), signature) {
                if self.flags.any(Flags::CONST_SCRIPTCODE) {
                    return Err(ScriptError::SIG_FINDANDDELETE);
                }
                deleted = Some(rest);
            }
        }
        Ok(deleted.map_or(Code::Legacy(script), Code::Deleted))
    }
}

/// The script without the pushes of `data` that stand where an opcode begins; `None` where there is none. A push of the
/// same bytes in a longer form stays.
fn without(script: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let (prefix, length) = push_prefix(data.len());
    let prefix = &prefix[..length];
    if prefix.len() + data.len() > script.len() {
        return None;
    }
    let (mut ops, mut kept, mut from) = (Ops::new(script), None::<Vec<u8>>, 0);
    loop {
        let (at, mut end) = (ops.at(), ops.at());
        while script[end..].strip_prefix(prefix).is_some_and(|rest| rest.starts_with(data)) {
            end += prefix.len() + data.len();
        }
        if end > at {
            kept.get_or_insert_default().extend_from_slice(&script[from..at]);
            from = end;
            ops.skip_to(end);
        }
        if !matches!(ops.next(), Some(Ok(_))) {
            break;
        }
    }
    kept.map(|mut kept| {
        kept.extend_from_slice(&script[from..]);
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases that matter of Core's tests of FindAndDelete.
    #[test]
    fn pushes_are_deleted_where_opcodes_begin() {
        let of = |script: &[u8], data: &[u8]| without(script, data);
        assert_eq!(of(&[0x51, 1, 7, 0x52], &[7]), Some(vec![0x51, 0x52]));
        assert_eq!(of(&[1, 7, 1, 7, 0xac], &[7]), Some(vec![0xac]));
        // Inside of another push it stays, and so it does in another form.
        assert_eq!(of(&[3, 1, 7, 9, 0xac], &[7]), None);
        assert_eq!(of(&[0x4c, 1, 7], &[7]), None);
        // What follows a deleted push is read from there, whatever it was before.
        assert_eq!(of(&[2, 1, 7, 1, 7, 5], &[7]), Some(vec![2, 1, 7, 5]));
        // An empty signature is OP_0.
        assert_eq!(of(&[0, 0x51, 0], &[]), Some(vec![0x51]));
        // Behind a push past the end nothing is looked at.
        assert_eq!(of(&[1, 7, 9, 1, 7], &[7]), Some(vec![9, 1, 7]));
    }
}
