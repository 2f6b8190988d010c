//! Transactions on the wire: the parts of a legacy, v0 or v1 transaction, borrowed, and the sanitizing checks.

use super::{Context, Fault};
use crate::profile::Decided;
use crate::reader::Reader;

/// The first byte of a v1 transaction.
const V1: u8 = 0x81;
/// The first byte of the message of a v0 transaction.
const V0: u8 = 0x80;
/// The bit that a version byte has and a number of signatures has not.
const VERSIONED: u8 = 0x80;

/// The most bytes of a legacy or v0 transaction: an IPv6 datagram of the least MTU without its headers.
const MOST_BYTES: usize = 1232;
/// The most bytes of a v1 transaction.
const MOST_BYTES_V1: usize = 4096;
/// The most signatures of a v1 transaction.
const MOST_SIGNATURES_V1: u8 = 12;
/// The most accounts, and the most instructions, of a v1 transaction.
const MOST_V1: u8 = 64;
/// The most accounts, looked up ones among them: an index is one byte.
const MOST_ACCOUNTS: usize = 256;

/// The bits of the mask of a v1 transaction that have a meaning.
const CONFIG_BITS: u32 = 0b1_1111;
/// The two bits of the priority fee, which takes two values.
const PRIORITY_FEE: u32 = 0b11;
/// The bit of the heap size, the last of the values.
const HEAP_SIZE: u32 = 0b1_0000;
/// Heap sizes are multiples of this many bytes.
const HEAP_STEP: u32 = 1024;

/// A transaction that has passed the sanitizing checks.
pub(super) struct Transaction<'a> {
    /// At least one. Signature *i* is of key *i*.
    pub(super) signatures: &'a [[u8; 64]],
    /// The keys that stand in the transaction, at least as many as signatures.
    pub(super) keys: &'a [[u8; 32]],
    /// What is signed.
    pub(super) message: &'a [u8],
    pub(super) instructions: Vec<Instruction<'a>>,
}

pub(super) struct Instruction<'a> {
    /// The place of the program among the keys; not 0, and below their number.
    pub(super) program: u8,
    /// Places among the keys and, after them, the looked up ones.
    accounts: &'a [u8],
    pub(super) data: &'a [u8],
}

/// Malformed bytes, and where they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Malformed {
    at: usize,
    fault: Fault,
}

impl From<Malformed> for Decided {
    fn from(malformed: Malformed) -> Self {
        Self::at(malformed.at, malformed.fault)
    }
}

impl<'a> Transaction<'a> {
    pub(super) fn read(record: &'a [u8], context: &Context) -> Result<Self, Decided> {
        match record.first() {
            Some(&V1) if !context.accept_v1 => Err(Decided::undecided(Fault::UnsupportedVersion)),
            Some(&V1) => Self::v1(record),
            // A number of signatures of two bytes would not fit into a transaction.
            Some(VERSIONED..) => Err(Decided::at(0, Fault::UnsupportedVersion)),
            _ => Self::legacy_or_v0(record),
        }
    }

    fn legacy_or_v0(record: &'a [u8]) -> Result<Self, Decided> {
        if record.len() > MOST_BYTES {
            return Err(Decided::at(MOST_BYTES, Fault::TooLarge));
        }
        let mut wire = Wire::new(record);
        let count = wire.compact()?;
        let signatures = wire.arrays::<64>(count)?;
        let start = wire.at();
        let is_v0 = match wire.peek() {
            Some(V0) => wire.byte().map(|_| true)?,
            Some(VERSIONED..) => return Err(Decided::at(start, Fault::UnsupportedVersion)),
            _ => false,
        };
        let header = wire.array()?;
        let count = wire.compact()?;
        let keys = wire.arrays::<32>(count)?;
        wire.take(32)?;
        let mut instructions = Vec::new();
        for _ in 0..wire.compact()? {
            let [program] = wire.array()?;
            let (accounts, data) = (wire.bytes()?, wire.bytes()?);
            instructions.push(Instruction { program, accounts, data });
        }
        let lookups = if is_v0 { wire.lookups()? } else { Lookups::default() };
        wire.end()?;
        if signatures.len() != usize::from(header[0]) || signatures.is_empty() {
            return Err(Fault::SignatureCount.into());
        }
        let transaction = Self { signatures, keys, message: &record[start..], instructions };
        transaction.sanitized(header, lookups)
    }

    /// SIMD-0385: counts first, then what they count, the signatures last.
    fn v1(record: &'a [u8]) -> Result<Self, Decided> {
        if record.len() > MOST_BYTES_V1 {
            return Err(Decided::at(MOST_BYTES_V1, Fault::TooLarge));
        }
        let mut wire = Wire::new(record);
        wire.byte()?;
        let header: [u8; 3] = wire.array()?;
        let mask = u32::from_le_bytes(wire.array()?);
        wire.take(32)?;
        let [instruction_count, key_count] = wire.array()?;
        let fee = mask & PRIORITY_FEE;
        if header[0] > MOST_SIGNATURES_V1
            || mask & !CONFIG_BITS != 0
            || (fee != 0 && fee != PRIORITY_FEE)
            || instruction_count > MOST_V1
            || key_count > MOST_V1
        {
            return Err(Fault::Sanitize.into());
        }
        let keys = wire.arrays::<32>(key_count.into())?;
        let values = wire.arrays::<4>(mask.count_ones() as usize)?;
        let headers = wire.arrays::<4>(instruction_count.into())?;
        let read = |&[program, accounts, low, high]: &[u8; 4]| {
            let accounts = wire.take(accounts.into())?;
            let data = wire.take(u16::from_le_bytes([low, high]).into())?;
            Ok(Instruction { program, accounts, data })
        };
        let instructions = headers.iter().map(read).collect::<Result<Vec<_>, Malformed>>()?;
        let message = wire.passed();
        let signatures = wire.arrays::<64>(header[0].into())?;
        wire.end()?;
        let heap = values.last().filter(|_| mask & HEAP_SIZE != 0).map(|bytes| u32::from_le_bytes(*bytes));
        let heap_fits =
            |size: u32| (32..=256).contains(&(size / HEAP_STEP)) && size.is_multiple_of(HEAP_STEP);
        let is_repeated = |(place, key)| keys[..place].contains(key);
        if heap.is_some_and(|size| !heap_fits(size)) || keys.iter().enumerate().any(is_repeated) {
            return Err(Fault::Sanitize.into());
        }
        Self { signatures, keys, message, instructions }.sanitized(header, Lookups::default())
    }

    /// The checks that Agave makes before it verifies signatures, the number of signatures aside.
    fn sanitized(
        self,
        [signers, read_only, read_only_unsigned]: [u8; 3],
        of: Lookups,
    ) -> Result<Self, Decided> {
        let keys = self.keys.len();
        if usize::from(signers) + usize::from(read_only_unsigned) > keys {
            return Err(Fault::Sanitize.into());
        }
        // Not so where nobody signs, either.
        if read_only >= signers {
            return Err(Fault::PayerNotWritable.into());
        }
        let accounts = keys + of.accounts;
        let fits = |instruction: &Instruction<'_>| {
            instruction.program != 0
                && usize::from(instruction.program) < keys
                && instruction.accounts.iter().all(|&account| usize::from(account) < accounts)
        };
        match !of.any_is_empty && accounts <= MOST_ACCOUNTS && self.instructions.iter().all(fits) {
            true => Ok(self),
            false => Err(Fault::Sanitize.into()),
        }
    }
}

/// What is checked of the tables in which a v0 transaction looks up accounts.
#[derive(Default)]
struct Lookups {
    /// How many accounts are looked up.
    accounts: usize,
    /// Whether there is a table of which no account is looked up.
    any_is_empty: bool,
}

/// A reader whose missing bytes are faults.
struct Wire<'a>(Reader<'a>);

impl<'a> Wire<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    const fn at(&self) -> usize {
        self.0.at()
    }

    fn peek(&self) -> Option<u8> {
        self.0.peek()
    }

    /// The bytes before the next.
    fn passed(&self) -> &'a [u8] {
        self.0.since(0)
    }

    fn missing(&self) -> Malformed {
        Malformed { at: self.at(), fault: Fault::Truncated }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.0.byte().ok_or_else(|| self.missing())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.0.array().ok_or_else(|| self.missing())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        self.0.take(length).ok_or_else(|| self.missing())
    }

    /// `count` arrays of `N` bytes. The count is below 2^16, so the product does not overflow.
    fn arrays<const N: usize>(&mut self, count: usize) -> Result<&'a [[u8; N]], Malformed> {
        Ok(self.take(count * N)?.as_chunks().0)
    }

    /// A number below 2^16 in one to three bytes: 7 bits a byte, the lowest first, in the shortest form only.
    fn compact(&mut self) -> Result<usize, Malformed> {
        let at = self.at();
        let mut number = 0;
        for place in 0..3 {
            let byte = self.byte()?;
            if place != 0 && byte == 0 {
                return Err(Malformed { at, fault: Fault::NonCanonicalLength });
            }
            number |= usize::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 && number <= usize::from(u16::MAX) {
                return Ok(number);
            }
        }
        Err(Malformed { at, fault: Fault::LengthOverflow })
    }

    /// Bytes after their number.
    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.compact()?;
        self.take(length)
    }

    fn lookups(&mut self) -> Result<Lookups, Malformed> {
        let mut lookups = Lookups::default();
        for _ in 0..self.compact()? {
            self.take(32)?;
            let accounts = self.bytes()?.len() + self.bytes()?.len();
            lookups.accounts += accounts;
            lookups.any_is_empty |= accounts == 0;
        }
        Ok(lookups)
    }

    /// Nothing may be left.
    fn end(&self) -> Result<(), Malformed> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Malformed { at: self.at(), fault: Fault::TrailingBytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_numbers_have_one_form() {
        let cases: [(&[u8], Result<usize, Fault>); 14] = [
            (&[], Err(Fault::Truncated)),
            (&[0x00], Ok(0)),
            (&[0x7f], Ok(0x7f)),
            (&[0x80], Err(Fault::Truncated)),
            (&[0x80, 0x00], Err(Fault::NonCanonicalLength)),
            (&[0x80, 0x01], Ok(0x80)),
            (&[0xff, 0x7f], Ok(0x3fff)),
            (&[0x80, 0x80], Err(Fault::Truncated)),
            (&[0x80, 0x80, 0x00], Err(Fault::NonCanonicalLength)),
            (&[0x80, 0x80, 0x01], Ok(0x4000)),
            (&[0xff, 0xff, 0x03], Ok(0xffff)),
            (&[0x80, 0x80, 0x04], Err(Fault::LengthOverflow)),
            (&[0xff, 0xff, 0x83], Err(Fault::LengthOverflow)),
            (&[0x80, 0x80, 0x80, 0x00], Err(Fault::LengthOverflow)),
        ];
        for (bytes, expected) in cases {
            let found = Wire::new(bytes).compact();
            assert_eq!(found.map_err(|malformed| malformed.fault), expected, "{bytes:02x?}");
        }
    }
}
