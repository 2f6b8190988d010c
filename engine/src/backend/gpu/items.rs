//! Ed25519 on a device: items to rows, rows to verdicts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytemuck::Zeroable as _;
use sigwarp_shaders::ED25519;
use sigwarp_shaders::layout::{self, Item, Outcome, Params, Tagged as _};

use super::canary::{self, Canary, Places};
use super::device::{Device, Pipeline};
use super::fault::{Fault, GpuFault};
use super::ring::{Job, Planted, Ring};
use crate::batch::BatchView;
use crate::plan::Plan;
use crate::schemes::def::Kind;
use crate::schemes::ed25519::device::{Open, Screening, screen};
use crate::schemes::ed25519::variant::Variant;
use crate::verdict::{Reason, Slots, Verdict};

/// Bytes of messages of a dispatch, for each item that it may have.
const ARENA_PER_ITEM: usize = 256;
/// The longest message: one that long does not keep its workgroup busy for much longer than the ladder does.
pub(super) const LONGEST: usize = 16 << 10;
/// The most items of a dispatch on a device with memory of its own, and on the processor itself.
const MOST: usize = 1 << 18;
const MOST_SOFTWARE: usize = 1 << 13;
/// The fewest items of a dispatch that buffers are made for.
const FEWEST: usize = 1 << 12;
/// Canaries that every dispatch has, however full: the first of [`canary::ITEMS`], one valid and one not.
const LAST: usize = 2;

/// The kernels of Ed25519 with their buffers.
#[derive(Debug)]
pub(super) struct Items(Mutex<Ring>);

impl Items {
    /// Makes the buffers, smaller ones where memory is short.
    pub(super) fn new(
        device: &Arc<Device>,
        pipelines: &Arc<Vec<Pipeline>>,
        first: usize,
        timeout: Duration,
        planted: Option<Planted>,
    ) -> Result<Self, Fault> {
        let widest = u64::from(layout::table::WORDS * 4);
        let bound = (device.limits.max_storage_buffer_binding_size / widest) as usize / 64 * 64;
        if bound < FEWEST {
            let (name, most) = (&device.report.name, device.limits.max_storage_buffer_binding_size);
            return Err(Fault::Missing(format!(
                "{name} binds {most} bytes at most, too few for {FEWEST} items"
            )));
        }
        let wanted = if device.report.kind == "software" { MOST_SOFTWARE } else { MOST };
        let mut capacity = wanted.min(bound);
        loop {
            let row_bytes = size_of::<Outcome>() as u64;
            let parts = super::parts(&ED25519, first, capacity, arena(capacity), row_bytes);
            match Ring::new(Arc::clone(device), Arc::clone(pipelines), parts, timeout, planted.clone()) {
                Ok(ring) => return Ok(Self(Mutex::new(ring))),
                Err(Fault::Memory(_)) if capacity > FEWEST => capacity /= 2,
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Sets the slots of all items of `plan`. After an error they mean nothing.
    pub(super) fn verify(&self, batch: &BatchView<'_>, plan: &Plan, slots: &Slots) -> Result<(), Fault> {
        let order: Vec<usize> = plan.pieces().iter().flat_map(|piece| plan.items(piece)).collect();
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stride = ring.capacity();
        let arena = arena(stride);
        let places = Places::new();
        ring.run(&mut Verification { batch, order: &order, next: 0, slots, stride, arena, places })
    }

    /// Time of the kernels and dispatches so far.
    pub(super) fn spent(&self) -> (Duration, u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).spent()
    }
}

const fn arena(capacity: usize) -> usize {
    capacity * ARENA_PER_ITEM
}

struct Verification<'a> {
    batch: &'a BatchView<'a>,
    order: &'a [usize],
    next: usize,
    slots: &'a Slots,
    stride: usize,
    /// Bytes of messages of a dispatch.
    arena: usize,
    places: Places,
}

/// What a row stands for.
#[derive(Debug, Clone, Copy)]
enum Row {
    Open { item: usize },
    KeyOnly { item: usize, otherwise: Reason },
    Canary(&'static Canary),
}

/// Rows of a dispatch; the tag of each is `tag` and its number.
struct Rows {
    rows: Vec<Row>,
    tag: u32,
}

impl Job for Verification<'_> {
    type Ticket = Rows;

    fn pack(&mut self, units: usize, inputs: &mut [Vec<u8>]) -> Result<Option<(usize, usize, Rows)>, Fault> {
        let [params, items, arena] = inputs else {
            return Err(Fault::Refused("Ed25519 has three inputs".into()));
        };
        let tag = self.places.random();
        let mut packer = Packer { items, arena, rows: Vec::new(), tag };
        let most = units.min(self.stride.saturating_sub(LAST));
        let mut next_canary = self.places.next(0);
        while self.next < self.order.len() && packer.rows.len() < most {
            if packer.rows.len() == next_canary {
                packer.canary(self.places.turn(&*canary::ITEMS));
                next_canary = self.places.next(packer.rows.len());
                continue;
            }
            let index = self.order[self.next];
            let item = self.batch.item(index);
            let Kind::Ed25519(Variant::Pure, rule) = item.suite.kind() else {
                return Err(Fault::Refused(format!("{} is not for this device", item.suite)));
            };
            match screen(rule, item.key, item.signature) {
                Screening::Decided(verdict) => self.slots.set(index, verdict),
                Screening::KeyOnly(key, otherwise) => {
                    packer.key_only(key, Row::KeyOnly { item: index, otherwise });
                }
                Screening::Open(open) => {
                    if packer.arena.len() + item.message.len() + 4 > self.arena - canary::ROOM {
                        if packer.rows.is_empty() {
                            return Err(Fault::Refused(format!("item {index}: too long a message")));
                        }
                        break;
                    }
                    packer.open(&open, item.message, Row::Open { item: index });
                }
            }
            self.next += 1;
        }
        if packer.rows.is_empty() {
            return Ok(None);
        }
        for canary in canary::ITEMS.iter().take(LAST) {
            packer.canary(canary);
            // Dispatches of one size would have them in one place, where an earlier answer would be right.
            packer.exchange(self.places.below(packer.rows.len()));
        }
        let Packer { rows, .. } = packer;
        params.extend_from_slice(bytemuck::bytes_of(&Params::new(rows.len() as u32, self.stride as u32)));
        let count = rows.len();
        Ok(Some((count, count, Rows { rows, tag })))
    }

    fn take(&mut self, ticket: Rows, output: &[u8], planted: Option<GpuFault>) -> Result<(), Fault> {
        let mut codes = Vec::with_capacity(ticket.rows.len());
        let (outcomes, _) = output.as_chunks::<{ size_of::<Outcome>() }>();
        if outcomes.len() != ticket.rows.len() {
            return Err(Fault::Wrong("a dispatch came back with another number of rows".into()));
        }
        for (number, (row, outcome)) in ticket.rows.iter().zip(outcomes).enumerate() {
            let Outcome { code, tag } = bytemuck::pod_read_unaligned(outcome);
            if tag != ticket.tag.wrapping_add(number as u32).wrapping_add(code) {
                return Err(Fault::Wrong(format!("row {number} of a dispatch was not written")));
            }
            codes.push(flipped(code, matches!(row, Row::Canary(_)), planted));
        }
        for (row, &code) in ticket.rows.iter().zip(&codes) {
            if let Row::Canary(canary) = row
                && code != canary.code
            {
                let (name, says) = (canary.name, code_name(code));
                return Err(Fault::Wrong(format!("canary \"{name}\" came back as {says}")));
            }
        }
        for (row, code) in ticket.rows.into_iter().zip(codes) {
            use layout::code as codes;
            let (item, verdict) = match (row, code) {
                (Row::Canary(_), _) => continue,
                (Row::Open { item }, codes::VALID) => (item, Verdict::Valid),
                (Row::Open { item }, codes::EQUATION_FAILED) => (item, Reason::EquationFailed.into()),
                (Row::Open { item }, codes::R_NOT_ON_CURVE) => (item, Reason::RNotOnCurve.into()),
                (Row::Open { item } | Row::KeyOnly { item, .. }, codes::KEY_NOT_ON_CURVE) => {
                    (item, Reason::KeyNotOnCurve.into())
                }
                (Row::KeyOnly { item, otherwise }, codes::KEY_ON_CURVE) => (item, otherwise.into()),
                (Row::Open { item } | Row::KeyOnly { item, .. }, code) => {
                    return Err(Fault::Wrong(format!("item {item} came back as {}", code_name(code))));
                }
            };
            self.slots.set(item, verdict);
        }
        Ok(())
    }
}

/// The code that a planted fault makes of a code.
fn flipped(code: u32, canary: bool, planted: Option<GpuFault>) -> u32 {
    use layout::code::{EQUATION_FAILED, VALID};
    match planted {
        Some(GpuFault::FlippedAll) if code == VALID => EQUATION_FAILED,
        Some(GpuFault::FlippedAll) => VALID,
        Some(GpuFault::FlippedToInvalid) if !canary && code == VALID => EQUATION_FAILED,
        Some(GpuFault::FlippedToValid) if !canary && code == EQUATION_FAILED => VALID,
        _ => code,
    }
}

fn code_name(code: u32) -> String {
    use layout::code;
    let name = match code {
        code::VALID => "valid",
        code::EQUATION_FAILED => "a failed equation",
        code::KEY_NOT_ON_CURVE => "a key that does not decode",
        code::R_NOT_ON_CURVE => "an R that does not decode",
        code::KEY_ON_CURVE => "a key that decodes",
        other => return format!("the unknown code {other:#010x}"),
    };
    name.into()
}

/// Rows being packed.
struct Packer<'a> {
    items: &'a mut Vec<u8>,
    arena: &'a mut Vec<u8>,
    rows: Vec<Row>,
    tag: u32,
}

impl Packer<'_> {
    fn open(&mut self, open: &Open<'_>, message: &[u8], row: Row) {
        let flags = if open.decodes_r { layout::flags::DECODES_R } else { 0 }
            | if open.cofactored { layout::flags::COFACTORED } else { 0 };
        let offset = self.arena.len() / 4;
        self.arena.extend_from_slice(message);
        self.arena.resize(self.arena.len().next_multiple_of(4), 0);
        let (offset, len) = (offset as u32, message.len() as u32);
        self.row(Item { a: *open.a, r: *open.r, s: *open.s, offset, len, flags, tag: 0 }, row);
    }

    fn key_only(&mut self, key: &[u8; 32], row: Row) {
        self.row(Item { a: *key, flags: layout::flags::KEY_ONLY, ..Item::zeroed() }, row);
    }

    fn canary(&mut self, canary: &'static Canary) {
        let open = Open {
            a: &canary.key,
            r: &canary.r,
            s: &canary.s,
            decodes_r: canary.decodes_r,
            cofactored: canary.cofactored,
        };
        self.open(&open, canary.message, Row::Canary(canary));
    }

    /// Appends `item`, with the tag of its place.
    fn row(&mut self, item: Item, row: Row) {
        let tag = self.tag.wrapping_add(self.rows.len() as u32);
        self.items.extend_from_slice(bytemuck::bytes_of(&Item { tag, ..item }));
        self.rows.push(row);
    }

    /// Exchanges the last row with another, but for the tags, which are those of places.
    fn exchange(&mut self, row: usize) {
        const ROW: usize = size_of::<Item>();
        let last = self.rows.len() - 1;
        self.rows.swap(row, last);
        if row < last {
            let (before, after) = self.items.split_at_mut(last * ROW);
            before[row * ROW..][..Item::TAG].swap_with_slice(&mut after[..Item::TAG]);
        }
    }
}

// Kernels index with 32 bits, and take lengths below 2³¹.
const _: () = {
    assert!(Item::TAG + 4 == size_of::<Item>(), "`exchange` leaves the end of a row");
    assert!((MOST as u64) * (layout::table::WORDS as u64) < 1 << 32);
    assert!(
        (MOST as u64) * (ARENA_PER_ITEM as u64) < 1 << 31
            && LONGEST < FEWEST / 2 * ARENA_PER_ITEM - canary::ROOM
    );
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ed25519Rule;
    use crate::batch::{Batch, Key, Message};
    use crate::suite::Suite;

    /// Dispatches of all sizes, full ones among them, as the kernels see them: what they index lies in what was packed,
    /// a row stands for the item whose bytes it has, and every dispatch has a valid canary and a wrong one.
    #[test]
    fn rows_stay_in_their_buffers_and_every_dispatch_has_its_canaries() {
        let [known, bad] = [&canary::ITEMS[0], &canary::ITEMS[4]];
        let signature = [known.r, known.s].concat();
        let mut batch = Batch::new();
        for item in 0..2000_usize {
            let message = vec![item as u8; [0, 1, 3, 4, 5, 63, 64, 1000, LONGEST][item % 9]];
            // By turns: open, decided by the length of the key, open with a key off the curve, decided by S.
            let (key, signature) = match item % 11 {
                3 => (&known.key[1..], signature.clone()),
                5 => (&bad.key[..], signature.clone()),
                7 => (&known.key[..], [known.r, [0xff; 32]].concat()),
                _ => (&known.key[..], signature.clone()),
            };
            let suite = Suite::ed25519(Ed25519Rule::ALL[item % Ed25519Rule::ALL.len()]);
            batch.push(&suite, Key::Bytes(key), Message::Raw(&message), &signature);
        }
        let view = batch.view().unwrap();
        let order: Vec<usize> = (0..view.len()).rev().collect();
        let arena = canary::ROOM + 3 * LONGEST;
        for (stride, units) in [(64, usize::MAX), (65, 64), (64, 64), (300, 200), (4096, usize::MAX)] {
            let slots = Slots::new(view.len());
            let places = Places::new();
            let mut job =
                Verification { batch: &view, order: &order, next: 0, slots: &slots, stride, arena, places };
            let mut inputs = vec![Vec::new(); 3];
            let mut packed = Vec::new();
            while let Some((count, _, rows)) = job.pack(units, &mut inputs).unwrap() {
                assert!(count == rows.rows.len() && count <= stride, "{count} rows of {stride}");
                assert_eq!(inputs[0], bytemuck::bytes_of(&Params::new(count as u32, stride as u32)));
                assert_eq!(inputs[1].len(), count * size_of::<Item>());
                assert!(inputs[2].len() <= arena && inputs[2].len().is_multiple_of(4));
                let items = inputs[1].chunks(size_of::<Item>()).map(bytemuck::pod_read_unaligned::<Item>);
                for (number, (row, packed)) in rows.rows.iter().zip(items).enumerate() {
                    let (key, message, key_only): (&[u8], &[u8], bool) = match *row {
                        Row::Open { item } => (view.item(item).key, view.item(item).message, false),
                        Row::KeyOnly { item, .. } => (view.item(item).key, b"", true),
                        Row::Canary(canary) => (&canary.key, canary.message, false),
                    };
                    assert_eq!(packed.tag, rows.tag.wrapping_add(number as u32));
                    assert_eq!(packed.flags & layout::flags::KEY_ONLY != 0, key_only);
                    assert_eq!(packed.a, key);
                    let begin = packed.offset as usize * 4;
                    let place = begin..begin + packed.len as usize;
                    assert!(place.end.next_multiple_of(4) <= inputs[2].len());
                    assert_eq!(&inputs[2][place], message);
                }
                for code in [layout::code::VALID, layout::code::EQUATION_FAILED] {
                    let known = |row: &Row| matches!(row, Row::Canary(canary) if canary.code == code);
                    assert!(
                        rows.rows.iter().any(known),
                        "{stride} {units}: no canary is {}",
                        code_name(code)
                    );
                }
                packed.extend(rows.rows.iter().filter_map(|row| match row {
                    Row::Open { item } | Row::KeyOnly { item, .. } => Some(*item),
                    Row::Canary(_) => None,
                }));
                inputs.iter_mut().for_each(Vec::clear);
            }
            let left: Vec<usize> = (0..view.len()).filter(|&item| slots.peek(item).is_none()).collect();
            assert!(left.len() > 1000 && left.len() < view.len(), "some are decided by their bytes");
            packed.sort_unstable();
            assert_eq!(packed, left, "every other item once");
        }
    }
}
