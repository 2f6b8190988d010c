//! What is submitted.

use crate::batch::{Key, Message};
use crate::suite::Suite;

/// Which items go first when workers are short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// Votes and proposals: what a round waits for.
    Consensus,
    /// Incoming transactions.
    #[default]
    Mempool,
    /// Catching up, and auditing.
    Backfill,
}

impl Priority {
    /// Every class, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Consensus, Self::Mempool, Self::Backfill];
}

/// A signature to verify: borrowed from the caller, and copied when it is accepted. One that is not accepted costs
/// nothing and stays with the caller.
///
/// ```
/// use sigwarp::prevalidator::{Priority, Submission};
/// use sigwarp::{Ed25519Rule, Key, Message, Suite};
///
/// let suite = Suite::ed25519(Ed25519Rule::Zip215);
/// let item = Submission::new(&suite, Key::Bytes(&[0; 32]), Message::Raw(b"vote"), &[0; 64])
///     .id(7)
///     .priority(Priority::Consensus);
/// assert_eq!((item.id, item.bytes()), (7, 100));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// The suite it is judged under.
    pub suite: &'a Suite,
    /// The public key.
    pub key: Key<'a>,
    /// The message or the digest, as the suite takes it.
    pub message: Message<'a>,
    /// The encoded signature.
    pub signature: &'a [u8],
    /// The caller's name for the item; comes back with the verdict.
    pub id: u64,
    /// Its class.
    pub priority: Priority,
}

impl<'a> Submission<'a> {
    /// An item with the id 0, of the class [`Priority::Mempool`].
    pub const fn new(suite: &'a Suite, key: Key<'a>, message: Message<'a>, signature: &'a [u8]) -> Self {
        Self { suite, key, message, signature, id: 0, priority: Priority::Mempool }
    }

    /// Sets the id.
    pub const fn id(mut self, id: u64) -> Self {
        self.id = id;
        self
    }

    /// Sets the class.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The bytes that count against [`super::Config::capacity_bytes`]: key, message and signature.
    pub const fn bytes(&self) -> usize {
        let key = match self.key {
            Key::Bytes(bytes) => bytes.len(),
            Key::Id(_) => 0,
        };
        key + self.message.bytes().len() + self.signature.len()
    }
}
