//! Known answers that travel with every dispatch, at places that change.

use std::sync::LazyLock;

use sigwarp_shaders::layout::code;

use crate::backend::Random;

/// Rows between canaries, on the average.
const EVERY: usize = 509;
/// Room in the arena for the messages of the canaries of a dispatch.
pub(super) const ROOM: usize = 1 << 16;

/// An item whose code is known.
#[derive(Debug)]
pub(super) struct Canary {
    pub(super) name: &'static str,
    pub(super) key: [u8; 32],
    pub(super) r: [u8; 32],
    pub(super) s: [u8; 32],
    pub(super) message: &'static [u8],
    pub(super) decodes_r: bool,
    pub(super) cofactored: bool,
    pub(super) code: u32,
}

/// RFC 8032 section 7.1, tests 2 and 3.
const KEY_2: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const R_2: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da";
const S_2: &str = "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
const KEY_3: &str = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
const R_3: &str = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac";
const S_3: &str = "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
/// y = 2: no point of the curve.
const NO_POINT: &str = "0200000000000000000000000000000000000000000000000000000000000000";

/// A valid one first and one with a wrong equation second: every dispatch has these two.
pub(super) static ITEMS: LazyLock<[Canary; 7]> = LazyLock::new(|| {
    let canary = |name, [key, r, s]: [&str; 3], message, (decodes_r, cofactored), code| Canary {
        name,
        key: bytes(key),
        r: bytes(r),
        s: bytes(s),
        message,
        decodes_r,
        cofactored,
        code,
    };
    let (two, three) = ([KEY_2, R_2, S_2], [KEY_3, R_3, S_3]);
    [
        canary("RFC 8032, test 2", two, b"\x72", (false, false), code::VALID),
        canary("RFC 8032, test 2, other message", two, b"\x73", (true, true), code::EQUATION_FAILED),
        canary("RFC 8032, test 3", three, b"\xaf\x82", (true, true), code::VALID),
        canary(
            "RFC 8032, test 3, key of test 2",
            [KEY_2, R_3, S_3],
            b"\xaf\x82",
            (false, false),
            code::EQUATION_FAILED,
        ),
        canary("a key off the curve", [NO_POINT, R_2, S_2], b"\x72", (true, true), code::KEY_NOT_ON_CURVE),
        canary("an R off the curve", [KEY_2, NO_POINT, S_2], b"\x72", (true, true), code::R_NOT_ON_CURVE),
        canary(
            "an R off the curve that is compared",
            [KEY_2, NO_POINT, S_2],
            b"\x72",
            (false, false),
            code::EQUATION_FAILED,
        ),
    ]
});

fn bytes(digits: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let nibble = |digit: u8| (digit as char).to_digit(16).expect("canaries are hexadecimal") as u8;
        *byte = nibble(pair[0]) << 4 | nibble(pair[1]);
    }
    bytes
}

/// Where canaries stand, and which.
#[derive(Debug)]
pub(super) struct Places {
    random: Random,
    turn: usize,
}

impl Places {
    pub(super) fn new() -> Self {
        let mut random = Random::new();
        let turn = random.next() as usize;
        Self { random, turn }
    }

    /// Any word.
    pub(super) fn random(&mut self) -> u32 {
        self.random.next() as u32
    }

    /// Any number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.random.next() % count.max(1) as u64) as usize
    }

    /// The next row for a canary, from `row` on.
    pub(super) fn next(&mut self, row: usize) -> usize {
        row + (self.random.next() % (2 * EVERY as u64)) as usize
    }

    /// The canaries in turn.
    pub(super) fn turn<'a, T>(&mut self, canaries: &'a [T]) -> &'a T {
        self.turn = self.turn.wrapping_add(1);
        &canaries[self.turn % canaries.len()]
    }
}
