//! Precompiles: instructions that have signatures verified whose keys, messages and bytes the instruction points at.
//!
//! Their data begin with a number of records of offsets. Offsets count in the data of any instruction of the
//! transaction, and may overlap. A call ends at its first error.

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Hash, Suite};

use super::Fault;
use super::wire::{Instruction, Transaction};
use crate::batch::Answers;
use crate::work::{CheckId, RecoveryId, Work};
use crate::{Part, Role, Signature, Verdict};

/// Ed25519SigVerify111111111111111111111111111.
const ED25519: [u8; 32] = [
    0x03, 0x7d, 0x46, 0xd6, 0x7c, 0x93, 0xfb, 0xbe, 0x12, 0xf9, 0x42, 0x8f, 0x83, 0x8d, 0x40, 0xff, 0x05,
    0x70, 0x74, 0x49, 0x27, 0xf4, 0x8a, 0x64, 0xfc, 0xca, 0x70, 0x44, 0x80, 0x00, 0x00, 0x00,
];

/// KeccakSecp256k11111111111111111111111111111.
const SECP256K1: [u8; 32] = [
    0x04, 0xc6, 0xfc, 0x20, 0xf0, 0x50, 0xcc, 0xf0, 0x55, 0x84, 0xd7, 0x21, 0x1c, 0x9f, 0x8c, 0xf5, 0x9e,
    0xc1, 0x47, 0x85, 0xbb, 0x16, 0x6a, 0x1e, 0x28, 0x30, 0xe8, 0x12, 0x20, 0x00, 0x00, 0x00,
];

/// Secp256r1SigVerify1111111111111111111111111.
const SECP256R1: [u8; 32] = [
    0x06, 0x92, 0x0d, 0xec, 0x2f, 0xea, 0x71, 0xb5, 0xb7, 0x23, 0x81, 0x4d, 0x74, 0x2d, 0xa9, 0x03, 0x1c,
    0x83, 0xe7, 0x5f, 0xdb, 0x79, 0x5d, 0x56, 0x8e, 0x75, 0x47, 0x80, 0x20, 0x00, 0x00, 0x00,
];

/// The most records of a call of secp256r1.
const MOST_SECP256R1: u8 = 8;

/// The index that means the instruction itself. secp256k1, whose indices are bytes, has none: 0 is the first one.
const ITSELF: u16 = u16::MAX;

/// A call of a precompile, and what must be verified for it.
pub(super) struct Call {
    role: Role,
    checks: Vec<Check>,
    /// What is malformed in the record after those of the checks, or in the whole call.
    fault: Option<Fault>,
}

enum Check {
    Key(CheckId),
    /// The key that the signature recovers to must have this address.
    Address(RecoveryId, [u8; 20]),
}

/// The calls of precompiles in a transaction. `ed25519` is the rule of its signatures.
pub(super) fn calls<'a>(transaction: &Transaction<'a>, ed25519: &Suite, work: &mut Work<'a>) -> Vec<Call> {
    let mut calls = Vec::new();
    for (place, instruction) in transaction.instructions.iter().enumerate() {
        let Some(key) = transaction.keys.get(usize::from(instruction.program)) else { continue };
        let mut reading =
            Reading { all: &transaction.instructions, own: instruction.data, checks: Vec::new() };
        let (name, read) = match *key {
            ED25519 => ("ed25519", reading.ed25519(ed25519, work)),
            SECP256K1 => ("secp256k1", reading.secp256k1(work)),
            SECP256R1 => ("secp256r1", reading.secp256r1(work)),
            _ => continue,
        };
        calls.push(Call { role: Role::nth(name, place), checks: reading.checks, fault: read.err() });
    }
    calls
}

/// A call that is being read.
struct Reading<'t, 'a> {
    all: &'t [Instruction<'a>],
    /// The data of the instruction.
    own: &'a [u8],
    checks: Vec<Check>,
}

impl<'a> Reading<'_, 'a> {
    fn ed25519(&mut self, suite: &Suite, work: &mut Work<'a>) -> Result<(), Fault> {
        let (&[count, _], records) = self.own.split_first_chunk().ok_or(Fault::InvalidInstructionDataSize)?;
        if count == 0 && !records.is_empty() {
            return Err(Fault::InvalidInstructionDataSize);
        }
        self.keyed::<32>(count, records, suite, work)
    }

    fn secp256r1(&mut self, work: &mut Work<'a>) -> Result<(), Fault> {
        let (&[count, _], records) = self.own.split_first_chunk().ok_or(Fault::InvalidInstructionDataSize)?;
        if !(1..=MOST_SECP256R1).contains(&count) {
            return Err(Fault::InvalidInstructionDataSize);
        }
        let suite = Suite::ecdsa(EcdsaScheme::P256Sha256, EcdsaRule::LowS, EcdsaEncoding::Raw);
        self.keyed::<33>(count, records, &suite, work)
    }

    /// Records of seven numbers of 16 bits, for keys of `KEY` bytes.
    fn keyed<const KEY: usize>(
        &mut self,
        count: u8,
        records: &'a [u8],
        suite: &Suite,
        work: &mut Work<'a>,
    ) -> Result<(), Fault> {
        for record in counted::<14>(count, records)? {
            let number = |place: usize| u16::from_le_bytes([record[2 * place], record[2 * place + 1]]);
            let [signature, signature_in, key, key_in, message, message_length, message_in] =
                std::array::from_fn(number);
            let signature = part(self.data(signature_in), signature, 64)?;
            let key = part(self.data(key_in), key, KEY)?;
            let message = part(self.data(message_in), message, message_length.into())?;
            self.checks.push(Check::Key(work.verify(suite, key, message, signature)));
        }
        Ok(())
    }

    /// Records of offsets of 16 bits and indices of 8: signature and recovery id, address, message.
    fn secp256k1(&mut self, work: &mut Work<'a>) -> Result<(), Fault> {
        let (&count, records) = self.own.split_first().ok_or(Fault::InvalidInstructionDataSize)?;
        if count == 0 && !records.is_empty() {
            return Err(Fault::InvalidInstructionDataSize);
        }
        for &[s0, s1, signature_in, a0, a1, address_in, m0, m1, l0, l1, message_in] in
            counted::<11>(count, records)?
        {
            let nth = |index: u8| self.all.get(usize::from(index)).map(|instruction| instruction.data);
            let signed = nth(signature_in).ok_or(Fault::InvalidInstructionDataSize)?;
            let signed = part(Some(signed), u16::from_le_bytes([s0, s1]), 65)?;
            let address = part(nth(address_in), u16::from_le_bytes([a0, a1]), 20)?;
            let length = u16::from_le_bytes([l0, l1]);
            let message = part(nth(message_in), u16::from_le_bytes([m0, m1]), length.into())?;
            let (Some((signature, &[id])), Some(&address)) =
                (signed.split_first_chunk::<64>(), address.first_chunk())
            else {
                return Err(Fault::InvalidDataOffsets);
            };
            let digest = work.hash(Hash::Keccak256, &[message.into()]);
            let recovery = work.recover(EcdsaRule::Any, digest, signature, id);
            self.checks.push(Check::Address(recovery, address));
        }
        Ok(())
    }

    /// The data of an instruction.
    fn data(&self, index: u16) -> Option<&'a [u8]> {
        match index {
            ITSELF => Some(self.own),
            _ => self.all.get(usize::from(index)).map(|instruction| instruction.data),
        }
    }
}

/// The first `count` records; what follows them is free.
fn counted<const N: usize>(count: u8, records: &[u8]) -> Result<&[[u8; N]], Fault> {
    let records = records.get(..usize::from(count) * N).ok_or(Fault::InvalidInstructionDataSize)?;
    Ok(records.as_chunks().0)
}

/// A part of the data of an instruction, if there is that instruction.
fn part(data: Option<&[u8]>, offset: u16, length: usize) -> Result<&[u8], Fault> {
    let start = usize::from(offset);
    data.and_then(|data| data.get(start..start + length)).ok_or(Fault::InvalidDataOffsets)
}

impl Call {
    /// Its verdict, with the signatures to the first that does not hold: what follows is not looked at.
    pub(super) fn fold(self, answers: &Answers<'_>) -> Part {
        let mut signatures = Vec::with_capacity(self.checks.len());
        for (place, check) in self.checks.into_iter().enumerate() {
            let signature = check.fold(Role::nth("signature", place), answers);
            let holds = signature.verdict.is_valid();
            signatures.push(signature);
            if !holds {
                return Part { role: self.role, verdict: Verdict::invalid(Fault::BadSignature), signatures };
            }
        }
        Part { role: self.role, verdict: self.fault.map_or(Verdict::Valid, Verdict::invalid), signatures }
    }
}

impl Check {
    fn fold(self, role: Role, answers: &Answers<'_>) -> Signature {
        match self {
            Self::Key(id) => answers.signature(role, id),
            Self::Address(id, expected) => {
                let signature = answers.recovery(role, id);
                match signature.address {
                    Some(address) if address != expected => {
                        Signature { verdict: Verdict::invalid(Fault::AddressMismatch), ..signature }
                    }
                    _ => signature,
                }
            }
        }
    }
}
