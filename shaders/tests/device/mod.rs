//! The first Vulkan adapter, as simply as wgpu allows: buffers made, filled, run over and read back for each call.

use sigwarp_shaders::twin::Memory;
use sigwarp_shaders::{Access, Buffer, Stage};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wgpu::util::{BufferInitDescriptor, DeviceExt};

/// On native backends the futures of wgpu are ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future of wgpu that is not ready"),
    }
}

/// A device and its pipelines.
pub(crate) struct Device {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipelines: RefCell<BTreeMap<&'static str, wgpu::ComputePipeline>>,
}

impl Device {
    /// The first adapter that has 64-bit integers.
    pub(crate) fn first() -> Option<Self> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN;
        let instance = wgpu::Instance::new(descriptor);
        let adapter = ready(instance.enumerate_adapters(wgpu::Backends::VULKAN))
            .into_iter()
            .find(|adapter| adapter.features().contains(wgpu::Features::SHADER_INT64))?;
        let (device, queue) = ready(adapter.request_device(&wgpu::DeviceDescriptor {
            required_features: wgpu::Features::SHADER_INT64,
            required_limits: adapter.limits(),
            ..Default::default()
        }))
        .expect("a device of the adapter");
        println!("{}", adapter.get_info().name);
        Some(Self { device, queue, pipelines: RefCell::default() })
    }

    fn prepare(&self, stage: &Stage) {
        let mut pipelines = self.pipelines.borrow_mut();
        pipelines.entry(stage.name).or_insert_with(|| {
            let begin = std::time::Instant::now();
            let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(stage.name),
                source: wgpu::ShaderSource::Wgsl(stage.source().into()),
            });
            let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(stage.name),
                layout: None,
                module: &module,
                entry_point: Some(stage.entry),
                compilation_options: Default::default(),
                cache: None,
            });
            println!("{}: pipeline in {:?}", stage.name, begin.elapsed());
            pipeline
        });
    }

    fn buffer(&self, words: &[u32], usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let contents: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.device.create_buffer_init(&BufferInitDescriptor {
            label: None,
            contents: &contents,
            usage: usage | wgpu::BufferUsages::COPY_SRC,
        })
    }

    /// Runs the stages over the memory; what they write is read back.
    pub(crate) fn run(&self, stages: &[Stage], memory: &mut Memory) {
        let params = [memory.count as u32, memory.stride as u32, 0, 0];
        let params = self.buffer(&params, wgpu::BufferUsages::UNIFORM);
        let mut buffers: BTreeMap<Buffer, wgpu::Buffer> = BTreeMap::new();
        let mut written = Vec::new();
        let mut encoder = self.device.create_command_encoder(&Default::default());
        for stage in stages {
            self.prepare(stage);
            let pipelines = self.pipelines.borrow();
            let pipeline = &pipelines[stage.name];
            for binding in stage.bindings.iter().filter(|binding| binding.buffer != Buffer::PARAMS) {
                buffers.entry(binding.buffer).or_insert_with(|| {
                    self.buffer(memory.words(binding.buffer), wgpu::BufferUsages::STORAGE)
                });
                if binding.access == Access::ReadWrite && !written.contains(&binding.buffer) {
                    written.push(binding.buffer);
                }
            }
            let entries: Vec<wgpu::BindGroupEntry<'_>> = stage
                .bindings
                .iter()
                .map(|binding| wgpu::BindGroupEntry {
                    binding: binding.index,
                    resource: match binding.buffer {
                        Buffer::PARAMS => params.as_entire_binding(),
                        buffer => buffers[&buffer].as_entire_binding(),
                    },
                })
                .collect();
            let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout: &pipeline.get_bind_group_layout(0),
                entries: &entries,
            });
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(stage.workgroups(memory.count as u32), 1, 1);
        }
        let read: Vec<(Buffer, wgpu::Buffer)> = written
            .into_iter()
            .map(|buffer| {
                let from = &buffers[&buffer];
                let to = self.device.create_buffer(&wgpu::BufferDescriptor {
                    label: None,
                    size: from.size(),
                    usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                });
                encoder.copy_buffer_to_buffer(from, 0, &to, 0, from.size());
                (buffer, to)
            })
            .collect();
        self.queue.submit([encoder.finish()]);
        for (_, buffer) in &read {
            buffer.map_async(wgpu::MapMode::Read, .., |result| result.expect("a mapped buffer"));
        }
        self.device.poll(wgpu::PollType::wait_indefinitely()).expect("a device that answers");
        for (buffer, read) in read {
            let bytes = read.get_mapped_range(..).expect("a mapped range");
            let words = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
            memory.buffers.insert(buffer, words);
        }
    }
}
