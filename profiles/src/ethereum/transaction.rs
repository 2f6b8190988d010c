//! One transaction: its fields, what was signed, and what the recovered keys say.

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Hash, Suite};

use super::{Fault, Fork};
use crate::batch::Answers;
use crate::profile::{self, Decided};
use crate::rlp::{self, Item, Items, Malformed};
use crate::work::{HashId, Piece, RecoveryId, Work};
use crate::{Cause, Report, Role, Signature, Verdict};

/// What a type of transaction is made of.
struct Type {
    byte: u8,
    since: Fork,
    /// Fields before v or the parity, in order.
    fields: &'static [(&'static str, Kind)],
}

#[derive(Clone, Copy)]
enum Kind {
    /// An integer of at most this many bytes.
    Integer(usize),
    /// The integer that must be the chain id.
    ChainId,
    /// 20 bytes, or none where a contract is created.
    To,
    /// 20 bytes.
    Address,
    Bytes,
    AccessList,
    BlobHashes,
    Authorizations,
}

use Kind::{AccessList, Address, Authorizations, BlobHashes, Bytes, ChainId, Integer, To};

const LEGACY: Type = Type {
    byte: 0,
    since: Fork::Frontier,
    fields: &[
        ("nonce", Integer(8)),
        ("gasPrice", Integer(32)),
        ("gasLimit", Integer(8)),
        ("to", To),
        ("value", Integer(32)),
        ("data", Bytes),
    ],
};

const TYPED: [Type; 4] = [
    Type {
        byte: 1,
        since: Fork::Berlin,
        fields: &[
            ("chainId", ChainId),
            ("nonce", Integer(8)),
            ("fee", Integer(32)),
            ("gasLimit", Integer(8)),
            ("to", To),
            ("value", Integer(32)),
            ("data", Bytes),
            ("accessList", AccessList),
        ],
    },
    Type {
        byte: 2,
        since: Fork::London,
        fields: &[
            ("chainId", ChainId),
            ("nonce", Integer(8)),
            ("fee", Integer(32)),
            ("fee", Integer(32)),
            ("gasLimit", Integer(8)),
            ("to", To),
            ("value", Integer(32)),
            ("data", Bytes),
            ("accessList", AccessList),
        ],
    },
    Type {
        byte: 3,
        since: Fork::Cancun,
        fields: &[
            ("chainId", ChainId),
            ("nonce", Integer(8)),
            ("fee", Integer(32)),
            ("fee", Integer(32)),
            ("gasLimit", Integer(8)),
            ("to", Address),
            ("value", Integer(32)),
            ("data", Bytes),
            ("accessList", AccessList),
            ("maxFeePerBlobGas", Integer(32)),
            ("blobVersionedHashes", BlobHashes),
        ],
    },
    Type {
        byte: 4,
        since: Fork::Prague,
        fields: &[
            ("chainId", ChainId),
            ("nonce", Integer(8)),
            ("fee", Integer(32)),
            ("fee", Integer(32)),
            ("gasLimit", Integer(8)),
            ("to", Address),
            ("value", Integer(32)),
            ("data", Bytes),
            ("accessList", AccessList),
            ("authorizationList", Authorizations),
        ],
    },
];

/// The most fields of a type, the signature included.
const MOST_FIELDS: usize = 14;

/// What a transaction's bytes do not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) chain_id: u64,
    pub(super) fork: Fork,
    pub(super) network_form: bool,
    pub(super) from: Option<[u8; 20]>,
}

/// A transaction whose signatures wait for their keys.
#[derive(Debug)]
pub(super) struct Plan {
    id: HashId,
    sender: RecoveryId,
    authorizations: Vec<Authority>,
    from: Option<[u8; 20]>,
    /// Whether blobs, commitments and proofs came with it, which nobody checks here.
    has_blobs: bool,
}

/// An authorization: a key to be recovered, or why it is skipped.
type Authority = Result<RecoveryId, Cause>;

pub(super) fn parse<'a>(record: &'a [u8], rules: &Rules, work: &mut Work<'a>) -> Result<Plan, Decided> {
    let &first = record.first().ok_or_else(|| Decided::at(0, Fault::Truncated))?;
    let (kind, at) = match first {
        0xc0.. => (&LEGACY, 0),
        byte => {
            let known = TYPED.iter().find(|kind| kind.byte == byte);
            (known.ok_or_else(|| Decided::at(0, Fault::UnknownType))?, 1)
        }
    };
    if rules.fork < kind.since {
        return Err(Decided::at(0, Fault::TypeNotActive));
    }
    let mut list = Item::read(record, at)?;
    let mut has_blobs = false;
    if !list.is_list {
        return Err(Decided::at(at, Fault::ExpectedList));
    }
    rlp::check(record, &list)?;
    if list.end() != record.len() {
        return Err(Decided::at(list.end(), Fault::TrailingBytes));
    }
    if kind.byte == 3
        && let Some(Ok(inner)) = Items::new(record, &list).next()
        && inner.is_list
    {
        if !rules.network_form {
            return Err(Decided::at(inner.at, Fault::NetworkForm));
        }
        list = inner;
        has_blobs = true;
    }
    Ok(Plan { has_blobs, ..Fields::read(record, kind, &list)?.plan(rules, work)? })
}

/// The items of a transaction, each of which is well-formed.
struct Fields<'a> {
    record: &'a [u8],
    kind: &'static Type,
    list: Item<'a>,
    items: [Item<'a>; MOST_FIELDS],
}

impl<'a> Fields<'a> {
    fn read(record: &'a [u8], kind: &'static Type, list: &Item<'a>) -> Result<Self, Decided> {
        let mut items = [*list; MOST_FIELDS];
        let mut count = 0;
        for item in Items::new(record, list) {
            let item = item?;
            *items.get_mut(count).ok_or_else(|| Decided::at(item.at, Fault::FieldCount))? = item;
            count += 1;
        }
        match count == kind.fields.len() + 3 {
            true => Ok(Self { record, kind, list: *list, items }),
            false => Err(Decided::at(list.at, Fault::FieldCount)),
        }
    }

    fn plan(&self, rules: &Rules, work: &mut Work<'a>) -> Result<Plan, Decided> {
        let [v, r, s] = std::array::from_fn(|place| self.items[self.kind.fields.len() + place]);
        for ((name, kind), item) in self.kind.fields.iter().zip(&self.items) {
            self.field(name, *kind, item)?;
        }
        let v_name = if self.kind.byte == 0 { "v" } else { "yParity" };
        let v = Field { item: v, value: integer(&v, v_name, 32)? };
        let signature = signature(integer(&r, "r", 32)?, integer(&s, "s", 32)?);
        let (recovery_id, protected) = self.recovery_id(rules, &v)?;
        let digest = self.signed(rules, protected, v.item.at, work);
        let rule = if rules.fork < Fork::Homestead { EcdsaRule::Any } else { EcdsaRule::LowS };
        let signature = work.own(&signature);
        let sender = work.recover(rule, digest, signature, recovery_id);
        let id = self.id(work);
        let authorizations = match self.kind.fields.last() {
            Some((_, Authorizations)) => {
                self.authorizations(&self.items[self.kind.fields.len() - 1], rules, work)?
            }
            _ => Vec::new(),
        };
        Ok(Plan { id, sender, authorizations, from: rules.from, has_blobs: false })
    }

    /// Whether a field is what its kind says; chain ids are compared later, with v.
    fn field(&self, name: &'static str, kind: Kind, item: &Item<'a>) -> Result<(), Decided> {
        let bad = |fault: Fault| Decided::at(item.at, Cause::from(fault).of(name));
        match kind {
            Integer(bytes) => integer(item, name, bytes).map(drop),
            ChainId => integer(item, name, 32).map(drop),
            Bytes if item.is_list => Err(bad(Fault::ExpectedBytes)),
            Bytes => Ok(()),
            To | Address => match (item.is_list, item.payload.len(), kind) {
                (false, 20, _) | (false, 0, To) => Ok(()),
                _ => Err(bad(Fault::BadAddress)),
            },
            AccessList => match self.is_access_list(item)? {
                true => Ok(()),
                false => Err(Decided::at(item.at, Fault::BadAccessList)),
            },
            BlobHashes => self.blob_hashes(item),
            Authorizations => Ok(()),
        }
    }

    fn is_access_list(&self, list: &Item<'a>) -> Result<bool, Malformed> {
        if !list.is_list {
            return Ok(false);
        }
        for entry in Items::new(self.record, list) {
            let entry = entry?;
            if !entry.is_list {
                return Ok(false);
            }
            let mut parts = Items::new(self.record, &entry);
            let (address, keys, end) = (parts.next().transpose()?, parts.next().transpose()?, parts.next());
            let (Some(address), Some(keys), None) = (address, keys, end) else {
                return Ok(false);
            };
            if address.is_list || address.payload.len() != 20 || !keys.is_list {
                return Ok(false);
            }
            for key in Items::new(self.record, &keys) {
                let key = key?;
                if key.is_list || key.payload.len() != 32 {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn blob_hashes(&self, list: &Item<'a>) -> Result<(), Decided> {
        if !list.is_list {
            return Err(Decided::at(list.at, Cause::from(Fault::ExpectedList).of("blobVersionedHashes")));
        }
        if list.payload.is_empty() {
            return Err(Decided::at(list.at, Fault::NoBlobs));
        }
        for hash in Items::new(self.record, list) {
            let hash = hash?;
            if hash.is_list || hash.payload.len() != 32 || hash.payload[0] != 1 {
                return Err(Decided::at(hash.at, Fault::BadBlobHashVersion));
            }
        }
        Ok(())
    }

    /// The recovery id, and whether a legacy transaction names its chain.
    fn recovery_id(&self, rules: &Rules, v: &Field<'a>) -> Result<(u8, bool), Decided> {
        let bad = |fault| Err(Decided::at(v.item.at, fault));
        if self.kind.byte != 0 {
            let chain_id = &self.items[0];
            if u64_of(chain_id.payload) != Some(rules.chain_id) {
                return Err(Decided::at(chain_id.at, Fault::WrongChainId));
            }
            return match v.value {
                [] => Ok((0, false)),
                [1] => Ok((1, false)),
                _ => bad(Fault::BadV),
            };
        }
        let value = match v.value {
            [27 | 28] => return Ok((v.value[0] - 27, false)),
            short if short.len() <= 16 => {
                short.iter().fold(0, |value: u128, &digit| value << 8 | u128::from(digit))
            }
            // No chain id of 64 bits makes a v of more than 9 bytes.
            _ => u128::MAX,
        };
        match value.checked_sub(35) {
            None => bad(Fault::BadV),
            Some(_) if rules.fork < Fork::Eip158 => bad(Fault::ProtectedTooEarly),
            Some(above) if above / 2 != u128::from(rules.chain_id) => bad(Fault::WrongChainId),
            Some(above) => Ok(((above % 2) as u8, true)),
        }
    }

    /// The hash that was signed: the fields before v as they came, under a list header of their own, which begin
    /// where the list's payload does and end at `v`.
    fn signed(&self, rules: &Rules, protected: bool, v: usize, work: &mut Work<'a>) -> HashId {
        let fields = self.record.get(self.list.payload_at()..v).unwrap_or(&[]);
        let (chain_id, count) = rlp::integer(rules.chain_id);
        let after = [&chain_id[..count], &[0x80, 0x80]];
        let added = if protected { count + 2 } else { 0 };
        let (header, count) = rlp::list_header(fields.len() + added);
        let before = match self.kind.byte {
            0 => work.own(&header[..count]),
            byte => work.own_all([&[byte][..], &header[..count]]),
        };
        match protected {
            false => work.hash(Hash::Keccak256, &[before, fields.into()]),
            true => {
                let after = work.own_all(after);
                work.hash(Hash::Keccak256, &[before, fields.into(), after])
            }
        }
    }

    /// The hash by which the transaction is known, without the blobs that may travel with it.
    fn id(&self, work: &mut Work<'a>) -> HashId {
        let type_byte = if self.kind.byte == 0 { 0 } else { 1 };
        // Without blobs the record is the transaction.
        if self.list.at == type_byte {
            return work.hash(Hash::Keccak256, &[self.record.into()]);
        }
        let begin = Piece::from(&self.record[..type_byte]);
        work.hash(Hash::Keccak256, &[begin, self.list.raw.into()])
    }

    fn authorizations(
        &self,
        list: &Item<'a>,
        rules: &Rules,
        work: &mut Work<'a>,
    ) -> Result<Vec<Authority>, Decided> {
        if !list.is_list {
            return Err(Decided::at(list.at, Cause::from(Fault::ExpectedList).of("authorizationList")));
        }
        if list.payload.is_empty() {
            return Err(Decided::at(list.at, Fault::NoAuthorizations));
        }
        Items::new(self.record, list).map(|entry| self.authorization(&entry?, rules, work)).collect()
    }

    /// EIP-7702. What is malformed makes the transaction invalid; what does not hold is skipped by the chain.
    fn authorization(
        &self,
        entry: &Item<'a>,
        rules: &Rules,
        work: &mut Work<'a>,
    ) -> Result<Authority, Decided> {
        let mut items = [*entry; 6];
        let mut count = 0;
        let bad = || Decided::at(entry.at, Fault::BadAuthorization);
        for item in Items::new(self.record, entry).take(if entry.is_list { 7 } else { 0 }) {
            *items.get_mut(count).ok_or_else(bad)? = item?;
            count += 1;
        }
        if count != 6 {
            return Err(bad());
        }
        let [chain_id, address, nonce, parity, r, s] = items;
        let chain_id = integer(&chain_id, "auth.chainId", 32)?;
        if address.is_list || address.payload.len() != 20 {
            return Err(Decided::at(address.at, Cause::from(Fault::BadAddress).of("auth")));
        }
        let last = nonce;
        let nonce = integer(&nonce, "auth.nonce", 8)?;
        let parity = integer(&parity, "auth.yParity", 1)?;
        let signature = signature(integer(&r, "auth.r", 32)?, integer(&s, "auth.s", 32)?);
        let fault = match (u64_of(chain_id), parity) {
            (Some(id), _) if id != 0 && id != rules.chain_id => Some(Fault::WrongChainId),
            (None, _) => Some(Fault::WrongChainId),
            _ if nonce == [0xff; 8] => Some(Fault::NonceTooLarge),
            (_, [] | [1]) => None,
            _ => Some(Fault::BadV),
        };
        if let Some(fault) = fault {
            return Ok(Err(fault.into()));
        }
        let fields = self.record.get(items[0].at..last.end()).unwrap_or(&[]);
        let (header, count) = rlp::list_header(fields.len());
        let before = work.own_all([&[5][..], &header[..count]]);
        let digest = work.hash(Hash::Keccak256, &[before, fields.into()]);
        let signature = work.own(&signature);
        Ok(Ok(work.recover(EcdsaRule::LowS, digest, signature, u8::from(!parity.is_empty()))))
    }
}

/// A field and its value.
struct Field<'a> {
    item: Item<'a>,
    value: &'a [u8],
}

/// The digits of an integer of at most `bytes` bytes.
pub(super) fn integer<'a>(item: &Item<'a>, name: &'static str, bytes: usize) -> Result<&'a [u8], Decided> {
    let fault = match item.payload {
        _ if item.is_list => Fault::ExpectedBytes,
        [0, ..] => Fault::LeadingZero,
        payload if payload.len() > bytes => Fault::IntegerTooLarge,
        payload => return Ok(payload),
    };
    Err(Decided::at(item.at, Cause::from(fault).of(name)))
}

pub(super) fn u64_of(digits: &[u8]) -> Option<u64> {
    (digits.len() <= 8).then(|| digits.iter().fold(0, |value, &digit| value << 8 | u64::from(digit)))
}

/// r ‖ s, each of 32 bytes, from integers of at most as many.
fn signature(r: &[u8], s: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[32 - r.len()..32].copy_from_slice(r);
    signature[64 - s.len()..].copy_from_slice(s);
    signature
}

impl profile::Plan for Plan {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let mut sender = answers.recovery(Role::one("tx"), self.sender);
        if self.from.is_some() && sender.verdict.is_valid() && sender.address != self.from {
            sender.verdict = Verdict::invalid(Fault::WrongSender);
        }
        let authorized = self.authorizations.into_iter().enumerate().map(|(index, authority)| {
            let role = Role::nth("authorization", index);
            match authority {
                Ok(recovery) => answers.recovery(role, recovery),
                Err(cause) => {
                    let suite = Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::LowS, EcdsaEncoding::Raw);
                    Signature::decided(role, Some(suite), &[], Verdict::Invalid(cause))
                }
            }
        });
        let verdict = sender.verdict;
        Report {
            which: (!verdict.is_valid()).then_some(0),
            sender: sender.address.map(|address| address.to_vec()),
            undecided: if self.has_blobs { vec![Fault::BlobProofs.into()] } else { Vec::new() },
            tx_id: Some(answers.digest(self.id).to_vec()),
            signatures: std::iter::once(sender).chain(authorized).collect(),
            ..Report::new(verdict)
        }
    }
}
