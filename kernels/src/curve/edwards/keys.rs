//! Which encodings are points, for items whose verdict needs nothing else of the key.

use super::equation::{decode_all, lanes_of, set_lane, words_of};
use crate::field::FieldLanes;
use crate::simd::{MAX_LANES, Vector};

/// For each encoding, whether it decodes to a point of the curve. Encodings of p or more and a signed x = 0 decode.
pub fn on_curve<F: FieldLanes>(token: F::Token, encodings: &[[u8; 32]]) -> Vec<bool> {
    let lanes = F::Vector::LANES;
    let vectors = encodings.len().div_ceil(lanes);
    let mut words = vec![[[0; MAX_LANES]; 4]; vectors];
    for (i, encoding) in encodings.iter().enumerate() {
        set_lane(&mut words[i / lanes], i % lanes, words_of(encoding));
    }
    let mut on_curve = vec![false; encodings.len()];
    for (vector, (_, mask)) in decode_all::<F>(token, &words).into_iter().enumerate() {
        for i in lanes_of(vector, lanes, encodings.len()) {
            on_curve[i] = mask >> (i % lanes) & 1 == 1;
        }
    }
    on_curve
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::testing::{Fields, FieldsTest, on_every_instruction_set};
    use crate::simd::testing;
    use curve25519_dalek::edwards::CompressedEdwardsY;

    fn check<F: FieldLanes>() {
        let Some(token) = testing::detect::<F::Token>() else { return };
        for count in 0..40 {
            let encodings: Vec<[u8; 32]> = (0..count)
                .map(|i| {
                    let mut y = [0; 32];
                    y[0] = i as u8;
                    y[31] = (i as u8) << 7;
                    y
                })
                .collect();
            let expected: Vec<bool> =
                encodings.iter().map(|y| CompressedEdwardsY(*y).decompress().is_some()).collect();
            assert_eq!(on_curve::<F>(token, &encodings), expected, "{count} encodings");
        }
    }

    struct Counts;

    impl FieldsTest for Counts {
        fn run<S: Fields>(&mut self) {
            check::<S::Edwards>();
        }
    }

    #[test]
    fn points_are_told_from_other_encodings_at_every_count() {
        on_every_instruction_set(&mut Counts);
    }
}
