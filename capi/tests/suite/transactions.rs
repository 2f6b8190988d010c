//! Whole transactions through the C library: what Rust says of them, and codes where a call is wrong.

use crate::common;

use std::ffi::{CStr, CString, c_char};
use std::ptr::{null, null_mut};

use common::*;
use ed25519_dalek::{Signer, SigningKey};
use sigwarp_c::*;
use sigwarp_profiles::{Batch, Fields, Report, System, system, verify};

/// The example of EIP-155, of chain 1.
const ETHEREUM: &str = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080\
    25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3\
    dc64214b297fb1966a3b6d83";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// A legacy transaction of Solana without instructions, signed by the key of this seed.
pub(crate) fn solana(seed: u8) -> Vec<u8> {
    let signer = SigningKey::from_bytes(&[seed; 32]);
    let key = signer.verifying_key().to_bytes();
    let message = [&[1, 0, 0, 1][..], &key, &[seed; 32], &[0]].concat();
    [&[1][..], &signer.sign(&message).to_bytes(), &message].concat()
}

/// Makes a context; gives the code, the text and the handle.
fn make(profile: Option<&CStr>, fields: &[&str]) -> (sigwarp_code, String, sigwarp_transaction_context) {
    let owned: Vec<CString> = fields.iter().map(|field| CString::new(*field).unwrap()).collect();
    let pointers: Vec<*const c_char> = owned.iter().map(|field| field.as_ptr()).collect();
    let (mut context, mut error) = (sigwarp_transaction_context { id: 9 }, no_error());
    let profile = profile.map_or(null(), CStr::as_ptr);
    // SAFETY: as many terminated texts as the call is told.
    let code = unsafe {
        sigwarp_transaction_context_new(profile, pointers.as_ptr(), fields.len(), &mut context, &mut error)
    };
    assert_eq!(code, error.code);
    (code, text(&error), context)
}

pub(crate) fn context(profile: &CStr, fields: &[&str]) -> sigwarp_transaction_context {
    let (code, text, context) = make(Some(profile), fields);
    assert_eq!(code, SIGWARP_OK, "{text}");
    context
}

/// The records of the tests: which of the two contexts each has, and its bytes.
pub(crate) fn records() -> Vec<(u32, Vec<u8>)> {
    let ethereum = unhex(ETHEREUM);
    let mut flipped = ethereum.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut spoilt = solana(2);
    spoilt[5] ^= 1;
    let short = ethereum[..50].to_vec();
    let empty = Vec::new();
    let v1 = [&[0x81][..], &[0; 200]].concat();
    [(0, ethereum), (1, solana(1)), (1, spoilt), (0, short), (1, empty), (0, flipped), (1, v1)].into()
}

pub(crate) fn contexts() -> [sigwarp_transaction_context; 2] {
    [context(c"ethereum", &["chain_id=1", "fork=prague"]), context(c"solana", &[])]
}

/// What Rust says of them.
pub(crate) fn expected(records: &[(u32, Vec<u8>)]) -> Vec<Report> {
    let of = |name: &str, fields: &[&str]| {
        let mut given = Fields::new();
        fields.iter().for_each(|field| given.push_text(field).unwrap());
        let system: &'static dyn System = system(name).unwrap();
        (system, system.context(&given).unwrap())
    };
    let contexts = [of("ethereum", &["chain_id=1", "fork=prague"]), of("solana", &[])];
    let mut batch = Batch::new();
    for (of, record) in records {
        let (system, context) = &contexts[*of as usize];
        system.push(&mut batch, record, context).unwrap();
    }
    let engine = sigwarp::Engine::builder().build().unwrap();
    verify(&engine, batch).unwrap()
}

/// Records as a call takes them.
struct Given {
    bytes: Vec<u8>,
    offsets: Vec<u64>,
    of: Vec<u32>,
}

impl Given {
    fn new(records: &[(u32, Vec<u8>)]) -> Self {
        let mut given = Self { bytes: Vec::new(), offsets: vec![0], of: Vec::new() };
        for (of, record) in records {
            given.bytes.extend_from_slice(record);
            given.offsets.push(given.bytes.len() as u64);
            given.of.push(*of);
        }
        given
    }

    fn call<'a>(&'a self, engine: sigwarp_engine, contexts: &'a [sigwarp_transaction_context]) -> Call<'a> {
        Call { engine, contexts, of: self.of.as_ptr(), records: self.of.len(), given: self, offsets: null() }
    }
}

/// The arguments of sigwarp_transactions_verify, so that one of them can be wrong.
#[derive(Clone, Copy)]
struct Call<'a> {
    engine: sigwarp_engine,
    contexts: &'a [sigwarp_transaction_context],
    of: *const u32,
    records: usize,
    given: &'a Given,
    /// Other offsets than those of the records.
    offsets: *const u64,
}

impl Call<'_> {
    fn run(self) -> (sigwarp_code, String, sigwarp_reports) {
        let (mut reports, mut error) = (sigwarp_reports { id: 9 }, no_error());
        let offsets = if self.offsets.is_null() { self.given.offsets.as_ptr() } else { self.offsets };
        // SAFETY: what is wrong about the arguments of these tests is what the call checks before it reads.
        let code = unsafe {
            sigwarp_transactions_verify(
                self.engine,
                self.contexts.as_ptr(),
                self.contexts.len(),
                self.of,
                self.records,
                self.given.bytes.as_ptr(),
                self.given.bytes.len(),
                offsets,
                &mut reports,
                &mut error,
            )
        };
        assert_eq!((code, code == SIGWARP_OK), (error.code, reports.id != 0));
        (code, text(&error), reports)
    }
}

fn word(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().map(|&c| c.cast_unsigned()).collect();
    CStr::from_bytes_until_nul(&bytes).expect("terminated").to_str().expect("ASCII").to_owned()
}

/// The JSON of a report, by asking for its length first.
fn json(reports: sigwarp_reports, record: usize) -> String {
    let mut needed = 0;
    // SAFETY: nothing but the length is written, then as much as that.
    unsafe {
        let code = sigwarp_reports_json(reports, record, null_mut(), 0, &mut needed, null_mut());
        assert_eq!(code, SIGWARP_OK);
        let mut buffer = vec![0x41 as c_char; needed];
        let start = buffer.as_mut_ptr();
        let short = sigwarp_reports_json(reports, record, start, needed - 1, null_mut(), null_mut());
        assert_eq!(short, SIGWARP_ERROR_BUFFER);
        assert_eq!(sigwarp_reports_json(reports, record, start, needed, null_mut(), null_mut()), SIGWARP_OK);
        assert_eq!(buffer.iter().position(|&c| c == 0), Some(needed - 1));
        word(&buffer)
    }
}

/// One report, read as a structure, its signatures and its JSON, is this one.
pub(crate) fn compare(reports: sigwarp_reports, record: usize, report: &Report) {
    let mut read = sigwarp_report::default();
    // SAFETY: room for one.
    let code = unsafe { sigwarp_reports_read(reports, record, 1, &mut read, null_mut()) };
    assert_eq!(code, SIGWARP_OK);
    let verdicts = ["", "valid", "invalid", "undecided"];
    assert_eq!(verdicts[usize::from(read.verdict)], report.verdict.name(), "{record}");
    let cause =
        |verdict: sigwarp_profiles::Verdict| verdict.cause().map_or(String::new(), |cause| cause.to_string());
    assert_eq!(word(&read.reason), cause(report.verdict), "{record}");
    let place = |of: Option<usize>| of.map_or(-1, |place| place as i64);
    assert_eq!((read.which, read.at), (place(report.which), place(report.at)));
    assert_eq!(read.sender[..usize::from(read.sender_length)], report.sender.clone().unwrap_or_default());
    assert_eq!(read.tx_id[..usize::from(read.tx_id_length)], report.tx_id.clone().unwrap_or_default());
    assert_eq!((read.signatures, read.transactions), (report.signatures.len(), report.transactions.len()));

    let mut signatures = vec![sigwarp_report_signature::default(); read.signatures];
    // SAFETY: room for as many as there are.
    let code = unsafe {
        sigwarp_reports_signatures(reports, record, signatures.as_mut_ptr(), signatures.len(), null_mut())
    };
    assert_eq!(code, SIGWARP_OK);
    for (read, signature) in signatures.iter().zip(&report.signatures) {
        assert_eq!(verdicts[usize::from(read.verdict)], signature.verdict.name());
        assert_eq!(
            (word(&read.role), word(&read.reason)),
            (signature.role.to_string(), cause(signature.verdict))
        );
        assert_eq!(read.key[..read.key_length], signature.key);
        let address = signature.address.map_or(Vec::new(), Vec::from);
        assert_eq!(read.address[..usize::from(read.address_length)], address);
    }
    let mut members = String::new();
    report.push_json(&mut members);
    assert_eq!(json(reports, record), format!("{{{members}}}"));
}

#[test]
fn reports_are_those_of_rust() {
    let (engine, contexts, records) = (engine(), contexts(), records());
    let given = Given::new(&records);
    let expected = expected(&records);
    let (code, text, reports) = given.call(engine, &contexts).run();
    assert_eq!(code, SIGWARP_OK, "{text}");
    let mut length = 77;
    // SAFETY: all of it is here.
    unsafe { assert_eq!(sigwarp_reports_length(reports, &mut length, null_mut()), SIGWARP_OK) };
    assert_eq!(length, 7);
    expected.iter().enumerate().for_each(|(record, report)| compare(reports, record, report));

    // What the examples of the documents show.
    let mut all = [sigwarp_report::default(); 7];
    // SAFETY: room for all.
    unsafe { assert_eq!(sigwarp_reports_read(reports, 0, 7, all.as_mut_ptr(), null_mut()), SIGWARP_OK) };
    let verdicts = all.map(|report| report.verdict);
    assert_eq!(verdicts[..4], [1, 1, 2, 2]);
    assert_eq!(all[0].sender[..20], unhex("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"));
    assert_eq!((word(&all[2].reason), all[2].which), ("BadSignature".to_owned(), 0));

    // SAFETY: no records, so that nothing is read.
    let (code, _, none) = Call { records: 0, of: null(), ..given.call(engine, &[]) }.run();
    assert_eq!(code, SIGWARP_OK);
    for reports in [reports, none] {
        // SAFETY: a null error is allowed.
        unsafe { assert_eq!(sigwarp_reports_free(reports, null_mut()), SIGWARP_OK) };
    }
}

#[test]
fn a_record_that_is_no_block_has_no_transactions() {
    let engine = engine();
    let context = context(c"ethereum", &["chain_id=1", "form=block", "fork=prague"]);
    let given = Given::new(&[(0, unhex(ETHEREUM))]);
    let (code, text, reports) = given.call(engine, &[context]).run();
    assert_eq!(code, SIGWARP_OK, "{text}");
    let mut read = [sigwarp_report::default()];
    let (mut within, mut length) = (sigwarp_reports { id: 9 }, 9);
    // SAFETY: all of it is here.
    unsafe {
        assert_eq!(sigwarp_reports_read(reports, 0, 1, read.as_mut_ptr(), null_mut()), SIGWARP_OK);
        assert_eq!((read[0].verdict, read[0].transactions), (SIGWARP_VERDICT_INVALID, 0));
        assert_eq!(sigwarp_reports_transactions(reports, 0, &mut within, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_reports_free(reports, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_reports_length(within, &mut length, null_mut()), SIGWARP_OK);
        assert_eq!(length, 0);
        let mut error = no_error();
        let code = sigwarp_reports_read(within, 0, 1, read.as_mut_ptr(), &mut error);
        assert_eq!((code, read[0].verdict), (SIGWARP_ERROR_ARGUMENT, SIGWARP_VERDICT_NOT_COMPUTED));
        assert_eq!(sigwarp_reports_free(within, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_reports_free(within, null_mut()), SIGWARP_ERROR_HANDLE);
    }
}

/// A file of the vectors, where they are.
fn vector(path: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("SIGWARP_VECTORS") else {
        println!("SKIPPED a block: SIGWARP_VECTORS is not set");
        return None;
    };
    Some(std::fs::read(std::path::Path::new(&folder).join(path)).expect("a readable file"))
}

/// A block of mainnet, where the vectors are.
#[test]
fn a_block_has_the_reports_of_its_transactions() {
    let Some(mut block) = vector("profiles/ethereum/mainnet-2730000.rlp") else { return };
    let ethereum = system("ethereum").unwrap();
    block.truncate(ethereum.framing(&block[..16]).expect("a length"));
    compare_block(c"ethereum", &["chain_id=1", "form=block"], block);
}

/// A block with the outputs that it spends as one field in hexadecimal, whose scripts are run in rounds.
#[test]
fn a_block_of_bitcoin_has_the_reports_of_its_transactions() {
    let path = "chains/bitcoin-blocks/bcoin-block1087400";
    let [block, undo] = ["", "-undo"].map(|part| vector(&format!("{path}{part}.raw")));
    let Some((block, undo)) = block.zip(undo) else { return };
    let digits: String = undo.iter().map(|byte| format!("{byte:02x}")).collect();
    let spent = format!("prevouts={digits}");
    compare_block(c"bitcoin", &["network=testnet3", "height=1087400", "form=block", &spent], block);
}

/// A valid block has the reports that Rust gives it; those of its transactions outlive its own.
fn compare_block(profile: &CStr, given: &[&str], block: Vec<u8>) {
    let of_rust = system(profile.to_str().unwrap()).unwrap();
    let mut fields = Fields::new();
    given.iter().for_each(|field| fields.push_text(field).unwrap());
    let rust_context = of_rust.context(&fields).unwrap();
    let mut batch = Batch::new();
    of_rust.push(&mut batch, &block, &rust_context).unwrap();
    let expected = verify(&sigwarp::Engine::builder().build().unwrap(), batch).unwrap().remove(0);
    assert!(expected.verdict.is_valid() && !expected.transactions.is_empty());

    let context = context(profile, given);
    let given = Given::new(&[(0, block)]);
    let (code, text, reports) = Call { of: null(), ..given.call(engine(), &[context]) }.run();
    assert_eq!(code, SIGWARP_OK, "{text}");
    compare(reports, 0, &expected);
    let (mut within, mut inner, mut length) = (sigwarp_reports::default(), sigwarp_reports::default(), 9);
    // SAFETY: all of it is here.
    unsafe {
        assert_eq!(sigwarp_reports_transactions(reports, 0, &mut within, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_reports_free(reports, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_reports_length(within, &mut length, null_mut()), SIGWARP_OK);
        assert_eq!(length, expected.transactions.len());
        expected.transactions.iter().enumerate().for_each(|(place, report)| compare(within, place, report));
        // A transaction has none of its own.
        assert_eq!(sigwarp_reports_transactions(within, 0, &mut inner, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_reports_length(inner, &mut length, null_mut()), SIGWARP_OK);
        assert_eq!(length, 0);
        for reports in [within, inner] {
            assert_eq!(sigwarp_reports_free(reports, null_mut()), SIGWARP_OK);
        }
    }
}

#[test]
fn contexts_that_make_no_sense_are_refused_with_what_they_lack() {
    for (profile, fields, code, says) in [
        (None, &[][..], SIGWARP_ERROR_NULL, "profile is null"),
        (
            Some(c"litecoin"),
            &[],
            SIGWARP_ERROR_ARGUMENT,
            "profile \"litecoin\" is not known; known are bitcoin, ",
        ),
        (
            Some(c"ethereum"),
            &[],
            SIGWARP_ERROR_ARGUMENT,
            "ethereum: the field \"chain_id\" is missing; pass it",
        ),
        (
            Some(c"ethereum"),
            &["chain_id=x"],
            SIGWARP_ERROR_ARGUMENT,
            "ethereum: the field \"chain_id\" must be",
        ),
        (
            Some(c"ethereum"),
            &["chain_id"],
            SIGWARP_ERROR_ARGUMENT,
            "fields[0], \"chain_id\": a field is written",
        ),
        (Some(c"solana"), &["a=1", "rule=[a"], SIGWARP_ERROR_ARGUMENT, "fields[1], \"rule=[a\": an array is"),
        (Some(c"\xff"), &[], SIGWARP_ERROR_ARGUMENT, "profile is not UTF-8"),
    ] {
        let (seen, text, context) = make(profile, fields);
        assert_eq!((seen, context.id), (code, 0), "{text}");
        assert!(text.starts_with(says), "{text}");
    }
    let (mut context, mut error) = (sigwarp_transaction_context { id: 9 }, no_error());
    // SAFETY: refused before anything is read, or a null entry.
    unsafe {
        let mut new = |fields: *const *const c_char, count| {
            let code =
                sigwarp_transaction_context_new(c"solana".as_ptr(), fields, count, &mut context, &mut error);
            (code, context.id, text(&error))
        };
        assert_eq!(new(null(), 0).0, SIGWARP_OK);
        assert_eq!(new(null(), 1).0, SIGWARP_ERROR_NULL);
        let (code, id, said) = new([null()].as_ptr(), 1);
        assert_eq!((code, id, &*said), (SIGWARP_ERROR_NULL, 0, "fields[0] is null; pass an address"));
        assert_eq!(new([null()].as_ptr(), usize::MAX).0, SIGWARP_ERROR_COLUMNS);
        let code = sigwarp_transaction_context_new(c"solana".as_ptr(), null(), 0, null_mut(), null_mut());
        assert_eq!(code, SIGWARP_ERROR_NULL);
    }
    // Chainlink takes an array, and says what is wrong in one.
    let signers = "signers=[0x0101010101010101010101010101010101010101, \"02\"]";
    let (code, text, _) = make(Some(c"chainlink"), &["form=ocr2", "f=1", signers]);
    assert_eq!(code, SIGWARP_ERROR_ARGUMENT);
    assert!(text.starts_with("chainlink: the field \"signers\" must be"), "{text}");
}

#[test]
fn calls_that_are_wrong_make_no_reports() {
    let (engine, contexts) = (engine(), contexts());
    let given = Given::new(&records());
    let right = given.call(engine, &contexts);
    let refused = |call: Call<'_>, code: sigwarp_code, says: &str| {
        let (seen, text, reports) = call.run();
        assert_eq!((seen, reports.id), (code, 0), "{text}");
        assert!(text.starts_with(says), "{text}");
    };
    refused(Call { of: null(), ..right }, SIGWARP_ERROR_NULL, "context_of is null and there are 2 contexts");
    let beyond = [0, 1, 2, 0, 0, 0, 0];
    refused(
        Call { of: beyond.as_ptr(), ..right },
        SIGWARP_ERROR_COLUMNS,
        "context_of[2] is 2; it must be below",
    );
    refused(Call { contexts: &[], ..right }, SIGWARP_ERROR_COLUMNS, "context_of[0] is 0; it must be below");
    let no_context = [contexts[0], sigwarp_transaction_context { id: engine.id }];
    refused(Call { contexts: &no_context, ..right }, SIGWARP_ERROR_HANDLE, "0x01");
    let no_engine = sigwarp_engine { id: contexts[0].id };
    refused(Call { engine: no_engine, ..right }, SIGWARP_ERROR_HANDLE, "0x06");
    let mut falling = given.offsets.clone();
    falling[3] = 1;
    refused(Call { offsets: falling.as_ptr(), ..right }, SIGWARP_ERROR_COLUMNS, "records: offset 3 is");
    let mut far = given.offsets.clone();
    *far.last_mut().unwrap() = u64::MAX;
    refused(Call { offsets: far.as_ptr(), ..right }, SIGWARP_ERROR_COLUMNS, "records: offset 7 is");

    // SAFETY: what is wrong is what the calls check before they read or write.
    unsafe {
        let (mut reports, mut error) = (sigwarp_reports { id: 9 }, no_error());
        let mut verify = |records: usize, offsets: *const u64, reports: *mut sigwarp_reports| {
            let (bytes, length) = (given.bytes.as_ptr(), given.bytes.len());
            let (pointer, count) = (contexts.as_ptr(), contexts.len());
            let of = given.of.as_ptr();
            let code = sigwarp_transactions_verify(
                engine, pointer, count, of, records, bytes, length, offsets, reports, &mut error,
            );
            (code, text(&error))
        };
        assert_eq!(verify(7, given.offsets.as_ptr(), null_mut()).0, SIGWARP_ERROR_NULL);
        assert_eq!(verify(7, null(), &mut reports).0, SIGWARP_ERROR_NULL);
        assert_eq!(verify(usize::MAX, given.offsets.as_ptr(), &mut reports).0, SIGWARP_ERROR_COLUMNS);
        let on_offsets = given.offsets.as_ptr().cast_mut().cast::<sigwarp_reports>();
        let (code, said) = verify(7, given.offsets.as_ptr(), on_offsets.add(2));
        assert_eq!((code, said.starts_with("reports overlaps")), (SIGWARP_ERROR_BUFFER, true), "{said}");
        assert_eq!(reports.id, 0);
    }
}

#[test]
fn reports_are_read_within_their_bounds() {
    let (engine, contexts) = (engine(), contexts());
    let given = Given::new(&records());
    let (code, _, reports) = given.call(engine, &contexts).run();
    assert_eq!(code, SIGWARP_OK);
    let mut read = [sigwarp_report::default(); 9];
    let mut signatures = [sigwarp_report_signature::default(); 2];
    let (mut length, mut error) = (9, no_error());
    // SAFETY: no more than there is room for.
    unsafe {
        let (into, signed) = (read.as_mut_ptr(), signatures.as_mut_ptr());
        for (first, count) in [(0, 8), (7, 1), (8, 0), (usize::MAX, 1), (1, 7)] {
            let code = sigwarp_reports_read(reports, first, count, into, &mut error);
            assert_eq!(code, SIGWARP_ERROR_ARGUMENT, "{first} {count}");
            assert!(text(&error).contains("there are 7, see"), "{}", text(&error));
        }
        assert_eq!(sigwarp_reports_read(reports, 7, 0, null_mut(), &mut error), SIGWARP_OK);
        assert_eq!(sigwarp_reports_read(reports, 0, 1, null_mut(), &mut error), SIGWARP_ERROR_NULL);
        assert_eq!(sigwarp_reports_signatures(reports, 7, signed, 2, &mut error), SIGWARP_ERROR_ARGUMENT);
        assert_eq!(sigwarp_reports_signatures(reports, 0, signed, 0, &mut error), SIGWARP_ERROR_BUFFER);
        assert_eq!(sigwarp_reports_signatures(reports, 0, null_mut(), 2, &mut error), SIGWARP_ERROR_NULL);
        assert_eq!(sigwarp_reports_signatures(reports, 3, null_mut(), 0, &mut error), SIGWARP_OK);
        assert_eq!(
            sigwarp_reports_json(reports, 7, null_mut(), 0, &mut length, &mut error),
            SIGWARP_ERROR_ARGUMENT
        );
        assert_eq!(
            sigwarp_reports_json(reports, 0, null_mut(), 5, null_mut(), &mut error),
            SIGWARP_ERROR_NULL
        );
        let mut within = sigwarp_reports { id: 9 };
        assert_eq!(sigwarp_reports_transactions(reports, 7, &mut within, &mut error), SIGWARP_ERROR_ARGUMENT);
        assert_eq!(within.id, 0);
        assert_eq!(sigwarp_reports_length(reports, null_mut(), &mut error), SIGWARP_ERROR_NULL);

        // Freed, of another kind, made up, zero.
        assert_eq!(sigwarp_reports_free(reports, &mut error), SIGWARP_OK);
        for id in [reports.id, engine.id, u64::MAX, 0] {
            let reports = sigwarp_reports { id };
            let codes = [
                sigwarp_reports_length(reports, &mut length, &mut error),
                sigwarp_reports_read(reports, 0, 1, into, &mut error),
                sigwarp_reports_signatures(reports, 0, signed, 1, &mut error),
                sigwarp_reports_json(reports, 0, null_mut(), 0, &mut length, &mut error),
                sigwarp_reports_transactions(reports, 0, &mut within, &mut error),
            ];
            assert_eq!(codes, [SIGWARP_ERROR_HANDLE; 5], "{id:x}");
        }
        assert_eq!(sigwarp_reports_free(sigwarp_reports { id: 0 }, null_mut()), SIGWARP_OK);
        let [context, _] = contexts;
        assert_eq!(sigwarp_transaction_context_free(context, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_transaction_context_free(context, null_mut()), SIGWARP_ERROR_HANDLE);
        assert_eq!(
            sigwarp_transaction_context_free(sigwarp_transaction_context { id: 0 }, null_mut()),
            SIGWARP_OK
        );
    }
}
