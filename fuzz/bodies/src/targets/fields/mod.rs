//! Limb extremes: a program of field operations, on limbs at the bounds of what a representation takes, ends in every
//! representation in the residues that big integers give. The steps have the shapes of the point formulas, so that
//! sums and differences meet the bounds as they do there; debug assertions check these on the way.

mod edwards25519;
mod prime256;

use arbitrary::{Result, Unstructured};
use num_bigint::BigUint;
use sigwarp_kernels::simd::MAX_LANES;

/// The values of a program.
const REGISTERS: usize = 4;
/// Its steps, at most.
const STEPS: usize = 12;
/// Five limbs of a value.
type Limbs = [u64; 5];
/// A value in each lane.
type Lanes = [Limbs; MAX_LANES];
type Registers = [Lanes; REGISTERS];

/// One operation: what, of which values, and which one it replaces.
#[derive(Debug, Clone, Copy)]
struct Step {
    operation: u8,
    from: [usize; 4],
    to: usize,
}

impl Step {
    /// Operations have the numbers below `operations`.
    fn any(u: &mut Unstructured<'_>, operations: u8) -> Result<Self> {
        let operation = u.arbitrary::<u8>()? % operations;
        let [from, to] = u.arbitrary::<[u8; 2]>()?;
        let from = [0, 2, 4, 6].map(|at| usize::from(from >> at & 3));
        Ok(Self { operation, from, to: usize::from(to) % REGISTERS })
    }
}

/// Steps whose operations have the numbers below `operations`. They are read before the values, so that a short input is a
/// program on plain values and not values alone.
fn steps(u: &mut Unstructured<'_>, operations: u8) -> Result<Vec<Step>> {
    let count = u.int_in_range(1..=STEPS)?;
    (0..count).map(|_| Step::any(u, operations)).collect()
}

/// See the module.
pub fn fields(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = check(&mut u);
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    if u.arbitrary()? { edwards25519::check(u) } else { prime256::check(u) }
}

/// A limb: the smallest and the largest, all ones and their neighbours, powers of two, or any.
fn limb(u: &mut Unstructured<'_>, bits: u32, most: u64) -> Result<u64> {
    let ones = (1 << bits) - 1;
    Ok(match u.arbitrary::<u8>()? % 9 {
        0 => 0,
        1 => most,
        2 => ones,
        3 => (ones + 1).min(most),
        4 => ones - u.int_in_range(0..=40)?,
        5 => u.int_in_range(0..=40)?,
        6 => 1 << u.int_in_range(0..=bits - 1)?,
        7 => (1 << u.int_in_range(0..=bits - 1)?) - 1,
        _ => u.arbitrary::<u64>()? & ones,
    })
}

/// Values of extreme limbs, and `special` ones.
fn registers(u: &mut Unstructured<'_>, bits: u32, most: u64, special: &[Limbs]) -> Result<Registers> {
    let mut out = [[[0; 5]; MAX_LANES]; REGISTERS];
    for value in out.as_flattened_mut() {
        *value = match u.arbitrary::<u8>()? % 4 {
            0 => *u.choose(special)?,
            1 => [limb(u, bits, most)?; 5],
            _ => {
                let mut limbs = [0; 5];
                for place in &mut limbs {
                    *place = limb(u, bits, most)?;
                }
                limbs
            }
        };
    }
    Ok(out)
}

/// Limbs of so many bits as an integer.
fn integer(limbs: &Limbs, bits: u32) -> BigUint {
    limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << bits) + BigUint::from(*limb))
}

/// An integer as limbs of so many bits; the fifth takes what is left.
fn limbs(mut value: BigUint, bits: u32) -> Limbs {
    let mut out = [0; 5];
    for limb in &mut out[..4] {
        *limb = value.iter_u64_digits().next().unwrap_or(0) & ((1 << bits) - 1);
        value >>= bits;
    }
    out[4] = value.iter_u64_digits().next().unwrap_or(0);
    out
}

/// By place, of `count` lanes from `first` on, what a vector loads.
fn columns(lanes: &Lanes, first: usize, count: usize) -> [[u64; MAX_LANES]; 5] {
    let mut out = [[0; MAX_LANES]; 5];
    for (place, column) in out.iter_mut().enumerate() {
        for (lane, value) in column[..count].iter_mut().zip(&lanes[first..]) {
            *lane = value[place];
        }
    }
    out
}

/// The inverse of [`columns`].
fn put_columns(columns: &[[u64; MAX_LANES]; 5], lanes: &mut Lanes, first: usize, count: usize) {
    for lane in 0..count {
        lanes[first + lane] = [0, 1, 2, 3, 4].map(|place: usize| columns[place][lane]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;

    /// A program that does nothing shows nothing.
    #[test]
    fn seeds_run_every_operation_and_reach_extreme_limbs() {
        let mut seen = [[0u32; 16]; 2];
        let mut extreme = 0;
        for seed in seeds::of("fields") {
            let mut u = Unstructured::new(&seed);
            let edwards: bool = u.arbitrary().expect("a byte");
            let operations = if edwards { edwards25519::OPERATIONS } else { prime256::OPERATIONS };
            if !edwards {
                let _modulus: u8 = u.arbitrary().expect("a byte");
            }
            for step in steps(&mut u, operations).expect("steps") {
                seen[usize::from(edwards)][usize::from(step.operation)] += 1;
            }
            let most = if edwards { edwards25519::MOST } else { prime256::MOST };
            let bits = if edwards { 51 } else { 52 };
            let values = registers(&mut u, bits, most, &[[0; 5]]).expect("values");
            extreme += values.as_flattened().as_flattened().iter().filter(|limb| **limb == most).count();
        }
        assert!(
            seen[1][..usize::from(edwards25519::OPERATIONS)].iter().all(|count| *count >= 10),
            "{seen:?}"
        );
        assert!(seen[0][..usize::from(prime256::OPERATIONS)].iter().all(|count| *count >= 10), "{seen:?}");
        assert!(extreme >= 500, "{extreme} limbs at their bound");
    }
}
