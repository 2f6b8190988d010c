//! Headers, blocks and chains of blocks.
//!
//! ```text
//! legacy: version 4 ‖ previous 32 ‖ root 32 ‖ time 4 ‖ index 4 ‖ nonce 8 ‖ next consensus 20 ‖ 01 ‖ witness
//! N3:     version 4 ‖ previous 32 ‖ root 32 ‖ time 8 ‖ nonce 8 ‖ index 4 ‖ primary 1 ‖ next consensus 20
//!         (‖ state root 32, where the network has it) ‖ 01 ‖ witness
//! block:  header ‖ number ‖ transactions
//! chain:  number 4 ‖ (length 4 ‖ block) …
//! ```

use std::collections::HashSet;

use sigwarp::Hash;

use super::transaction::{MOST, Transaction};
use super::wire::Wire;
use super::witness::{self, LEGACY, N3, Witness};
use super::{Context, Fault};
use crate::batch::Answers;
use crate::profile::Decided;
use crate::work::{HashId, Piece, Work};
use crate::{Cause, Report, Role, Verdict};

/// The most transactions of a block of N3 (`Block.MaxTransactionsPerBlock`).
const MOST_N3: usize = 0xffff;

/// A header whose witness waits for answers.
#[derive(Debug)]
pub(super) struct Header<'a> {
    hash: HashId,
    root: &'a [u8; 32],
    index: u32,
    next_consensus: &'a [u8; 20],
    /// Absent for the first block, which nobody signs.
    witness: Option<Witness<'a>>,
}

/// A block that waits for answers.
#[derive(Debug)]
pub(super) struct Block<'a> {
    header: Header<'a>,
    /// The root of its transactions; absent where there are none.
    root: Option<HashId>,
    transactions: Vec<Transaction<'a>>,
}

impl<'a> Header<'a> {
    pub(super) fn legacy(
        wire: &mut Wire<'a>,
        next_consensus: Option<&'a [u8; 20]>,
        work: &mut Work<'a>,
    ) -> Result<Self, Decided> {
        let start = wire.begin();
        wire.take(4 + 32)?;
        let root = wire.array()?;
        wire.u32()?;
        let index = wire.u32()?;
        wire.take(8)?;
        let of_next = wire.array()?;
        let (unsigned, _) = wire.since(start);
        one_witness(wire)?;
        let scripts = witness::read(wire, &LEGACY)?;
        let digest = work.hash(Hash::Sha256, &[unsigned.into()]);
        let hash = work.hash(Hash::Sha256, &[digest.into()]);
        let witness = (index != 0).then(|| Witness::of(scripts, &LEGACY, next_consensus, digest, work));
        Ok(Self { hash, root, index, next_consensus: of_next, witness })
    }

    pub(super) fn n3(
        wire: &mut Wire<'a>,
        (context, magic): (&'a Context, Piece<'a>),
        next_consensus: Option<&'a [u8; 20]>,
        work: &mut Work<'a>,
    ) -> Result<Self, Decided> {
        let start = wire.begin();
        let wrong = wire.malformed();
        if wire.u32()? != 0 {
            return Err(wrong);
        }
        wire.take(32)?;
        let root = wire.array()?;
        wire.take(8 + 8)?;
        let index = wire.u32()?;
        wire.byte()?;
        let of_next = wire.array()?;
        if context.state_root {
            wire.take(32)?;
        }
        let (unsigned, _) = wire.since(start);
        one_witness(wire)?;
        let scripts = witness::read(wire, &N3)?;
        let hash = work.hash(Hash::Sha256, &[unsigned.into()]);
        let digest = work.hash(Hash::Sha256, &[magic, hash.into()]);
        let witness = (index != 0).then(|| Witness::of(scripts, &N3, next_consensus, digest, work));
        Ok(Self { hash, root, index, next_consensus: of_next, witness })
    }

    pub(super) fn fold(self, answers: &Answers<'_>) -> Report {
        let mut signatures = Vec::new();
        let verdict = match self.witness {
            Some(witness) => witness.fold(Role::one("header"), answers, &mut signatures),
            None => Verdict::undecided(Fault::Genesis),
        };
        let status = Some(match verdict {
            Verdict::Valid => "header-valid",
            Verdict::Invalid(_) => "header-invalid",
            Verdict::Undecided(_) => "header-undecided",
        });
        let report = match verdict {
            Verdict::Undecided(cause) => Report::open([cause], signatures),
            _ => Report { signatures, ..Report::new(verdict) },
        };
        Report { hash: Some(answers.digest(self.hash).to_vec()), status, ..report }
    }
}

/// The number of witnesses of a header.
fn one_witness(wire: &mut Wire<'_>) -> Result<(), Decided> {
    let wrong = wire.malformed();
    if wire.byte()? == 1 { Ok(()) } else { Err(wrong) }
}

impl<'a> Block<'a> {
    pub(super) fn legacy(
        wire: &mut Wire<'a>,
        next_consensus: Option<&'a [u8; 20]>,
        work: &mut Work<'a>,
    ) -> Result<Self, Decided> {
        let header = Header::legacy(wire, next_consensus, work)?;
        let wrong = wire.malformed();
        let count = wire.count(MOST)?;
        // A block has at least the transaction of who made it.
        if count == 0 {
            return Err(wrong);
        }
        let transactions = (0..count).map(|_| Transaction::legacy(wire, work)).collect::<Result<_, _>>()?;
        Ok(Self::new(header, transactions, work))
    }

    pub(super) fn n3(
        wire: &mut Wire<'a>,
        network: (&'a Context, Piece<'a>),
        next_consensus: Option<&'a [u8; 20]>,
        work: &mut Work<'a>,
    ) -> Result<Self, Decided> {
        let header = Header::n3(wire, network, next_consensus, work)?;
        let count = wire.count(MOST_N3)?;
        let transactions =
            (0..count).map(|_| Transaction::n3(wire, network.1, work)).collect::<Result<_, _>>()?;
        Ok(Self::new(header, transactions, work))
    }

    fn new(header: Header<'a>, transactions: Vec<Transaction<'a>>, work: &mut Work<'a>) -> Self {
        // Each row of the tree hashes pairs of the one below, the last of an odd row with itself.
        let mut row: Vec<HashId> = transactions.iter().map(|transaction| transaction.id).collect();
        while row.len() > 1 {
            let pair = |pair: &[HashId]| {
                let last = pair.len() - 1;
                work.hash(Hash::Sha256d, &[pair[0].into(), pair[last].into()])
            };
            row = row.chunks(2).map(pair).collect();
        }
        Self { header, root: row.first().copied(), transactions }
    }

    /// Invalid for its header, for what it says of its transactions, or for one of them; otherwise undecided for what is
    /// open in any of these.
    pub(super) fn fold(self, answers: &Answers<'_>) -> Report {
        let stated = self.header.root;
        let root = self.root.map_or(&[0; 32][..], |root| answers.digest(root));
        let is_root = root == stated;
        // The same transaction twice can have the root of a list that has it once (CVE-2012-2459).
        let mut ids = HashSet::new();
        let is_repeated = !self.transactions.iter().all(|of| ids.insert(answers.digest(of.id)));
        let header = self.header.fold(answers);
        let transactions: Vec<Report> = self.transactions.into_iter().map(|of| of.fold(answers)).collect();
        let fault = match () {
            () if !is_root => Some(Fault::MerkleRoot),
            () if is_repeated => Some(Fault::DuplicateTransaction),
            () => None,
        };
        of_parts(header, fault, transactions, Fault::InvalidTransaction)
    }
}

/// A report with these parts: its own verdict where that is not `Valid`, then this fault, then what its parts are.
fn of_parts(whole: Report, fault: Option<Fault>, parts: Vec<Report>, invalid: Fault) -> Report {
    let is_invalid = |report: &Report| matches!(report.verdict, Verdict::Invalid(_));
    if is_invalid(&whole) {
        return Report { transactions: parts, ..whole };
    }
    let fault = fault.or_else(|| parts.iter().any(is_invalid).then_some(invalid));
    let open: Vec<Cause> =
        whole.undecided.iter().chain(parts.iter().flat_map(|part| &part.undecided)).copied().collect();
    let report = match fault {
        Some(fault) => Report { signatures: whole.signatures, ..Report::new(Verdict::invalid(fault)) },
        None if open.is_empty() => Report { signatures: whole.signatures, ..Report::new(Verdict::Valid) },
        None => Report::open(open, whole.signatures),
    };
    Report { transactions: parts, hash: whole.hash, status: whole.status, ..report }
}

/// The blocks of a chain: their number, and each behind its length.
pub(super) fn chain<'a>(
    wire: &mut Wire<'a>,
    network: (&'a Context, Piece<'a>),
    work: &mut Work<'a>,
) -> Result<Vec<Block<'a>>, Decided> {
    let mut blocks: Vec<Block<'a>> = Vec::new();
    for _ in 0..wire.u32()? {
        let wrong = wire.malformed();
        let length = wire.u32()? as usize;
        let start = wire.begin();
        // Who signs a block is said by the one before it.
        let by_previous = |index: u32| {
            let previous = blocks.last().map(|block| &block.header)?;
            (previous.index.checked_add(1) == Some(index)).then_some(previous.next_consensus)
        };
        let next_consensus = match blocks.is_empty() {
            true => network.0.next_consensus.as_ref(),
            false => wire.ahead(INDEX).and_then(|index| by_previous(u32::from_le_bytes(*index))),
        };
        blocks.push(Block::n3(wire, network, next_consensus, work)?);
        if wire.since(start).0.len() != length {
            return Err(wrong);
        }
    }
    Ok(blocks)
}

/// Where a header of N3 has its index.
const INDEX: usize = 4 + 32 + 32 + 8 + 8;

/// The report of a chain, which has no bytes of its own that are signed.
pub(super) fn fold_chain(blocks: Vec<Block<'_>>, answers: &Answers<'_>) -> Report {
    let blocks: Vec<Report> = blocks.into_iter().map(|block| block.fold(answers)).collect();
    if blocks.is_empty() {
        return Report::open([Fault::NoBlock.into()], Vec::new());
    }
    of_parts(Report::new(Verdict::Valid), None, blocks, Fault::InvalidBlock)
}
