//! Signed transactions: what is signed, and the authenticators of the sender and of others.
//!
//! ```text
//! raw transaction ‖ 0 ‖ key, signature                                 Ed25519
//! raw transaction ‖ 1 ‖ keys and threshold, signatures and bitmap      MultiEd25519
//! raw transaction ‖ 2 ‖ authenticator ‖ addresses ‖ authenticators     several agents, each by one of these
//! ```

use sigwarp::{Ed25519Rule, Hash, Reason, Suite};

use super::bcs::{self, ADDRESS};
use super::seed::Type;
use super::{Context, Fault};
use crate::batch::Answers;
use crate::profile::{self, Decided};
use crate::work::{CheckId, HashId, Piece, Work};
use crate::{Cause, Reader, Report, Role, Signature, Verdict};

const SUITE: Suite = Suite::ed25519(Ed25519Rule::Strict);

const KEY: usize = 32;
const SIGNATURE: usize = 64;
/// The bits that say whose signatures there are, the most significant of the first byte for the first key.
const BITMAP: usize = 4;
/// The most keys of an authenticator (`MAX_NUM_OF_KEYS` of multi_ed25519.rs).
const MOST_KEYS: usize = 32;

/// A transaction whose signatures wait for their verdicts.
#[derive(Debug)]
pub struct Plan<'a> {
    id: HashId,
    sender: &'a [u8],
    authenticators: Vec<Authenticator<'a>>,
    /// What is wrong with a transaction whose signatures hold.
    fault: Option<Fault>,
}

/// An authenticator of the sender, which is the first, or of another.
#[derive(Debug)]
struct Authenticator<'a> {
    /// SHA3-256 of the keys and the number of the scheme.
    authentication_key: HashId,
    signatures: Vec<Given<'a>>,
    /// Keys that sign nothing: each is checked with a signature of zeros, since it must be a point all the same.
    others: Vec<CheckId>,
    is_multi: bool,
    fault: Option<Fault>,
}

#[derive(Debug)]
struct Given<'a> {
    /// The place of the key.
    place: usize,
    key: &'a [u8],
    check: CheckId,
}

/// An authenticator as it stands in the record.
enum Read<'a> {
    One {
        key: &'a [u8; KEY],
        signature: &'a [u8; SIGNATURE],
    },
    Several {
        bytes: &'a [u8],
        keys: &'a [[u8; KEY]],
        threshold: usize,
        signatures: &'a [[u8; SIGNATURE]],
        bitmap: u32,
    },
}

impl<'a> Plan<'a> {
    pub(super) fn parse(record: &'a [u8], context: &Context, work: &mut Work<'a>) -> Result<Self, Decided> {
        let mut reader = Reader::new(record);
        let parsed = Self::read(&mut reader, record, context, work);
        parsed.filter(|_| reader.is_empty()).ok_or_else(|| Decided::at(reader.at(), Fault::Malformed))
    }

    fn read(
        reader: &mut Reader<'a>,
        record: &'a [u8],
        context: &Context,
        work: &mut Work<'a>,
    ) -> Option<Self> {
        let raw = bcs::raw(reader)?;
        let scheme = bcs::uleb(reader)?;
        let seed = |of| &context.prefix.seed(of)[..];
        let mut fault = context.chain_id.filter(|id| *id != raw.chain_id).map(|_| Fault::WrongChain);
        let (message, read) = match scheme {
            2 => {
                let mut read = vec![Read::next(reader)?];
                let start = reader.at();
                let count = bcs::length(reader)?;
                let addresses = reader.take(count.checked_mul(ADDRESS)?)?;
                let listed = reader.since(start);
                let others = bcs::length(reader)?;
                for _ in 0..others {
                    read.push(Read::next(reader)?);
                }
                let (addresses, _) = addresses.as_chunks::<ADDRESS>();
                let mut all: Vec<&[u8]> = addresses.iter().map(|address| &address[..]).collect();
                all.push(raw.sender);
                all.sort_unstable();
                if all.windows(2).any(|pair| pair[0] == pair[1]) {
                    fault = Some(Fault::DuplicateSigner);
                } else if count != others {
                    fault = fault.or(Some(Fault::SecondarySignerCount));
                }
                // The data that goes with it is of the first kind: the addresses.
                let message = [seed(Type::RawTransactionWithData), &[0], raw.bytes, listed];
                (work.own_all(message), read)
            }
            scheme => {
                let message = work.own_all([seed(Type::RawTransaction), raw.bytes]);
                (message, vec![Read::of_scheme(scheme, reader)?])
            }
        };
        let authenticators = read.into_iter().map(|read| read.ask(message, work)).collect();
        // A transaction of a user is the first kind of what a ledger has.
        let before = work.own_all([seed(Type::Transaction), &[0]]);
        let id = work.hash(Hash::Sha3_256, &[before, record.into()]);
        Some(Self { id, sender: raw.sender, authenticators, fault })
    }
}

impl<'a> Read<'a> {
    fn next(reader: &mut Reader<'a>) -> Option<Self> {
        let scheme = bcs::uleb(reader)?;
        Self::of_scheme(scheme, reader)
    }

    fn of_scheme(scheme: u32, reader: &mut Reader<'a>) -> Option<Self> {
        let (keys, signatures) = match scheme {
            0 | 1 => (bcs::bytes(reader)?, bcs::bytes(reader)?),
            _ => return None,
        };
        if scheme == 0 {
            return Some(Self::One { key: keys.try_into().ok()?, signature: signatures.try_into().ok()? });
        }
        let (threshold, of_keys) = keys.split_last()?;
        let threshold = usize::from(*threshold);
        let (of_keys, rest) = of_keys.as_chunks::<KEY>();
        let (of_signatures, bitmap) = signatures.split_last_chunk::<BITMAP>()?;
        let (of_signatures, odd) = of_signatures.as_chunks::<SIGNATURE>();
        let bitmap = u32::from_be_bytes(*bitmap);
        let is_fine = rest.is_empty()
            && odd.is_empty()
            && (1..=MOST_KEYS).contains(&of_keys.len())
            && (1..=of_keys.len()).contains(&threshold)
            && !of_signatures.is_empty()
            && bitmap.count_ones() as usize == of_signatures.len();
        is_fine.then_some(Self::Several {
            bytes: keys,
            keys: of_keys,
            threshold,
            signatures: of_signatures,
            bitmap,
        })
    }

    /// Asks for its signatures and for its other keys.
    fn ask(self, message: Piece<'a>, work: &mut Work<'a>) -> Authenticator<'a> {
        match self {
            Self::One { key, signature } => {
                let authentication_key = work.hash(Hash::Sha3_256, &[key.into(), (&[0]).into()]);
                let check = work.verify(&SUITE, key, message, signature);
                let signatures = vec![Given { place: 0, key, check }];
                Authenticator {
                    authentication_key,
                    signatures,
                    others: Vec::new(),
                    is_multi: false,
                    fault: None,
                }
            }
            Self::Several { bytes, keys, threshold, signatures, bitmap } => {
                let authentication_key = work.hash(Hash::Sha3_256, &[bytes.into(), (&[1]).into()]);
                let has_signed = |place: usize| bitmap >> (u32::BITS as usize - 1 - place) & 1 == 1;
                let mut given = Vec::new();
                let mut others = Vec::new();
                let mut left = signatures.iter();
                for (place, key) in keys.iter().enumerate() {
                    match has_signed(place).then(|| left.next()).flatten() {
                        Some(signature) => {
                            given.push(Given {
                                place,
                                key,
                                check: work.verify(&SUITE, key, message, signature),
                            });
                        }
                        None => others.push(work.verify(&SUITE, key, message, &[0; SIGNATURE])),
                    }
                }
                let fault = match () {
                    // Diem compares the last bit with the bytes of the keys, and comes to a key that is not there.
                    () if bitmap.trailing_zeros() as usize + keys.len() < u32::BITS as usize => {
                        Some(Fault::SignatureIndexOutOfRange)
                    }
                    () if signatures.len() < threshold => Some(Fault::BelowThreshold),
                    () => None,
                };
                Authenticator { authentication_key, signatures: given, others, is_multi: true, fault }
            }
        }
    }
}

/// Whether the key or the scalar is one that Diem does not read.
const fn is_unread(verdict: sigwarp::Verdict, is_signed: bool) -> bool {
    match verdict {
        sigwarp::Verdict::Valid => false,
        sigwarp::Verdict::Invalid(reason) => match reason {
            Reason::BadKeyLength
            | Reason::BadKeyEncoding
            | Reason::NonCanonicalKey
            | Reason::SmallOrderKey
            | Reason::KeyNotOnCurve => true,
            Reason::ScalarOutOfRange => is_signed,
            _ => false,
        },
    }
}

impl profile::Plan for Plan<'_> {
    fn fold(self, answers: &Answers<'_>) -> Report {
        let mut signatures: Vec<Signature> = Vec::new();
        let mut failed: Option<(Cause, Option<usize>)> = None;
        let mut is_unread_key = false;
        let mut is_out_of_range = false;
        let mut authentication_keys = Vec::new();
        for (agent, authenticator) in self.authenticators.into_iter().enumerate() {
            authentication_keys.push(answers.digest(authenticator.authentication_key).to_vec());
            is_out_of_range |= authenticator.fault == Some(Fault::SignatureIndexOutOfRange);
            if let Some(fault) = authenticator.fault {
                failed.get_or_insert((fault.into(), None));
            }
            for Given { place, key, check } in authenticator.signatures {
                let role = match (agent, authenticator.is_multi) {
                    (0, false) => Role::one("sender"),
                    (0, true) => Role::nth("sender", place),
                    (agent, false) => Role::nth("secondary", agent - 1),
                    (agent, true) => Role::nth("secondary", agent - 1).part(place),
                };
                is_unread_key |= is_unread(answers.verdict(check), true);
                let signature = Signature { key: key.to_vec(), ..answers.signature(role, check) };
                if let Some(cause) = signature.verdict.cause() {
                    failed.get_or_insert((cause.in_role(role), Some(signatures.len())));
                }
                signatures.push(signature);
            }
            is_unread_key |=
                authenticator.others.iter().any(|check| is_unread(answers.verdict(*check), false));
        }
        let report = match (is_unread_key, failed, self.fault) {
            (true, _, _) => Report::new(Verdict::invalid(Fault::Malformed)),
            (_, Some((cause, _)), _) if is_out_of_range => Report::new(Verdict::Invalid(cause)),
            (_, Some((cause, which)), _) => {
                Report { which, signatures, ..Report::new(Verdict::Invalid(cause)) }
            }
            (_, None, Some(fault)) => Report { signatures, ..Report::new(Verdict::invalid(fault)) },
            (_, None, None) => Report { signatures, ..Report::new(Verdict::Valid) },
        };
        Report {
            sender: Some(self.sender.to_vec()),
            tx_id: Some(answers.digest(self.id).to_vec()),
            signers: Some(authentication_keys),
            ..report
        }
    }
}
