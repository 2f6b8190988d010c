//! The checked-in header is what cbindgen makes of the sources, and its constants are those of the library.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The sources, in an order that does not depend on the file system.
fn sources() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("src")).expect("a readable folder");
    let mut sources: Vec<_> = folder.map(|entry| entry.expect("a readable entry").path()).collect();
    assert!(sources.iter().all(|path| path.is_file()), "src has no folders");
    sources.sort();
    sources
}

fn generated() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("a configuration");
    // From here cbindgen follows the modules. Given the files one by one as well, it writes every function twice.
    let builder = cbindgen::Builder::new().with_config(config).with_src(root().join("src/lib.rs"));
    let mut header = Vec::new();
    builder.generate().expect("bindings").write(&mut header);
    // What is for callers of the functions in Rust says nothing new to those in C.
    let header = String::from_utf8(header).expect("UTF-8");
    header.replace(" * # Safety\n", " * The caller must ensure:\n")
}

#[test]
fn the_header_is_what_the_sources_say() {
    let path = root().join("include/sigwarp.h");
    let generated = generated();
    if std::env::var_os("SIGWARP_WRITE_HEADER").is_some() {
        fs::write(&path, &generated).expect("a writable header");
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == generated,
        "include/sigwarp.h is not what the sources say; run SIGWARP_WRITE_HEADER=1 cargo test -p sigwarp-capi --test suite \
         header and look at the difference"
    );
}

#[test]
fn every_function_is_in_the_header_and_nothing_else_is_exported() {
    let header = generated();
    let mut functions = 0;
    for source in sources() {
        let text = fs::read_to_string(&source).expect("a readable source");
        for (index, _) in text.match_indices("#[unsafe(no_mangle)]\n") {
            let signature = text[index..].lines().nth(1).expect("a function after the attribute");
            let name = signature.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).expect("a name");
            assert!(name.starts_with("sigwarp_"), "{name} is exported without the prefix");
            let declared = |before: char| header.matches(&format!("{before}{name}(")).count();
            assert_eq!(declared(' ') + declared('*'), 1, "{name} in the header");
            functions += 1;
        }
    }
    assert!(functions >= 20, "{functions} functions");
}

#[test]
fn the_name_for_the_loader_has_the_abi_version() {
    let build = fs::read_to_string(root().join("build.rs")).expect("build.rs");
    assert!(build.contains(&format!("-soname,libsigwarp_c.so.{}\"", sigwarp_c::SIGWARP_ABI_VERSION)));
    let header = generated();
    assert!(header.contains(&format!("#define SIGWARP_ABI_VERSION {}\n", sigwarp_c::SIGWARP_ABI_VERSION)));
}
