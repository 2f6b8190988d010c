//! The workload generator: signed rows of a fleet of devices, good and bad, the same bytes for the same seed on
//! every machine and with any number of threads.

mod comb;
pub(crate) mod faults;
mod fleet;
mod payload;
mod share;
#[cfg_attr(not(feature = "edges"), allow(dead_code, reason = "only edge cases are signed one by one"))]
pub(crate) mod sign;
mod zipf;

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use sigwarp::{Key, Message, MessageInput, Scheme, Suite};

use crate::block::RowBlock;
use crate::error::WriteError;
use crate::row::{Expected, Row};
use crate::write::RowWriter;
pub use faults::Fault;
use faults::{Begun, Signed};
use fleet::Fleet;
pub use payload::MessageShape;
pub use share::{Share, ShareError};
use zipf::KeyChooser;

/// What to generate. The same workload gives the same bytes everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Where all randomness comes from.
    pub seed: u64,
    /// The number of rows.
    pub items: u64,
    /// The suites, with their weights.
    pub shares: Vec<Share>,
    /// The number of devices, each with a key of its own, of every share.
    pub devices: u32,
    /// How often each device signs.
    pub keys: KeyChoice,
    /// What is signed.
    pub messages: MessageShape,
    /// The fraction of rows that get a fault.
    pub bad: f64,
    /// The faults, equally likely; a row gets one that its suite can have, if there is one.
    pub faults: Vec<Fault>,
    /// Whether rows carry the public key itself instead of its index in the keys file.
    pub inline_keys: bool,
}

impl Default for Workload {
    /// Ten thousand rows of three thousand IoT devices with Ed25519, P-256 and SM2 keys, five in a hundred bad.
    fn default() -> Self {
        let share = |text: &str| text.parse().expect("a share of known names");
        Self {
            seed: 1,
            items: 10_000,
            shares: vec![share("ed25519:rfc8032=4"), share("ecdsa-p256-sha256:ecdsa=4"), share("sm2-sm3=2")],
            devices: 1000,
            keys: KeyChoice::Uniform,
            messages: MessageShape::SenmlJson,
            bad: 0.05,
            faults: Fault::ALL.to_vec(),
            inline_keys: false,
        }
    }
}

impl Workload {
    /// The committed sample `datasets/samples/iot.jsonl`: 3,000 rows with their keys.
    pub fn iot_sample() -> Self {
        let shares = [
            "ed25519:rfc8032=4",
            "ecdsa-p256-sha256:ecdsa=3",
            "ecdsa-p256-sha256:ecdsa-low-s:der=1",
            "sm2-sm3=2",
        ];
        Self {
            items: 3000,
            shares: shares.map(|text| text.parse().expect("a share of known names")).to_vec(),
            devices: 100,
            bad: 0.08,
            keys: KeyChoice::Zipf { exponent: 1.0 },
            inline_keys: true,
            ..Self::default()
        }
    }

    /// Every suite alike, half of the rows bad in every way that a suite can have: for comparing verifiers.
    pub fn every_suite(seed: u64, items: u64) -> Self {
        Self::every_suite_of(&Scheme::ALL, seed, items)
    }

    /// The same with the suites of some schemes alone, those that can be signed here.
    pub fn every_suite_of(schemes: &[Scheme], seed: u64, items: u64) -> Self {
        let suites = schemes.iter().filter(|scheme| fleet::signs(**scheme)).flat_map(|scheme| {
            let suites = Suite::all().into_iter().filter(|suite| suite.scheme() == *scheme);
            suites.map(|suite| Share { suite, weight: 1 })
        });
        let shares = suites.collect();
        Self {
            seed,
            items,
            shares,
            devices: 16,
            messages: MessageShape::Range(0, 300),
            bad: 0.5,
            inline_keys: true,
            ..Self::default()
        }
    }
}

/// How often each device of a fleet signs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeyChoice {
    /// All equally often.
    Uniform,
    /// The i-th device in proportion to 1 / i^exponent.
    Zipf {
        /// The exponent, 0 to 10; 1 is Zipf's law.
        exponent: f64,
    },
}

/// Why a workload cannot be generated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkloadError {
    /// No suite, or all with weight 0.
    #[error("the mix is empty; name at least one scheme with a weight above 0")]
    NoShares,
    /// There is no signer for this scheme here.
    #[error("rows of {0} cannot be made; sign them elsewhere, or name another scheme")]
    NoSigner(Scheme),
    /// No devices, or more keys than an index file is meant for.
    #[error("{devices} devices for each of {shares} suites; there must be 1 to {max} keys in all", max = MAX_KEYS)]
    Devices {
        /// The devices asked for.
        devices: u32,
        /// The number of shares.
        shares: usize,
    },
    /// Not a fraction.
    #[error("the fraction of bad rows is {0}; it must be 0 to 1")]
    Bad(f64),
    /// A Zipf exponent that is no exponent.
    #[error("the Zipf exponent is {0}; it must be 0 to 10")]
    Exponent(f64),
    /// Message sizes that leave nothing to choose, or more than a row may have.
    #[error("messages of {least} to {most} bytes; the least must not exceed the most, nor the most {max}",
        max = MAX_MESSAGE)]
    Messages {
        /// The least size.
        least: u32,
        /// The largest size.
        most: u32,
    },
}

/// The keys of all fleets together.
const MAX_KEYS: u64 = 1 << 26;
/// The largest message.
const MAX_MESSAGE: u32 = 64 << 20;
/// Rows that are made at once, if their messages stay below [`WAVE_BYTES`] together. Two such waves are held: one is written
/// while the next is made.
const WAVE_ITEMS: u64 = 4096;
const WAVE_BYTES: u64 = 32 << 20;
/// Rows or keys that share inversions.
const TOGETHER: usize = 128;

/// A fleet with its keys, ready to sign.
#[derive(Debug)]
pub struct Generator {
    workload: Workload,
    fleets: Vec<Fleet>,
    chooser: KeyChooser,
    /// The sum of the weights of the shares up to each.
    weights: Vec<u64>,
    seed: [u8; 32],
}

/// A generated row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    share: usize,
    device: u32,
    key: Option<Vec<u8>>,
    input: Vec<u8>,
    signature: Vec<u8>,
    expected: bool,
    fault: Option<Fault>,
}

impl Generator {
    /// Checks the workload and makes the keys, on the threads of the current rayon pool.
    pub fn new(workload: Workload) -> Result<Self, WorkloadError> {
        let mut sum = 0u64;
        let weights: Vec<u64> = workload
            .shares
            .iter()
            .map(|share| {
                sum += u64::from(share.weight);
                sum
            })
            .collect();
        if sum == 0 {
            return Err(WorkloadError::NoShares);
        }
        if let Some(share) = workload.shares.iter().find(|share| !fleet::signs(share.suite.scheme())) {
            return Err(WorkloadError::NoSigner(share.suite.scheme()));
        }
        let (devices, shares) = (workload.devices, workload.shares.len());
        if devices == 0 || u64::from(devices) * shares as u64 > MAX_KEYS {
            return Err(WorkloadError::Devices { devices, shares });
        }
        if !(0.0..=1.0).contains(&workload.bad) {
            return Err(WorkloadError::Bad(workload.bad));
        }
        let (least, most) = workload.messages.sizes();
        if least > most || most > MAX_MESSAGE {
            return Err(WorkloadError::Messages { least, most });
        }
        let chooser = match workload.keys {
            KeyChoice::Uniform => KeyChooser::uniform(devices),
            KeyChoice::Zipf { exponent } if (0.0..=10.0).contains(&exponent) => {
                KeyChooser::zipf(devices, exponent)
            }
            KeyChoice::Zipf { exponent } => return Err(WorkloadError::Exponent(exponent)),
        };
        let fleets = workload.shares.iter().enumerate();
        let fleets = fleets
            .map(|(number, share)| {
                let seed = derive(workload.seed, "keys", number as u64);
                Fleet::new(share.suite.clone(), devices, seed)
            })
            .collect();
        let seed = derive(workload.seed, "items", 0);
        Ok(Self { workload, fleets, chooser, weights, seed })
    }

    /// The number of keys.
    pub fn keys(&self) -> u64 {
        self.fleets.iter().map(|fleet| fleet.devices().len() as u64).sum()
    }

    /// Writes the keys file that the rows refer to: `public_key`, and the scheme for whoever reads it.
    pub fn write_keys(&self, writer: &mut RowWriter) -> Result<(), WriteError> {
        for fleet in &self.fleets {
            for device in fleet.devices() {
                let row = Row {
                    scheme: Some(fleet.suite().scheme().name()),
                    public_key: Some(&device.public),
                    ..Row::default()
                };
                writer.write(&row, None)?;
            }
        }
        Ok(())
    }

    /// Writes the rows, signing on the threads of the current rayon pool; a bounded number is held at a time.
    /// `progress` is told how many are written and says whether to go on. Returns whether all were written.
    pub fn write_rows(
        &self,
        writer: &mut RowWriter,
        mut progress: impl FnMut(u64) -> bool,
    ) -> Result<bool, WriteError> {
        let largest = u64::from(self.workload.messages.sizes().1).max(1);
        let wave = (WAVE_BYTES / largest).clamp(1, WAVE_ITEMS);
        let wave_from = |first: u64| first..(first + wave).min(self.workload.items);
        let mut made = self.items(wave_from(0));
        let mut next = 0;
        while next < self.workload.items {
            let end = wave_from(next).end;
            let write = || {
                (next..).zip(&made).try_for_each(|(index, item)| {
                    self.with_row(index, item, |row| writer.write(row, item.fault.map(Fault::name)))
                })
            };
            let (coming, written) = rayon::join(|| self.items(wave_from(end)), write);
            written?;
            (made, next) = (coming, end);
            if !progress(next) {
                return Ok(next == self.workload.items);
            }
        }
        Ok(true)
    }

    /// Items, made on the threads of the current rayon pool.
    fn items(&self, indices: Range<u64>) -> Vec<Item> {
        let indices: Vec<u64> = indices.collect();
        indices.par_chunks(TOGETHER).flat_map_iter(|indices| self.signed(indices)).collect()
    }

    /// Replaces the rows of `block` by these items, with the keys in the rows, for callers that verify without a
    /// file between. Made on the threads of the current rayon pool.
    pub fn fill(&self, items: Range<u64>, block: &mut RowBlock) {
        let made = self.items(items.clone());
        block.clear(items.start);
        for (index, item) in items.zip(&made) {
            let fleet = &self.fleets[item.share];
            let device = &fleet.devices()[item.device as usize];
            let message = Message::of(fleet.suite().scheme().input(), &item.input);
            let key = Key::Bytes(item.key.as_deref().unwrap_or(&device.public));
            block.batch.push(fleet.suite(), key, message, &item.signature);
            block.expected.push(Some(item.expected));
            block.recovery_ids.push(None);
            block.push_id(Some(&index.to_string()));
        }
    }

    /// Gives the row of an item to `with`.
    fn with_row<T>(&self, index: u64, item: &Item, with: impl FnOnce(&Row<'_>) -> T) -> T {
        let fleet = &self.fleets[item.share];
        let suite = fleet.suite();
        let id = format!("{index}");
        let device = &fleet.devices()[item.device as usize];
        let key = item.key.as_deref().or(self.workload.inline_keys.then_some(&device.public));
        let key_index = item.share as u64 * u64::from(self.workload.devices) + u64::from(item.device);
        let is_raw = suite.scheme().input() == MessageInput::Raw;
        with(&Row {
            id: Some(&id),
            scheme: Some(suite.scheme().name()),
            rule: Some(suite.rule()),
            encoding: Some(suite.encoding()),
            user_id: suite.user_id().filter(|id| *id != sigwarp::UserId::DEFAULT),
            context: suite.context().filter(|context| !context.is_empty()),
            public_key: key,
            key_index: key.is_none().then_some(key_index),
            message: is_raw.then_some(&item.input),
            digest: (!is_raw).then_some(&item.input),
            signature: Some(&item.signature),
            recovery_id: None,
            expected: Expected::Valid(item.expected),
        })
    }

    /// Some items, signed together. Each depends on nothing but the workload and its index.
    fn signed(&self, indices: &[u64]) -> Vec<Item> {
        let drafts: Vec<Draft<'_>> = indices.iter().map(|&index| self.draft(index)).collect();
        let waiting: Vec<_> = drafts
            .iter()
            .filter_map(|draft| match &draft.begun {
                Begun::Signed(_) => None,
                Begun::Unsigned(input, unsigned) => Some((draft.fleet, unsigned, &input[..])),
            })
            .collect();
        let mut signatures = fleet::sign_all(&waiting).into_iter();
        let finished = drafts.into_iter().map(|draft| {
            let Draft { share, device, fleet, fault, mut rng, begun } = draft;
            let made = match begun {
                Begun::Signed(signed) => signed,
                Begun::Unsigned(input, unsigned) => {
                    let signature = signatures.next().expect("one for each that waits");
                    let signature = signature.unwrap_or_else(|| fleet.sign_again(unsigned, &input, &mut rng));
                    faults::finish(fleet, input, signature, fault, &mut rng)
                }
            };
            let Signed { key, input, signature, expected } = made;
            Item { share, device, key, input, signature, expected, fault }
        });
        finished.collect()
    }

    /// Item `index` before it is signed.
    fn draft(&self, index: u64) -> Draft<'_> {
        let mut rng = ChaCha8Rng::from_seed(self.seed);
        rng.set_stream(index);
        let ticket = below(&mut rng, self.weights[self.weights.len() - 1]);
        let share = self.weights.partition_point(|&sum| sum <= ticket);
        let device = self.chooser.choose(&mut rng);
        let fleet = &self.fleets[share];
        let message = self.workload.messages.message(index, share, device, &mut rng);
        let bad = rng.next_u32() as f64 / 4_294_967_296.0 < self.workload.bad;
        let possible = || self.workload.faults.iter().copied().filter(|fault| fault.fits(fleet.suite()));
        let fault = match possible().count() as u64 {
            0 => None,
            _ if !bad => None,
            count => possible().nth(below(&mut rng, count) as usize),
        };
        let begun = faults::begin(fleet, device, message, fault, &mut rng);
        Draft { share, device, fleet, fault, rng, begun }
    }
}

/// An item before it is signed, with the generator of what comes after.
struct Draft<'a> {
    share: usize,
    device: u32,
    fleet: &'a Fleet,
    fault: Option<Fault>,
    rng: ChaCha8Rng,
    begun: Begun<'a>,
}

/// A seed for one purpose.
fn derive(seed: u64, purpose: &str, number: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"sigwarp workload 1\0");
    hash.update(seed.to_le_bytes());
    hash.update(number.to_le_bytes());
    hash.update(purpose);
    hash.finalize().into()
}

/// A number below `bound`, which is not 0. The bias is bound / 2⁶⁴.
pub(crate) fn below(rng: &mut impl Rng, bound: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(bound)) >> 64) as u64
}
