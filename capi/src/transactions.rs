//! Whole transactions in, reports out: contexts, and the call that judges many records at once.

use std::ffi::c_char;
use std::sync::Arc;

use sigwarp_profiles::{AnyContext, Batch, Error, Fields, SYSTEMS, System, system, verify};

use crate::columns::{column, column_ranges, require, sigwarp_column};
use crate::engine::{ENGINES, sigwarp_engine};
use crate::error::{
    Failure, SIGWARP_ERROR_COLUMNS, SIGWARP_ERROR_NULL, SIGWARP_ERROR_PANIC, call, sigwarp_code,
    sigwarp_error,
};
use crate::handles::Table;
use crate::memory::{self, Output};
use crate::reports::{REPORTS, Reports, sigwarp_reports};

pub(crate) static CONTEXTS: Table<Context> =
    Table::new("transaction context", "sigwarp_transaction_context_new", 6);

/// What a context handle names.
pub(crate) struct Context {
    pub(crate) system: &'static dyn System,
    pub(crate) context: Arc<AnyContext>,
}

/// A profile, and what the bytes of its records do not say: network, era, chain id. Made by
/// sigwarp_transaction_context_new; share one among all records that it fits.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_transaction_context {
    /// Private; 0 is no context.
    pub id: u64,
}

/// The context of the records of a profile, by its name in docs/profiles.md, such as "ethereum" or "jose". Each of the `count`
/// fields is a text "NAME=VALUE", for example "chain_id=1"; an array is `NAME=[A,B]`, and objects, such as keys, are JSON.
/// docs/profiles.md has the fields of each profile.
/// To be freed with sigwarp_transaction_context_free.
///
/// # Safety
/// `profile` is null or zero-terminated. `fields` has `count` entries, which are null or zero-terminated; nobody writes to
/// any of it during the call. `context` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_context_new(
    profile: *const c_char,
    fields: *const *const c_char,
    count: usize,
    context: *mut sigwarp_transaction_context,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed yet.
        let output = unsafe { Output::new("context", context, 1, 1, &[memory::range(fields, count)]) }?;
        // SAFETY: null or zero-terminated.
        let name = unsafe { memory::name("profile", profile) }?;
        let system = system(name).ok_or_else(|| {
            let known: Vec<_> = SYSTEMS.iter().map(|system| system.name()).collect();
            Failure::argument(format!("profile {name:?} is not known; known are {}", known.join(", ")))
        })?;
        let mut given = Fields::new();
        // SAFETY: as many as the caller says, and unchanged during the call.
        for (index, &field) in unsafe { memory::array("fields", fields, count) }?.iter().enumerate() {
            // SAFETY: null or zero-terminated.
            let text = unsafe { memory::name(&format!("fields[{index}]"), field) }?;
            given
                .push_text(text)
                .map_err(|error| Failure::argument(format!("fields[{index}], {text:?}: {error}")))?;
        }
        let context = system
            .context(&given)
            .map_err(|error| Failure::argument(format!("{name}: {error}; pass it as \"NAME=VALUE\"")))?;
        let id = CONTEXTS.insert(Arc::new(Context { system, context: Arc::new(context) }))?;
        output.set(sigwarp_transaction_context { id });
        Ok(())
    })
}

/// Frees a context. Records that were submitted with it keep what they need. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transaction_context_free(
    context: sigwarp_transaction_context,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || CONTEXTS.free(context.id))
}

/// Judges records, all signatures of all of them together, and makes a report for each, in order. Record i is
/// `arena[offsets[i]]` to before `arena[offsets[i + 1]]`. It is of the profile and the context `contexts[context_of[i]]`;
/// `context_of` may be null where there is one context. Malformed records are verdicts and not errors.
///
/// `reports` is to be freed with sigwarp_reports_free.
///
/// # Safety
/// `contexts` has `context_count` entries, `context_of` has `records` where it is not null, `arena` has `arena_length`
/// bytes and `offsets` has `records + 1` entries; nobody writes to them during the call. `reports` can be written;
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_transactions_verify(
    engine: sigwarp_engine,
    contexts: *const sigwarp_transaction_context,
    context_count: usize,
    context_of: *const u32,
    records: usize,
    arena: *const u8,
    arena_length: usize,
    offsets: *const u64,
    reports: *mut sigwarp_reports,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let given = sigwarp_column { bytes: arena, length: arena_length, offsets, width: 0 };
        let indices = if context_of.is_null() { 0 } else { records };
        let [bytes, offset_range] = column_ranges(&given, records);
        let inputs =
            [bytes, offset_range, memory::range(contexts, context_count), memory::range(context_of, indices)];
        // SAFETY: it can be written, and nothing is borrowed yet.
        let output = unsafe { Output::new("reports", reports, 1, 1, &inputs) }?;
        let engine = ENGINES.get(engine.id)?;
        require("offsets", offsets, records)?;
        // SAFETY: as long as the caller says, and unchanged during the call.
        let (column, handles, context_of) = unsafe {
            (
                column("records", &given, records)?,
                memory::array("contexts", contexts, context_count)?,
                memory::array("context_of", context_of, indices)?,
            )
        };
        let contexts: Vec<Arc<Context>> =
            handles.iter().map(|handle| CONTEXTS.get(handle.id)).collect::<Result<_, _>>()?;
        if indices == 0 && records > 0 && contexts.len() != 1 {
            let text = format!(
                "context_of is null and there are {} contexts; pass the index of the context of each record",
                contexts.len()
            );
            return Err(Failure::new(SIGWARP_ERROR_NULL, text));
        }
        let mut batch = Batch::new();
        for record in 0..records {
            let of = context_of.get(record).map_or(0, |&of| of as usize);
            let context = contexts.get(of).ok_or_else(|| {
                let text = format!(
                    "context_of[{record}] is {of}; it must be below context_count, {}",
                    contexts.len()
                );
                Failure::new(SIGWARP_ERROR_COLUMNS, text)
            })?;
            let pushed = context.system.push(&mut batch, column.get(record), &context.context);
            pushed.map_err(|error| Failure::new(SIGWARP_ERROR_PANIC, error.to_string()))?;
        }
        let found = verify(&engine, batch).map_err(|error| match error {
            Error::Engine(error) => Failure::from(error),
            error => Failure::new(SIGWARP_ERROR_PANIC, error.to_string()),
        })?;
        let found = Reports::Own(found.into_iter().map(Arc::new).collect());
        output.set(sigwarp_reports { id: REPORTS.insert(Arc::new(found))? });
        Ok(())
    })
}
