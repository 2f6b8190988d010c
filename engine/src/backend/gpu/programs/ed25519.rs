//! The program of Ed25519.

use std::sync::LazyLock;

use bytemuck::Zeroable as _;
use sha2::{Digest, Sha512};
use sigwarp_shaders::ed25519::STAGES;
use sigwarp_shaders::layout::{self, Outcome, code, flags};

use super::super::LONGEST;
use super::super::canary::ROOM;
use super::super::fault::Fault;
use super::super::program::{Canary, Layout, Packed, Place, Program};
use super::super::slot::Inputs;
use super::super::stream::FEWEST;
use super::super::verification::{Kept, Verification, take};
use crate::Ed25519Rule;
use crate::batch::Item;
use crate::schemes::def::Kind;
use crate::schemes::ed25519::device::{Open, Screening, screen};
use crate::schemes::ed25519::variant::{LONGEST_CONTEXT, Variant};
use crate::suite::Suite;

pub(super) static PROGRAM: Program<Verification> = Program {
    serves: |suite| kind(suite).is_some(),
    stages: &STAGES,
    layout: Layout::of::<layout::Item, Outcome>(ARENA_PER_ITEM, 1 << 18, 1 << 13),
    pack,
    take,
    canaries: LazyLock::new(canaries),
};

const ARENA_PER_ITEM: usize = 256;

/// The most that stands before a message: a domain, R and A.
const BEFORE: usize = 34 + LONGEST_CONTEXT + 64;

// The smallest arena holds the longest message beside the canaries, with what stands before it.
const _: () = assert!(BEFORE + LONGEST < FEWEST / 2 * ARENA_PER_ITEM - ROOM);

/// Variant and rule of a suite that the kernels are for.
fn kind(suite: &Suite) -> Option<(Variant<'_>, Ed25519Rule)> {
    match suite.kind() {
        Kind::Ed25519(variant, rule) => Some((variant, rule)),
        _ => None,
    }
}

fn pack(item: Item<'_>, place: Place, inputs: &mut Inputs) -> Result<Packed<Verification>, Fault> {
    let Some((variant, rule)) = kind(item.suite) else {
        return Err(Fault::Refused(format!("{} is not for this device", item.suite)));
    };
    let Place { offset, tag } = place;
    let (row, kept) = match screen(rule, item.key, item.signature) {
        Screening::Decided(verdict) => return Ok(Packed::Decided(verdict)),
        Screening::KeyOnly(a, otherwise) => {
            let row = layout::Item { a: *a, flags: flags::KEY_ONLY, tag, ..layout::Item::zeroed() };
            (row, Kept::KeyOnly(otherwise))
        }
        Screening::Open(Open { a, r, s, decodes_r, cofactored }) => {
            let flags =
                if decodes_r { flags::DECODES_R } else { 0 } | if cofactored { flags::COFACTORED } else { 0 };
            let before = inputs.arena.len();
            let whole = if variant == Variant::Pure {
                inputs.arena.extend_from_slice(item.message);
                0
            } else {
                inputs.arena.extend(variant.domain());
                inputs.arena.extend(r.iter().chain(a));
                match variant {
                    Variant::Prehashed(_) => inputs.arena.extend(Sha512::digest(item.message)),
                    Variant::Pure | Variant::Context(_) => inputs.arena.extend_from_slice(item.message),
                }
                flags::WHOLE
            };
            let len = (inputs.arena.len() - before) as u32;
            let row = layout::Item { a: *a, r: *r, s: *s, offset, len, flags: flags | whole, tag };
            (row, Kept::Open)
        }
    };
    inputs.items.extend_from_slice(bytemuck::bytes_of(&row));
    Ok(Packed::Row(kept))
}

/// Compares bytes of R under the cofactorless equation.
static COMPARES: Suite = Suite::ed25519(Ed25519Rule::Cofactorless);
/// Decodes R under the cofactored equation.
static DECODES: Suite = Suite::ed25519(Ed25519Rule::Zip215);

/// Hashes a domain.
static CONTEXT: LazyLock<Suite> =
    LazyLock::new(|| Suite::ed25519ctx(Ed25519Rule::Zip215, b"foo").expect("a context that is long enough"));

/// RFC 8032 section 7.2, foo.
const KEY_FOO: &str = "dfc9425e4f968f7f0c29f0259cf5f9aed6851c2bb4ad8bfb860cfee0ab248292";
const R_FOO: &str = "55a4cc2f70a54e04288c5f4cd1e45a7bb520b36292911876cada7323198dd87a";
const S_FOO: &str = "8b36950b95130022907a7fb7c4e9b2d5f6cca685a587b4b21f4b888e4e7edb0d";
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
fn canaries() -> Vec<Canary<Verification>> {
    let canary = |name: &str, [key, r, s]: [&str; 3], message, suite, answer| {
        let (key, signature): (&[u8], &[u8]) = (bytes(&[key]).leak(), bytes(&[r, s]).leak());
        Canary { name: name.into(), asked: Item { suite, key, message, signature }, answer }
    };
    let (two, three) = ([KEY_2, R_2, S_2], [KEY_3, R_3, S_3]);
    let signed: &[u8] = bytes(&["f726936d19c800494e3fdaff20b276a8"]).leak();
    vec![
        canary("RFC 8032, test 2", two, b"\x72", &COMPARES, code::VALID),
        canary("RFC 8032, test 2, other message", two, b"\x73", &DECODES, code::EQUATION_FAILED),
        canary("RFC 8032, test 3", three, b"\xaf\x82", &DECODES, code::VALID),
        canary(
            "RFC 8032, test 3, key of test 2",
            [KEY_2, R_3, S_3],
            b"\xaf\x82",
            &COMPARES,
            code::EQUATION_FAILED,
        ),
        canary("RFC 8032, foo", [KEY_FOO, R_FOO, S_FOO], signed, &CONTEXT, code::VALID),
        canary("a key off the curve", [NO_POINT, R_2, S_2], b"\x72", &DECODES, code::KEY_NOT_ON_CURVE),
        canary("an R off the curve", [KEY_2, NO_POINT, S_2], b"\x72", &DECODES, code::R_NOT_ON_CURVE),
        canary(
            "an R off the curve that is compared",
            [KEY_2, NO_POINT, S_2],
            b"\x72",
            &COMPARES,
            code::EQUATION_FAILED,
        ),
    ]
}

fn bytes(strings: &[&str]) -> Vec<u8> {
    let nibble = |digit: u8| (digit as char).to_digit(16).expect("canaries are hexadecimal") as u8;
    let digits = strings.iter().flat_map(|digits| digits.as_bytes().chunks_exact(2));
    digits.map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}
