//! A ring of buffers through which work streams: while one dispatch computes, the next is packed and the one before is
//! read.
//!
//! Each slot has a staging buffer that is mapped while the slot is free, the kernels' buffers, and a buffer for reading
//! back. A dispatch is one submission: copies in, the output filled with poison, the kernels in order, a copy out.
//! Slots come back in any order and are told apart by what the work has kept with them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use super::chunk::Pace;
use super::device::{Device, Pipeline};
use super::fault::{Fault, GpuFault};

/// Dispatches in flight: one computes, one is packed, one is read.
pub(super) const SLOTS: usize = 3;
/// What a byte of the output is before a kernel has written it: part of no code and no canary's answer.
pub(super) const POISON: u8 = 0xa5;
/// The most work of a dispatch, however fast the device: the buffers bound it as well.
const MOST_UNITS: usize = 1 << 22;
/// How often a waiting thread looks.
const LOOK: Duration = Duration::from_millis(50);

/// What a buffer of a slot is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Written by the host before every dispatch.
    Input,
    /// The kernels' own, from one to the next.
    Scratch,
    /// As `Scratch`, a row for each item, and zero when a dispatch begins: nothing of an earlier one is left in it.
    Wiped,
    /// Read by the host after every dispatch.
    Output,
    /// The same bytes for every dispatch; one for all slots.
    Constant(Vec<u8>),
    /// As `Input`, bound as a uniform.
    Uniform,
}

/// A buffer of the kernels.
#[derive(Debug, Clone)]
pub(super) struct BufferSpec {
    pub(super) name: &'static str,
    pub(super) role: Role,
    /// Its size; the size of a constant is that of its bytes.
    pub(super) bytes: u64,
}

/// A kernel of a program: which pipeline, which buffers by their place in the list, and its threads for each item.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) pipeline: usize,
    pub(super) buffers: Vec<usize>,
    /// Items that one workgroup takes.
    pub(super) items_per_group: usize,
}

/// Work that streams through a ring.
pub(super) trait Job {
    /// What is kept with a dispatch until it comes back.
    type Ticket;

    /// Packs the next items, about as much work as told, into the inputs in the order of the list. Gives the number
    /// of items of the dispatch (canaries included), their work, and what is kept; nothing when all are packed.
    fn pack(
        &mut self,
        units: usize,
        inputs: &mut [Vec<u8>],
    ) -> Result<Option<(usize, usize, Self::Ticket)>, Fault>;

    /// Takes the output of a dispatch, in which a fault is to be planted first if there is one.
    fn take(&mut self, ticket: Self::Ticket, output: &[u8], planted: Option<GpuFault>) -> Result<(), Fault>;
}

#[derive(Debug)]
struct Slot {
    staging: wgpu::Buffer,
    inputs: Vec<(wgpu::Buffer, u64)>,
    output: wgpu::Buffer,
    readback: wgpu::Buffer,
    groups: Vec<wgpu::BindGroup>,
    times: Option<(wgpu::QuerySet, wgpu::Buffer)>,
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
    planted: Option<GpuFault>,
}

impl<T> Flight<T> {
    /// What became of its two buffers.
    fn states(&self) -> [u8; 2] {
        [&self.read, &self.staged].map(|state| state.load(Ordering::Acquire))
    }

    /// Whether it came back. One that a test has stopped never does.
    fn is_back(&self) -> bool {
        self.states() == [MAPPED; 2] && !matches!(self.planted, Some(GpuFault::Hung | GpuFault::Panic))
    }
}

/// When to plant a fault, in tests.
#[derive(Debug, Clone)]
pub(super) struct Planted {
    pub(super) fault: GpuFault,
    /// Dispatches that go well before, once this is armed.
    pub(super) after: u64,
    pub(super) armed: Arc<AtomicBool>,
}

/// Kernels, their order and their buffers.
#[derive(Debug)]
pub(super) struct Ring {
    device: Arc<Device>,
    pipelines: Arc<Vec<Pipeline>>,
    steps: Vec<Step>,
    slots: Vec<Slot>,
    poison: wgpu::Buffer,
    /// Buffers to wipe before a dispatch, with the bytes that an item has in each.
    wiped: Vec<(wgpu::Buffer, u64)>,
    /// Bytes of each input.
    input_sizes: Vec<u64>,
    output_bytes: u64,
    /// Bytes of the output that an item has.
    bytes_per_item: u64,
    pace: Pace,
    capacity: usize,
    /// What the kernels took, in all dispatches.
    kernel_time: Duration,
    dispatches: u64,
    timeout: Duration,
    planted: Option<Planted>,
    /// Why nothing runs any more: a run that failed leaves buffers behind in any state.
    ended: Option<Fault>,
}

/// What a ring is made of.
pub(super) struct Parts {
    pub(super) steps: Vec<Step>,
    pub(super) buffers: Vec<BufferSpec>,
    pub(super) bytes_per_item: u64,
    /// The most items of a dispatch.
    pub(super) capacity: usize,
}

impl Ring {
    pub(super) fn new(
        device: Arc<Device>,
        pipelines: Arc<Vec<Pipeline>>,
        parts: Parts,
        timeout: Duration,
        planted: Option<Planted>,
    ) -> Result<Self, Fault> {
        use wgpu::BufferUsages as Use;
        let Parts { steps, buffers, bytes_per_item, capacity } = parts;
        for spec in &buffers {
            if spec.bytes > device.limits.max_storage_buffer_binding_size {
                return Err(Fault::Memory(format!("{} of {} bytes cannot be bound", spec.name, spec.bytes)));
            }
        }
        // One for all slots: what does not change, and what dispatches, which run one after another, only pass on from
        // kernel to kernel.
        let mut shared = Vec::new();
        for spec in &buffers {
            shared.push(match &spec.role {
                Role::Constant(bytes) => Some(filled(&device, spec.name, bytes, Use::STORAGE)?),
                Role::Scratch => Some(device.buffer(spec.name, spec.bytes, Use::STORAGE)?),
                Role::Wiped => Some(device.buffer(spec.name, spec.bytes, Use::STORAGE | Use::COPY_DST)?),
                _ => None,
            });
        }
        let wiped = buffers
            .iter()
            .zip(&shared)
            .filter(|(spec, _)| spec.role == Role::Wiped)
            .filter_map(|(spec, buffer)| Some((buffer.clone()?, spec.bytes / capacity as u64)))
            .collect();
        let output_bytes: u64 =
            buffers.iter().filter(|spec| spec.role == Role::Output).map(|spec| spec.bytes).sum();
        let poison = filled(&device, "poison", &vec![POISON; output_bytes as usize], Use::COPY_SRC)?;
        let input = |role: &Role| matches!(role, Role::Input | Role::Uniform);
        let input_sizes: Vec<u64> = buffers
            .iter()
            .filter(|spec| input(&spec.role))
            .map(|spec| spec.bytes.next_multiple_of(16))
            .collect();
        let mut slots = Vec::new();
        for _ in 0..SLOTS {
            let staging = device.mapped_buffer(
                "staging",
                input_sizes.iter().sum::<u64>(),
                Use::MAP_WRITE | Use::COPY_SRC,
                true,
            )?;
            let readback = device.buffer("read-back", output_bytes + TIMES, Use::MAP_READ | Use::COPY_DST)?;
            let mut own = Vec::new();
            for (spec, shared) in buffers.iter().zip(&shared) {
                let bytes = spec.bytes.next_multiple_of(16);
                own.push(match (&spec.role, shared) {
                    (_, Some(shared)) => shared.clone(),
                    (Role::Uniform, _) => device.buffer(spec.name, bytes, Use::UNIFORM | Use::COPY_DST)?,
                    (Role::Output, _) => {
                        device.buffer(spec.name, spec.bytes, Use::STORAGE | Use::COPY_SRC | Use::COPY_DST)?
                    }
                    _ => device.buffer(spec.name, bytes, Use::STORAGE | Use::COPY_DST)?,
                });
            }
            let mut groups = Vec::new();
            for step in &steps {
                let pipeline = &pipelines[step.pipeline];
                groups.push(device.guarded(|| {
                    let entries: Vec<wgpu::BindGroupEntry<'_>> = pipeline
                        .bindings
                        .iter()
                        .zip(&step.buffers)
                        .map(|(&binding, &buffer)| wgpu::BindGroupEntry {
                            binding,
                            resource: own[buffer].as_entire_binding(),
                        })
                        .collect();
                    device.device.create_bind_group(&wgpu::BindGroupDescriptor {
                        label: None,
                        layout: &pipeline.layout,
                        entries: &entries,
                    })
                })?);
            }
            let times = match device.timestamps {
                true => Some((
                    device.guarded(|| {
                        device.device.create_query_set(&wgpu::QuerySetDescriptor {
                            label: None,
                            ty: wgpu::QueryType::Timestamp,
                            count: 2,
                        })
                    })?,
                    device.buffer("times", TIMES, Use::QUERY_RESOLVE | Use::COPY_SRC)?,
                )),
                false => None,
            };
            let inputs = buffers
                .iter()
                .zip(&own)
                .filter(|(spec, _)| input(&spec.role))
                .map(|(spec, buffer)| (buffer.clone(), spec.bytes.next_multiple_of(16)))
                .collect();
            let Some(output) = buffers.iter().position(|spec| spec.role == Role::Output) else {
                return Err(Fault::Refused("a program without an output".into()));
            };
            slots.push(Slot { staging, inputs, output: own[output].clone(), readback, groups, times });
        }
        Ok(Self {
            device,
            pipelines,
            steps,
            slots,
            poison,
            wiped,
            input_sizes,
            output_bytes,
            bytes_per_item,
            pace: Pace::new(MOST_UNITS),
            capacity,
            kernel_time: Duration::ZERO,
            dispatches: 0,
            timeout,
            planted,
            ended: None,
        })
    }

    /// The most items of a dispatch.
    pub(super) const fn capacity(&self) -> usize {
        self.capacity
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
        let mut inputs: Vec<Vec<u8>> = vec![Vec::new(); self.input_sizes.len()];
        let mut more = true;
        let mut last_end = Instant::now();
        loop {
            self.device.check()?;
            while more && let Some(&slot) = free.last() {
                inputs.iter_mut().for_each(Vec::clear);
                match job.pack(self.pace.units(), &mut inputs)? {
                    Some((items, units, ticket)) => {
                        free.pop();
                        flights.push(self.submit(slot, (items, units), ticket, &inputs)?);
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

    fn submit<T>(
        &mut self,
        slot: usize,
        (items, units): (usize, usize),
        ticket: T,
        inputs: &[Vec<u8>],
    ) -> Result<Flight<T>, Fault> {
        let planted = match &mut self.planted {
            Some(planted) if !planted.armed.load(Ordering::Acquire) => None,
            Some(planted) if planted.after > 0 => {
                planted.after -= 1;
                None
            }
            planted => planted.take().map(|planted| planted.fault),
        };
        self.dispatches += 1;
        if planted == Some(GpuFault::Memory) {
            return Err(Fault::Memory("a test asked for no memory".into()));
        }
        let output_bytes = (items as u64 * self.bytes_per_item).next_multiple_of(4);
        let fits = inputs.iter().zip(&self.input_sizes).all(|(input, size)| input.len() as u64 <= *size);
        if !fits || output_bytes > self.output_bytes {
            return Err(Fault::Refused(format!("{items} items do not fit the buffers")));
        }
        let Self { device, slots, steps, pipelines, poison, wiped, .. } = self;
        let slot_index = slot;
        let slot = &slots[slot_index];
        let submission = device.guarded(|| {
            let mut encoder =
                device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut offset = 0;
            {
                let mut view = slot.staging.slice(..).get_mapped_range_mut().map_err(unmapped)?;
                for (bytes, (_, room)) in inputs.iter().zip(&slot.inputs) {
                    let start = offset as usize;
                    view.slice(start..start + bytes.len()).copy_from_slice(bytes);
                    offset += room;
                }
            }
            slot.staging.unmap();
            offset = 0;
            for (bytes, (buffer, room)) in inputs.iter().zip(&slot.inputs) {
                let length = (bytes.len() as u64).next_multiple_of(4);
                if length > 0 {
                    encoder.copy_buffer_to_buffer(&slot.staging, offset, buffer, 0, length);
                }
                offset += room;
            }
            encoder.copy_buffer_to_buffer(poison, 0, &slot.output, 0, output_bytes);
            for (buffer, bytes_per_item) in wiped.iter() {
                encoder.clear_buffer(buffer, 0, Some(items as u64 * bytes_per_item));
            }
            if planted != Some(GpuFault::Skipped) {
                let timestamp_writes =
                    slot.times.as_ref().map(|(queries, _)| wgpu::ComputePassTimestampWrites {
                        query_set: queries,
                        beginning_of_pass_write_index: Some(0),
                        end_of_pass_write_index: Some(1),
                    });
                let mut pass = encoder
                    .begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
                for (number, (step, group)) in steps.iter().zip(&slot.groups).enumerate() {
                    if planted == Some(GpuFault::SkippedKernel(number)) {
                        continue;
                    }
                    pass.set_pipeline(&pipelines[step.pipeline].pipeline);
                    pass.set_bind_group(0, group, &[]);
                    pass.dispatch_workgroups(items.div_ceil(step.items_per_group) as u32, 1, 1);
                }
            }
            encoder.copy_buffer_to_buffer(&slot.output, 0, &slot.readback, TIMES, output_bytes);
            if let Some((queries, resolved)) = &slot.times
                && planted != Some(GpuFault::Skipped)
            {
                encoder.resolve_query_set(queries, 0..2, resolved, 0);
                encoder.copy_buffer_to_buffer(resolved, 0, &slot.readback, 0, TIMES);
            }
            Ok::<_, Fault>(device.queue.submit([encoder.finish()]))
        })??;
        let read = Arc::new(AtomicU8::new(WAITING));
        let staged = Arc::new(AtomicU8::new(WAITING));
        for (buffer, mode, state) in [
            (slot.readback.slice(..TIMES + output_bytes), wgpu::MapMode::Read, &read),
            (slot.staging.slice(..), wgpu::MapMode::Write, &staged),
        ] {
            let state = Arc::clone(state);
            buffer.map_async(mode, move |result| {
                state.store(if result.is_ok() { MAPPED } else { REFUSED }, Ordering::Release);
            });
        }
        if planted == Some(GpuFault::Lost) {
            device.device.destroy();
        }
        Ok(Flight {
            slot: slot_index,
            units,
            ticket,
            output_bytes,
            started: Instant::now(),
            submission,
            read,
            staged,
            planted,
        })
    }

    /// Waits for the dispatch that was started first, a little. A device that is lost meanwhile makes wgpu panic
    /// (`Device::poll` of wgpu 30 has no error for it); that panic ends here.
    fn wait<T>(&self, flights: &[Flight<T>]) -> Result<(), Fault> {
        let Some(oldest) = flights.iter().min_by_key(|flight| flight.started) else { return Ok(()) };
        let waited = catch_unwind(AssertUnwindSafe(|| {
            assert!(oldest.planted != Some(GpuFault::Panic), "a test asked for a panic");
            self.device.device.poll(wgpu::PollType::Wait {
                submission_index: Some(oldest.submission.clone()),
                timeout: Some(LOOK.min(self.timeout)),
            })
        }));
        self.device.check()?;
        match waited {
            // A dispatch that a test wants to hang is done already and would be looked at without a pause.
            Ok(Ok(_)) if oldest.planted == Some(GpuFault::Hung) => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(Ok(_) | Err(wgpu::PollError::Timeout)) => {}
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
            if flight.planted.is_none() {
                self.pace.learn(flight.units, taken);
                self.kernel_time += taken;
            }
            job.take(flight.ticket, output, flight.planted)?;
        }
        slot.readback.unmap();
        Ok(())
    }
}

/// Bytes of two timestamps, in front of the output.
const TIMES: u64 = 16;

fn unmapped(error: wgpu::MapRangeError) -> Fault {
    Fault::Lost(format!("a buffer is not mapped: {error}"))
}

fn filled(
    device: &Device,
    name: &str,
    bytes: &[u8],
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer, Fault> {
    let buffer = device.mapped_buffer(name, bytes.len() as u64, usage, true)?;
    {
        let mut view = buffer.slice(..).get_mapped_range_mut().map_err(unmapped)?;
        view.slice(..bytes.len()).copy_from_slice(bytes);
    }
    buffer.unmap();
    Ok(buffer)
}
