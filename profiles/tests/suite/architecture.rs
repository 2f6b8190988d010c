//! What the files of the crate may name: systems do not know each other, what they share knows no system, and nobody
//! knows more of the engine than its public API.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// The crates that the profiles link.
const CRATES: [&str; 9] =
    ["data_encoding", "memchr", "ripemd", "serde", "serde_json", "sha1", "sha2", "sigwarp", "thiserror"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files below a folder, as paths from it with `/`.
fn files(folder: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(root).expect("a file below the root");
                found.push(
                    inside
                        .components()
                        .map(|part| part.as_os_str().to_string_lossy())
                        .collect::<Vec<_>>()
                        .join("/"),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found
}

/// The names of a file that stand in paths and imports: every segment, whatever it leads to.
struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.0.extend(path.segments.iter().map(|segment| segment.ident.to_string()));
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_use_path(&mut self, path: &'ast syn::UsePath) {
        self.0.insert(path.ident.to_string());
        syn::visit::visit_use_path(self, path);
    }

    fn visit_use_name(&mut self, name: &'ast syn::UseName) {
        self.0.insert(name.ident.to_string());
    }

    fn visit_use_rename(&mut self, rename: &'ast syn::UseRename) {
        self.0.insert(rename.ident.to_string());
    }

    fn visit_use_glob(&mut self, _: &'ast syn::UseGlob) {
        self.0.insert("*".to_owned());
    }

    /// What a macro is called with is read as names, since it can be anything.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        fn idents(tokens: proc_macro2::TokenStream, names: &mut BTreeSet<String>) {
            for token in tokens {
                match token {
                    proc_macro2::TokenTree::Ident(ident) => drop(names.insert(ident.to_string())),
                    proc_macro2::TokenTree::Group(group) => idents(group.stream(), names),
                    _ => {}
                }
            }
        }
        idents(called.tokens.clone(), &mut self.0);
        syn::visit::visit_macro(self, called);
    }
}

fn names(source: &str) -> BTreeSet<String> {
    let file = syn::parse_file(source).expect("a Rust file");
    let mut names = Names(BTreeSet::new());
    names.visit_file(&file);
    names.0
}

/// What a file names and must not. `file` is its path below `src`, `systems` are all systems.
fn problems(file: &str, source: &str, systems: &BTreeSet<String>) -> Vec<String> {
    if file == "lib.rs" {
        return Vec::new();
    }
    let own = file.split_once('/').map(|(folder, _)| folder).filter(|folder| systems.contains(*folder));
    let names = names(source);
    let foreign = names.iter().filter(|name| systems.contains(*name) && Some(name.as_str()) != own);
    let mut found: Vec<String> =
        foreign.map(|name| format!("profiles/src/{file} names the system {name}")).collect();
    // The list of all systems, and whatever a glob hides.
    for name in ["SYSTEMS", "sigwarp_kernels", "sigwarp_tables", "sigwarp_shaders", "sigwarp_datasets"] {
        if names.contains(name) {
            found.push(format!("profiles/src/{file} names {name}"));
        }
    }
    let is_tests = file.ends_with("tests.rs") || source.contains("#[cfg(test)]");
    if names.contains("*") && !is_tests {
        found.push(format!("profiles/src/{file} imports everything of a module: name what it uses"));
    }
    found
}

fn systems() -> BTreeSet<String> {
    let source = root().join("profiles/src");
    let folders = std::fs::read_dir(source).expect("a readable folder").map(|entry| entry.expect("an entry"));
    let folders = folders.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().expect("a UTF-8 name")).collect()
}

#[test]
fn systems_do_not_know_each_other() {
    let (source, systems) = (root().join("profiles/src"), systems());
    assert!(systems.contains("ethereum"), "{systems:?}");
    let text = |file: &str| std::fs::read_to_string(source.join(file)).expect("a readable file");
    let found: Vec<String> =
        files(&source).iter().flat_map(|file| problems(file, &text(file), &systems)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_check_sees_what_does_not_belong() {
    let systems = ["ethereum", "solana"].map(str::to_owned).into();
    let planted = [
        "use crate::solana::Fault;",
        "use crate::{Cause, solana as innocent};",
        "fn f() { super::super::solana::parse(); }",
        "fn f() { assert!(crate::solana::IS); }",
        "use sigwarp_kernels::hash::Algorithm;",
        "fn f() -> usize { crate::SYSTEMS.len() }",
        "use crate::*;",
    ];
    for text in planted {
        assert_eq!(problems("ethereum/planted.rs", text, &systems).len(), 1, "{text}");
        let is_own = text.contains("solana");
        assert_eq!(problems("solana/planted.rs", text, &systems).is_empty(), is_own, "{text}");
        assert_eq!(problems("batch.rs", text, &systems).len(), 1, "{text}");
    }
    assert!(problems("ethereum/fine.rs", "use super::rlp::Item; use sigwarp::Suite;", &systems).is_empty());
}

#[test]
fn the_engine_knows_no_profile_and_the_profiles_few_crates() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).expect("a readable file");
    for manifest in ["kernels", "tables", "shaders", "engine"] {
        assert!(!read(&format!("{manifest}/Cargo.toml")).contains("sigwarp-profiles"), "{manifest}");
    }
    let source = root().join("engine/src");
    for file in files(&source) {
        let text = std::fs::read_to_string(source.join(&file)).expect("a readable file");
        assert!(!names(&text).contains("sigwarp_profiles"), "engine/src/{file}");
    }
    let manifest = read("profiles/Cargo.toml");
    let dependencies = manifest.split("\n[").find(|part| part.starts_with("dependencies]"));
    let lines = dependencies.expect("dependencies").lines().skip(1);
    let crates = lines.filter_map(|line| line.split_once(['.', ' '])).map(|(name, _)| name);
    for name in crates.filter(|name| !name.is_empty() && !name.starts_with('#')) {
        let name = name.replace('-', "_");
        assert!(CRATES.contains(&name.as_str()), "the profiles depend on {name}: is it needed?");
    }
}
