//! What is changed: inputs of the vectors, most of which hold, with everything that Bitcoin Core's tests know.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::wire::{Bytes, Input, Output, Transaction, push};

/// A transaction with the outputs that it spends, and the input that a change begins with.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    pub(crate) transaction: Transaction,
    pub(crate) spent: Vec<Output>,
    pub(crate) input: usize,
}

/// The folder of test vectors.
pub(crate) struct Vectors(pub(crate) PathBuf);

impl Vectors {
    /// The bytes of a file, unpacked where its name ends in `.gz`.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let path = self.0.join(name);
        let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if !name.ends_with(".gz") {
            return packed;
        }
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("a gzip file");
        bytes
    }

    fn rows(&self, name: &str) -> Vec<Json> {
        let text = String::from_utf8(self.bytes(name)).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
    }
}

fn unhex(digits: &Json) -> Vec<u8> {
    hex::decode(digits.as_str().expect("a text")).expect("digits")
}

/// The most bytes of a transaction, so that many changes can be looked at.
const LONGEST: usize = 3000;

pub(crate) fn seeds(vectors: &Vectors) -> Vec<Seed> {
    let mut seeds = of_cases(vectors);
    seeds.extend(of_block(vectors));
    seeds.extend(of_taproot(vectors));
    seeds.extend(of_scripts(vectors));
    seeds.retain(|seed| seed.transaction.write().len() <= LONGEST);
    seeds
}

fn of_cases(vectors: &Vectors) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for row in vectors.rows("profiles/bitcoin/cases.jsonl.gz") {
        let Some(transaction) = Bytes(&unhex(&row["raw"])).transaction() else { continue };
        let output = |pair: &Json| {
            Some(Output { value: pair[0].as_i64()?, script: hex::decode(pair[1].as_str()?).ok()? })
        };
        let spent =
            row["prevouts"].as_array().and_then(|all| all.iter().map(output).collect::<Option<Vec<_>>>());
        if let Some(spent) =
            spent.filter(|spent| spent.len() == transaction.inputs.len() && !spent.is_empty())
        {
            seeds.extend((0..spent.len()).map(|input| Seed {
                transaction: transaction.clone(),
                spent: spent.clone(),
                input,
            }));
        }
    }
    assert!(seeds.len() > 500);
    seeds
}

/// The transactions of a block, and the outputs that they spend.
pub(crate) fn block(vectors: &Vectors, block: &str, undo: &str) -> Vec<(Transaction, Vec<Output>)> {
    let (block, undo) = (vectors.bytes(block), vectors.bytes(undo));
    let (mut block, mut undo) = (Bytes(&block[80..]), Bytes(&undo));
    let count = block.number().expect("a number");
    let transactions: Vec<Transaction> =
        (0..count).map(|_| block.transaction().expect("a transaction")).collect();
    let with_spent = |transaction: Transaction| {
        let spent = transaction.inputs.iter().map(|_| undo.output().expect("an output")).collect();
        (transaction, spent)
    };
    transactions.into_iter().skip(1).map(with_spent).collect()
}

fn of_block(vectors: &Vectors) -> Vec<Seed> {
    let all =
        block(vectors, "profiles/bitcoin/block866342.raw.gz", "profiles/bitcoin/block866342-undo.raw.gz");
    all.into_iter()
        .filter(|(transaction, _)| transaction.inputs.len() <= 3)
        .map(|(transaction, spent)| Seed { transaction, spent, input: 0 })
        .collect()
}

/// The reference witnesses of taproot, those that hold and those that do not.
fn of_taproot(vectors: &Vectors) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for row in vectors.rows("chains/bitcoin-core-taproot-ref/taproot-ref.jsonl.gz") {
        let transaction = Bytes(&unhex(&row["tx"])).transaction().expect("a transaction");
        let spent: Vec<Output> = row["prevouts"]
            .as_array()
            .expect("outputs")
            .iter()
            .map(|output| Bytes(&unhex(output)).output().expect("an output"))
            .collect();
        let input = row["index"].as_u64().expect("an index") as usize;
        for way in ["success", "failure"] {
            if let Some(satisfied) = row.get(way).filter(|way| way.is_object()) {
                let mut transaction = transaction.clone();
                transaction.inputs[input].script = unhex(&satisfied["scriptSig"]);
                transaction.inputs[input].witness =
                    satisfied["witness"].as_array().expect("a witness").iter().map(unhex).collect();
                seeds.push(Seed { transaction, spent: spent.clone(), input });
            }
        }
    }
    assert!(seeds.len() > 2760);
    seeds
}

/// Those of script_tests.json, each spending the only output of a transaction of its own.
fn of_scripts(vectors: &Vectors) -> Vec<Seed> {
    let bytes = vectors.bytes("chains/bitcoin-core-via-btcd/script_tests.json");
    let tests: Vec<Vec<Json>> = serde_json::from_slice(&bytes).expect("an array of arrays");
    let mut seeds = Vec::new();
    for test in tests.iter().filter(|test| test.len() >= 4) {
        let (witness, rest) = match &test[0] {
            Json::Array(parts) => (&parts[..], &test[1..]),
            _ => (&[][..], &test[..]),
        };
        let (amount, witness) = match witness.split_last() {
            Some((amount, witness)) => ((amount.as_f64().expect("an amount") * 1e8).round() as i64, witness),
            None => (0, witness),
        };
        // Placeholders of later tests are not scripts.
        let scripts = [&rest[0], &rest[1]].map(|script| assembled(script.as_str().expect("a script")));
        let witness: Option<Vec<Vec<u8>>> =
            witness.iter().map(|part| hex::decode(part.as_str()?).ok()).collect();
        let ([Some(satisfying), Some(script)], Some(witness)) = (scripts, witness) else { continue };
        let first = Transaction {
            version: 1,
            inputs: vec![Input {
                outpoint: [&[0; 32][..], &[0xff; 4]].concat(),
                script: vec![0, 0],
                sequence: u32::MAX,
                witness: Vec::new(),
            }],
            outputs: vec![Output { value: amount, script: script.clone() }],
            lock_time: 0,
        };
        let id = crate::sha256d(&first.write());
        let input =
            Input { outpoint: [&id[..], &[0; 4]].concat(), script: satisfying, sequence: u32::MAX, witness };
        let outputs = vec![Output { value: amount, script: Vec::new() }];
        let transaction = Transaction { version: 1, inputs: vec![input], outputs, lock_time: 0 };
        seeds.push(Seed { transaction, spent: vec![Output { value: amount, script }], input: 0 });
    }
    assert!(seeds.len() > 1000, "{}", seeds.len());
    seeds
}

/// The bytes of a script as the tests of Bitcoin Core write it: numbers, texts, bytes as they are and opcodes.
fn assembled(text: &str) -> Option<Vec<u8>> {
    let mut script = Vec::new();
    for word in text.split_whitespace() {
        if let Some(digits) = word.strip_prefix("0x") {
            script.extend(hex::decode(digits).ok()?);
        } else if let Some(text) = word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')) {
            script.extend(push(text.as_bytes()));
        } else if let Ok(number) = word.parse::<i64>() {
            match number {
                -1 => script.push(0x4f),
                0 => script.push(0),
                1..=16 => script.push(0x50 + number as u8),
                _ => script.extend(push(&number_bytes(number))),
            }
        } else {
            let name = word.strip_prefix("OP_").unwrap_or(word);
            script.push(opcode(name)?);
        }
    }
    Some(script)
}

fn number_bytes(number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut left = number.unsigned_abs();
    while left > 0 {
        bytes.push(left as u8);
        left >>= 8;
    }
    match bytes.last_mut() {
        Some(last) if *last & 0x80 != 0 => bytes.push(if number < 0 { 0x80 } else { 0 }),
        Some(last) if number < 0 => *last |= 0x80,
        _ => {}
    }
    bytes
}

/// The opcodes from OP_NOP on, in order (script.h).
const NAMES: &str = "NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP \
    2OVER 2ROT 2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR \
    EQUAL EQUALVERIFY RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD LSHIFT RSHIFT \
    BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL GREATERTHANOREQUAL MIN MAX \
    WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256 CODESEPARATOR CHECKSIG CHECKSIGVERIFY CHECKMULTISIG CHECKMULTISIGVERIFY \
    NOP1 CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD";

fn opcode(name: &str) -> Option<u8> {
    match name {
        "RESERVED" => Some(0x50),
        "PUSHDATA1" => Some(0x4c),
        "PUSHDATA2" => Some(0x4d),
        "PUSHDATA4" => Some(0x4e),
        "NOP2" => Some(0xb1),
        "NOP3" => Some(0xb2),
        "INVALIDOPCODE" => Some(0xff),
        _ => NAMES.split_whitespace().position(|of| of == name).map(|place| 0x61 + place as u8),
    }
}
