//! A device program as a value: what kernels there are for one kind of work, how an item is packed for them, how a row of
//! theirs is read, and the canaries that travel along.
//!
//! Everything else in this room takes a program as it comes. A new one is a value in `programs/`, named in the lists there,
//! and its stages in `sigwarp-shaders`.

use std::sync::LazyLock;

use sigwarp_shaders::Stage;
use sigwarp_shaders::layout::Tagged;

use super::canary::Places;
use super::fault::{Fault, GpuFault};
use super::slot::Inputs;
use super::stream::Packer;

/// What a device computes for one kind of work.
pub(super) struct Program<W: Work> {
    /// Which calls it serves.
    pub(super) serves: W::Serves,
    /// The kernels, in order.
    pub(super) stages: &'static [Stage],
    pub(super) layout: Layout,
    /// Appends the record of an item to the rows, and its message to the arena, unless its bytes decide it.
    pub(super) pack: Pack<W>,
    /// Reads a row of the results. `None` if it does not carry the tag of the item: the last kernel did not write it.
    pub(super) take: fn(&[u8], u32) -> Option<W::Answer>,
    /// Items whose answers are known.
    pub(super) canaries: LazyLock<Vec<Canary<W>>>,
}

/// How an item is packed at a place.
pub(super) type Pack<W> = fn(<W as Work>::Asked<'_>, Place, &mut Inputs) -> Result<Packed<W>, Fault>;

/// The records of a program, and how much a dispatch holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Bytes of a row that is packed, and where its tag begins.
    pub(super) item: usize,
    pub(super) item_tag: usize,
    /// Bytes of a row of the results.
    pub(super) result: usize,
    /// Bytes of messages of a dispatch, for each item that it may have.
    pub(super) arena_per_item: usize,
    /// The most items of a dispatch on a device with memory of its own, and on the processor itself.
    pub(super) most: usize,
    pub(super) most_software: usize,
}

impl Layout {
    /// Rows of `I` in and rows of `R` out, with so many bytes of messages for each item and so many items at most.
    pub(super) const fn of<I: Tagged, R: Tagged>(
        arena_per_item: usize,
        most: usize,
        most_software: usize,
    ) -> Self {
        // Kernels index with 32 bits, and take lengths below 2³¹.
        assert!((most as u64) * (arena_per_item as u64) < 1 << 31, "the arena is too large to index");
        let (item, result) = (size_of::<I>(), size_of::<R>());
        Self { item, item_tag: I::TAG, result, arena_per_item, most, most_software }
    }
}

impl<W: Work> std::fmt::Debug for Program<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("stages", &self.stages).finish_non_exhaustive()
    }
}

/// Where the message of an item begins in the arena, in words, and the tag of its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) offset: u32,
    pub(super) tag: u32,
}

/// What became of an item that was to be packed.
pub(super) enum Packed<W: Work> {
    /// Nothing was appended: its bytes decide.
    Decided(W::Decision),
    /// It was appended.
    Row(W::Kept),
}

/// An item whose answer is known.
pub(super) struct Canary<W: Work> {
    pub(super) name: String,
    pub(super) asked: W::Asked<'static>,
    pub(super) answer: W::Answer,
}

/// A kind of work that calls ask for: what an item of it is, and what comes back.
pub(super) trait Work: Sized + 'static {
    /// An item of a call.
    type Asked<'a>: Copy;
    /// What the bytes of an item can decide.
    type Decision;
    /// What is kept with a row until its answer comes, beside the number of the item.
    type Kept: Copy;
    /// What a row of the results says.
    type Answer: Copy + PartialEq;
    /// Which calls a program serves.
    type Serves;

    /// Canaries that every dispatch has, however full.
    const CLOSING: usize;

    /// The work of a row with a message of so many bytes, in units that take about the same time.
    fn units(message: usize) -> usize;

    /// Adds those to rows that are packed.
    fn close(packer: &mut Packer<'_, Self>, places: &mut Places) -> Result<(), Fault>;

    /// The answer that a planted fault makes of an answer.
    fn flipped(answer: Self::Answer, canary: bool, fault: GpuFault) -> Self::Answer;

    /// That a canary has another answer.
    fn wrong(canary: &Canary<Self>, answer: Self::Answer) -> String;
}
