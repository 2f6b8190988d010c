//! Where the names of a source file lead, through renames, globs and re-exports, over the crates of the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::source::{self, Named, Segments, Source};

/// A crate of the house: its name, and its files by their paths below `src`.
#[derive(Clone)]
pub(super) struct Crate {
    pub(super) name: &'static str,
    files: BTreeMap<String, Rc<Source>>,
}

/// What a path is, read from the left: each place that it leads through, and the last is where the thing is defined.
/// Places are paths from the name of a crate on.
type Way = Vec<String>;

impl Crate {
    /// The crate below `root`.
    pub(super) fn read(name: &'static str, root: &Path) -> Self {
        let mut paths = Vec::new();
        rust_files(root, &mut paths);
        let mut read = Self { name, files: BTreeMap::new() };
        for path in paths {
            let text = fs::read_to_string(&path).expect("a readable source file");
            let inside = path.strip_prefix(root).expect("a file below the root");
            read = read.with(&inside.to_string_lossy().replace('\\', "/"), &text);
        }
        read
    }

    /// The crate with this text for a file, which may be a new one.
    pub(super) fn with(mut self, file: &str, text: &str) -> Self {
        let source = source::read(text).unwrap_or_else(|error| panic!("{file}, {error}"));
        self.files.insert(file.to_owned(), Rc::new(source));
        self
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

/// The Rust files below a folder.
pub(super) fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A module of one of the crates.
#[derive(Default)]
struct Module {
    crate_name: String,
    file: String,
    modules: BTreeSet<String>,
    items: BTreeSet<String>,
    names: Vec<(String, Segments)>,
    globs: Vec<Segments>,
    is_test: bool,
}

/// All modules of some crates, by their paths.
pub(super) struct House {
    modules: BTreeMap<String, Module>,
    crates: Vec<&'static str>,
    /// By crate and file: the module that the file is.
    of_file: BTreeMap<(String, String), String>,
}

/// A name that a file uses, and where it leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) line: usize,
    /// As it is written.
    pub(super) written: String,
    pub(super) is_import: bool,
    /// The places that it leads through; the last is where the thing is defined.
    pub(super) places: Vec<String>,
    pub(super) is_test: bool,
}

impl House {
    pub(super) fn new(crates: &[Crate]) -> Self {
        let mut house = Self {
            modules: BTreeMap::new(),
            crates: crates.iter().map(|of| of.name).collect(),
            of_file: BTreeMap::new(),
        };
        for of in crates {
            house.add(of, of.name.to_owned(), "lib.rs", false);
            // What no module declares belongs to the crate all the same, by its place.
            for file in of.files.keys() {
                let is_known = house.of_file.contains_key(&(of.name.to_owned(), file.clone()));
                if !is_known {
                    let inside = file.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
                    house.add(of, format!("{}::{inside}", of.name), file, false);
                }
            }
        }
        house
    }

    /// Adds the module of a file, and those that it declares.
    fn add(&mut self, of: &Crate, module: String, file: &str, is_test: bool) {
        let Some(source) = of.files.get(file) else { return };
        self.of_file.entry((of.name.to_owned(), file.to_owned())).or_insert_with(|| module.clone());
        let absolute = |within: &Segments| join(&module, within);
        let mut open = |path: String, is_test: bool| {
            let entry = self.modules.entry(path).or_default();
            entry.crate_name = of.name.to_owned();
            entry.file = file.to_owned();
            entry.is_test |= is_test;
        };
        open(module.clone(), is_test);
        for declared in source.modules.iter().filter(|declared| declared.is_inline) {
            let path = format!("{}::{}", absolute(&declared.within), declared.name);
            open(path, is_test || declared.is_test);
        }
        for declared in &source.modules {
            self.module(&absolute(&declared.within)).modules.insert(declared.name.clone());
        }
        for (within, name) in &source.items {
            self.module(&absolute(within)).items.insert(name.clone());
        }
        for brought in &source.brought {
            let module = self.module(&absolute(&brought.within));
            match &brought.name {
                Some(name) => module.names.push((name.clone(), brought.path.clone())),
                None => module.globs.push(brought.path.clone()),
            }
        }
        for declared in source.modules.iter().filter(|declared| !declared.is_inline) {
            let folder = folder_of(file);
            let below = join(&folder, &declared.within).replace("::", "/");
            let inside = |name: &str| format!("{below}/{name}").trim_start_matches('/').to_owned();
            let candidates = match &declared.file {
                // Beside the file, not in the folder of its modules.
                Some(path) => vec![normal(Path::new(file).parent().unwrap_or(Path::new("")), path)],
                None => vec![
                    inside(&format!("{}.rs", declared.name)),
                    inside(&format!("{}/mod.rs", declared.name)),
                ],
            };
            let path = format!("{}::{}", absolute(&declared.within), declared.name);
            if let Some(file) = candidates.iter().find(|file| of.files.contains_key(*file)) {
                self.add(of, path, file, is_test || declared.is_test);
            }
        }
    }

    fn module(&mut self, path: &str) -> &mut Module {
        self.modules.entry(path.to_owned()).or_default()
    }

    /// The file in which a place lies, with its crate; `None` for what is outside of these crates.
    pub(super) fn file_of(&self, place: &str) -> Option<(&str, &str)> {
        let mut module = place;
        loop {
            if let Some(found) = self.modules.get(module) {
                return Some((&found.crate_name, &found.file));
            }
            module = module.rsplit_once("::")?.0;
        }
    }

    /// Whether only tests are built with a file.
    pub(super) fn is_test(&self, of: &Crate, file: &str) -> bool {
        let module = self.of_file.get(&(of.name.to_owned(), file.to_owned()));
        module.and_then(|module| self.modules.get(module)).is_some_and(|module| module.is_test)
    }

    /// What a file names that lies outside of it.
    pub(super) fn references(&self, of: &Crate, file: &str) -> Vec<Reference> {
        let module = &self.of_file[&(of.name.to_owned(), file.to_owned())];
        let is_test = self.is_test(of, file);
        let mut found: Vec<Reference> = Vec::new();
        for named in &of.files[file].named {
            for places in self.places(&join(module, &named.within), named) {
                let reference = Reference {
                    line: named.line,
                    written: written(named),
                    is_import: named.is_import,
                    places,
                    is_test: is_test || named.is_test,
                };
                if !found.contains(&reference) {
                    found.push(reference);
                }
            }
        }
        found
    }

    fn places(&self, module: &str, named: &Named) -> Vec<Way> {
        let path = &named.path;
        // The instruction sets of a build and of a machine have names of their own, which need no import.
        let is_detection = |name: &String| name == "target_feature" || name.ends_with("_feature_detected");
        if path.last().is_some_and(is_detection) {
            return vec![vec!["std::arch".to_owned()]];
        }
        let is_single = path.len() == 1 && !named.is_import;
        // An import brings its own name into the module, which leads nowhere.
        let ways = self.resolve(module, path, named.is_import, &mut Vec::new());
        match is_single {
            // Names of variables and of the prelude lead nowhere.
            true => ways
                .into_iter()
                .filter(|way| self.crates.iter().any(|name| is_below(&way[0], name)))
                .collect(),
            false => ways,
        }
    }

    /// Where a path leads from a module. `seen` are the names that are being looked up.
    fn resolve(
        &self,
        module: &str,
        path: &[String],
        is_import: bool,
        seen: &mut Vec<(String, String)>,
    ) -> Vec<Way> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let root = module.split("::").next().unwrap_or(module);
        match first.as_str() {
            "" => self.outside(rest),
            "crate" => self.walk(root, rest, Vec::new(), seen),
            "self" if rest.first().is_some_and(|next| next == "super") => {
                self.resolve(module, rest, is_import, seen)
            }
            "self" => self.walk(module, rest, Vec::new(), seen),
            "super" => {
                let (mut at, mut rest) = (module.rsplit_once("::").map_or(root, |(above, _)| above), rest);
                while let [first, others @ ..] = rest
                    && first == "super"
                {
                    at = at.rsplit_once("::").map_or(root, |(above, _)| above);
                    rest = others;
                }
                self.walk(at, rest, Vec::new(), seen)
            }
            "Self" => Vec::new(),
            _ => {
                let found = self.lookup(module, path, Vec::new(), seen);
                if !found.is_empty() {
                    return found;
                }
                // A type parameter, a primitive type or a name of the prelude, unless it can only be a crate.
                let is_crate = first.starts_with(|c: char| c.is_ascii_lowercase())
                    && !PRIMITIVE.contains(&first.as_str());
                let is_known = self.crates.contains(&first.as_str());
                match is_import || is_known || (is_crate && path.len() > 1) {
                    true => self.outside(path),
                    false => Vec::new(),
                }
            }
        }
    }

    /// A path from the name of a crate on.
    fn outside(&self, path: &[String]) -> Vec<Way> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        if self.crates.contains(&first.as_str()) {
            return self.walk(first, rest, Vec::new(), &mut Vec::new());
        }
        let first = if matches!(first.as_str(), "core" | "alloc") { "std" } else { first };
        vec![vec![join(first, rest)]]
    }

    /// The same from a module on. What is not found there is taken to be there: macros define things.
    fn walk(&self, module: &str, rest: &[String], way: Way, seen: &mut Vec<(String, String)>) -> Vec<Way> {
        if rest.is_empty() {
            return vec![with(way, module.to_owned())];
        }
        let found = self.lookup(module, rest, way.clone(), seen);
        match found.is_empty() {
            true => vec![with(way, join(module, rest))],
            false => found,
        }
    }

    /// What a module has under the first of some segments, and so on. Nothing if it has nothing.
    fn lookup(&self, module: &str, path: &[String], way: Way, seen: &mut Vec<(String, String)>) -> Vec<Way> {
        let (Some(here), Some((first, rest))) = (self.modules.get(module), path.split_first()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        if here.modules.contains(first) {
            // What else has the name is a function or a macro, and nothing lies below it.
            if !rest.is_empty() {
                return self.walk(&format!("{module}::{first}"), rest, way, seen);
            }
            found.extend(self.walk(&format!("{module}::{first}"), rest, way.clone(), seen));
        }
        if here.items.contains(first) {
            found.push(with(way.clone(), join(module, path)));
        }
        if seen.iter().any(|(of, name)| of == module && name == first) {
            return found;
        }
        seen.push((module.to_owned(), first.clone()));
        let onwards = |target: &Segments, seen: &mut Vec<(String, String)>| {
            let target: Segments = target.iter().chain(rest).cloned().collect();
            let ways = self.resolve(module, &target, true, seen);
            let before = with(way.clone(), format!("{module}::{first}"));
            ways.into_iter().map(|way| before.iter().cloned().chain(way).collect()).collect::<Vec<Way>>()
        };
        for (_, target) in here.names.iter().filter(|(name, _)| name == first) {
            found.extend(onwards(target, seen));
        }
        if found.is_empty() {
            for glob in &here.globs {
                for target in self.resolve(module, glob, true, seen) {
                    let Some(target) = target.last() else { continue };
                    let before = with(way.clone(), format!("{module}::{first}"));
                    found.extend(self.lookup(target, path, before, seen));
                }
            }
        }
        seen.pop();
        found
    }
}

/// Types that are written like crates.
const PRIMITIVE: [&str; 20] = [
    "bool", "char", "f16", "f32", "f64", "f128", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8",
    "u16", "u32", "u64", "u128", "usize", "macro",
];

fn with(mut way: Way, place: String) -> Way {
    way.push(place);
    way
}

fn join(start: &str, rest: &[String]) -> String {
    let segments = std::iter::once(start).chain(rest.iter().map(String::as_str));
    segments.filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("::")
}

/// Whether a place is another one or lies below it.
pub(super) fn is_below(place: &str, above: &str) -> bool {
    place.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn written(named: &Named) -> String {
    let path = named.path.join("::") + if named.is_glob { "::*" } else { "" };
    if named.is_import { format!("use {path}") } else { path }
}

/// The folder of the modules that a file declares, as a path of modules.
fn folder_of(file: &str) -> String {
    let stem = file.trim_end_matches(".rs");
    let folder = match stem.rsplit_once('/') {
        Some((folder, "mod")) => folder,
        None if stem == "lib" => "",
        _ => stem,
    };
    folder.replace('/', "::")
}

/// A path beside others, without `..`.
fn normal(folder: &Path, path: &str) -> String {
    let mut parts: Vec<String> = folder.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part.to_owned()),
        }
    }
    parts.join("/")
}
