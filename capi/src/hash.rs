//! Hashing and Merkle roots.

use std::ffi::c_char;

use sigwarp::{Column, Hash, MerkleRule};

use crate::columns::{column, column_ranges, require, sigwarp_column};
use crate::engine::{ENGINES, sigwarp_engine};
use crate::error::{Failure, SIGWARP_ERROR_COLUMNS, call, sigwarp_code, sigwarp_error};
use crate::memory::{self, Output};

/// # Safety
/// `name` is null or zero-terminated.
unsafe fn hash_of(name: *const c_char) -> Result<Hash, Failure> {
    // SAFETY: passed on.
    let name = unsafe { memory::name("hash", name) }?;
    Hash::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Hash::ALL.iter().map(|hash| hash.name()).collect();
        Failure::argument(format!("hash {name:?} is not known; known are {}", known.join(", ")))
    })
}

/// Writes the bytes of a digest of a hash function: "sha256", "sha256d", "sha512", "sha512-half", "sha3-256",
/// "keccak256", "sm3" or "blake3".
///
/// # Safety
/// `hash` is null or zero-terminated; `length` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_digest_length(
    hash: *const c_char,
    length: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed yet.
        let output = unsafe { Output::one("length", length) }?;
        // SAFETY: null or zero-terminated.
        output.set(unsafe { hash_of(hash) }?.digest_length());
        Ok(())
    })
}

/// Writes the digest of each message, one after another. Message i is `arena[offsets[i]]` to before
/// `arena[offsets[i + 1]]`; lengths may be mixed.
///
/// # Safety
/// `hash` is null or zero-terminated. `arena` has `arena_length` bytes and `offsets` has `messages + 1` entries; nobody
/// writes to them during the call. `capacity` bytes can be written to `digests`; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_hash(
    engine: sigwarp_engine,
    hash: *const c_char,
    messages: usize,
    arena: *const u8,
    arena_length: usize,
    offsets: *const u64,
    digests: *mut u8,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: null or zero-terminated; owned before anything is written.
        let hash = unsafe { hash_of(hash) }?;
        let given = sigwarp_column { bytes: arena, length: arena_length, offsets, width: 0 };
        let inputs = column_ranges(&given, messages);
        let needed = messages.saturating_mul(hash.digest_length());
        // SAFETY: `capacity` bytes can be written, and nothing is borrowed yet.
        let mut output = unsafe { Output::new("digests", digests, capacity, needed, &inputs) }?;
        let engine = ENGINES.get(engine.id)?;
        require("offsets", offsets, messages)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let column = unsafe { column("messages", &given, messages) }?;
        Ok(engine.hash_into(hash, column, output.slice())?)
    })
}

/// Writes the Merkle root over leaves that are digests of `hash`, one after another. `rule` says what completes a level
/// with an odd number of nodes: "bitcoin" (its last node again) or "zero-padded".
///
/// `ambiguous`, which may be null, gets 1 where two siblings are equal although they are two nodes of their level, else
/// 0. Under "bitcoin" a shorter list of leaves then has the same root (CVE-2012-2459): refuse such a block.
///
/// # Safety
/// `hash` and `rule` are null or zero-terminated. `leaves` has `length` bytes, and nobody writes to them during the
/// call. `capacity` bytes can be written to `root`; `ambiguous` and `error` are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_merkle_root(
    engine: sigwarp_engine,
    hash: *const c_char,
    rule: *const c_char,
    leaves: *const u8,
    length: usize,
    root: *mut u8,
    capacity: usize,
    ambiguous: *mut u8,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: null or zero-terminated; owned before anything is written.
        let hash = unsafe { hash_of(hash) }?;
        let inputs = [memory::range(leaves, length)];
        // SAFETY: `capacity` bytes and `ambiguous` can be written, and nothing is borrowed yet.
        let (root, ambiguous) = unsafe {
            let root = Output::new("root", root, capacity, hash.digest_length(), &inputs)?;
            let inputs = [&inputs[..], &[root.range()]].concat();
            (root, Output::optional("ambiguous", ambiguous, 1, 1, &inputs)?)
        };
        let engine = ENGINES.get(engine.id)?;
        // SAFETY: null or zero-terminated.
        let rule = unsafe { memory::name("rule", rule) }?;
        let rule = MerkleRule::from_name(rule).ok_or_else(|| {
            let known: Vec<_> = MerkleRule::ALL.iter().map(|rule| rule.name()).collect();
            Failure::argument(format!("rule {rule:?} is not known; known are {}", known.join(", ")))
        })?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let leaves = unsafe { memory::array("leaves", leaves, length) }?;
        let leaves = Column::fixed(leaves, hash.digest_length())
            .map_err(|error| Failure::new(SIGWARP_ERROR_COLUMNS, format!("leaves: {error}")))?;
        match ambiguous {
            None => root.fill(engine.merkle_root(hash, rule, leaves)?.into_iter()),
            Some(ambiguous) => {
                let tree = engine.merkle_tree(hash, rule, leaves)?;
                root.fill(tree.root().iter().copied());
                ambiguous.set(u8::from(tree.is_ambiguous()));
            }
        }
        Ok(())
    })
}
