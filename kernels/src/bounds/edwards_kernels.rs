//! Every kernel of edwards25519, on ranges, in every representation.

use super::edwards::{Bound, canonical, twice, with};
use super::{Five, REPRESENTATIONS, Representation, with_comparisons};
use crate::curve::edwards::equation::{self, Code, Equation, Item};
use crate::curve::edwards::points::{BASE, Points};
use crate::curve::edwards::sliding::Sliding;
use crate::curve::edwards::{Affine, AffineNiels, Extended, Niels, Projective, comb, keys};
use crate::field::{EDWARDS_2D, FieldLanes};
use crate::multiscalar::{Terms, Workspace};
use crate::simd::emulated::{Emulated, EmulatedU64x8};
use crate::simd::{MAX_LANES, Token, Vector};

fn token() -> Emulated {
    Emulated::detect().expect("on every machine")
}

fn in_every_representation(what: impl Fn(Representation)) {
    for representation in REPRESENTATIONS {
        with_comparisons(|| with(representation, || what(representation)));
    }
}

#[track_caller]
fn assert_class(class: &Five, elements: &[Bound]) {
    for element in elements {
        for (limb, may) in element.0.iter().zip(class) {
            assert!(limb.within(*may), "{limb:?} is not within {may:?}");
        }
    }
}

/// Of tight coordinates, and of the widest factors that tables and sums give, every formula makes tight coordinates: so
/// they stay so after any number of formulas, in any order.
#[test]
fn formulas_keep_the_classes_that_they_are_given() {
    in_every_representation(|representation| {
        let none = EmulatedU64x8::mask(token(), 0);
        let whole = representation.whole();
        let tight = Bound(whole);
        let point = Projective { x: tight, y: tight, z: tight };
        // What a completed point becomes, joined with what tables hold, until nothing grows.
        let mut factor = tight;
        for round in 0.. {
            assert!(round < 10, "a fixed point");
            let d2 = Bound::splat(token(), &EDWARDS_2D);
            let extended = Extended { y_plus_x: factor, y_minus_x: factor, z: tight, t: tight };
            let niels = extended.to_niels(d2);
            assert_class(&whole, &[niels.t2d]);
            let mut completed = vec![point.double()];
            for q in [niels, niels.negate_where(none)] {
                completed.push(extended.add_niels(q));
                let Niels { y_plus_x, y_minus_x, t2d, .. } = q;
                completed.push(extended.add_affine(AffineNiels { y_plus_x, y_minus_x, xy2d: t2d }));
            }
            let mut next = factor;
            for completed in completed {
                let Projective { x, y, z } = completed.to_projective();
                assert_class(&whole, &[x, y, z]);
                let Extended { y_plus_x, y_minus_x, z, t } = completed.to_extended();
                assert_class(&whole, &[z, t]);
                for found in [y_plus_x, y_minus_x] {
                    next = Bound::select(none, next, found);
                }
            }
            if next.0 == factor.0 {
                break;
            }
            factor = next;
        }
    });
}

/// As many as make all forms of kernels run, for one vector and for several side by side.
const COUNT: usize = 7 * MAX_LANES + 1;

/// Any bytes, below 2^252.
fn bytes(i: usize) -> [u8; 32] {
    let mut out = [0; 32];
    for (place, byte) in out.iter_mut().enumerate().take(31) {
        *byte = (i * 31 + place * 7 + i * place) as u8;
    }
    out
}

struct Rows(Vec<[[u8; 32]; 3]>);

impl Rows {
    fn new() -> Self {
        Self((0..COUNT).map(|i| [bytes(3 * i), bytes(3 * i + 1), bytes(3 * i + 2)]).collect())
    }
    fn items(&self) -> Vec<Item<'_>> {
        self.0.iter().map(|[a, r, s]| Item { a, r, s, message: b"" }).collect()
    }
}

const EQUATIONS: [Equation<'static>; 2] = [
    Equation { cofactored: true, decode_r: true, domain: &[] },
    Equation { cofactored: false, decode_r: false, domain: &[] },
];

#[test]
fn ladders_stay_in_bounds() {
    let rows = Rows::new();
    let items = rows.items();
    in_every_representation(|_| {
        let coordinates =
            comb::decode_points::<Bound>(token(), &rows.0.iter().map(|row| row[0]).collect::<Vec<_>>());
        assert_eq!(coordinates.len(), COUNT);
        let a_point = [[u64::MAX >> 1; 4]; 2];
        let mut codes = vec![Code::EquationFailed; COUNT];
        for equation in EQUATIONS {
            equation::check::<Bound>(token(), equation, &items, &mut codes);
            equation::check_decoded::<Bound>(token(), equation, &items, &[&a_point; COUNT], &mut codes);
        }
        let key = Bound(canonical());
        let key = Affine { x: key, y: key };
        let scalar = [u64::MAX, u64::MAX, u64::MAX, (1 << 60) - 1];
        for (challenge, base) in [(scalar, scalar), ([0xaaaa_aaaa_aaaa_aaaa; 4].map(|w| w >> 1), scalar)] {
            token().vectorize(Sliding { key: &key, challenge: &challenge, base: &base });
        }
    });
}

#[test]
fn combs_stay_in_bounds() {
    let rows = Rows::new();
    let items = rows.items();
    in_every_representation(|_| {
        let pools = comb::Pools::default();
        let base = comb::base_table::<Bound>(token());
        for full in [true, false] {
            let tables =
                comb::build::<Bound>(token(), full, &[[[u64::MAX >> 1; 4]; 2]; MAX_LANES + 1], &pools);
            let known: Vec<comb::WithTable<'_, Bound>> = items
                .iter()
                .enumerate()
                .map(|(i, item)| comb::WithTable { item: *item, table: &tables[i % tables.len()] })
                .collect();
            let mut codes = vec![Code::EquationFailed; COUNT];
            for equation in EQUATIONS {
                comb::check(token(), equation, &base, &known, &mut codes);
            }
        }
    });
}

#[test]
fn linear_combinations_stay_in_bounds() {
    let rows = Rows::new();
    in_every_representation(|_| {
        let mut points = Points::<Bound>::new(token());
        let mut on_curve = Vec::new();
        let encodings: Vec<[u64; 8]> =
            (0..COUNT as u64).map(|i| [i, u64::MAX, i << 40, u64::MAX >> 1, 0, 0, 0, 0]).collect();
        let first = points.decode(token(), &encodings, &mut on_curve);
        points.append_multiples(token(), first, COUNT);
        let with: Vec<u32> = (0..COUNT as u32).map(|i| 2 * i + i % 2).collect();
        let sums = points.append_sums(token(), first, &with);
        let (mut small, mut large, mut plain) = (Terms::new(128), Terms::new(252), Terms::plain(128));
        for i in 0..3 * COUNT as u64 {
            let scalar = [1, 2, 3, 4].map(|place| (4 * i + place).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let entry = (first + i as u32) % points.len() as u32;
            small.push(entry, &[scalar[0], scalar[1], 0, 0]);
            large.push(BASE.max(entry), &[scalar[0], scalar[1], scalar[2], scalar[3] >> 12]);
            plain.push((sums + i as u32) % points.len() as u32, &[scalar[2], scalar[3], 0, 0]);
        }
        let mut workspace = Workspace::<Bound>::default();
        workspace.vanishes(token(), &points, &[&small, &large]);
        workspace.vanishes_by_bits(token(), &points, &plain, &[&large]);
        let known = equation::Decoded {
            items: &rows.items(),
            points: &points,
            keys: &[first; COUNT],
            first_r: first,
            challenges: &[[u64::MAX, u64::MAX, u64::MAX, 1 << 59]; COUNT],
        };
        let mut codes = vec![Code::EquationFailed; COUNT];
        let indices: Vec<u32> = (0..COUNT as u32).collect();
        for equation in EQUATIONS {
            equation::check_known(token(), equation, &known, &indices, &mut codes);
        }
        assert_eq!(keys::on_curve::<Bound>(token(), &[[1; 32]; 3]).len(), 3);
    });
}

/// The type is as strict as the representations.
#[test]
fn operands_out_of_their_class_panic() {
    fn panics<T>(representation: Representation, what: fn(Bound) -> T, with_words: &str) {
        let run = move || {
            with(representation, || {
                let _ = what(Bound(representation.whole()));
            });
        };
        let panic = std::panic::catch_unwind(run).expect_err(with_words);
        let words = panic.downcast_ref::<String>().map_or("", |words| words);
        assert!(words.contains(with_words), "{words}");
    }
    for representation in REPRESENTATIONS {
        panics(representation, |x| Bound::carry(x.mul_raised(x)), "the level of what is carried");
        panics(representation, |x| Bound::settle(x.mul_wide(x)), "the level of what is settled");
    }
    // A limb of the sum of two tight limbs may lie where its square leaves a binade, or where no integer is read.
    panics(Representation::Fma, |x| Bound(twice(&x.0)).square(), "a factor");
    panics(Representation::Fma, |x| Bound(twice(&x.0)).twice_raised(), "limbs to make integers");
    panics(Representation::Ifma, |x| x.negate().sub(x.negate()), "a subtrahend");
    let below_zero = |x: Bound| Bound::sub_raised(x.mul_wide(x), x.mul_wide(x));
    panics(Representation::Ifma, below_zero, "a column of a difference");
    panics(Representation::Portable, |x| x.add(x).add(x), "a summand");
    let sum_of_many = |x: Bound| {
        let four = Bound::add_wide(x.add(x).widen(), x.add(x).widen());
        Bound::settle(Bound::add_wide(x.twice_raised(), Bound::add_wide(four, four)))
    };
    panics(Representation::Portable, sum_of_many, "a factor");
}
