//! Known answers of the primitives that every kernel rests on: the wide product, a carry chain, shifts, loops, barriers.

use std::sync::Arc;
use std::time::Duration;

use sigwarp_shaders::Stage;
use sigwarp_shaders::primitives::{ITEMS, PRIMITIVES, Primitive};

use super::device::{Device, Pipelines};
use super::fault::Fault;
use super::planted::Injected;
use super::ring::{Dispatch, Job, Ring};
use super::slot::Inputs;

/// The stages.
pub(super) fn stages() -> impl Iterator<Item = Stage> {
    PRIMITIVES.into_iter().map(|primitive| primitive.stage)
}

/// Asks every primitive.
pub(super) fn ask(device: &Arc<Device>, pipelines: &Pipelines, timeout: Duration) -> Result<(), Fault> {
    for primitive in &PRIMITIVES {
        let room = (ITEMS as usize, 0);
        let mut ring = Ring::new(device, pipelines, &[primitive.stage], room, timeout, None)?;
        // Twice, so that a second dispatch meets the first one's memory.
        for _ in 0..2 {
            ring.run(&mut Question { primitive, asked: false })?;
        }
    }
    Ok(())
}

struct Question<'a> {
    primitive: &'a Primitive,
    asked: bool,
}

impl Job for Question<'_> {
    type Ticket = ();

    fn pack(&mut self, _: usize, inputs: &mut Inputs) -> Result<Option<Dispatch<()>>, Fault> {
        if std::mem::replace(&mut self.asked, true) {
            return Ok(None);
        }
        inputs.items.extend_from_slice(bytemuck::cast_slice(&self.primitive.input()));
        Ok(Some(Dispatch { items: ITEMS as usize, units: ITEMS as usize, ticket: () }))
    }

    fn take(&mut self, (): (), output: &[u8], _: Injected) -> Result<(), Fault> {
        let expected = self.primitive.expected();
        let expected: &[u8] = bytemuck::cast_slice(&expected);
        match output.iter().zip(expected).position(|(is, should)| is != should) {
            None if output.len() == expected.len() => Ok(()),
            place => {
                let (name, byte) = (self.primitive.stage.name, place.unwrap_or(0));
                Err(Fault::Wrong(format!("{name} gives another byte {byte} than it should")))
            }
        }
    }
}
