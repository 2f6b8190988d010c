//! Opcodes, and the standard forms of scripts.

/// The opcodes that the interpreter names, by their values (script.h of Bitcoin Core).
pub(in crate::bitcoin) mod code {
    macro_rules! codes {
        ($($name:ident = $value:literal),+ $(,)?) => { $(pub(in crate::bitcoin) const $name: u8 = $value;)+ };
    }
    codes! {
        PUSHDATA1 = 0x4c, PUSHDATA2 = 0x4d, PUSHDATA4 = 0x4e, NEGATIVE_ONE = 0x4f, RESERVED = 0x50,
        ONE = 0x51, SIXTEEN = 0x60,
        NOP = 0x61, IF = 0x63, NOTIF = 0x64, ELSE = 0x67, ENDIF = 0x68, VERIFY = 0x69, RETURN = 0x6a,
        TOALTSTACK = 0x6b, FROMALTSTACK = 0x6c, DROP2 = 0x6d, DUP2 = 0x6e, DUP3 = 0x6f, OVER2 = 0x70,
        ROT2 = 0x71, SWAP2 = 0x72, IFDUP = 0x73, DEPTH = 0x74, DROP = 0x75, DUP = 0x76, NIP = 0x77, OVER = 0x78,
        PICK = 0x79, ROLL = 0x7a, ROT = 0x7b, SWAP = 0x7c, TUCK = 0x7d,
        CAT = 0x7e, RIGHT = 0x81, SIZE = 0x82,
        INVERT = 0x83, XOR = 0x86, EQUAL = 0x87, EQUALVERIFY = 0x88,
        ADD1 = 0x8b, SUB1 = 0x8c, MUL2 = 0x8d, DIV2 = 0x8e, NEGATE = 0x8f, ABS = 0x90, NOT = 0x91, NOTEQUAL0 = 0x92,
        ADD = 0x93, SUB = 0x94, MUL = 0x95, RSHIFT = 0x99,
        BOOLAND = 0x9a, BOOLOR = 0x9b, NUMEQUAL = 0x9c, NUMEQUALVERIFY = 0x9d, NUMNOTEQUAL = 0x9e,
        LESSTHAN = 0x9f, GREATERTHAN = 0xa0, LESSTHANOREQUAL = 0xa1, GREATERTHANOREQUAL = 0xa2, MIN = 0xa3,
        WITHIN = 0xa5, RIPEMD160 = 0xa6, SHA1 = 0xa7, SHA256 = 0xa8, HASH160 = 0xa9, HASH256 = 0xaa,
        CODESEPARATOR = 0xab, CHECKSIG = 0xac, CHECKSIGVERIFY = 0xad, CHECKMULTISIG = 0xae,
        CHECKMULTISIGVERIFY = 0xaf, NOP1 = 0xb0, CHECKLOCKTIMEVERIFY = 0xb1, CHECKSEQUENCEVERIFY = 0xb2,
        NOP4 = 0xb3, NOP10 = 0xb9, CHECKSIGADD = 0xba,
    }
}

/// An opcode with what it pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bitcoin) struct Op<'a> {
    pub(in crate::bitcoin) code: u8,
    /// The bytes that follow it: those of a push, and none otherwise.
    pub(in crate::bitcoin) data: &'a [u8],
}

/// A push goes past the end of the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bitcoin) struct Cut;

/// The opcodes of a script in order. It ends after the first error.
#[derive(Debug, Clone)]
pub(in crate::bitcoin) struct Ops<'a> {
    script: &'a [u8],
    at: usize,
}

impl<'a> Ops<'a> {
    pub(in crate::bitcoin) const fn new(script: &'a [u8]) -> Self {
        Self { script, at: 0 }
    }

    /// The offset of the next opcode. After an error it stands behind what was read of the push, its opcode and length.
    pub(in crate::bitcoin) const fn at(&self) -> usize {
        self.at
    }

    /// The bytes from the next opcode on.
    pub(in crate::bitcoin) fn rest(&self) -> &'a [u8] {
        self.script.get(self.at..).unwrap_or(&[])
    }

    /// Goes on at an offset.
    pub(in crate::bitcoin) const fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    fn length<const N: usize>(&mut self) -> Option<usize> {
        let bytes = self.rest().first_chunk::<N>()?;
        self.at += N;
        Some(bytes.iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte)))
    }

    fn read(&mut self) -> Option<Op<'a>> {
        let code = *self.rest().first()?;
        self.at += 1;
        let length = match code {
            code::PUSHDATA1 => self.length::<1>()?,
            code::PUSHDATA2 => self.length::<2>()?,
            code::PUSHDATA4 => self.length::<4>()?,
            ..code::PUSHDATA1 => code.into(),
            _ => return Some(Op { code, data: &[] }),
        };
        let data = self.rest().get(..length)?;
        self.at += length;
        Some(Op { code, data })
    }
}

impl<'a> Iterator for Ops<'a> {
    type Item = Result<Op<'a>, Cut>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest().is_empty() {
            return None;
        }
        Some(self.read().ok_or_else(|| {
            // Nothing is read after it.
            self.script = &self.script[..self.at];
            Cut
        }))
    }
}

/// Whether a script has nothing but pushes.
pub(in crate::bitcoin) fn is_push_only(script: &[u8]) -> bool {
    Ops::new(script).all(|op| op.is_ok_and(|op| op.code <= code::SIXTEEN))
}

/// Whether a script is `HASH160 <20 bytes> EQUAL` in the one form that BIP 16 knows.
pub(in crate::bitcoin) const fn is_script_hash(script: &[u8]) -> bool {
    matches!(script, [code::HASH160, 20, .., code::EQUAL]) && script.len() == 23
}

/// The version and the program of a script that is a witness program (BIP 141).
pub(in crate::bitcoin) fn witness_program(script: &[u8]) -> Option<(u8, &[u8])> {
    let (&[first, length], program) = script.split_first_chunk::<2>()?;
    let version = match first {
        0 => 0,
        code::ONE..=code::SIXTEEN => first - code::RESERVED,
        _ => return None,
    };
    ((2..=40).contains(&length) && usize::from(length) == program.len()).then_some((version, program))
}

/// Whether an opcode makes a leaf succeed (BIP 342).
pub(in crate::bitcoin) const fn is_success(code: u8) -> bool {
    matches!(code, 80 | 98 | 126..=129 | 131..=134 | 137..=138 | 141..=142 | 149..=153 | 187..=254)
}

/// The bytes before the data of a push, as a script writes it that is not asked for the shortest form.
pub(in crate::bitcoin) fn push_prefix(length: usize) -> ([u8; 5], usize) {
    let digits = (length as u32).to_le_bytes();
    match length {
        0..0x4c => ([length as u8, 0, 0, 0, 0], 1),
        0x4c..=0xff => ([code::PUSHDATA1, digits[0], 0, 0, 0], 2),
        0x100..=0xffff => ([code::PUSHDATA2, digits[0], digits[1], 0, 0], 3),
        _ => ([code::PUSHDATA4, digits[0], digits[1], digits[2], digits[3]], 5),
    }
}

impl Op<'_> {
    /// Whether a push is the shortest of its data.
    pub(super) fn is_minimal(self) -> bool {
        let Self { code, data } = self;
        match data {
            [] => code == 0,
            [1..=16 | 0x81] => false,
            _ if data.len() < 0x4c => usize::from(code) == data.len(),
            _ if data.len() <= 0xff => code == code::PUSHDATA1,
            _ if data.len() <= 0xffff => code == code::PUSHDATA2,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_past_the_end_ends_the_script() {
        for (script, whole) in [
            (&[1][..], 0),
            (&[code::NOP, 0x4c], 1),
            (&[0x4d, 1], 0),
            (&[0x4e, 1, 0, 0, 0x80, 5], 0),
            (&[0x4e, 0xff, 0xff, 0xff, 0xff], 0),
            (&[1, 7, 2, 8], 1),
        ] {
            let ops: Vec<_> = Ops::new(script).collect();
            assert_eq!(ops.len(), whole + 1, "{script:?}");
            assert_eq!(ops.last(), Some(&Err(Cut)), "{script:?}");
        }
    }

    #[test]
    fn pushes_have_one_form_that_deletes_them() {
        for (length, prefix) in [
            (0, &[0][..]),
            (0x4b, &[0x4b]),
            (0x4c, &[0x4c, 0x4c]),
            (0xff, &[0x4c, 0xff]),
            (0x100, &[0x4d, 0, 1]),
            (0x1_0000, &[0x4e, 0, 0, 1, 0]),
        ] {
            let (bytes, count) = push_prefix(length);
            assert_eq!(&bytes[..count], prefix);
            let script = [prefix, &vec![7; length]].concat();
            let op = Ops::new(&script).next().expect("a push").expect("a whole one");
            assert!(op.data.len() == length && op.is_minimal());
        }
    }

    #[test]
    fn witness_programs_have_two_to_forty_bytes_in_one_push() {
        let of = |first: u8, length: usize| [&[first, length as u8][..], &vec![3; length]].concat();
        assert_eq!(witness_program(&of(0, 20)), Some((0, &[3; 20][..])));
        assert_eq!(witness_program(&of(0x60, 40)), Some((16, &[3; 40][..])));
        for script in [of(0, 1), of(0x51, 41), of(0x50, 32), of(0x61, 32), of(0, 20)[..21].to_vec()] {
            assert_eq!(witness_program(&script), None);
        }
    }
}
