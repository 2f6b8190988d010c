//! Known-answer tests of what every kernel rests on, for the self-test before an adapter's first use: the wide product
//! with its accumulator, a carry chain, shifts of 64 bits, loops with a bound that is not a constant, a barrier, the
//! field at the bounds of its limbs, and the reduction modulo L around multiples of L.
//!
//! Each stage maps a [`PrimitiveInput`] to a [`PrimitiveOutput`] for each thread; the
//! expected words are computed here, by other means.

use crate::ed25519::field;
use crate::generate::scalar;
use crate::layout::{self, LIMBS, PrimitiveInput, PrimitiveOutput};
use crate::stage::{Binding, Buffer, PARAMS, Role, Stage, WORKGROUP, declarations, read, write};
use crate::twin::Memory;
use crate::twin::field::{Fe, TIGHT};
use crate::twin::scalar::reduce;

/// Threads of the test: two workgroups.
pub const ITEMS: u32 = 2 * WORKGROUP;

/// Rows of [`PrimitiveInput`].
pub const INPUT: Buffer =
    Buffer::of(Role::Items, "test_input", "test input", layout::words::<PrimitiveInput>());
/// Rows of [`PrimitiveOutput`].
pub const OUTPUT: Buffer =
    Buffer::of(Role::Results, "test_output", "test output", layout::words::<PrimitiveOutput>());

const BINDINGS: &[Binding] = &[PARAMS, read(1, INPUT), write(2, OUTPUT)];

/// A stage with its inputs and its outputs.
#[derive(Debug, Clone, Copy)]
pub struct Primitive {
    /// The stage, over [`ITEMS`] items.
    pub stage: Stage,
    inputs: fn() -> Vec<PrimitiveInput>,
}

impl Primitive {
    /// The rows of [`INPUT`]: limb extremes and a fixed sequence.
    pub fn input(&self) -> Vec<PrimitiveInput> {
        (self.inputs)()
    }

    /// The rows that [`OUTPUT`] must hold.
    pub fn expected(&self) -> Vec<PrimitiveOutput> {
        let count = ITEMS as usize;
        let input = self.input().concat();
        let mut memory = Memory::new(&[self.stage], (count, count), input, Vec::new(), 0);
        self.stage.run_twin(&mut memory);
        memory.words(OUTPUT).as_chunks().0.to_vec()
    }
}

/// All of them.
pub const PRIMITIVES: [Primitive; 7] = [
    primitive("primitive-wide-product", || source(WIDE_PRODUCT), |memory| answered(memory, wide_product)),
    primitive("primitive-carry", || source(CARRY), |memory| answered(memory, carry)),
    primitive("primitive-shift", || source(SHIFT), |memory| answered(memory, shift)),
    primitive("primitive-loop", || source(LOOP), |memory| answered(memory, looped)),
    primitive("primitive-barrier", || source(BARRIER), |memory| answered(memory, barrier)),
    primitive("primitive-field", field_source, |memory| answered(memory, field_at_bounds)),
    Primitive {
        inputs: around_order,
        ..primitive("primitive-reduce", reduce_source, |memory| answered(memory, reduced))
    },
];

const fn primitive(name: &'static str, source: fn() -> String, twin: fn(&mut Memory)) -> Primitive {
    Primitive { stage: Stage::new(name, BINDINGS, source, twin), inputs }
}

/// Runs the twin of a primitive: `answer` gives all rows of the output.
fn answered(memory: &mut Memory, answer: fn(&[PrimitiveInput]) -> Vec<PrimitiveOutput>) {
    let rows = answer(memory.words(INPUT).as_chunks().0);
    memory.buffers.insert(OUTPUT, rows.concat());
}

fn source(text: &str) -> String {
    declarations(BINDINGS) + text
}

fn inputs() -> Vec<PrimitiveInput> {
    const EXTREMES: [u32; 8] =
        [0, 1, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0xffff_0000, 0x1fff_ffff, 0x2000_0000];
    // A linear congruential generator; its upper half.
    let mut seed = 0x5349_4757_4152_5021_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 32) as u32
    };
    (0..ITEMS as usize)
        .map(|item| {
            let mut row = PrimitiveInput::default();
            for (i, word) in row.iter_mut().enumerate() {
                // The first half of the items: each pair of extremes in the first two words.
                *word = match (item < EXTREMES.len() * EXTREMES.len(), i) {
                    (true, 0) => EXTREMES[item % 8],
                    (true, 1) => EXTREMES[item / 8],
                    (true, _) => EXTREMES[(item + i) % 8],
                    _ => next(),
                };
            }
            row
        })
        .collect()
}

/// u64(a)·u64(b) + acc, alone and in a chain as in a column.
const WIDE_PRODUCT: &str = "
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.x) { return; }
  let at = 8u * id.x;
  let acc = u64(test_input[at + 2u]) | (u64(test_input[at + 3u]) << 32u);
  let one = u64(test_input[at]) * u64(test_input[at + 1u]) + acc;
  var chain = 0lu;
  chain = u64(test_input[at] & 0x1fffffffu) * u64(test_input[at + 4u] & 0x1fffffffu) + chain;
  chain = u64(test_input[at + 1u] & 0x1fffffffu) * u64(test_input[at + 5u] & 0x1fffffffu) + chain;
  chain = u64(test_input[at + 2u] & 0x1fffffffu) * 1216lu + chain;
  test_output[at] = u32(one);
  test_output[at + 1u] = u32(one >> 32u);
  test_output[at + 2u] = u32(chain) & 0x1fffffffu;
  test_output[at + 3u] = u32(chain >> 29u);
  test_output[at + 4u] = u32(chain >> 61u);
  test_output[at + 5u] = test_input[at] * test_input[at + 1u];
  test_output[at + 6u] = u32((chain * 1216lu) >> 32u);
  test_output[at + 7u] = u32(u64(test_input[at + 6u]) * 1216lu >> 29u);
}
";

fn wide_product(inputs: &[PrimitiveInput]) -> Vec<PrimitiveOutput> {
    let each = |x: &PrimitiveInput| {
        let wide = |a: u32, b: u32| u128::from(a) * u128::from(b);
        let one = wide(x[0], x[1]) + u128::from(x[2]) + (u128::from(x[3]) << 32);
        let m = (1 << 29) - 1;
        let chain = wide(x[0] & m, x[4] & m) + wide(x[1] & m, x[5] & m) + wide(x[2] & m, 1216);
        [
            one as u32,
            (one >> 32) as u32,
            chain as u32 & m,
            (chain >> 29) as u32,
            (chain >> 61) as u32,
            wide(x[0], x[1]) as u32,
            ((chain * 1216) >> 32) as u32,
            (wide(x[6], 1216) >> 29) as u32,
        ]
    };
    inputs.iter().map(each).collect()
}

/// Eight words plus eight words backwards, and the same less, with signed carries of 28-bit limbs.
const CARRY: &str = "
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.x) { return; }
  let at = 8u * id.x;
  var sum = 0lu;
  var borrow = 0i;
  for (var i = 0u; i < 8u; i = i + 1u) {
    let a = test_input[at + i];
    let b = test_input[at + 7u - i];
    sum = (sum >> 32u) + u64(a) + u64(b);
    borrow = (borrow >> 28u) + i32(a & 0xfffffffu) - i32(b & 0xfffffffu);
    test_output[at + i] = u32(sum) ^ ((u32(borrow) & 0xfffffffu) << 4u);
  }
}
";

fn carry(inputs: &[PrimitiveInput]) -> Vec<PrimitiveOutput> {
    let each = |x: &PrimitiveInput| {
        let (mut carry, mut borrow) = (false, false);
        let mut out = PrimitiveOutput::default();
        for (i, word) in out.iter_mut().enumerate() {
            let (first, c1) = x[i].overflowing_add(x[7 - i]);
            let (sum, c2) = first.overflowing_add(u32::from(carry));
            carry = c1 || c2;
            // In the upper 28 bits, so that a borrow is one of the word.
            let (first, b1) = (x[i] << 4).overflowing_sub(x[7 - i] << 4);
            let (difference, b2) = first.overflowing_sub(u32::from(borrow) << 4);
            borrow = b1 || b2;
            *word = sum ^ difference;
        }
        out
    };
    inputs.iter().map(each).collect()
}

/// Shifts and rotations of 64 bits, by constants and by amounts that are not.
const SHIFT: &str = "
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.x) { return; }
  let at = 8u * id.x;
  let x = u64(test_input[at]) | (u64(test_input[at + 1u]) << 32u);
  let by = test_input[at + 2u] & 63u;
  let left = x << by;
  let right = x >> by;
  let rotated = (x >> 41u) | (x << 23u);
  test_output[at] = u32(left);
  test_output[at + 1u] = u32(left >> 32u);
  test_output[at + 2u] = u32(right);
  test_output[at + 3u] = u32(right >> 32u);
  test_output[at + 4u] = u32(rotated);
  test_output[at + 5u] = u32(rotated >> 32u);
  let narrow = test_input[at + 3u] & 31u;
  test_output[at + 6u] = (test_input[at] >> narrow) | ((test_input[at + 1u] << 1u) << (31u - narrow));
  test_output[at + 7u] = u32(i32(test_input[at]) >> 28u);
}
";

fn shift(inputs: &[PrimitiveInput]) -> Vec<PrimitiveOutput> {
    let each = |x: &PrimitiveInput| {
        let wide = u64::from(x[0]) + (u64::from(x[1]) << 32);
        let by = x[2] % 64;
        let halves = |x: u64| [x as u32, (x >> 32) as u32];
        let ([a, b], [c, d]) = (halves(wide << by), halves(wide >> by));
        let [e, f] = halves(wide.rotate_right(41));
        [a, b, c, d, e, f, (wide >> (x[3] % 32)) as u32, ((x[0] as i32) >> 28) as u32]
    };
    inputs.iter().map(each).collect()
}

/// Nested loops whose bounds come from memory, with a branch in the middle: a multiply-xor sequence.
const LOOP: &str = "
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.x) { return; }
  let at = 8u * id.x;
  var x = test_input[at];
  let outer = test_input[at + 1u] & 31u;
  for (var i = 0u; i < outer; i = i + 1u) {
    let inner = test_input[at + 2u + (i & 3u)] & 15u;
    for (var j = inner; j > 0u; j = j - 1u) {
      if ((x & 1u) == 0u) { x = (x ^ i) * 0x9e3779b1u + j; } else { x = (x >> 1u) ^ 0x85ebca6bu; }
    }
    test_output[at + (i & 7u)] = x;
  }
  for (var i = outer; i < 8u; i = i + 1u) { test_output[at + i] = ~x; }
}
";

fn looped(inputs: &[PrimitiveInput]) -> Vec<PrimitiveOutput> {
    let each = |row: &PrimitiveInput| {
        let (mut x, outer) = (row[0], row[1] % 32);
        let mut out = PrimitiveOutput::default();
        for i in 0..outer {
            for j in (1..=row[2 + i as usize % 4] % 16).rev() {
                x = match x % 2 {
                    0 => (x ^ i).wrapping_mul(0x9e37_79b1).wrapping_add(j),
                    _ => (x / 2) ^ 0x85eb_ca6b,
                };
            }
            out[i as usize % 8] = x;
        }
        for out in out.iter_mut().skip(outer as usize) {
            *out = !x;
        }
        out
    };
    inputs.iter().map(each).collect()
}

/// Each thread adds what the others of its workgroup have written, in six steps with barriers between them.
const BARRIER: &str = "
var<workgroup> shared_words: array<u32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let at = 8u * id.x;
  shared_words[thread] = test_input[at] ^ id.x;
  workgroupBarrier();
  for (var distance = 1u; distance < 64u; distance = distance << 1u) {
    let other = shared_words[(thread + distance) & 63u];
    workgroupBarrier();
    shared_words[thread] = shared_words[thread] + other;
    workgroupBarrier();
  }
  let sum = shared_words[thread];
  let neighbour = shared_words[thread ^ 1u];
  if (id.x >= params.x) { return; }
  for (var i = 0u; i < 8u; i = i + 1u) { test_output[at + i] = sum + i * neighbour + thread; }
}
";

fn barrier(inputs: &[PrimitiveInput]) -> Vec<PrimitiveOutput> {
    let mut out = Vec::new();
    for (group, rows) in inputs.chunks(WORKGROUP as usize).enumerate() {
        let base = group as u32 * WORKGROUP;
        let sum = rows.iter().zip(base..).fold(0_u32, |sum, (row, id)| sum.wrapping_add(row[0] ^ id));
        for thread in 0..rows.len() as u32 {
            let mut row = PrimitiveOutput::default();
            for (i, word) in (0..).zip(&mut row) {
                *word = sum.wrapping_mul(i + 1).wrapping_add(thread);
            }
            out.push(row);
        }
    }
    out
}

/// (b − a)(a + a) + (a + b)² with limbs of up to 2^29 + 2^17: the largest columns that formulas make.
const FIELD: &str = "
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.x) { return; }
  let at = 8u * id.x;
  let next = 8u * ((id.x + 1u) & 127u);
  let product = fe_mul(fe_sub(b, a), fe_add(a, a));
  let sum = fe_carry(fe_add(product, fe_square(fe_add(a, b))));
  let words = fe_to_words(fe_canonical(sum));
";

fn field_source() -> String {
    let limbs = |at: &str| {
        let limbs: Vec<String> =
            (0..LIMBS).map(|i| format!("min(test_input[{at} + {}u], {}u)", i % 8, TIGHT - 1)).collect();
        format!("Fe({})", limbs.join(", "))
    };
    let mut main = FIELD.replace(
        "  let product",
        &format!("  let a = {};\n  let b = {};\n  let product", limbs("at"), limbs("next")),
    );
    for i in 0..layout::words::<PrimitiveOutput>() {
        main += &format!("  test_output[at + {i}u] = words.v{i};\n");
    }
    declarations(BINDINGS) + &field() + &main + "}\n"
}

fn field_at_bounds(inputs: &[PrimitiveInput]) -> Vec<PrimitiveOutput> {
    let element = |row: &PrimitiveInput| {
        let mut limbs = [0; LIMBS as usize];
        for (i, limb) in limbs.iter_mut().enumerate() {
            *limb = row[i % row.len()].min(TIGHT - 1);
        }
        Fe(limbs)
    };
    let each = |i: usize| {
        let (a, b) = (element(&inputs[i]), element(&inputs[(i + 1) % inputs.len()]));
        let product = b.sub(a).mul(a.add(a));
        product.add(a.add(b).square()).carry().canonical().to_words()
    };
    (0..inputs.len()).map(each).collect()
}

/// A row and the next, as the lower and upper half of 512 bits, modulo L.
const REDUCE: &str = "
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.x) { return; }
  let at = 8u * id.x;
  let next = 8u * ((id.x + 1u) & 127u);
";

fn reduce_source() -> String {
    let words: Vec<String> =
        (0..16).map(|i| format!("test_input[{} + {}u]", if i < 8 { "at" } else { "next" }, i % 8)).collect();
    let mut main = format!("{REDUCE}  let words = reduce({});\n", words.join(", "));
    for i in 0..layout::words::<PrimitiveOutput>() {
        main += &format!("  test_output[at + {i}u] = words.v{i};\n");
    }
    let words8 = "struct Words8 { v0: u32, v1: u32, v2: u32, v3: u32, v4: u32, v5: u32, v6: u32, v7: u32 }\n";
    declarations(BINDINGS) + words8 + &scalar::source() + &main + "}\n"
}

/// Multiples of L, one less, one more, and powers of 2, each below a row of zeros; then rows of all kinds.
fn around_order() -> Vec<PrimitiveInput> {
    let mut order = PrimitiveInput::default();
    for (word, bytes) in order.iter_mut().zip(sigwarp_tables::edwards25519::L.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    let mut rows = Vec::new();
    for multiple in 0..=16_u32 {
        // multiple·L + change, modulo 2^256.
        for change in [u32::MAX, 0, 1] {
            if multiple > 15 && change != 0 {
                continue;
            }
            let mut carry = 0;
            let mut row = PrimitiveInput::default();
            for (i, word) in row.iter_mut().enumerate() {
                let signed = if i == 0 || change == u32::MAX { change } else { 0 };
                carry += u64::from(order[i]) * u64::from(multiple) + u64::from(signed);
                *word = carry as u32;
                carry >>= 32;
            }
            rows.extend([row, PrimitiveInput::default()]);
        }
    }
    rows.extend(inputs());
    rows.truncate(ITEMS as usize);
    rows
}

fn reduced(inputs: &[PrimitiveInput]) -> Vec<PrimitiveOutput> {
    let each = |i: usize| {
        let mut wide = [0; 16];
        wide[..8].copy_from_slice(&inputs[i]);
        wide[8..].copy_from_slice(&inputs[(i + 1) % inputs.len()]);
        reduce(&wide)
    };
    (0..inputs.len()).map(each).collect()
}
