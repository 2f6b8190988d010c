//! The generator of limb code: straight-line WGSL for any number and width of limbs.
//!
//! **Representation.** An element of GF(2^255 − 19) is n limbs of w bits, least significant first, in a `struct Fe` of
//! `u32` members (constant names, so nothing is ever indexed at run time), with nw ≥ 255. Limbs may exceed w bits:
//! *tight* limbs are below 2^w + 2^17, as multiplications leave them.
//!
//! **Multiplication.** Column by column, the upper half first: limb h of the upper half counts f = 19·2^(nw − 255) times
//! in column h − n, where it is one more wide product in a chain of them. So a product is n² + n wide multiply-adds
//! `u64(a)·u64(b) + acc`, one carry (two shifts and a mask) for each of its 2n − 1 columns, and no other addition: the
//! carry of a column starts the chain of the next. What the last column carries returns f-fold to limb 0.
//!
//! **Bounds.** n·a·b < 2⁶⁴ − 2⁴³ for limbs below a and b. With 9 limbs of 29 bits: a·b < 2^60.82. A difference adds a
//! multiple of p with limbs just below 2^30, so it is below 1.5·2^30 (+2^17) if the minuend is tight; a sum of tight limbs
//! is below 2^30 + 2^18. Their product is inside the bound, that of two differences is not: one of them is carried.
//! The twin (`twin::field`) checks every sum, and a test of `twin::point` runs the formulas on bounds instead of values.
//!
//! **Choice.** See docs/decisions/gpu-shaders.md for the counts of 10 limbs of 25.5 bits and of 8 saturated limbs.

pub(crate) mod hash;
#[allow(clippy::needless_range_loop, reason = "limbs of several numbers share an index")]
pub(crate) mod scalar;

use crate::counts::Cost;
use std::fmt::Write;

/// A representation of field elements modulo 2^255 − 19.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limbs {
    /// How many.
    pub(crate) count: usize,
    /// Bits of each.
    pub(crate) bits: usize,
}

/// The one in use.
pub(crate) const FIELD: Limbs =
    Limbs { count: crate::layout::LIMBS as usize, bits: crate::layout::LIMB_BITS as usize };

impl Limbs {
    /// f = 2^(nw) mod p.
    pub(crate) const fn fold(self) -> u32 {
        19 << (self.count * self.bits - 255)
    }

    const fn mask(self) -> u32 {
        (1 << self.bits) - 1
    }

    /// The multiple of p that a difference adds: `times`·(2^(nw) − 1 − (f − 1)) ≡ 0, limb by limb.
    pub(crate) fn bias(self, times: u32) -> Vec<u32> {
        (0..self.count)
            .map(|i| times * self.mask() - if i == 0 { times * (self.fold() - 1) } else { 0 })
            .collect()
    }

    /// The limbs of a number of 256 bits.
    pub(crate) fn limbs_of(self, bytes: &[u8; 32]) -> Vec<u32> {
        (0..self.count)
            .map(|i| {
                (0..self.bits)
                    .map(|bit| (i * self.bits + bit, bit))
                    .filter(|&(at, _)| at < 256)
                    .map(|(at, bit)| u32::from(bytes[at / 8] >> (at % 8) & 1) << bit)
                    .sum()
            })
            .collect()
    }

    /// What a multiplication costs.
    pub(crate) fn multiplication(self) -> Cost {
        let n = self.count as u32;
        Cost { wide: n * n + n + 2, narrow: 3 * (2 * n - 1) + 8 }
    }

    /// What a squaring costs.
    pub(crate) fn squaring(self) -> Cost {
        let n = self.count as u32;
        Cost { wide: n * (n + 1) / 2 + n + 2, narrow: 3 * (2 * n - 1) + 8 + n - 1 }
    }

    /// What a parallel carry costs.
    pub(crate) fn carry(self) -> Cost {
        Cost { wide: 1, narrow: 3 * self.count as u32 }
    }

    /// `struct Fe` and the functions on it.
    pub(crate) fn source(self) -> String {
        let mut out = String::new();
        let n = self.count;
        let members: Vec<String> = (0..n).map(|i| format!("v{i}: u32")).collect();
        emit(&mut out, &format!("struct Fe {{ {} }}", members.join(", ")));
        emit(
            &mut out,
            "struct Words8 { v0: u32, v1: u32, v2: u32, v3: u32, v4: u32, v5: u32, v6: u32, v7: u32 }",
        );
        self.products(&mut out, "fe_mul", false);
        self.products(&mut out, "fe_square", true);
        self.each(&mut out, "fn fe_add(a: Fe, b: Fe)", |i| format!("a.v{i} + b.v{i}"));
        let bias = self.bias(2);
        self.each(&mut out, "fn fe_sub(a: Fe, b: Fe)", |i| format!("a.v{i} + {}u - b.v{i}", bias[i]));
        self.each(&mut out, "fn fe_select(a: Fe, b: Fe, use_b: bool)", |i| {
            format!("select(a.v{i}, b.v{i}, use_b)")
        });
        let (w, m, f) = (self.bits, self.mask(), self.fold());
        self.each(&mut out, "fn fe_carry(a: Fe)", |i| match i {
            0 => format!("(a.v0 & {m}u) + {f}u * (a.v{} >> {w}u)", n - 1),
            _ => format!("(a.v{i} & {m}u) + (a.v{} >> {w}u)", i - 1),
        });
        self.canonical(&mut out);
        self.words(&mut out);
        out
    }

    /// A function of each limb.
    fn each(self, out: &mut String, signature: &str, limb: impl Fn(usize) -> String) {
        let limbs: Vec<String> = (0..self.count).map(limb).collect();
        emit(out, &format!("{signature} -> Fe {{ return Fe({}); }}", limbs.join(", ")));
    }

    /// A constant function.
    pub(crate) fn constant(self, name: &str, bytes: &[u8; 32]) -> String {
        let limbs: Vec<String> = self.limbs_of(bytes).iter().map(|limb| format!("{limb}u")).collect();
        format!("fn {name}() -> Fe {{ return Fe({}); }}\n", limbs.join(", "))
    }

    fn products(self, out: &mut String, name: &str, square: bool) {
        let (n, w, m, f) = (self.count, self.bits, self.mask(), self.fold());
        let signature = if square { "a: Fe" } else { "a: Fe, b: Fe" };
        emit(out, &format!("fn {name}({signature}) -> Fe {{"));
        if square {
            for i in 0..n - 1 {
                emit(out, &format!("  let d{i} = a.v{i} << 1u;"));
            }
        }
        let column = |c: usize| -> Vec<String> {
            let pairs = (0..n).filter(|i| c >= *i && c - i < n).map(|i| (i, c - i));
            if square {
                pairs
                    .filter(|(i, j)| i <= j)
                    .map(|(i, j)| match i == j {
                        true => format!("u64(a.v{i}) * u64(a.v{i})"),
                        false => format!("u64(d{i}) * u64(a.v{j})"),
                    })
                    .collect()
            } else {
                pairs.map(|(i, j)| format!("u64(a.v{i}) * u64(b.v{j})")).collect()
            }
        };
        emit(out, "  var acc = 0lu;");
        for c in n..2 * n - 1 {
            for product in column(c) {
                emit(out, &format!("  acc = {product} + acc;"));
            }
            emit(out, &format!("  let h{} = u32(acc) & {m}u;", c - n));
            emit(out, &format!("  acc = acc >> {w}u;"));
        }
        emit(out, &format!("  let h{} = u32(acc);", n - 1));
        emit(out, "  acc = 0lu;");
        for c in 0..n {
            for product in column(c) {
                emit(out, &format!("  acc = {product} + acc;"));
            }
            emit(out, &format!("  acc = u64(h{c}) * {f}lu + acc;"));
            emit(out, &format!("  let r{c} = u32(acc) & {m}u;"));
            emit(out, &format!("  acc = acc >> {w}u;"));
        }
        emit(out, &format!("  acc = acc * {f}lu + u64(r0);"));
        let rest: Vec<String> = (2..n).map(|i| format!("r{i}")).collect();
        emit(out, &format!("  return Fe(u32(acc) & {m}u, r1 + u32(acc >> {w}u), {});\n}}", rest.join(", ")));
    }

    /// The least representative: carries, the bits from 255 on folded, p subtracted once if that leaves no borrow.
    fn canonical(self, out: &mut String) {
        let (n, w, m, f) = (self.count, self.bits, self.mask(), self.fold());
        let top = 255 - w * (n - 1);
        let chain = |out: &mut String| {
            emit(out, "  c = 0u;");
            for i in 0..n - 1 {
                emit(out, &format!("  r{i} = r{i} + c; c = r{i} >> {w}u; r{i} = r{i} & {m}u;"));
            }
            emit(out, &format!("  r{} = r{} + c;", n - 1, n - 1));
        };
        let highest = n - 1;
        emit(out, "fn fe_canonical(a: Fe) -> Fe {\n  var c = 0u;");
        for i in 0..n {
            emit(out, &format!("  var r{i} = a.v{i};"));
        }
        chain(out);
        emit(out, &format!("  r0 = r0 + {f}u * (r{highest} >> {w}u); r{highest} = r{highest} & {m}u;"));
        for _ in 0..2 {
            emit(
                out,
                &format!(
                    "  r0 = r0 + 19u * (r{highest} >> {top}u); r{highest} = r{highest} & {}u;",
                    (1_u32 << top) - 1
                ),
            );
            chain(out);
        }
        // Bit 255 of value + 19 says whether value ≥ p; then value − p = value + 19 − 2^255.
        emit(out, "  c = 19u;");
        for i in 0..n - 1 {
            emit(out, &format!("  c = (r{i} + c) >> {w}u;"));
        }
        emit(out, &format!("  r0 = r0 + 19u * ((r{highest} + c) >> {top}u);"));
        chain(out);
        emit(out, &format!("  r{highest} = r{highest} & {}u;", (1_u32 << top) - 1));
        let limbs: Vec<String> = (0..n).map(|i| format!("r{i}")).collect();
        emit(out, &format!("  return Fe({});\n}}", limbs.join(", ")));
        let any: Vec<String> = (0..n).map(|i| format!("r.v{i}")).collect();
        emit(
            out,
            &format!(
                "fn fe_is_zero(a: Fe) -> bool {{ let r = fe_canonical(a); return ({}) == 0u; }}",
                any.join(" | ")
            ),
        );
    }

    /// To and from 8 words.
    fn words(self, out: &mut String) {
        let (n, w, m) = (self.count, self.bits, self.mask());
        let top = 255 - w * (n - 1);
        // Bit 255 is dropped.
        self.each(out, "fn fe_from_words(a: Words8)", |i| {
            let (word, shift) = (i * w / 32, i * w % 32);
            let mask = if i == n - 1 { (1_u32 << top) - 1 } else { m };
            let low = if shift == 0 { format!("a.v{word}") } else { format!("(a.v{word} >> {shift}u)") };
            if shift + w > 32 && word + 1 < 8 {
                format!("({low} | (a.v{} << {}u)) & {mask}u", word + 1, 32 - shift)
            } else {
                format!("{low} & {mask}u")
            }
        });
        // Of a canonical element.
        let words: Vec<String> = (0..8)
            .map(|word| {
                let mut parts = Vec::new();
                for i in 0..n {
                    let (low, high) = (i * w, (i + 1) * w);
                    if low < 32 * word + 32 && high > 32 * word {
                        parts.push(match low.cmp(&(32 * word)) {
                            std::cmp::Ordering::Equal => format!("a.v{i}"),
                            std::cmp::Ordering::Greater => format!("(a.v{i} << {}u)", low - 32 * word),
                            std::cmp::Ordering::Less => format!("(a.v{i} >> {}u)", 32 * word - low),
                        });
                    }
                }
                parts.join(" | ")
            })
            .collect();
        emit(out, &format!("fn fe_to_words(a: Fe) -> Words8 {{ return Words8({}); }}", words.join(", ")));
    }
}

/// Loads and stores of limbs in an interleaved buffer.
pub(crate) fn interleaved(buffer: &str, writable: bool) -> String {
    let n = FIELD.count;
    let mut out = String::new();
    let loads: Vec<String> = (0..n).map(|i| format!("{buffer}[at + {i}u * stride]")).collect();
    emit(
        &mut out,
        &format!("fn load_{buffer}(at: u32, stride: u32) -> Fe {{ return Fe({}); }}", loads.join(", ")),
    );
    if writable {
        emit(&mut out, &format!("fn store_{buffer}(at: u32, stride: u32, fe: Fe) {{"));
        for i in 0..n {
            emit(&mut out, &format!("  {buffer}[at + {i}u * stride] = fe.v{i};"));
        }
        emit(&mut out, "}");
    }
    out
}

/// The member of an array of four words that holds word `i`, of those loaded as `v0`, `v1`, ….
fn in_four(i: usize) -> String {
    format!("v{}.{}", i / 4, ['x', 'y', 'z', 'w'][i % 4])
}

/// `load_BUFFER(at, swap) -> Entry` from a buffer of four words at a time, `at` in those; 2Z is there, or is 2.
pub(crate) fn entry_load(buffer: &str, with_z: bool) -> String {
    let n = FIELD.count;
    let mut out = String::new();
    emit(&mut out, &format!("fn load_{buffer}(at: u32, swap: bool) -> Entry {{"));
    let words = if with_z { 4 * n } else { 3 * n };
    for i in 0..words.div_ceil(4) {
        emit(&mut out, &format!("  let v{i} = {buffer}[at + {i}u];"));
    }
    let fe = |part: usize| {
        let limbs: Vec<String> = (part * n..(part + 1) * n).map(in_four).collect();
        format!("Fe({})", limbs.join(", "))
    };
    emit(&mut out, &format!("  let plus = {};\n  let minus = {};", fe(0), fe(1)));
    let rest = if with_z { format!("{}, {}", fe(2), fe(3)) } else { format!("fe_two(), {}", fe(2)) };
    emit(
        &mut out,
        &format!("  return Entry(fe_select(plus, minus, swap), fe_select(minus, plus, swap), {rest});\n}}"),
    );
    out
}

/// `store_BUFFER(at, entry)` into a buffer of four words at a time, `at` in those.
pub(crate) fn entry_store(buffer: &str) -> String {
    let n = FIELD.count;
    let mut out = String::new();
    emit(&mut out, &format!("fn store_{buffer}(at: u32, entry: Entry) {{"));
    let member = |i: usize| format!("entry.{}.v{}", ["plus", "minus", "z2", "td2"][i / n], i % n);
    for i in 0..n {
        let words: Vec<String> = (4 * i..4 * i + 4).map(member).collect();
        emit(&mut out, &format!("  {buffer}[at + {i}u] = vec4<u32>({});", words.join(", ")));
    }
    emit(&mut out, "}");
    out
}

/// Eight words in a row.
pub(crate) fn row(buffer: &str) -> String {
    let loads: Vec<String> = (0..8).map(|i| format!("{buffer}[at + {i}u]")).collect();
    format!("fn row_{buffer}(at: u32) -> Words8 {{ return Words8({}); }}\n", loads.join(", "))
}

pub(crate) fn emit(out: &mut String, line: &str) {
    writeln!(out, "{line}").expect("writing to a string");
}
