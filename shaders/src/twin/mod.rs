//! The twin of every stage: the same buffers in, the same words out, in plain Rust. For tests; slow, and proud of it.

#[allow(clippy::needless_range_loop, reason = "limbs of several numbers share an index")]
#[allow(clippy::should_implement_trait, reason = "named as the functions of the shaders")]
pub mod field;
pub mod hash;
mod point;
pub mod scalar;

use crate::ed25519::{ITEMS, MULTIPLES, POINTS, PREFIXES, SCALARS, STATE, SUMS};
use crate::layout::{
    BASE_EVERY, BASE_WIDTH, KEY_DIGITS, KEY_WIDTH, LIMBS, code, flags, hash_item, item, outcome, points,
    prefixes, scalars, state, sums, table,
};
use crate::{Buffer, Role, Stage, constants, hashes};
use field::Fe;
use point::{Entry, Point, decode as decode_point};
use std::collections::BTreeMap;

/// The buffers of a dispatch.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Items.
    pub count: usize,
    /// Items that interleaved buffers have room for.
    pub stride: usize,
    /// The words of each buffer but `Params`.
    pub buffers: BTreeMap<Buffer, Vec<u32>>,
}

impl Memory {
    /// Memory of `stages` for `count` items with these rows and this arena; every other buffer is filled with `poison`.
    pub fn new(
        stages: &[Stage],
        (count, stride): (usize, usize),
        rows: Vec<u32>,
        arena: Vec<u32>,
        poison: u32,
    ) -> Self {
        let mut buffers = BTreeMap::new();
        for buffer in stages.iter().flat_map(|stage| stage.bindings).map(|binding| binding.buffer) {
            let words = match buffer.role {
                Role::Params => continue,
                Role::Constants => constants::words(),
                Role::Items => rows.clone(),
                Role::Arena => arena.clone(),
                Role::Scratch | Role::State | Role::Results => {
                    let words = buffer.words_per_item.expect("a fixed number of words") as usize;
                    vec![poison; words * stride]
                }
            };
            buffers.insert(buffer, words);
        }
        Self { count, stride, buffers }
    }

    /// The buffer of a role that a program has one of.
    pub fn buffer(&self, role: Role) -> Buffer {
        *self.buffers.keys().find(|buffer| buffer.role == role).expect("the buffer is there")
    }

    /// The content of a buffer.
    pub fn words(&self, buffer: Buffer) -> &[u32] {
        &self.buffers[&buffer]
    }

    fn set(&mut self, buffer: Buffer, at: usize, word: u32) {
        self.buffers.get_mut(&buffer).expect("the buffer is there")[at] = word;
    }

    fn load<const N: usize>(&self, buffer: Buffer, word: u32, item: usize) -> [u32; N] {
        let mut out = [0; N];
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.words(buffer)[(word as usize + i) * self.stride + item];
        }
        out
    }

    fn store(&mut self, buffer: Buffer, word: u32, item: usize, words: &[u32]) {
        for (i, &value) in words.iter().enumerate() {
            self.set(buffer, (word as usize + i) * self.stride + item, value);
        }
    }

    fn fe(&self, buffer: Buffer, word: u32, item: usize) -> Fe {
        Fe(self.load(buffer, word, item))
    }

    fn row<const N: usize>(&self, buffer: Buffer, row_words: u32, word: u32, item: usize) -> [u32; N] {
        let mut out = [0; N];
        let at = row_words as usize * item + word as usize;
        out.copy_from_slice(&self.words(buffer)[at..at + N]);
        out
    }

    fn item<const N: usize>(&self, word: u32, item: usize) -> [u32; N] {
        self.row(ITEMS, item::WORDS, word, item)
    }

    fn message(&self, offset: u32, len: u32) -> Vec<u8> {
        let words = &self.words(Buffer::ARENA)[offset as usize..][..len.div_ceil(4) as usize];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.truncate(len as usize);
        bytes
    }
}

fn words_of(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

/// Hashing, a message per item, into rows of `row` words.
pub(crate) fn digests(memory: &mut Memory, row: u32, digest: fn(&[u8]) -> Vec<u8>) {
    let results = memory.buffer(Role::Results);
    for i in 0..memory.count {
        let [offset, len, tag] = memory.row(hashes::ITEMS, hash_item::WORDS, hash_item::OFFSET, i);
        let digest = digest(&memory.message(offset, len));
        for (at, word) in words_of(&digest).chain([tag]).enumerate() {
            memory.set(results, i * row as usize + at, word);
        }
    }
}

/// k and S, recoded.
pub(crate) fn challenge(memory: &mut Memory) {
    for i in 0..memory.count {
        let [offset, len] = memory.item(item::OFFSET, i);
        let (r, a): ([u32; 8], [u32; 8]) = (memory.item(item::R, i), memory.item(item::A, i));
        let [flags] = memory.item(item::FLAGS, i);
        let before = if flags & flags::WHOLE == 0 { [r, a].concat() } else { Vec::new() };
        let mut input: Vec<u8> = before.iter().flat_map(|word| word.to_le_bytes()).collect();
        input.extend(memory.message(offset, len));
        let mut wide = [0; 16];
        for (to, word) in wide.iter_mut().zip(words_of(&hash::sha512(&input))) {
            *to = word;
        }
        let k = scalar::recode_key(&scalar::reduce(&wide));
        let s = scalar::recode_base(&memory.item(item::S, i));
        memory.store(SCALARS, scalars::K, i, &k);
        memory.store(SCALARS, scalars::S, i, &s);
    }
}

/// −A.
pub(crate) fn decode(memory: &mut Memory) {
    for i in 0..memory.count {
        let (x, y, on_curve) = decode_point(&memory.item(item::A, i));
        memory.store(POINTS, points::X, i, &Fe::ZERO.sub(x).carry().0);
        memory.store(POINTS, points::Y, i, &y.0);
        memory.set(STATE, i, if on_curve { code::KEY_ON_CURVE } else { code::KEY_NOT_ON_CURVE });
    }
}

/// Multiples of −A.
pub(crate) fn table(memory: &mut Memory) {
    for i in 0..memory.count {
        let point = Point::affine(memory.fe(POINTS, points::X, i), memory.fe(POINTS, points::Y, i));
        let one = point.entry();
        let mut p = Point::identity();
        for m in 0..table::ENTRIES {
            if m == 1 {
                p = point;
            } else if m != 0 {
                p = p.add(&one, false).complete(p.t, true);
            }
            for (part, fe) in p.entry().0.iter().enumerate() {
                let at = (m * table::ENTRY + part as u32 * LIMBS) as usize + i * table::WORDS as usize;
                for (limb, &word) in fe.0.iter().enumerate() {
                    memory.set(MULTIPLES, at + limb, word);
                }
            }
        }
    }
}

/// SB − kA.
pub(crate) fn ladder(memory: &mut Memory) {
    for i in 0..memory.count {
        let k = memory.load(SCALARS, scalars::K, i);
        let s = memory.load(SCALARS, scalars::S, i);
        let mut p = Point::identity();
        for digit in (0..KEY_DIGITS).rev() {
            let highest = digit + 1 == KEY_DIGITS;
            for step in if highest { KEY_WIDTH } else { 0 }..KEY_WIDTH {
                p = p.double().complete(p.t, step + 1 == KEY_WIDTH);
            }
            let with_base = digit % BASE_EVERY == 0;
            let value = scalar::digit(&k, KEY_WIDTH * digit, KEY_WIDTH, highest);
            let at = value.unsigned_abs() * table::ENTRY;
            let entry =
                Entry([0, 1, 2, 3].map(|part| Fe(memory.row(MULTIPLES, table::WORDS, at + part * LIMBS, i))));
            p = p.add(&entry.swapped(value < 0), value < 0).complete(p.t, with_base);
            if with_base {
                let value = scalar::digit(&s, KEY_WIDTH * digit, BASE_WIDTH, highest);
                let [plus, minus, td2] = constants::base_multiple(value.unsigned_abs() as usize);
                let entry = Entry([plus, minus, Fe::small(2), td2]);
                p = p.add(&entry.swapped(value < 0), value < 0).complete(p.t, false);
            }
        }
        memory.store(SUMS, sums::X, i, &p.x.0);
        memory.store(SUMS, sums::Y, i, &p.y.0);
        memory.store(SUMS, sums::Z, i, &p.z.0);
    }
}

/// 1/Z.
pub(crate) fn invert(memory: &mut Memory) {
    let threads = memory.count.div_ceil(prefixes::GROUP as usize);
    for thread in 0..threads {
        let items: Vec<usize> = (thread..memory.count).step_by(threads).collect();
        let mut product = Fe::ONE;
        for &i in &items {
            memory.store(PREFIXES, 0, i, &product.0);
            product = product.mul(memory.fe(SUMS, sums::Z, i));
        }
        let mut inverse = product.power(true);
        for &i in items.iter().rev() {
            let z = memory.fe(SUMS, sums::Z, i);
            let inverted = inverse.mul(memory.fe(PREFIXES, 0, i));
            memory.store(SUMS, sums::Z, i, &inverted.0);
            inverse = inverse.mul(z);
        }
    }
}

/// The encoding of SB − kA against the bytes of R.
pub(crate) fn compare(memory: &mut Memory) {
    for i in 0..memory.count {
        let inverse = memory.fe(SUMS, sums::Z, i);
        let x = memory.fe(SUMS, sums::X, i).mul(inverse).canonical();
        let y = memory.fe(SUMS, sums::Y, i).mul(inverse).canonical();
        memory.store(SUMS, sums::X, i, &x.0);
        memory.store(SUMS, sums::Y, i, &y.0);
        let mut encoded = y.to_words();
        encoded[7] |= (x.0[0] & 1) << 31;
        let [of_item] = memory.item(item::FLAGS, i);
        if memory.words(STATE)[i] == code::KEY_ON_CURVE && of_item & flags::KEY_ONLY == 0 {
            let equal = encoded == memory.item(item::R, i);
            memory.set(STATE, i, if equal { code::VALID } else { state::UNEQUAL });
        }
    }
}

/// \[8\](Q − R) = 0.
fn cofactored(q: (Fe, Fe), r: (Fe, Fe)) -> bool {
    let minus_r = Point::affine(Fe::ZERO.sub(r.0).carry(), r.1).entry();
    let p = Point::affine(q.0, q.1);
    let mut p = p.add(&minus_r, false).complete(p.t, false);
    for _ in 0..3 {
        p = p.double().complete(p.t, false);
    }
    p.x.is_zero() && p.y.sub(p.z).is_zero()
}

/// R, where it matters, and the results.
pub(crate) fn resolve(memory: &mut Memory) {
    for i in 0..memory.count {
        let [of_item, tag] = memory.item(item::FLAGS, i);
        let mut word = memory.words(STATE)[i];
        if word == state::UNEQUAL {
            let (x, y, on_curve) = decode_point(&memory.item(item::R, i));
            let q = (memory.fe(SUMS, sums::X, i), memory.fe(SUMS, sums::Y, i));
            word = if !on_curve && of_item & flags::DECODES_R != 0 {
                code::R_NOT_ON_CURVE
            } else if on_curve && of_item & flags::COFACTORED != 0 && cofactored(q, (x, y)) {
                code::VALID
            } else {
                code::EQUATION_FAILED
            };
        }
        let at = (outcome::WORDS as usize) * i;
        memory.set(Buffer::RESULTS, at + outcome::CODE as usize, word);
        memory.set(Buffer::RESULTS, at + outcome::TAG as usize, tag.wrapping_add(word));
    }
}
