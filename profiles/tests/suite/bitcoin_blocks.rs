//! Bitcoin: whole blocks with the outputs that they spend, what damage does to them, and undo data as Bitcoin Core writes
//! them.

mod maker;

use sigwarp_profiles::bitcoin::{
    Bitcoin, BlockFault, Context, Fault, Flags, Network, PreviousOutput, SpentOutputs,
};
use sigwarp_profiles::{AnyContext, Batch, Report, Verdict, verify};

use self::maker::{Block, Output, bcoin_undo, write_bcoin_undo, write_core_undo};
use crate::common;

/// The blocks of the vectors that have their undo data beside them: path without its end, network, height, transactions.
const BLOCKS: [(&str, &str, Network, u32, usize); 10] = [
    ("chains/bitcoin-blocks/bcoin-block300025", "", Network::Main, 300_025, 461),
    ("profiles/bitcoin/block367891", ".gz", Network::Main, 367_891, 420),
    ("profiles/bitcoin/block866342", ".gz", Network::Main, 866_342, 4864),
    ("chains/bitcoin-blocks/bcoin-block1087400", "", Network::Testnet3, 1_087_400, 97),
    ("chains/bitcoin-blocks/bcoin-block928816", "", Network::Testnet3, 928_816, 889),
    ("chains/bitcoin-blocks/bcoin-block928828", "", Network::Testnet3, 928_828, 201),
    ("chains/bitcoin-blocks/bcoin-block928831", "", Network::Testnet3, 928_831, 915),
    ("chains/bitcoin-blocks/bcoin-block928848", "", Network::Testnet3, 928_848, 676),
    ("chains/bitcoin-blocks/bcoin-block928849", "", Network::Testnet3, 928_849, 993),
    ("chains/bitcoin-blocks/bcoin-block928927", "", Network::Testnet3, 928_927, 914),
];

/// One of those that is soon judged.
const SMALL: usize = 3;

/// A block and bcoin's undo data.
fn vectors(place: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let (path, end, ..) = BLOCKS[place];
    let [block, undo] = ["", "-undo"].map(|part| common::bytes(&format!("{path}{part}.raw{end}")));
    block.zip(undo)
}

fn context(place: usize, spent: SpentOutputs) -> Context {
    let (_, _, network, height, _) = BLOCKS[place];
    Context::block(network, height, spent)
}

fn judged<'a>(blocks: impl IntoIterator<Item = (&'a Vec<u8>, &'a Context)>) -> Vec<Report> {
    let mut batch = Batch::new();
    blocks.into_iter().for_each(|(block, context)| batch.push(&Bitcoin, block, context));
    verify(common::fastest(), batch).expect("an engine that works")
}

fn judge(block: &Block, context: &Context) -> Report {
    judged([(&block.write(), context)]).remove(0)
}

/// The first transactions that are not valid, with what is said of them and their inputs.
fn others(report: &Report) -> Vec<String> {
    let others = report.transactions.iter().enumerate().filter(|(_, of)| !of.verdict.is_valid());
    let said = |(place, of): (usize, &Report)| {
        let inputs = of.inputs.iter().enumerate().filter(|(_, input)| !input.verdict.is_valid());
        let inputs: Vec<String> =
            inputs.map(|(place, input)| format!("{place} {:?}", input.verdict)).collect();
        format!("{place}: {:?}, inputs {inputs:?}", of.verdict)
    };
    others.take(10).map(said).collect()
}

/// Real blocks are valid, a small one on every backend, and every transaction of them is decided. So they are with Core's
/// undo data.
#[test]
fn real_blocks_are_valid() {
    let Some(all) = (0..BLOCKS.len()).map(vectors).collect::<Option<Vec<_>>>() else { return };
    let of_each = |place: usize| match place {
        SMALL => common::engines().iter().map(|(_, engine)| engine).collect(),
        _ => vec![common::fastest()],
    };
    for (place, (block, undo)) in all.iter().enumerate() {
        for engine in of_each(place) {
            let (_, _, _, height, count) = BLOCKS[place];
            let of_core = write_core_undo(&Block::read(block), &bcoin_undo(undo));
            let spent = SpentOutputs::from_bcoin(undo).expect("undo data");
            let again = SpentOutputs::from_core(&of_core).expect("undo data");
            assert!((0..=spent.len()).all(|input| spent.get(input) == again.get(input)), "{height}");
            let context = context(place, if place % 2 == 0 { spent } else { again });
            let mut batch = Batch::new();
            batch.push(&Bitcoin, block, &context);
            let report = verify(engine, batch).expect("an engine that works").remove(0);
            assert_eq!(
                report.verdict,
                Verdict::Valid,
                "{height} on {:?}: {:#?}",
                engine.backends(),
                others(&report)
            );
            assert_eq!(report.transactions.len(), count, "{height}");
            assert!(report.transactions.iter().all(|transaction| transaction.verdict.is_valid()));
            assert_eq!(report.hash.as_deref(), Some(&maker::sha256d(&block[..80])[..]));
            let id =
                |transaction: &maker::Transaction| Some(maker::sha256d(&transaction.write(false)).to_vec());
            let read = Block::read(block);
            let ids = read.transactions.iter().map(id);
            assert!(
                ids.eq(report.transactions.iter().map(|transaction| transaction.tx_id.clone())),
                "{height}"
            );
        }
    }
}

/// Outputs that earlier transactions of the block made need not be given; without the others it is open.
#[test]
fn outputs_of_the_same_block_are_found_in_it() {
    let Some((bytes, undo)) = vectors(2) else { return };
    let block = Block::read(&bytes);
    let outputs = bcoin_undo(&undo);
    let ids: Vec<[u8; 32]> =
        block.transactions.iter().map(|transaction| maker::sha256d(&transaction.write(false))).collect();
    let inputs = block.transactions[1..].iter().flat_map(|transaction| &transaction.inputs);
    let (mut spent, mut inside) = (SpentOutputs::new(), 0);
    for (input, output) in inputs.zip(&outputs) {
        match ids.iter().any(|id| input.outpoint[..32] == id[..]) {
            true => {
                inside += 1;
                spent.push_unknown();
            }
            false => {
                spent.push(sigwarp_profiles::bitcoin::Output { value: output.value, script: &output.script })
            }
        }
    }
    assert!(inside > 100, "{inside}");
    let report = judge(&block, &context(2, spent));
    assert_eq!(report.verdict, Verdict::Valid);
    let report = judge(&block, &context(2, SpentOutputs::new()));
    assert_eq!(report.verdict.name(), "undecided");
    // Open is what spends an output of another block, and nothing else: the others form chains.
    let mut open = 0;
    for (transaction, report) in block.transactions.iter().zip(&report.transactions).skip(1) {
        let is_inside =
            transaction.inputs.iter().all(|input| ids.iter().any(|id| input.outpoint[..32] == id[..]));
        open += usize::from(!is_inside);
        assert_eq!(report.verdict.name(), if is_inside { "valid" } else { "undecided" });
    }
    assert!(open > 500 && open < 4000, "{open}");
}

/// What a changed block is called, where nothing commits to the change, and where everything was committed to again.
#[test]
fn damaged_blocks_are_refused_for_what_is_wrong() {
    let Some((bytes, undo)) = vectors(SMALL) else { return };
    let block = Block::read(&bytes);
    let spent = || SpentOutputs::from_bcoin(&undo).expect("undo data");
    let context = context(SMALL, spent());
    let changed = |change: &dyn Fn(&mut Block), commits: bool| {
        let mut block = block.clone();
        change(&mut block);
        if commits {
            block.commit();
        }
        judge(&block, &context)
    };
    let refused = |report: &Report, fault: BlockFault| {
        assert_eq!(report.verdict, Verdict::invalid(fault), "{:?}", report.verdict);
    };
    assert_eq!(changed(&|_| (), true).verdict, Verdict::Valid);

    // A signature in a script, which ids cover, and one in a witness.
    let with_script = |block: &Block| {
        let has = |transaction: &maker::Transaction| transaction.inputs[0].script.len() > 100;
        1 + block.transactions[1..].iter().position(has).expect("a legacy input")
    };
    let with_witness = |block: &Block| {
        let is_long = |element: &Vec<u8>| element.len() >= 64;
        let has =
            |transaction: &maker::Transaction| transaction.inputs[0].witness.first().is_some_and(is_long);
        1 + block.transactions[1..].iter().position(has).expect("an input with a witness")
    };
    let legacy = |block: &mut Block| {
        let place = with_script(block);
        block.transactions[place].inputs[0].script[40] ^= 1;
    };
    let segwit = |block: &mut Block| {
        let place = with_witness(block);
        block.transactions[place].inputs[0].witness[0][40] ^= 1;
    };
    for (change, place, fault) in [
        (&legacy as &dyn Fn(&mut Block), with_script(&block), BlockFault::MerkleRoot),
        (&segwit, with_witness(&block), BlockFault::WitnessCommitment),
    ] {
        let (loose, committed) = (changed(change, false), changed(change, true));
        refused(&loose, fault);
        refused(&committed, BlockFault::InvalidTransaction);
        for report in [loose, committed] {
            assert_eq!(report.transactions[place].verdict.name(), "invalid");
        }
    }
    // A script, and an amount, of an output: those who spend it, or sign it, do not any more.
    let amount = |block: &mut Block| block.transactions[1].outputs[0].value ^= 1;
    let script = |block: &mut Block| block.transactions[1].outputs[0].script[3] ^= 1;
    for change in [&amount as &dyn Fn(&mut Block), &script] {
        refused(&changed(change, false), BlockFault::MerkleRoot);
        refused(&changed(change, true), BlockFault::InvalidTransaction);
    }
    // The root, the commitment and the reserved value.
    refused(&changed(&|block| block.header[40] ^= 1, false), BlockFault::MerkleRoot);
    let commitment = |block: &mut Block| {
        let place = block.commitment().expect("a commitment");
        block.transactions[0].outputs[place].script[20] ^= 1;
        let ids = block.clone();
        block.header[36..68].copy_from_slice(&maker::merkle_root(&ids));
    };
    refused(&changed(&commitment, false), BlockFault::WitnessCommitment);
    let reserved = |block: &mut Block| block.transactions[0].inputs[0].witness[0][0] ^= 1;
    refused(&changed(&reserved, false), BlockFault::WitnessCommitment);
    refused(
        &changed(&|block| block.transactions[0].inputs[0].witness[0].push(0), false),
        BlockFault::ReservedValue,
    );
    let none = |block: &mut Block| {
        let place = block.commitment().expect("a commitment");
        block.transactions[0].outputs[place].script[1] ^= 1;
    };
    refused(&changed(&none, true), BlockFault::UnexpectedWitness);
    // The coinbase: its height, that it is there, and that it is one.
    refused(&changed(&|block| block.transactions[0].inputs[0].script[1] ^= 1, true), BlockFault::WrongHeight);
    let not_first = |block: &mut Block| block.transactions[0].inputs[0].outpoint[0] = 1;
    refused(&changed(&not_first, true), BlockFault::NoCoinbase);
    // An amount that was spent: what BIP 143 signs.
    let mut outputs = bcoin_undo(&undo);
    let place = with_witness(&block);
    let first: usize = block.transactions[1..place].iter().map(|transaction| transaction.inputs.len()).sum();
    outputs[first].value ^= 1;
    let other = SpentOutputs::from_bcoin(&write_bcoin_undo(&outputs)).expect("undo data");
    let report = judge(&block, &self::context(SMALL, other));
    refused(&report, BlockFault::InvalidTransaction);
    assert_eq!(report.transactions[place].verdict.name(), "invalid");
    assert_eq!(report.transactions.iter().filter(|transaction| !transaction.verdict.is_valid()).count(), 1);
    // The undo data of another block say nothing of this one.
    outputs.pop();
    let fewer = SpentOutputs::from_bcoin(&write_bcoin_undo(&outputs)).expect("undo data");
    assert_eq!(
        judge(&block, &self::context(SMALL, fewer)).verdict,
        Verdict::undecided(BlockFault::OtherPreviousOutputs)
    );
}

/// Transactions that come twice at the end have the same root (CVE-2012-2459), and are refused all the same.
#[test]
fn a_block_with_its_last_transactions_twice_is_refused() {
    let Some((bytes, undo)) = vectors(SMALL) else { return };
    let mut block = Block::read(&bytes);
    // 97 transactions: the last is its own partner up to the level of 32.
    assert_eq!(block.transactions.len(), 97);
    let last = block.transactions[96].clone();
    block.transactions.push(last.clone());
    let mut outputs = bcoin_undo(&undo);
    let twice = outputs[outputs.len() - last.inputs.len()..].to_vec();
    outputs.extend(twice);
    let spent = SpentOutputs::from_bcoin(&write_bcoin_undo(&outputs)).expect("undo data");
    let report = judge(&block, &context(SMALL, spent));
    assert_eq!(report.verdict, Verdict::invalid(BlockFault::DuplicateTransactions));
    // With a commitment to another transaction that spends the same, it is spent twice.
    block.transactions[97].lock_time[0] ^= 1;
    block.commit();
    let spent = SpentOutputs::from_bcoin(&write_bcoin_undo(&outputs)).expect("undo data");
    let report = judge(&block, &context(SMALL, spent));
    assert_eq!(report.verdict, Verdict::invalid(BlockFault::DoubleSpend));
}

/// Cut anywhere a block is truncated, and with a byte behind it there are bytes left.
#[test]
fn blocks_that_are_cut_are_invalid() {
    let Some((bytes, undo)) = vectors(SMALL) else { return };
    let context = context(SMALL, SpentOutputs::from_bcoin(&undo).expect("undo data"));
    let cut: Vec<Vec<u8>> = (0..bytes.len()).step_by(97).map(|length| bytes[..length].to_vec()).collect();
    for report in judged(cut.iter().map(|block| (block, &context))) {
        assert_eq!(report.verdict.cause(), Some(Fault::Truncated.into()));
    }
    let longer = [&bytes[..], &[0]].concat();
    let report = judged([(&longer, &context)]).remove(0);
    assert_eq!((report.verdict.cause(), report.at), (Some(Fault::TrailingBytes.into()), Some(bytes.len())));
}

/// Transactions of a real block whose every input is signed whole, by the hash of a key or a key of taproot.
#[test]
fn damaged_transactions_of_a_block_are_not_valid() {
    let Some((bytes, undo)) = vectors(2) else { return };
    let (block, mut outputs) = (Block::read(&bytes), bcoin_undo(&undo).into_iter());
    let is_signed_whole =
        |input: &maker::Input, output: &Output| match (&output.script[..], &input.witness[..]) {
            ([0, 20, ..], [signature, _]) => signature.last() == Some(&1),
            ([0x51, 32, ..], [signature]) => signature.len() == 64,
            _ => false,
        };
    let mut cases = Vec::new();
    for transaction in &block.transactions[1..] {
        let spent: Vec<Output> = outputs.by_ref().take(transaction.inputs.len()).collect();
        let record = transaction.write(true);
        let mut inputs = transaction.inputs.iter().zip(&spent);
        if record.len() > 600 || !inputs.all(|(input, output)| is_signed_whole(input, output)) {
            continue;
        }
        let output = |Output { value, script }: Output| Some(PreviousOutput { value, script });
        let flags = Flags::at(Network::Main, BLOCKS[2].3, None);
        let context = Context::transaction(flags, spent.into_iter().map(output).collect());
        cases.push(common::Case {
            id: format!("the transaction {} of those", cases.len()),
            record,
            context: AnyContext::of::<Bitcoin>(context),
            row: serde_json::Value::Null,
            expected: serde_json::Value::Null,
        });
    }
    assert!(cases.len() > 500, "{} cases", cases.len());
    let cases = common::spread(cases, 24);
    let (judged, _) = common::damage(&Bitcoin, &cases, 8, |_, _, _| false);
    assert!(judged > 6000, "{judged} judged");
}

/// Every flipped bit of a small block, outside of the header, is refused or changes nothing that is committed to: there is
/// no such bit.
#[test]
fn no_flipped_bit_of_a_block_stays_valid() {
    let Some((bytes, undo)) = vectors(SMALL) else { return };
    let context = context(SMALL, SpentOutputs::from_bcoin(&undo).expect("undo data"));
    let flipped: Vec<Vec<u8>> = (80 * 8 + 3..bytes.len() * 8)
        .step_by(6007)
        .map(|bit| {
            let mut block = bytes.clone();
            block[bit / 8] ^= 1 << (bit % 8);
            block
        })
        .collect();
    assert!(flipped.len() > 60);
    for (place, report) in judged(flipped.iter().map(|block| (block, &context))).iter().enumerate() {
        assert!(!report.verdict.is_valid(), "{place}");
    }
}

/// Special scripts of Core's undo data with their longest and shortest neighbours, and whatever is cut.
#[test]
fn compressed_undo_data_are_read_as_they_were_written() {
    let generator = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                     483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    let key = hex::decode(generator).expect("digits");
    let mut odd = key.clone();
    // p − y: the digits of the other root.
    let other = "b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777";
    odd[33..].copy_from_slice(&hex::decode(other).expect("digits"));
    let mut none = key.clone();
    none[64] ^= 1;
    let with = |parts: &[&[u8]]| parts.concat();
    let scripts = [
        with(&[&[0x76, 0xa9, 20], &[7; 20], &[0x88, 0xac]]),
        with(&[&[0xa9, 20], &[8; 20], &[0x87]]),
        with(&[&[33, 2], &[9; 32], &[0xac]]),
        with(&[&[33, 3], &[9; 32], &[0xac]]),
        with(&[&[65], &key, &[0xac]]),
        with(&[&[65], &odd, &[0xac]]),
        // No point, so that it is kept as it is; and what is nearly one of the forms.
        with(&[&[65], &none, &[0xac]]),
        with(&[&[65, 6], &key[1..], &[0xac]]),
        with(&[&[0x76, 0xa9, 20], &[7; 20], &[0x88, 0xad]]),
        with(&[&[33, 4], &[9; 32], &[0xac]]),
        vec![],
        vec![0x51; 121],
        vec![0x51; 122],
        vec![0x6a; 10_001],
    ];
    let amounts =
        [0, 1, 9, 10, 546, 1_000_000, 100_000_000, 5_000_000_000, 123_456_789, 2_100_000_000_000_000];
    let outputs: Vec<Output> = scripts
        .iter()
        .enumerate()
        .map(|(place, script)| Output { value: amounts[place % amounts.len()], script: script.clone() })
        .collect();
    let input = maker::Input { outpoint: vec![1; 36], script: vec![], sequence: vec![0; 4], witness: vec![] };
    let transaction = |inputs| maker::Transaction {
        version: vec![1, 0, 0, 0],
        inputs: vec![input.clone(); inputs],
        outputs: vec![],
        lock_time: vec![0; 4],
    };
    let block =
        Block { header: vec![0; 80], transactions: vec![transaction(1), transaction(3), transaction(11)] };
    let undo = write_core_undo(&block, &outputs);
    let read = SpentOutputs::from_core(&undo).expect("undo data");
    assert_eq!(read.len(), outputs.len());
    for (place, output) in outputs.iter().enumerate() {
        let read = read.get(place).expect("an output");
        assert_eq!((read.value, read.script), (output.value, &output.script[..]), "{place}");
    }
    for length in 0..undo.len() {
        assert!(SpentOutputs::from_core(&undo[..length]).is_err(), "{length}");
    }
    assert!(SpentOutputs::from_core(&[&undo[..], &[0]].concat()).is_err());
    let plain = write_bcoin_undo(&outputs);
    let read = SpentOutputs::from_bcoin(&plain).expect("undo data");
    assert!(
        outputs
            .iter()
            .enumerate()
            .all(|(place, output)| read.get(place).is_some_and(|read| read.script == output.script))
    );
    // A key that is no point where the form promises one, an amount above 63 bits, and numbers that promise bytes.
    let begin = [1, 1, 0];
    for wrong in [
        [&begin[..], &[1, 4], &[0; 31], &[5]].concat(),
        [&begin[..], &[0x80, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x7f, 6]].concat(),
        [&begin[..], &[1, 0x8e, 0xfe, 0xfe, 0xfe, 0x7f]].concat(),
        vec![0xfe, 0xff, 0xff, 0xff, 0x01],
        vec![1, 0xfe, 0xff, 0xff, 0xff, 0x01],
        vec![0xfd, 1, 0],
    ] {
        assert!(SpentOutputs::from_core(&wrong).is_err(), "{wrong:02x?}");
    }
    assert!(SpentOutputs::from_bcoin(&[0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x01]).is_err());
}
