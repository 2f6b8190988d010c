//! Imports that the check must see, planted in the text of a file, and the same ones where they are allowed.

use super::imports::{WHERE, crates};
use super::resolve::{Crate, House};
use super::rooms::{Room, TABLES, Table};

/// What the check says of this text at this place, over the crates as they are.
fn found(crates: &[Crate], table: usize, file: &str, text: &str) -> Vec<String> {
    let mut crates = crates.to_vec();
    crates[table] = crates[table].clone().with(file, text);
    let house = House::new(&crates);
    TABLES[table].problems(&house, &crates[table], file)
}

const ENGINE: usize = 0;
const KERNELS: usize = 1;

/// A file, a text that does not belong there, and what the message must name: the import and the room.
struct Planted {
    table: usize,
    file: &'static str,
    text: &'static str,
    names: [&'static str; 2],
    /// A file where the same text is allowed.
    allowed: Option<&'static str>,
}

const PLANTED: &[Planted] = &[
    // In a group, through the root of the crate.
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "use crate::{EcdsaRule, batch::Column};",
        names: [
            "planted.rs:1: `use crate::EcdsaRule`",
            "the room `schemes` (sigwarp::schemes::ecdsa::rules::EcdsaRule)",
        ],
        allowed: Some("backend/cpu/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "dispatch/choice.rs",
        text: "use crate::{EcdsaRule, EcdsaScheme as _};",
        names: ["choice.rs:1: `use crate::EcdsaScheme`", "the room `schemes`"],
        allowed: Some("schemes/planted.rs"),
    },
    // In groups of groups, over lines.
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "use crate::{\n    batch::{self, Column},\n    dispatch::{self as other, Trust},\n};",
        names: ["planted.rs:3: `use crate::dispatch`", "the room `dispatch`"],
        allowed: Some("engine.rs"),
    },
    // Renamed, and the new name renamed again.
    Planted {
        table: ENGINE,
        file: "verdict.rs",
        text: "use crate as house;\nuse house::dispatch as innocent;\nuse innocent::Trust;",
        names: ["verdict.rs:2: `use house::dispatch`", "the room `dispatch`"],
        allowed: None,
    },
    Planted {
        table: ENGINE,
        file: "keyring/planted.rs",
        text: "use crate::backend::cpu as suite;\nfn f() -> suite::Workers { todo() }",
        names: ["planted.rs:1: `use crate::backend::cpu`", "the room `backend/cpu`"],
        allowed: Some("engine.rs"),
    },
    // Everything of a room, and everything of the crate.
    Planted {
        table: ENGINE,
        file: "schemes/bip340/planted.rs",
        text: "use crate::keyring::*;",
        names: ["planted.rs:1: `use crate::keyring::*`", "the room `keyring`"],
        allowed: Some("backend/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "dispatch/planted.rs",
        text: "use crate::*;",
        names: ["planted.rs:1: `use crate::*`", "the whole crate"],
        allowed: None,
    },
    // A glob of a room that may be known, and a name that it has from one that may not.
    Planted {
        table: ENGINE,
        file: "prevalidator/planted.rs",
        text: "use crate::engine::*;\nfn f(_: KeyRing) {}",
        names: ["planted.rs:2: `KeyRing`", "the room `keyring`"],
        allowed: None,
    },
    // Through a re-export of another room, and through one of the root.
    Planted {
        table: ENGINE,
        file: "merkle.rs",
        text: "use crate::backend::BackendKind;",
        names: ["merkle.rs:1: `use crate::backend::BackendKind`", "the room `backend`"],
        allowed: Some("dispatch/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "keyring/planted.rs",
        text: "fn f(_: crate::PathChoice) {}",
        names: ["planted.rs:1: `crate::PathChoice`", "the room `policy` (sigwarp::policy::PathChoice)"],
        allowed: Some("dispatch/planted.rs"),
    },
    // Paths without an import: in a type, an expression, a pattern, a bound, a turbofish and a qualified path.
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "struct S {\n    of: Option<Box<dyn crate::backend::Backend>>,\n}",
        names: ["planted.rs:2: `crate::backend::Backend`", "the room `backend`"],
        allowed: Some("dispatch/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "batch/planted.rs",
        text: "fn f() {\n    let _ = || crate::hash::Hash::ALL.len();\n}",
        names: ["planted.rs:2: `crate::hash::Hash::ALL`", "the room `hash`"],
        allowed: Some("schemes/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "suite.rs",
        text: "fn f(v: u8) {\n    match v {\n        crate::verdict::VALID => {}\n        _ => {}\n    }\n}",
        names: ["suite.rs:3: `crate::verdict::VALID`", "the room `verdict`"],
        allowed: Some("keyring/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "hash.rs",
        text: "fn f<T: crate::keyring::TableStore>(_: T) {}",
        names: ["hash.rs:1: `crate::keyring::TableStore`", "the room `keyring`"],
        allowed: Some("batch/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "fn f() {\n    let _ = Vec::<crate::keyring::KeyId>::new();\n    <rayon::ThreadPool as Drop>::drop;\n}",
        names: ["planted.rs:2: `crate::keyring::KeyId`", "the room `keyring`"],
        allowed: None,
    },
    Planted {
        table: ENGINE,
        file: "schemes/planted.rs",
        text: "fn f() {\n    let _ = <rayon::ThreadPool>::install;\n}",
        names: ["planted.rs:2: `rayon::ThreadPool`", "outside of the crate"],
        allowed: Some("backend/planted.rs"),
    },
    // Inside of a function, where the name is used too.
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "fn f() {\n    use crate::schemes as s;\n    s::ecdsa::recover();\n}",
        names: ["planted.rs:2: `use crate::schemes`", "the room `schemes`"],
        allowed: Some("backend/planted.rs"),
    },
    // Upwards.
    Planted {
        table: ENGINE,
        file: "schemes/ecdsa/planted.rs",
        text: "use super::super::super::dispatch;",
        names: ["planted.rs:1: `use super::super::super::dispatch`", "the room `dispatch`"],
        allowed: None,
    },
    Planted {
        table: ENGINE,
        file: "backend/gpu/planted.rs",
        text: "mod inner {\n    fn f() {\n        super::super::super::cpu::start();\n    }\n}",
        names: ["planted.rs:3: `super::super::super::cpu::start`", "the room `backend/cpu`"],
        allowed: Some("backend/cpu/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "dispatch/planted.rs",
        text: "fn f() { self::super::super::engine::Engine::builder(); }",
        names: ["planted.rs:1: `self::super::super::engine::Engine::builder`", "the room `engine`"],
        allowed: None,
    },
    // In what a macro is called with, and in what one expands to.
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "fn f() {\n    assert_eq!(crate::dispatch::Trust::new(1.0), 1);\n}",
        names: ["planted.rs:2: `crate::dispatch::Trust::new`", "the room `dispatch`"],
        allowed: Some("engine.rs"),
    },
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "macro_rules! m {\n    ($a:ident) => {\n        use $crate::{batch::Column, schemes::{ecdsa as $a, sm2::*}};\n    };\n}",
        names: ["planted.rs:3: `use crate::schemes::ecdsa`", "the room `schemes`"],
        allowed: Some("backend/planted.rs"),
    },
    // Other crates: by a name of one's own, from the root of all, and one that is no part of this one.
    Planted {
        table: ENGINE,
        file: "dispatch/planted.rs",
        text: "use ::sha2::{Digest as _, Sha256 as Innocent};",
        names: ["planted.rs:1: `use ::sha2::Digest`", "sha2::Digest, which is outside of the crate"],
        allowed: Some("schemes/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "backend/cpu/planted.rs",
        text: "extern crate wgpu as lanes;",
        names: ["planted.rs:1: `use ::wgpu`", "wgpu, which is outside of the crate"],
        allowed: Some("backend/gpu/planted.rs"),
    },
    // Threads, instructions and the vectors of one set: what knows the crate need not know these.
    Planted {
        table: ENGINE,
        file: "schemes/planted.rs",
        text: "use std::{sync::Mutex, thread};",
        names: ["planted.rs:1: `use std::thread`", "std::thread, which is outside of the crate"],
        allowed: Some("prevalidator/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "schemes/planted.rs",
        text: "use sigwarp_kernels::simd::*;\nfn f(_: avx2::U64x4) {}",
        names: ["planted.rs:2: `avx2::U64x4`", "sigwarp_kernels::simd::avx2::U64x4"],
        allowed: Some("backend/cpu/planted.rs"),
    },
    Planted {
        table: ENGINE,
        file: "schemes/planted.rs",
        text: "use sigwarp_kernels::field::native::Avx2;",
        names: ["planted.rs:1: `use sigwarp_kernels::field::native::Avx2`", "field::native::Avx2"],
        allowed: None,
    },
    Planted {
        table: ENGINE,
        file: "backend/cpu/planted.rs",
        text: "fn f() -> bool {\n    std::is_x86_feature_detected!(\"avx2\")\n}",
        names: ["planted.rs:2: `std::is_x86_feature_detected`", "std::arch"],
        allowed: None,
    },
    Planted {
        table: ENGINE,
        file: "backend/cpu/planted.rs",
        text: "#[target_feature(enable = \"avx2\")]\nfn f() {}",
        names: ["planted.rs:1: `target_feature`", "std::arch"],
        allowed: None,
    },
    // Another name of the crate, of a module, and none at all.
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "use {crate::{self as house}, std::fmt};\nfn f() { house::r#dispatch::choose(); }",
        names: ["planted.rs:1: `use crate`", "the whole crate"],
        allowed: None,
    },
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "pub(crate) use crate::r#dispatch::{self as r#match};",
        names: ["planted.rs:1: `use crate::dispatch`", "the room `dispatch`"],
        allowed: Some("engine.rs"),
    },
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "extern crate self as other;\nfn f() {\n    other::engine::f();\n}",
        names: ["planted.rs:1: `use crate`", "the whole crate"],
        allowed: None,
    },
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "#[path = \"../dispatch/trust.rs\"]\nmod innocent;\nuse innocent::Trust;",
        names: ["planted.rs:3: `use innocent::Trust`", "the room `dispatch`"],
        allowed: None,
    },
    Planted {
        table: ENGINE,
        file: "plan/planted.rs",
        text: "include!(\"../dispatch/trust.rs\");",
        names: ["planted.rs:1: `std::include`", "outside of the crate"],
        allowed: None,
    },
    // A kernel that names the engine, and one that names what is above it.
    Planted {
        table: KERNELS,
        file: "hash/planted.rs",
        text: "use sigwarp::Engine;",
        names: ["planted.rs:1: `use sigwarp::Engine`", "sigwarp::Engine, which is outside"],
        allowed: None,
    },
    Planted {
        table: KERNELS,
        file: "curve/planted.rs",
        text: "fn f() {\n    sigwarp::recover(&[], &[], 0);\n}",
        names: ["planted.rs:2: `sigwarp::recover`", "sigwarp::recover, which is outside"],
        allowed: None,
    },
    Planted {
        table: KERNELS,
        file: "field/planted.rs",
        text: "use crate::{curve::edwards as e, simd::Vector};",
        names: ["planted.rs:1: `use crate::curve::edwards`", "the room `curve`"],
        allowed: Some("multiscalar/planted.rs"),
    },
    Planted {
        table: KERNELS,
        file: "hash/planted.rs",
        text: "use core::arch::x86_64::*;",
        names: ["planted.rs:1: `use core::arch::x86_64::*`", "std::arch::x86_64"],
        allowed: Some("simd/planted.rs"),
    },
    Planted {
        table: KERNELS,
        file: "curve/planted.rs",
        text: "use crate::simd::avx2::U64x4;",
        names: ["planted.rs:1: `use crate::simd::avx2::U64x4`", "the room `simd`"],
        allowed: Some("field/mod.rs"),
    },
];

#[test]
fn planted_imports_are_found_and_allowed_ones_are_not() {
    let crates = crates();
    let mut wrong = Vec::new();
    for Planted { table, file, text, names, allowed } in PLANTED {
        let said = found(&crates, *table, file, text);
        if !said.iter().any(|said| names.iter().chain(&[WHERE]).all(|name| said.contains(name))) {
            wrong.push(format!(
                "{file}: {text}\nmust be said to be {names:?}; it was said:\n{}",
                said.join("\n")
            ));
        }
        if let Some(allowed) = allowed {
            let said = found(&crates, *table, allowed, text);
            wrong.extend(
                (!said.is_empty()).then(|| format!("{allowed}: {text}\nis allowed: {}", said.join("\n"))),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is no import: comments, documentation, texts, names of one's own, and who may see an item.
#[test]
fn what_is_no_import_is_not_found() {
    let crates = crates();
    for text in [
        "// use crate::dispatch::Trust;\n/* crate::dispatch */",
        "/// See [`crate::Engine::verify`] and `rayon::join`.\nfn f() {}",
        "//! crate::dispatch",
        "const NAME: &str = \"crate::dispatch::Trust\";",
        "#[doc = \"crate::dispatch\"]\nfn f() { println!(\"crate::dispatch {}\", 1); }",
        "pub(in crate::plan) fn dispatch() {}\nfn f(engine: u8) -> u8 { dispatch(); engine }",
        "mod rayon { pub(super) fn join() {} }\nfn f() { rayon::join(); self::rayon::join(); }",
        "fn f<T: Default>() -> T { T::default(); <[u8; 4]>::try_from(&[][..]); u64::from(true); Self::new() }",
        "fn f() { let my_rayon = 1; let backend = my_rayon; vec![backend, 2].iter().map(u8::clone); }",
        "macro_rules! m { ($t:ident) => { $t::dispatch::Trust }; (::$a:ident) => { <$t>::new() }; }",
        "use super::*;\n#[derive(Debug, Hash)]\nstruct S;",
        "#[allow(clippy::all)]\n#[rustfmt::skip]\n#[cfg(feature = \"rayon\")]\nfn f() {}",
    ] {
        assert_eq!(found(&crates, ENGINE, "plan/planted.rs", text), [""; 0], "{text}");
    }
}

/// Tests may know every room, and what else the table lists for them.
#[test]
fn tests_may_know_more() {
    let crates = crates();
    let check = |text: &str| found(&crates, ENGINE, "plan/planted.rs", text);
    for attribute in ["#[cfg(test)]", "#[cfg(all(test, target_os = \"linux\"))]", "#[test]"] {
        for text in ["use crate::dispatch::Trust;", "use proptest::prelude::*;", "std::thread::sleep(T);"] {
            let text =
                if text.starts_with("use") || attribute == "#[test]" { text } else { "use std::thread;" };
            let inside = match attribute {
                "#[test]" => format!("{attribute}\nfn f() {{ {text} }}"),
                _ => format!("{attribute}\nmod tests {{ {text} }}"),
            };
            assert_eq!(check(&inside), [""; 0], "{inside}");
        }
        let wgpu = format!("{attribute}\nfn f() {{ wgpu::Instance::new(); }}");
        assert_eq!(check(&wgpu).len(), 1, "{wgpu}");
    }
    for attribute in
        ["#[cfg(not(test))]", "#[cfg(any(test, feature = \"gpu\"))]", "#[cfg(feature = \"test\")]"]
    {
        let text = format!("{attribute}\nmod tests {{ use crate::dispatch::Trust; }}");
        assert_eq!(check(&text).len(), 1, "{text}");
    }
    // A file that a module of tests declares is one of tests; its name alone makes it none.
    let trust = "use crate::Prevalidator;";
    assert_eq!(found(&crates, ENGINE, "dispatch/tests.rs", trust), [""; 0]);
    assert_eq!(found(&crates, ENGINE, "dispatch/planted_tests.rs", trust).len(), 1);
}

/// A file that no room has is found, and so is one that lies elsewhere than its module (`#[path]`).
#[test]
fn every_file_has_a_room() {
    let crates = crates();
    let said = found(&crates, ENGINE, "cellar/mod.rs", "");
    assert!(said.len() == 1 && said[0].contains("is in no room"), "{said:?}");
    // By its module it is backend::pipeline_cache.
    let cache = "use super::cpu::start;";
    assert!(found(&crates, ENGINE, "backend/gpu/cache.rs", cache)[0].contains("`backend/cpu`"));
}

#[test]
fn a_circle_is_found() {
    // Of modules, each of which may know the other.
    let of = crates();
    let circle = |planted: [(&str, &str); 2]| {
        let mut of = of.clone();
        for (file, text) in planted {
            of[ENGINE] = of[ENGINE].clone().with(file, text);
        }
        TABLES[ENGINE].circles_of_modules(&House::new(&of), &of[ENGINE])
    };
    let (one, other) = ("keyring/one.rs", "keyring/other.rs");
    assert_eq!(circle([(one, "use super::other::B;"), (other, "struct B;")]), [""; 0]);
    let said = circle([(one, "use super::other::B;"), (other, "struct B; fn f(_: super::one::A) {}")]);
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("one.rs:1: `use super::other::B`"), "{said:?}");
    assert!(said[0].contains("other.rs:1: `super::one::A`"), "{said:?}");
    // Tests may know what knows them.
    let tests = "struct B; #[cfg(test)] mod tests { use crate::keyring::one::A; }";
    assert_eq!(circle([(one, "use super::other::B;"), (other, tests)]), [""; 0]);
    // Of rooms, in a table that lets two of them know each other.
    let room = |name, files, rooms, except| Room { name, files, rooms, crates: &[], except };
    let rooms = Box::leak(Box::new([
        room("plan", &["plan"], &["dispatch"], &[]),
        room("dispatch", &["dispatch"], &["plan", "cellar"], &[]),
        room("verdict", &["verdict.rs"], &[], &[("verdict.rs", "verdict::Verdict", "itself")]),
    ]));
    let said = Table { rooms, circles: &[("plan", "verdict", "once")], ..TABLES[ENGINE] }.circles();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].contains("`plan` may know `dispatch`, which is not above it"), "{said:?}");
    assert!(said[1].contains("`cellar`, which is no room"), "{said:?}");
    assert!(said[2].contains("verdict::Verdict, and `verdict` is not above it"), "{said:?}");
    assert!(said[3].contains("are none any more"), "{said:?}");
}
