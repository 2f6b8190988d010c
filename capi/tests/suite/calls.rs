//! What calls give where the caller does everything right.

use crate::common;

use std::ffi::c_char;
use std::ptr::{null, null_mut};
use std::thread;

use common::*;
use sigwarp_c::*;

#[test]
fn a_bad_item_is_named_with_its_reason_through_every_call() {
    let (engine, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let mut arena = Arena::signed(70);
    arena.spoil(41);
    let mut expected = vec![SIGWARP_STATUS_VALID; 70];
    let (code, text, statuses) = verify(engine, suite, &arena);
    assert_eq!((code, text.as_str()), (SIGWARP_OK, ""));
    // The flipped bit is in R, which may no longer be a point.
    assert!(matches!(status_name(statuses[41]), "RNotOnCurve" | "EquationFailed"), "{}", statuses[41]);
    expected[41] = statuses[41];
    assert_eq!(statuses, expected);

    // Columns, with the suites given for each item.
    let strict = common::suite("ed25519", Some("strict"), None);
    let suites = [strict, suite];
    let suite_of: Vec<u32> = (0..70).map(|item| u32::from(item == 41)).collect();
    let columns = sigwarp_columns {
        size: size_of::<sigwarp_columns>() as u32,
        suite_count: 2,
        suites: suites.as_ptr(),
        suite_of: suite_of.as_ptr(),
        items: 70,
        key_ids: null(),
        keys: arena.column(&arena.keys),
        messages: arena.column(&arena.messages),
        signatures: arena.column(&arena.signatures),
    };
    let mut statuses = vec![0xaa; 70];
    // SAFETY: all of it is here.
    let code = unsafe { sigwarp_verify_columns(engine, &columns, statuses.as_mut_ptr(), 70, null_mut()) };
    assert_eq!((code, &statuses), (SIGWARP_OK, &expected));

    // Fixed widths instead of offsets: keys and signatures lie one after another in the arena.
    let fixed = |offsets: &[u64], width| sigwarp_column {
        bytes: &arena.bytes[offsets[0] as usize],
        length: (offsets[70] - offsets[0]) as usize,
        offsets: null(),
        width,
    };
    let columns = sigwarp_columns {
        suite_count: 1,
        suites: &suite,
        suite_of: null(),
        keys: fixed(&arena.keys, 32),
        signatures: fixed(&arena.signatures, 64),
        ..columns
    };
    statuses.fill(0xaa);
    // SAFETY: all of it is here.
    let code = unsafe { sigwarp_verify_columns(engine, &columns, statuses.as_mut_ptr(), 70, null_mut()) };
    assert_eq!((code, &statuses), (SIGWARP_OK, &expected));

    // One by one, and pushed to a batch.
    let mut batch = sigwarp_batch::default();
    // SAFETY: all of it is here.
    unsafe {
        assert_eq!(sigwarp_batch_new(&mut batch, null_mut()), SIGWARP_OK);
        for item in 0..70 {
            let row = |offsets: &[u64]| {
                (
                    &arena.bytes[offsets[item] as usize] as *const u8,
                    (offsets[item + 1] - offsets[item]) as usize,
                )
            };
            let ((key, key_length), (signature, signature_length)) =
                (row(&arena.keys), row(&arena.signatures));
            let (message, message_length) = row(&arena.messages);
            let mut status = 0xaa;
            let code = sigwarp_verify_one(
                engine,
                suite,
                key,
                key_length,
                message,
                message_length,
                signature,
                signature_length,
                &mut status,
                null_mut(),
            );
            assert_eq!((code, status), (SIGWARP_OK, expected[item]));
            let code = sigwarp_batch_push(
                batch,
                suite,
                key,
                key_length,
                message,
                message_length,
                signature,
                signature_length,
                null_mut(),
            );
            assert_eq!(code, SIGWARP_OK);
        }
        let mut length = 0;
        assert_eq!(sigwarp_batch_length(batch, &mut length, null_mut()), SIGWARP_OK);
        assert_eq!(length, 70);
        statuses.resize(75, 0xaa);
        assert_eq!(sigwarp_batch_verify(engine, batch, statuses.as_mut_ptr(), 75, null_mut()), SIGWARP_OK);
        assert_eq!((&statuses[..70], &statuses[70..]), (&expected[..], &[0; 5][..]));
        assert_eq!(sigwarp_batch_clear(batch, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_batch_verify(engine, batch, null_mut(), 0, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_batch_free(batch, null_mut()), SIGWARP_OK);
    }
}

#[test]
fn registered_keys_are_named_by_id() {
    let (engine, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let arena = Arena::signed(16);
    // Four keys, and one that is none.
    let mut keys = arena.bytes[..4 * 32].to_vec();
    keys.extend([1, 2, 3]);
    let offsets = [0, 32, 64, 96, 128, 131];
    let (mut ids, mut statuses) = ([9u64; 5], [9u8; 5]);
    // SAFETY: all of it is here.
    unsafe {
        let code = sigwarp_register_keys(
            engine,
            suite,
            5,
            keys.as_ptr(),
            keys.len(),
            offsets.as_ptr(),
            ids.as_mut_ptr(),
            statuses.as_mut_ptr(),
            5,
            null_mut(),
        );
        assert_eq!(code, SIGWARP_OK);
        const REGISTERED: sigwarp_status = SIGWARP_STATUS_KEY_REGISTERED;
        assert_eq!(statuses, [REGISTERED, REGISTERED, REGISTERED, REGISTERED, SIGWARP_STATUS_BAD_KEY_LENGTH]);
        assert!(!statuses.contains(&SIGWARP_STATUS_VALID), "no signature was looked at");
        assert!(ids[..4].iter().all(|&id| id != 0) && ids[4] == 0, "{ids:x?}");

        let mut of: Vec<u64> = (0..16).map(|item| ids[item % 4]).collect();
        let mut verdicts = [9u8; 16];
        let mut error = no_error();
        let mut verify = |of: &[u64], error: &mut sigwarp_error| {
            let code = sigwarp_verify_ids(
                engine,
                suite,
                16,
                of.as_ptr(),
                arena.bytes.as_ptr(),
                arena.bytes.len(),
                arena.messages.as_ptr(),
                arena.signatures.as_ptr(),
                verdicts.as_mut_ptr(),
                16,
                error,
            );
            (code, verdicts)
        };
        assert_eq!(verify(&of, &mut error), (SIGWARP_OK, [1; 16]));
        of[7] ^= 1 << 40;
        assert_eq!(verify(&of, &mut error), (SIGWARP_ERROR_UNKNOWN_KEY, [0; 16]));
        assert!(text(&error).starts_with("item 7: key "), "{}", text(&error));
        of[7] = 0;
        assert_eq!(verify(&of, &mut error), (SIGWARP_ERROR_COLUMNS, [0; 16]));
        assert!(text(&error).starts_with("item 7: its key id is 0"), "{}", text(&error));

        // Ids and bytes in one call: item 7 has bytes.
        let columns = sigwarp_columns {
            size: size_of::<sigwarp_columns>() as u32,
            suite_count: 1,
            suites: &suite,
            suite_of: null(),
            items: 16,
            key_ids: of.as_ptr(),
            keys: arena.column(&arena.keys),
            messages: arena.column(&arena.messages),
            signatures: arena.column(&arena.signatures),
        };
        let mut mixed = [9u8; 16];
        assert_eq!(sigwarp_verify_columns(engine, &columns, mixed.as_mut_ptr(), 16, null_mut()), SIGWARP_OK);
        assert_eq!(mixed, [1; 16]);

        let mut stats = sigwarp_key_stats::default();
        assert_eq!(sigwarp_engine_key_stats(engine, &mut stats, null_mut()), SIGWARP_OK);
        assert_eq!(stats.registered, 4);
        let mut dropped = 9;
        let code = sigwarp_unregister_keys(engine, [ids[0], 0, ids[0]].as_ptr(), 3, &mut dropped, null_mut());
        assert_eq!((code, dropped), (SIGWARP_OK, 1));
        of[7] = ids[3];
        assert_eq!(verify(&of, &mut error), (SIGWARP_ERROR_UNKNOWN_KEY, [0; 16]));
        assert!(text(&error).starts_with("item 0: key "), "{}", text(&error));
    }
}

#[test]
fn digests_and_roots_are_those_of_the_engine() {
    let engine = engine();
    let arena = b"abcd";
    let offsets = [0u64, 3, 3, 4];
    let reference = sigwarp::Engine::builder().threads(std::num::NonZeroUsize::MIN).build().unwrap();
    for hash in sigwarp::Hash::ALL {
        let name = std::ffi::CString::new(hash.name()).unwrap();
        let mut length = 0;
        // SAFETY: all of it is here.
        unsafe {
            assert_eq!(sigwarp_digest_length(name.as_ptr(), &mut length, null_mut()), SIGWARP_OK);
            let mut digests = vec![0xaau8; 3 * length];
            let code = sigwarp_hash(
                engine,
                name.as_ptr(),
                3,
                arena.as_ptr(),
                4,
                offsets.as_ptr(),
                digests.as_mut_ptr(),
                digests.len(),
                null_mut(),
            );
            assert_eq!(code, SIGWARP_OK);
            let messages: [&[u8]; 3] = [b"abc", b"", b"d"];
            let expected = reference.hash(hash, &messages[..]).unwrap();
            assert_eq!(digests, expected.as_bytes());
            for (name, rule) in [
                (c"bitcoin", sigwarp::MerkleRule::DuplicateLast),
                (c"zero-padded", sigwarp::MerkleRule::ZeroPadded),
            ] {
                let (mut root, mut ambiguous) = (vec![0xaau8; length], 9);
                let hash_name = std::ffi::CString::new(hash.name()).unwrap();
                for ambiguous in [null_mut(), &raw mut ambiguous] {
                    root.fill(0xaa);
                    let code = sigwarp_merkle_root(
                        engine,
                        hash_name.as_ptr(),
                        name.as_ptr(),
                        digests.as_ptr(),
                        digests.len(),
                        root.as_mut_ptr(),
                        root.len(),
                        ambiguous,
                        null_mut(),
                    );
                    assert_eq!(code, SIGWARP_OK);
                    assert_eq!(root, reference.merkle_root(hash, rule, expected.column()).unwrap());
                }
                assert_eq!(ambiguous, 0);
            }
            // Two equal leaves that are two nodes.
            let twice = [&digests[..length], &digests[..length]].concat();
            let (mut root, mut ambiguous) = (vec![0u8; length], 9);
            let code = sigwarp_merkle_root(
                engine,
                name.as_ptr(),
                c"bitcoin".as_ptr(),
                twice.as_ptr(),
                twice.len(),
                root.as_mut_ptr(),
                length,
                &mut ambiguous,
                null_mut(),
            );
            assert_eq!((code, ambiguous), (SIGWARP_OK, 1));
        }
    }
}

#[test]
fn senders_are_recovered() {
    let unhex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    };
    // The example of EIP-155, twice: with its recovery id and with one that does not exist.
    let digest = unhex("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    let signature = unhex(concat!(
        "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276",
        "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
    ));
    let arena = [&digest[..], &digest, &signature, &signature].concat();
    let (digests, signatures) = ([0u64, 32, 64], [64u64, 128, 192]);
    let (mut keys, mut addresses, mut statuses) = ([7u8; 130], [7u8; 40], [7u8; 2]);
    // SAFETY: all of it is here.
    let code = unsafe {
        sigwarp_recover(
            c"ecdsa-low-s".as_ptr(),
            2,
            arena.as_ptr(),
            arena.len(),
            digests.as_ptr(),
            signatures.as_ptr(),
            [0u8, 4].as_ptr(),
            keys.as_mut_ptr(),
            addresses.as_mut_ptr(),
            statuses.as_mut_ptr(),
            2,
            null_mut(),
        )
    };
    assert_eq!((code, statuses), (SIGWARP_OK, [1, SIGWARP_STATUS_BAD_SIGNATURE_ENCODING]));
    assert_eq!(addresses[..20], unhex("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"));
    assert_eq!((keys[0], &keys[65..], &addresses[20..]), (4, &[0; 65][..], &[0; 20][..]));
}

#[test]
fn names_and_explanations_are_texts_of_the_length_that_they_say() {
    let (engine, suite) = (engine(), suite("ecdsa-p256-sha256", Some("ecdsa-low-s"), Some("der")));
    let (mut needed, mut buffer) = (0, vec![0x41 as c_char; 200]);
    let seen = |buffer: &[c_char]| {
        // SAFETY: the library terminated it.
        unsafe { std::ffi::CStr::from_ptr(buffer.as_ptr()) }.to_str().unwrap().to_owned()
    };
    // SAFETY: all of it is here.
    unsafe {
        assert_eq!(sigwarp_suite_name(suite, null_mut(), 0, &mut needed, null_mut()), SIGWARP_OK);
        assert_eq!(needed, "ecdsa-p256-sha256 ecdsa-low-s der".len() + 1);
        let code = sigwarp_suite_name(suite, buffer.as_mut_ptr(), needed - 1, &mut needed, null_mut());
        assert_eq!(code, SIGWARP_ERROR_BUFFER);
        assert_eq!(
            sigwarp_suite_name(suite, buffer.as_mut_ptr(), needed, null_mut(), null_mut()),
            SIGWARP_OK
        );
        assert_eq!(seen(&buffer), "ecdsa-p256-sha256 ecdsa-low-s der");
        let code = sigwarp_engine_explain(engine, buffer.as_mut_ptr(), 200, &mut needed, null_mut());
        assert_eq!(code, SIGWARP_OK);
        assert_eq!(seen(&buffer), "portable: 1 thread, named by the caller");
        assert_eq!(sigwarp_suite_free(suite, null_mut()), SIGWARP_OK);
        assert_eq!(sigwarp_abi_version(), SIGWARP_ABI_VERSION);
        assert_eq!(std::ffi::CStr::from_ptr(sigwarp_version()).to_str().unwrap(), env!("CARGO_PKG_VERSION"));
    }
}

/// There are no options for devices in C, so that "auto" stays on the CPU, also in a library built with the backend gpu.
#[test]
fn an_engine_that_chooses_by_itself_opens_no_device() {
    if std::env::var_os("SIGWARP_BACKEND").is_some() {
        return;
    }
    let (mut engine, mut buffer) = (sigwarp_engine::default(), vec![0 as c_char; 1000]);
    // SAFETY: all of it is here, and the library terminates its text.
    let why = unsafe {
        assert_eq!(sigwarp_engine_new(null(), &mut engine, null_mut()), SIGWARP_OK);
        let code = sigwarp_engine_explain(engine, buffer.as_mut_ptr(), 1000, null_mut(), null_mut());
        assert_eq!(code, SIGWARP_OK);
        std::ffi::CStr::from_ptr(buffer.as_ptr()).to_str().unwrap().to_owned()
    };
    assert!(why.contains("backend that runs here") && !why.contains("gpu"), "{why}");
}

#[test]
fn threads_share_an_engine_and_one_may_free_it() {
    let (engine, suite) = (engine(), suite("ed25519", Some("strict"), None));
    let mut arena = Arena::signed(9);
    arena.spoil(3);
    let (_, _, expected) = verify(engine, suite, &arena);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (arena, expected) = (&arena, &expected);
            scope.spawn(move || {
                for round in 0..20 {
                    if thread == 0 && round == 10 {
                        // SAFETY: a null error is allowed.
                        assert_eq!(unsafe { sigwarp_engine_free(engine, null_mut()) }, SIGWARP_OK);
                    }
                    let (code, text, statuses) = verify(engine, suite, arena);
                    match code {
                        SIGWARP_OK => assert_eq!(&statuses, expected),
                        code => {
                            assert_eq!((code, statuses), (SIGWARP_ERROR_HANDLE, vec![0; 9]), "{text}");
                        }
                    }
                }
            });
        }
    });
    assert_eq!(verify(engine, suite, &arena).0, SIGWARP_ERROR_HANDLE);
}
