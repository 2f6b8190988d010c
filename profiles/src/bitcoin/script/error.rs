//! Why a script fails.

crate::causes! {
    /// Why an input is invalid: the names of Bitcoin Core's `ScriptError` without their prefix, as its tests and its
    /// users know them.
    #[allow(non_camel_case_types, reason = "the names are those of Bitcoin Core")]
    pub enum ScriptError {
        /// The scripts end with false, or with nothing.
        EVAL_FALSE,
        /// An executed OP_RETURN.
        OP_RETURN,
        /// A script of more than 10,000 bytes.
        SCRIPT_SIZE,
        /// An element of more than 520 bytes.
        PUSH_SIZE,
        /// More than 201 opcodes, the keys of multisignatures counted.
        OP_COUNT,
        /// More than 1,000 elements.
        STACK_SIZE,
        /// More signatures than keys, or a negative number of them.
        SIG_COUNT,
        /// More than 20 keys, or a negative number of them.
        PUBKEY_COUNT,
        /// A number that is too long or not in its shortest form.
        SCRIPTNUM,
        /// OP_VERIFY of false.
        VERIFY,
        /// OP_EQUALVERIFY of unequal elements.
        EQUALVERIFY,
        /// OP_CHECKMULTISIGVERIFY of false.
        CHECKMULTISIGVERIFY,
        /// OP_CHECKSIGVERIFY of false.
        CHECKSIGVERIFY,
        /// OP_NUMEQUALVERIFY of unequal numbers.
        NUMEQUALVERIFY,
        /// An opcode that does not exist, or a push past the end of the script.
        BAD_OPCODE,
        /// An opcode that was disabled, executed or not.
        DISABLED_OPCODE,
        /// Too few elements, or an index past them.
        INVALID_STACK_OPERATION,
        /// OP_FROMALTSTACK of nothing.
        INVALID_ALTSTACK_OPERATION,
        /// OP_IF without OP_ENDIF, or the other way round.
        UNBALANCED_CONDITIONAL,
        /// A negative lock time.
        NEGATIVE_LOCKTIME,
        /// A lock time that is not reached, or of the other kind.
        UNSATISFIED_LOCKTIME,
        /// A hash type that is not defined.
        SIG_HASHTYPE,
        /// A signature that is not DER as BIP 66 has it.
        SIG_DER,
        /// A push that is not the shortest.
        MINIMALDATA,
        /// Something else than pushes in the script of an input.
        SIG_PUSHONLY,
        /// A signature with a high s.
        SIG_HIGH_S,
        /// The element that OP_CHECKMULTISIG removes needlessly is not empty.
        SIG_NULLDUMMY,
        /// A key of no known form.
        PUBKEYTYPE,
        /// More or other than one element at the end.
        CLEANSTACK,
        /// A condition other than nothing and 01, in version 0.
        MINIMALIF,
        /// A failed check of a signature that is not empty.
        SIG_NULLFAIL,
        /// An opcode that is kept for later.
        DISCOURAGE_UPGRADABLE_NOPS,
        /// A version of witness programs that is kept for later.
        DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM,
        /// A version of leaves that is kept for later.
        DISCOURAGE_UPGRADABLE_TAPROOT_VERSION,
        /// An opcode that succeeds.
        DISCOURAGE_OP_SUCCESS,
        /// A type of keys that is kept for later.
        DISCOURAGE_UPGRADABLE_PUBKEYTYPE,
        /// A program of version 0 of neither 20 nor 32 bytes.
        WITNESS_PROGRAM_WRONG_LENGTH,
        /// A witness program and no witness.
        WITNESS_PROGRAM_WITNESS_EMPTY,
        /// The witness is not of this program.
        WITNESS_PROGRAM_MISMATCH,
        /// A witness program, and a script of the input that is not empty.
        WITNESS_MALLEATED,
        /// A witness program in P2SH, and a script of the input that has more than it.
        WITNESS_MALLEATED_P2SH,
        /// A witness and no witness program.
        WITNESS_UNEXPECTED,
        /// A key of a witness that is not compressed.
        WITNESS_PUBKEYTYPE,
        /// A signature of taproot of neither 64 nor 65 bytes.
        SCHNORR_SIG_SIZE,
        /// A hash type that taproot does not have.
        SCHNORR_SIG_HASHTYPE,
        /// A signature of taproot does not hold.
        SCHNORR_SIG,
        /// A control block of a length that none has.
        TAPROOT_WRONG_CONTROL_SIZE,
        /// More signatures than the witness has weight for.
        TAPSCRIPT_VALIDATION_WEIGHT,
        /// OP_CHECKMULTISIG in a leaf.
        TAPSCRIPT_CHECKMULTISIG,
        /// A condition other than nothing and 01, in a leaf.
        TAPSCRIPT_MINIMALIF,
        /// An empty key in a leaf.
        TAPSCRIPT_EMPTY_PUBKEY,
        /// OP_CODESEPARATOR in a script without a witness.
        OP_CODESEPARATOR,
        /// A signature that stands in the script which it signs.
        SIG_FINDANDDELETE,
    }
}
