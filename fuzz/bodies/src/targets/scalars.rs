//! Scalars at their edges: what is reduced modulo L, cut into half-size pairs, split by the endomorphism of secp256k1 and
//! divided modulo a group order agrees with big integers, and digits stay in the tables that they index. Challenges are
//! hashes and coefficients are drawn, so no signature leads to these scalars.

use std::marker::PhantomData;

use arbitrary::{Result, Unstructured};
use num_bigint::{BigInt, BigUint, Sign};
use sigwarp_kernels::curve::edwards::half_ladder::{offset_bases, offset_half, windows};
use sigwarp_kernels::curve::weierstrass::scalars::{Triple, quotients};
use sigwarp_kernels::curve::weierstrass::{Curve, Secp256k1, glv};
use sigwarp_kernels::field::prime256::{Family, Fma, General, Ifma, K1Order, Modulus, R1Order, Sm2Order};
use sigwarp_kernels::scalar::half::{self, HALF_BITS, Halve, Words};
use sigwarp_kernels::scalar::{ORDER, accumulate, add, negate, reduce, reduce_wide};
use sigwarp_kernels::simd::emulated::EmulatedU64x8;
use sigwarp_kernels::simd::portable::U64x1;
use sigwarp_kernels::simd::{Doubles, MAX_LANES, Token};

/// Scalars of an input, at most: the last vectors of a list are not full.
const MOST: usize = 37;

/// See the module.
pub fn scalars(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = check(&mut u);
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    match u.arbitrary::<u8>()? % 4 {
        0 => reductions(u),
        1 => half_size(u).map(drop),
        2 => endomorphism(u),
        _ => match u.arbitrary::<u8>()? % 3 {
            0 => divisions::<K1Order>(u),
            1 => divisions::<R1Order>(u),
            _ => divisions::<Sm2Order>(u),
        },
    }
}

fn big(words: &[u64]) -> BigUint {
    words.iter().rev().fold(BigUint::ZERO, |sum, word| (sum << 64u32) + *word)
}

/// The low words of an integer.
fn words<const N: usize>(value: &BigUint) -> [u64; N] {
    let mut out = [0; N];
    out.iter_mut().zip(value.iter_u64_digits()).for_each(|(word, digit)| *word = digit);
    out
}

/// An integer below 2^bits, near an edge more often than not: of words, of a multiple or a fraction of the modulus, a
/// run of ones, or one digit in every window.
fn integer(u: &mut Unstructured<'_>, bits: u32, modulus: &BigUint) -> Result<BigUint> {
    let power = |exponent: u32| BigUint::from(1u32) << exponent;
    let spare = bits.saturating_sub(modulus.bits() as u32);
    let value = match u.arbitrary::<u8>()? % 7 {
        0 => BigUint::ZERO,
        1 => power(u.int_in_range(0..=bits - 1)?),
        2 => (modulus * u.int_in_range(1..=9u32)?) << u.int_in_range(0..=spare)?,
        3 => modulus / u.int_in_range(1..=300u32)?,
        4 => (power(u.int_in_range(0..=bits)?) - 1u32) << u.int_in_range(0..=bits - 1)?,
        5 => {
            let width = u.int_in_range(2..=13u32)?;
            let digit = match u.arbitrary::<u8>()? % 4 {
                0 => power(width - 1),
                1 => power(width - 1) - 1u32,
                2 => power(width) - 1u32,
                _ => BigUint::from(u.arbitrary::<u16>()?) % power(width),
            };
            (0..bits.div_ceil(width)).fold(BigUint::ZERO, |sum, _| (sum << width) + &digit)
        }
        _ => BigUint::from_bytes_le(u.bytes((bits as usize / 8).min(u.len()))?),
    };
    let near = value + power(bits) + u.int_in_range(0..=4u32)? - 2u32;
    Ok(near % power(bits))
}

fn reductions(u: &mut Unstructured<'_>) -> Result<()> {
    let order = big(&ORDER);
    let wide: [u64; 8] = words(&integer(u, 512, &order)?);
    assert_eq!(big(&reduce_wide(&wide)), big(&wide) % &order, "{wide:x?} reduced");
    let (a, b): ([u64; 4], [u64; 4]) = (words(&integer(u, 256, &order)?), words(&integer(u, 256, &order)?));
    let reduced = reduce(&a);
    assert_eq!(big(&reduced), big(&a) % &order, "{a:x?} reduced");
    assert_eq!(big(&negate(&reduced)), (&order - big(&reduced)) % &order, "{reduced:x?} negated");
    assert_eq!(big(&add(a, b)), (big(&a) + big(&b)) % (BigUint::from(1u32) << 256u32), "{a:x?} + {b:x?}");

    let factor: [u64; 3] = words(&integer(u, 192, &order)?);
    assert_eq!(big(&half::multiply(&factor, &a)), big(&factor) * big(&a) % &order, "{factor:x?} · {a:x?}");
    let (mut sum, mut expected) = ([0; 8], BigUint::ZERO);
    for _ in 0..u.int_in_range(0..=9)? {
        let (z, x): ([u64; 2], [u64; 4]) =
            (words(&integer(u, 128, &order)?), words(&integer(u, 255, &order)?));
        accumulate(&mut sum, &z, &x);
        expected += big(&z) * big(&x);
        assert_eq!(big(&sum), expected, "{z:x?} · {x:x?} added");
    }

    // Both halves of a multiple of B, in the windows that the ladders read.
    let base = reduce(&b);
    for (half, offset) in [[base[0], base[1]], [base[2], base[3]]].iter().zip(offset_bases(base)) {
        assert_eq!(signed(&offset, 11, 12), Some(BigInt::from(big(half))), "windows of {base:x?}");
    }
    Ok(())
}

/// The integer that `count` windows stand for, each less half a window; `None` where the topmost, which takes what is
/// left above it, has no entry in a table.
fn signed(offset: &[u64], width: u32, count: u32) -> Option<BigInt> {
    let value = big(offset);
    let window = |index: u32| -> BigUint { &value >> (width * index) };
    let mask = (BigUint::from(1u32) << width) - 1u32;
    let below: BigInt =
        (0..count - 1).map(|i| (BigInt::from(window(i) & &mask) - (1 << (width - 1))) << (width * i)).sum();
    let top = window(count - 1);
    (top <= mask).then(|| below + ((BigInt::from(top) - (1 << (width - 1))) << (width * (count - 1))))
}

/// |u|, |v| and whether u·v is negative, or `None` without a pair.
type Pair = Option<([u64; 3], [u64; 3], bool)>;

/// The pairs of all scalars, `N` vectors side by side, which must be the same whatever the vector.
fn pairs<V: Doubles, const N: usize>(scalars: &[[u64; 4]]) -> Option<Vec<Pair>> {
    let token = sigwarp_kernels::simd::testing::detect::<V::Token>()?;
    let mut vectors = vec![[[0; MAX_LANES]; 4]; scalars.len().div_ceil(V::LANES).next_multiple_of(N)];
    for (i, k) in scalars.iter().enumerate() {
        for (word, value) in vectors[i / V::LANES].iter_mut().zip(k) {
            word[i % V::LANES] = *value;
        }
    }
    let mut out = Vec::new();
    for group in vectors.as_chunks::<N>().0 {
        for found in token.vectorize(Halve::<V, N> { scalars: group.each_ref(), vector: PhantomData }) {
            for lane in 0..V::LANES {
                let of = |words: &Words| [words[0][lane], words[1][lane], words[2][lane]];
                let (u, v) = (of(&found.u), of(&found.v));
                assert!(found.bits <= HALF_BITS, "{} bits", found.bits);
                for half in [u, v] {
                    assert!(
                        big(&half).bits() <= found.bits as u64,
                        "{half:x?} has more than {} bits",
                        found.bits
                    );
                    windows_in_use(half, found.bits);
                }
                let is_found = found.found >> lane & 1 == 1;
                assert!(is_found || (u, v) == ([0; 3], [0; 3]), "a lane without a pair is 0");
                out.push(is_found.then_some((u, v, found.negative >> lane & 1 == 1)));
            }
        }
    }
    out.truncate(scalars.len());
    Some(out)
}

/// No digit stands above the windows that a ladder looks at.
fn windows_in_use(half: [u64; 3], bits: usize) {
    let offset = offset_half(half);
    let digits = (HALF_BITS / 4 + 1) as u32;
    assert_eq!(signed(&offset, 4, digits), Some(BigInt::from(big(&half))), "windows of {half:x?}");
    for index in windows(bits) as u32..digits {
        let window: BigUint = (big(&offset) >> (4 * index)) & BigUint::from(15u32);
        assert_eq!(window, BigUint::from(8u32), "{half:x?} of {bits} bits has a digit in window {index}");
    }
}

fn half_size(u: &mut Unstructured<'_>) -> Result<Vec<Pair>> {
    let order = big(&ORDER);
    let count = u.int_in_range(1..=MOST)?;
    let mut scalars: Vec<[u64; 4]> = Vec::new();
    while scalars.len() < count {
        let k = integer(u, 253, &order)?;
        let copies = if u.ratio(1, 8)? { 9 } else { 1 };
        scalars.extend(std::iter::repeat_n(words::<4>(&k), copies));
    }
    let expected = pairs::<U64x1, 1>(&scalars).expect("portable runs everywhere");
    let order8 = BigInt::from(order << 3u32);
    for (k, pair) in scalars.iter().zip(&expected) {
        let Some((u, v, negative)) = pair else { continue };
        let v = BigInt::from_biguint(if *negative { Sign::Minus } else { Sign::Plus }, big(v));
        assert!(u[0] & 1 == 1, "u of {k:x?} is even");
        let difference = BigInt::from(big(u)) * BigInt::from(big(k)) - v;
        assert_eq!(difference % &order8, BigInt::ZERO, "the pair of {k:x?}");
    }
    let same = |name: &str, found: Option<Vec<Pair>>| {
        assert!(found.is_none_or(|found| found == expected), "{name} finds other pairs of {scalars:x?}");
    };
    same("portable, three side by side", pairs::<U64x1, 3>(&scalars));
    same("emulated", pairs::<EmulatedU64x8, 1>(&scalars));
    same("emulated, four side by side", pairs::<EmulatedU64x8, 4>(&scalars));
    #[cfg(target_arch = "x86_64")]
    {
        use sigwarp_kernels::simd::{avx2, avx512ifma};
        same("avx2", pairs::<avx2::U64x4, 1>(&scalars));
        same("avx2, four side by side", pairs::<avx2::U64x4, 4>(&scalars));
        same("avx512", pairs::<avx512ifma::U64x8, 1>(&scalars));
        same("avx512, four side by side", pairs::<avx512ifma::U64x8, 4>(&scalars));
    }
    Ok(expected)
}

/// λ of secp256k1, a cube root of 1 modulo n, as libsecp256k1 has it.
const LAMBDA: [u64; 4] =
    [0xdf02_967c_1b23_bd72, 0x122e_22ea_2081_6678, 0xa526_1c02_8812_645a, 0x5363_ad4c_c05c_30e0];

fn endomorphism(u: &mut Unstructured<'_>) -> Result<()> {
    let n = big(&K1Order::WORDS);
    let lambda = BigInt::from(big(&LAMBDA));
    let holds = |[k1, k2]: [BigInt; 2], k: &BigUint| {
        (k1 + k2 * &lambda - BigInt::from(k.clone())) % BigInt::from(n.clone()) == BigInt::ZERO
    };
    for _ in 0..u.int_in_range(1..=9)? {
        let k = integer(u, 256, &n)? % &n;
        let of: [u64; 4] = words(&k);
        let short = glv::magnitudes(&of).map(|(magnitude, negative)| {
            assert!(big(&magnitude).bits() <= 128, "a half of {of:x?} is long");
            BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, big(&magnitude))
        });
        assert!(holds(short, &k), "the short halves of {of:x?}");
        let odd = Secp256k1::halves(&of).map(|half| {
            // Two's complement of 192 bits.
            let value = BigInt::from(big(&half));
            let value = if half[2] >> 63 == 1 { value - (BigInt::from(1) << 192u32) } else { value };
            assert!(value.bit(0) && value.bits() <= 130, "an odd half of {of:x?}");
            value
        });
        assert!(holds(odd, &k), "the odd halves of {of:x?}");
    }
    Ok(())
}

fn divisions<M: Modulus>(u: &mut Unstructured<'_>) -> Result<()> {
    let n = big(&M::WORDS);
    let mut triples = Vec::new();
    for _ in 0..u.int_in_range(1..=MOST)? {
        let e = words(&integer(u, 256, &n)?);
        let r = words(&integer(u, 256, &n)?);
        let s = integer(u, 256, &n)?;
        let s = if (&s % &n) == BigUint::ZERO { BigUint::from(1u32) } else { s };
        triples.push(Triple { e, r, s: words(&s) });
        if u.is_empty() {
            break;
        }
    }
    let expected: Vec<[[u64; 4]; 2]> = triples
        .iter()
        .map(|triple| {
            let inverse = big(&triple.s).modpow(&(&n - 2u32), &n);
            [triple.e, triple.r].map(|numerator| words(&(big(&numerator) * &inverse % &n)))
        })
        .collect();
    divided::<General, M>(&triples, &expected);
    divided::<Ifma<EmulatedU64x8>, M>(&triples, &expected);
    divided::<Fma<EmulatedU64x8>, M>(&triples, &expected);
    #[cfg(target_arch = "x86_64")]
    {
        divided::<Fma<sigwarp_kernels::simd::avx2::U64x4>, M>(&triples, &expected);
        divided::<Ifma<sigwarp_kernels::simd::avx512ifma::U64x8>, M>(&triples, &expected);
    }
    Ok(())
}

fn divided<S: Family, M: Modulus>(triples: &[Triple], expected: &[[[u64; 4]; 2]]) {
    let Some(token) = sigwarp_kernels::simd::testing::detect::<S::Token>() else { return };
    let found = quotients::<M, S>(token, triples);
    assert_eq!(found, expected, "{} modulo {:x?}: {triples:x?}", std::any::type_name::<S>(), M::WORDS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;

    /// Scalars without pairs are as much a part of the contract as those with one.
    #[test]
    fn seeds_reach_every_part_and_scalars_with_and_without_pairs() {
        let mut parts = [0; 4];
        let (mut found, mut none) = (0, 0);
        for seed in seeds::of("scalars") {
            let mut u = Unstructured::new(&seed);
            let part: u8 = u.arbitrary().expect("a byte");
            parts[usize::from(part % 4)] += 1;
            if let Ok(pairs) = half_size(&mut u) {
                found += pairs.iter().flatten().count();
                none += pairs.iter().filter(|pair| pair.is_none()).count();
            }
        }
        assert!(parts.iter().all(|&count| count > 20), "{parts:?}");
        assert!(found > 500 && none > 20, "{found} with a pair, {none} without");
    }

    /// A window beyond the table is told from the topmost one that is in it.
    #[test]
    fn windows_beyond_a_table_are_seen() {
        assert_eq!(signed(&[0x88], 4, 2), Some(BigInt::ZERO));
        assert_eq!(signed(&[0xf0], 4, 2), Some(BigInt::from(7 * 16 - 8)));
        assert_eq!(signed(&[0x1_00], 4, 2), None);
    }
}
