//! Transactions taken apart and put together, to be changed: nothing here is shared with the profile.

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Input {
    pub(crate) outpoint: Vec<u8>,
    pub(crate) script: Vec<u8>,
    pub(crate) sequence: u32,
    pub(crate) witness: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Output {
    pub(crate) value: i64,
    pub(crate) script: Vec<u8>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Transaction {
    pub(crate) version: u32,
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) lock_time: u32,
}

/// Bytes of vectors, which are all there.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    pub(crate) fn number(&mut self) -> Option<usize> {
        let little =
            |bytes: &[u8]| bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte));
        Some(match self.take(1)?[0] {
            0xfd => little(self.take(2)?),
            0xfe => little(self.take(4)?),
            0xff => little(self.take(8)?),
            small => usize::from(small),
        })
    }

    fn sized(&mut self) -> Option<Vec<u8>> {
        let length = self.number()?;
        self.take(length).map(<[u8]>::to_vec)
    }

    pub(crate) fn output(&mut self) -> Option<Output> {
        let value = i64::from_le_bytes(self.take(8)?.try_into().ok()?);
        Some(Output { value, script: self.sized()? })
    }

    pub(crate) fn transaction(&mut self) -> Option<Transaction> {
        let version = self.u32()?;
        let has_witness = self.0.first() == Some(&0);
        if has_witness {
            self.take(2)?;
        }
        let input = |bytes: &mut Self| {
            let outpoint = bytes.take(36)?.to_vec();
            Some(Input { outpoint, script: bytes.sized()?, sequence: bytes.u32()?, witness: Vec::new() })
        };
        let mut inputs = (0..self.number()?).map(|_| input(self)).collect::<Option<Vec<Input>>>()?;
        let outputs = (0..self.number()?).map(|_| self.output()).collect::<Option<Vec<Output>>>()?;
        if has_witness {
            for input in &mut inputs {
                input.witness = (0..self.number()?).map(|_| self.sized()).collect::<Option<_>>()?;
            }
        }
        Some(Transaction { version, inputs, outputs, lock_time: self.u32()? })
    }
}

fn compact_size(number: usize, out: &mut Vec<u8>) {
    match number {
        ..0xfd => out.push(number as u8),
        0xfd..0x1_0000 => {
            out.push(0xfd);
            out.extend((number as u16).to_le_bytes());
        }
        _ => {
            out.push(0xfe);
            out.extend((number as u32).to_le_bytes());
        }
    }
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    compact_size(bytes.len(), out);
    out.extend(bytes);
}

impl Transaction {
    pub(crate) fn write(&self) -> Vec<u8> {
        let has_witness = self.inputs.iter().any(|input| !input.witness.is_empty());
        let mut out = self.version.to_le_bytes().to_vec();
        if has_witness {
            out.extend([0, 1]);
        }
        compact_size(self.inputs.len(), &mut out);
        for input in &self.inputs {
            out.extend(&input.outpoint);
            sized(&input.script, &mut out);
            out.extend(input.sequence.to_le_bytes());
        }
        compact_size(self.outputs.len(), &mut out);
        for output in &self.outputs {
            out.extend(output.value.to_le_bytes());
            sized(&output.script, &mut out);
        }
        for input in self.inputs.iter().filter(|_| has_witness) {
            compact_size(input.witness.len(), &mut out);
            input.witness.iter().for_each(|element| sized(element, &mut out));
        }
        out.extend(self.lock_time.to_le_bytes());
        out
    }
}

/// The push of bytes in the shortest of the forms with a length.
pub(crate) fn push(bytes: &[u8]) -> Vec<u8> {
    match bytes.len() {
        length @ ..0x4c => [&[length as u8], bytes].concat(),
        length @ 0x4c..0x100 => [&[0x4c, length as u8], bytes].concat(),
        length => [&[0x4d], &(length as u16).to_le_bytes()[..], bytes].concat(),
    }
}
