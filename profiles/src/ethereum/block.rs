//! Whole blocks: `[header, transactions, uncles, withdrawals]`, the root of the transactions and each of them.

use sigwarp::Hash;

use super::transaction::{self, Rules};
use super::{Context, Fault, Fork, trie};
use crate::batch::Answers;
use crate::profile::{Decided, Plan as _};
use crate::rlp::{Item, Items, Malformed, check};
use crate::work::{HashId, Work};
use crate::{Report, Verdict};

/// The fields of a header that count here.
const TRANSACTIONS_ROOT: usize = 4;
const NUMBER: usize = 8;
const TIMESTAMP: usize = 11;
/// The fields of the first headers; later forks have added to them.
const HEADER_FIELDS: usize = 15;
/// The bytes of a list of nine empty fields. No transaction is shorter, and a block of shorter ones would cost far more
/// memory than its bytes.
const SHORTEST: usize = 10;

/// A block whose transactions wait for their keys.
#[derive(Debug)]
pub(super) struct Block<'a> {
    hash: HashId,
    /// What the header says, and what the transactions hash to.
    roots: (&'a [u8], HashId),
    transactions: Vec<Result<transaction::Plan, Decided>>,
}

impl<'a> Block<'a> {
    pub(super) fn parse(record: &'a [u8], context: &Context, work: &mut Work<'a>) -> Result<Self, Decided> {
        let block = Item::read(record, 0)?;
        if !block.is_list {
            return Err(Decided::at(0, Fault::ExpectedList));
        }
        check(record, &block)?;
        if block.end() != record.len() {
            return Err(Decided::at(block.end(), Fault::TrailingBytes));
        }
        let parts: Vec<Item<'a>> = Items::new(record, &block).take(5).collect::<Result<_, Malformed>>()?;
        let (header, list) = match parts.as_slice() {
            [header, list, uncles] if header.is_list && list.is_list && uncles.is_list => (header, list),
            [header, list, uncles, withdrawals]
                if header.is_list && list.is_list && uncles.is_list && withdrawals.is_list =>
            {
                (header, list)
            }
            _ => return Err(Decided::at(0, Fault::BadBlock)),
        };
        let mut fields = [*header; HEADER_FIELDS];
        let mut count = 0;
        for (place, field) in Items::new(record, header).take(HEADER_FIELDS).enumerate() {
            fields[place] = field?;
            count += 1;
        }
        let root = fields[TRANSACTIONS_ROOT];
        if count < HEADER_FIELDS || root.is_list || root.payload.len() != 32 {
            return Err(Decided::at(header.at, Fault::BadHeader));
        }
        let number = transaction::integer(&fields[NUMBER], "number", 8)?;
        let timestamp = transaction::integer(&fields[TIMESTAMP], "timestamp", 8)?;
        let [number, timestamp] =
            [number, timestamp].map(|digits| transaction::u64_of(digits).unwrap_or(u64::MAX));
        let fork = context.fork.or_else(|| Fork::at(context.chain_id, number, timestamp));
        let Some(fork) = fork else { return Err(Decided::undecided(Fault::NoFork)) };
        let rules = Rules { chain_id: context.chain_id, fork, network_form: false, from: None };

        let (mut transactions, mut encodings) = (Vec::new(), Vec::new());
        for item in Items::new(record, list) {
            let item = item?;
            // A list is a transaction without a type; a string holds one with its type.
            let encoding = if item.is_list { item.raw } else { item.payload };
            if encoding.len() < SHORTEST {
                return Err(Decided::at(item.at, Fault::InvalidTransaction));
            }
            let mark = work.mark();
            let parsed = match encoding.first() {
                Some(0xc0..) if !item.is_list => Err(Decided::at(0, Fault::UnknownType)),
                _ => transaction::parse(encoding, &rules, work),
            };
            if parsed.is_err() {
                work.rewind(&mark);
            }
            encodings.push(encoding);
            transactions.push(parsed);
        }
        let computed = trie::root(&encodings, work);
        let hash = work.hash(Hash::Keccak256, &[header.raw.into()]);
        Ok(Self { hash, roots: (root.payload, computed), transactions })
    }

    pub(super) fn fold(self, answers: &Answers<'_>) -> Report {
        let (stated, computed) = self.roots;
        let is_root = stated == answers.digest(computed);
        let report = |transaction: Result<transaction::Plan, Decided>| match transaction {
            Ok(plan) => plan.fold(answers),
            Err(decided) => *decided.0,
        };
        let transactions: Vec<Report> = self.transactions.into_iter().map(report).collect();
        let verdict = match transactions.iter().all(|transaction| transaction.verdict.is_valid()) {
            _ if !is_root => Verdict::invalid(Fault::TransactionsRoot),
            true => Verdict::Valid,
            // Transactions of a fork that is known are valid or invalid.
            false => Verdict::invalid(Fault::InvalidTransaction),
        };
        Report { hash: Some(answers.digest(self.hash).to_vec()), transactions, ..Report::new(verdict) }
    }
}
