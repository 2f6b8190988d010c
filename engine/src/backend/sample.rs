//! Items to measure backends with: valid signatures, each under a key of its own.
//!
//! Items under few keys measure what equal keys share: a linear combination adds up the coefficients of a key, and needs
//! one point of it. Traffic whose keys are new, which is the case that a device is for, has none of that.
//!
//! Key and nonce of item i are the scalars i + 1 and i + 2, so that the public points are small multiples of the base
//! point B, each an addition from the one before. They are nobody's keys. What verifying costs does not depend on
//! them: the challenge is a digest, and s is as long as any.

use sha2::{Digest, Sha512};
use sigwarp_tables::ed25519::BASE_MULTIPLES;

use crate::batch::{Batch, Key, Message};
use crate::suite::Suite;
use sigwarp_kernels::curve::edwards::{AffineNiels, Extended, decode::encode};
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::field::{FieldLanes, Limbs, ONE, invert_all};
use sigwarp_kernels::scalar::{accumulate, reduce_wide};
use sigwarp_kernels::simd::portable::Portable;
use sigwarp_kernels::simd::{Token, Vector};

/// `items` valid items of Ed25519, every one under another key, with another R and another message, under a rule that
/// linear combinations serve.
pub(crate) fn signed_ed25519(items: usize) -> Batch {
    let suite = Suite::ed25519(crate::Ed25519Rule::Zip215);
    let points = multiples_of_base(items + 1);
    let mut batch = Batch::new();
    for (item, pair) in points.windows(2).enumerate() {
        let (key, r, message) = (&pair[0], &pair[1], (item as u64).to_le_bytes());
        let digest = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
        let mut challenge = [0; 8];
        for (word, bytes) in challenge.iter_mut().zip(digest.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        // s = nonce + k·(secret key), modulo L.
        let secret = item as u64 + 1;
        let mut s = [0; 8];
        s[0] = secret + 1;
        accumulate(&mut s, &[secret, 0], &reduce_wide(&challenge));
        let mut signature = [0; 64];
        let (first, second) = signature.split_at_mut(32);
        first.copy_from_slice(r);
        second.copy_from_slice(&bytes_of(reduce_wide(&s)));
        batch.push(&suite, Key::Bytes(key), Message::Raw(&message), &signature);
    }
    batch
}

/// The encodings of B, 2B, 3B and so on.
fn multiples_of_base(count: usize) -> Vec<[u8; 32]> {
    type F = Radix51Portable;
    let token = Portable::detect().expect("portable code runs on every machine");
    let element = |limbs: Limbs| F::splat(token, &limbs);
    // Entry 1 of the table, in two rows: y + x, y − x and 2dxy of B.
    let (low, high) = (&BASE_MULTIPLES.0[2], &BASE_MULTIPLES.0[3]);
    let base = AffineNiels {
        y_plus_x: element([low[0], low[1], low[2], low[3], low[4]]),
        y_minus_x: element([low[5], low[6], low[7], high[0], high[1]]),
        xy2d: element([high[2], high[3], high[4], high[5], high[6]]),
    };
    let one = element(ONE);
    // The neutral element.
    let mut sum = Extended { y_plus_x: one, y_minus_x: one, z: one, t: element([0; 5]) };
    let (mut points, mut inverses) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for _ in 0..count {
        let next = sum.add_affine(base);
        let point = next.to_projective();
        inverses.push(point.z);
        points.push(point);
        sum = next.to_extended();
    }
    let mut scratch = inverses.clone();
    invert_all(&mut inverses, &mut scratch);
    let affine = points.into_iter().zip(inverses).map(|(point, inverse)| {
        let words = encode(point.x.mul(inverse), point.y.mul(inverse));
        bytes_of(words.map(|word| word.to_array()[0]))
    });
    affine.collect()
}

fn bytes_of(words: [u64; 4]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *chunk = word.to_le_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::num::NonZeroUsize;

    use super::*;
    use crate::backend::{BackendKind, Threads, Workers, cpu};
    use crate::plan::Plan;
    use crate::policy::{Costs, PathChoice, Paths};
    use crate::verdict::{Slots, Verdict};

    /// From RFC 8032: the base point is 4/5 with an even x.
    #[test]
    fn the_first_point_is_the_base_point() {
        let points = multiples_of_base(3);
        assert_eq!(points[0][0], 0x58);
        assert!(points[0][1..].iter().all(|byte| *byte == 0x66));
        assert_eq!(multiples_of_base(0), Vec::<[u8; 32]>::new());
    }

    #[test]
    fn every_item_is_valid_under_a_key_of_its_own() {
        let batch = signed_ed25519(200);
        let view = batch.view().expect("a batch");
        assert_eq!(view.len(), 200);
        let keys: HashSet<&[u8]> = (0..200).map(|item| view.item(item).key).collect();
        let signatures: HashSet<&[u8]> = (0..200).map(|item| &view.item(item).signature[..32]).collect();
        assert_eq!((keys.len(), signatures.len()), (200, 200));
        let workers = Workers::start(&Threads::Count(NonZeroUsize::MIN)).expect("a thread");
        let backend =
            cpu::start(BackendKind::Portable, workers).expect("portable code runs on every machine");
        let costs = Costs::counted(backend.shape().lanes);
        for choice in [PathChoice::Lanes, PathChoice::Combination] {
            let slots = Slots::new(view.len());
            let plan = Plan::new(&view, backend.shape(), Paths { costs, choice }, |_| true);
            backend.verify(&view, &plan, &slots).expect("verdicts");
            assert!((0..view.len()).all(|item| slots.peek(item) == Some(Verdict::Valid)), "{choice:?}");
        }
    }
}
