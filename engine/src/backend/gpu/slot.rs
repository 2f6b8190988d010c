//! The buffers of a program, and one dispatch over them.
//!
//! A slot has a staging buffer that is mapped while the slot is free, the kernels' buffers, and a buffer for reading back.
//! A dispatch is one submission: copies in, the output filled with poison, the kernels in order, a copy out.

use std::sync::OnceLock;

use sigwarp_shaders::layout::Params;
use sigwarp_shaders::{Buffer, Role, Stage};

use super::device::{Device, Pipeline, Pipelines};
use super::fault::Fault;
use super::planted::Injected;

/// What a byte of the output is before a kernel has written it: part of no code and no canary's answer.
const POISON: u8 = 0xa5;
/// Bytes of two timestamps, in front of the output.
pub(super) const TIMES: u64 = 16;

/// What the host packs for a dispatch, beside the parameters.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// The rows of [`Role::Items`].
    pub(super) items: Vec<u8>,
    /// The messages of [`Role::Arena`].
    pub(super) arena: Vec<u8>,
}

impl Inputs {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.arena.clear();
    }

    /// The bytes of an input.
    fn of<'a>(&'a self, params: &'a Params, role: Role) -> &'a [u8] {
        match role {
            Role::Params => bytemuck::bytes_of(params),
            Role::Items => &self.items,
            Role::Arena => &self.arena,
            Role::Constants | Role::Scratch | Role::State | Role::Results => &[],
        }
    }
}

/// A kernel with its buffers, by their place in the list.
#[derive(Debug)]
struct Step {
    pipeline: Pipeline,
    buffers: Vec<usize>,
    /// Items that one workgroup takes.
    items_per_group: usize,
}

/// The kernels of a program, and what all of its slots share.
#[derive(Debug)]
pub(super) struct Kernels {
    steps: Vec<Step>,
    /// Each buffer with its bytes.
    buffers: Vec<(Buffer, u64)>,
    /// Those that are one for all slots: what does not change, and what dispatches, which run one after another, only
    /// pass on from kernel to kernel.
    shared: Vec<Option<wgpu::Buffer>>,
    /// Buffers to wipe before a dispatch, with the bytes that an item has in each.
    wiped: Vec<(wgpu::Buffer, u64)>,
    poison: wgpu::Buffer,
    output_bytes: u64,
    /// Bytes of the output that an item has.
    bytes_per_item: u64,
    /// The most items of a dispatch.
    pub(super) capacity: usize,
}

/// The buffers of stages for so many items and bytes of messages, each with its bytes.
fn buffers(stages: &[Stage], capacity: usize, arena: usize) -> Vec<(Buffer, u64)> {
    let mut buffers: Vec<Buffer> = Vec::new();
    for buffer in stages.iter().flat_map(|stage| stage.bindings).map(|binding| binding.buffer) {
        if !buffers.contains(&buffer) {
            buffers.push(buffer);
        }
    }
    buffers.sort_by_key(|buffer| buffer.role);
    let bytes = |buffer: &Buffer| match buffer.role {
        Role::Params => size_of::<Params>() as u64,
        Role::Constants => constants().len() as u64,
        Role::Arena => arena as u64,
        Role::Items | Role::Scratch | Role::State | Role::Results => {
            u64::from(buffer.words_per_item.unwrap_or(0)) * 4 * capacity as u64
        }
    };
    buffers.into_iter().map(|buffer| (buffer, bytes(&buffer))).collect()
}

/// The words that every dispatch reads, as bytes.
fn constants() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| bytemuck::cast_slice(&sigwarp_shaders::constants::words()).to_vec())
}

const fn is_input(role: Role) -> bool {
    matches!(role, Role::Params | Role::Items | Role::Arena)
}

impl Kernels {
    /// Of stages that were compiled, for so many items and bytes of messages.
    pub(super) fn new(
        device: &Device,
        pipelines: &Pipelines,
        stages: &[Stage],
        (capacity, arena): (usize, usize),
    ) -> Result<Self, Fault> {
        use wgpu::BufferUsages as Use;
        let buffers = buffers(stages, capacity, arena);
        for (buffer, bytes) in &buffers {
            if *bytes > device.limits.max_storage_buffer_binding_size {
                return Err(Fault::Memory(format!("{} of {bytes} bytes cannot be bound", buffer.label)));
            }
        }
        let place = |buffer: Buffer| buffers.iter().position(|(other, _)| *other == buffer).unwrap_or(0);
        let mut steps = Vec::new();
        for stage in stages {
            let pipeline = pipelines.get(stage.name);
            steps.push(Step {
                pipeline: pipeline
                    .ok_or_else(|| Fault::Missing(format!("kernel {} was not compiled", stage.name)))?
                    .clone(),
                buffers: stage.bindings.iter().map(|binding| place(binding.buffer)).collect(),
                items_per_group: (stage.items_per_thread * stage.workgroup_size) as usize,
            });
        }
        let mut shared = Vec::new();
        let mut wiped = Vec::new();
        for (buffer, bytes) in &buffers {
            shared.push(match buffer.role {
                Role::Constants => Some(filled(device, buffer.label, constants(), Use::STORAGE)?),
                Role::Scratch => Some(device.buffer(buffer.label, *bytes, Use::STORAGE)?),
                Role::State => {
                    let made = device.buffer(buffer.label, *bytes, Use::STORAGE | Use::COPY_DST)?;
                    wiped.push((made.clone(), bytes / capacity as u64));
                    Some(made)
                }
                Role::Params | Role::Items | Role::Arena | Role::Results => None,
            });
        }
        let Some((_, output_bytes)) = buffers.iter().find(|(buffer, _)| buffer.role == Role::Results) else {
            return Err(Fault::Refused("a program without an output".into()));
        };
        let output_bytes = *output_bytes;
        let poison = filled(device, "poison", &vec![POISON; output_bytes as usize], Use::COPY_SRC)?;
        let bytes_per_item = output_bytes / capacity as u64;
        Ok(Self { steps, buffers, shared, wiped, poison, output_bytes, bytes_per_item, capacity })
    }
}

/// Buffers of one dispatch at a time.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) staging: wgpu::Buffer,
    /// Each input with its place and its room in the staging buffer.
    inputs: Vec<(Role, wgpu::Buffer, u64)>,
    output: wgpu::Buffer,
    pub(super) readback: wgpu::Buffer,
    groups: Vec<wgpu::BindGroup>,
    pub(super) times: Option<(wgpu::QuerySet, wgpu::Buffer)>,
}

impl Slot {
    pub(super) fn new(device: &Device, kernels: &Kernels) -> Result<Self, Fault> {
        use wgpu::BufferUsages as Use;
        let inputs = kernels.buffers.iter().filter(|(buffer, _)| is_input(buffer.role));
        let staging = device.mapped_buffer(
            "staging",
            inputs.map(|(_, bytes)| bytes.next_multiple_of(16)).sum::<u64>(),
            Use::MAP_WRITE | Use::COPY_SRC,
            true,
        )?;
        let readback =
            device.buffer("read-back", kernels.output_bytes + TIMES, Use::MAP_READ | Use::COPY_DST)?;
        let mut own = Vec::new();
        let mut inputs = Vec::new();
        let mut output = None;
        for ((buffer, bytes), shared) in kernels.buffers.iter().zip(&kernels.shared) {
            let room = bytes.next_multiple_of(16);
            let made = match (buffer.role, shared) {
                (_, Some(shared)) => shared.clone(),
                (Role::Params, _) => device.buffer(buffer.label, room, Use::UNIFORM | Use::COPY_DST)?,
                (Role::Results, _) => {
                    device.buffer(buffer.label, *bytes, Use::STORAGE | Use::COPY_SRC | Use::COPY_DST)?
                }
                _ => device.buffer(buffer.label, room, Use::STORAGE | Use::COPY_DST)?,
            };
            match buffer.role {
                Role::Results => output = Some(made.clone()),
                role if is_input(role) => inputs.push((role, made.clone(), room)),
                _ => {}
            }
            own.push(made);
        }
        let mut groups = Vec::new();
        for step in &kernels.steps {
            groups.push(device.guarded(|| {
                let entries: Vec<wgpu::BindGroupEntry<'_>> = step
                    .pipeline
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
                    layout: &step.pipeline.layout,
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
        let output = output.ok_or_else(|| Fault::Refused("a program without an output".into()))?;
        Ok(Self { staging, inputs, output, readback, groups, times })
    }

    /// Hands a dispatch of `items` items to the device. Gives the bytes of its output as well.
    pub(super) fn submit(
        &self,
        device: &Device,
        kernels: &Kernels,
        items: usize,
        packed: &Inputs,
        injected: Injected,
    ) -> Result<(wgpu::SubmissionIndex, u64), Fault> {
        let params = Params::new(items as u32, kernels.capacity as u32);
        let output_bytes = (items as u64 * kernels.bytes_per_item).next_multiple_of(4);
        let inputs: Vec<(&[u8], &wgpu::Buffer, u64)> = self
            .inputs
            .iter()
            .map(|(role, buffer, room)| (packed.of(&params, *role), buffer, *room))
            .collect();
        if inputs.iter().any(|(bytes, _, room)| bytes.len() as u64 > *room)
            || output_bytes > kernels.output_bytes
        {
            return Err(Fault::Refused(format!("{items} items do not fit the buffers")));
        }
        let submission = device.guarded(|| {
            let mut encoder =
                device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut offset = 0;
            {
                let mut view = self.staging.slice(..).get_mapped_range_mut().map_err(unmapped)?;
                for (bytes, _, room) in &inputs {
                    let start = offset as usize;
                    view.slice(start..start + bytes.len()).copy_from_slice(bytes);
                    offset += room;
                }
            }
            self.staging.unmap();
            offset = 0;
            for (bytes, buffer, room) in &inputs {
                let length = (bytes.len() as u64).next_multiple_of(4);
                if length > 0 {
                    encoder.copy_buffer_to_buffer(&self.staging, offset, buffer, 0, length);
                }
                offset += room;
            }
            encoder.copy_buffer_to_buffer(&kernels.poison, 0, &self.output, 0, output_bytes);
            for (buffer, bytes_per_item) in &kernels.wiped {
                encoder.clear_buffer(buffer, 0, Some(items as u64 * bytes_per_item));
            }
            if injected.computes() {
                let timestamp_writes =
                    self.times.as_ref().map(|(queries, _)| wgpu::ComputePassTimestampWrites {
                        query_set: queries,
                        beginning_of_pass_write_index: Some(0),
                        end_of_pass_write_index: Some(1),
                    });
                let mut pass = encoder
                    .begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
                for (number, (step, group)) in kernels.steps.iter().zip(&self.groups).enumerate() {
                    if injected.runs(number) {
                        pass.set_pipeline(&step.pipeline.pipeline);
                        pass.set_bind_group(0, group, &[]);
                        pass.dispatch_workgroups(items.div_ceil(step.items_per_group) as u32, 1, 1);
                    }
                }
            }
            encoder.copy_buffer_to_buffer(&self.output, 0, &self.readback, TIMES, output_bytes);
            if let Some((queries, resolved)) = &self.times
                && injected.computes()
            {
                encoder.resolve_query_set(queries, 0..2, resolved, 0);
                encoder.copy_buffer_to_buffer(resolved, 0, &self.readback, 0, TIMES);
            }
            Ok::<_, Fault>(device.queue.submit([encoder.finish()]))
        })??;
        Ok((submission, output_bytes))
    }
}

pub(super) fn unmapped(error: wgpu::MapRangeError) -> Fault {
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
