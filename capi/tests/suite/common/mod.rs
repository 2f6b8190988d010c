//! Signed items, and short forms of the calls.
#![allow(dead_code)]

use std::ffi::{CStr, CString, c_char};

use ed25519_dalek::{Signer, SigningKey};
use sigwarp_c::*;

/// Items in one arena, signed with Ed25519: four keys, messages of 0 to 60 bytes.
pub(crate) struct Arena {
    pub(crate) bytes: Vec<u8>,
    pub(crate) keys: Vec<u64>,
    pub(crate) messages: Vec<u64>,
    pub(crate) signatures: Vec<u64>,
}

impl Arena {
    pub(crate) fn signed(items: usize) -> Self {
        let signers: Vec<_> = (1..=4).map(|seed| SigningKey::from_bytes(&[seed; 32])).collect();
        let mut columns: [Vec<Vec<u8>>; 3] = Default::default();
        for item in 0..items {
            let signer = &signers[item % 4];
            let message = vec![item as u8; item % 61];
            columns[0].push(signer.verifying_key().to_bytes().to_vec());
            columns[2].push(signer.sign(&message).to_bytes().to_vec());
            columns[1].push(message);
        }
        let mut bytes = Vec::new();
        let mut place = |rows: &[Vec<u8>]| {
            let mut offsets = vec![bytes.len() as u64];
            for row in rows {
                bytes.extend_from_slice(row);
                offsets.push(bytes.len() as u64);
            }
            offsets
        };
        let [keys, messages, signatures] = columns.each_ref().map(|rows| place(rows));
        Self { bytes, keys, messages, signatures }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len() - 1
    }

    pub(crate) fn column(&self, offsets: &[u64]) -> sigwarp_column {
        sigwarp_column {
            bytes: self.bytes.as_ptr(),
            length: self.bytes.len(),
            offsets: offsets.as_ptr(),
            width: 0,
        }
    }

    /// Flips a bit of a signature.
    pub(crate) fn spoil(&mut self, item: usize) {
        self.bytes[self.signatures[item] as usize + 2] ^= 1;
    }
}

pub(crate) const NO_COLUMN: sigwarp_column =
    sigwarp_column { bytes: std::ptr::null(), length: 0, offsets: std::ptr::null(), width: 0 };

pub(crate) fn no_error() -> sigwarp_error {
    sigwarp_error { code: -1, text: [0x41; SIGWARP_ERROR_TEXT] }
}

pub(crate) fn text(error: &sigwarp_error) -> String {
    // SAFETY: the library terminates the text.
    unsafe { CStr::from_ptr(error.text.as_ptr()) }.to_str().expect("UTF-8").to_owned()
}

pub(crate) fn status_name(status: u8) -> &'static str {
    // SAFETY: a static string.
    unsafe { CStr::from_ptr(sigwarp_status_name(status)) }.to_str().expect("ASCII")
}

/// Options for an engine on one thread; `portable` where nothing else is asked for.
pub(crate) fn options(backend: &CStr) -> sigwarp_options {
    sigwarp_options {
        size: size_of::<sigwarp_options>() as u32,
        threads: 1,
        backend: backend.as_ptr(),
        key_budget: 0,
        admit_keys: 0,
        self_test: 0,
        reserved: [0; 6],
    }
}

pub(crate) fn engine() -> sigwarp_engine {
    let mut engine = sigwarp_engine::default();
    let mut error = no_error();
    let options = options(c"portable");
    // SAFETY: all of it is here.
    let code = unsafe { sigwarp_engine_new(&options, &mut engine, &mut error) };
    assert_eq!(code, SIGWARP_OK, "{}", text(&error));
    engine
}

pub(crate) fn suite(scheme: &str, rule: Option<&str>, encoding: Option<&str>) -> sigwarp_suite {
    let owned = [Some(scheme), rule, encoding].map(|name| name.map(|name| CString::new(name).unwrap()));
    let [scheme, rule, encoding] =
        owned.each_ref().map(|name| name.as_ref().map_or(std::ptr::null::<c_char>(), |name| name.as_ptr()));
    let (mut suite, mut error) = (sigwarp_suite::default(), no_error());
    // SAFETY: terminated names that live until the end of the function.
    let code =
        unsafe { sigwarp_suite_new(scheme, rule, encoding, std::ptr::null(), 0, &mut suite, &mut error) };
    assert_eq!(code, SIGWARP_OK, "{}", text(&error));
    suite
}

/// Verifies an arena; gives the code, the text and the statuses.
pub(crate) fn verify(
    engine: sigwarp_engine,
    suite: sigwarp_suite,
    arena: &Arena,
) -> (sigwarp_code, String, Vec<u8>) {
    let (mut statuses, mut error) = (vec![0xaa; arena.len()], no_error());
    // SAFETY: the arena is as long as its offsets say or the call refuses them.
    let code = unsafe {
        sigwarp_verify(
            engine,
            suite,
            arena.len(),
            arena.bytes.as_ptr(),
            arena.bytes.len(),
            arena.keys.as_ptr(),
            arena.messages.as_ptr(),
            arena.signatures.as_ptr(),
            statuses.as_mut_ptr(),
            statuses.len(),
            &mut error,
        )
    };
    (code, text(&error), statuses)
}
