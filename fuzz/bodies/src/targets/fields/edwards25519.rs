//! Modulo 2^255 − 19.

use std::marker::PhantomData;

use arbitrary::{Result, Unstructured};
use num_bigint::BigUint;
use sigwarp_kernels::field::radix51_fma::Radix51Fma;
use sigwarp_kernels::field::radix51_ifma::Radix51Ifma;
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::field::{FieldLanes, MASK51, ONE, canonical, invert, is_odd, sqrt_ratio};
use sigwarp_kernels::simd::emulated::EmulatedU64x8;
use sigwarp_kernels::simd::{Kernel, MAX_LANES, Token, Vector};

use super::{Lanes, REGISTERS, Registers, Step, columns, integer, limbs, put_columns, registers, steps};

/// The largest limb that `from_limbs` takes.
pub(super) const MOST: u64 = (1 << 51) + (1 << 17) - 1;
pub(super) const OPERATIONS: u8 = 14;

fn prime() -> BigUint {
    (BigUint::from(1u32) << 255u32) - 19u32
}

pub(super) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let p = prime();
    let special: Vec<_> =
        [&p - 1u32, p.clone(), &p + 1u32, &p + 18u32].map(|value| limbs(value, 51)).into_iter().collect();
    let steps = steps(u, OPERATIONS)?;
    let start = registers(u, 51, MOST, &special)?;
    representations(&start, &steps, &p);
    Ok(())
}

fn representations(start: &Registers, steps: &[Step], p: &BigUint) {
    let expected = by_integers(start, steps, p);
    representation::<Radix51Portable>(start, steps, &expected);
    representation::<Radix51Ifma<EmulatedU64x8>>(start, steps, &expected);
    representation::<Radix51Fma<EmulatedU64x8>>(start, steps, &expected);
    #[cfg(target_arch = "x86_64")]
    {
        representation::<Radix51Fma<sigwarp_kernels::simd::avx2::U64x4>>(start, steps, &expected);
        representation::<Radix51Ifma<sigwarp_kernels::simd::avx512ifma::U64x8>>(start, steps, &expected);
    }
}

fn by_integers(start: &Registers, steps: &[Step], p: &BigUint) -> Registers {
    let mut out = *start;
    for lane in 0..MAX_LANES {
        let begun: [BigUint; REGISTERS] = start.each_ref().map(|lanes| integer(&lanes[lane], 51) % p);
        let mut r = begun.clone();
        for step in steps {
            let [a, b, c, d] = step.from.map(|from| r[from].clone());
            let factor = &begun[step.from[0]];
            r[step.to] = match step.operation {
                11 => factor * b % p,
                operation => step_by_integers(operation, [a, b, c, d], p),
            };
        }
        for (out, value) in out.iter_mut().zip(r) {
            out[lane] = limbs(value, 51);
        }
    }
    out
}

fn step_by_integers(operation: u8, [a, b, c, d]: [BigUint; 4], p: &BigUint) -> BigUint {
    let minus = |x: &BigUint| p - x % p;
    let value = match operation {
        0 => (&a + &b) * (&c + minus(&d)),
        1 => (&a + minus(&b)).pow(2),
        2 => minus(&a) * minus(&b),
        3 => (&a + &b) * &c + &a * &d + b.pow(2),
        4 => &a * &b + minus(&(&c * &d + b.pow(2))),
        5 => (&a + &b) * &c + &d,
        6 => {
            let (x, y, z) = (a.pow(2), b.pow(2), c.pow(2) * 2u32);
            let (e, h, g) = ((&a + &b).pow(2) + minus(&(&x + &y)), &x + &y, &y + minus(&x));
            &e * (z + minus(&g)) + g * h
        }
        7 => {
            let (plus, minus_) = (&a * &c, &b * &d);
            (&plus + minus(&minus_)) * (plus + minus_)
        }
        8 => (&a * 2u32 + minus(&(&b * &c))) * (&a * 2u32 + &b * &c),
        9 => a.modpow(&(p - 2u32), p),
        10 => {
            let root = square_root(&a, p);
            root.unwrap_or(a)
        }
        12 => minus(&a) * 2u32,
        _ => a,
    };
    value % p
}

/// The even square root, if there is one (RFC 8032, section 5.1.3).
fn square_root(a: &BigUint, p: &BigUint) -> Option<BigUint> {
    let candidate = a.modpow(&((p + 3u32) >> 3u32), p);
    let root_of_minus_one = BigUint::from(2u32).modpow(&((p - 1u32) >> 2u32), p);
    let root =
        [candidate.clone(), candidate * root_of_minus_one % p].into_iter().find(|x| x * x % p == *a)?;
    Some(if root.bit(0) { p - root } else { root })
}

fn representation<F: FieldLanes>(start: &Registers, steps: &[Step], expected: &Registers) {
    let Some(token) = sigwarp_kernels::simd::testing::detect::<F::Token>() else { return };
    let mut found = *start;
    for first in (0..MAX_LANES).step_by(F::Vector::LANES) {
        token.vectorize(Program::<F> { registers: &mut found, first, steps, field: PhantomData });
    }
    assert_eq!(found, *expected, "{}: {start:?} {steps:?}", std::any::type_name::<F>());
}

/// The steps, on the lanes from `first` on; then the canonical limbs.
struct Program<'a, F> {
    registers: &'a mut Registers,
    first: usize,
    steps: &'a [Step],
    field: PhantomData<F>,
}

impl<F: FieldLanes> Kernel<F::Token> for Program<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, token: F::Token) {
        let Self { registers, first, steps, .. } = self;
        let load = |lanes: &Lanes| {
            columns(lanes, first, F::Vector::LANES).map(|column| F::Vector::load(token, &column))
        };
        let begun = [load(&registers[0]), load(&registers[1]), load(&registers[2]), load(&registers[3])];
        let mut r = begun.map(F::from_limbs);
        for step in steps {
            let [a, b, c, d] = step.from.map(|from| r[from]);
            r[step.to] = match step.operation {
                0 => a.add(b).mul(c.sub(d)),
                1 => a.sub(b).square(),
                2 => a.negate().mul(b.negate()),
                3 => F::carry(F::add_wide(F::add_wide(a.add(b).mul_wide(c), a.mul_wide(d)), b.square_wide())),
                4 => F::carry(F::sub_wide(a.mul_wide(b), F::add_wide(c.mul_wide(d), b.square_wide()))),
                5 => F::carry(F::add_wide(a.add(b).mul_wide(c), d.widen())),
                // A doubling.
                6 => {
                    let (x, y, z) = (a.square_wide(), b.square_raised::<1>(), c.square_raised::<1>());
                    let s = a.add(b).square_raised::<2>();
                    let (h, g) = (F::add_wide(x, y), F::sub_raised(y, x));
                    let e = F::settle(F::sub_raised(s, h));
                    let f = F::settle(F::sub_raised(F::add_wide(z, z), g));
                    let (g, h) = (F::settle(g), F::settle(h));
                    F::settle(F::add_wide(g.mul_raised(h), e.mul_wide(f))).mul(F::splat(token, &ONE))
                }
                // An addition, and one of an affine entry.
                7 => {
                    let (plus, minus) = (a.mul_raised(c), b.mul_wide(d));
                    F::settle(F::sub_raised(plus, minus)).mul(F::settle(F::add_wide(plus, minus)))
                }
                8 => {
                    let (zz, tt) = (a.twice_raised(), b.mul_wide(c));
                    F::settle(F::sub_raised(zz, tt)).mul(F::settle(F::add_wide(zz, tt)))
                }
                9 => invert(a),
                10 => {
                    let one = F::splat(token, &ONE);
                    let ([root], [square]) = sqrt_ratio([a], [one]);
                    let even = F::select(is_odd(root), root.negate(), root).mul(one);
                    F::select(square, even, a)
                }
                // A factor as it lies in a table, and twice a negated element. What is settled is a factor.
                11 => F::settle(F::from_factor(begun[step.from[0]]).mul_raised(b)).mul(F::splat(token, &ONE)),
                12 => F::settle(a.negate().twice_raised()).mul(F::splat(token, &ONE)),
                _ => F::from_limbs(a.to_limbs()),
            };
        }
        for (value, out) in r.into_iter().zip(registers) {
            let canonical = canonical(value.to_limbs()).map(Vector::to_array);
            debug_assert!(canonical.iter().flatten().all(|limb| *limb <= MASK51));
            put_columns(&canonical, out, first, F::Vector::LANES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by this target: the AVX2 form read twice a limb of 2^50 + 19 outside of the binade in which the bits of a
    /// double are an integer.
    #[test]
    fn an_addition_with_twice_a_limb_beyond_its_half() {
        let z = [1 << 50, 0, 2, 1 << 31, MOST];
        let entry = [MASK51 - 19, MASK51, MASK51, MASK51, MASK51];
        let start = [z, z, z, entry].map(|value| [value; MAX_LANES]);
        let addition = Step { operation: 8, from: [0, 3, 0, 0], to: 3 };
        representations(&start, &[addition], &prime());
    }
}
