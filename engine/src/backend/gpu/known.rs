//! Known answers of the primitives that every kernel rests on: the wide product, a carry chain, shifts, loops, barriers.

use std::sync::Arc;
use std::time::Duration;

use sigwarp_shaders::Stage;
use sigwarp_shaders::layout::{Params, PrimitiveOutput};
use sigwarp_shaders::primitives::{ITEMS, PRIMITIVES, Primitive};

use super::device::{Device, Pipeline};
use super::fault::{Fault, GpuFault};
use super::ring::{Job, Ring};

/// The stages, for the list of pipelines.
pub(super) fn stages() -> impl Iterator<Item = Stage> {
    PRIMITIVES.into_iter().map(|primitive| primitive.stage)
}

/// Asks every primitive. `first` is the place of the first pipeline.
pub(super) fn ask(
    device: &Arc<Device>,
    pipelines: &Arc<Vec<Pipeline>>,
    first: usize,
    timeout: Duration,
) -> Result<(), Fault> {
    for (place, primitive) in PRIMITIVES.iter().enumerate() {
        let row = size_of::<PrimitiveOutput>() as u64;
        let parts = super::parts(&[primitive.stage], first + place, ITEMS as usize, 0, row);
        let mut ring = Ring::new(Arc::clone(device), Arc::clone(pipelines), parts, timeout, None)?;
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

    fn pack(&mut self, _: usize, inputs: &mut [Vec<u8>]) -> Result<Option<(usize, usize, ())>, Fault> {
        let [params, input] = inputs else {
            return Err(Fault::Refused("a primitive has two inputs".into()));
        };
        if std::mem::replace(&mut self.asked, true) {
            return Ok(None);
        }
        params.extend_from_slice(bytemuck::bytes_of(&Params::new(ITEMS, ITEMS)));
        input.extend_from_slice(bytemuck::cast_slice(&self.primitive.input()));
        Ok(Some((ITEMS as usize, ITEMS as usize, ())))
    }

    fn take(&mut self, (): (), output: &[u8], _: Option<GpuFault>) -> Result<(), Fault> {
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
