//! Batches: the items of one call, pushed one by one or borrowed as columns.

#[cfg(feature = "arrow")]
pub mod arrow;
mod column;
mod keys;
mod names;

pub use column::{Column, ColumnError, Span};
pub use keys::Keys;
pub use names::{DefaultRuleError, DefaultRules, SuiteNames, SuiteResolver};

use crate::keyring::{Generation, KeyId, Record};
use crate::suite::{MessageInput, Suite, SuiteTable};

/// The key of an item.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Key<'a> {
    /// An encoded public key. Wrong lengths and encodings become verdicts.
    Bytes(&'a [u8]),
    /// A key registered with the engine that verifies the batch ([`crate::Engine::register`]). One that is not
    /// registered there, or belongs to another scheme, is an error of the call.
    Id(KeyId),
}

/// What an item's signature signs.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// The message, for schemes that hash it.
    Raw(&'a [u8]),
    /// A digest, for schemes that take one. Longer digests than the group order are truncated to its bit
    /// length (SEC 1, section 4.1.4), shorter ones are used as they are.
    Digest(&'a [u8]),
}

impl<'a> Message<'a> {
    /// Bytes as an item carries them whose scheme takes this ([`Scheme::input`](crate::Scheme::input)): the message, or a
    /// digest of it.
    #[inline]
    pub const fn of(input: MessageInput, bytes: &'a [u8]) -> Self {
        match input {
            MessageInput::Raw => Self::Raw(bytes),
            MessageInput::Digest => Self::Digest(bytes),
        }
    }

    /// Whether it is a message or a digest.
    #[inline]
    pub(crate) const fn input(self) -> MessageInput {
        match self {
            Self::Raw(_) => MessageInput::Raw,
            Self::Digest(_) => MessageInput::Digest,
        }
    }

    #[inline]
    pub(crate) const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Raw(bytes) | Self::Digest(bytes) => bytes,
        }
    }
}

/// Items collected one by one; the bytes are copied into three arenas.
///
/// ```
/// use sigwarp::{Batch, Ed25519Rule, Key, Message, Suite};
///
/// let suite = Suite::ed25519(Ed25519Rule::Strict);
/// let mut batch = Batch::new();
/// batch.push(&suite, Key::Bytes(&[0; 32]), Message::Raw(b"hello"), &[0; 64]);
/// assert_eq!(batch.len(), 1);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Batch {
    suites: SuiteTable,
    suite_of: Vec<u32>,
    keys: Arena,
    /// The ids of the items, once there is one; until then empty.
    key_ids: Vec<Option<KeyId>>,
    messages: Arena,
    signatures: Arena,
    wrong_input: Option<WrongInput>,
}

/// An item whose message and suite do not fit: a digest where the suite hashes the message, or the reverse.
/// This is a fault of the caller, not of the signature, so it is an error of the call and not a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("item {item}: {suite} takes a {expected}", expected = .expected.name())]
pub struct WrongInput {
    /// The index of the item.
    pub item: usize,
    /// Its suite.
    pub suite: Suite,
    /// What the suite takes.
    pub expected: MessageInput,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item. Wrong lengths of keys and signatures become verdicts; a digest where the suite takes a
    /// message, or the reverse, becomes an error of the call that verifies the batch.
    #[inline]
    pub fn push(&mut self, suite: &Suite, key: Key<'_>, message: Message<'_>, signature: &[u8]) {
        self.extend(suite, core::iter::once((key, message, signature)));
    }

    /// Adds items of one suite, as [`Self::push`] does, a column at a time.
    pub(crate) fn extend<'i>(
        &mut self,
        suite: &Suite,
        items: impl Iterator<Item = (Key<'i>, Message<'i>, &'i [u8])> + Clone,
    ) {
        let expected = suite.scheme().input();
        let wrong = |message: Message<'_>| message.input() != expected;
        if self.wrong_input.is_none()
            && let Some(item) = items.clone().position(|(_, message, _)| wrong(message))
        {
            self.wrong_input = Some(WrongInput { item: self.len() + item, suite: suite.clone(), expected });
        }
        let id = |key| match key {
            Key::Id(id) => Some(id),
            Key::Bytes(_) => None,
        };
        if !self.key_ids.is_empty() || items.clone().any(|(key, ..)| id(key).is_some()) {
            self.key_ids.resize(self.len(), None);
            self.key_ids.extend(items.clone().map(|(key, ..)| id(key)));
        }
        self.keys.extend(items.clone().map(|(key, ..)| match key {
            Key::Bytes(bytes) => bytes,
            Key::Id(_) => &[],
        }));
        self.messages.extend(items.clone().map(|(_, message, _)| message.bytes()));
        let suite = self.suites.intern(suite, self.suite_of.last().copied());
        self.suite_of.extend(items.clone().map(|_| suite));
        self.signatures.extend(items.map(|(.., signature)| signature));
    }

    /// The number of items.
    #[inline]
    pub fn len(&self) -> usize {
        self.suite_of.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.suite_of.is_empty()
    }

    /// The number of bytes of keys, messages and signatures held.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.keys.bytes.len() + self.messages.bytes.len() + self.signatures.bytes.len()
    }

    /// Removes all items and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.suites.clear();
        self.suite_of.clear();
        self.keys.clear();
        self.key_ids.clear();
        self.messages.clear();
        self.signatures.clear();
        self.wrong_input = None;
    }

    /// The batch as borrowed columns, or the first item whose message does not fit its suite.
    pub fn view(&self) -> Result<BatchView<'_>, WrongInput> {
        if let Some(wrong) = &self.wrong_input {
            return Err(wrong.clone());
        }
        let keys = self.keys.column();
        // The two columns have a row per item: `mixed` finds nothing to refuse.
        let keys = match Keys::mixed(keys, &self.key_ids) {
            Ok(mixed) if !self.key_ids.is_empty() => mixed,
            _ => keys.into(),
        };
        Ok(BatchView {
            suites: Suites::PerItem { table: self.suites.as_slice(), index: &self.suite_of },
            keys,
            ring: None,
            messages: self.messages.column(),
            signatures: self.signatures.column(),
        })
    }
}

/// Byte strings one after another; string i ends at `ends[i + 1]`.
#[derive(Debug, Clone)]
pub(crate) struct Arena {
    bytes: Vec<u8>,
    ends: Vec<i64>,
}

impl Default for Arena {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: vec![0] }
    }
}

impl Arena {
    #[inline]
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(i64::try_from(self.bytes.len()).expect("a Vec holds at most i64::MAX bytes"));
    }

    pub(crate) fn extend<'b>(&mut self, strings: impl Iterator<Item = &'b [u8]> + Clone) {
        let length: usize = strings.clone().map(<[u8]>::len).sum();
        if length == 0 {
            let end = self.ends.last().copied().unwrap_or(0);
            return self.ends.extend(strings.map(|_| end));
        }
        self.bytes.reserve(length);
        self.ends.reserve(strings.size_hint().0);
        strings.for_each(|bytes| self.push(bytes));
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.truncate(1);
    }

    #[inline]
    pub(crate) fn column(&self) -> Column<'_> {
        Column::trusted_offsets(&self.bytes, &self.ends)
    }
}

/// The suites of a borrowed batch.
#[derive(Debug, Clone, Copy)]
pub enum Suites<'a> {
    /// One suite for all items.
    One(&'a Suite),
    /// Item i has the suite `table[index[i]]`.
    PerItem {
        /// Distinct suites.
        table: &'a [Suite],
        /// For each item, the index of its suite in `table`.
        index: &'a [u32],
    },
}

/// A batch that borrows the caller's columns; nothing is copied.
///
/// `messages` holds what each item's suite takes: the message, or the digest ([`crate::Scheme::input`]).
///
/// ```
/// use sigwarp::{BatchView, Column, Ed25519Rule, Suite, Suites};
///
/// let suite = Suite::ed25519(Ed25519Rule::Zip215);
/// let (keys, signatures) = ([0u8; 3 * 32], [0u8; 3 * 64]);
/// let messages: [&[u8]; 3] = [b"one", b"two", b""];
/// let batch = BatchView::new(
///     Suites::One(&suite),
///     Column::fixed(&keys, 32)?,
///     Column::slices(&messages),
///     Column::fixed(&signatures, 64)?,
/// )?;
/// assert_eq!(batch.len(), 3);
/// # Ok::<(), sigwarp::ColumnError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BatchView<'a> {
    suites: Suites<'a>,
    keys: Keys<'a>,
    /// The keys that are known, while an engine verifies.
    ring: Option<&'a Generation>,
    messages: Column<'a>,
    signatures: Column<'a>,
}

/// One item of a [`BatchView`].
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The suite it is judged under.
    pub suite: &'a Suite,
    /// The encoded public key; empty where the item names a registered one.
    pub key: &'a [u8],
    /// The message or the digest, as the suite takes it.
    pub message: &'a [u8],
    /// The encoded signature.
    pub signature: &'a [u8],
}

impl<'a> BatchView<'a> {
    /// A batch over the given columns, which must have the same number of rows.
    pub fn new(
        suites: Suites<'a>,
        keys: impl Into<Keys<'a>>,
        messages: Column<'a>,
        signatures: Column<'a>,
    ) -> Result<Self, ColumnError> {
        let keys = keys.into();
        let rows = keys.len();
        for (name, len) in [("messages", messages.len()), ("signatures", signatures.len())] {
            if len != rows {
                return Err(ColumnError::Rows { column: name, rows: len, expected: rows });
            }
        }
        if let Suites::PerItem { table, index } = suites {
            if index.len() != rows {
                return Err(ColumnError::Rows { column: "suites", rows: index.len(), expected: rows });
            }
            if let Some(row) = index.iter().position(|&suite| suite as usize >= table.len()) {
                return Err(ColumnError::Suite { row, index: index[row], suites: table.len() });
            }
        }
        Ok(Self { suites, keys, ring: None, messages, signatures })
    }

    /// The number of items.
    #[inline]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Item `item`.
    ///
    /// # Panics
    /// When `item` is not below [`Self::len`].
    #[inline]
    pub fn item(&self, item: usize) -> Item<'a> {
        self.resolve(item).0
    }

    /// Suite, key as it was given, message or digest, and signature of item `item`.
    #[inline]
    pub(crate) fn row(&self, item: usize) -> (&'a Suite, Key<'a>, &'a [u8], &'a [u8]) {
        let suite = &self.suite_table()[self.suite_index(item) as usize];
        (suite, self.keys.get(item), self.messages.get(item), self.signatures.get(item))
    }

    /// Item `item`, and what the ring knows of its key, while an engine verifies.
    #[inline]
    pub(crate) fn resolve(&self, item: usize) -> (Item<'a>, Option<&'a Record>) {
        let suite = &self.suite_table()[self.suite_index(item) as usize];
        let scheme = suite.scheme().keys();
        let (key, known): (&[u8], _) = match self.keys.get(item) {
            Key::Bytes(bytes) => (bytes, self.ring.and_then(|ring| ring.find(scheme, bytes))),
            Key::Id(id) => {
                let known = self.ring.and_then(|ring| ring.get_of(id, scheme));
                (known.map_or(&[], Record::bytes), known)
            }
        };
        (Item { suite, key, message: self.messages.get(item), signature: self.signatures.get(item) }, known)
    }

    /// The same batch, with the keys of `ring` known; or the first item that names a key which is not there.
    pub(crate) fn with_ring<'b>(&self, ring: &'b Generation) -> Result<BatchView<'b>, (usize, KeyId)>
    where
        'a: 'b,
    {
        if self.keys.has_ids() {
            for item in 0..self.len() {
                let suite = &self.suite_table()[self.suite_index(item) as usize];
                if let Key::Id(id) = self.keys.get(item)
                    && ring.get_of(id, suite.scheme().keys()).is_none()
                {
                    return Err((item, id));
                }
            }
        }
        Ok(BatchView { ring: Some(ring), ..*self })
    }

    /// The keys that are known, while an engine verifies.
    #[inline]
    pub(crate) fn ring(&self) -> Option<&'a Generation> {
        self.ring
    }

    /// The distinct suites that items may refer to.
    #[inline]
    pub fn suite_table(&self) -> &'a [Suite] {
        match self.suites {
            Suites::One(suite) => std::slice::from_ref(suite),
            Suites::PerItem { table, .. } => table,
        }
    }

    /// The items of each suite of [`Self::suite_table`].
    pub(crate) fn suite_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.suite_table().len()];
        match counts.as_mut_slice() {
            [all] => *all = self.len(),
            counts => (0..self.len()).for_each(|item| counts[self.suite_index(item) as usize] += 1),
        }
        counts
    }

    /// The index in [`Self::suite_table`] of an item's suite.
    #[inline]
    pub(crate) fn suite_index(&self, item: usize) -> u32 {
        match self.suites {
            Suites::One(_) => 0,
            Suites::PerItem { index, .. } => index[item],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Ed25519Rule};

    #[test]
    fn pushed_items_come_back_as_they_were() {
        let zip = Suite::ed25519(Ed25519Rule::Zip215);
        let p256 = Suite::ecdsa(EcdsaScheme::P256, EcdsaRule::Any, EcdsaEncoding::Der);
        let mut batch = Batch::new();
        for i in 0..100u8 {
            let bytes = vec![i; i as usize];
            match i % 2 {
                0 => batch.push(&zip, Key::Bytes(&bytes), Message::Raw(&bytes), &bytes[..i as usize / 2]),
                _ => batch.push(&p256, Key::Bytes(&bytes), Message::Digest(&bytes), &bytes),
            }
        }
        let view = batch.view().unwrap();
        assert_eq!((view.len(), view.suite_table().len()), (100, 2));
        for i in 0..100usize {
            let item = view.item(i);
            assert_eq!(item.suite, if i % 2 == 0 { &zip } else { &p256 });
            assert_eq!(item.key, vec![i as u8; i]);
            assert_eq!(item.message, vec![i as u8; i]);
            assert_eq!(item.signature.len(), if i % 2 == 0 { i / 2 } else { i });
        }
        batch.clear();
        assert!(batch.is_empty() && batch.view().unwrap().is_empty());
    }

    #[test]
    fn a_digest_for_a_hashing_suite_is_an_error_of_the_call() {
        let suite = Suite::ed25519(Ed25519Rule::Zip215);
        let mut batch = Batch::new();
        batch.push(&suite, Key::Bytes(&[0; 32]), Message::Raw(b""), &[0; 64]);
        batch.push(&suite, Key::Bytes(&[0; 32]), Message::Digest(b""), &[0; 64]);
        let error = batch.view().unwrap_err();
        assert_eq!(error.item, 1);
        assert_eq!(error.to_string(), "item 1: ed25519 zip215 raw takes a message");
    }

    #[test]
    fn columns_of_unequal_length_are_refused() {
        let suite = Suite::ed25519(Ed25519Rule::Zip215);
        let two: [&[u8]; 2] = [b"", b""];
        let three: [&[u8]; 3] = [b"", b"", b""];
        let (two, three) = (Column::slices(&two), Column::slices(&three));
        let table = [suite.clone()];
        assert!(BatchView::new(Suites::One(&suite), two, two, two).is_ok());
        assert!(BatchView::new(Suites::One(&suite), two, three, two).is_err());
        assert!(BatchView::new(Suites::One(&suite), two, two, three).is_err());
        let per_item = |index| Suites::PerItem { table: &table, index };
        assert!(BatchView::new(per_item(&[0]), two, two, two).is_err());
        assert!(BatchView::new(per_item(&[0, 1]), two, two, two).is_err());
        assert!(BatchView::new(per_item(&[0, 0]), two, two, two).is_ok());
    }
}
