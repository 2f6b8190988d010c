//! A stage as a value: its bindings, its source and its twin.

use crate::generate::emit;
use crate::layout::{Outcome, Params, words};
use crate::twin::Memory;

/// Threads of a workgroup, in every stage.
pub const WORKGROUP: u32 = 64;

/// What a buffer is for. In this order the host makes and fills them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A uniform with one [`Params`]: how many items there are and how far apart interleaved words lie.
    Params,
    /// Rows that the host packs, one for each item.
    Items,
    /// Messages. Each begins at a word; bytes after its end are ignored, words after its last are not read.
    Arena,
    /// [`crate::constants::words`], the same for every dispatch.
    Constants,
    /// What stages hand on to one another.
    Scratch,
    /// As `Scratch`, and all that a verdict can be handed on in: zero when a dispatch begins.
    State,
    /// Rows that the host reads, one for each item.
    Results,
}

/// A buffer that stages share. One buffer of each serves all stages of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Buffer {
    /// What it is for.
    pub role: Role,
    /// Its variable in the sources.
    pub name: &'static str,
    /// What messages call it.
    pub label: &'static str,
    /// Words for each item, where it holds a fixed number.
    pub words_per_item: Option<u32>,
}

impl Buffer {
    /// See [`Role::Params`].
    pub const PARAMS: Self =
        Self { role: Role::Params, name: "params", label: "parameters", words_per_item: None };
    /// See [`Role::Constants`].
    pub const CONSTANTS: Self =
        Self { role: Role::Constants, name: "constants", label: "constants", words_per_item: None };
    /// See [`Role::Arena`].
    pub const ARENA: Self =
        Self { role: Role::Arena, name: "arena", label: "messages", words_per_item: None };
    /// Rows of [`Outcome`]: what every program that verifies says of its items.
    pub const RESULTS: Self = Self::of(Role::Results, "results", "results", words::<Outcome>());

    /// A buffer with so many words for each item.
    pub const fn of(role: Role, name: &'static str, label: &'static str, words_per_item: u32) -> Self {
        Self { role, name, label, words_per_item: Some(words_per_item) }
    }
}

/// How a stage uses a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `var<uniform>`.
    Uniform,
    /// `var<storage, read>`.
    Read,
    /// `var<storage, read_write>`.
    ReadWrite,
}

/// A binding of group 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// Its number.
    pub index: u32,
    /// What is bound.
    pub buffer: Buffer,
    /// How it is used.
    pub access: Access,
}

/// The first binding of every stage.
pub(crate) const PARAMS: Binding = Binding { index: 0, buffer: Buffer::PARAMS, access: Access::Uniform };

pub(crate) const fn read(index: u32, buffer: Buffer) -> Binding {
    Binding { index, buffer, access: Access::Read }
}

pub(crate) const fn write(index: u32, buffer: Buffer) -> Binding {
    Binding { index, buffer, access: Access::ReadWrite }
}

/// One compute pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Stage {
    /// Its name, unique among all stages.
    pub name: &'static str,
    /// The entry point.
    pub entry: &'static str,
    /// Threads of a workgroup.
    pub workgroup_size: u32,
    /// Items that a thread takes: `count.div_ceil(items_per_thread)` threads are needed.
    pub items_per_thread: u32,
    /// The bindings, by index from 0.
    pub bindings: &'static [Binding],
    pub(crate) source: fn() -> String,
    pub(crate) twin: fn(&mut Memory),
}

impl Stage {
    /// A stage with the entry point `main`, of which a thread takes one item.
    pub(crate) const fn new(
        name: &'static str,
        bindings: &'static [Binding],
        source: fn() -> String,
        twin: fn(&mut Memory),
    ) -> Self {
        Self { name, entry: "main", workgroup_size: WORKGROUP, items_per_thread: 1, bindings, source, twin }
    }

    /// The complete WGSL source.
    pub fn source(&self) -> String {
        (self.source)()
    }

    /// Does to `memory` what the stage does on a device.
    pub fn run_twin(&self, memory: &mut Memory) {
        (self.twin)(memory);
    }

    /// Workgroups (in one dimension) that a dispatch over `count` items takes.
    pub const fn workgroups(&self, count: u32) -> u32 {
        count.div_ceil(self.items_per_thread).div_ceil(self.workgroup_size)
    }
}

/// `var` declarations.
pub(crate) fn declarations(bindings: &[Binding]) -> String {
    declare(bindings, &[])
}

/// The same, where `by_four` are arrays of four words.
pub(crate) fn declare(bindings: &[Binding], by_four: &[Buffer]) -> String {
    const { assert!(size_of::<Params>() == 16, "`vec4<u32>` in the sources") };
    let mut out = String::new();
    for binding in bindings {
        let array = if by_four.contains(&binding.buffer) { "array<vec4<u32>>" } else { "array<u32>" };
        let (space, of) = match binding.access {
            Access::Uniform => ("uniform", "vec4<u32>"),
            Access::Read => ("storage, read", array),
            Access::ReadWrite => ("storage, read_write", array),
        };
        let (index, name) = (binding.index, binding.buffer.name);
        emit(&mut out, &format!("@group(0) @binding({index}) var<{space}> {name}: {of};"));
    }
    out
}
