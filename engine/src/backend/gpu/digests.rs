//! Hashing on a device: messages to rows, rows to digests.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use sha2::Digest as _;
use sigwarp_shaders::Hash as Kernel;
use sigwarp_shaders::layout::{HashItem, Params};

use super::canary::{Places, ROOM};
use super::device::{Device, Pipeline};
use super::fault::{Fault, GpuFault};
use super::ring::{Job, Planted, Ring};
use crate::batch::Column;
use crate::hash::Hash;

/// Bytes of messages of a dispatch, for each message that it may have.
const ARENA_PER_MESSAGE: usize = 128;
/// The most messages of a dispatch on a device with memory of its own, and on the processor itself.
const MOST: usize = 1 << 17;
const MOST_SOFTWARE: usize = 1 << 14;
/// The bytes that cost as much as one unit of work, with the end of a message as one more.
const UNIT: usize = 64;

/// The kernel of a function, and the bytes of its digest that count. `None` for what no kernel does.
pub(super) const fn kernel(hash: Hash) -> Option<Kernel> {
    match hash {
        Hash::Sha256 => Some(Kernel::Sha256),
        Hash::Sha256d => Some(Kernel::Sha256d),
        Hash::Sha512 | Hash::Sha512Half => Some(Kernel::Sha512),
        Hash::Sha3_256 => Some(Kernel::Sha3),
        Hash::Keccak256 => Some(Kernel::Keccak256),
        Hash::Sm3 => Some(Kernel::Sm3),
        Hash::Blake3 => None,
    }
}

/// A kernel with its buffers.
#[derive(Debug)]
pub(super) struct Digests {
    kernel: Kernel,
    ring: Mutex<Ring>,
}

impl Digests {
    pub(super) fn new(
        device: &Arc<Device>,
        pipelines: &Arc<Vec<Pipeline>>,
        kernel: Kernel,
        first: usize,
        timeout: Duration,
        planted: Option<Planted>,
    ) -> Result<Self, Fault> {
        let most = if device.report.kind == "software" { MOST_SOFTWARE } else { MOST };
        let row_bytes = u64::from(kernel.row_words()) * 4;
        let parts = super::parts(&[kernel.stage()], first, most, most * ARENA_PER_MESSAGE, row_bytes);
        let ring = Ring::new(Arc::clone(device), Arc::clone(pipelines), parts, timeout, planted)?;
        Ok(Self { kernel, ring: Mutex::new(ring) })
    }

    /// Writes the digest of each message. After an error they mean nothing.
    pub(super) fn hash(&self, hash: Hash, messages: &Column<'_>, digests: &mut [u8]) -> Result<(), Fault> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let row_words = self.kernel.row_words() as usize;
        let most = ring.capacity();
        ring.run(&mut Hashing {
            most,
            messages,
            next: 0,
            digests,
            length: hash.digest_length(),
            row_bytes: row_words * 4,
            canaries: &CANARIES[self.kernel as usize],
            places: Places::new(),
        })
    }

    /// Time of the kernel and dispatches so far.
    pub(super) fn spent(&self) -> (Duration, u64) {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).spent()
    }
}

/// A message whose digest is known from the CPU's reference.
#[derive(Debug)]
struct Canary {
    message: Vec<u8>,
    digest: Vec<u8>,
}

/// Lengths around the ends of blocks of 64, 128 and 136 bytes.
const LENGTHS: [usize; 9] = [0, 3, 55, 56, 64, 111, 135, 136, 300];

/// By kernel, in the order of their declaration.
static CANARIES: LazyLock<[Vec<Canary>; Kernel::ALL.len()]> = LazyLock::new(|| {
    Kernel::ALL.map(|kernel| {
        LENGTHS
            .map(|length| {
                let message: Vec<u8> = (0..length).map(|i| (i * 37 + length) as u8).collect();
                let digest = match kernel {
                    Kernel::Sha256 => sha2::Sha256::digest(&message).to_vec(),
                    Kernel::Sha256d => sha2::Sha256::digest(sha2::Sha256::digest(&message)).to_vec(),
                    Kernel::Sha512 => sha2::Sha512::digest(&message).to_vec(),
                    Kernel::Keccak256 => sha3::Keccak256::digest(&message).to_vec(),
                    Kernel::Sha3 => sha3::Sha3_256::digest(&message).to_vec(),
                    Kernel::Sm3 => sm3::Sm3::digest(&message).to_vec(),
                };
                Canary { message, digest }
            })
            .into()
    })
});

struct Hashing<'a> {
    /// The most messages of a dispatch.
    most: usize,
    messages: &'a Column<'a>,
    next: usize,
    digests: &'a mut [u8],
    /// Bytes of a digest that the caller wants.
    length: usize,
    row_bytes: usize,
    canaries: &'static [Canary],
    places: Places,
}

#[derive(Debug, Clone, Copy)]
enum Row {
    Message(usize),
    Canary(&'static Canary),
}

struct Rows {
    rows: Vec<Row>,
    tag: u32,
}

struct Packer<'a> {
    items: &'a mut Vec<u8>,
    arena: &'a mut Vec<u8>,
    rows: Vec<Row>,
    tag: u32,
    units: usize,
}

impl Packer<'_> {
    fn push(&mut self, message: &[u8], row: Row) {
        let offset = self.arena.len() / 4;
        self.arena.extend_from_slice(message);
        self.arena.resize(self.arena.len().next_multiple_of(4), 0);
        let tag = self.tag.wrapping_add(self.rows.len() as u32);
        let item = HashItem { offset: offset as u32, len: message.len() as u32, tag, unused: 0 };
        self.items.extend_from_slice(bytemuck::bytes_of(&item));
        self.rows.push(row);
        self.units += message.len() / UNIT + 1;
    }
}

impl Job for Hashing<'_> {
    type Ticket = Rows;

    fn pack(&mut self, units: usize, inputs: &mut [Vec<u8>]) -> Result<Option<(usize, usize, Rows)>, Fault> {
        let [params, items, arena] = inputs else {
            return Err(Fault::Refused("hashing has three inputs".into()));
        };
        if self.next == self.messages.len() {
            return Ok(None);
        }
        let tag = self.places.random();
        let mut packer = Packer { items, arena, rows: Vec::new(), tag, units: 0 };
        let mut next_canary = self.places.next(0);
        while self.next < self.messages.len() && packer.rows.len() < self.most - 1 && packer.units < units {
            if packer.rows.len() == next_canary {
                let canary = self.places.turn(self.canaries);
                packer.push(&canary.message, Row::Canary(canary));
                next_canary = self.places.next(packer.rows.len());
                continue;
            }
            let message = self.messages.get(self.next);
            if packer.arena.len() + message.len() + 4 > self.most * ARENA_PER_MESSAGE - ROOM {
                if packer.rows.is_empty() {
                    return Err(Fault::Refused(format!("message {}: too long", self.next)));
                }
                break;
            }
            packer.push(message, Row::Message(self.next));
            self.next += 1;
        }
        let canary = self.places.turn(self.canaries);
        packer.push(&canary.message, Row::Canary(canary));
        let Packer { rows, units, .. } = packer;
        params.extend_from_slice(bytemuck::bytes_of(&Params::new(rows.len() as u32, self.most as u32)));
        Ok(Some((rows.len(), units, Rows { rows, tag })))
    }

    fn take(&mut self, ticket: Rows, output: &[u8], planted: Option<GpuFault>) -> Result<(), Fault> {
        if output.len() != ticket.rows.len() * self.row_bytes {
            return Err(Fault::Wrong("a dispatch came back with another number of rows".into()));
        }
        let mut rows = output.chunks_exact(self.row_bytes);
        for (number, row) in ticket.rows.iter().enumerate() {
            let (digest, tag) = rows.next().unwrap_or(&[]).split_at(self.row_bytes - 4);
            if tag != ticket.tag.wrapping_add(number as u32).to_le_bytes() {
                return Err(Fault::Wrong(format!("row {number} of a dispatch was not written")));
            }
            let flip = match (planted, row) {
                (Some(GpuFault::FlippedAll), _) => 1,
                (Some(GpuFault::FlippedToValid | GpuFault::FlippedToInvalid), Row::Message(_)) => 1,
                _ => 0,
            };
            match row {
                Row::Canary(canary) if flip == 1 || digest != canary.digest => {
                    let length = canary.message.len();
                    return Err(Fault::Wrong(format!(
                        "the digest of a canary of {length} bytes is another one"
                    )));
                }
                Row::Canary(_) => {}
                Row::Message(index) => {
                    let place = &mut self.digests[index * self.length..][..self.length];
                    place.copy_from_slice(&digest[..self.length]);
                    place[0] ^= flip;
                }
            }
        }
        Ok(())
    }
}

const _: () = {
    // Kernels index with 32 bits, and take lengths below 2³¹.
    assert!((MOST as u64) * (Kernel::Sha512.row_words() as u64) < 1 << 32);
    assert!((MOST as u64) * (ARENA_PER_MESSAGE as u64) < 1 << 31);
};
