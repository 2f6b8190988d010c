//! Scalars: a 512-bit digest modulo L = 2^252 + c, and the recoding for signed windows.
//!
//! Limbs of 28 bits, because 2^252 = 2^(9·28): what lies above 2^252 is limbs 9 and up. With x = x₁·2^252 + x₀,
//! x ≡ x₀ − c·x₁, and c has 125 bits, so three foldings leave
//! x₀ − (c·x₁)₀ + (c·(c·x₁)₁)₀ − c·(…)₁ in (−2^252 − 2^131, 2^253). Adding 2L makes it positive and below 4L; three
//! conditional subtractions of L leave k, the integer in \[0, L) (another representative would change \[k\]A where A has
//! torsion).
//!
//! **Recoding.** Adding half a window to every window but the highest makes plain windows of the sum, less half a window,
//! the signed digits; the highest digit is not negative.

use super::emit;
use crate::layout::{BASE_DIGITS, BASE_WIDTH, KEY_DIGITS, KEY_WIDTH};
use sigwarp_tables::edwards25519;

/// Bits of a limb.
pub(crate) const BITS: usize = 28;
const MASK: u32 = (1 << BITS) - 1;
/// Limbs below 2^252.
pub(crate) const LOW: usize = 9;

/// The limbs of L.
pub(crate) fn order() -> [u32; 10] {
    let mut limbs = [0; 10];
    for (i, limb) in limbs.iter_mut().enumerate() {
        for bit in 0..BITS {
            let at = i * BITS + bit;
            if at < 256 {
                *limb |= u32::from(edwards25519::L[at / 8] >> (at % 8) & 1) << bit;
            }
        }
    }
    limbs
}

/// Half a window for each window but the highest.
pub(crate) const fn offset(width: u32, digits: u32) -> [u32; 8] {
    let mut words = [0; 8];
    let mut digit = 0;
    while digit + 1 < digits {
        let bit = digit * width + width - 1;
        words[(bit / 32) as usize] |= 1 << (bit % 32);
        digit += 1;
    }
    words
}

/// What is added to k.
pub(crate) const KEY_OFFSET: [u32; 8] = offset(KEY_WIDTH, KEY_DIGITS);
/// What is added to S.
pub(crate) const BASE_OFFSET: [u32; 8] = offset(BASE_WIDTH, BASE_DIGITS);

/// Wide products of a reduction.
pub(crate) const fn products() -> u32 {
    5 * (10 + 6 + 2)
}

/// `struct Scalar`, `reduce(x0, …, x15) -> Scalar`, `recode_key`, `recode_base`.
pub(crate) fn source() -> String {
    let mut out = String::new();
    let words: Vec<String> = (0..16).map(|i| format!("x{i}: u32")).collect();
    emit(&mut out, &format!("fn reduce({}) -> Words8 {{", words.join(", ")));
    for i in 0..19 {
        let (word, shift) = (i * BITS / 32, i * BITS % 32);
        let low = format!("(x{word} >> {shift}u)");
        let high = if shift + BITS > 32 && word < 15 {
            format!(" | (x{} << {}u)", word + 1, 32 - shift)
        } else {
            String::new()
        };
        emit(&mut out, &format!("  let a{i} = ({low}{high}) & {MASK}u;"));
    }
    let l = order();
    emit(&mut out, "  var acc = 0lu;");
    // From the limbs `from{LOW}…from{end}` to `to0…`: their product with c.
    let mut fold = |from: char, end: usize, to: char| {
        let high = end - LOW;
        emit(&mut out, "  acc = 0lu;");
        for column in 0..high + 4 {
            for j in 0..5 {
                if column >= j && column - j < high {
                    emit(&mut out, &format!("  acc = u64({from}{}) * {}lu + acc;", LOW + column - j, l[j]));
                }
            }
            emit(&mut out, &format!("  let {to}{column} = u32(acc) & {MASK}u; acc = acc >> {BITS}u;"));
        }
        emit(&mut out, &format!("  let {to}{} = u32(acc);", high + 4));
    };
    fold('a', 19, 'p');
    fold('p', 15, 'q');
    fold('q', 11, 's');
    for i in 0..10 {
        let low = if i < LOW { format!("i32(a{i}) - i32(p{i}) + i32(q{i})") } else { "0i".into() };
        let last = if i < 7 { format!(" - i32(s{i})") } else { String::new() };
        emit(&mut out, &format!("  var r{i} = {low}{last} + {}i;", 2 * l[i]));
    }
    for i in 0..9 {
        emit(&mut out, &format!("  r{} = r{} + (r{i} >> {BITS}u); r{i} = r{i} & {MASK}i;", i + 1, i + 1));
    }
    for round in 0..3 {
        for i in 0..10 {
            let carry = if i == 0 { String::new() } else { format!(" + (t{round}_{} >> {BITS}u)", i - 1) };
            emit(&mut out, &format!("  let t{round}_{i} = r{i} - {}i{carry};", l[i]));
        }
        emit(&mut out, &format!("  if (t{round}_9 >= 0i) {{"));
        for i in 0..10 {
            let mask = if i < 9 { format!(" & {MASK}i") } else { String::new() };
            emit(&mut out, &format!("    r{i} = t{round}_{i}{mask};"));
        }
        emit(&mut out, "  }");
    }
    let packed: Vec<String> = (0..8)
        .map(|word| {
            let mut parts = Vec::new();
            for i in 0..10 {
                let low = i * BITS;
                if low < 32 * word + 32 && low + BITS > 32 * word {
                    parts.push(if low >= 32 * word {
                        format!("(u32(r{i}) << {}u)", low - 32 * word)
                    } else {
                        format!("(u32(r{i}) >> {}u)", 32 * word - low)
                    });
                }
            }
            parts.join(" | ")
        })
        .collect();
    emit(&mut out, &format!("  return Words8({});\n}}", packed.join(", ")));
    add_constant(&mut out, "recode_key", &KEY_OFFSET);
    add_constant(&mut out, "recode_base", &BASE_OFFSET);
    out
}

fn add_constant(out: &mut String, name: &str, constant: &[u32; 8]) {
    emit(out, &format!("fn {name}(x: Words8) -> Words8 {{\n  var acc = 0lu;"));
    for (i, word) in constant.iter().enumerate() {
        emit(out, &format!("  acc = (acc >> 32u) + u64(x.v{i}) + {word}lu; let r{i} = u32(acc);"));
    }
    let words: Vec<String> = (0..8).map(|i| format!("r{i}")).collect();
    emit(out, &format!("  return Words8({});\n}}", words.join(", ")));
}
