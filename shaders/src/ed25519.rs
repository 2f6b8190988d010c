//! The stages of Ed25519: their buffers, and the composition of their sources.

use crate::constants;
use crate::generate::{FIELD, emit, entry_load, entry_store, hash, interleaved, row, scalar};
use crate::layout::{self, Item, code, flags, item, points, prefixes, scalars, state, sums, table, words};
use crate::stage::{Binding, Buffer, PARAMS, Role, Stage, declare, read, write};
use crate::twin;
use sigwarp_tables::edwards25519;

/// Rows of [`Item`].
pub const ITEMS: Buffer = Buffer::of(Role::Items, "items", "items", words::<Item>());
/// Interleaved: k and S, recoded for signed windows.
pub const SCALARS: Buffer = Buffer::of(Role::Scratch, "scalars", "scalars", scalars::WORDS);
/// Interleaved: the coordinates x, y of −A.
pub const POINTS: Buffer = Buffer::of(Role::Scratch, "points", "points", points::WORDS);
/// Rows of [`table::WORDS`] words: multiples of −A.
pub const MULTIPLES: Buffer = Buffer::of(Role::Scratch, "multiples", "tables", table::WORDS);
/// Interleaved: SB − kA; its Z is replaced by 1/Z, then X and Y by the affine coordinates.
pub const SUMS: Buffer = Buffer::of(Role::Scratch, "sums", "sums", sums::WORDS);
/// Interleaved: scratch of the batched inversion.
pub const PREFIXES: Buffer = Buffer::of(Role::Scratch, "prefixes", "prefixes", prefixes::WORDS);
/// What is known of an item so far, one word.
pub const STATE: Buffer = Buffer::of(Role::State, "state", "states", state::WORDS);

const CHALLENGE: &[Binding] =
    &[PARAMS, read(1, Buffer::CONSTANTS), read(2, ITEMS), read(3, Buffer::ARENA), write(4, SCALARS)];
const DECODE: &[Binding] = &[PARAMS, read(1, ITEMS), write(2, POINTS), write(3, STATE)];
const TABLE: &[Binding] = &[PARAMS, read(1, POINTS), write(2, MULTIPLES)];
const LADDER: &[Binding] =
    &[PARAMS, read(1, Buffer::CONSTANTS), read(2, SCALARS), read(3, MULTIPLES), write(4, SUMS)];
const INVERT: &[Binding] = &[PARAMS, write(1, SUMS), write(2, PREFIXES)];
const COMPARE: &[Binding] = &[PARAMS, read(1, ITEMS), write(2, SUMS), write(3, STATE)];
const RESOLVE: &[Binding] =
    &[PARAMS, read(1, ITEMS), read(2, SUMS), read(3, STATE), write(4, Buffer::RESULTS)];
/// The stages, in order.
///
/// | stage | does |
/// |---|---|
/// | `ed25519-challenge` | k = SHA-512(R ‖ A ‖ M) mod L, recodes k and S |
/// | `ed25519-decode` | −A from the bytes of A |
/// | `ed25519-table` | 0 to 16 times −A |
/// | `ed25519-ladder` | SB + k·(−A) |
/// | `ed25519-invert` | 1/Z, many items per inversion |
/// | `ed25519-compare` | the encoding of the sum against the bytes of R |
/// | `ed25519-resolve` | R decoded and the cofactored equation, for items that need it; writes [`Buffer::RESULTS`] |
pub const STAGES: [Stage; 7] = [
    Stage::new("ed25519-challenge", CHALLENGE, challenge, twin::challenge),
    Stage::new("ed25519-decode", DECODE, decode, twin::decode),
    Stage::new("ed25519-table", TABLE, table_source, twin::table),
    Stage::new("ed25519-ladder", LADDER, ladder, twin::ladder),
    Stage { items_per_thread: prefixes::GROUP, ..Stage::new("ed25519-invert", INVERT, invert, twin::invert) },
    Stage::new("ed25519-compare", COMPARE, compare, twin::compare),
    Stage::new("ed25519-resolve", RESOLVE, resolve, twin::resolve),
];

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
    let reads_entries = bindings.contains(&read(3, MULTIPLES));
    let by_four: &[Buffer] = if reads_entries { &[MULTIPLES, Buffer::CONSTANTS] } else { &[MULTIPLES] };
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
