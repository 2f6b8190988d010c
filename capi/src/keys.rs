//! Registered keys.

use sigwarp::KeyId;

use crate::columns::{column, column_ranges, require, sigwarp_column};
use crate::engine::{ENGINES, sigwarp_engine};
use crate::error::{call, sigwarp_code, sigwarp_error};
use crate::memory::{self, Output};
use crate::status::{SIGWARP_STATUS_KEY_REGISTERED, of_reason, sigwarp_status};
use crate::suite::{SUITES, sigwarp_suite};

/// Registers keys for signatures of the scheme of a suite, and makes tables of them within the key budget: items with
/// a registered key, named by its id or by its bytes, are verified several times faster.
///
/// Key i is `arena[offsets[i]]` to before `arena[offsets[i + 1]]`. It gets an id, the same id for the same bytes, and
/// the status SIGWARP_STATUS_KEY_REGISTERED; or the id 0, and as status the reason why the suite rejects every
/// signature under it. An id is known to this engine only, until it is unregistered.
///
/// # Safety
/// `arena` has `arena_length` bytes and `offsets` has `keys + 1` entries; nobody writes to them during the call.
/// `capacity` ids and as many statuses can be written; `statuses` and `error` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_register_keys(
    engine: sigwarp_engine,
    suite: sigwarp_suite,
    keys: usize,
    arena: *const u8,
    arena_length: usize,
    offsets: *const u64,
    ids: *mut u64,
    statuses: *mut sigwarp_status,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let given = sigwarp_column { bytes: arena, length: arena_length, offsets, width: 0 };
        let inputs = column_ranges(&given, keys);
        // SAFETY: `capacity` entries of each can be written, and nothing is borrowed yet.
        let (ids, statuses) = unsafe {
            let ids = Output::new("ids", ids, capacity, keys, &inputs)?;
            let inputs = [&inputs[..], &[ids.range()]].concat();
            (ids, Output::optional("statuses", statuses, capacity, keys, &inputs)?)
        };
        let engine = ENGINES.get(engine.id)?;
        let suite = SUITES.get(suite.id)?;
        require("offsets", offsets, keys)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let column = unsafe { column("keys", &given, keys) }?;
        let registered = engine.register(&suite, (0..keys).map(|key| column.get(key)))?;
        ids.fill(registered.iter().map(|key| key.map_or(0, KeyId::get)));
        if let Some(statuses) = statuses {
            statuses.fill(registered.iter().map(|key| match key {
                Ok(_) => SIGWARP_STATUS_KEY_REGISTERED,
                Err(reason) => of_reason(*reason),
            }));
        }
        Ok(())
    })
}

/// Drops registered keys. Their ids are unknown from then on; calls that are running keep the keys they have. Unknown
/// ids, and 0, are skipped. `dropped`, which may be null, gets the number of ids that named a key.
///
/// # Safety
/// `ids` has `count` entries, and nobody writes to them during the call; `dropped` and `error` are null or can be
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_unregister_keys(
    engine: sigwarp_engine,
    ids: *const u64,
    count: usize,
    dropped: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed yet.
        let dropped = unsafe { Output::optional("dropped", dropped, 1, 1, &[memory::range(ids, count)]) }?;
        let engine = ENGINES.get(engine.id)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let ids = unsafe { memory::array("ids", ids, count) }?;
        let ids: Vec<KeyId> = ids.iter().filter_map(|&id| KeyId::from_number(id)).collect();
        let count = engine.unregister(&ids);
        if let Some(dropped) = dropped {
            dropped.set(count);
        }
        Ok(())
    })
}
