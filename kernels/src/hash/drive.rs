//! Many messages through the lanes of a hash function.
//!
//! Contract. Message i of [`Messages`] gives row i of the digests, whatever the other messages are. A block is read
//! from memory where its message lies; only the last, incomplete block of a message passes through a masked load (or a
//! small buffer on the stack, for instruction sets without one).
//!
//! How lanes stay full. Messages are queued by their number of blocks, most first, and a lane takes the next one when
//! its own ends. So lanes that started together mostly end together, which keeps the bookkeeping cheap, and at the end
//! of the queue no lane is left alone with much. Between two ends every lane has whole blocks left: these run in a
//! loop that does nothing but load and compress.
//!
//! Messages of one length need none of that: they go through [`even`], a group of as many as there are lanes after
//! another, from load to digest in one vector function; only those that do not fill a group come here.
//!
//! When the queue is empty and few lanes are still at work, a [`Finisher`] may take over what is left: something faster
//! for few messages.

use core::convert::Infallible;
use core::marker::PhantomData;

use super::even;
use crate::simd::words::{DigestRows, MAX_WORD_LANES, Rows};
use crate::simd::{Kernel, prefetch_bytes};

/// The messages to hash. Every hash function takes them as an object: its driver is then compiled once for each
/// instruction set, and not once more for every kind of column.
pub trait Messages: Sync {
    /// How many there are.
    fn count(&self) -> usize;
    /// The bytes of one. Panics when there is none of this index.
    fn message(&self, index: usize) -> &[u8];
    /// The messages from `first` on, one for each place. Panics when there are not as many.
    #[inline]
    fn rows<'m>(&'m self, first: usize, rows: &mut [&'m [u8]]) {
        for (place, row) in rows.iter_mut().enumerate() {
            *row = self.message(first + place);
        }
    }
    /// The length that all messages have, if there are any and it is one.
    fn even_length(&self) -> Option<usize> {
        let length = (self.count() > 0).then(|| self.message(0).len())?;
        (1..self.count()).all(|index| self.message(index).len() == length).then_some(length)
    }
}

/// Messages as a list of slices.
pub struct Slices<'a>(pub &'a [&'a [u8]]);

impl Messages for Slices<'_> {
    #[inline]
    fn count(&self) -> usize {
        self.0.len()
    }
    #[inline]
    fn message(&self, index: usize) -> &[u8] {
        self.0[index]
    }
    #[inline]
    fn rows<'m>(&'m self, first: usize, rows: &mut [&'m [u8]]) {
        rows.copy_from_slice(&self.0[first..first + rows.len()]);
    }
}

/// The blocks of one step in which some messages end. A lane whose message has whole blocks left takes one.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    /// The next bytes of each lane, a block at most.
    pub rows: Rows<'a>,
    /// The lanes whose message ends in this block, so that its padding begins here.
    pub marked: u32,
    /// The lanes whose last block this is.
    pub last: u32,
    /// The lengths of the messages in bytes.
    pub lengths: [u64; MAX_WORD_LANES],
    /// Whether rows, marks, ends and lengths are the same in every lane.
    pub even: bool,
}

/// What is left of a message when few lanes are at work.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "only the SHA extensions take over from lanes")
)]
pub(super) struct Straggler<'a> {
    /// Its index.
    pub index: usize,
    /// The state of its lane, as [`Function::digests`] writes it.
    pub state: [u8; 64],
    /// The bytes that have not been compressed.
    pub rest: &'a [u8],
    /// The length of the whole message in bytes.
    pub length: u64,
    /// Whether the padding has begun, so that only the length is to be compressed.
    pub marked: bool,
}

#[cfg(target_arch = "x86_64")]
impl<'a> Straggler<'a> {
    /// A message that nothing has been done to, as the only one.
    pub(super) fn whole(message: &'a [u8], state: [u8; 64]) -> Self {
        Self { index: 0, state, rest: message, length: message.len() as u64, marked: false }
    }
}

/// A hash function in the lanes of an instruction set. What takes or gives a state runs inside [`Self::enter`].
pub(super) trait Function<T: Copy>: Copy {
    /// The state of all lanes.
    type State: Copy;
    /// What is worth computing once of a block of padding that every lane has.
    type Padding: Copy;
    /// What is worth computing once for short messages of one length; [`Infallible`] where no length counts as short.
    type Short: Copy;
    /// What may take over at the end; [`Infallible`] where nothing does.
    type Finisher: Finisher;
    /// The number of lanes, at most [`MAX_WORD_LANES`].
    const LANES: usize;
    /// The bytes of a block.
    const BLOCK: usize;

    /// Runs a piece of work compiled for the instruction set.
    fn enter<K: Kernel<T>>(token: T, kernel: K) -> K::Output;
    /// The number of blocks of a message with its padding: the whole ones and one or two more.
    fn blocks(length: u64) -> u64;
    /// The state before the first block.
    fn start(token: T) -> Self::State;
    /// Compresses a whole block of each lane.
    fn absorb(token: T, state: Self::State, rows: &Rows<'_>) -> Self::State;
    /// Compresses one block of each lane, some of them with padding.
    fn absorb_ends(token: T, state: Self::State, ends: &Ends<'_>) -> Self::State;
    /// The last block of a message of `length` bytes where none of them is in it. Its padding begins here where
    /// `marked`, else in the block before.
    fn padding(length: u64, marked: bool) -> Self::Padding;
    /// Compresses the same block of padding in every lane.
    fn absorb_padding(token: T, state: Self::State, padding: &Self::Padding) -> Self::State;
    /// `yes` in the lanes of the mask, `no` in the others.
    fn select(lanes: u32, yes: Self::State, no: Self::State) -> Self::State;
    /// The digest of each lane, at the beginning of its row.
    fn digests(state: Self::State, rows: &mut DigestRows);
    /// The digests of all lanes one after another, cut to `width` bytes.
    fn write_digests(state: Self::State, to: &mut [u8], width: usize);

    /// What messages of `length` bytes, one or more, have in common where [`Self::digest_short`] takes this length.
    fn short(length: usize) -> Option<Self::Short>;
    /// The state that holds the digests of messages of `length` bytes each.
    fn digest_short(token: T, rows: &Rows<'_>, length: usize, short: &Self::Short) -> Self::State;

    /// What takes over when the queue is empty and few lanes are at work.
    fn finisher(self) -> Option<Self::Finisher>;
}

/// What is faster than lanes for few messages.
pub(super) trait Finisher: Copy {
    /// The most lanes at work that it takes over from.
    fn few(self) -> usize;
    /// The digests of what is left, into their rows of `digests`, which are `width` bytes each.
    fn finish(self, stragglers: &[Straggler<'_>], digests: &mut [u8], width: usize);
}

/// Of functions that finish in lanes.
impl Finisher for Infallible {
    #[inline(always)]
    fn few(self) -> usize {
        match self {}
    }
    #[inline(always)]
    fn finish(self, _: &[Straggler<'_>], _: &mut [u8], _: usize) {
        match self {}
    }
}

/// In which order to take the messages.
#[derive(Clone, Copy)]
pub(super) enum Order<'q> {
    /// As they are.
    Arrival,
    /// As they are; all have this length.
    Even(usize),
    /// These positions.
    Queue(&'q [u32]),
}

/// Positions of messages by their number of blocks, most first; the messages as they are where all have the same number
/// or there are no lanes to fill.
pub(super) fn queue<'q, T: Copy, F: Function<T>>(
    messages: &dyn Messages,
    queue: &'q mut Vec<u32>,
) -> Order<'q> {
    let count = messages.count();
    if F::LANES == 1 || count <= 1 {
        return Order::Arrival;
    }
    if let Some(length) = messages.even_length() {
        return Order::Even(length);
    }
    let blocks = |index: usize| F::blocks(messages.message(index).len() as u64);
    // Messages with this many blocks or more share a bucket.
    const BUCKETS: usize = 64;
    let bucket = |index: usize| BUCKETS - 1 - (blocks(index) as usize).min(BUCKETS - 1);
    let mut starts = [0u32; BUCKETS];
    for index in 0..count {
        starts[bucket(index)] += 1;
    }
    if starts[1..].iter().any(|&size| size as usize == count) {
        return Order::Arrival;
    }
    let mut start = 0;
    for size in &mut starts {
        (*size, start) = (start, start + *size);
    }
    queue.clear();
    queue.resize(count, 0);
    for index in 0..count {
        let place = &mut starts[bucket(index)];
        queue[*place as usize] = index as u32;
        *place += 1;
    }
    // After the loop the first entry is the end of the first bucket.
    most_first(&mut queue[..starts[0] as usize], &|index| blocks(index as usize));
    Order::Queue(queue)
}

/// Sorts positions by their number of blocks, most first. Not generic, and by an object: a sort is kilobytes of code.
#[inline(never)]
fn most_first(queue: &mut [u32], blocks: &dyn Fn(u32) -> u64) {
    queue.sort_by_key(|&index| core::cmp::Reverse(blocks(index)));
}

/// The initial state.
struct Start<F>(PhantomData<F>);

impl<T: Copy, F: Function<T>> Kernel<T> for Start<F> {
    type Output = F::State;

    #[inline(always)]
    fn run(self, token: T) -> F::State {
        F::start(token)
    }
}

/// Whole blocks of every lane, after lanes that begin a message have been reset.
struct Whole<'a, 'm, T: Copy, F: Function<T>> {
    state: &'a mut F::State,
    fresh: u32,
    rest: &'a Rows<'m>,
    blocks: usize,
}

impl<T: Copy, F: Function<T>> Kernel<T> for Whole<'_, '_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: T) {
        let mut state = reset::<T, F>(token, self.fresh, *self.state);
        let mut rows: Rows<'_> = [&[]; MAX_WORD_LANES];
        let mut block = 0;
        while block < self.blocks {
            let at = block * F::BLOCK;
            let mut lane = 0;
            while lane < F::LANES {
                rows[lane] = &self.rest[lane][at..at + F::BLOCK];
                lane += 1;
            }
            state = F::absorb(token, state, &rows);
            block += 1;
        }
        *self.state = state;
    }
}

/// A block in which messages end, and the digests where one does.
struct End<'a, 'm, T: Copy, F: Function<T>> {
    state: &'a mut F::State,
    fresh: u32,
    ends: &'a Ends<'m>,
    digests: &'a mut DigestRows,
}

impl<T: Copy, F: Function<T>> Kernel<T> for End<'_, '_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: T) {
        let state = reset::<T, F>(token, self.fresh, *self.state);
        let state = F::absorb_ends(token, state, self.ends);
        if self.ends.last != 0 {
            F::digests(state, self.digests);
        }
        *self.state = state;
    }
}

/// The same block of padding in every lane, and the digests.
struct Pad<'a, T: Copy, F: Function<T>> {
    state: &'a F::State,
    padding: &'a F::Padding,
    digests: &'a mut DigestRows,
}

impl<T: Copy, F: Function<T>> Kernel<T> for Pad<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: T) {
        F::digests(F::absorb_padding(token, *self.state, self.padding), self.digests);
    }
}

/// The states of all lanes, as digests.
struct Show<'a, T: Copy, F: Function<T>> {
    state: &'a F::State,
    digests: &'a mut DigestRows,
}

impl<T: Copy, F: Function<T>> Kernel<T> for Show<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: T) {
        F::digests(*self.state, self.digests);
    }
}

/// All lanes.
#[inline(always)]
pub(super) fn every<T: Copy, F: Function<T>>() -> u32 {
    u32::MAX >> (u32::BITS - F::LANES as u32)
}

#[inline(always)]
fn reset<T: Copy, F: Function<T>>(token: T, fresh: u32, state: F::State) -> F::State {
    if fresh == 0 { state } else { F::select(fresh, F::start(token), state) }
}

/// No bytes, at an address that can be read. A masked load from an address that cannot, as that of `&[]`, is right and
/// takes hundreds of cycles.
#[inline]
fn nothing() -> &'static [u8] {
    static READABLE: [u8; 64] = [0; 64];
    &READABLE[..0]
}

/// What each lane is at.
struct Lanes<'m> {
    /// The bytes that have not been compressed.
    rest: Rows<'m>,
    /// The blocks that are left, padding included; 0 for a lane without a message.
    left: [u64; MAX_WORD_LANES],
    /// The blocks that are left when the padding begins: 1, or 2 where the length needs a block of its own.
    padded: [u64; MAX_WORD_LANES],
    lengths: [u64; MAX_WORD_LANES],
    indices: [usize; MAX_WORD_LANES],
}

/// Hashes all messages: digests of `width` bytes into `digests`, which has room for as many as there are messages.
pub(super) fn drive<T: Copy, F: Function<T>>(
    token: T,
    function: F,
    messages: &dyn Messages,
    order: Order<'_>,
    digests: &mut [u8],
    width: usize,
) {
    assert!(width <= 64 && digests.len() == width * messages.count());
    let count = messages.count();
    let every = every::<T, F>();
    let mut lanes = Lanes {
        rest: [nothing(); MAX_WORD_LANES],
        left: [0; MAX_WORD_LANES],
        padded: [0; MAX_WORD_LANES],
        lengths: [0; MAX_WORD_LANES],
        indices: [0; MAX_WORD_LANES],
    };
    let (mut next, queue) = match order {
        Order::Arrival => (0, None),
        Order::Even(length) => (even::digest_groups::<T, F>(token, messages, length, digests, width), None),
        Order::Queue(queue) => (0, Some(queue)),
    };
    if next == count {
        return;
    }
    let mut state = F::enter(token, Start::<F>(PhantomData));
    // Lanes at work, those that have just ended, and those whose state is still that of the message before.
    let (mut active, mut ended, mut fresh) = (0u32, every, 0u32);
    // Whether all at work have messages of one length.
    let mut uniform = false;
    let mut padding: Option<(u64, F::Padding)> = None;
    let mut out = [[0; 64]; MAX_WORD_LANES];
    loop {
        if ended != 0 {
            for lane in 0..F::LANES {
                if ended >> lane & 1 == 0 {
                    continue;
                }
                if next == count {
                    active &= !(1 << lane);
                    (lanes.rest[lane], lanes.left[lane]) = (nothing(), 0);
                    continue;
                }
                let index = queue.map_or(next, |queue| queue[next] as usize);
                let message = messages.message(index);
                // The message that may follow it in this lane: the first loads of a group wait for nothing else.
                if let Some(ahead) = Some(next + F::LANES).filter(|&ahead| ahead < count) {
                    prefetch_bytes(messages.message(queue.map_or(ahead, |queue| queue[ahead] as usize)));
                }
                next += 1;
                let length = message.len() as u64;
                let blocks = F::blocks(length);
                active |= 1 << lane;
                lanes.indices[lane] = index;
                lanes.rest[lane] = if message.is_empty() { nothing() } else { message };
                lanes.lengths[lane] = length;
                lanes.left[lane] = blocks;
                lanes.padded[lane] = blocks - length / F::BLOCK as u64;
            }
            fresh |= ended;
            if active == 0 {
                return;
            }
            if next == count
                && let Some(finisher) = function.finisher()
                && active.count_ones() as usize <= finisher.few()
            {
                if fresh & active != 0 {
                    let none = [&[][..]; MAX_WORD_LANES];
                    F::enter(token, Whole::<T, F> { state: &mut state, fresh, rest: &none, blocks: 0 });
                }
                F::enter(token, Show::<T, F> { state: &state, digests: &mut out });
                hand_over(finisher, active, &lanes, &out, digests, width);
                return;
            }
            let length = lanes.lengths[active.trailing_zeros() as usize % MAX_WORD_LANES];
            uniform = true;
            for lane in 0..F::LANES {
                uniform &= active >> lane & 1 == 0 || lanes.lengths[lane] == length;
            }
        }

        // Whole blocks, as many as every lane has.
        let first = active.trailing_zeros() as usize % MAX_WORD_LANES;
        let mut whole = usize::MAX;
        for lane in 0..F::LANES {
            if active >> lane & 1 == 1 {
                whole = whole.min(lanes.rest[lane].len() / F::BLOCK);
            }
        }
        if whole > 0 {
            // Lanes without a message read what the first one reads.
            for lane in 0..F::LANES {
                if active >> lane & 1 == 0 {
                    lanes.rest[lane] = lanes.rest[first];
                }
            }
            let step = Whole::<T, F> { state: &mut state, fresh, rest: &lanes.rest, blocks: whole };
            F::enter(token, step);
            fresh = 0;
            for lane in 0..F::LANES {
                if active >> lane & 1 == 1 {
                    lanes.rest[lane] = &lanes.rest[lane][whole * F::BLOCK..];
                    lanes.left[lane] -= whole as u64;
                } else {
                    lanes.rest[lane] = nothing();
                }
            }
        }

        // One block in which at least one message ends, or its padding begins.
        let (mut marked, mut last, mut bytes) = (0u32, 0u32, 0);
        for lane in 0..F::LANES {
            bytes |= lanes.rest[lane].len();
            marked |= u32::from(lanes.left[lane] == lanes.padded[lane]) << lane;
            last |= u32::from(lanes.left[lane] == 1) << lane;
        }
        (marked, last) = (marked & active, last & active);
        if uniform && bytes == 0 && fresh == 0 && last == active && marked == active {
            let length = lanes.lengths[first];
            if padding.as_ref().is_none_or(|(of, _)| *of != length) {
                padding = Some((length, F::padding(length, true)));
            }
            if let Some((_, padding)) = &padding {
                F::enter(token, Pad::<T, F> { state: &state, padding, digests: &mut out });
            }
        } else {
            let mut rows = [&[][..]; MAX_WORD_LANES];
            let (length, mut unlike) = (lanes.rest[0].len(), 0);
            for lane in 0..F::LANES {
                let rest = lanes.rest[lane];
                unlike |= rest.len() ^ length;
                (rows[lane], lanes.rest[lane]) = rest.split_at(rest.len().min(F::BLOCK));
                lanes.left[lane] = lanes.left[lane].saturating_sub(1);
            }
            let same = |mask: u32| mask == every || mask == 0;
            let even = uniform && active == every && unlike == 0 && same(marked) && same(last);
            let ends = Ends { rows, marked, last, lengths: lanes.lengths, even };
            F::enter(token, End::<T, F> { state: &mut state, fresh, ends: &ends, digests: &mut out });
            fresh = 0;
        }
        ended = last;
        for lane in 0..F::LANES {
            if ended >> lane & 1 == 1 {
                let digest = &mut digests[lanes.indices[lane] * width..][..width];
                // A copy of known size is a few instructions, any other a call.
                if let Ok(whole) = <&mut [u8; 64]>::try_from(&mut *digest) {
                    *whole = out[lane];
                } else if let Ok(half) = <&mut [u8; 32]>::try_from(&mut *digest) {
                    *half = *first_half(&out[lane]);
                } else {
                    digest.copy_from_slice(&out[lane][..width]);
                }
            }
        }
    }
}

#[inline(always)]
fn first_half(row: &[u8; 64]) -> &[u8; 32] {
    let (half, _) = row.split_at(32);
    half.try_into().expect("half of a row")
}

#[inline(never)]
fn hand_over<F: Finisher>(
    finisher: F,
    active: u32,
    lanes: &Lanes<'_>,
    states: &DigestRows,
    digests: &mut [u8],
    width: usize,
) {
    let none = Straggler { index: 0, state: [0; 64], rest: &[], length: 0, marked: false };
    let mut stragglers = [none; MAX_WORD_LANES];
    let mut count = 0;
    // By the mask and not lane by lane: LLVM writes a loop over lanes out, and a count that goes up in some of 32 steps,
    // with a check in each, takes its scalar evolution a quarter of an hour.
    let mut lanes_left = active;
    while lanes_left != 0 {
        let lane = lanes_left.trailing_zeros() as usize;
        lanes_left &= lanes_left - 1;
        let (rest, length) = (lanes.rest[lane], lanes.lengths[lane]);
        // The padding began one block earlier where only its second block is left.
        let marked = rest.is_empty() && lanes.left[lane] < lanes.padded[lane];
        stragglers[count] =
            Straggler { index: lanes.indices[lane], state: states[lane], rest, length, marked };
        count += 1;
    }
    finisher.finish(&stragglers[..count], digests, width);
}
