//! The variants of Ed25519 (RFC 8032 section 5.1): what stands before R ‖ A ‖ M in a challenge, and what M is.
//!
//! Ed25519ctx and Ed25519ph put dom2(F, C) = "SigEd25519 no Ed25519 collisions" ‖ F ‖ length of C ‖ C there (section 2), with
//! F = 0 and 1, and C the context that signer and verifier agree on. Ed25519ph signs SHA-512(M). Everything else, points and
//! scalars and what a rule says of them, is that of Ed25519.

use sigwarp_kernels::hash::{self, Algorithm, Extension, Slices};
use sigwarp_kernels::simd::Token;

/// A variant, with its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant<'a> {
    /// Ed25519.
    Pure,
    /// Ed25519ctx.
    Context(&'a [u8]),
    /// Ed25519ph.
    Prehashed(&'a [u8]),
}

/// The longest context, whose length is one byte of dom2.
pub(crate) const LONGEST_CONTEXT: usize = 255;

impl Variant<'_> {
    /// What stands before R in a challenge.
    pub(crate) fn domain(self) -> Vec<u8> {
        let (flag, context) = match self {
            Self::Pure => return Vec::new(),
            Self::Context(context) => (0, context),
            Self::Prehashed(context) => (1, context),
        };
        let length = u8::try_from(context.len()).expect("a suite's context is short enough");
        [b"SigEd25519 no Ed25519 collisions", &[flag, length][..], context].concat()
    }

    /// SHA-512 of each message, where that is what is signed.
    pub(crate) fn digests<T: Token>(self, token: T, messages: &[&[u8]]) -> Option<Vec<[u8; 64]>> {
        let Self::Prehashed(_) = self else { return None };
        let mut digests = vec![[0; 64]; messages.len()];
        hash::digest_all(
            token,
            Extension::of::<T>(),
            Algorithm::Sha512,
            &Slices(messages),
            digests.as_flattened_mut(),
            &mut Vec::new(),
        );
        Some(digests)
    }

    /// What the coefficients of a linear combination are derived under, besides their transcript: a name for each
    /// variant and rule.
    pub(super) fn label(self, rule: &str) -> String {
        match self {
            Self::Pure => rule.to_owned(),
            Self::Context(_) => format!("ctx {rule}"),
            Self::Prehashed(_) => format!("ph {rule}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ed25519Rule;
    use crate::schemes::combination::coefficients::LABEL;

    #[test]
    fn domains_are_those_of_the_standard() {
        assert_eq!(Variant::Pure.domain(), b"");
        assert_eq!(Variant::Context(b"foo").domain(), b"SigEd25519 no Ed25519 collisions\x00\x03foo");
        assert_eq!(Variant::Prehashed(b"").domain(), b"SigEd25519 no Ed25519 collisions\x01\x00");
        let longest = [7; LONGEST_CONTEXT];
        assert_eq!(Variant::Prehashed(&longest).domain()[32..35], [1, 255, 7]);
    }

    #[test]
    fn labels_differ_and_fit() {
        let mut labels = Vec::new();
        for rule in Ed25519Rule::NAMES {
            for variant in [Variant::Pure, Variant::Context(b"c"), Variant::Prehashed(b"c")] {
                labels.push(variant.label(rule));
            }
        }
        assert!(labels.iter().all(|label| label.len() <= LABEL));
        let count = labels.len();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), count);
    }
}
