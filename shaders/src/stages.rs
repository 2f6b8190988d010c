//! The stages: their bindings, and the composition of their sources.

use crate::constants;
use crate::generate::{FIELD, emit, entry_load, entry_store, hash, interleaved, row, scalar};
use crate::layout::{self, code, flags, item, points, prefixes, scalars, state, sums, table};
use crate::{Access, Binding, Buffer, Hash, Stage, WORKGROUP};
use sigwarp_tables::edwards25519;

const PARAMS: Binding = Binding { index: 0, buffer: Buffer::Params, access: Access::Uniform };

const fn read(index: u32, buffer: Buffer) -> Binding {
    Binding { index, buffer, access: Access::Read }
}

const fn write(index: u32, buffer: Buffer) -> Binding {
    Binding { index, buffer, access: Access::ReadWrite }
}

const fn stage(name: &'static str, bindings: &'static [Binding], source: fn() -> String) -> Stage {
    Stage { name, entry: "main", workgroup_size: WORKGROUP, items_per_thread: 1, bindings, source }
}

const CHALLENGE: &[Binding] = &[
    PARAMS,
    read(1, Buffer::Constants),
    read(2, Buffer::Items),
    read(3, Buffer::Arena),
    write(4, Buffer::Scalars),
];
const DECODE: &[Binding] =
    &[PARAMS, read(1, Buffer::Items), write(2, Buffer::Points), write(3, Buffer::State)];
const TABLE: &[Binding] = &[PARAMS, read(1, Buffer::Points), write(2, Buffer::Table)];
const LADDER: &[Binding] = &[
    PARAMS,
    read(1, Buffer::Constants),
    read(2, Buffer::Scalars),
    read(3, Buffer::Table),
    write(4, Buffer::Sums),
];
const INVERT: &[Binding] = &[PARAMS, write(1, Buffer::Sums), write(2, Buffer::Prefixes)];
const COMPARE: &[Binding] =
    &[PARAMS, read(1, Buffer::Items), write(2, Buffer::Sums), write(3, Buffer::State)];
const RESOLVE: &[Binding] = &[
    PARAMS,
    read(1, Buffer::Items),
    read(2, Buffer::Sums),
    read(3, Buffer::State),
    write(4, Buffer::Results),
];
const HASHES: &[Binding] = &[
    PARAMS,
    read(1, Buffer::Constants),
    read(2, Buffer::HashItems),
    read(3, Buffer::Arena),
    write(4, Buffer::Digests),
];

pub(crate) const ED25519: [Stage; 7] = [
    stage("ed25519-challenge", CHALLENGE, challenge),
    stage("ed25519-decode", DECODE, decode),
    stage("ed25519-table", TABLE, table_source),
    stage("ed25519-ladder", LADDER, ladder),
    Stage { items_per_thread: prefixes::GROUP, ..stage("ed25519-invert", INVERT, invert) },
    stage("ed25519-compare", COMPARE, compare),
    stage("ed25519-resolve", RESOLVE, resolve),
];

pub(crate) const fn hash(hash: Hash) -> Stage {
    match hash {
        Hash::Sha256 => stage("sha256", HASHES, || hashing(Hash::Sha256)),
        Hash::Sha256d => stage("sha256d", HASHES, || hashing(Hash::Sha256d)),
        Hash::Sha512 => stage("sha512", HASHES, || hashing(Hash::Sha512)),
        Hash::Keccak256 => stage("keccak256", HASHES, || hashing(Hash::Keccak256)),
        Hash::Sha3 => stage("sha3-256", HASHES, || hashing(Hash::Sha3)),
        Hash::Sm3 => stage("sm3", HASHES, || hashing(Hash::Sm3)),
    }
}

/// The name of a buffer in the sources.
const fn name(buffer: Buffer) -> &'static str {
    match buffer {
        Buffer::Params => "params",
        Buffer::Constants => "constants",
        Buffer::Items => "items",
        Buffer::Arena => "arena",
        Buffer::Scalars => "scalars",
        Buffer::Points => "points",
        Buffer::Table => "multiples",
        Buffer::Sums => "sums",
        Buffer::Prefixes => "prefixes",
        Buffer::State => "state",
        Buffer::Results => "results",
        Buffer::HashItems => "hash_items",
        Buffer::Digests => "digests",
        Buffer::TestInput => "test_input",
        Buffer::TestOutput => "test_output",
    }
}

/// `var` declarations.
pub(crate) fn declarations(bindings: &[Binding]) -> String {
    declare(bindings, &[])
}

/// The same, where `by_four` are arrays of four words.
fn declare(bindings: &[Binding], by_four: &[Buffer]) -> String {
    let mut out = String::new();
    for binding in bindings {
        let array = if by_four.contains(&binding.buffer) { "array<vec4<u32>>" } else { "array<u32>" };
        let (space, of) = match binding.access {
            Access::Uniform => ("uniform", "vec4<u32>"),
            Access::Read => ("storage, read", array),
            Access::ReadWrite => ("storage, read_write", array),
        };
        let (index, name) = (binding.index, name(binding.buffer));
        emit(&mut out, &format!("@group(0) @binding({index}) var<{space}> {name}: {of};"));
    }
    out
}

/// `const` declarations of the layout.
fn numbers() -> String {
    let mut out = String::new();
    for (name, value) in [
        ("LIMBS", layout::LIMBS),
        ("KEY_WIDTH", layout::KEY_WIDTH),
        ("KEY_DIGITS", layout::KEY_DIGITS),
        ("KEY_MASK", (1 << layout::KEY_WIDTH) - 1),
        ("BASE_MASK", (1 << layout::BASE_WIDTH) - 1),
        ("BASE", constants::BASE),
        ("BASE_ROW", constants::BASE_ROW),
        ("ITEM_WORDS", item::WORDS),
        ("ITEM_A", item::A),
        ("ITEM_R", item::R),
        ("ITEM_S", item::S),
        ("ITEM_OFFSET", item::OFFSET),
        ("ITEM_LEN", item::LEN),
        ("ITEM_FLAGS", item::FLAGS),
        ("ITEM_TAG", item::TAG),
        ("FLAG_DECODES_R", flags::DECODES_R),
        ("FLAG_COFACTORED", flags::COFACTORED),
        ("FLAG_KEY_ONLY", flags::KEY_ONLY),
        ("SCALAR_K", scalars::K),
        ("SCALAR_S", scalars::S),
        ("POINT_X", points::X),
        ("POINT_Y", points::Y),
        ("TABLE_WORDS", table::WORDS),
        ("TABLE_ENTRY", table::ENTRY),
        ("TABLE_ENTRIES", table::ENTRIES),
        ("SUM_X", sums::X),
        ("SUM_Y", sums::Y),
        ("SUM_Z", sums::Z),
        ("GROUP", prefixes::GROUP),
        ("GROUP_LOG", prefixes::GROUP.ilog2()),
        ("RESULT_WORDS", layout::outcome::WORDS),
        ("UNEQUAL", state::UNEQUAL),
        ("VALID", code::VALID),
        ("EQUATION_FAILED", code::EQUATION_FAILED),
        ("KEY_ON_CURVE", code::KEY_ON_CURVE),
        ("KEY_NOT_ON_CURVE", code::KEY_NOT_ON_CURVE),
        ("R_NOT_ON_CURVE", code::R_NOT_ON_CURVE),
    ] {
        emit(&mut out, &format!("const {name}: u32 = {value}u;"));
    }
    for (name, width) in [("KEY_HALF", layout::KEY_WIDTH), ("BASE_HALF", layout::BASE_WIDTH)] {
        emit(&mut out, &format!("const {name}: i32 = {}i;", 1 << (width - 1)));
    }
    out
}

const fn small(value: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = value;
    bytes
}

pub(crate) fn field() -> String {
    let mut out = FIELD.source();
    out.push_str(&FIELD.constant("fe_zero", &small(0)));
    out.push_str(&FIELD.constant("fe_one", &small(1)));
    out.push_str(&FIELD.constant("fe_two", &small(2)));
    out.push_str(&FIELD.constant("fe_d", &edwards25519::D));
    out.push_str(&FIELD.constant("fe_2d", &edwards25519::D2));
    out.push_str(&FIELD.constant("fe_sqrt_minus_1", &edwards25519::SQRT_MINUS_1));
    out
}

fn compose(bindings: &[Binding], parts: &[&str]) -> String {
    // Where the table of an item is read, so is that of B, in the same way.
    let reads_entries = bindings.contains(&read(3, Buffer::Table));
    let by_four: &[Buffer] =
        if reads_entries { &[Buffer::Table, Buffer::Constants] } else { &[Buffer::Table] };
    let mut out = declare(bindings, by_four);
    out.push_str(&numbers());
    for part in parts {
        out.push_str(part);
    }
    out
}

const POINT: &str = include_str!("wgsl/point.wgsl");
const POWER: &str = include_str!("wgsl/power.wgsl");
const DECODE_POINT: &str = include_str!("wgsl/decode.wgsl");

fn challenge() -> String {
    let (functions, body) = hash::challenge();
    let main = "
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let item = id.x;
  if (item >= params.x) { return; }
  let stride = params.y;
  let row = ITEM_WORDS * item;
  let base = items[row + ITEM_OFFSET];
  let len = items[row + ITEM_LEN];
";
    let words8 = "struct Words8 { v0: u32, v1: u32, v2: u32, v3: u32, v4: u32, v5: u32, v6: u32, v7: u32 }\n";
    let mut store = String::from("fn store8_scalars(at: u32, stride: u32, x: Words8) {\n");
    for i in 0..8 {
        emit(&mut store, &format!("  scalars[at + {i}u * stride] = x.v{i};"));
    }
    emit(&mut store, "}");
    compose(
        CHALLENGE,
        &[
            words8,
            &row("items"),
            &store,
            &functions,
            &scalar::source(),
            main,
            &body,
            include_str!("wgsl/main_challenge_end.wgsl"),
        ],
    )
}

fn decode() -> String {
    let parts = [
        &field(),
        &row("items"),
        &interleaved("points", true),
        POWER,
        DECODE_POINT,
        include_str!("wgsl/main_decode.wgsl"),
    ];
    compose(DECODE, &parts)
}

fn table_source() -> String {
    let main = include_str!("wgsl/main_table.wgsl");
    let load = interleaved("points", false);
    compose(TABLE, &[&field(), &load, POINT, &entry_store("multiples"), main])
}

fn ladder() -> String {
    let (multiples, base) = (entry_load("multiples", true), entry_load("constants", false));
    let sums = interleaved("sums", true);
    compose(LADDER, &[&field(), &sums, POINT, &multiples, &base, include_str!("wgsl/main_ladder.wgsl")])
}

fn invert() -> String {
    let (sums, prefixes) = (interleaved("sums", true), interleaved("prefixes", true));
    compose(INVERT, &[&field(), &sums, &prefixes, POWER, include_str!("wgsl/main_invert.wgsl")])
}

fn compare() -> String {
    let sums = interleaved("sums", true);
    compose(COMPARE, &[&field(), &row("items"), &sums, include_str!("wgsl/main_compare.wgsl")])
}

fn resolve() -> String {
    let parts = [
        &field(),
        &row("items"),
        &interleaved("sums", false),
        POWER,
        POINT,
        DECODE_POINT,
        include_str!("wgsl/main_resolve.wgsl"),
    ];
    compose(RESOLVE, &parts)
}

fn hashing(of: Hash) -> String {
    compose(HASHES, &[&hash::source(of)])
}
