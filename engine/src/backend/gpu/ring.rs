//! A ring of buffers through which work streams: while one dispatch computes, the next is packed and the one before is
//! read.
//!
//! Slots come back in any order and are told apart by what the work has kept with them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use sigwarp_shaders::Stage;

use super::chunk::Pace;
use super::device::{Device, Pipelines};
use super::fault::Fault;
use super::planted::{Injected, Planted};
use super::slot::{Inputs, Kernels, Slot, TIMES, unmapped};

/// Dispatches in flight: one computes, one is packed, one is read.
pub(super) const SLOTS: usize = 3;
/// The most work of a dispatch, however fast the device: the buffers bound it as well.
const MOST_UNITS: usize = 1 << 22;
/// How often a waiting thread looks.
const LOOK: Duration = Duration::from_millis(50);

/// Work that streams through a ring.
pub(super) trait Job {
    /// What is kept with a dispatch until it comes back.
    type Ticket;

    /// Packs the next items, about as much work as told. Gives nothing when all are packed.
    fn pack(&mut self, units: usize, inputs: &mut Inputs) -> Result<Option<Dispatch<Self::Ticket>>, Fault>;

    /// Takes the output of a dispatch, in which a fault is to be planted first if there is one.
    fn take(&mut self, ticket: Self::Ticket, output: &[u8], injected: Injected) -> Result<(), Fault>;
}

/// A dispatch that was packed.
pub(super) struct Dispatch<T> {
    /// Its items, canaries included.
    pub(super) items: usize,
    /// Their work.
    pub(super) units: usize,
    /// What is kept with it until it comes back.
    pub(super) ticket: T,
}

/// Whether a buffer came back to the host: not yet, mapped, or refused.
const WAITING: u8 = 0;
const MAPPED: u8 = 1;
const REFUSED: u8 = 2;

/// A dispatch under way.
struct Flight<T> {
    slot: usize,
    units: usize,
    ticket: T,
    output_bytes: u64,
    started: Instant,
    submission: wgpu::SubmissionIndex,
    read: Arc<AtomicU8>,
    staged: Arc<AtomicU8>,
    injected: Injected,
}

impl<T> Flight<T> {
    /// What became of its two buffers.
    fn states(&self) -> [u8; 2] {
        [&self.read, &self.staged].map(|state| state.load(Ordering::Acquire))
    }

    /// Whether it came back. One that a test has stopped never does.
    fn is_back(&self) -> bool {
        self.states() == [MAPPED; 2] && self.injected.comes_back()
    }
}

/// A program's slots, and what streams through them.
#[derive(Debug)]
pub(super) struct Ring {
    device: Arc<Device>,
    kernels: Kernels,
    slots: Vec<Slot>,
    pace: Pace,
    /// What the kernels took, in all dispatches.
    kernel_time: Duration,
    dispatches: u64,
    timeout: Duration,
    planted: Option<Planted>,
    /// Why nothing runs any more: a run that failed leaves buffers behind in any state.
    ended: Option<Fault>,
}

impl Ring {
    /// Buffers of stages that were compiled, for so many items and bytes of messages.
    pub(super) fn new(
        device: &Arc<Device>,
        pipelines: &Pipelines,
        stages: &[Stage],
        room: (usize, usize),
        timeout: Duration,
        planted: Option<Planted>,
    ) -> Result<Self, Fault> {
        let kernels = Kernels::new(device, pipelines, stages, room)?;
        let slots = (0..SLOTS).map(|_| Slot::new(device, &kernels)).collect::<Result<_, _>>()?;
        Ok(Self {
            device: Arc::clone(device),
            kernels,
            slots,
            pace: Pace::new(MOST_UNITS),
            kernel_time: Duration::ZERO,
            dispatches: 0,
            timeout,
            planted,
            ended: None,
        })
    }

    /// The most items of a dispatch.
    pub(super) const fn capacity(&self) -> usize {
        self.kernels.capacity
    }

    /// The time of the kernels and the dispatches, so far.
    pub(super) const fn spent(&self) -> (Duration, u64) {
        (self.kernel_time, self.dispatches)
    }

    /// Runs a job to its end. After an error nothing that it took may be used, and no other job runs.
    pub(super) fn run<J: Job>(&mut self, job: &mut J) -> Result<(), Fault> {
        if let Some(fault) = &self.ended {
            return Err(fault.clone());
        }
        // Stays where a job panics.
        self.ended = Some(Fault::Lost("an earlier run broke off".into()));
        let ended = self.stream(job);
        self.ended = ended.as_ref().err().cloned();
        if matches!(ended, Err(Fault::Hung(_))) {
            // Whoever closes a device waits for what runs on it, which may be forever. So it stays open.
            std::mem::forget(Arc::clone(&self.device));
        }
        ended
    }

    fn stream<J: Job>(&mut self, job: &mut J) -> Result<(), Fault> {
        let mut free: Vec<usize> = (0..self.slots.len()).collect();
        let mut flights: Vec<Flight<J::Ticket>> = Vec::new();
        let mut inputs = Inputs::default();
        let mut more = true;
        let mut last_end = Instant::now();
        loop {
            self.device.check()?;
            while more && let Some(&slot) = free.last() {
                inputs.clear();
                match job.pack(self.pace.units(), &mut inputs)? {
                    Some(dispatch) => {
                        free.pop();
                        flights.push(self.submit(slot, dispatch, &inputs)?);
                    }
                    None => more = false,
                }
            }
            if flights.is_empty() {
                return Ok(());
            }
            // All that came back, in whatever order.
            let mut index = 0;
            let mut taken = false;
            while index < flights.len() {
                let flight = &flights[index];
                if flight.states().contains(&REFUSED) {
                    self.device.check()?;
                    return Err(Fault::Lost("a buffer could not be mapped".into()));
                }
                if !flight.is_back() {
                    index += 1;
                    continue;
                }
                let flight = flights.swap_remove(index);
                let since = flight.started.max(last_end);
                last_end = Instant::now();
                free.push(flight.slot);
                taken = true;
                self.land(job, flight, last_end - since)?;
            }
            if !taken {
                self.wait(&flights)?;
            }
        }
    }

    fn submit<T>(&mut self, slot: usize, dispatch: Dispatch<T>, inputs: &Inputs) -> Result<Flight<T>, Fault> {
        let Dispatch { items, units, ticket } = dispatch;
        let injected = Planted::next(&mut self.planted);
        self.dispatches += 1;
        injected.before_submission()?;
        let Slot { staging, readback, .. } = &self.slots[slot];
        let (submission, output_bytes) =
            self.slots[slot].submit(&self.device, &self.kernels, items, inputs, injected)?;
        let read = Arc::new(AtomicU8::new(WAITING));
        let staged = Arc::new(AtomicU8::new(WAITING));
        for (buffer, mode, state) in [
            (readback.slice(..TIMES + output_bytes), wgpu::MapMode::Read, &read),
            (staging.slice(..), wgpu::MapMode::Write, &staged),
        ] {
            let state = Arc::clone(state);
            buffer.map_async(mode, move |result| {
                state.store(if result.is_ok() { MAPPED } else { REFUSED }, Ordering::Release);
            });
        }
        injected.after_submission(&self.device);
        Ok(Flight {
            slot,
            units,
            ticket,
            output_bytes,
            started: Instant::now(),
            submission,
            read,
            staged,
            injected,
        })
    }

    /// Waits for the dispatch that was started first, a little. A device that is lost meanwhile makes wgpu panic
    /// (`Device::poll` of wgpu 30 has no error for it); that panic ends here.
    fn wait<T>(&self, flights: &[Flight<T>]) -> Result<(), Fault> {
        let Some(oldest) = flights.iter().min_by_key(|flight| flight.started) else { return Ok(()) };
        let waited = catch_unwind(AssertUnwindSafe(|| {
            oldest.injected.while_waiting();
            self.device.device.poll(wgpu::PollType::Wait {
                submission_index: Some(oldest.submission.clone()),
                timeout: Some(LOOK.min(self.timeout)),
            })
        }));
        self.device.check()?;
        match waited {
            Ok(Ok(_)) => oldest.injected.after_a_look(),
            Ok(Err(wgpu::PollError::Timeout)) => {}
            Ok(Err(error)) => return Err(Fault::Lost(error.to_string())),
            Err(_) => return Err(Fault::Lost("wgpu panicked while polling".into())),
        }
        // Only after a look at it: it may have come back while this thread did not run.
        match !oldest.is_back() && oldest.started.elapsed() > self.timeout {
            true => Err(Fault::Hung(self.timeout)),
            false => Ok(()),
        }
    }

    /// Takes the output of a dispatch that came back, and frees its slot.
    fn land<J: Job>(
        &mut self,
        job: &mut J,
        flight: Flight<J::Ticket>,
        elapsed: Duration,
    ) -> Result<(), Fault> {
        let slot = &self.slots[flight.slot];
        let range = slot.readback.slice(..TIMES + flight.output_bytes);
        {
            let view = range.get_mapped_range().map_err(unmapped)?;
            let (times, output) = view.split_at(TIMES as usize);
            let ticks = |at: usize| u64::from_le_bytes(*times[at..].first_chunk().unwrap_or(&[0; 8]));
            let taken = match ticks(8).checked_sub(ticks(0)) {
                Some(ticks) if slot.times.is_some() && ticks > 0 => {
                    let period = f64::from(self.device.queue.get_timestamp_period());
                    Duration::from_nanos((ticks as f64 * period) as u64)
                }
                _ => elapsed,
            };
            if flight.injected.fault().is_none() {
                self.pace.learn(flight.units, taken);
                self.kernel_time += taken;
            }
            job.take(flight.ticket, output, flight.injected)?;
        }
        slot.readback.unmap();
        Ok(())
    }
}
