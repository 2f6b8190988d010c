//! The memory that a call takes, counted by the allocator of every program that links this crate: a target can then say
//! how much its input may cost, which a peak of the process is too coarse for.
#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The allocator of the system, and what each thread holds of it.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Bytes that this thread has taken and not given back; below 0 where it gave back those of another.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// The most that [`HELD`] has been since [`peak`] began.
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn add(bytes: isize) {
    // A thread that ends has no cells any more, and nobody asks for its count.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

/// Layouts have at most `isize::MAX` bytes.
const fn size(layout: Layout) -> isize {
    layout.size() as isize
}

// SAFETY: every call goes to the allocator of the system as it came; the cells beside it need no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(size(layout));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(size(layout));
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(-size(layout));
        // SAFETY: the caller keeps the contract of `dealloc`, and the pointer is one of the system's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // Old and new bytes may be there at once while they are copied; the allocator of the system mostly grows in place.
        add(new_size as isize - size(layout));
        // SAFETY: the caller keeps the contract of `realloc`, and the pointer is one of the system's.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// What a call gives, and the most bytes that its thread held during it beyond those that it held before. What it gives
/// counts as well; what other threads take does not.
pub fn peak<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = call();
    (result, usize::try_from(PEAK.get() - before).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::peak;

    #[test]
    fn memory_is_counted_at_its_peak() {
        let (kept, most) = peak(|| {
            drop(vec![1u8; 5000]);
            vec![1u8; 100]
        });
        assert!((5000..6000).contains(&most), "{most}");
        assert_eq!(kept.len(), 100);
        assert_eq!(peak(|| 1 + 1).1, 0);
        let (_, most) = peak(|| (0..1000u64).collect::<std::collections::VecDeque<_>>());
        assert!(most >= 8000, "{most}");
    }
}
