//! From the cells of a row to an item of a block.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use sha3::Keccak256;
use sigwarp::{EcdsaEncoding, Key, Message, MessageInput, Prehash, Scheme, Suite, SuiteNames, SuiteResolver};

use crate::block::RowBlock;
use crate::error::RowError;
use crate::keys::KeyFile;
use crate::read::{KeyUse, ReadOptions};
use crate::row::{Expected, Row};

/// Resolves names and keys, and checks that a row has what its suite needs.
#[derive(Debug)]
pub(crate) struct Assembler {
    resolver: SuiteResolver,
    /// The scheme and the encoding of rows that name none.
    scheme: Option<Scheme>,
    encoding: Option<String>,
    keys: Option<Arc<KeyFile>>,
    key_use: KeyUse,
    max_row_bytes: usize,
    schemes: BTreeSet<Scheme>,
}

impl Assembler {
    pub(crate) fn new(options: &ReadOptions) -> Self {
        Self {
            resolver: SuiteResolver::new(options.rules.clone()),
            scheme: options.scheme,
            encoding: options.encoding.clone(),
            keys: options.keys.clone(),
            key_use: options.key_use,
            max_row_bytes: options.max_row_bytes,
            schemes: BTreeSet::new(),
        }
    }

    /// The schemes of the rows so far.
    pub(crate) fn schemes(&self) -> &BTreeSet<Scheme> {
        &self.schemes
    }

    /// Adds a row to a block, which stays as it was on an error.
    pub(crate) fn push(&mut self, row: &Row<'_>, block: &mut RowBlock) -> Result<(), RowError> {
        if row.bytes() > self.max_row_bytes {
            return Err(RowError::TooLarge { limit: self.max_row_bytes });
        }
        let scheme = row.scheme.or(self.scheme.map(Scheme::name));
        let scheme =
            scheme.ok_or(RowError::Missing { field: "scheme", needs: "one; add it, or --scheme for all" })?;
        let has =
            |encoding: &&str| Scheme::from_name(scheme).is_some_and(|of| of.encodings().contains(encoding));
        let encoding = row.encoding.or_else(|| self.encoding.as_deref().filter(has));
        let names =
            SuiteNames { scheme, rule: row.rule, encoding, user_id: row.user_id, context: row.context };
        let suite = self.resolver.resolve(names)?;
        let needs = suite.scheme().input();
        let (cell, other) = match needs {
            MessageInput::Raw => (row.message, row.digest),
            MessageInput::Digest => (row.digest, row.message),
        };
        let wrong_input = RowError::WrongInput { scheme: suite.scheme(), needs, other: other.is_some() };
        let input = cell.ok_or(wrong_input)?;
        let message = Message::of(needs, input);
        let key = match (row.public_key, row.key_index) {
            (Some(_), Some(_)) => return Err(RowError::TwoKeys),
            (Some(key), None) => key,
            (None, Some(index)) => {
                let keys = self.keys.as_ref().ok_or(RowError::NeedsKeys)?;
                keys.get(index).ok_or(RowError::KeyIndex { index, keys: keys.len() })?
            }
            (None, None) if self.key_use == KeyUse::Optional => &[],
            (None, None) => {
                return Err(RowError::Missing {
                    field: "public_key",
                    needs: "it, or a key_index into a keys file",
                });
            }
        };
        let signature = row.signature.ok_or(RowError::Missing { field: "signature", needs: "one" })?;
        check_recovery_id(suite, signature, row.recovery_id)?;
        check_expected(suite.scheme(), row.expected)?;
        if let (Some(message), Some(digest), MessageInput::Raw) = (row.message, row.digest, needs) {
            check_digest(suite, message, digest)?;
        }

        block.batch.push(suite, Key::Bytes(key), message, signature);
        block.expected.push(row.expected.under(suite.rule()));
        block.recovery_ids.push(row.recovery_id);
        block.push_id(row.id);
        self.schemes.insert(suite.scheme());
        Ok(())
    }
}

/// From here on a number in place of a recovery id is one of the forms that count from elsewhere.
const FIRST_V: u8 = 27;

/// A signature that ends with its recovery id, and a cell that says another: which is meant cannot be known. And a cell
/// that counts as Bitcoin and Ethereum do, which `raw-v` alone allows.
fn check_recovery_id(suite: &Suite, signature: &[u8], cell: Option<u8>) -> Result<(), RowError> {
    let Some(cell) = cell else { return Ok(()) };
    if suite.encoding() != EcdsaEncoding::RawV.name() {
        return match cell {
            FIRST_V.. => Err(RowError::RecoveryId { value: cell.into() }),
            _ => Ok(()),
        };
    }
    match *signature {
        // Ethereum counts from 27.
        [.., id] if signature.len() == 65 && id != cell && id != cell.wrapping_add(27) => {
            Err(RowError::TwoRecoveryIds { cell, signature: id })
        }
        _ => Ok(()),
    }
}

/// A misspelt rule among those that a row has an expectation for would be an expectation that is never looked at.
fn check_expected(scheme: Scheme, expected: Expected<'_>) -> Result<(), RowError> {
    let Expected::ByRule(rules) = expected else { return Ok(()) };
    let known = scheme.rules();
    match rules.iter().find(|(rule, _)| !known.contains(&rule.as_ref())) {
        None => Ok(()),
        Some((rule, _)) => Err(RowError::ExpectedRule { scheme, rule: rule.to_string() }),
    }
}

/// A message beside a digest of something else, where the scheme says what digest it takes.
fn check_digest(suite: &Suite, message: &[u8], digest: &[u8]) -> Result<(), RowError> {
    let Some(scheme) = suite.scheme().ecdsa() else { return Ok(()) };
    let Some(hash) = scheme.hash() else { return Ok(()) };
    let due: [u8; 32] = match hash {
        Prehash::Sha256 => Sha256::digest(message).into(),
        Prehash::Sha256d => Sha256::digest(Sha256::digest(message)).into(),
        Prehash::Keccak256 => Keccak256::digest(message).into(),
    };
    match digest == due {
        true => Ok(()),
        false => Err(RowError::TwoMessages { hash: hash.hash().name() }),
    }
}
