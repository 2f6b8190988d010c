//! Prints what a verification costs on a device, and the rate that follows for an NVIDIA H200.
//!
//! `cargo run -p sigwarp-shaders --example counts`

use sigwarp_shaders::counts::{Cost, ed25519, field};
use sigwarp_shaders::{Buffer, all_stages, constants, ed25519 as stages};

/// 132 multiprocessors, 64 wide products a cycle, 1.98 GHz.
const WIDE_PER_SECOND: f64 = 132.0 * 64.0 * 1.98e9;

fn main() {
    let (multiplication, squaring) = field();
    println!("multiplication: {} wide, {} narrow", multiplication.wide, multiplication.narrow);
    println!("squaring: {} wide, {} narrow\n", squaring.wide, squaring.narrow);
    println!("{:20} {:>6} {:>6} {:>8} {:>8}", "stage", "mul", "sqr", "wide", "narrow");
    let mut all = Cost::default();
    let (mut multiplications, mut squarings) = (0, 0);
    for (name, operations) in ed25519() {
        let cost = operations.cost();
        println!(
            "{name:20} {:6} {:6} {:8} {:8}",
            operations.multiplications, operations.squarings, cost.wide, cost.narrow
        );
        all = Cost { wide: all.wide + cost.wide, narrow: all.narrow + cost.narrow };
        multiplications += operations.multiplications;
        squarings += operations.squarings;
    }
    println!("{:20} {multiplications:6} {squarings:6} {:8} {:8}", "sum", all.wide, all.narrow);
    let (best, balanced) = (all.wide, all.wide.max(all.narrow));
    println!(
        "\nH200 at 16.7 T a second: {:.0} M/s by wide products",
        WIDE_PER_SECOND / f64::from(best) / 1e6
    );
    println!("  {:.0} M/s by the longer of both pipes", WIDE_PER_SECOND / f64::from(balanced) / 1e6);

    let mut bytes = 0;
    println!("\nbytes per item:");
    let mut buffers: Vec<Buffer> =
        stages::STAGES.iter().flat_map(|stage| stage.bindings).map(|binding| binding.buffer).collect();
    buffers.sort_unstable();
    buffers.dedup();
    for buffer in buffers {
        let Some(words) = buffer.words_per_item else { continue };
        let of_buffer = 4 * words;
        println!("  {}: {of_buffer}", buffer.label);
        bytes += of_buffer;
    }
    println!("  sum: {bytes}; constants, shared: {}", 4 * constants::WORDS);

    println!("\ninstructions of SPIR-V (before inlining), wide products among them:");
    for stage in all_stages() {
        let (instructions, wide) = spirv(&stage.source());
        println!("  {:20} {instructions:6} {wide:5}", stage.name);
    }
}

/// Instructions inside functions, and multiplications of 64 bits.
fn spirv(source: &str) -> (usize, usize) {
    let module = naga::front::wgsl::parse_str(source).expect("a valid source");
    let info = naga::valid::Validator::new(
        naga::valid::ValidationFlags::all(),
        naga::valid::Capabilities::SHADER_INT64,
    )
    .validate(&module)
    .expect("a valid module");
    let options = naga::back::spv::Options::default();
    let words = naga::back::spv::write_vec(&module, &info, &options, None).expect("SPIR-V");
    const FUNCTION: u32 = 54;
    const FUNCTION_END: u32 = 56;
    const TYPE_INT: u32 = 21;
    const MULTIPLY: u32 = 132;
    let (mut at, mut inside, mut instructions, mut wide) = (5, false, 0, 0);
    let mut types_64 = Vec::new();
    while at < words.len() {
        let (operation, length) = (words[at] & 0xffff, (words[at] >> 16) as usize);
        match operation {
            TYPE_INT if words[at + 2] == 64 => types_64.push(words[at + 1]),
            FUNCTION => inside = true,
            FUNCTION_END => inside = false,
            _ => {}
        }
        instructions += usize::from(inside);
        wide += usize::from(operation == MULTIPLY && types_64.contains(&words[at + 1]));
        at += length;
    }
    (instructions, wide)
}
