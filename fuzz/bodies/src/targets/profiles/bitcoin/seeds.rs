//! Transactions that spend outputs of every kind, and a block of them. Each kind of message that a signature signs is
//! written here once more, as the BIPs list it.

use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::point::AffineCoordinates;
use k256::{ProjectivePoint, Scalar};
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

use super::super::made::signer;

const VERSION: [u8; 4] = [2, 0, 0, 0];
const LOCK_TIME: [u8; 4] = [0; 4];
const SEQUENCE: [u8; 4] = [0xff; 4];
/// SIGHASH_ALL.
const ALL: u8 = 1;
/// What every output that is spent holds.
const AMOUNT: i64 = 100_000;

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn sha256d(bytes: &[u8]) -> [u8; 32] {
    sha256(&sha256(bytes))
}

fn hash160(bytes: &[u8]) -> [u8; 20] {
    Ripemd160::digest(sha256(bytes)).into()
}

/// A tagged hash of BIP 340.
fn tagged(tag: &str, message: &[u8]) -> [u8; 32] {
    let tag = sha256(tag.as_bytes());
    sha256(&[&tag[..], &tag, message].concat())
}

/// Bytes below 253 of them, behind their number.
fn sized(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("short")], bytes].concat()
}

/// A transaction under construction: one output, and an input for each that is spent.
#[derive(Clone)]
struct Spending {
    /// The scripts of the outputs spent.
    spent: Vec<Vec<u8>>,
    scripts: Vec<Vec<u8>>,
    witnesses: Vec<Vec<Vec<u8>>>,
}

impl Spending {
    fn of(spent: &[Vec<u8>]) -> Self {
        let count = spent.len();
        Self { spent: spent.to_vec(), scripts: vec![Vec::new(); count], witnesses: vec![Vec::new(); count] }
    }

    fn outpoint(input: usize) -> [u8; 36] {
        let mut outpoint = [0xab; 36];
        outpoint[32..].copy_from_slice(&(input as u32).to_le_bytes());
        outpoint
    }

    fn count(&self) -> u8 {
        self.spent.len() as u8
    }

    fn outpoints(&self) -> Vec<u8> {
        (0..self.spent.len()).flat_map(Self::outpoint).collect()
    }

    /// The amount and the script of the one output.
    fn output() -> Vec<u8> {
        [&(AMOUNT - 1000).to_le_bytes()[..], &sized(&[0x51])].concat()
    }

    /// Without witnesses, with these scripts.
    fn stripped(&self, scripts: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = VERSION.to_vec();
        bytes.extend(self.body(scripts));
        bytes.extend(LOCK_TIME);
        bytes
    }

    fn body(&self, scripts: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![self.count()];
        for (input, script) in scripts.iter().enumerate() {
            bytes.extend([&Self::outpoint(input)[..], &sized(script), &SEQUENCE].concat());
        }
        bytes.push(1);
        bytes.extend(Self::output());
        bytes
    }

    fn txid(&self) -> [u8; 32] {
        sha256d(&self.stripped(&self.scripts))
    }

    fn encode(&self) -> Vec<u8> {
        if self.witnesses.iter().all(Vec::is_empty) {
            return self.stripped(&self.scripts);
        }
        let mut bytes = [&VERSION[..], &[0, 1], &self.body(&self.scripts)].concat();
        for witness in &self.witnesses {
            bytes.push(witness.len() as u8);
            witness.iter().for_each(|element| bytes.extend(sized(element)));
        }
        bytes.extend(LOCK_TIME);
        bytes
    }

    /// What a signature without a witness signs.
    fn legacy(&self, input: usize, code: &[u8]) -> [u8; 32] {
        let mut scripts = vec![Vec::new(); self.spent.len()];
        scripts[input] = code.to_vec();
        sha256d(&[&self.stripped(&scripts)[..], &[ALL, 0, 0, 0]].concat())
    }

    /// BIP 143.
    fn v0(&self, input: usize, code: &[u8]) -> [u8; 32] {
        sha256d(
            &[
                &VERSION[..],
                &sha256d(&self.outpoints()),
                &sha256d(&SEQUENCE.repeat(self.spent.len())),
                &Self::outpoint(input),
                &sized(code),
                &AMOUNT.to_le_bytes(),
                &SEQUENCE,
                &sha256d(&Self::output()),
                &LOCK_TIME,
                &[ALL, 0, 0, 0],
            ]
            .concat(),
        )
    }

    /// BIP 341, under the hash type 0, and BIP 342 for a leaf.
    fn taproot(&self, input: usize, leaf: Option<[u8; 32]>) -> [u8; 32] {
        let amounts = AMOUNT.to_le_bytes().repeat(self.spent.len());
        let scripts: Vec<u8> = self.spent.iter().flat_map(|script| sized(script)).collect();
        let mut message = [
            &[0, 0][..],
            &VERSION,
            &LOCK_TIME,
            &sha256(&self.outpoints()),
            &sha256(&amounts),
            &sha256(&scripts),
            &sha256(&SEQUENCE.repeat(self.spent.len())),
            &sha256(&Self::output()),
            &[if leaf.is_some() { 2 } else { 0 }],
            &(input as u32).to_le_bytes(),
        ]
        .concat();
        if let Some(leaf) = leaf {
            message.extend([&leaf[..], &[0], &[0xff; 4]].concat());
        }
        tagged("TapSighash", &message)
    }

    /// The outputs spent as bcoin keeps them.
    fn undo(&self) -> Vec<u8> {
        let output = |script: &Vec<u8>| [&AMOUNT.to_le_bytes()[..], &sized(script)].concat();
        self.spent.iter().flat_map(output).collect()
    }
}

/// The signature of one of the signers with its hash type.
fn signature(of: usize, digest: &[u8; 32]) -> Vec<u8> {
    [&signer(of).sign_der(digest)[..], &[ALL]].concat()
}

fn schnorr() -> k256::schnorr::SigningKey {
    k256::schnorr::SigningKey::from_slice(&[0x77; 32]).expect("below the order")
}

fn sign_schnorr(digest: &[u8; 32]) -> Vec<u8> {
    schnorr().sign_raw(digest, &[0; 32]).expect("a signature").to_bytes().to_vec()
}

/// `<key> OP_CHECKSIG`.
fn pay_to_key(of: usize) -> Vec<u8> {
    [&sized(&signer(of).compressed)[..], &[0xac]].concat()
}

/// `OP_DUP OP_HASH160 <hash> OP_EQUALVERIFY OP_CHECKSIG`.
fn pay_to_hash(of: usize) -> Vec<u8> {
    [&[0x76, 0xa9][..], &sized(&hash160(&signer(of).compressed)), &[0x88, 0xac]].concat()
}

/// Two of three keys, of which the first will not have signed.
fn two_of_three() -> Vec<u8> {
    let keys = (0..3).flat_map(|of| sized(&signer(of).compressed));
    [&[0x52][..], &keys.collect::<Vec<u8>>(), &[0x53, 0xae]].concat()
}

/// Without a witness: a key, the hash of a key, and two of three behind a hash.
fn legacy() -> Spending {
    let redeem = two_of_three();
    let pay_to_script = [&[0xa9][..], &sized(&hash160(&redeem)), &[0x87]].concat();
    let mut spending = Spending::of(&[pay_to_key(0), pay_to_hash(1), pay_to_script]);
    let key = signature(0, &spending.legacy(0, &pay_to_key(0)));
    let hash = signature(1, &spending.legacy(1, &pay_to_hash(1)));
    let digest = spending.legacy(2, &redeem);
    let two = [1, 2].map(|of| sized(&signature(of, &digest))).concat();
    spending.scripts = vec![
        sized(&key),
        [sized(&hash), sized(&signer(1).compressed)].concat(),
        // The redeem script has 105 bytes: OP_PUSHDATA1.
        [&[0][..], &two, &[0x4c], &sized(&redeem)].concat(),
    ];
    spending
}

/// Version 0: the hash of a key, and a script with a branch and a separator.
fn witness() -> Spending {
    let key_hash = [&[0][..], &sized(&hash160(&signer(0).compressed))].concat();
    // OP_IF <key> OP_CODESEPARATOR OP_CHECKSIG OP_ELSE OP_RETURN OP_ENDIF
    let key = sized(&signer(1).compressed);
    let script = [&[0x63][..], &key, &[0xab, 0xac, 0x67, 0x6a, 0x68]].concat();
    let script_hash = [&[0][..], &sized(&sha256(&script))].concat();
    let mut spending = Spending::of(&[key_hash, script_hash]);
    let first = signature(0, &spending.v0(0, &pay_to_hash(0)));
    let second = signature(1, &spending.v0(1, &script[key.len() + 2..]));
    spending.witnesses = vec![vec![first, signer(0).compressed.to_vec()], vec![second, vec![1], script]];
    spending
}

/// Version 1, by the key: `changed` signatures do not hold.
fn tap_key(changed: bool) -> Spending {
    let output = [&[0x51][..], &sized(&schnorr().verifying_key().to_bytes())].concat();
    let mut spending = Spending::of(&[output.clone(), output]);
    let sign = |input| sign_schnorr(&spending.taproot(input, None));
    let mut signatures = [sign(0), sign(1)];
    signatures[1][63] ^= u8::from(changed);
    spending.witnesses = signatures.map(|signature| vec![signature]).to_vec();
    spending
}

/// Version 1, by a leaf: a key that signs, and one whose signature is empty.
fn tap_script() -> Spending {
    let key = schnorr().verifying_key().to_bytes();
    // <key> OP_CHECKSIG <key> OP_CHECKSIGADD OP_1 OP_NUMEQUAL
    let script = [&sized(&key)[..], &[0xac], &sized(&key), &[0xba, 0x51, 0x9c]].concat();
    let leaf = tagged("TapLeaf", &[&[0xc0][..], &sized(&script)].concat());
    let tweak = tagged("TapTweak", &[&key[..], &leaf].concat());
    let tweak: Scalar = Option::from(Scalar::from_repr(tweak.into())).expect("below the order");
    let internal = ProjectivePoint::from(*schnorr().verifying_key().as_affine());
    let point = (internal + ProjectivePoint::GENERATOR * tweak).to_affine();
    let parity = u8::from(bool::from(point.y_is_odd()));
    let mut spending = Spending::of(&[[&[0x51][..], &sized(&point.x())].concat()]);
    let signature = sign_schnorr(&spending.taproot(0, Some(leaf)));
    let control = [&[0xc0 | parity][..], &key].concat();
    spending.witnesses = vec![vec![Vec::new(), signature, script, control]];
    spending
}

/// `<key> OP_CHECKSIG OP_NOT` of a signature of something else.
fn denied() -> Spending {
    let mut spending = Spending::of(&[[&pay_to_key(0)[..], &[0x91]].concat()]);
    spending.scripts = vec![sized(&signature(0, &[7; 32]))];
    spending
}

/// A block of these at the height 900,000, and the transactions without the coinbase.
fn block(transactions: &[&Spending]) -> Vec<u8> {
    let ids: Vec<[u8; 32]> = transactions.iter().map(|of| of.txid()).collect();
    let witness_ids: Vec<[u8; 32]> =
        std::iter::once([0; 32]).chain(transactions.iter().map(|of| sha256d(&of.encode()))).collect();
    let commitment = sha256d(&[root(witness_ids), [0; 32]].concat());
    let height = [3, 0xa0, 0xbb, 0x0d];
    let output = [&[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed][..], &commitment].concat();
    let body = [
        &[1][..],
        &[0; 32],
        &[0xff; 4],
        &sized(&height),
        &SEQUENCE,
        &[2],
        &312_500_000_i64.to_le_bytes(),
        &sized(&[0x51]),
        &[0; 8],
        &sized(&output),
    ]
    .concat();
    let coinbase = [&VERSION[..], &body, &LOCK_TIME].concat();
    let reserved = [&[1][..], &sized(&[0; 32])].concat();
    let with_witness = [&VERSION[..], &[0, 1], &body, &reserved, &LOCK_TIME].concat();
    let root = root([vec![sha256d(&coinbase)], ids].concat());
    let header = [&[0, 0, 0, 0x20][..], &[0x11; 32], &root, &[0; 12]].concat();
    let others: Vec<u8> = transactions.iter().flat_map(|of| of.encode()).collect();
    [&header[..], &[1 + transactions.len() as u8], &with_witness, &others].concat()
}

/// The root of the tree over these.
fn root(mut level: Vec<[u8; 32]>) -> [u8; 32] {
    while level.len() > 1 {
        level = level.chunks(2).map(|two| sha256d(&[two[0], two[two.len() - 1]].concat())).collect();
    }
    level[0]
}

/// The undo data of Bitcoin Core for these transactions.
fn core_undo(transactions: &[&Spending]) -> Vec<u8> {
    let mut undo = vec![transactions.len() as u8];
    for spending in transactions {
        undo.push(spending.count());
        for script in &spending.spent {
            // The height 0, an amount of 10^5 (`CompressAmount`), a script as it is: its length and six.
            undo.extend([0, 6, script.len() as u8 + 6]);
            undo.extend(script);
        }
    }
    undo
}

fn input(choice: u8, undo: &[u8], record: &[u8]) -> Vec<u8> {
    [&[choice][..], &(undo.len() as u16).to_le_bytes(), undo, record].concat()
}

/// Seven transactions under the rules of today, three under older ones, a block in two forms, and a transaction with a
/// signature that does not hold.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mixed = {
        // The outputs of different kinds in one: what taproot signs has all of them.
        let [key, script] = [tap_key(false), tap_script()];
        let mut spending = Spending::of(&[key.spent[0].clone(), script.spent[0].clone(), pay_to_key(2)]);
        spending.witnesses[0] = vec![sign_schnorr(&spending.taproot(0, None))];
        let [.., leaf_script, _] = &script.witnesses[0][..] else { unreachable!("four elements") };
        let leaf = tagged("TapLeaf", &[&[0xc0][..], &sized(leaf_script)].concat());
        spending.witnesses[1] = script.witnesses[0].clone();
        spending.witnesses[1][1] = sign_schnorr(&spending.taproot(1, Some(leaf)));
        spending.scripts[2] = sized(&signature(2, &spending.legacy(2, &pay_to_key(2))));
        spending
    };
    let mut empty = Spending::of(&[vec![0x51]]);
    empty.scripts = vec![Vec::new()];
    let today = [&legacy(), &witness(), &tap_key(false), &tap_script(), &denied(), &mixed, &empty];
    let of = |choice, spending: &Spending| input(choice, &spending.undo(), &spending.encode());
    let mut seeds: Vec<Vec<u8>> = today.map(|spending| of(0, spending)).to_vec();
    seeds.extend([of(1, &legacy()), of(2, &legacy()), of(3, &witness())]);
    // Their outpoints must be different ones.
    let in_block = [&mixed];
    seeds.push(input(4, &mixed.undo(), &block(&in_block)));
    seeds.push(input(5, &core_undo(&in_block), &block(&in_block)));
    seeds.push(of(0, &tap_key(true)));
    seeds
}
