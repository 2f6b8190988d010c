//! Messages of one length: a group of as many as there are lanes after another, from load to digest in one vector
//! function, which decides nothing for a lane. Where a group waits for its last rounds, the next one's loads and shuffles
//! begin.
//!
//! The messages of a group are fetched by a call, so that there is one vector function for every kind of column.

use super::drive::{Ends, Function, Messages, every};
use crate::simd::words::{MAX_WORD_LANES, Rows};
use crate::simd::{Kernel, prefetch_bytes};

/// Fetches the messages of the group of this index.
type Fetch<'f, 'm> = &'f dyn Fn(usize, &mut Rows<'m>);

/// The messages of the group at hand and of the next one.
struct Groups<'f, 'm> {
    fetch: Fetch<'f, 'm>,
    rows: [Rows<'m>; 2],
    count: usize,
}

impl<'f, 'm> Groups<'f, 'm> {
    fn new(fetch: Fetch<'f, 'm>, count: usize) -> Self {
        let mut rows = [[&[][..]; MAX_WORD_LANES]; 2];
        fetch(0, &mut rows[0]);
        Self { fetch, rows, count }
    }

    /// The messages of this group. Those of the next one are asked for.
    #[inline(always)]
    fn get(&mut self, group: usize) -> &Rows<'m> {
        if group + 1 < self.count {
            (self.fetch)(group + 1, &mut self.rows[(group + 1) % 2]);
        }
        &self.rows[group % 2]
    }
}

/// Messages of any length.
struct Even<'a, 'm, T: Copy, F: Function<T>> {
    groups: Groups<'a, 'm>,
    length: usize,
    /// The last block, where no byte of the messages is in it.
    padding: &'a F::Padding,
    /// Room for all groups.
    digests: &'a mut [u8],
    width: usize,
}

impl<T: Copy, F: Function<T>> Kernel<T> for Even<'_, '_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: T) {
        let Self { mut groups, length, padding, digests, width } = self;
        let (whole, rest) = (length / F::BLOCK, length % F::BLOCK);
        // The bytes that are left, and the length, may need two blocks.
        let two = F::blocks(length as u64) > whole as u64 + 1;
        let every = every::<T, F>();
        let last = if two { 0 } else { every };
        let mut index = 0;
        while index < groups.count {
            let all = groups.get(index);
            let mut rows: Rows<'_> = [&[]; MAX_WORD_LANES];
            let mut state = F::start(token);
            let mut block = 0;
            while block < whole {
                let at = block * F::BLOCK;
                let mut lane = 0;
                while lane < F::LANES {
                    rows[lane] = &all[lane][at..at + F::BLOCK];
                    lane += 1;
                }
                state = F::absorb(token, state, &rows);
                block += 1;
            }
            if rest > 0 {
                let mut lane = 0;
                while lane < F::LANES {
                    rows[lane] = &all[lane][length - rest..length];
                    lane += 1;
                }
                let lengths = [length as u64; MAX_WORD_LANES];
                let ends = Ends { rows, marked: every, last, lengths, even: true };
                state = F::absorb_ends(token, state, &ends);
            }
            if rest == 0 || two {
                state = F::absorb_padding(token, state, padding);
            }
            F::write_digests(state, &mut digests[index * F::LANES * width..], width);
            index += 1;
        }
    }
}

/// As [`Even`] for messages of a length that [`Function::short`] knows.
struct Short<'a, 'm, T: Copy, F: Function<T>> {
    groups: Groups<'a, 'm>,
    length: usize,
    short: &'a F::Short,
    digests: &'a mut [u8],
    width: usize,
}

impl<T: Copy, F: Function<T>> Kernel<T> for Short<'_, '_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: T) {
        let Self { mut groups, length, short, digests, width } = self;
        let mut index = 0;
        while index < groups.count {
            let state = F::digest_short(token, groups.get(index), length, short);
            F::write_digests(state, &mut digests[index * F::LANES * width..], width);
            index += 1;
        }
    }
}

/// Hashes the whole groups of messages of one length and returns how many messages they were.
pub(super) fn digest_groups<'m, T: Copy, F: Function<T>>(
    token: T,
    messages: &'m dyn Messages,
    length: usize,
    digests: &mut [u8],
    width: usize,
) -> usize {
    let count = messages.count() / F::LANES;
    if count > 0 {
        let fetch = |group: usize, rows: &mut Rows<'m>| {
            let rows = &mut rows[..F::LANES];
            messages.rows(group * F::LANES, rows);
            rows.iter().for_each(|row| prefetch_bytes(row));
        };
        drive::<T, F>(token, Groups::new(&fetch, count), length, digests, width);
    }
    count * F::LANES
}

#[inline(never)]
fn drive<T: Copy, F: Function<T>>(
    token: T,
    groups: Groups<'_, '_>,
    length: usize,
    digests: &mut [u8],
    width: usize,
) {
    if length > 0
        && let Some(short) = F::short(length)
    {
        F::enter(token, Short::<T, F> { groups, length, short: &short, digests, width });
    } else {
        let padding = F::padding(length as u64, length.is_multiple_of(F::BLOCK));
        F::enter(token, Even::<T, F> { groups, length, padding: &padding, digests, width });
    }
}
