//! Tickets of the pre-validator: where outcomes come out.

use std::time::Duration;

use sigwarp::prevalidator::{Fault, Group, Outcome, Ticket};

use crate::error::{
    Failure, SIGWARP_ERROR_CANCELLED, SIGWARP_ERROR_ENGINE, SIGWARP_ERROR_PANIC, SIGWARP_ERROR_PENDING,
    SIGWARP_ERROR_UNKNOWN_KEY, SIGWARP_OK, call, sigwarp_code, sigwarp_error,
};
use crate::handles::Table;
use crate::memory::Output;
use crate::status::{self, SIGWARP_STATUS_NOT_COMPUTED, sigwarp_status};

pub(crate) static TICKETS: Table<Held> = Table::new("ticket", "the submission", 5);

/// What a ticket handle names.
pub(crate) enum Held {
    One(Ticket),
    Many(Group),
}

/// The promise of an outcome for each of one or several items. To be freed with sigwarp_ticket_free, before or after
/// its outcomes are there; the items are verified in any case.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct sigwarp_ticket {
    /// Private; 0 is no ticket.
    pub id: u64,
}

/// A timeout that never ends.
pub const SIGWARP_FOREVER: u64 = u64::MAX;

/// What became of an item.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct sigwarp_outcome {
    /// The caller's id of the item.
    pub id: u64,
    /// SIGWARP_OK where there is a verdict; otherwise why not, and the status is SIGWARP_STATUS_NOT_COMPUTED.
    pub fault: sigwarp_code,
    /// The verdict.
    pub status: sigwarp_status,
    /// Zero.
    pub reserved: [u8; 3],
}

pub(crate) fn outcome(outcome: &Outcome) -> sigwarp_outcome {
    let (status, fault) = match &outcome.verdict {
        Ok(verdict) => (status::of(*verdict), SIGWARP_OK),
        Err(fault) => (SIGWARP_STATUS_NOT_COMPUTED, code_of(fault)),
    };
    sigwarp_outcome { id: outcome.id, fault, status, reserved: [0; 3] }
}

pub(crate) fn code_of(fault: &Fault) -> sigwarp_code {
    match fault {
        Fault::Engine(error) => crate::error::code_of(error),
        Fault::UnknownKey => SIGWARP_ERROR_UNKNOWN_KEY,
        Fault::Panicked(_) | Fault::Defect(_) => SIGWARP_ERROR_PANIC,
        Fault::Cancelled => SIGWARP_ERROR_CANCELLED,
        _ => SIGWARP_ERROR_ENGINE,
    }
}

pub(crate) fn time(microseconds: u64) -> Duration {
    if microseconds == SIGWARP_FOREVER { Duration::MAX } else { Duration::from_micros(microseconds) }
}

/// Writes the number of items of a ticket.
///
/// # Safety
/// `length` can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_ticket_length(
    ticket: sigwarp_ticket,
    length: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: it can be written, and nothing is borrowed.
        let output = unsafe { Output::one("length", length) }?;
        output.set(TICKETS.get(ticket.id)?.len());
        Ok(())
    })
}

impl Held {
    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(group) => group.len(),
        }
    }

    fn wait(&self, time: Duration) -> Option<Vec<sigwarp_outcome>> {
        let one = |found: Outcome| vec![outcome(&found)];
        let many = |found: Vec<Outcome>| found.iter().map(outcome).collect();
        // Cancelled items have their outcome before their micro-batch ends: look first, then wait.
        match self {
            Self::One(ticket) => match ticket.try_get() {
                None if !time.is_zero() => ticket.wait_timeout(time),
                found => found,
            }
            .map(one),
            Self::Many(group) => match group.try_get() {
                None if !time.is_zero() => group.wait_timeout(time),
                found => found,
            }
            .map(many),
        }
    }

    fn cancel(&self) -> usize {
        match self {
            Self::One(ticket) => usize::from(ticket.cancel()),
            Self::Many(group) => group.cancel(),
        }
    }
}

/// Waits for the outcomes of a ticket, up to the timeout in microseconds, and writes them in the order of the items. With
/// 0 it does not wait, with SIGWARP_FOREVER until they are there. SIGWARP_ERROR_PENDING says that they are not there yet.
///
/// # Safety
/// `capacity` outcomes can be written; `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_ticket_wait(
    ticket: sigwarp_ticket,
    timeout_us: u64,
    outcomes: *mut sigwarp_outcome,
    capacity: usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        let ticket = TICKETS.get(ticket.id)?;
        // SAFETY: so many outcomes can be written, and nothing is borrowed.
        let output = unsafe { Output::new("outcomes", outcomes, capacity, ticket.len(), &[]) }?;
        let Some(found) = ticket.wait(time(timeout_us)) else {
            return Err(Failure::new(SIGWARP_ERROR_PENDING, "not every item has its outcome; ask again"));
        };
        output.fill(found.into_iter());
        Ok(())
    })
}

/// Cancels the items of a ticket that no worker has yet; they are not verified, and their fault is
/// SIGWARP_ERROR_CANCELLED. `cancelled`, which may be null, gets their number. The others get their outcomes.
///
/// # Safety
/// `cancelled` and `error` are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_ticket_cancel(
    ticket: sigwarp_ticket,
    cancelled: *mut usize,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || {
        // SAFETY: null or can be written, and nothing is borrowed.
        let output = unsafe { Output::optional("cancelled", cancelled, 1, 1, &[]) }?;
        let count = TICKETS.get(ticket.id)?.cancel();
        if let Some(output) = output {
            output.set(count);
        }
        Ok(())
    })
}

/// Frees a ticket. Its items are verified in any case. Freeing 0 does nothing.
///
/// # Safety
/// `error` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigwarp_ticket_free(
    ticket: sigwarp_ticket,
    error: *mut sigwarp_error,
) -> sigwarp_code {
    call(error, || TICKETS.free(ticket.id))
}
