//! What a verification costs: wide products and the narrow operations beside them, counted by the generator.

use crate::generate::{FIELD, scalar};
use crate::layout::{BASE_DIGITS, KEY_DIGITS, KEY_WIDTH, prefixes, table};

/// Wide products `u64(a)·u64(b) + acc`, and other 32-bit operations: shifts, masks, additions, selections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Wide products.
    pub wide: u32,
    /// The others.
    pub narrow: u32,
}

/// Field operations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Operations {
    /// Multiplications.
    pub multiplications: u32,
    /// Squarings.
    pub squarings: u32,
    /// Additions and subtractions of limbs, and selections.
    pub linear: u32,
    /// Carries.
    pub carries: u32,
    /// Wide products of other origin.
    pub other: u32,
}

impl Operations {
    const fn new(multiplications: u32, squarings: u32, linear: u32, carries: u32) -> Self {
        Self { multiplications, squarings, linear, carries, other: 0 }
    }

    fn times(self, n: u32) -> Self {
        Self {
            multiplications: self.multiplications * n,
            squarings: self.squarings * n,
            linear: self.linear * n,
            carries: self.carries * n,
            other: self.other * n,
        }
    }

    fn plus(self, b: Self) -> Self {
        Self {
            multiplications: self.multiplications + b.multiplications,
            squarings: self.squarings + b.squarings,
            linear: self.linear + b.linear,
            carries: self.carries + b.carries,
            other: self.other + b.other,
        }
    }

    /// In the representation of the shaders.
    pub fn cost(self) -> Cost {
        let terms = [
            (self.multiplications, FIELD.multiplication()),
            (self.squarings, FIELD.squaring()),
            (self.carries, FIELD.carry()),
        ];
        let linear = Cost { wide: self.other, narrow: self.linear * FIELD.count as u32 };
        terms.iter().fold(linear, |sum, (n, cost)| Cost {
            wide: sum.wide + n * cost.wide,
            narrow: sum.narrow + n * cost.narrow,
        })
    }
}

/// X, Y, Z of a doubling or an addition; T is one multiplication more.
const COMPLETE: Operations = Operations::new(3, 0, 0, 0);
const DOUBLE: Operations = Operations::new(0, 4, 5, 2);
const ADD: Operations = Operations::new(4, 0, 10, 1);
const ENTRY: Operations = Operations::new(1, 0, 3, 2);
/// z^(2^252 − 3).
const POWER: Operations = Operations::new(11, 251, 0, 0);

/// The stages of Ed25519 with what an item costs there, if no R has to be decoded.
pub fn ed25519() -> [(&'static str, Operations); 6] {
    let t = Operations::new(1, 0, 0, 0);
    let doublings = DOUBLE.plus(COMPLETE).times(KEY_WIDTH * (KEY_DIGITS - 1));
    let additions = ADD.plus(COMPLETE).times(KEY_DIGITS + BASE_DIGITS);
    // T before each addition.
    let ladder = doublings.plus(additions).plus(t.times(KEY_DIGITS + BASE_DIGITS));
    let entries = ENTRY.times(table::ENTRIES);
    let inversion = POWER.plus(Operations::new(1, 3, 0, 0));
    // Shared by a group, and rounded up.
    let shared = |n: u32| n.div_ceil(prefixes::GROUP);
    [
        ("ed25519-challenge", Operations { other: scalar::products(), ..Operations::default() }),
        ("ed25519-decode", POWER.plus(Operations::new(9, 3, 10, 4))),
        ("ed25519-table", ADD.plus(COMPLETE).plus(t).times(table::ENTRIES - 2).plus(entries).plus(t)),
        ("ed25519-ladder", ladder),
        (
            "ed25519-invert",
            Operations::new(3 + shared(inversion.multiplications), shared(inversion.squarings), 0, 0),
        ),
        ("ed25519-compare", Operations::new(2, 0, 0, 0)),
    ]
}

/// A multiplication and a squaring.
pub fn field() -> (Cost, Cost) {
    (FIELD.multiplication(), FIELD.squaring())
}
