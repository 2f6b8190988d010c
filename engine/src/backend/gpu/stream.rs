//! Work that streams through a program: items to rows with canaries among them, rows to answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::canary::{Places, ROOM};
use super::device::{Device, Pipelines};
use super::fault::Fault;
use super::planted::{Injected, Planted};
use super::program::{Canary, Layout, Packed, Place, Program, Work};
use super::ring::{Dispatch, Job, Ring};
use super::slot::Inputs;

/// The fewest items of a dispatch that buffers are made for.
pub(super) const FEWEST: usize = 1 << 12;

/// A program with its buffers.
#[derive(Debug)]
pub(super) struct Runner<W: Work> {
    program: &'static Program<W>,
    ring: Mutex<Ring>,
}

impl<W: Work> Runner<W> {
    /// Makes the buffers, smaller ones where memory is short.
    pub(super) fn new(
        device: &Arc<Device>,
        pipelines: &Pipelines,
        program: &'static Program<W>,
        timeout: Duration,
        planted: Option<Planted>,
    ) -> Result<Self, Fault> {
        let layout = &program.layout;
        let rows = program.stages.iter().flat_map(|stage| stage.bindings);
        let rows = rows.filter_map(|binding| Some(binding.buffer.words_per_item? as usize * 4));
        let widest = rows.chain([layout.arena_per_item]).max().unwrap_or(4) as u64;
        let bound = (device.limits.max_storage_buffer_binding_size / widest) as usize / 64 * 64;
        if bound < FEWEST {
            let (name, most) = (&device.report.name, device.limits.max_storage_buffer_binding_size);
            return Err(Fault::Missing(format!(
                "{name} binds {most} bytes at most, too few for {FEWEST} items"
            )));
        }
        let wanted = if device.report.kind == "software" { layout.most_software } else { layout.most };
        let mut capacity = wanted.min(bound);
        loop {
            let arena = capacity * layout.arena_per_item;
            match Ring::new(device, pipelines, program.stages, (capacity, arena), timeout, planted.clone()) {
                Ok(ring) => return Ok(Self { program, ring: Mutex::new(ring) }),
                Err(Fault::Memory(_)) if capacity > FEWEST => capacity /= 2,
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Answers all items of a call. After an error nothing that the call was given means anything.
    pub(super) fn run(&self, call: impl Call<Work = W>) -> Result<(), Fault> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let capacity = ring.capacity();
        let arena = capacity * self.program.layout.arena_per_item;
        ring.run(&mut Stream { program: self.program, call, next: 0, capacity, arena, places: Places::new() })
    }

    /// Time of the kernels and dispatches so far.
    pub(super) fn spent(&self) -> (Duration, u64) {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).spent()
    }
}

/// The items of a call, by their place in it, and where their answers go.
pub(super) trait Call {
    type Work: Work;

    fn len(&self) -> usize;

    fn asked(&self, place: usize) -> <Self::Work as Work>::Asked<'_>;

    /// That an item does not fit a dispatch of its own.
    fn too_long(&self, place: usize) -> String;

    /// Takes what the bytes of an item have decided.
    fn decide(&self, place: usize, decision: <Self::Work as Work>::Decision);

    /// Takes the answer to an item.
    fn take(
        &mut self,
        place: usize,
        kept: <Self::Work as Work>::Kept,
        answer: <Self::Work as Work>::Answer,
    ) -> Result<(), Fault>;
}

/// A call on its way through a program.
pub(super) struct Stream<C: Call> {
    pub(super) program: &'static Program<C::Work>,
    pub(super) call: C,
    pub(super) next: usize,
    /// The most items of a dispatch.
    pub(super) capacity: usize,
    /// Bytes of messages of a dispatch.
    pub(super) arena: usize,
    pub(super) places: Places,
}

/// What a row stands for.
pub(super) enum Row<W: Work> {
    Item { place: usize, kept: W::Kept },
    Canary(&'static Canary<W>),
}

/// Rows of a dispatch; the tag of each is `tag` and its number.
pub(super) struct Rows<W: Work> {
    pub(super) rows: Vec<Row<W>>,
    pub(super) tag: u32,
}

impl<W: Work> Rows<W> {
    pub(super) const fn tag(&self, row: usize) -> u32 {
        self.tag.wrapping_add(row as u32)
    }
}

/// Rows being packed.
pub(super) struct Packer<'a, W: Work> {
    pub(super) program: &'static Program<W>,
    inputs: &'a mut Inputs,
    rows: Rows<W>,
    units: usize,
}

impl<W: Work> Packer<'_, W> {
    pub(super) const fn len(&self) -> usize {
        self.rows.rows.len()
    }

    /// Where the next row lies.
    fn place(&self) -> Place {
        Place { offset: (self.inputs.arena.len() / 4) as u32, tag: self.rows.tag(self.len()) }
    }

    /// Adds what a row stands for that was packed with a message of so many bytes.
    fn push(&mut self, message: usize, row: Row<W>) {
        let arena = &mut self.inputs.arena;
        arena.resize(arena.len().next_multiple_of(4), 0);
        self.rows.rows.push(row);
        self.units += W::units(message);
    }

    pub(super) fn canary(&mut self, canary: &'static Canary<W>) -> Result<(), Fault> {
        let (place, before) = (self.place(), self.inputs.arena.len());
        match (self.program.pack)(canary.asked, place, self.inputs)? {
            Packed::Row(_) => self.push(self.inputs.arena.len() - before, Row::Canary(canary)),
            Packed::Decided(_) => {
                return Err(Fault::Refused(format!("canary \"{}\" is not for the device", canary.name)));
            }
        }
        Ok(())
    }

    /// Exchanges the last row with another, but for the tags, which are those of places.
    pub(super) fn exchange(&mut self, row: usize) {
        let Layout { item, item_tag, .. } = self.program.layout;
        let last = self.len() - 1;
        self.rows.rows.swap(row, last);
        if row < last {
            let (before, after) = self.inputs.items.split_at_mut(last * item);
            let before = &mut before[row * item..][..item];
            before.swap_with_slice(after);
            before[item_tag..][..4].swap_with_slice(&mut after[item_tag..][..4]);
        }
    }
}

impl<C: Call> Job for Stream<C> {
    type Ticket = Rows<C::Work>;

    fn pack(&mut self, units: usize, inputs: &mut Inputs) -> Result<Option<Dispatch<Self::Ticket>>, Fault> {
        let rows = Rows { rows: Vec::new(), tag: self.places.random() };
        let mut packer = Packer { program: self.program, inputs, rows, units: 0 };
        let canaries = self.program.canaries.as_slice();
        let most = self.capacity.saturating_sub(<C::Work as Work>::CLOSING);
        let mut next_canary = self.places.next(0);
        while self.next < self.call.len() && packer.len() < most && packer.units < units {
            if packer.len() == next_canary {
                packer.canary(self.places.turn(canaries))?;
                next_canary = self.places.next(packer.len());
                continue;
            }
            let (items, arena) = (packer.inputs.items.len(), packer.inputs.arena.len());
            match (self.program.pack)(self.call.asked(self.next), packer.place(), packer.inputs)? {
                Packed::Decided(decision) => self.call.decide(self.next, decision),
                Packed::Row(_) if packer.inputs.arena.len() + 4 > self.arena - ROOM => {
                    if packer.len() == 0 {
                        return Err(Fault::Refused(self.call.too_long(self.next)));
                    }
                    packer.inputs.items.truncate(items);
                    packer.inputs.arena.truncate(arena);
                    break;
                }
                Packed::Row(kept) => {
                    packer.push(packer.inputs.arena.len() - arena, Row::Item { place: self.next, kept });
                }
            }
            self.next += 1;
        }
        if packer.len() == 0 {
            return Ok(None);
        }
        <C::Work as Work>::close(&mut packer, &mut self.places)?;
        let Packer { rows, units, .. } = packer;
        Ok(Some(Dispatch { items: rows.rows.len(), units, ticket: rows }))
    }

    fn take(&mut self, ticket: Rows<C::Work>, output: &[u8], injected: Injected) -> Result<(), Fault> {
        let bytes = self.program.layout.result;
        if output.len() != ticket.rows.len() * bytes {
            return Err(Fault::Wrong("a dispatch came back with another number of rows".into()));
        }
        let mut answers = Vec::with_capacity(ticket.rows.len());
        for (number, (row, result)) in ticket.rows.iter().zip(output.chunks_exact(bytes)).enumerate() {
            let Some(answer) = (self.program.take)(result, ticket.tag(number)) else {
                return Err(Fault::Wrong(format!("row {number} of a dispatch was not written")));
            };
            answers.push(match injected.fault() {
                Some(fault) => <C::Work as Work>::flipped(answer, matches!(row, Row::Canary(_)), fault),
                None => answer,
            });
        }
        // All canaries before the first answer is believed.
        for (row, answer) in ticket.rows.iter().zip(&answers) {
            if let Row::Canary(canary) = row
                && *answer != canary.answer
            {
                return Err(Fault::Wrong(<C::Work as Work>::wrong(canary, *answer)));
            }
        }
        for (row, answer) in ticket.rows.into_iter().zip(answers) {
            if let Row::Item { place, kept } = row {
                self.call.take(place, kept, answer)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sha2::{Digest as _, Sha512};
    use sigwarp_shaders::layout::{Item, code, flags};

    use super::super::programs::VERIFICATION;
    use super::super::verification::{Kept, Verification, Verify, code_name};
    use super::*;
    use crate::Ed25519Rule;
    use crate::batch::{Batch, Key, Message};
    use crate::schemes::def::Kind;
    use crate::schemes::ed25519::variant::Variant;
    use crate::suite::Suite;
    use crate::verdict::Slots;

    const LONGEST: usize = super::super::LONGEST;

    /// Dispatches of all sizes, full ones among them, as the kernels see them: what they index lies in what was packed,
    /// a row stands for the item whose bytes it has, and every dispatch has a valid canary and a wrong one.
    #[test]
    fn rows_stay_in_their_buffers_and_every_dispatch_has_its_canaries() {
        let program = VERIFICATION[0];
        let canary = |answer| &program.canaries.iter().find(|canary| canary.answer == answer).unwrap().asked;
        let [known, bad] = [canary(code::VALID), canary(code::KEY_NOT_ON_CURVE)];
        let mut seen = HashSet::new();
        let mut batch = Batch::new();
        for item in 0..2000_usize {
            let message = vec![item as u8; [0, 1, 3, 4, 5, 63, 64, 1000, LONGEST][item % 9]];
            // By turns: open, decided by the length of the key, open with a key off the curve, decided by S.
            let high = [&known.signature[..32], &[0xff; 32]].concat();
            let (key, signature) = match item % 11 {
                3 => (&known.key[1..], known.signature),
                5 => (bad.key, known.signature),
                7 => (known.key, &high[..]),
                _ => (known.key, known.signature),
            };
            let rule = Ed25519Rule::ALL[item % Ed25519Rule::ALL.len()];
            let suite = match item % 5 {
                0 => Suite::ed25519ctx(rule, b"context").unwrap(),
                1 => Suite::ed25519ph(rule, b"").unwrap(),
                _ => Suite::ed25519(rule),
            };
            batch.push(&suite, Key::Bytes(key), Message::Raw(&message), signature);
        }
        let view = batch.view().unwrap();
        let order: Vec<usize> = (0..view.len()).rev().collect();
        let arena = ROOM + 3 * LONGEST;
        let sizes = [(64, usize::MAX), (65, 64), (64, 64), (300, 200), (4096, usize::MAX)];
        for ((capacity, units), seed) in sizes.into_iter().cycle().zip(0..2 * sizes.len()) {
            let slots = Slots::new(view.len());
            let call = Verify { batch: &view, order: &order, slots: &slots };
            let places = Places::seeded(seed as u64, seed);
            let mut job = Stream { program, call, next: 0, capacity, arena, places };
            let mut inputs = Inputs::default();
            let mut packed = Vec::new();
            while let Some(dispatch) = job.pack(units, &mut inputs).unwrap() {
                let Dispatch { items: count, ticket: rows, .. } = dispatch;
                assert!(count == rows.rows.len() && count <= capacity, "{count} rows of {capacity}");
                assert_eq!(inputs.items.len(), count * size_of::<Item>());
                assert!(inputs.arena.len() <= arena && inputs.arena.len().is_multiple_of(4));
                let items = inputs.items.chunks(size_of::<Item>()).map(bytemuck::pod_read_unaligned::<Item>);
                for (number, (row, record)) in rows.rows.iter().zip(items).enumerate() {
                    let (item, key_only) = match *row {
                        Row::Item { place, kept } => {
                            (view.item(order[place]), matches!(kept, Kept::KeyOnly(_)))
                        }
                        Row::Canary(canary) => {
                            seen.insert(&canary.name);
                            (canary.asked, false)
                        }
                    };
                    let Kind::Ed25519(variant, _) = item.suite.kind() else { unreachable!() };
                    // What the device hashes: the message alone, or with all that stands before it under a domain.
                    let hashed = match variant {
                        _ if key_only => Vec::new(),
                        Variant::Pure => item.message.to_vec(),
                        Variant::Context(_) => {
                            [&variant.domain(), &item.signature[..32], item.key, item.message].concat()
                        }
                        Variant::Prehashed(_) => {
                            let digest = Sha512::digest(item.message);
                            [&variant.domain(), &item.signature[..32], item.key, &digest].concat()
                        }
                    };
                    let whole = variant != Variant::Pure && !key_only;
                    assert_eq!(record.tag, rows.tag(number));
                    assert_eq!(record.flags & flags::KEY_ONLY != 0, key_only);
                    assert_eq!(record.flags & flags::WHOLE != 0, whole);
                    assert_eq!(record.a, item.key);
                    let begin = record.offset as usize * 4;
                    let place = begin..begin + record.len as usize;
                    assert!(place.end.next_multiple_of(4) <= inputs.arena.len());
                    assert_eq!(&inputs.arena[place], hashed);
                }
                for code in [code::VALID, code::EQUATION_FAILED] {
                    let known =
                        |row: &Row<Verification>| matches!(row, Row::Canary(canary) if canary.answer == code);
                    let name = code_name(code);
                    assert!(rows.rows.iter().any(known), "{capacity} {units}: no canary is {name}");
                }
                packed.extend(rows.rows.iter().filter_map(|row| match row {
                    Row::Item { place, .. } => Some(order[*place]),
                    Row::Canary(_) => None,
                }));
                inputs.clear();
            }
            let left: Vec<usize> = (0..view.len()).filter(|&item| slots.peek(item).is_none()).collect();
            assert!(left.len() > 1000 && left.len() < view.len(), "some are decided by their bytes");
            packed.sort_unstable();
            assert_eq!(packed, left, "every other item once");
        }
        assert_eq!(seen.len(), program.canaries.len(), "every canary was packed at some time");
    }
}
