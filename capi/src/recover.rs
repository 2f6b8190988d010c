//! Public keys and Ethereum addresses behind secp256k1 signatures.

use std::ffi::c_char;

use sigwarp::{EcdsaRule, ethereum_address, recover};

use crate::columns::{column, column_ranges, require, sigwarp_column};
use crate::error::{Failure, call, sigwarp_code, sigwarp_error};
use crate::memory::{self, Output};
use crate::status::{SIGWARP_STATUS_VALID, of_reason, sigwarp_status};

/// The bytes of a recovered key: 04, x, y.
pub const SIGWARP_RECOVERED_KEY: usize = 65;
/// The bytes of an Ethereum address.
pub const SIGWARP_ADDRESS: usize = 20;

/// Recovers the key of each secp256k1 signature, on the calling thread.
///
/// Item i has the digest `arena[digest_offsets[i]]` to before `arena[digest_offsets[i + 1]]`, its signature r, s (64
/// bytes) likewise, and the recovery id `recovery_ids[i]`, 0 to 3; the caller undoes the values 27 and 28 and the form of
/// EIP-155. `rule` is "ecdsa" or "ecdsa-low-s". Status i is SIGWARP_STATUS_VALID where a key was recovered; otherwise it
/// is the reason why not, and key and address are zeros. Either of `keys` and `addresses` may be null.
///
/// # Safety
/// `rule` is null or zero-terminated. `arena` has `arena_length` bytes, the arrays of offsets `items + 1` entries and
/// `recovery_ids` has `items`; nobody writes to them during the call. 65 times `capacity` bytes can be written to
/// `keys`, 20 times `capacity` to `addresses`, and `capacity` to `statuses`; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_recover(
    rule: *const c_char,
    items: usize,
    arena: *const u8,
    arena_length: usize,
    digest_offsets: *const u64,
    signature_offsets: *const u64,
    recovery_ids: *const u8,
    keys: *mut u8,
    addresses: *mut u8,
    statuses: *mut sigwarp_status,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let of = |offsets| sigwarp_column { bytes: arena, length: arena_length, offsets, width: 0 };
        let columns = [of(digest_offsets), of(signature_offsets)];
        let [digests, signatures] = columns.each_ref().map(|column| column_ranges(column, items));
        let ids = memory::range(recovery_ids, if recovery_ids.is_null() { 0 } else { items });
        let mut inputs = [&digests[..], &signatures, &[ids]].concat();
        // SAFETY: so many bytes can be written, and nothing is borrowed yet.
        let (mut keys, mut addresses, mut statuses) = unsafe {
            let statuses = Output::new("statuses", statuses, capacity, items, &inputs)?;
            inputs.push(statuses.range());
            let bytes = |width: usize| (capacity.saturating_mul(width), items.saturating_mul(width));
            let (room, needed) = bytes(SIGWARP_RECOVERED_KEY);
            let keys = Output::optional("keys", keys, room, needed, &inputs)?;
            inputs.extend(keys.as_ref().map(Output::range));
            let (room, needed) = bytes(SIGWARP_ADDRESS);
            (keys, Output::optional("addresses", addresses, room, needed, &inputs)?, statuses)
        };
        // SAFETY: null or zero-terminated.
        let rule = unsafe { memory::name("rule", rule) }?;
        let rule = EcdsaRule::from_name(rule).ok_or_else(|| {
            let known: Vec<_> = EcdsaRule::ALL.iter().map(|rule| rule.name()).collect();
            Failure::argument(format!("rule {rule:?} has no recovery; known are {}", known.join(", ")))
        })?;
        require("digest_offsets", digest_offsets, items)?;
        require("signature_offsets", signature_offsets, items)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let (digests, signatures, ids) = unsafe {
            (
                column("digests", &columns[0], items)?,
                column("signatures", &columns[1], items)?,
                memory::array("recovery_ids", recovery_ids, items)?,
            )
        };
        for (item, &id) in ids.iter().enumerate() {
            let status = match recover(digests.get(item), signatures.get(item), id, rule) {
                Ok(key) => {
                    if let Some(keys) = &mut keys {
                        keys.slice()[item * SIGWARP_RECOVERED_KEY..][..SIGWARP_RECOVERED_KEY]
                            .copy_from_slice(&key);
                    }
                    if let Some(addresses) = &mut addresses {
                        addresses.slice()[item * SIGWARP_ADDRESS..][..SIGWARP_ADDRESS]
                            .copy_from_slice(&ethereum_address(&key));
                    }
                    SIGWARP_STATUS_VALID
                }
                Err(reason) => of_reason(reason),
            };
            statuses.slice()[item] = status;
        }
        Ok(())
    })
}
