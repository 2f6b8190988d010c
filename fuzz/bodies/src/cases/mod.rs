//! Items built from their parts, around valid signatures: what arbitrary bytes would never hit.
//!
//! Every generator is total: any bytes make a case, so a fuzzer's mutations move between cases.

mod bip340;
mod curve;
mod der;
mod ecdsa;
mod ed25519;
mod sm2;

use arbitrary::{Result, Unstructured};
use sigwarp::{Batch, Key, Message, Suite};

pub use ecdsa::{Recoverable, recoverable};

/// One item with its suite.
#[derive(Debug, Clone)]
pub struct Case {
    /// The suite.
    pub suite: Suite,
    /// The encoded key.
    pub key: Vec<u8>,
    /// The message or the digest, as the suite takes it.
    pub message: Vec<u8>,
    /// The encoded signature.
    pub signature: Vec<u8>,
    /// Whether the item is valid, where its construction says so. This does not come from any verifier, so it
    /// catches what engine and oracle get wrong together.
    pub known: Option<bool>,
}

impl Case {
    /// A case of any suite, possibly tampered with.
    pub fn any(u: &mut Unstructured<'_>) -> Result<Self> {
        let mut case = match u.int_in_range(0..=7)? {
            0..=2 => ed25519::case(u)?,
            3..=5 => ecdsa::case(u)?,
            6 => bip340::case(u)?,
            _ => sm2::case(u)?,
        };
        if u.ratio(1, 5)? {
            case.tamper(u)?;
        }
        Ok(case)
    }

    /// Changes bytes without looking at what they mean.
    fn tamper(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.known = None;
        for _ in 0..u.int_in_range(1..=3)? {
            let part = match u.int_in_range(0..=5)? {
                0..=2 => &mut self.signature,
                3 | 4 => &mut self.key,
                _ => &mut self.message,
            };
            match u.int_in_range(0..=5)? {
                0..=2 if !part.is_empty() => {
                    let position = u.choose_index(part.len())?;
                    part[position] ^= 1 << u.int_in_range(0..=7)?;
                }
                3 => part.truncate(u.int_in_range(0..=part.len())?),
                4 => part.extend_from_slice(u.bytes(u.len().min(3))?),
                _ => part.fill(u.arbitrary()?),
            }
        }
        Ok(())
    }

    /// Adds the case to a batch.
    pub fn push(&self, batch: &mut Batch) {
        let message = Message::of(self.suite.scheme().input(), &self.message);
        batch.push(&self.suite, Key::Bytes(&self.key), message, &self.signature);
    }

    /// The same bytes under another suite.
    pub fn under(&self, suite: &Suite) -> Self {
        Self { suite: suite.clone(), known: None, ..self.clone() }
    }
}

/// A message whose length is near the block sizes of the hashes.
fn message(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const AROUND: [usize; 10] = [0, 1, 32, 55, 56, 64, 111, 112, 128, 240];
    let length = match u.int_in_range(0..=3)? {
        0 => u.int_in_range(0..=300)?,
        _ => *u.choose(&AROUND)? + u.int_in_range(0..=1)?,
    };
    let salt: u8 = u.arbitrary()?;
    Ok((0..length).map(|position| (position % 251) as u8 ^ salt).collect())
}
