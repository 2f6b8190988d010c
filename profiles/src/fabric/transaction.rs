//! Transactions: what core/common/validation of a peer checks of an envelope, in its order, and the signatures of its
//! endorsers, or of the members that have signed an update of the configuration.

use sigwarp::Hash;

use super::folding::{Decision, Folding};
use super::identity::{Asked, Message, Signers, Unasked, signature};
use super::wire::{
    ActionPayload, ChannelHeader, ConfigEnvelope, ConfigUpdate, EndorsedAction, Envelope, Header, Merge,
    Payload, ResponsePayload, SignatureHeader, Transaction as Wire,
};
use super::{Fault, MAX_SIGNATURES};
use crate::work::HashId;
use crate::{Report, Role, Verdict};

/// `common.HeaderType`.
const CONFIG: i32 = 1;
const CONFIG_UPDATE: i32 = 2;
const ENDORSER_TRANSACTION: i32 = 3;
const ORDERER_TRANSACTION: i32 = 4;

/// Where an envelope stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// By itself.
    Alone,
    /// In a block.
    Block,
    /// In the first block of a channel, or by itself but out of it.
    Genesis,
}

/// A transaction, as far as its bytes say.
#[derive(Debug)]
pub(super) enum Transaction<'a> {
    /// It is invalid, and none of its signatures are looked at.
    Invalid(Fault),
    /// The first transaction of a channel without signatures, as configtxgen makes it.
    Unsigned,
    Signed(Box<Signed<'a>>),
}

/// A transaction with a creator.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    creator: Result<Asked, Unasked>,
    body: Body<'a>,
}

#[derive(Debug)]
enum Body<'a> {
    Endorsed { tx_id: (HashId, &'a [u8]), action: Option<Endorsed<'a>> },
    Config { status: &'static str, signatures: Option<Vec<Result<Asked, Unasked>>> },
    Orderer,
    Unknown,
}

/// The action of an endorser transaction.
#[derive(Debug)]
struct Endorsed<'a> {
    /// The hash of the proposal, and the one that the endorsers state.
    proposal: (HashId, &'a [u8]),
    endorsers: Vec<Result<Asked, Unasked>>,
    /// What holds the chaincodes whose policies count.
    result: &'a [u8],
}

/// Reads an envelope and asks for its signatures.
pub(super) fn parse<'a>(bytes: &'a [u8], place: Place, signers: &mut Signers<'a, '_, '_>) -> Transaction<'a> {
    match signed(bytes, place, signers) {
        Ok(Some(signed)) => Transaction::Signed(Box::new(signed)),
        Ok(None) => Transaction::Unsigned,
        Err(fault) => Transaction::Invalid(fault),
    }
}

fn signed<'a>(
    bytes: &'a [u8],
    place: Place,
    signers: &mut Signers<'a, '_, '_>,
) -> Result<Option<Signed<'a>>, Fault> {
    let envelope = Envelope::parse(bytes).ok_or(Fault::BAD_PAYLOAD)?;
    let payload = Payload::parse(envelope.payload).ok_or(Fault::BAD_PAYLOAD)?;
    let header = payload.header.ok_or(Fault::BAD_COMMON_HEADER)?;
    let channel = ChannelHeader::parse(header.channel).ok_or(Fault::BAD_COMMON_HEADER)?;
    let by = SignatureHeader::parse(header.signature).ok_or(Fault::BAD_COMMON_HEADER)?;
    let is_known = (CONFIG..=ORDERER_TRANSACTION).contains(&channel.kind);
    if !is_known || channel.epoch != 0 {
        return Err(Fault::BAD_COMMON_HEADER);
    }
    if place == Place::Genesis && envelope.signature.is_empty() {
        return Ok(None);
    }
    if by.nonce.is_empty() || by.creator.is_empty() {
        return Err(Fault::BAD_COMMON_HEADER);
    }
    if envelope.signature.is_empty() {
        return Err(Fault::BAD_CREATOR_SIGNATURE);
    }
    let message = Message { parts: &[envelope.payload], end: None };
    let creator = signers.ask(by.creator, &message, envelope.signature);
    if creator.is_err_and(|why| why == Unasked::BadIdentity) {
        return Err(Fault::BAD_CREATOR_SIGNATURE);
    }
    let body = match channel.kind {
        ENDORSER_TRANSACTION => {
            let tx_id = signers.work.hash(Hash::Sha256, &[by.nonce.into(), by.creator.into()]);
            Body::Endorsed { tx_id: (tx_id, channel.tx_id), action: endorsed(payload.data, &header, signers) }
        }
        CONFIG => {
            let update = ConfigEnvelope::parse(payload.data).and_then(|config| match config.last_update {
                Some(envelope) => Some(Some(Payload::parse(envelope.payload)?.data)),
                // The first configuration of a channel may have come from no update.
                None => (place == Place::Genesis).then_some(None),
            });
            let signatures = update.and_then(|update| match update {
                Some(update) => config(update, signers),
                None => Some(Vec::new()),
            });
            Body::Config { status: "CONFIG", signatures }
        }
        // An orderer takes it; in a block it has become a configuration.
        CONFIG_UPDATE if place == Place::Alone => {
            Body::Config { status: "CONFIG_UPDATE", signatures: config(payload.data, signers) }
        }
        ORDERER_TRANSACTION => Body::Orderer,
        _ => Body::Unknown,
    };
    Ok(Some(Signed { creator, body }))
}

/// The one action of an endorser transaction; `None` where Fabric's validation ends at it.
fn endorsed<'a>(
    data: &'a [u8],
    header: &Header<'a>,
    signers: &mut Signers<'a, '_, '_>,
) -> Option<Endorsed<'a>> {
    let Wire { actions: 1, action } = Wire::parse(data)? else { return None };
    let by = SignatureHeader::parse(action.header)?;
    if by.nonce.is_empty() || by.creator.is_empty() {
        return None;
    }
    let payload = ActionPayload::parse(action.payload)?;
    let EndorsedAction { response, endorsements } = payload.action?;
    let stated = ResponsePayload::parse(response)?;
    let pieces = [header.channel, action.header, payload.proposal_payload?];
    let proposal = signers.work.hash(Hash::Sha256, &pieces.map(Into::into));
    let endorsers = endorsements.iter().enumerate().map(|(place, endorsement)| {
        if place >= MAX_SIGNATURES {
            return Err(Unasked::TooMany);
        }
        let message = Message { parts: &[response, endorsement.endorser], end: None };
        signers.ask(endorsement.endorser, &message, endorsement.signature)
    });
    let endorsers = endorsers.collect();
    Some(Endorsed { proposal: (proposal, stated.proposal_hash), endorsers, result: stated.extension })
}

/// The signatures under an update of the configuration; `None` where it is malformed.
fn config<'a>(data: &'a [u8], signers: &mut Signers<'a, '_, '_>) -> Option<Vec<Result<Asked, Unasked>>> {
    let ConfigUpdate { update, signatures } = ConfigUpdate::parse(data)?;
    let asked = signatures.iter().enumerate().map(|(place, of)| {
        if place >= MAX_SIGNATURES {
            return Err(Unasked::TooMany);
        }
        let by = SignatureHeader::parse(of.header).ok_or(Unasked::BadIdentity)?;
        signers.ask(by.creator, &Message { parts: &[of.header, update], end: None }, of.signature)
    });
    Some(asked.collect())
}

impl Transaction<'_> {
    pub(super) fn fold(self, context: &Folding<'_, '_>) -> Report {
        match self {
            Self::Invalid(fault) => Report::new(Verdict::invalid(fault)),
            Self::Unsigned => Report::open([Fault::GenesisUnsigned.into()], Vec::new()),
            Self::Signed(signed) => signed.fold(context),
        }
    }
}

impl Signed<'_> {
    fn fold(self, context: &Folding<'_, '_>) -> Report {
        let answers = context.answers;
        let mut open = Vec::new();
        let mut signers = vec![self.creator];
        let mut signatures = Vec::new();
        match self.creator {
            Ok(asked) => {
                signatures.push(signature(Role::one("creator"), asked, context.suites, answers));
                if !signatures[0].verdict.is_valid() {
                    let verdict = Verdict::invalid(Fault::BAD_CREATOR_SIGNATURE);
                    return Report { which: Some(0), signatures, ..Report::new(verdict) };
                }
            }
            Err(why) => open.push(why.fault(Fault::BAD_CREATOR_SIGNATURE)),
        }
        let invalid =
            |fault: Fault, signatures| Report { signatures, ..Report::new(Verdict::invalid(fault)) };
        let (status, tx_id) = match self.body {
            Body::Endorsed { tx_id: (computed, stated), action } => {
                let computed = answers.digest(computed);
                if !is_hex_of(stated, computed) {
                    return invalid(Fault::BAD_PROPOSAL_TXID, signatures);
                }
                let is_of = |action: &Endorsed<'_>| answers.digest(action.proposal.0) == action.proposal.1;
                let Some(Endorsed { endorsers, result, .. }) = action.filter(is_of) else {
                    return invalid(Fault::INVALID_ENDORSER_TRANSACTION, signatures);
                };
                let words = (Fault::EndorserIdentity, Fault::EndorsementPolicy);
                let (of_endorsers, faults) = context.signatures("endorser", &endorsers, words);
                signatures.extend(of_endorsers);
                signers.extend(&endorsers);
                match context.endorsement(result, &endorsers) {
                    Some(Decision::Satisfied) => {}
                    Some(Decision::Failed) => {
                        return invalid(Fault::ENDORSEMENT_POLICY_FAILURE, signatures);
                    }
                    decision => {
                        open.extend(faults);
                        if endorsers.is_empty() {
                            open.push(Fault::NoEndorsement);
                        }
                        if context.has_duplicates(&endorsers) {
                            open.push(Fault::DuplicateEndorser);
                        }
                        // A policy that was given and says nothing.
                        if decision.is_some() && open.is_empty() {
                            open.push(Fault::EndorsementPolicy);
                        }
                    }
                }
                ("ENDORSER_TRANSACTION", Some(computed.to_vec()))
            }
            Body::Config { status, signatures: Some(asked) } => {
                let words = (Fault::ConfigPolicy, Fault::ConfigPolicy);
                let (of_members, faults) = context.signatures("config-update", &asked, words);
                signatures.extend(of_members);
                signers.extend(&asked);
                open.extend(faults);
                (status, None)
            }
            Body::Config { signatures: None, .. } => {
                return invalid(Fault::INVALID_CONFIG_TRANSACTION, signatures);
            }
            Body::Orderer => {
                open.push(Fault::OrdererTransaction);
                ("ORDERER_TRANSACTION", None)
            }
            Body::Unknown => return invalid(Fault::UNSUPPORTED_TX_PAYLOAD, signatures),
        };
        let report = match open.is_empty() {
            true => Report { signatures, ..Report::new(Verdict::Valid) },
            false => Report::open(open.into_iter().map(Into::into), signatures),
        };
        Report { status: Some(status), tx_id, anchored: context.anchored(&signers), ..report }
    }
}

/// Whether a text is these bytes in hexadecimal digits, in lower case as Go writes them.
fn is_hex_of(text: &[u8], bytes: &[u8]) -> bool {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[usize::from(digit)]);
    text.iter().copied().eq(digits)
}
