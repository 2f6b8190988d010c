//! A verifier of packet batches in the shape that Agave publishes: packets of up to 1,232 bytes with a discard flag in
//! their metadata, in batches; every signature of every packet is verified, and a packet with one that is not valid
//! gets the flag. Packets that have it already are passed over.
//!
//! Over the crate and not the C ABI, as a Rust node would. A transaction is: a compact number of signatures, the
//! signatures, then the message that they sign; the message is an optional version byte, three header bytes (the first
//! is the number of required signatures), a compact number of keys, the keys, and what is not read here. Signature i
//! belongs to key i. The rule is `strict`, as in Agave's own verifier.
//!
//!     cargo run --release -p sigwarp-capi --example agave_packets

use sigwarp::{BatchView, Column, Ed25519Rule, Engine, Error, Suite, Suites};

/// Bytes of a packet: an IPv6 datagram of the least MTU without its headers.
const PACKET_DATA_SIZE: usize = 1232;
const SIGNATURE: usize = 64;
const KEY: usize = 32;

/// A packet, with what is used of its metadata.
#[derive(Clone)]
struct Packet {
    buffer: [u8; PACKET_DATA_SIZE],
    meta: Meta,
}

#[derive(Clone, Copy, Default)]
struct Meta {
    size: usize,
    discard: bool,
}

impl Meta {
    fn discard(&self) -> bool {
        self.discard
    }

    fn set_discard(&mut self, discard: bool) {
        self.discard = discard;
    }
}

type PacketBatch = Vec<Packet>;

/// Where a packet's signatures, keys and message are.
#[derive(Debug, PartialEq)]
struct Offsets {
    signatures: usize,
    count: usize,
    keys: usize,
    message: usize,
}

/// A compact number of 16 bits (7 bits a byte, lowest first) in its only shortest form; the number, and where it ends.
fn compact(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let mut number = 0usize;
    for index in 0..3 {
        let byte = *bytes.get(start + index)?;
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let shortest = byte != 0 || index == 0;
            return (shortest && number <= usize::from(u16::MAX)).then_some((number, start + index + 1));
        }
    }
    None
}

/// Nothing where the bytes are no transaction whose signatures could be verified.
fn offsets(packet: &[u8]) -> Option<Offsets> {
    let (count, signatures) = compact(packet, 0)?;
    let message = signatures.checked_add(count.checked_mul(SIGNATURE)?)?;
    let first = *packet.get(message)?;
    let header = if first & 0x80 == 0 {
        message
    } else if first == 0x80 {
        message + 1
    } else {
        return None;
    };
    let required = usize::from(*packet.get(header)?);
    let read_only = usize::from(*packet.get(header + 1)?);
    let (keys_count, keys) = compact(packet, header + 3)?;
    let whole = keys.checked_add(keys_count.checked_mul(KEY)?)? <= packet.len();
    // The payer signs and is written to; every required signature has its key.
    (whole && count > 0 && count == required && count <= keys_count && read_only < required)
        .then_some(Offsets { signatures, count, keys, message })
}

/// Verifies what is in packets. Make one for the process.
struct PacketVerifier {
    engine: Engine,
    suite: Suite,
}

impl PacketVerifier {
    fn new(engine: Engine) -> Self {
        Self { engine, suite: Suite::ed25519(Ed25519Rule::Strict) }
    }

    /// Sets the discard flag of every packet that is no transaction or has an invalid signature. After an error no flag
    /// has changed: an error of the engine says nothing about a packet.
    fn verify(&self, batches: &mut [PacketBatch]) -> Result<(), Error> {
        // (batch, packet) of each item, and of packets that are no transactions.
        let (mut owners, mut malformed) = (Vec::new(), Vec::new());
        let [mut keys, mut messages, mut signatures] = [const { Vec::<&[u8]>::new() }; 3];
        for (b, batch) in batches.iter().enumerate() {
            for (p, packet) in batch.iter().enumerate().filter(|(_, packet)| !packet.meta.discard()) {
                let found =
                    packet.buffer.get(..packet.meta.size).and_then(|data| Some((data, offsets(data)?)));
                let Some((data, at)) = found else {
                    malformed.push((b, p));
                    continue;
                };
                for i in 0..at.count {
                    owners.push((b, p));
                    keys.push(&data[at.keys + i * KEY..][..KEY]);
                    messages.push(&data[at.message..]);
                    signatures.push(&data[at.signatures + i * SIGNATURE..][..SIGNATURE]);
                }
            }
        }
        // The packets are read where they lie.
        let [keys, messages, signatures] = [&keys, &messages, &signatures].map(|rows| Column::slices(rows));
        let view = BatchView::new(Suites::One(&self.suite), keys, messages, signatures)
            .expect("three columns of equal length");
        let verdicts = self.engine.verify_columns(&view)?;
        let invalid = owners.into_iter().zip(verdicts.iter()).filter(|(_, verdict)| !verdict.is_valid());
        for (b, p) in malformed.into_iter().chain(invalid.map(|(owner, _)| owner)) {
            batches[b][p].meta.set_discard(true);
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = PacketVerifier::new(Engine::builder().build()?);
    let mut batches: Vec<PacketBatch> = (0..4)
        .map(|batch| (0..64).map(|packet| samples::transaction(batch * 64 + packet, 1)).collect())
        .collect();
    samples::spoil(&mut batches[2][9]);
    verifier.verify(&mut batches)?;
    for (b, batch) in batches.iter().enumerate() {
        for (p, packet) in batch.iter().enumerate() {
            if packet.meta.discard() {
                println!("batch {b}, packet {p}: discarded");
            }
        }
    }
    let kept = batches.iter().flatten().filter(|packet| !packet.meta.discard()).count();
    println!("{kept} of 256 packets kept");
    Ok(())
}

/// Packets that a node would receive.
mod samples {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    /// A transaction with so many signatures, in a legacy message or (odd numbers) a versioned one.
    pub(crate) fn transaction(number: u32, signatures: usize) -> Packet {
        let signers: Vec<_> =
            (0..signatures as u8).map(|signer| SigningKey::from_bytes(&[signer + 1; 32])).collect();
        let mut message = if number % 2 == 1 { vec![0x80] } else { Vec::new() };
        message.extend([signatures as u8, 0, 1, signatures as u8 + 1]);
        signers.iter().for_each(|signer| message.extend(signer.verifying_key().to_bytes()));
        message.extend([0xaa; KEY]);
        message.extend([7; 32]);
        message.extend(number.to_le_bytes());
        let mut data = vec![signatures as u8];
        signers.iter().for_each(|signer| data.extend(signer.sign(&message).to_bytes()));
        data.extend(message);
        packet(&data)
    }

    pub(crate) fn packet(data: &[u8]) -> Packet {
        let mut buffer = [0; PACKET_DATA_SIZE];
        buffer[..data.len()].copy_from_slice(data);
        Packet { buffer, meta: Meta { size: data.len(), discard: false } }
    }

    /// Changes the last byte of the message.
    pub(crate) fn spoil(packet: &mut Packet) {
        packet.buffer[packet.meta.size - 1] ^= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier() -> PacketVerifier {
        PacketVerifier::new(
            Engine::builder().threads(std::num::NonZeroUsize::MIN).build().expect("an engine"),
        )
    }

    fn kept(batches: &[PacketBatch]) -> Vec<Vec<bool>> {
        batches.iter().map(|batch| batch.iter().map(|packet| !packet.meta.discard()).collect()).collect()
    }

    #[test]
    fn a_packet_stays_when_all_of_its_signatures_are_valid() {
        let mut batches = vec![
            (0..5).map(|number| samples::transaction(number, 1)).collect::<Vec<_>>(),
            Vec::new(),
            (0..4).map(|number| samples::transaction(number, 1 + number as usize)).collect(),
        ];
        verifier().verify(&mut batches).unwrap();
        assert_eq!(kept(&batches), [vec![true; 5], vec![], vec![true; 4]]);

        // The second of three signatures of the third packet is another one's.
        let (from, to) = (1 + SIGNATURE, 1 + 2 * SIGNATURE);
        batches[2][2].buffer.copy_within(1..from, from);
        assert_eq!(to - from, SIGNATURE);
        samples::spoil(&mut batches[0][4]);
        verifier().verify(&mut batches).unwrap();
        assert_eq!(
            kept(&batches),
            [vec![true, true, true, true, false], vec![], vec![true, true, false, true]]
        );
    }

    #[test]
    fn discarded_packets_are_not_looked_at() {
        let mut batches = vec![vec![samples::transaction(0, 1), samples::transaction(1, 1)]];
        batches[0][0].meta.set_discard(true);
        verifier().verify(&mut batches).unwrap();
        assert_eq!(kept(&batches), [[false, true]]);
    }

    #[test]
    fn bytes_that_are_no_transaction_are_discarded() {
        let good = samples::transaction(0, 2);
        let data = &good.buffer[..good.meta.size];
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut data = data.to_vec();
            change(&mut data);
            samples::packet(&data)
        };
        let message = 1 + 2 * SIGNATURE;
        let mut batches = vec![vec![
            samples::packet(&[]),
            samples::packet(&[0xff, 0xff, 0xff]),
            with(&|data| data[0] = 0),
            with(&|data| data[0] = 1),
            with(&|data| data[0] = 3),
            with(&|data| data[message] = 1),
            with(&|data| data[message] = 0x81),
            with(&|data| data[message + 1] = 2),
            with(&|data| data[message + 3] = 1),
            with(&|data| data[message + 3] = 0x7f),
            with(&|data| data.truncate(message + 4 + 3 * KEY - 1)),
            // A size beyond the buffer.
            Packet { meta: Meta { size: PACKET_DATA_SIZE + 1, discard: false }, ..good.clone() },
            good.clone(),
        ]];
        verifier().verify(&mut batches).unwrap();
        let mut expected = vec![false; 13];
        expected[12] = true;
        assert_eq!(kept(&batches), [expected]);
        // Every beginning of a transaction is looked at without a panic.
        for length in 0..data.len() {
            let _ = offsets(&data[..length]);
        }
    }

    #[test]
    fn compact_numbers_have_one_form() {
        assert_eq!(compact(&[0], 0), Some((0, 1)));
        assert_eq!(compact(&[9, 0x80, 0x01], 1), Some((128, 3)));
        assert_eq!(compact(&[0xff, 0xff, 0x03], 0), Some((65535, 3)));
        for bytes in [&[0x80, 0x00][..], &[0xff, 0xff, 0x04], &[0x80, 0x80, 0x80], &[0x80], &[]] {
            assert_eq!(compact(bytes, 0), None, "{bytes:x?}");
        }
    }
}
