//! Memory for tables that are read at random: lines in pages of 2 MiB, where the system gives them.
//!
//! A thousand full tables are 66 MB. In pages of 4 KiB nearly every entry then costs a walk of the page tables before
//! its line can be asked for, more than the arithmetic that it is used in (docs/decisions/key-ring.md has the figures).
//! Systems give larger pages to memory that is large and aligned, and mostly only where they are asked: so tables are
//! slots of slabs of one large page each.
//!
//! Contract. [`Pool::take`] gives a slot that nothing else refers to until it is dropped; then it is given out again. A
//! slab whose slots are all free goes back to the system. What a new slot holds is unspecified, but initialised.

use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::sync::{Arc, Mutex, PoisonError};

use super::Line;

/// A large page.
const SLAB: usize = 2 << 20;
const LAYOUT: Layout = match Layout::from_size_align(SLAB, SLAB) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two"),
};

/// A large page of slots.
struct Slab {
    lines: NonNull<Line>,
    /// Free slots by number.
    free: Mutex<Vec<u32>>,
}

// SAFETY: the memory belongs to the slab, which hands out disjoint slots, each to one owner.
unsafe impl Send for Slab {}
// SAFETY: as above; the list of free slots is behind a lock.
unsafe impl Sync for Slab {}

impl Slab {
    fn new(slots: u32) -> Self {
        // SAFETY: the layout is not empty.
        let Some(start) = NonNull::new(unsafe { alloc(LAYOUT) }) else { handle_alloc_error(LAYOUT) };
        prefer_large_pages(start);
        // SAFETY: the memory is the slab's, as long as this and aligned to more than a byte.
        unsafe { start.write_bytes(0, SLAB) };
        Self { lines: start.cast(), free: Mutex::new((0..slots).rev().collect()) }
    }

    fn take(&self) -> Option<u32> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and no slot is left, since each holds the slab.
        unsafe { dealloc(self.lines.cast().as_ptr(), LAYOUT) };
    }
}

/// Asks for the slab to be one page. Where the system does not know how, nothing is lost but speed.
fn prefer_large_pages(start: NonNull<u8>) {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: advice about memory that this process owns; it changes nothing that a program can read.
        let _ = unsafe { libc::madvise(start.as_ptr().cast(), SLAB, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = start;
}

/// Slots of one size.
pub struct Pool {
    lines: usize,
    slots: u32,
    slabs: Mutex<Vec<Arc<Slab>>>,
}

impl Pool {
    /// A pool of slots of so many lines.
    ///
    /// # Panics
    /// When a slot does not fit a slab, 32,768 lines, or has no line.
    pub fn new(lines: usize) -> Arc<Self> {
        let slots = (SLAB / size_of::<Line>()).checked_div(lines).unwrap_or(0);
        assert!(slots > 0, "a slot of {lines} lines; a slab has {}", SLAB / size_of::<Line>());
        Arc::new(Self { lines, slots: slots as u32, slabs: Mutex::new(Vec::new()) })
    }

    /// A slot of its own.
    pub fn take(self: &Arc<Self>) -> Lines {
        let mut slabs = self.slabs.lock().unwrap_or_else(PoisonError::into_inner);
        // The slabs used last are the ones with room.
        for slab in slabs.iter().rev() {
            if let Some(slot) = slab.take() {
                return Lines { slab: slab.clone(), slot, pool: self.clone() };
            }
        }
        let slab = Arc::new(Slab::new(self.slots));
        slabs.push(slab.clone());
        let slot = slab.take().expect("a slab has a slot");
        Lines { slab, slot, pool: self.clone() }
    }
}

impl core::fmt::Debug for Pool {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pool").field("lines", &self.lines).finish_non_exhaustive()
    }
}

/// A slot of a [`Pool`].
pub struct Lines {
    slab: Arc<Slab>,
    slot: u32,
    pool: Arc<Pool>,
}

impl Lines {
    fn start(&self) -> NonNull<Line> {
        // SAFETY: slot numbers are below the number of slots that fit the slab.
        unsafe { self.slab.lines.add(self.slot as usize * self.pool.lines) }
    }
}

impl Deref for Lines {
    type Target = [Line];
    #[inline]
    fn deref(&self) -> &[Line] {
        // SAFETY: initialised when the slab was made, inside it, and nobody else has this slot.
        unsafe { NonNull::slice_from_raw_parts(self.start(), self.pool.lines).as_ref() }
    }
}

impl DerefMut for Lines {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Line] {
        // SAFETY: as for reading; `self` is borrowed mutably, and is the only way to the slot.
        unsafe { NonNull::slice_from_raw_parts(self.start(), self.pool.lines).as_mut() }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let empty = {
            let mut free = self.slab.free.lock().unwrap_or_else(PoisonError::into_inner);
            free.push(self.slot);
            free.len() == self.pool.slots as usize
        };
        if empty {
            // A slot that another thread takes meanwhile keeps the slab alive; only its slots are not used again.
            let mut slabs = self.pool.slabs.lock().unwrap_or_else(PoisonError::into_inner);
            slabs.retain(|slab| !Arc::ptr_eq(slab, &self.slab));
        }
    }
}

impl core::fmt::Debug for Lines {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lines").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_disjoint_and_used_again() {
        // Ten slots in a slab.
        let pool = Pool::new(3_276);
        let mut slots: Vec<Lines> = (0..25).map(|_| pool.take()).collect();
        for (i, slot) in slots.iter_mut().enumerate() {
            slot.fill(Line([i as u64; 8]));
        }
        for (i, slot) in slots.iter().enumerate() {
            assert_eq!((slot.len(), slot.as_ptr().addr() % 64), (3_276, 0));
            assert!(slot.iter().all(|line| *line == Line([i as u64; 8])), "slot {i}");
        }
        let slabs = || pool.slabs.lock().unwrap().len();
        assert_eq!(slabs(), 3);
        // One of each slab stays: nothing goes back, and what follows finds room.
        let kept: Vec<Lines> =
            slots.drain(..).enumerate().filter_map(|(i, s)| (i % 10 == 3).then_some(s)).collect();
        assert_eq!((kept.len(), slabs()), (3, 3));
        let more: Vec<Lines> = (0..22).map(|_| pool.take()).collect();
        assert_eq!((more.len(), slabs()), (22, 3));
        for (i, slot) in kept.iter().enumerate() {
            assert_eq!(slot[0], Line([(10 * i + 3) as u64; 8]));
        }
        drop((kept, more));
        assert_eq!(slabs(), 0);
    }

    #[test]
    fn threads_take_and_give_back() {
        let pool = Pool::new(1_000);
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let pool = &pool;
                scope.spawn(move || {
                    let mut held: Vec<(u64, Lines)> = Vec::new();
                    for round in 0..400 {
                        let mark = thread << 32 | round;
                        let mut slot = pool.take();
                        slot.fill(Line([mark; 8]));
                        held.push((mark, slot));
                        if round % 3 == 0 {
                            held.swap_remove(round as usize % held.len());
                        }
                        for (mark, slot) in held.iter().rev().take(4) {
                            assert!(slot.iter().all(|line| line.0 == [*mark; 8]));
                        }
                    }
                });
            }
        });
        assert_eq!(pool.slabs.lock().unwrap().len(), 0);
    }

    #[test]
    #[should_panic(expected = "a slot of 32769 lines")]
    fn a_slot_larger_than_a_slab_is_refused() {
        Pool::new(32_769);
    }
}
