//! Hash functions over the message arena: rounds unrolled sixteen at a time (so that the message schedule is sixteen
//! variables and not an array), those groups in a loop, blocks in a loop around it.

use super::emit;
use crate::constants::{K512, KECCAK, SM3};
use crate::layout::{self, hash_item, item};

const NAMES: [char; 8] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/// Functions of every hash stage. `message_word` is word `m` of the padded message, before length and final bit.
const COMMON: &str = "
fn swap_bytes(x: u32) -> u32 {
  return (x >> 24u) | ((x >> 8u) & 0xff00u) | ((x << 8u) & 0xff0000u) | (x << 24u);
}
fn message_word(base: u32, len: u32, m: u32, pad: u32) -> u32 {
  let at = m << 2u;
  if (at + 4u <= len) { return arena[base + m]; }
  if (at > len) { return 0u; }
  let bits = (len - at) << 3u;
  var word = pad << bits;
  if (bits != 0u) { word = word | (arena[base + m] & ((1u << bits) - 1u)); }
  return word;
}
";

const MAIN: &str = "
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let item = id.x;
  if (item >= params.x) { return; }
";

/// `main` up to the place of the message, as `base` and `len`.
fn begin(out: &mut String) {
    out.push_str(MAIN);
    emit(out, &format!("  let base = {};", of_item(hash_item::OFFSET)));
    emit(out, &format!("  let len = {};", of_item(hash_item::LEN)));
}

/// A word of the row of the item.
fn of_item(word: u32) -> String {
    let row = hash_item::WORDS;
    match word {
        0 => format!("hash_items[{row}u * item]"),
        _ => format!("hash_items[{row}u * item + {word}u]"),
    }
}

/// The functions and `main` of a hash stage, without declarations of buffers.
pub(crate) fn source(digest_words: u32, body: fn(&mut String), word: fn(u32) -> String) -> String {
    let mut out = String::from(COMMON);
    body(&mut out);
    emit(&mut out, &format!("  let to = {}u * item;", digest_words + 1));
    for i in 0..digest_words {
        emit(&mut out, &format!("  digests[to + {i}u] = {};", word(i)));
    }
    emit(&mut out, &format!("  digests[to + {digest_words}u] = {};\n}}", of_item(hash_item::TAG)));
    out
}

/// Word `i` of a digest whose state is words of 32 bits with the highest byte first.
pub(crate) fn big_endian_word(i: u32) -> String {
    format!("swap_bytes(s{i})")
}

/// The same, of words of 64 bits.
pub(crate) fn big_endian_half(i: u32) -> String {
    format!("swap_bytes(u32(s{} >> {}u))", i / 2, if i.is_multiple_of(2) { 32 } else { 0 })
}

/// Word `i` of a digest whose state is words of 64 bits with the lowest byte first.
pub(crate) fn little_endian_half(i: u32) -> String {
    format!("u32(s{} >> {}u)", i / 2, if i.is_multiple_of(2) { 0 } else { 32 })
}

/// The challenge stage's hash: R ‖ A ‖ M, R and A from the item's row, or the message alone where the row says that it is
/// all of it. Leaves the digest in `s0` to `s7`.
pub(crate) fn challenge() -> (String, String) {
    let mut functions = String::from(COMMON);
    sha512_functions(&mut functions);
    let mut body = String::new();
    sha512(&mut body, true);
    (functions, body)
}

fn initial(out: &mut String, values: &[u64], kind: &str) {
    for (i, value) in values.iter().enumerate() {
        emit(out, &format!("  var s{i} = {value:#x}{kind};"));
    }
}

pub(crate) const SHA256_IV: [u64; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
pub(crate) const SHA512_IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];
pub(crate) const SM3_IV: [u64; 8] =
    [0x7380_166f, 0x4914_b2b9, 0x1724_42d7, 0xda8a_0600, 0xa96f_30bc, 0x1631_38aa, 0xe38d_ee4d, 0xb0fb_0e4e];

/// Functions over blocks of 64 bytes, of 32-bit words with the highest byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Small {
    Sha256,
    Sha256d,
    Sm3,
}

/// The body of one of them.
pub(crate) fn small(out: &mut String, function: Small) {
    let sm3 = function == Small::Sm3;
    out.push_str("fn rotr(x: u32, n: u32) -> u32 { return (x >> n) | (x << (32u - n)); }\n");
    if sm3 {
        out.push_str("fn p1(x: u32) -> u32 { return x ^ rotr(x, 17u) ^ rotr(x, 9u); }\n");
    } else {
        out.push_str("fn schedule0(x: u32) -> u32 { return rotr(x, 7u) ^ rotr(x, 18u) ^ (x >> 3u); }\n");
        out.push_str("fn schedule1(x: u32) -> u32 { return rotr(x, 17u) ^ rotr(x, 19u) ^ (x >> 10u); }\n");
    }
    begin(out);
    let iv = if sm3 { SM3_IV } else { SHA256_IV };
    initial(out, &iv, "u");
    emit(out, "  let blocks = (len + 72u) >> 6u;");
    let double = function == Small::Sha256d;
    emit(out, &format!("  let passes = blocks + {}u;", u32::from(double)));
    emit(out, "  for (var block = 0u; block < passes; block = block + 1u) {");
    let fill = |out: &mut String, word: &dyn Fn(usize) -> String| {
        for j in 0..16 {
            emit(out, &format!("    w{j} = {};", word(j)));
        }
    };
    for j in 0..16 {
        emit(out, &format!("    var w{j} = 0u;"));
    }
    if double {
        emit(out, "    if (block < blocks) {");
    }
    fill(out, &|j| format!("swap_bytes(message_word(base, len, 16u * block + {j}u, 0x80u))"));
    emit(out, "    if (block + 1u == blocks) { w14 = len >> 29u; w15 = len << 3u; }");
    if double {
        emit(out, "    } else {");
        fill(out, &|j| match j {
            0..8 => format!("s{j}"),
            8 => "0x80000000u".into(),
            15 => "256u".into(),
            _ => "0u".into(),
        });
        for (i, value) in iv.iter().enumerate() {
            emit(out, &format!("      s{i} = {value}u;"));
        }
        emit(out, "    }");
    }
    for (i, name) in NAMES.iter().enumerate() {
        emit(out, &format!("    var {name} = s{i};"));
    }
    emit(out, "    for (var group = 0u; group < 4u; group = group + 1u) {");
    if sm3 {
        sm3_rounds(out);
    } else {
        emit(out, "      if (group != 0u) {");
        for j in 0..16 {
            let at = |i: usize| (j + i) % 16;
            emit(
                out,
                &format!(
                    "        w{j} = w{j} + schedule0(w{}) + w{} + schedule1(w{});",
                    at(1),
                    at(9),
                    at(14)
                ),
            );
        }
        emit(out, "      }");
        for j in 0..16 {
            let k = format!("constants[{}u + 32u * group]", K512 as usize + 2 * j + 1);
            round2(out, j, &k, [6, 11, 25], [2, 13, 22], "rotr");
        }
    }
    emit(out, "    }");
    for (i, name) in NAMES.iter().enumerate() {
        emit(out, &format!("    s{i} = s{i} {} {name};", if sm3 { "^" } else { "+" }));
    }
    emit(out, "  }");
}

/// A round of the SHA-2 family.
fn round2(out: &mut String, j: usize, k: &str, s1: [u32; 3], s0: [u32; 3], rotr: &str) {
    let name = |i: usize| NAMES[(i + 8 - j % 8) % 8];
    let (a, b, c, d) = (name(0), name(1), name(2), name(3));
    let (e, f, g, h) = (name(4), name(5), name(6), name(7));
    let sigma = |x: char, by: [u32; 3]| {
        format!("({rotr}({x}, {}u) ^ {rotr}({x}, {}u) ^ {rotr}({x}, {}u))", by[0], by[1], by[2])
    };
    emit(
        out,
        &format!("      {h} = {h} + {} + (({e} & {f}) ^ (~{e} & {g})) + {k} + w{};", sigma(e, s1), j % 16),
    );
    emit(out, &format!("      {d} = {d} + {h};"));
    emit(out, &format!("      {h} = {h} + {} + (({a} & {b}) ^ ({a} & {c}) ^ ({b} & {c}));", sigma(a, s0)));
}

/// Sixteen rounds of SM3. W of sixteen rounds on replaces W of this one, which later rounds no longer need.
fn sm3_rounds(out: &mut String) {
    emit(out, "      let first = group == 0u;");
    for j in 0..16 {
        let at = |i: usize| (j + i) % 16;
        // Each round renames a..d and e..h by one; b and f are also rotated in place.
        let left = |i: usize| NAMES[(i + 4 - j % 4) % 4];
        let right = |i: usize| NAMES[4 + (i + 4 - j % 4) % 4];
        let (a, b, c, d) = (left(0), left(1), left(2), left(3));
        let (e, f, g, h) = (right(0), right(1), right(2), right(3));
        emit(out, &format!("      let r{j} = rotr({a}, 20u);"));
        emit(
            out,
            &format!(
                "      let x{j} = rotr(r{j} + {e} + constants[{}u + 16u * group], 25u);",
                SM3 as usize + j
            ),
        );
        let majority = format!("({a} & {b}) | ({a} & {c}) | ({b} & {c})");
        let choice = format!("({e} & {f}) | (~{e} & {g})");
        emit(
            out,
            &format!(
                "      {d} = select({majority}, {a} ^ {b} ^ {c}, first) + {d} + (x{j} ^ r{j}) + (w{j} ^ w{});",
                at(4)
            ),
        );
        emit(out, &format!("      {h} = select({choice}, {e} ^ {f} ^ {g}, first) + {h} + x{j} + w{j};"));
        emit(out, &format!("      {b} = rotr({b}, 23u);"));
        emit(out, &format!("      {f} = rotr({f}, 13u);"));
        emit(out, &format!("      {h} = {h} ^ rotr({h}, 23u) ^ rotr({h}, 15u);"));
        emit(
            out,
            &format!(
                "      w{j} = p1(w{j} ^ w{} ^ rotr(w{}, 17u)) ^ rotr(w{}, 25u) ^ w{};",
                at(7),
                at(13),
                at(3),
                at(10)
            ),
        );
    }
}

fn sha512_functions(out: &mut String) {
    out.push_str(
        "fn rotr(x: u64, n: u32) -> u64 { return (x >> n) | (x << (64u - n)); }
fn schedule0(x: u64) -> u64 { return rotr(x, 1u) ^ rotr(x, 8u) ^ (x >> 7u); }
fn schedule1(x: u64) -> u64 { return rotr(x, 19u) ^ rotr(x, 61u) ^ (x >> 6u); }
fn swapped(high: u32, low: u32) -> u64 { return (u64(swap_bytes(high)) << 32u) | u64(swap_bytes(low)); }
",
    );
}

/// The body of SHA-512.
pub(crate) fn sha512_of_message(out: &mut String) {
    sha512_functions(out);
    begin(out);
    sha512(out, false);
}

/// SHA-512 of the message, or of R, A and the message.
fn sha512(out: &mut String, prefixed: bool) {
    initial(out, &SHA512_IV, "lu");
    if prefixed {
        // Words of R and A, which stand before the message.
        let (flags, whole) = (item::FLAGS, layout::flags::WHOLE);
        emit(out, &format!("  let skip = select(16u, 0u, (items[row + {flags}u] & {whole}u) != 0u);"));
        emit(out, "  let total = len + (skip << 2u);");
    } else {
        emit(out, "  let total = len;");
    }
    emit(out, "  let blocks = (total + 144u) >> 7u;");
    emit(out, "  for (var block = 0u; block < blocks; block = block + 1u) {");
    let message = |skip: &str, from: usize, to: usize, out: &mut String| {
        for j in from..to {
            let word = |half: usize| {
                format!("message_word(base, len, 32u * block + {}u - {skip}, 0x80u)", 2 * j + half)
            };
            emit(out, &format!("    w{j} = swapped({}, {});", word(0), word(1)));
        }
    };
    for j in 0..16 {
        emit(out, &format!("    var w{j} = 0lu;"));
    }
    if prefixed {
        emit(out, "    if (block == 0u && skip != 0u) {");
        for j in 0..8 {
            let word = if j < 4 { item::R as usize + 2 * j } else { item::A as usize + 2 * (j - 4) };
            emit(out, &format!("    w{j} = swapped(items[row + {word}u], items[row + {}u]);", word + 1));
        }
        emit(out, "    } else {");
        message("skip", 0, 8, out);
        emit(out, "    }");
        message("skip", 8, 16, out);
    } else {
        message("0u", 0, 16, out);
    }
    emit(out, "    if (block + 1u == blocks) { w15 = u64(total) << 3u; }");
    for (i, name) in NAMES.iter().enumerate() {
        emit(out, &format!("    var {name} = s{i};"));
    }
    emit(out, "    for (var group = 0u; group < 5u; group = group + 1u) {");
    emit(out, "      if (group != 0u) {");
    for j in 0..16 {
        let at = |i: usize| (j + i) % 16;
        emit(
            out,
            &format!("        w{j} = w{j} + schedule0(w{}) + w{} + schedule1(w{});", at(1), at(9), at(14)),
        );
    }
    emit(out, "      }");
    for j in 0..16 {
        let k = K512 as usize + 2 * j;
        emit(
            out,
            &format!(
                "      let k{j} = u64(constants[{k}u + 32u * group]) | (u64(constants[{}u + 32u * group]) << 32u);",
                k + 1
            ),
        );
        round2(out, j, &format!("k{j}"), [14, 18, 41], [28, 34, 39], "rotr");
    }
    emit(out, "    }");
    for (i, name) in NAMES.iter().enumerate() {
        emit(out, &format!("    s{i} = s{i} + {name};"));
    }
    emit(out, "  }");
}

/// Rotations of ρ by lane x + 5y (FIPS 202, table 2).
pub(crate) const RHO: [u32; 25] =
    [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

/// Keccak with 136-byte blocks and a padding that begins with `pad`.
pub(crate) fn keccak(out: &mut String, pad: u32) {
    out.push_str("fn rotl(x: u64, n: u32) -> u64 { return (x << n) | (x >> (64u - n)); }\n");
    begin(out);
    initial(out, &[0; 25], "lu");
    emit(out, "  var start = 0u;\n  var more = true;");
    emit(out, "  while (more) {");
    for lane in 0..17 {
        let word =
            |half: usize| format!("u64(message_word(base, len, start + {}u, {pad}u))", 2 * lane + half);
        emit(out, &format!("    s{lane} = s{lane} ^ ({} | ({} << 32u));", word(0), word(1)));
    }
    emit(out, "    start = start + 34u;");
    emit(out, "    more = (start << 2u) <= len;");
    emit(out, "    if (!more) { s16 = s16 ^ 0x8000000000000000lu; }");
    emit(out, "    for (var round = 0u; round < 24u; round = round + 1u) {");
    for x in 0..5 {
        emit(out, &format!("      let c{x} = s{x} ^ s{} ^ s{} ^ s{} ^ s{};", x + 5, x + 10, x + 15, x + 20));
    }
    for x in 0..5 {
        emit(out, &format!("      let d{x} = c{} ^ rotl(c{}, 1u);", (x + 4) % 5, (x + 1) % 5));
    }
    for y in 0..5 {
        for x in 0..5 {
            let (from, to) = (x + 5 * y, y + 5 * ((2 * x + 3 * y) % 5));
            let value = format!("s{from} ^ d{x}");
            let value = if RHO[from] == 0 { value } else { format!("rotl({value}, {}u)", RHO[from]) };
            emit(out, &format!("      let b{to} = {value};"));
        }
    }
    for lane in 0..25 {
        let (x, y) = (lane % 5, lane - lane % 5);
        emit(out, &format!("      s{lane} = b{lane} ^ (~b{} & b{});", y + (x + 1) % 5, y + (x + 2) % 5));
    }
    emit(
        out,
        &format!(
            "      s0 = s0 ^ (u64(constants[{KECCAK}u + 2u * round]) | (u64(constants[{}u + 2u * round]) << 32u));",
            KECCAK + 1
        ),
    );
    emit(out, "    }\n  }");
}
