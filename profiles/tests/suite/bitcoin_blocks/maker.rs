//! Blocks taken apart and put together, and undo data and files as Bitcoin Core writes them: straightforward writers that
//! share nothing with the readers.

#![allow(unreachable_pub, reason = "the tests are one program")]

use k256::elliptic_curve::sec1::FromSec1Point as _;
use sha2::{Digest as _, Sha256};

pub fn sha256d(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

#[derive(Clone)]
pub struct Input {
    pub outpoint: Vec<u8>,
    pub script: Vec<u8>,
    pub sequence: Vec<u8>,
    pub witness: Vec<Vec<u8>>,
}

#[derive(Clone)]
pub struct Output {
    pub value: i64,
    pub script: Vec<u8>,
}

#[derive(Clone)]
pub struct Transaction {
    pub version: Vec<u8>,
    pub inputs: Vec<Input>,
    pub outputs: Vec<Output>,
    pub lock_time: Vec<u8>,
}

#[derive(Clone)]
pub struct Block {
    pub header: Vec<u8>,
    pub transactions: Vec<Transaction>,
}

/// Takes bytes that are known to be there.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    pub fn number(&mut self) -> usize {
        let little =
            |bytes: &[u8]| bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte));
        match self.take(1)[0] {
            0xfd => little(self.take(2)),
            0xfe => little(self.take(4)),
            0xff => little(self.take(8)),
            small => usize::from(small),
        }
    }

    pub fn sized(&mut self) -> Vec<u8> {
        let length = self.number();
        self.take(length).to_vec()
    }

    pub fn output(&mut self) -> Output {
        let value = i64::from_le_bytes(self.take(8).try_into().expect("eight bytes"));
        Output { value, script: self.sized() }
    }

    fn transaction(&mut self) -> Transaction {
        let version = self.take(4).to_vec();
        let has_witness = self.0[0] == 0;
        if has_witness {
            self.take(2);
        }
        let mut inputs: Vec<Input> = (0..self.number())
            .map(|_| Input {
                outpoint: self.take(36).to_vec(),
                script: self.sized(),
                sequence: self.take(4).to_vec(),
                witness: Vec::new(),
            })
            .collect();
        let outputs = (0..self.number()).map(|_| self.output()).collect();
        if has_witness {
            for input in &mut inputs {
                input.witness = (0..self.number()).map(|_| self.sized()).collect();
            }
        }
        Transaction { version, inputs, outputs, lock_time: self.take(4).to_vec() }
    }
}

pub fn compact_size(number: usize) -> Vec<u8> {
    match number {
        ..0xfd => vec![number as u8],
        0xfd..0x1_0000 => [&[0xfd], &(number as u16).to_le_bytes()[..]].concat(),
        _ => [&[0xfe], &(number as u32).to_le_bytes()[..]].concat(),
    }
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [compact_size(bytes.len()), bytes.to_vec()].concat()
}

/// The outputs of bcoin's undo data.
pub fn bcoin_undo(undo: &[u8]) -> Vec<Output> {
    let mut bytes = Bytes(undo);
    let mut outputs = Vec::new();
    while !bytes.0.is_empty() {
        outputs.push(bytes.output());
    }
    outputs
}

pub fn write_bcoin_undo(outputs: &[Output]) -> Vec<u8> {
    outputs
        .iter()
        .flat_map(|output| [output.value.to_le_bytes().to_vec(), sized(&output.script)].concat())
        .collect()
}

impl Transaction {
    pub fn write(&self, with_witness: bool) -> Vec<u8> {
        let with_witness = with_witness && self.inputs.iter().any(|input| !input.witness.is_empty());
        let mut bytes = self.version.clone();
        if with_witness {
            bytes.extend([0, 1]);
        }
        bytes.extend(compact_size(self.inputs.len()));
        for input in &self.inputs {
            bytes.extend([input.outpoint.clone(), sized(&input.script), input.sequence.clone()].concat());
        }
        bytes.extend(compact_size(self.outputs.len()));
        bytes.extend(write_bcoin_undo(&self.outputs));
        if with_witness {
            for input in &self.inputs {
                bytes.extend(compact_size(input.witness.len()));
                input.witness.iter().for_each(|element| bytes.extend(sized(element)));
            }
        }
        bytes.extend(&self.lock_time);
        bytes
    }
}

fn root(mut level: Vec<[u8; 32]>) -> [u8; 32] {
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.push(*level.last().expect("more than one"));
        }
        level = level.chunks(2).map(|pair| sha256d(&pair.concat())).collect();
    }
    level[0]
}

impl Block {
    pub fn read(block: &[u8]) -> Self {
        let mut bytes = Bytes(block);
        let header = bytes.take(80).to_vec();
        let transactions = (0..bytes.number()).map(|_| bytes.transaction()).collect();
        assert!(bytes.0.is_empty());
        Self { header, transactions }
    }

    pub fn write(&self) -> Vec<u8> {
        let mut bytes = [self.header.clone(), compact_size(self.transactions.len())].concat();
        self.transactions.iter().for_each(|transaction| bytes.extend(transaction.write(true)));
        bytes
    }

    /// The output of the coinbase that commits to witnesses.
    pub fn commitment(&self) -> Option<usize> {
        let commits = |output: &Output| output.script.starts_with(&[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed]);
        self.transactions[0].outputs.iter().rposition(commits)
    }

    /// Commits to the transactions as they are now.
    pub fn commit(&mut self) {
        if let Some(place) = self.commitment() {
            let others = self.transactions[1..].iter().map(|transaction| sha256d(&transaction.write(true)));
            let root = root([[0; 32]].into_iter().chain(others).collect());
            let reserved = self.transactions[0].inputs[0].witness[0].clone();
            let committed = sha256d(&[&root[..], &reserved].concat());
            self.transactions[0].outputs[place].script[6..38].copy_from_slice(&committed);
        }
        let ids = self.transactions.iter().map(|transaction| sha256d(&transaction.write(false)));
        self.header[36..68].copy_from_slice(&root(ids.collect()));
    }
}

/// `CTxOutCompressor` and VARINT as compressor.cpp and serialize.h of Bitcoin Core describe them.
pub fn var_int(mut number: u64) -> Vec<u8> {
    let mut bytes = vec![(number & 0x7f) as u8];
    while number > 0x7f {
        number = (number >> 7) - 1;
        bytes.insert(0, 0x80 | (number & 0x7f) as u8);
    }
    bytes
}

fn compress_amount(mut amount: u64) -> u64 {
    if amount == 0 {
        return 0;
    }
    let mut zeros = 0;
    while amount.is_multiple_of(10) && zeros < 9 {
        amount /= 10;
        zeros += 1;
    }
    match zeros {
        9 => 1 + (amount - 1) * 10 + 9,
        _ => 1 + (amount / 10 * 9 + amount % 10 - 1) * 10 + zeros,
    }
}

fn compress_script(script: &[u8]) -> Vec<u8> {
    match script {
        [0x76, 0xa9, 20, hash @ .., 0x88, 0xac] if hash.len() == 20 => [&[0], hash].concat(),
        [0xa9, 20, hash @ .., 0x87] if hash.len() == 20 => [&[1], hash].concat(),
        [33, kind @ (2 | 3), x @ .., 0xac] if x.len() == 32 => [&[*kind], x].concat(),
        [65, 4, xy @ .., 0xac] if xy.len() == 64 && is_point(&script[1..66]) => {
            [&[4 | xy[63] & 1], &xy[..32]].concat()
        }
        _ => [var_int(script.len() as u64 + 6), script.to_vec()].concat(),
    }
}

fn is_point(key: &[u8]) -> bool {
    let point = k256::Sec1Point::from_bytes(key).expect("a form of SEC 1");
    bool::from(k256::AffinePoint::from_sec1_point(&point).is_some())
}

/// `CBlockUndo` of these outputs: the heights of the coins are made up, and some are those of the first block.
pub fn write_core_undo(block: &Block, outputs: &[Output]) -> Vec<u8> {
    let mut left = outputs.iter().enumerate();
    let mut undo = compact_size(block.transactions.len() - 1);
    for transaction in &block.transactions[1..] {
        undo.extend(compact_size(transaction.inputs.len()));
        for (place, output) in left.by_ref().take(transaction.inputs.len()) {
            let height = (place as u64 % 7) * 150_000;
            undo.extend(var_int(2 * height + u64::from(place % 3 == 0)));
            if height > 0 {
                undo.push(0);
            }
            undo.extend(var_int(compress_amount(output.value as u64)));
            undo.extend(compress_script(&output.script));
        }
    }
    assert!(left.next().is_none());
    undo
}

/// The root of the transactions of a block.
pub fn merkle_root(block: &Block) -> [u8; 32] {
    root(block.transactions.iter().map(|transaction| sha256d(&transaction.write(false))).collect())
}
