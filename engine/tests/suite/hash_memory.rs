//! What hashing allocates: the digests and a queue of four bytes a message, never the messages.
//!
//! The counting allocator counts for each thread by itself: an engine of one thread works on its caller's.
#![allow(unsafe_code, reason = "an allocator that counts")]

use crate::common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{engine, present};
use sigwarp::{BackendKind, Column, Hash};

struct Counting;

thread_local! {
    /// The bytes that this thread allocated, and the most of them at once.
    static ALLOCATED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

fn count(bytes: usize) {
    // A thread that ends allocates after its variables are gone.
    let _ = ALLOCATED.try_with(|allocated| {
        let (sum, largest) = allocated.get();
        allocated.set((sum + bytes, largest.max(bytes)));
    });
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn no_message_is_copied() {
    const ROWS: usize = 1000;
    // Four messages of a megabyte among short ones.
    let arena = vec![7u8; 1 << 20];
    let spans: Vec<(usize, usize)> = (0..ROWS)
        .map(|row| if row % 250 == 3 { (row, (1 << 20) - ROWS) } else { (row, row % 600) })
        .collect();
    let messages: usize = spans.iter().map(|span| span.1).sum();
    assert!(messages > 4 << 20);
    // What a device hashes has to be brought to it.
    for kind in BackendKind::on_cpu() {
        // Nor does the emulation copy otherwise than the backend that it emulates.
        if kind == BackendKind::Emulated {
            continue;
        }
        let Some(engine) = present(kind, engine(kind, 1)) else { continue };
        for hash in Hash::ALL {
            let column = Column::spans(&arena, &spans).unwrap();
            let mut digests = vec![0; ROWS * hash.digest_length()];
            // Before its first digest a function is tested, on this thread too.
            engine.hash(hash, Column::slices(&[])).unwrap();
            ALLOCATED.set((0, 0));
            engine.hash_into(hash, column, &mut digests).unwrap();
            let (bytes, largest) = ALLOCATED.get();
            println!("{kind} {hash}: {bytes} bytes allocated for {ROWS} messages of {messages} bytes");
            assert!(bytes > 0, "{kind} {hash}: hashed on another thread, which is not counted");
            assert!(bytes <= 4 * ROWS + 4096, "{kind} {hash}: {bytes} bytes");
            assert!(largest <= 4 * ROWS, "{kind} {hash}: {largest} bytes at once");
        }
    }
}
