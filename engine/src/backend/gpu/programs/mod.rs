//! The programs that there are: one value each, and nothing else names them.

mod ed25519;
mod hashes;

use super::hashing::Hashing;
use super::program::Program;
use super::verification::Verification;

/// Those that verify, by the suites that they serve.
pub(super) static VERIFICATION: &[&Program<Verification>] = &[&ed25519::PROGRAM];
/// Those that hash.
pub(super) static HASHING: &[Program<Hashing>] = &hashes::PROGRAMS;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sigwarp_shaders::{Role, Stage, all_stages};

    use super::super::program::{Layout, Work};
    use super::*;

    fn every_stage() -> Vec<Stage> {
        let verify = VERIFICATION.iter().flat_map(|program| program.stages);
        verify.chain(HASHING.iter().flat_map(|program| program.stages)).copied().collect()
    }

    /// The tests of `sigwarp-shaders` validate `all_stages`, so that no kernel is trusted that none of them has seen.
    #[test]
    fn programs_use_the_stages_that_are_validated_and_no_others() {
        let names = |stages: Vec<Stage>| stages.iter().map(|stage| stage.name).collect::<BTreeSet<_>>();
        assert_eq!(every_stage().len(), all_stages().len());
        assert_eq!(names(every_stage()), names(all_stages()));
    }

    fn check<W: Work>(program: &Program<W>) {
        let Layout { item, item_tag, result, most, most_software, .. } = program.layout;
        let buffers = program.stages.iter().flat_map(|stage| stage.bindings).map(|binding| binding.buffer);
        for buffer in buffers {
            let name = program.stages[0].name;
            let bytes = buffer.words_per_item.unwrap_or(0) as usize * 4;
            match buffer.role {
                Role::Items => assert!(bytes == item && item_tag + 4 <= item, "{name}: {bytes}"),
                Role::Results => assert_eq!(bytes, result, "{name}"),
                _ => {}
            }
            // Kernels index words with 32 bits.
            assert!((most as u64) * (bytes as u64 / 4) < 1 << 32, "{name}: {}", buffer.label);
        }
        let role = |role| program.stages.iter().flat_map(|s| s.bindings).any(|b| b.buffer.role == role);
        assert!(role(Role::Params) && role(Role::Items) && role(Role::Arena) && role(Role::Results));
        assert!(most_software <= most && program.canaries.len() >= W::CLOSING);
    }

    #[test]
    fn layouts_are_those_of_the_stages() {
        VERIFICATION.iter().for_each(|program| check(program));
        HASHING.iter().for_each(check);
    }
}
