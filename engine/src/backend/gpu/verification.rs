//! Verification on a device: what any program for signatures is asked, and what its codes mean.

use sigwarp_shaders::layout::{Outcome, code};

use super::canary::Places;
use super::fault::{Fault, GpuFault};
use super::program::{Canary, Work};
use super::stream::{Call, Packer};
use crate::batch::{BatchView, Item};
use crate::suite::Suite;
use crate::verdict::{Reason, Slots, Verdict};

/// Signatures that are verified.
#[derive(Debug)]
pub(super) struct Verification;

/// What the code of a row decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Everything that bytes leave open.
    Open,
    /// Whether the key decodes; the item is invalid for this reason if it does.
    KeyOnly(Reason),
}

impl Work for Verification {
    type Asked<'a> = Item<'a>;
    type Decision = Verdict;
    type Kept = Kept;
    type Answer = u32;
    type Serves = fn(&Suite) -> bool;

    /// One that is valid and one that is not: the first two of a list.
    const CLOSING: usize = 2;

    fn units(_: usize) -> usize {
        1
    }

    fn close(packer: &mut Packer<'_, Self>, places: &mut Places) -> Result<(), Fault> {
        for canary in packer.program.canaries.iter().take(Self::CLOSING) {
            packer.canary(canary)?;
            // Dispatches of one size would have them in one place, where an earlier answer would be right.
            packer.exchange(places.below(packer.len()));
        }
        Ok(())
    }

    fn flipped(code: u32, canary: bool, fault: GpuFault) -> u32 {
        use code::{EQUATION_FAILED, VALID};
        match fault {
            GpuFault::FlippedAll if code == VALID => EQUATION_FAILED,
            GpuFault::FlippedAll => VALID,
            GpuFault::FlippedToInvalid if !canary && code == VALID => EQUATION_FAILED,
            GpuFault::FlippedToValid if !canary && code == EQUATION_FAILED => VALID,
            _ => code,
        }
    }

    fn wrong(canary: &Canary<Self>, answer: u32) -> String {
        format!("canary \"{}\" came back as {}", canary.name, code_name(answer))
    }
}

/// The code of an [`Outcome`], if its tag is that of the item and the code.
pub(super) fn take(row: &[u8], tag: u32) -> Option<u32> {
    let outcome: Outcome = bytemuck::try_pod_read_unaligned(row).ok()?;
    (outcome.tag == tag.wrapping_add(outcome.code)).then_some(outcome.code)
}

/// What a code says of an item; nothing if it cannot be said of that item.
const fn verdict(kept: Kept, code: u32) -> Option<Verdict> {
    Some(match (kept, code) {
        (Kept::Open, code::VALID) => Verdict::Valid,
        (Kept::Open, code::EQUATION_FAILED) => Verdict::Invalid(Reason::EquationFailed),
        (Kept::Open, code::R_NOT_ON_CURVE) => Verdict::Invalid(Reason::RNotOnCurve),
        (Kept::Open | Kept::KeyOnly(_), code::KEY_NOT_ON_CURVE) => Verdict::Invalid(Reason::KeyNotOnCurve),
        (Kept::KeyOnly(otherwise), code::KEY_ON_CURVE) => Verdict::Invalid(otherwise),
        _ => return None,
    })
}

pub(super) fn code_name(code: u32) -> String {
    let name = match code {
        code::VALID => "valid",
        code::EQUATION_FAILED => "a failed equation",
        code::KEY_NOT_ON_CURVE => "a key that does not decode",
        code::R_NOT_ON_CURVE => "an R that does not decode",
        code::KEY_ON_CURVE => "a key that decodes",
        other => return format!("the unknown code {other:#010x}"),
    };
    name.into()
}

/// Items of a batch, in an order.
pub(super) struct Verify<'a> {
    pub(super) batch: &'a BatchView<'a>,
    pub(super) order: &'a [usize],
    pub(super) slots: &'a Slots,
}

impl Call for Verify<'_> {
    type Work = Verification;

    fn len(&self) -> usize {
        self.order.len()
    }

    fn asked(&self, place: usize) -> Item<'_> {
        self.batch.item(self.order[place])
    }

    fn too_long(&self, place: usize) -> String {
        format!("item {}: too long a message", self.order[place])
    }

    fn decide(&self, place: usize, decision: Verdict) {
        self.slots.set(self.order[place], decision);
    }

    fn take(&mut self, place: usize, kept: Kept, code: u32) -> Result<(), Fault> {
        let item = self.order[place];
        let Some(verdict) = verdict(kept, code) else {
            return Err(Fault::Wrong(format!("item {item} came back as {}", code_name(code))));
        };
        self.slots.set(item, verdict);
        Ok(())
    }
}
