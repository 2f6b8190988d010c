//! Transactions: which bytes are signed, and the witnesses behind them. What fields mean is looked at no further than
//! their lengths depend on it.
//!
//! ```text
//! legacy: type ‖ version ‖ fields of the type ‖ attributes ‖ inputs ‖ outputs ‖ witnesses
//! N3:     version 0 ‖ nonce 4 ‖ fees 8 + 8 ‖ valid until 4 ‖ signers ‖ attributes ‖ script ‖ witnesses
//! ```
//!
//! Sources: `Neo.Network.P2P.Payloads` and `Neo.Core` of neo (2.x and 3.x); the attributes from E0 on are neo-go's.

use sigwarp::Hash;

use super::Fault;
use super::wire::Wire;
use super::witness::{self, LEGACY, N3, Witness};
use crate::batch::Answers;
use crate::profile::Decided;
use crate::work::{HashId, Piece, Work};
use crate::{Cause, Report, Role, Verdict};

/// The most elements of an array for which no other number is said (`ReadSerializableArray`).
pub(super) const MOST: usize = 0x100_0000;
/// The most attributes of a transaction; in N3 signers and attributes together.
const MOST_ATTRIBUTES: usize = 16;
/// The most bytes of scripts and of attributes that are byte strings.
const MOST_SCRIPT: usize = 65536;
const MOST_DATA: usize = 65535;
/// An input: the hash of a transaction and an index. An output: asset, value, account.
const INPUT: usize = 34;
const OUTPUT: usize = 60;
/// The account of a signer, which is the hash of a script.
const ACCOUNT: usize = 20;
/// A compressed point of P-256.
const POINT: usize = 33;
/// The most contracts, groups and rules of a signer, and the most conditions of a condition.
const MOST_OF_SIGNER: usize = 16;
/// How deep conditions contain conditions (`WitnessCondition.MaxNestingDepth`).
const MOST_NESTED: usize = 2;

/// A transaction whose witnesses wait for answers.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    pub(super) id: HashId,
    witnesses: Vec<Witness<'a>>,
    /// What stays open whatever the witnesses say.
    open: Option<Fault>,
}

impl<'a> Transaction<'a> {
    pub(super) fn legacy(wire: &mut Wire<'a>, work: &mut Work<'a>) -> Result<Self, Decided> {
        let start = wire.begin();
        legacy_fields(wire)?;
        let (unsigned, is_shortest) = wire.since(start);
        let open = (!is_shortest).then_some(Fault::NonCanonicalLength);
        let count = wire.count(MOST)?;
        if count == 0 {
            let id = work.hash(Hash::Sha256d, &[unsigned.into()]);
            return Ok(Self { id, witnesses: Vec::new(), open: open.or(Some(Fault::NoWitness)) });
        }
        let digest = work.hash(Hash::Sha256, &[unsigned.into()]);
        let id = work.hash(Hash::Sha256, &[digest.into()]);
        let mut witnesses = Vec::new();
        for _ in 0..count {
            // Whose they must be is known to who knows the outputs that are spent.
            witnesses.push(Witness::of(witness::read(wire, &LEGACY)?, &LEGACY, None, digest, work));
        }
        Ok(Self { id, witnesses, open })
    }

    pub(super) fn n3(wire: &mut Wire<'a>, magic: Piece<'a>, work: &mut Work<'a>) -> Result<Self, Decided> {
        let start = wire.begin();
        let signers = n3_fields(wire)?;
        let (unsigned, is_shortest) = wire.since(start);
        let open = (!is_shortest).then_some(Fault::NonCanonicalLength);
        if wire.count(signers.len())? != signers.len() {
            return Err(wire.malformed());
        }
        let id = work.hash(Hash::Sha256, &[unsigned.into()]);
        let digest = work.hash(Hash::Sha256, &[magic, id.into()]);
        let mut witnesses = Vec::new();
        for account in signers {
            witnesses.push(Witness::of(witness::read(wire, &N3)?, &N3, Some(account), digest, work));
        }
        Ok(Self { id, witnesses, open })
    }

    /// Invalid for its first witness that does not hold; otherwise undecided for all that is open.
    pub(super) fn fold(self, answers: &Answers<'_>) -> Report {
        let mut signatures = Vec::new();
        let (mut failed, mut open): (Option<Cause>, Vec<Cause>) = (None, Vec::new());
        open.extend(self.open.map(Cause::from));
        for (place, witness) in self.witnesses.into_iter().enumerate() {
            match witness.fold(Role::nth("witness", place), answers, &mut signatures) {
                Verdict::Valid => {}
                Verdict::Invalid(cause) => failed = failed.or(Some(cause)),
                Verdict::Undecided(cause) => open.push(cause),
            }
        }
        let report = match failed {
            // Lengths that nodes write anew were signed in another form than the one that was hashed here.
            Some(_) if self.open.is_some() => Report::open(open, signatures),
            Some(cause) => Report { signatures, ..Report::new(Verdict::Invalid(cause)) },
            None if open.is_empty() => Report { signatures, ..Report::new(Verdict::Valid) },
            None => Report::open(open, signatures),
        };
        Report { tx_id: Some(answers.digest(self.id).to_vec()), ..report }
    }
}

/// Everything before the witnesses.
fn legacy_fields(wire: &mut Wire<'_>) -> Result<(), Decided> {
    let wrong = wire.malformed();
    let (kind, version) = (wire.byte()?, wire.byte()?);
    // Two types have a field that came with version 1.
    let most = u8::from(matches!(kind, ISSUE | PUBLISH | INVOCATION));
    if version > most {
        return Err(wrong);
    }
    match kind {
        MINER => drop(wire.u32()?),
        CLAIM => drop(wire.skip_elements(MOST, INPUT)?),
        ENROLLMENT => legacy_point(wire)?,
        REGISTER => {
            wire.byte()?;
            wire.bytes(1024)?;
            // The amount and the precision.
            wire.take(8 + 1)?;
            legacy_point(wire)?;
            wire.take(ACCOUNT)?;
        }
        STATE => {
            for _ in 0..wire.count(MOST)? {
                wire.byte()?;
                for most in [100, 32, MOST_DATA] {
                    wire.bytes(most)?;
                }
            }
        }
        PUBLISH => {
            // The script and the types of its parameters.
            wire.bytes(MOST_SCRIPT)?;
            wire.bytes(MOST_SCRIPT)?;
            wire.byte()?;
            if version == 1 {
                wire.byte()?;
            }
            for most in [252, 252, 252, 252, MOST_SCRIPT] {
                wire.bytes(most)?;
            }
        }
        INVOCATION => {
            wire.bytes(MOST_SCRIPT)?;
            if version == 1 {
                wire.take(8)?;
            }
        }
        ISSUE | CONTRACT => {}
        _ => return Err(wrong),
    }
    for _ in 0..wire.count(MOST_ATTRIBUTES)? {
        let wrong = wire.malformed();
        match wire.byte()? {
            // ContractHash, ECDH02 and ECDH03, Vote, Hash1 to Hash15.
            0x00 | 0x02 | 0x03 | 0x30 | 0xa1..=0xaf => drop(wire.take(32)?),
            // Script.
            0x20 => drop(wire.take(ACCOUNT)?),
            // DescriptionUrl.
            0x81 => {
                let length = wire.byte()?;
                wire.take(length.into())?;
            }
            // Description, and Remark to Remark15.
            0x90 | 0xf0..=0xff => drop(wire.bytes(MOST_DATA)?),
            _ => return Err(wrong),
        }
    }
    wire.skip_elements(MOST, INPUT)?;
    wire.skip_elements(MOST, OUTPUT)?;
    Ok(())
}

/// Types of legacy transactions.
const MINER: u8 = 0x00;
const ISSUE: u8 = 0x01;
const CLAIM: u8 = 0x02;
const ENROLLMENT: u8 = 0x20;
const REGISTER: u8 = 0x40;
const CONTRACT: u8 = 0x80;
const STATE: u8 = 0x90;
const PUBLISH: u8 = 0xd0;
const INVOCATION: u8 = 0xd1;

/// A point: infinity in one byte, or compressed.
fn legacy_point(wire: &mut Wire<'_>) -> Result<(), Decided> {
    let wrong = wire.malformed();
    match wire.byte()? {
        0 => Ok(()),
        2 | 3 => wire.take(POINT - 1).map(drop),
        _ => Err(wrong),
    }
}

/// Everything before the witnesses; the accounts of the signers.
fn n3_fields<'a>(wire: &mut Wire<'a>) -> Result<Vec<&'a [u8; ACCOUNT]>, Decided> {
    let wrong = wire.malformed();
    if wire.byte()? != 0 {
        return Err(wrong);
    }
    wire.u32()?;
    let wrong = wire.malformed();
    let fees = [i64::from_le_bytes(*wire.array()?), i64::from_le_bytes(*wire.array()?)];
    if fees.iter().any(|fee| *fee < 0) || fees[0].checked_add(fees[1]).is_none() {
        return Err(wrong);
    }
    wire.u32()?;
    let wrong = wire.malformed();
    let count = wire.count(MOST_ATTRIBUTES)?;
    let mut signers: Vec<&'a [u8; ACCOUNT]> = Vec::new();
    for _ in 0..count {
        let wrong = wire.malformed();
        let account = wire.array()?;
        if signers.contains(&account) {
            return Err(wrong);
        }
        signers.push(account);
        scopes(wire)?;
    }
    if signers.is_empty() {
        return Err(wrong);
    }
    for _ in 0..wire.count(MOST_ATTRIBUTES - signers.len())? {
        let wrong = wire.malformed();
        match wire.byte()? {
            // HighPriority.
            0x01 => {}
            // OracleResponse.
            0x11 => {
                wire.take(8 + 1)?;
                wire.bytes(MOST_DATA)?;
            }
            // NotValidBefore.
            0x20 => drop(wire.u32()?),
            // Conflicts.
            0x21 => drop(wire.take(32)?),
            // NotaryAssisted.
            0x22 => drop(wire.byte()?),
            // Those that neo-go keeps for private networks.
            0xe0..=0xff => drop(wire.bytes(MOST_DATA)?),
            _ => return Err(wrong),
        }
    }
    let wrong = wire.malformed();
    if wire.bytes(MOST_DATA)?.is_empty() {
        return Err(wrong);
    }
    Ok(signers)
}

/// The scopes of a signer, with the contracts, groups and rules that they name.
fn scopes(wire: &mut Wire<'_>) -> Result<(), Decided> {
    const CALLED_BY_ENTRY: u8 = 0x01;
    const CONTRACTS: u8 = 0x10;
    const GROUPS: u8 = 0x20;
    const RULES: u8 = 0x40;
    const GLOBAL: u8 = 0x80;
    let wrong = wire.malformed();
    let scopes = wire.byte()?;
    let is_known = scopes & !(CALLED_BY_ENTRY | CONTRACTS | GROUPS | RULES | GLOBAL) == 0;
    if !is_known || scopes & GLOBAL != 0 && scopes != GLOBAL {
        return Err(wrong);
    }
    if scopes & CONTRACTS != 0 {
        wire.skip_elements(MOST_OF_SIGNER, ACCOUNT)?;
    }
    if scopes & GROUPS != 0 {
        for _ in 0..wire.count(MOST_OF_SIGNER)? {
            n3_point(wire)?;
        }
    }
    if scopes & RULES != 0 {
        for _ in 0..wire.count(MOST_OF_SIGNER)? {
            let wrong = wire.malformed();
            // Deny or allow.
            if wire.byte()? > 1 {
                return Err(wrong);
            }
            condition(wire, MOST_NESTED)?;
        }
    }
    Ok(())
}

fn n3_point(wire: &mut Wire<'_>) -> Result<(), Decided> {
    let wrong = wire.malformed();
    match wire.array::<POINT>()?[0] {
        2 | 3 => Ok(()),
        _ => Err(wrong),
    }
}

/// A condition of a rule, which contains others no deeper than this.
fn condition(wire: &mut Wire<'_>, nested: usize) -> Result<(), Decided> {
    let wrong = wire.malformed();
    match wire.byte()? {
        // Boolean.
        0x00 if wire.byte()? <= 1 => Ok(()),
        // Not, And, Or.
        kind @ 0x01..=0x03 => {
            let Some(nested) = nested.checked_sub(1) else { return Err(wrong) };
            let count = if kind == 0x01 { 1 } else { wire.count(MOST_OF_SIGNER)? };
            if count == 0 {
                return Err(wrong);
            }
            (0..count).try_for_each(|_| condition(wire, nested))
        }
        // ScriptHash and CalledByContract.
        0x18 | 0x28 => wire.take(ACCOUNT).map(drop),
        // Group and CalledByGroup.
        0x19 | 0x29 => n3_point(wire),
        // CalledByEntry.
        0x20 => Ok(()),
        _ => Err(wrong),
    }
}
