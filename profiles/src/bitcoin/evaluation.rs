//! The evaluation of one input, in rounds.
//!
//! A script goes on by whether signatures hold, and the engine verifies many at once. So an evaluation is optimistic:
//! a signature that was not verified yet is taken to hold and its check is queued. When the answers are there, an input
//! whose guesses were all right has its verdict; any other runs again, with the answers known, and queues what it comes
//! to newly. What has been asked is asked once, so every round that an input runs in has learned an answer. A script of
//! no witness or of version 0 has at most 201 checks; a leaf ends at its first signature that does not hold, so it runs
//! twice at most.

use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Reason, Suite};

use super::flags::Flags;
use super::script::{Element, ScriptError, verify};
use super::sighash::{Code, Digest, Hashes, Signed, Spent};
use super::table::Table;
use super::taproot::Control;
use super::wire::{Input, Transaction};
use crate::batch::{Answers, Round};
use crate::work::{CheckId, Piece, Work};
use crate::{Part, Role, Signature, Verdict};

/// What a check is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// OP_CHECKSIG and its kind, and the key hash of a witness.
    CheckSig,
    /// A pair that OP_CHECKMULTISIG has tried.
    MultiSig,
    /// A signature of a leaf.
    Leaf,
    /// A signature of the key of an output of taproot.
    Key,
}

impl Kind {
    /// The role of such a signature, with its place among those of its input.
    const fn role(self, place: usize) -> Role {
        let name = match self {
            Self::CheckSig => "checksig",
            Self::MultiSig => "multisig",
            Self::Leaf => "tap-script",
            Self::Key => "tap-key",
        };
        Role::nth(name, place)
    }
}

/// Under which suite a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    /// ECDSA, where the encoding of BIP 66 was required.
    Strict,
    /// ECDSA with what OpenSSL once took.
    Lax,
    Schnorr,
    Commitment,
}

impl Rule {
    const fn suite(self) -> Suite {
        let encoding = match self {
            Self::Strict => EcdsaEncoding::DerBip66,
            Self::Lax => EcdsaEncoding::DerLax,
            Self::Schnorr => return Suite::bip340(),
            Self::Commitment => return Suite::bip341_commitment(),
        };
        Suite::ecdsa(EcdsaScheme::Secp256k1, EcdsaRule::Any, encoding)
    }
}

/// A check by what it is of: the rule, the place of the digest, key and signature.
type Asked<'a> = (Rule, usize, Element<'a>, Element<'a>);

/// A check, and its answer.
#[derive(Debug)]
struct Check {
    id: CheckId,
    /// Whether it holds; `None` as long as nobody knows.
    holds: Option<bool>,
}

/// A signature that the last run came to.
#[derive(Debug)]
enum Step<'a> {
    Asked(Kind, usize),
    /// The key is none, so that there is nothing to ask.
    Decided(Kind, Element<'a>, Rule, Reason),
}

/// What is known of an input.
#[derive(Debug, Default)]
pub(super) struct State<'a> {
    checks: Table<Asked<'a>, Check>,
    digests: Table<Digest, Piece<'a>>,
    steps: Vec<Step<'a>>,
    /// What the last run came to, on its guesses; `None` before the first.
    result: Option<Result<(), ScriptError>>,
    /// Whether the last run has guessed.
    guessed: bool,
}

/// The leaf that a script is of.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) hash: [u8; 32],
    /// The position of the last executed OP_CODESEPARATOR, counted in opcodes; 2^32 - 1 without one.
    pub(super) code_separator: u32,
    /// What is left for signatures.
    pub(super) budget: i64,
}

/// What the inputs of a transaction share.
pub(super) struct Shared<'e, 'a> {
    pub(super) transaction: &'e Transaction<'a>,
    pub(super) spent: &'e Spent<'a>,
    pub(super) hashes: &'e mut Hashes<'a>,
    pub(super) flags: Flags,
}

/// A run of the scripts of an input.
pub(super) struct Evaluation<'e, 'a> {
    pub(super) transaction: &'e Transaction<'a>,
    pub(super) flags: Flags,
    /// SHA-256 of the annex with its length.
    pub(super) annex: Option<[u8; 32]>,
    index: usize,
    /// The amount of the output spent.
    value: i64,
    spent: &'e Spent<'a>,
    hashes: &'e mut Hashes<'a>,
    state: &'e mut State<'a>,
    work: &'e mut Work<'a>,
}

impl<'a> State<'a> {
    /// Runs the scripts of an input, whose output spent is known.
    pub(super) fn run(&mut self, index: usize, shared: &mut Shared<'_, 'a>, work: &mut Work<'a>) {
        let Some(output) = shared.spent.get(index) else { return };
        self.steps.clear();
        self.guessed = false;
        let mut evaluation = Evaluation {
            transaction: shared.transaction,
            flags: shared.flags,
            annex: None,
            index,
            value: output.value,
            spent: shared.spent,
            hashes: shared.hashes,
            state: self,
            work,
        };
        let result = verify(output.script, &mut evaluation);
        self.result = Some(result);
    }

    /// Takes the answers in, and runs again where one is not what was guessed. Returns whether there is something to
    /// wait for.
    pub(super) fn resume(
        &mut self,
        index: usize,
        shared: &mut Shared<'_, 'a>,
        round: &mut Round<'_, 'a>,
    ) -> bool {
        if !self.guessed {
            return false;
        }
        let mut as_guessed = true;
        for check in self.checks.values_mut().filter(|check| check.holds.is_none()) {
            check.holds = round.verdict(check.id).map(|verdict| verdict.is_valid());
            as_guessed &= check.holds == Some(true);
        }
        match as_guessed {
            true => self.guessed = false,
            false => self.run(index, shared, round.work),
        }
        self.guessed
    }

    /// The report of the input. An answer that it still waits for has not come: it must not be valid then.
    pub(super) fn fold(&self, index: usize, open: Option<crate::Cause>, answers: &Answers<'_>) -> Part {
        let signatures = self.steps.iter().enumerate().map(|(place, step)| match step {
            Step::Asked(kind, check) => {
                let (_, check) = self.checks.get(*check);
                answers.signature(kind.role(place), check.id)
            }
            Step::Decided(kind, key, rule, reason) => {
                Signature::decided(kind.role(place), Some(rule.suite()), key, Verdict::invalid(*reason))
            }
        });
        let verdict = match (open, self.result) {
            (Some(cause), _) => Verdict::undecided(cause),
            (None, Some(Ok(()))) if !self.guessed => Verdict::Valid,
            (None, Some(Err(error))) if !self.guessed => Verdict::invalid(error),
            _ => Verdict::undecided(super::Fault::NotAnswered),
        };
        Part { role: Role::nth("input", index), verdict, signatures: signatures.collect() }
    }
}

impl<'e, 'a> Evaluation<'e, 'a> {
    pub(super) fn input(&self) -> &'e Input<'a> {
        &self.transaction.inputs[self.index]
    }

    pub(super) fn witness(&self) -> &'e [&'a [u8]] {
        self.transaction.witness(&self.transaction.inputs[self.index])
    }

    /// Whether a signature with its hash type holds: ECDSA, where an empty one and a key of no form hold nothing.
    pub(super) fn ecdsa(
        &mut self,
        kind: Kind,
        signature: &Element<'a>,
        key: &Element<'a>,
        code: &Code<'a>,
    ) -> bool {
        let Some((&hash_type, _)) = signature.split_last() else { return false };
        let rule = match self.flags.any(Flags::DERSIG | Flags::LOW_S | Flags::STRICTENC) {
            true => Rule::Strict,
            false => Rule::Lax,
        };
        let reason = match (key.len(), key.first()) {
            (33, Some(2 | 3)) | (65, Some(4 | 6 | 7)) => None,
            (33 | 65, _) => Some(Reason::BadKeyEncoding),
            _ => Some(Reason::BadKeyLength),
        };
        if let Some(reason) = reason {
            self.state.steps.push(Step::Decided(kind, key.clone(), rule, reason));
            return false;
        }
        let name = Digest::of_code(code, hash_type.into());
        let digest = self.state.digests.find(&name).unwrap_or_else(|| {
            let signed = (self.value, hash_type.into());
            let digest = self.hashes.ecdsa(self.transaction, self.index, code, signed, self.work);
            self.state.digests.add(name, digest)
        });
        let signature = match signature {
            Element::Borrowed(bytes) => Element::Borrowed(&bytes[..bytes.len() - 1]),
            Element::Owned(bytes) => Element::Owned(bytes[..bytes.len() - 1].to_vec()),
        };
        let check = self.ask((rule, digest, key.clone(), signature));
        self.state.steps.push(Step::Asked(kind, check));
        self.answer(check)
    }

    /// That a signature of taproot holds.
    pub(super) fn schnorr(
        &mut self,
        signature: &Element<'a>,
        key: &Element<'a>,
        leaf: Option<&Leaf>,
    ) -> Result<(), ScriptError> {
        let part = |range: std::ops::Range<usize>| match signature {
            Element::Borrowed(bytes) => Element::Borrowed(&bytes[range]),
            Element::Owned(bytes) => Element::Owned(bytes[range].to_vec()),
        };
        let (bytes, hash_type) = match signature.len() {
            64 => (part(0..64), 0),
            65 if signature[64] != 0 => (part(0..64), signature[64]),
            65 => return Err(ScriptError::SCHNORR_SIG_HASHTYPE),
            _ => return Err(ScriptError::SCHNORR_SIG_SIZE),
        };
        let name = Digest::of_taproot(hash_type, leaf.map(|leaf| leaf.code_separator));
        let digest = match self.state.digests.find(&name) {
            Some(digest) => digest,
            None => {
                let (transaction, spent) = (self.transaction, self.spent);
                let signed = Signed { hash_type, annex: self.annex.as_ref(), leaf };
                let digest = self.hashes.taproot(transaction, spent, self.index, &signed, self.work);
                self.state.digests.add(name, digest.ok_or(ScriptError::SCHNORR_SIG_HASHTYPE)?)
            }
        };
        let kind = if leaf.is_some() { Kind::Leaf } else { Kind::Key };
        let check = self.ask((Rule::Schnorr, digest, key.clone(), bytes));
        self.state.steps.push(Step::Asked(kind, check));
        if self.answer(check) { Ok(()) } else { Err(ScriptError::SCHNORR_SIG) }
    }

    /// Whether the key of an output commits to a leaf: Q = P + tG.
    pub(super) fn commits(&mut self, control: &Control<'a>, leaf: &[u8; 32], output: &'a [u8]) -> bool {
        let digest = self.state.digests.find(&Digest::Tweak).unwrap_or_else(|| {
            let tweak = self.work.own(&control.tweak(leaf));
            self.state.digests.add(Digest::Tweak, tweak)
        });
        let committed = Element::Owned([&[control.parity], output].concat());
        let check = self.ask((Rule::Commitment, digest, Element::Borrowed(control.key), committed));
        self.answer(check)
    }

    /// The place of a check, which is queued where it was not asked before.
    fn ask(&mut self, asked: Asked<'a>) -> usize {
        self.state.checks.find(&asked).unwrap_or_else(|| {
            let (rule, digest, key, signature) = &asked;
            let digest = self.state.digests.get(*digest).1;
            let [key, signature] = [key, signature].map(|bytes| match bytes {
                Element::Borrowed(bytes) => Piece::from(*bytes),
                Element::Owned(bytes) => self.work.own(bytes),
            });
            let id = self.work.verify(&rule.suite(), key, digest, signature);
            self.state.checks.add(asked, Check { id, holds: None })
        })
    }

    /// Whether a check holds, where that is known, and that it does where not.
    fn answer(&mut self, check: usize) -> bool {
        let holds = self.state.checks.get(check).1.holds;
        self.state.guessed |= holds.is_none();
        holds.unwrap_or(true)
    }
}
