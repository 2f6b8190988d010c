//! Work: what the records of a batch ask of the engine, collected while they are parsed.
//!
//! A profile describes hashes and checks; it computes none of them. A hash is named by a [`HashId`] before its digest
//! is known, so that a message, or the input of another hash, can be made of digests: the driver hashes in rounds,
//! all hashes of a round in one call for each function.

use std::collections::HashMap;
use std::ops::Range;

use sigwarp::{EcdsaRule, Hash, Suite};

/// A hash of the work that it was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashId(pub(crate) usize);

/// A signature check of the work that it was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckId(pub(crate) usize);

/// A key recovery of the work that it was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryId(pub(crate) usize);

/// A piece of a message: bytes of the record, bytes that [`Work::own`] keeps, or a digest that is not known yet.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a>(pub(crate) Source<'a>);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    Record(&'a [u8]),
    Owned { start: usize, length: usize },
    Digest(HashId),
}

impl<'a> From<&'a [u8]> for Piece<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Source::Record(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Piece<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self(Source::Record(bytes))
    }
}

impl From<HashId> for Piece<'_> {
    fn from(hash: HashId) -> Self {
        Self(Source::Digest(hash))
    }
}

/// A hash of concatenated pieces.
#[derive(Debug)]
pub(crate) struct HashEntry {
    pub(crate) hash: Hash,
    pub(crate) pieces: Range<usize>,
    /// 0 where no piece is a digest, otherwise one more than the highest round of those.
    pub(crate) round: usize,
    /// Where its digest stands among the digests of the work.
    pub(crate) at: usize,
}

/// A signature to be verified.
#[derive(Debug)]
pub(crate) struct CheckEntry<'a> {
    pub(crate) suite: usize,
    pub(crate) key: Piece<'a>,
    pub(crate) message: Piece<'a>,
    pub(crate) signature: Piece<'a>,
}

/// A secp256k1 key to be recovered.
#[derive(Debug)]
pub(crate) struct RecoveryEntry<'a> {
    pub(crate) rule: EcdsaRule,
    pub(crate) digest: Piece<'a>,
    pub(crate) signature: Piece<'a>,
    pub(crate) id: u8,
}

/// Suites, each once. There may be as many as records, where a suite has a user id or a context.
#[derive(Debug, Default)]
pub(crate) struct SuiteTable {
    suites: Vec<Suite>,
    places: HashMap<Suite, usize>,
    /// The place that was asked for last: most records have the suite of the one before.
    last: usize,
}

impl SuiteTable {
    /// The place of a suite, which is added where it is new.
    pub(crate) fn place_of(&mut self, suite: &Suite) -> usize {
        if self.suites.get(self.last) != Some(suite) {
            self.last = self.places.get(suite).copied().unwrap_or_else(|| {
                self.suites.push(suite.clone());
                self.places.insert(suite.clone(), self.suites.len() - 1);
                self.suites.len() - 1
            });
        }
        self.last
    }

    /// The suites, by their places.
    pub(crate) fn as_slice(&self) -> &[Suite] {
        &self.suites
    }
}

/// Hashes, signature checks and key recoveries of many records.
#[derive(Debug, Default)]
pub struct Work<'a> {
    pub(crate) owned: Vec<u8>,
    pub(crate) pieces: Vec<Piece<'a>>,
    pub(crate) hashes: Vec<HashEntry>,
    /// The bytes that the digests of [`Self::hashes`] take.
    pub(crate) digest_bytes: usize,
    pub(crate) suites: SuiteTable,
    pub(crate) checks: Vec<CheckEntry<'a>>,
    /// The checks that [`Self::verify_once`] has made.
    once: HashMap<Asked<'a>, CheckId>,
    pub(crate) recoveries: Vec<RecoveryEntry<'a>>,
}

/// A check by its bytes: the place of the suite, key, message and signature.
type Asked<'a> = (usize, [&'a [u8]; 3]);

/// How much work there was, so that what a refused record asked for can be taken back.
pub(crate) struct Mark {
    owned: usize,
    pieces: usize,
    hashes: usize,
    digest_bytes: usize,
    checks: usize,
    once: usize,
    recoveries: usize,
}

impl<'a> Work<'a> {
    /// Keeps a copy of bytes that are not part of the record: a new header, a prefix, a padded integer. What a record
    /// makes here must be bounded by its own length.
    pub fn own(&mut self, bytes: &[u8]) -> Piece<'a> {
        let start = self.owned.len();
        self.owned.extend_from_slice(bytes);
        Piece(Source::Owned { start, length: bytes.len() })
    }

    /// As [`Self::own`], of several slices one after another: a message that is signed without being hashed first.
    pub fn own_all<'b>(&mut self, slices: impl IntoIterator<Item = &'b [u8]>) -> Piece<'a> {
        let start = self.owned.len();
        slices.into_iter().for_each(|bytes| self.owned.extend_from_slice(bytes));
        Piece(Source::Owned { start, length: self.owned.len() - start })
    }

    /// The part of a piece between two offsets in bytes, which are moved into it where they are outside. Of a digest,
    /// which is not known yet, it is the whole.
    pub fn part(piece: Piece<'a>, part: Range<usize>) -> Piece<'a> {
        let inside = |length: usize| part.start.min(length)..part.end.clamp(part.start.min(length), length);
        Piece(match piece.0 {
            Source::Record(bytes) => Source::Record(&bytes[inside(bytes.len())]),
            Source::Owned { start, length } => {
                let inside = inside(length);
                Source::Owned { start: start + inside.start, length: inside.len() }
            }
            digest @ Source::Digest(_) => digest,
        })
    }

    /// The hash of these pieces, one after another.
    pub fn hash(&mut self, hash: Hash, pieces: &[Piece<'a>]) -> HashId {
        let round_of = |piece: &Piece<'_>| match piece.0 {
            Source::Digest(HashId(id)) => self.hashes[id].round + 1,
            _ => 0,
        };
        let round = pieces.iter().map(round_of).max().unwrap_or(0);
        let first = self.pieces.len();
        self.pieces.extend_from_slice(pieces);
        let pieces = first..self.pieces.len();
        self.hashes.push(HashEntry { hash, pieces, round, at: self.digest_bytes });
        self.digest_bytes += hash.digest_length();
        HashId(self.hashes.len() - 1)
    }

    /// The check of a signature under a suite. The message is a message or a digest as [`sigwarp::Scheme::input`] of
    /// the suite says. Keys and signatures of wrong lengths become verdicts.
    pub fn verify(
        &mut self,
        suite: &Suite,
        key: impl Into<Piece<'a>>,
        message: impl Into<Piece<'a>>,
        signature: impl Into<Piece<'a>>,
    ) -> CheckId {
        let suite = self.suites.place_of(suite);
        let (key, message, signature) = (key.into(), message.into(), signature.into());
        self.checks.push(CheckEntry { suite, key, message, signature });
        CheckId(self.checks.len() - 1)
    }

    /// As [`Self::verify`], once in a batch for the same bytes: a certificate that comes with many records.
    pub fn verify_once(
        &mut self,
        suite: &Suite,
        key: &'a [u8],
        message: &'a [u8],
        signature: &'a [u8],
    ) -> CheckId {
        let asked = (self.suites.place_of(suite), [key, message, signature]);
        if let Some(&id) = self.once.get(&asked) {
            return id;
        }
        let id = self.verify(suite, key, message, signature);
        self.once.insert(asked, id);
        id
    }

    /// The recovery of the secp256k1 key, and of its Ethereum address, from a digest, r ‖ s of 64 bytes and a
    /// recovery id of 0 to 3, as [`sigwarp::recover`] says it.
    pub fn recover(
        &mut self,
        rule: EcdsaRule,
        digest: impl Into<Piece<'a>>,
        signature: impl Into<Piece<'a>>,
        id: u8,
    ) -> RecoveryId {
        let (digest, signature) = (digest.into(), signature.into());
        self.recoveries.push(RecoveryEntry { rule, digest, signature, id });
        RecoveryId(self.recoveries.len() - 1)
    }

    /// The signatures that are to be checked, by verification or recovery.
    pub fn signatures(&self) -> usize {
        self.checks.len() + self.recoveries.len()
    }

    /// How much was asked for.
    pub(crate) fn size(&self) -> usize {
        self.hashes.len() + self.signatures()
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            owned: self.owned.len(),
            pieces: self.pieces.len(),
            hashes: self.hashes.len(),
            digest_bytes: self.digest_bytes,
            checks: self.checks.len(),
            once: self.once.len(),
            recoveries: self.recoveries.len(),
        }
    }

    /// Takes back what was added since `mark`. Suites stay: they are few.
    pub(crate) fn rewind(&mut self, mark: &Mark) {
        self.owned.truncate(mark.owned);
        self.pieces.truncate(mark.pieces);
        self.hashes.truncate(mark.hashes);
        self.digest_bytes = mark.digest_bytes;
        self.checks.truncate(mark.checks);
        if self.once.len() > mark.once {
            self.once.retain(|_, id| id.0 < mark.checks);
        }
        self.recoveries.truncate(mark.recoveries);
    }

    /// The bytes of a piece; a digest must be of a round that is done.
    pub(crate) fn resolve<'s>(&'s self, piece: &Piece<'s>, digests: &'s [u8]) -> &'s [u8] {
        match piece.0 {
            Source::Record(bytes) => bytes,
            Source::Owned { start, length } => &self.owned[start..start + length],
            Source::Digest(HashId(id)) => {
                let HashEntry { hash, at, .. } = self.hashes[id];
                &digests[at..at + hash.digest_length()]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_piece_lies_inside_it() {
        let mut work = Work::default();
        let record = Piece::from(&[1, 2, 3, 4][..]);
        let owned = work.own(&[1, 2, 3, 4]);
        for piece in [record, owned] {
            for (part, expected) in [
                (1..3, &[2, 3][..]),
                (0..9, &[1, 2, 3, 4]),
                (4..4, &[]),
                (7..9, &[]),
                (Range { start: 3, end: 1 }, &[]),
            ] {
                assert_eq!(work.resolve(&Work::part(piece, part), &[]), expected);
            }
        }
    }

    #[test]
    fn what_was_taken_back_is_asked_for_again() {
        let (suite, mut work) = (Suite::bip340(), Work::default());
        let ask = |work: &mut Work<'static>, signature| work.verify_once(&suite, &[1], &[2], signature);
        let first = ask(&mut work, &[3]);
        let mark = work.mark();
        assert_eq!(ask(&mut work, &[3]), first);
        ask(&mut work, &[4]);
        work.rewind(&mark);
        assert_eq!(ask(&mut work, &[3]), first);
        let other = ask(&mut work, &[5]);
        assert_ne!(ask(&mut work, &[4]), other);
        assert_eq!(work.signatures(), 3);
    }
}
