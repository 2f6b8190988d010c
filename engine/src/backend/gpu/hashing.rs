//! Hashing on a device: what any program for a hash function is asked, and how its digests are read.

use std::convert::Infallible;

use sigwarp_shaders::layout::{HashItem, Tagged};

use super::canary::Places;
use super::fault::{Fault, GpuFault};
use super::program::{Canary, Packed, Place, Work};
use super::slot::Inputs;
use super::stream::{Call, Packer};
use crate::batch::Column;
use crate::hash::Hash;

/// The bytes that cost as much as one unit of work, with the end of a message as one more.
const UNIT: usize = 64;

/// Messages that are hashed.
#[derive(Debug)]
pub(super) struct Hashing;

/// The most bytes of a digest.
const LONGEST: usize = 64;

/// A digest of a kernel; what is beyond its length is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; LONGEST]);

impl Digest {
    /// Of so many bytes, at most 64.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut digest = [0; LONGEST];
        digest[..bytes.len()].copy_from_slice(bytes);
        Self(digest)
    }
}

impl Work for Hashing {
    type Asked<'a> = &'a [u8];
    type Decision = Infallible;
    type Kept = ();
    type Answer = Digest;
    /// The functions whose digests a program's digests begin with.
    type Serves = &'static [Hash];

    const CLOSING: usize = 1;

    fn units(message: usize) -> usize {
        message / UNIT + 1
    }

    fn close(packer: &mut Packer<'_, Self>, places: &mut Places) -> Result<(), Fault> {
        packer.canary(places.turn(&packer.program.canaries))
    }

    fn flipped(digest: Digest, canary: bool, fault: GpuFault) -> Digest {
        let Digest(mut bytes) = digest;
        bytes[0] ^= match fault {
            GpuFault::FlippedAll => 1,
            GpuFault::FlippedToValid | GpuFault::FlippedToInvalid if !canary => 1,
            _ => 0,
        };
        Digest(bytes)
    }

    fn wrong(canary: &Canary<Self>, _: Digest) -> String {
        format!("the digest of a canary of {} bytes is another one", canary.asked.len())
    }
}

/// Appends a message and its row.
pub(super) fn pack(message: &[u8], place: Place, inputs: &mut Inputs) -> Result<Packed<Hashing>, Fault> {
    let Place { offset, tag } = place;
    let item = HashItem { offset, len: message.len() as u32, tag, unused: 0 };
    inputs.items.extend_from_slice(bytemuck::bytes_of(&item));
    inputs.arena.extend_from_slice(message);
    Ok(Packed::Row(()))
}

/// The digest of a row that ends with the tag of the item.
pub(super) fn take<R: Tagged>(row: &[u8], tag: u32) -> Option<Digest> {
    const { assert!(R::TAG <= LONGEST && R::TAG + 4 == size_of::<R>(), "a digest and its tag") };
    let (digest, of_item) = row.split_at_checked(R::TAG)?;
    (of_item == bytemuck::bytes_of(&tag)).then(|| Digest::new(digest))
}

/// Messages of a column.
pub(super) struct Digests<'a> {
    pub(super) messages: &'a Column<'a>,
    pub(super) digests: &'a mut [u8],
    /// Bytes of a digest that the caller wants.
    pub(super) length: usize,
}

impl Call for Digests<'_> {
    type Work = Hashing;

    fn len(&self) -> usize {
        self.messages.len()
    }

    fn asked(&self, place: usize) -> &[u8] {
        self.messages.get(place)
    }

    fn too_long(&self, place: usize) -> String {
        format!("message {place}: too long")
    }

    fn decide(&self, _: usize, decision: Infallible) {
        match decision {}
    }

    fn take(&mut self, place: usize, (): (), Digest(bytes): Digest) -> Result<(), Fault> {
        self.digests[place * self.length..][..self.length].copy_from_slice(&bytes[..self.length]);
        Ok(())
    }
}
