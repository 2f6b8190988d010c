//! The cells of a row, before anything is resolved.

use std::borrow::Cow;

/// The cells of a row as files hold them. An absent cell and a null are the same.
///
/// The names of the fields are the names of the columns in every format; other columns are ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// A name for the row, repeated with its verdict.
    pub id: Option<&'a str>,
    /// The scheme, by its name.
    pub scheme: Option<&'a str>,
    /// The rule, by its name; wins over a default rule.
    pub rule: Option<&'a str>,
    /// The encoding of the signature, by its name; absent means `raw`.
    pub encoding: Option<&'a str>,
    /// The signer's user ID, for `sm2-sm3`.
    pub user_id: Option<&'a [u8]>,
    /// The context, for `ed25519ctx` and `ed25519ph`.
    pub context: Option<&'a [u8]>,
    /// The public key.
    pub public_key: Option<&'a [u8]>,
    /// The 0-based row of the public key in the keys file, instead of `public_key`.
    pub key_index: Option<u64>,
    /// The message, for schemes that hash it.
    pub message: Option<&'a [u8]>,
    /// The digest, for schemes that take one.
    pub digest: Option<&'a [u8]>,
    /// The signature.
    pub signature: Option<&'a [u8]>,
    /// The recovery id of an ECDSA signature whose encoding has none.
    pub recovery_id: Option<u8>,
    /// Whether the signature is known to be valid.
    pub expected: Expected<'a>,
}

/// What a row says about its own verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expected<'a> {
    /// Nothing.
    #[default]
    Unknown,
    /// Whether it is valid under the row's rule.
    Valid(bool),
    /// Whether it is valid, by rule. Parquet has no form for this.
    ByRule(&'a [(Cow<'a, str>, bool)]),
}

impl Expected<'_> {
    /// What is expected under `rule`.
    pub(crate) fn under(self, rule: &str) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Valid(valid) => Some(valid),
            Self::ByRule(rules) => rules.iter().find(|(name, _)| name == rule).map(|&(_, valid)| valid),
        }
    }
}

impl Row<'_> {
    /// The bytes of its cells, which `max_row_bytes` bounds.
    pub(crate) fn bytes(&self) -> usize {
        let text = [self.id, self.scheme, self.rule, self.encoding];
        let bytes = [self.user_id, self.context, self.public_key, self.message, self.digest, self.signature];
        text.iter().flatten().map(|cell| cell.len()).sum::<usize>()
            + bytes.iter().flatten().map(|cell| cell.len()).sum::<usize>()
    }
}
