//! The places of the known answers that travel with every dispatch.

use crate::backend::Random;

/// Rows between canaries, on the average.
const EVERY: usize = 509;
/// Room in the arena for the messages of the canaries of a dispatch.
pub(super) const ROOM: usize = 1 << 16;

/// Where canaries stand, and which.
#[derive(Debug)]
pub(super) struct Places {
    random: Random,
    turn: usize,
}

impl Places {
    pub(super) fn new() -> Self {
        let mut random = Random::new();
        let turn = random.next() as usize;
        Self { random, turn }
    }

    /// The same places in every run, and the canary after number `turn` first.
    #[cfg(test)]
    pub(super) fn seeded(seed: u64, turn: usize) -> Self {
        Self { random: Random::seeded(seed), turn }
    }

    /// Any word.
    pub(super) fn random(&mut self) -> u32 {
        self.random.next() as u32
    }

    /// Any number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.random.next() % count.max(1) as u64) as usize
    }

    /// The next row for a canary, from `row` on.
    pub(super) fn next(&mut self, row: usize) -> usize {
        row + (self.random.next() % (2 * EVERY as u64)) as usize
    }

    /// The canaries in turn.
    pub(super) fn turn<'a, T>(&mut self, canaries: &'a [T]) -> &'a T {
        self.turn = self.turn.wrapping_add(1);
        &canaries[self.turn % canaries.len()]
    }
}
