//! The messages of Fabric (fabric-protos) over slices of the record, as Go's protobuf reads them: of a field that comes
//! twice the last counts, two messages in one field are merged, strings are UTF-8, and unknown fields are skipped, as
//! are fields of another wire type than theirs. What is signed or hashed is a slice of the record, never encoded again.

use crate::protobuf::{Message, Value};

/// Calls `on` with each field; `None` where the bytes are malformed or it says so.
pub(super) fn read<'a>(bytes: &'a [u8], mut on: impl FnMut(u32, Value<'a>) -> Option<()>) -> Option<()> {
    Message::new(bytes).try_for_each(|field| {
        let field = field.ok()?;
        on(field.number, field.value)
    })
}

/// A message whose fields are not used here.
fn skim(bytes: &[u8]) -> Option<()> {
    read(bytes, |_, _| Some(()))
}

/// The bytes of a string.
pub(super) fn text(bytes: &[u8]) -> Option<&[u8]> {
    std::str::from_utf8(bytes).ok().map(str::as_bytes)
}

/// Keeps a signature, and one more than are looked at: the bytes of an empty one are fewer than its memory.
fn push<T>(to: &mut Vec<T>, signature: T) {
    if to.len() <= super::MAX_SIGNATURES {
        to.push(signature);
    }
}

/// A message that is read from bytes, or merged with what was read before.
pub(super) trait Merge<'a>: Default {
    /// Reads the fields of these bytes on top of what is there.
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()>;

    /// The message of these bytes.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut message = Self::default();
        message.merge(bytes)?;
        Some(message)
    }
}

/// `common.Envelope`.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) payload: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> Merge<'a> for Envelope<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.payload = bytes,
                (2, Value::Bytes(bytes)) => self.signature = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// `common.Payload` with its `common.Header`.
#[derive(Debug, Default)]
pub(super) struct Payload<'a> {
    pub(super) header: Option<Header<'a>>,
    pub(super) data: &'a [u8],
}

impl<'a> Merge<'a> for Payload<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.header.get_or_insert_default().merge(bytes)?,
                (2, Value::Bytes(bytes)) => self.data = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// `common.Header`.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    pub(super) channel: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> Merge<'a> for Header<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.channel = bytes,
                (2, Value::Bytes(bytes)) => self.signature = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// `common.ChannelHeader`.
#[derive(Debug, Default)]
pub(super) struct ChannelHeader<'a> {
    pub(super) kind: i32,
    pub(super) tx_id: &'a [u8],
    pub(super) epoch: u64,
}

impl<'a> Merge<'a> for ChannelHeader<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Varint(kind)) => self.kind = Value::low_half(kind),
                // The timestamp and the channel.
                (3, Value::Bytes(bytes)) => skim(bytes)?,
                (4, Value::Bytes(bytes)) => text(bytes).map(drop)?,
                (5, Value::Bytes(bytes)) => self.tx_id = text(bytes)?,
                (6, Value::Varint(epoch)) => self.epoch = epoch,
                _ => {}
            }
            Some(())
        })
    }
}

/// `common.SignatureHeader`.
#[derive(Debug, Default)]
pub(super) struct SignatureHeader<'a> {
    pub(super) creator: &'a [u8],
    pub(super) nonce: &'a [u8],
}

impl<'a> Merge<'a> for SignatureHeader<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.creator = bytes,
                (2, Value::Bytes(bytes)) => self.nonce = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// `msp.SerializedIdentity`.
#[derive(Debug, Default)]
pub(super) struct SerializedIdentity<'a> {
    pub(super) msp: &'a [u8],
    pub(super) pem: &'a [u8],
}

impl<'a> Merge<'a> for SerializedIdentity<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.msp = text(bytes)?,
                (2, Value::Bytes(bytes)) => self.pem = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// `protos.Transaction`: its actions.
#[derive(Debug, Default)]
pub(super) struct Transaction<'a> {
    pub(super) actions: usize,
    /// The last of them.
    pub(super) action: Action<'a>,
}

impl<'a> Merge<'a> for Transaction<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            if let (1, Value::Bytes(bytes)) = (number, value) {
                self.actions += 1;
                self.action = Action::parse(bytes)?;
            }
            Some(())
        })
    }
}

/// `protos.TransactionAction`.
#[derive(Debug, Default)]
pub(super) struct Action<'a> {
    pub(super) header: &'a [u8],
    pub(super) payload: &'a [u8],
}

impl<'a> Merge<'a> for Action<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.header = bytes,
                (2, Value::Bytes(bytes)) => self.payload = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// `protos.ChaincodeActionPayload`.
#[derive(Debug, Default)]
pub(super) struct ActionPayload<'a> {
    /// Absent and empty are not the same: Fabric refuses to hash what is absent.
    pub(super) proposal_payload: Option<&'a [u8]>,
    pub(super) action: Option<EndorsedAction<'a>>,
}

impl<'a> Merge<'a> for ActionPayload<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.proposal_payload = Some(bytes),
                (2, Value::Bytes(bytes)) => self.action.get_or_insert_default().merge(bytes)?,
                _ => {}
            }
            Some(())
        })
    }
}

/// `protos.ChaincodeEndorsedAction`.
#[derive(Debug, Default)]
pub(super) struct EndorsedAction<'a> {
    pub(super) response: &'a [u8],
    pub(super) endorsements: Vec<Endorsement<'a>>,
}

impl<'a> Merge<'a> for EndorsedAction<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.response = bytes,
                (2, Value::Bytes(bytes)) => push(&mut self.endorsements, Endorsement::parse(bytes)?),
                _ => {}
            }
            Some(())
        })
    }
}

/// `protos.Endorsement`.
#[derive(Debug, Default)]
pub(super) struct Endorsement<'a> {
    pub(super) endorser: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> Merge<'a> for Endorsement<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.endorser = bytes,
                (2, Value::Bytes(bytes)) => self.signature = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// `protos.ProposalResponsePayload`.
#[derive(Debug, Default)]
pub(super) struct ResponsePayload<'a> {
    pub(super) proposal_hash: &'a [u8],
    pub(super) extension: &'a [u8],
}

impl<'a> Merge<'a> for ResponsePayload<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.proposal_hash = bytes,
                (2, Value::Bytes(bytes)) => self.extension = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// `protos.ChaincodeAction`: the chaincode and the namespaces that it writes to, each once, its own first.
#[derive(Debug, Default)]
pub(super) struct ChaincodeAction<'a> {
    name: &'a [u8],
    results: &'a [u8],
}

impl<'a> Merge<'a> for ChaincodeAction<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| match (number, value) {
            (1, Value::Bytes(bytes)) => {
                self.results = bytes;
                Some(())
            }
            (4, Value::Bytes(id)) => read(id, |number, value| {
                if let (2, Value::Bytes(bytes)) = (number, value) {
                    self.name = text(bytes)?;
                }
                Some(())
            }),
            _ => Some(()),
        })
    }
}

impl<'a> ChaincodeAction<'a> {
    /// The chaincodes whose policies count: the one that was called, and those whose state is written
    /// (`rwset.TxReadWriteSet`).
    pub(super) fn namespaces(&self) -> Option<Vec<&'a [u8]>> {
        let mut namespaces = vec![self.name];
        read(self.results, |number, value| {
            if let (2, Value::Bytes(set)) = (number, value) {
                let (mut namespace, mut writes): (&[u8], bool) = (&[], false);
                read(set, |number, value| {
                    match (number, value) {
                        (1, Value::Bytes(bytes)) => namespace = text(bytes)?,
                        // kvrwset.KVRWSet: writes and writes of metadata.
                        (2, Value::Bytes(set)) => writes |= has_any(set, [3, 4])?,
                        // rwset.CollectionHashedReadWriteSet.
                        (3, Value::Bytes(collection)) => read(collection, |number, value| {
                            if let (2, Value::Bytes(set)) = (number, value) {
                                writes |= has_any(set, [2, 3])?;
                            }
                            Some(())
                        })?,
                        _ => {}
                    }
                    Some(())
                })?;
                if writes && !namespaces.contains(&namespace) {
                    namespaces.push(namespace);
                }
            }
            // Each is compared with those before it.
            (namespaces.len() <= super::MAX_SIGNATURES).then_some(())
        })?;
        Some(namespaces)
    }
}

/// Whether a message has one of these fields.
fn has_any(bytes: &[u8], fields: [u32; 2]) -> Option<bool> {
    let mut found = false;
    read(bytes, |number, value| {
        found |= fields.contains(&number) && matches!(value, Value::Bytes(_));
        Some(())
    })?;
    Some(found)
}

/// `common.ConfigEnvelope`: the envelope of the update that it came from.
#[derive(Debug, Default)]
pub(super) struct ConfigEnvelope<'a> {
    pub(super) last_update: Option<Envelope<'a>>,
}

impl<'a> Merge<'a> for ConfigEnvelope<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => skim(bytes)?,
                (2, Value::Bytes(bytes)) => self.last_update.get_or_insert_default().merge(bytes)?,
                _ => {}
            }
            Some(())
        })
    }
}

/// `common.ConfigUpdateEnvelope`.
#[derive(Debug, Default)]
pub(super) struct ConfigUpdate<'a> {
    pub(super) update: &'a [u8],
    pub(super) signatures: Vec<HeadedSignature<'a>>,
}

impl<'a> Merge<'a> for ConfigUpdate<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.update = bytes,
                (2, Value::Bytes(bytes)) => push(&mut self.signatures, HeadedSignature::parse(bytes)?),
                _ => {}
            }
            Some(())
        })
    }
}

/// `common.ConfigSignature` and `common.MetadataSignature`.
#[derive(Debug, Default)]
pub(super) struct HeadedSignature<'a> {
    pub(super) header: &'a [u8],
    pub(super) signature: &'a [u8],
    /// Of block metadata alone: a `common.IdentifierHeader`.
    pub(super) identifier_header: &'a [u8],
}

impl<'a> Merge<'a> for HeadedSignature<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.header = bytes,
                (2, Value::Bytes(bytes)) => self.signature = bytes,
                (3, Value::Bytes(bytes)) => self.identifier_header = bytes,
                _ => {}
            }
            Some(())
        })
    }
}

/// The number of a consenter in a `common.IdentifierHeader`.
pub(super) fn identifier(bytes: &[u8]) -> Option<u32> {
    let mut identifier = 0;
    read(bytes, |number, value| {
        if let (1, Value::Varint(value)) = (number, value) {
            identifier = value as u32;
        }
        Some(())
    })?;
    Some(identifier)
}

/// `common.Metadata`, as it stands at the index `SIGNATURES` of a block's metadata.
#[derive(Debug, Default)]
pub(super) struct Metadata<'a> {
    pub(super) value: &'a [u8],
    pub(super) signatures: Vec<HeadedSignature<'a>>,
}

impl<'a> Merge<'a> for Metadata<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(bytes)) => self.value = bytes,
                (2, Value::Bytes(bytes)) => push(&mut self.signatures, HeadedSignature::parse(bytes)?),
                _ => {}
            }
            Some(())
        })
    }
}

/// A block, from `common.Block` or from a file of the ledger.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    pub(super) number: u64,
    pub(super) previous_hash: &'a [u8],
    pub(super) data_hash: &'a [u8],
    pub(super) envelopes: Vec<&'a [u8]>,
    pub(super) metadata: Vec<&'a [u8]>,
}

impl<'a> Merge<'a> for Block<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |number, value| match (number, value) {
            (1, Value::Bytes(header)) => read(header, |number, value| {
                match (number, value) {
                    (1, Value::Varint(number)) => self.number = number,
                    (2, Value::Bytes(bytes)) => self.previous_hash = bytes,
                    (3, Value::Bytes(bytes)) => self.data_hash = bytes,
                    _ => {}
                }
                Some(())
            }),
            (2, Value::Bytes(data)) => push_all(data, &mut self.envelopes),
            (3, Value::Bytes(metadata)) => push_all(metadata, &mut self.metadata),
            _ => Some(()),
        })
    }
}

/// The repeated bytes of field 1.
fn push_all<'a>(bytes: &'a [u8], to: &mut Vec<&'a [u8]>) -> Option<()> {
    read(bytes, |number, value| {
        if let (1, Value::Bytes(bytes)) = (number, value) {
            to.push(bytes);
        }
        Some(())
    })
}
