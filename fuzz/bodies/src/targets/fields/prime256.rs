//! Modulo the primes and the orders of P-256, secp256k1 and SM2.

use std::marker::PhantomData;

use arbitrary::{Result, Unstructured};
use num_bigint::BigUint;
use sigwarp_kernels::field::prime256::{
    Family, Fma, General, Ifma, K1Order, K1Prime, MASK52, Modulus, PrimeLanes, R1Order, R1Prime, Sm2Order,
    Sm2Prime, canonical, equal, invert, sqrt,
};
use sigwarp_kernels::simd::emulated::EmulatedU64x8;
use sigwarp_kernels::simd::{Kernel, LaneMask, MAX_LANES, Token, Vector};

use super::{Lanes, REGISTERS, Registers, Step, columns, integer, limbs, put_columns, registers, steps};

/// The largest limb.
pub(super) const MOST: u64 = MASK52;
pub(super) const OPERATIONS: u8 = 11;
/// Every element is below so many times the modulus.
const ELEMENT: u32 = 17;

/// What a step may do is decided by how large its operands can be, in whole multiples of the modulus; the same for every
/// representation.
#[derive(Debug, Clone, Copy)]
struct Planned {
    step: Step,
    /// Which operands are folded first.
    fold: [bool; 4],
}

pub(super) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    match u.arbitrary::<u8>()? % 6 {
        0 => modulus::<K1Prime>(u),
        1 => modulus::<R1Prime>(u),
        2 => modulus::<Sm2Prime>(u),
        3 => modulus::<K1Order>(u),
        4 => modulus::<R1Order>(u),
        _ => modulus::<Sm2Order>(u),
    }
}

fn modulus<M: Modulus>(u: &mut Unstructured<'_>) -> Result<()> {
    let m = M::WORDS.iter().rev().fold(BigUint::ZERO, |sum, word| (sum << 64u32) + BigUint::from(*word));
    let mut special = vec![limbs((BigUint::from(1u32) << 256u32) - 1u32, 52)];
    for k in [1u32, 2, 8, 15] {
        special.extend([&m * k - 1u32, &m * k, &m * k + 1u32].map(|value| limbs(value, 52)));
    }
    let has_root = !M::ROOT.chain.is_empty();
    let mut sizes = [ELEMENT; REGISTERS];
    let program: Vec<Planned> = steps(u, OPERATIONS)?
        .into_iter()
        .map(|step| match step.operation {
            9 if !has_root => Step { operation: 10, ..step },
            _ => step,
        })
        .map(|step| plan(step, &mut sizes))
        .collect();
    let start = registers(u, 52, MOST, &special)?;
    let expected = by_integers::<M>(&start, &program, &m);
    family::<General, M>(&start, &program, &expected);
    family::<Ifma<EmulatedU64x8>, M>(&start, &program, &expected);
    family::<Fma<EmulatedU64x8>, M>(&start, &program, &expected);
    #[cfg(target_arch = "x86_64")]
    {
        family::<Fma<sigwarp_kernels::simd::avx2::U64x4>, M>(&start, &program, &expected);
        family::<Ifma<sigwarp_kernels::simd::avx512ifma::U64x8>, M>(&start, &program, &expected);
    }
    Ok(())
}

/// Folds the operands that would pass a bound, and keeps count of how large values are.
fn plan(step: Step, sizes: &mut [u32; REGISTERS]) -> Planned {
    let mut size = step.from.map(|from| sizes[from]);
    let mut fold = [false; 4];
    // The product of elements below a·m and b·m is below (a·b/16 + 1)·m.
    let product = |a: u32, b: u32| (a * b).div_ceil(16) + 1;
    // How large a result is where that does not depend on the operands, and how small these must be.
    let [result, small] = match step.operation {
        0 | 1 | 5 | 6 => [0, 15],
        2 | 3 | 7 => [0, 7],
        4 => [8, 7],
        8 => [2, 3],
        9 => [2, 6],
        _ => [0, ELEMENT],
    };
    let need = |size: [u32; 4]| match step.operation {
        0 => product(size[0], size[1]),
        1 => product(size[0], size[0]),
        5 => product(size[0], size[1]) + product(size[2], size[3]),
        6 => product(size[0], size[1]) + product(size[2], size[2]),
        2 => size[0] + size[1],
        3 => size[0] + 8,
        7 => 2 * product(size[0], size[1]) + 8,
        _ => result,
    };
    for place in 0..4 {
        if size[place] > small || need(size) > 15 {
            (fold[place], size[place]) = (true, 2);
        }
    }
    sizes[step.to] = if step.operation == 10 { size[0] } else { need(size) };
    Planned { step, fold }
}

fn by_integers<M: Modulus>(start: &Registers, program: &[Planned], m: &BigUint) -> Registers {
    // A product in Montgomery form loses a factor of 2^260.
    let unit = if M::MONTGOMERY {
        (BigUint::from(1u32) << 260u32).modpow(&(m - 2u32), m)
    } else {
        BigUint::from(1u32)
    };
    let mut out = *start;
    for lane in 0..MAX_LANES {
        let mut r: [BigUint; REGISTERS] = start.each_ref().map(|lanes| integer(&lanes[lane], 52) % m);
        for Planned { step, .. } in program {
            let operands = step.from.map(|from| r[from].clone());
            r[step.to] = step_by_integers(step.operation, operands, m, &unit);
        }
        for (out, value) in out.iter_mut().zip(r) {
            out[lane] = limbs(value, 52);
        }
    }
    out
}

fn step_by_integers(operation: u8, [a, b, c, d]: [BigUint; 4], m: &BigUint, unit: &BigUint) -> BigUint {
    let minus = |x: &BigUint| m - x % m;
    let value = match operation {
        0 => &a * &b * unit,
        1 => a.pow(2) * unit,
        2 => &a + &b,
        3 => &a + minus(&b),
        4 => minus(&a),
        5 => (&a * &b + &c * &d) * unit,
        6 => (&a * &b + c.pow(2)) * unit,
        7 => &a * &b * unit * 2u32 + minus(&(c.pow(2) * unit)),
        // 1/x in the form of the modulus: x = a·unit, and 1/x divided by unit.
        8 => {
            let inverse = |x: &BigUint| x.modpow(&(m - 2u32), m);
            inverse(&(&a * unit * unit % m))
        }
        9 => {
            // The root of a·unit, divided by unit, where there is one.
            let x = &a * unit % m;
            let root = x.modpow(&((m + 1u32) >> 2u32), m);
            if &root * &root % m == x { root * unit.modpow(&(m - 2u32), m) } else { a }
        }
        _ => a,
    };
    value % m
}

fn family<S: Family, M: Modulus>(start: &Registers, program: &[Planned], expected: &Registers) {
    let Some(token) = sigwarp_kernels::simd::testing::detect::<S::Token>() else { return };
    let mut found = *start;
    for first in (0..MAX_LANES).step_by(S::Vector::LANES) {
        token.vectorize(Program::<S::Field<M>> { registers: &mut found, first, program, field: PhantomData });
    }
    assert_eq!(
        found,
        *expected,
        "{} modulo {:x?}: {start:?} {program:?}",
        std::any::type_name::<S>(),
        M::WORDS
    );
}

/// The steps, on the lanes from `first` on; then the canonical limbs, in the form of the modulus.
struct Program<'a, F> {
    registers: &'a mut Registers,
    first: usize,
    program: &'a [Planned],
    field: PhantomData<F>,
}

impl<F: PrimeLanes> Kernel<F::Token> for Program<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let Self { registers, first, program, .. } = self;
        let load = |lanes: &Lanes| {
            let columns = columns(lanes, first, F::Vector::LANES);
            F::from_limbs(columns.map(|column| F::Vector::load(token, &column)))
        };
        let zero = F::splat(token, &[0; 5]);
        let mut r = [load(&registers[0]), load(&registers[1]), load(&registers[2]), load(&registers[3])];
        for Planned { step, fold } in program {
            let mut operands = step.from.map(|from| r[from]);
            for (operand, fold) in operands.iter_mut().zip(fold) {
                if *fold {
                    // m added, so that what is folded is not too small. Values up to 2^260 have no room for that, and
                    // are multiplied by 1 first.
                    let below = operand.mul(F::one(token));
                    *operand = F::fold(F::sub_wide::<1>(below.widen(), zero.widen()));
                }
            }
            let [a, b, c, d] = operands;
            r[step.to] = match step.operation {
                0 => a.mul(b),
                1 => a.square(),
                2 => F::carry(F::add_wide(a.widen(), b.widen())),
                3 => F::carry(F::sub_wide::<8>(a.widen(), b.widen())),
                4 => F::carry(F::negate_wide::<8>(a.widen())),
                5 => F::carry(F::mul_add_mul(a, b, c, d)),
                6 => F::carry(F::mul_add_square(a, b, c)),
                7 => F::carry(F::sub_wide::<8>(F::twice(a.mul_wide(b)), c.square_wide())),
                8 => invert(a),
                9 => {
                    let ([root], [square]) = sqrt([a]);
                    debug_assert!(square.and(equal(root.square(), a).not()).bits() == 0);
                    F::select(square, root, a)
                }
                _ => a,
            };
        }
        for (value, out) in r.into_iter().zip(registers) {
            let below = value.mul(F::one(token));
            put_columns(&canonical(below).map(Vector::to_array), out, first, F::Vector::LANES);
        }
    }
}
