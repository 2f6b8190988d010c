//! Witnesses: an invocation script that pushes signatures, and a verification script that takes them.
//!
//! | | one key | m of n keys | a signature |
//! |---|---|---|---|
//! | legacy | `21 key AC` | `m (21 key)… n AE` | `40 signature` |
//! | N3 | `0C 21 key 41 56E7B327` | `m (0C 21 key)… n 41 9ED0DC3A` | `0C 40 signature` |
//!
//! m and n are one opcode up to 16 (51 to 60 in legacy, 11 to 20 in N3) and a number of one or two bytes behind 01 or
//! 02 (00 or 01 in N3). Every other script is one for the virtual machine.

use std::ops::RangeInclusive;

use ripemd::{Digest, Ripemd160};
use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Hash, Reason, Suite};

use super::Fault;
use super::wire::Wire;
use crate::batch::Answers;
use crate::profile::Decided;
use crate::work::{CheckId, HashId, Work};
use crate::{Cause, Reader, Role, Signature, Verdict};

/// What signatures are reported under: SHA-256 of what is signed, which is hashed once for all of them.
pub(super) const SUITE: Suite = Suite::ecdsa(EcdsaScheme::P256Sha256, EcdsaRule::Any, EcdsaEncoding::Raw);
/// What the engine is asked under.
const OF_DIGESTS: Suite = Suite::ecdsa(EcdsaScheme::P256, EcdsaRule::Any, EcdsaEncoding::Raw);

/// The bytes of a key and of a signature.
const KEY: usize = 33;
const SIGNATURE: usize = 64;

/// The most keys of a script (`IsMultiSigContract`).
const MAX_KEYS: usize = 1024;

/// The most pairs of a signature and a key that are checked for one witness: 32 of 63 keys, or 21 of 68. It bounds what
/// a byte of a record asks for; committees have 21 members.
const MAX_PAIRS: usize = 1024;

/// The scripts of a version of NEO.
pub(super) struct Dialect {
    /// The opcode that pushes a byte string, before its length.
    push: &'static [u8],
    /// The opcodes that push 1 to 16.
    small: RangeInclusive<u8>,
    /// The opcodes that push a number of one byte and of two.
    large: [u8; 2],
    check: &'static [u8],
    check_multi: &'static [u8],
    /// The most bytes of a script in a witness.
    pub(super) most: usize,
}

/// Opcodes of the virtual machine of NEO 2: CHECKSIG and CHECKMULTISIG.
pub(super) const LEGACY: Dialect = Dialect {
    push: &[],
    small: 0x51..=0x60,
    large: [1, 2],
    check: &[0xac],
    check_multi: &[0xae],
    most: 65536,
};

/// SYSCALL of System.Crypto.CheckSig and System.Crypto.CheckMultisig.
pub(super) const N3: Dialect = Dialect {
    push: &[0x0c],
    small: 0x11..=0x20,
    large: [0, 1],
    check: &[0x41, 0x56, 0xe7, 0xb3, 0x27],
    check_multi: &[0x41, 0x9e, 0xd0, 0xdc, 0x3a],
    most: 1024,
};

/// A verification script that is no program.
enum Script<'a> {
    Single(&'a [u8]),
    /// The signatures that are needed, and the keys.
    Multi(usize, Vec<&'a [u8]>),
}

impl Dialect {
    fn script<'a>(&self, script: &'a [u8]) -> Option<Script<'a>> {
        let mut reader = Reader::new(script);
        if let Some(key) = self.push(&mut reader, KEY) {
            return (reader.rest() == self.check).then_some(Script::Single(key));
        }
        let needed = self.number(&mut reader)?;
        let mut keys = Vec::new();
        while let Some(key) = self.push(&mut reader, KEY) {
            keys.push(key);
        }
        let is_fine = self.number(&mut reader)? == keys.len() && reader.rest() == self.check_multi;
        let in_range = keys.len() <= MAX_KEYS && (1..=keys.len()).contains(&needed);
        (is_fine && in_range).then_some(Script::Multi(needed, keys))
    }

    /// The signatures of an invocation script that does nothing else.
    fn signatures<'a>(&self, script: &'a [u8]) -> Option<Vec<&'a [u8]>> {
        let mut reader = Reader::new(script);
        let mut signatures = Vec::new();
        while !reader.is_empty() {
            signatures.push(self.push(&mut reader, SIGNATURE)?);
        }
        Some(signatures)
    }

    /// The push of a byte string of this length, if it is next; otherwise what is next stays so.
    fn push<'a>(&self, reader: &mut Reader<'a>, length: usize) -> Option<&'a [u8]> {
        let mut ahead = *reader;
        let is_push = ahead.take(self.push.len())? == self.push && usize::from(ahead.byte()?) == length;
        let bytes = ahead.take(length).filter(|_| is_push)?;
        *reader = ahead;
        Some(bytes)
    }

    /// A number from 1 on. What the machine takes for a negative one, with its highest bit set, is none.
    fn number(&self, reader: &mut Reader<'_>) -> Option<usize> {
        let number = match reader.byte()? {
            opcode if self.small.contains(&opcode) => u16::from(opcode - self.small.start() + 1),
            opcode if opcode == self.large[0] => u16::from(reader.byte().filter(|byte| *byte < 0x80)?),
            opcode if opcode == self.large[1] => u16::from_le_bytes(reader.array()?),
            _ => return None,
        };
        (1..0x8000).contains(&number).then_some(number.into())
    }
}

/// A witness that waits for answers.
#[derive(Debug)]
pub(super) struct Witness<'a> {
    /// SHA-256 of the verification script, and the account that it must be of.
    account: Option<(HashId, &'a [u8; 20])>,
    outcome: Outcome<'a>,
}

#[derive(Debug)]
enum Outcome<'a> {
    /// It depends on what is not looked at here.
    Open(Fault),
    Failed(Fault),
    Single(CheckId, &'a [u8]),
    Multi(Multi<'a>),
}

/// Signatures and keys in the order of their scripts. Signature i can be of the keys i to i + n - m: its checks stand at
/// i (n - m + 1) and behind.
#[derive(Debug)]
struct Multi<'a> {
    needed: usize,
    keys: Vec<&'a [u8]>,
    checks: Vec<CheckId>,
}

/// Reads a witness: the invocation script, then the verification script.
pub(super) fn read<'a>(wire: &mut Wire<'a>, dialect: &Dialect) -> Result<[&'a [u8]; 2], Decided> {
    Ok([wire.bytes(dialect.most)?, wire.bytes(dialect.most)?])
}

impl<'a> Witness<'a> {
    /// Asks for the signatures of a witness over a digest.
    pub(super) fn of(
        [invocation, verification]: [&'a [u8]; 2],
        dialect: &Dialect,
        account: Option<&'a [u8; 20]>,
        digest: HashId,
        work: &mut Work<'a>,
    ) -> Self {
        // Without a script the account is a contract that is deployed, whose hash is not of these bytes.
        let account = account.filter(|_| !verification.is_empty());
        let account = account.map(|account| (work.hash(Hash::Sha256, &[verification.into()]), account));
        let scripts = dialect.script(verification).zip(dialect.signatures(invocation));
        let outcome = scripts.map_or(Outcome::Open(Fault::Script), |(script, signatures)| {
            Outcome::of(script, &signatures, digest, work)
        });
        Self { account, outcome }
    }

    /// Its signatures, each with a role made of this one, and whether it holds.
    pub(super) fn fold(self, role: Role, answers: &Answers<'_>, signatures: &mut Vec<Signature>) -> Verdict {
        if let Some((hash, account)) = self.account
            && Ripemd160::digest(answers.digest(hash))[..] != account[..]
        {
            return Verdict::invalid(Fault::ScriptHashMismatch);
        }
        let of = |role, verdict, key| Signature::decided(role, Some(SUITE), key, Verdict::from(verdict));
        match self.outcome {
            Outcome::Open(fault) => Verdict::undecided(fault),
            Outcome::Failed(fault) => Verdict::invalid(fault),
            Outcome::Single(check, key) => {
                let verdict = answers.verdict(check);
                signatures.push(of(role, verdict, key));
                verdict.into()
            }
            Outcome::Multi(multi) => {
                let (pairs, verdict) = multi.decide(|check| answers.verdict(check));
                signatures.extend(pairs.into_iter().map(|(signature, key, verdict)| {
                    // The header has one witness, whose signatures need no second place.
                    let role = match role.index() {
                        Some(_) => role.part(signature),
                        None => Role::nth(role.name(), signature),
                    };
                    of(role.key(key), verdict, multi.keys[key])
                }));
                verdict
            }
        }
    }
}

impl<'a> Outcome<'a> {
    fn of(script: Script<'a>, signatures: &[&'a [u8]], digest: HashId, work: &mut Work<'a>) -> Self {
        let needed = match script {
            Script::Single(_) => 1,
            Script::Multi(needed, _) => needed,
        };
        match signatures.len() {
            // The stack has fewer elements than the opcode takes.
            fewer if fewer < needed => return Self::Failed(Fault::SignatureCount),
            // What is left on the stack decides.
            more if more > needed => return Self::Open(Fault::SignatureCount),
            _ => {}
        }
        let mut check = |key: &'a [u8], signature: &'a [u8]| work.verify(&OF_DIGESTS, key, digest, signature);
        match script {
            Script::Single(key) => Self::Single(check(key, signatures[0]), key),
            Script::Multi(needed, keys) => {
                let slack = keys.len() - needed + 1;
                if needed * slack > MAX_PAIRS {
                    return Self::Open(Fault::TooManySignatures);
                }
                let pairs = signatures.iter().zip(keys.windows(slack));
                let checks = pairs.flat_map(|(signature, keys)| {
                    keys.iter().map(|key| check(key, signature)).collect::<Vec<_>>()
                });
                let checks = checks.collect();
                Self::Multi(Multi { needed, keys, checks })
            }
        }
    }
}

/// Whether the machine faults when it comes to the key, instead of going on with the next.
const fn is_of_key(verdict: sigwarp::Verdict) -> bool {
    matches!(
        verdict,
        sigwarp::Verdict::Invalid(Reason::BadKeyLength | Reason::BadKeyEncoding | Reason::KeyNotOnCurve)
    )
}

/// A signature, a key, and whether they fit.
type Pair = (usize, usize, sigwarp::Verdict);

impl Multi<'_> {
    fn pair(&self, signature: usize, key: usize) -> CheckId {
        self.checks[signature * (self.keys.len() - self.needed + 1) + (key - signature)]
    }

    /// The rule of CHECKMULTISIG: a signature that does not fit a key is tried with the next one, until there are fewer
    /// keys than signatures left. Keys and signatures are taken from a stack, so it begins with the last ones.
    ///
    /// From either end the same signatures fit, so that only a key that is no point makes a difference: the machine must
    /// come to it to fault. What is listed are the pairs that fit or, where they are too few, those that were tried from
    /// the front.
    fn decide(&self, answer: impl Fn(CheckId) -> sigwarp::Verdict) -> (Vec<Pair>, Verdict) {
        let (needed, total) = (self.needed, self.keys.len());
        let (from_end, as_machine) =
            self.walk(&answer, |signature, key| (needed - 1 - signature, total - 1 - key));
        if as_machine.is_valid() {
            let mut fit: Vec<Pair> =
                from_end.into_iter().filter(|(.., verdict)| verdict.is_valid()).collect();
            fit.reverse();
            return (fit, as_machine);
        }
        match self.walk(&answer, |signature, key| (signature, key)) {
            (_, Verdict::Valid) => (from_end, as_machine),
            from_front => from_front,
        }
    }

    fn walk(
        &self,
        answer: impl Fn(CheckId) -> sigwarp::Verdict,
        at: impl Fn(usize, usize) -> (usize, usize),
    ) -> (Vec<Pair>, Verdict) {
        let (mut signature, mut key) = (0, 0);
        let mut tried = Vec::new();
        while signature < self.needed {
            if self.needed - signature > self.keys.len() - key {
                return (tried, Verdict::invalid(Fault::MultiSignature));
            }
            let pair = at(signature, key);
            let verdict = answer(self.pair(pair.0, pair.1));
            tried.push((pair.0, pair.1, verdict));
            if is_of_key(verdict) {
                let cause = Verdict::from(verdict).cause().unwrap_or(Cause::from(Fault::MultiSignature));
                return (tried, Verdict::Invalid(cause));
            }
            signature += usize::from(verdict.is_valid());
            key += 1;
        }
        (tried, Verdict::Valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict on m of n where these pairs fit and these keys are no points, and the pairs that are listed.
    fn decide(
        needed: usize,
        total: usize,
        fit: &[(usize, usize)],
        bad: &[usize],
    ) -> (Verdict, Vec<(usize, usize)>) {
        let slack = total - needed + 1;
        let checks = (0..needed * slack).map(CheckId).collect();
        let multi = Multi { needed, keys: vec![&[]; total], checks };
        let (pairs, verdict) = multi.decide(|CheckId(at)| {
            let (signature, key) = (at / slack, at / slack + at % slack);
            match bad.contains(&key) {
                true => sigwarp::Verdict::Invalid(Reason::KeyNotOnCurve),
                false if fit.contains(&(signature, key)) => sigwarp::Verdict::Valid,
                false => sigwarp::Verdict::Invalid(Reason::EquationFailed),
            }
        });
        (verdict, pairs.into_iter().map(|(signature, key, _)| (signature, key)).collect())
    }

    #[test]
    fn signatures_fit_keys_in_order() {
        let failed = Verdict::invalid(Fault::MultiSignature);
        assert_eq!(decide(2, 4, &[(0, 1), (1, 3)], &[]), (Verdict::Valid, vec![(0, 1), (1, 3)]));
        assert_eq!(decide(2, 3, &[(0, 2), (1, 1)], &[]), (failed, vec![(0, 0), (0, 1)]));
        assert_eq!(decide(2, 4, &[(0, 0)], &[]), (failed, vec![(0, 0), (1, 1), (1, 2), (1, 3)]));
        assert_eq!(decide(1, 1, &[(0, 0)], &[]).0, Verdict::Valid);
    }

    #[test]
    fn a_key_that_is_no_point_matters_where_the_machine_comes_to_it() {
        let fault = Verdict::invalid(Reason::KeyNotOnCurve);
        // The machine begins with the last key.
        assert_eq!(decide(1, 2, &[(0, 1)], &[0]), (Verdict::Valid, vec![(0, 1)]));
        assert_eq!(decide(1, 2, &[(0, 0)], &[1]), (fault, vec![(0, 1)]));
        assert_eq!(decide(1, 3, &[(0, 0)], &[1]), (fault, vec![(0, 2), (0, 1)]));
        assert_eq!(decide(2, 4, &[(0, 0), (1, 3)], &[2]), (fault, vec![(0, 0), (1, 1), (1, 2)]));
    }

    #[test]
    fn numbers_of_keys_have_several_forms() {
        let script = |dialect: &Dialect, m: &[u8], n: &[u8], keys: usize| {
            let push = [dialect.push, &[33], &[2; 33]].concat();
            let script = [m, &push.repeat(keys), n, dialect.check_multi].concat();
            match dialect.script(&script) {
                Some(Script::Multi(needed, keys)) => Some((needed, keys.len())),
                _ => None,
            }
        };
        assert_eq!(script(&N3, &[0x12], &[0x13], 3), Some((2, 3)));
        assert_eq!(script(&LEGACY, &[0x52], &[0x53], 3), Some((2, 3)));
        assert_eq!(script(&N3, &[0, 11], &[0, 21], 21), Some((11, 21)));
        assert_eq!(script(&LEGACY, &[1, 11], &[2, 21, 0], 21), Some((11, 21)));
        assert_eq!(script(&N3, &[1, 129, 0], &[1, 200, 0], 200), Some((129, 200)));
        // A byte with its highest bit set is a negative number.
        assert_eq!(script(&N3, &[0, 129], &[1, 200, 0], 200), None);
        assert_eq!(script(&N3, &[0x12], &[0x13], 2), None);
        assert_eq!(script(&N3, &[0x13], &[0x12], 2), None);
        assert_eq!(script(&N3, &[0x10], &[0x12], 2), None);
        assert_eq!(script(&LEGACY, &[1, 0], &[0x52], 2), None);
        assert_eq!(script(&N3, &[0x11], &[1, 1, 4], 1025), None);
        assert_eq!(script(&N3, &[0x11], &[1, 0, 4], 1024), Some((1, 1024)));
    }
}
