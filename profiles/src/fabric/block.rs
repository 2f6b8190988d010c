//! Blocks, by themselves and in the files of a peer's or an orderer's ledger.

use sigwarp::Hash;

use super::folding::{Decision, Folding};
use super::identity::{Asked, Message, Signers, Unasked};
use super::transaction::{self, Place, Transaction};
use super::wire::{Block as Wire, HeadedSignature, Merge, Metadata, SignatureHeader, identifier};
use super::{Context, Fault, MAX_SIGNATURES};
use crate::der;
use crate::protobuf::{delimited, varint};
use crate::work::HashId;
use crate::{Reader, Report, Verdict};

/// The index of the orderers' signatures in the metadata of a block (`common.BlockMetadataIndex`).
const SIGNATURES: usize = 0;

/// A block that waits for its answers.
#[derive(Debug)]
pub(super) struct Block<'a> {
    number: u64,
    previous_hash: &'a [u8],
    /// The hash of its header, by which the next block names it.
    hash: HashId,
    /// The hash of its envelopes, and the one that the header states.
    data: (HashId, &'a [u8]),
    /// `None` where the metadata or a header in it is malformed, which ends Fabric's check of them.
    orderers: Option<Vec<Result<Asked, Unasked>>>,
    transactions: Vec<Transaction<'a>>,
}

impl<'a> Block<'a> {
    /// Asks for what a block needs.
    pub(super) fn new(wire: Wire<'a>, context: &'a Context, signers: &mut Signers<'a, '_, '_>) -> Self {
        let header = header(wire.number, wire.previous_hash, wire.data_hash);
        let own = signers.work.own(&header);
        let hash = signers.work.hash(Hash::Sha256, &[own]);
        let pieces: Vec<_> = wire.envelopes.iter().map(|envelope| (*envelope).into()).collect();
        let data = (signers.work.hash(Hash::Sha256, &pieces), wire.data_hash);
        let metadata = wire.metadata.get(SIGNATURES).copied().unwrap_or_default();
        let orderers = Metadata::parse(metadata).and_then(|metadata| {
            let all = metadata.signatures.iter().enumerate();
            all.map(|(place, signature)| match place {
                MAX_SIGNATURES.. => Some(Err(Unasked::TooMany)),
                _ => orderer(signature, metadata.value, (own, &header), context, signers),
            })
            .collect()
        });
        let place = if wire.number == 0 { Place::Genesis } else { Place::Block };
        let transactions = wire.envelopes.iter().map(|envelope| transaction::parse(envelope, place, signers));
        let transactions = transactions.collect();
        Self { number: wire.number, previous_hash: wire.previous_hash, hash, data, orderers, transactions }
    }

    pub(super) fn fold(self, context: &Folding<'_, '_>) -> Report {
        let transactions =
            self.transactions.into_iter().map(|transaction| transaction.fold(context)).collect();
        let hash = Some(context.answers.digest(self.hash).to_vec());
        let report = match self.orderers {
            _ if context.answers.digest(self.data.0) != self.data.1 => {
                Report::new(Verdict::invalid(Fault::DataHashMismatch))
            }
            None => Report::new(Verdict::invalid(Fault::Malformed)),
            Some(orderers) if orderers.is_empty() => Report::open([Fault::BlockUnsigned.into()], Vec::new()),
            Some(orderers) => {
                let words = (Fault::SignerIdentity, Fault::BlockValidationPolicy);
                let (signatures, mut open) = context.signatures("orderer", &orderers, words);
                let policy = context.context.block_policy.as_ref();
                let decision = policy.and_then(|policy| context.decide(policy, &orderers));
                if decision == Some(Decision::Open) && open.is_empty() {
                    open.push(Fault::BlockValidationPolicy);
                }
                let report = match decision {
                    Some(Decision::Failed) => {
                        let verdict = Verdict::invalid(Fault::BlockValidationPolicy);
                        Report { signatures, ..Report::new(verdict) }
                    }
                    Some(Decision::Open) | None if !open.is_empty() => {
                        Report::open(open.into_iter().map(Into::into), signatures)
                    }
                    _ => Report { signatures, ..Report::new(Verdict::Valid) },
                };
                Report { anchored: context.anchored(&orderers), ..report }
            }
        };
        Report { hash, transactions, ..report }
    }
}

/// Asks for a signature of an orderer over the value of the metadata, its own header, and the header of the block.
/// `None` where its header is malformed.
fn orderer<'a>(
    signature: &HeadedSignature<'a>,
    value: &'a [u8],
    header: (crate::Piece<'a>, &[u8]),
    context: &'a Context,
    signers: &mut Signers<'a, '_, '_>,
) -> Option<Result<Asked, Unasked>> {
    // SmartBFT names its signers by their numbers in the configuration.
    let (by, own) = if signature.header.is_empty() && !signature.identifier_header.is_empty() {
        let number = identifier(signature.identifier_header)?;
        let Some(identity) = context.consenters.get(&number) else {
            return Some(Err(Unasked::UnknownConsenter));
        };
        (identity.as_slice(), signature.identifier_header)
    } else {
        (SignatureHeader::parse(signature.header)?.creator, signature.header)
    };
    let message = Message { parts: &[value, own], end: Some(header) };
    Some(signers.ask(by, &message, signature.signature))
}

/// The header of a block as it is hashed and signed: a SEQUENCE of its number and its two hashes.
fn header(number: u64, previous_hash: &[u8], data_hash: &[u8]) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(7);
    let mut integer = vec![0];
    integer.extend_from_slice(&bytes[zeros..]);
    let integer = if integer[1] < 0x80 { &integer[1..] } else { &integer };
    let mut contents = Vec::new();
    der::write(&mut contents, der::INTEGER, integer);
    der::write(&mut contents, der::OCTET_STRING, previous_hash);
    der::write(&mut contents, der::OCTET_STRING, data_hash);
    let mut header = Vec::new();
    der::write(&mut header, der::SEQUENCE, &contents);
    header
}

/// The blocks of a file: a length, then the block in the form of the ledger's files. The last one may be cut short, as a
/// crash leaves it, and does not count then. `Err` has the offset of a block that is malformed.
pub(super) fn blocks(file: &[u8]) -> Result<Vec<Wire<'_>>, usize> {
    let mut reader = Reader::new(file);
    let mut blocks = Vec::new();
    while !reader.is_empty() {
        let at = reader.at();
        let start = reader;
        let Some(length) = varint(&mut reader) else {
            // A length that is cut short is a block that is.
            let is_cut = start.rest().len() < 10 && start.rest().iter().all(|byte| *byte >= 0x80);
            return if is_cut { Ok(blocks) } else { Err(at) };
        };
        let Some(bytes) = usize::try_from(length).ok().and_then(|length| reader.take(length)) else {
            return Ok(blocks);
        };
        blocks.push(block(bytes).ok_or(at)?);
    }
    Ok(blocks)
}

/// A block in the form of the ledger's files (common/ledger/blkstorage): number, data hash, previous hash, and the
/// envelopes and the metadata, each after their count. Fabric does not look at what follows.
fn block(bytes: &[u8]) -> Option<Wire<'_>> {
    let mut reader = Reader::new(bytes);
    let number = varint(&mut reader)?;
    let data_hash = delimited(&mut reader)?;
    let previous_hash = delimited(&mut reader)?;
    let envelopes = list(&mut reader)?;
    let metadata = list(&mut reader)?;
    Some(Wire { number, previous_hash, data_hash, envelopes, metadata })
}

/// Entries after their count, which none is trusted before its bytes are there.
fn list<'a>(reader: &mut Reader<'a>) -> Option<Vec<&'a [u8]>> {
    let count = varint(reader)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(delimited(reader)?);
    }
    Some(entries)
}

/// The report of a file: its blocks, and whether each names the one before it.
pub(super) fn fold_file(blocks: Vec<Block<'_>>, context: &Folding<'_, '_>) -> Report {
    let digest = |block: &Block<'_>| context.answers.digest(block.hash).to_vec();
    let mut breaks = false;
    for pair in blocks.windows(2) {
        breaks |= pair[0].number.checked_add(1) != Some(pair[1].number)
            || pair[1].previous_hash != digest(&pair[0]);
    }
    let blocks: Vec<Report> = blocks.into_iter().map(|block| block.fold(context)).collect();
    let is_invalid = |report: &Report| matches!(report.verdict, Verdict::Invalid(_));
    let report = if blocks.iter().any(is_invalid) {
        Report::new(Verdict::invalid(Fault::InvalidBlock))
    } else if breaks {
        Report::new(Verdict::invalid(Fault::BrokenChain))
    } else if blocks.is_empty() {
        Report::open([Fault::NoBlocks.into()], Vec::new())
    } else {
        let open: Vec<_> = blocks.iter().flat_map(|block| block.undecided.iter().copied()).collect();
        if open.is_empty() { Report::new(Verdict::Valid) } else { Report::open(open, Vec::new()) }
    };
    Report { transactions: blocks, ..report }
}
