//! Reads the signatures of `kernels/src/simd` and checks what its SAFETY comments rest on: whoever runs an instruction
//! of AVX2, AVX-512 or SHA holds a token, or a vector that was made from one.
//!
//! The rules, for every function of the folder (macros and the code of tests included):
//! - an associated function of a trait takes a token or a vector, since its implementations run instructions;
//! - a function that contains `unsafe`, or is compiled for an instruction set, takes one, unless it is an `unsafe fn`;
//! - a function that makes a token or a vector takes one, unless it asks the CPU;
//! - no constant is a token or a vector, none can be had by `Default`, and no field of one is open to other folders.
//!
//! What counts: a token, a vector, a register, or what is made of them (see `PROOFS`), by value or reference, or an
//! array of at least one. A slice, or an array of a length that is not a number, may be empty and proves nothing.
//!
//! The scan is by hand, for Rust as rustfmt writes it. What it does not understand it reports.

use std::fs;
use std::path::{Path, PathBuf};

/// Types whose existence proves an instruction set.
const PROOFS: [&str; 16] = [
    "Avx2",
    "Avx512Ifma",
    "ShaNi",
    "U64x4",
    "U64x8",
    "U32x8",
    "U32x16",
    "Mask4",
    // Of `sha_ni.rs` and `words/avx512.rs`: they hold registers.
    "State",
    "Even",
    // No parameter of a function that other folders see is a register, and in this folder they are made from the others.
    "__m128i",
    "__m256i",
    "__m512i",
    "__m256d",
    "__m512d",
    // `Self::Token`, `V::Token`.
    "Token",
];

/// Functions that need no proof, by the type or trait that they belong to, and why.
const EXCEPTIONS: [(&str, &str, &str); 6] = [
    ("Token", "detect", "asks the CPU; the rule for those that make a token checks each implementation"),
    ("Vector", "prefetch_rows", "uses SSE, which is part of every x86-64 CPU"),
    ("U64x4", "prefetch_rows", "uses SSE, which is part of every x86-64 CPU"),
    ("U64x8", "prefetch_rows", "uses SSE, which is part of every x86-64 CPU"),
    ("", "prefetch", "uses SSE, which is part of every x86-64 CPU"),
    ("", "prefetch_bytes", "uses SSE, which is part of every x86-64 CPU"),
];

/// Traits of something else than tokens, vectors and masks: a piece of work of the caller's, and integers.
const OTHER_TRAITS: [&str; 2] = ["Kernel", "Word"];

/// Files whose `unsafe` is about memory. They must name no instruction.
const MEMORY: [&str; 1] = ["pages.rs"];

/// A token of Rust, and its line.
#[derive(Clone, Copy, Debug)]
struct Lexeme<'a> {
    text: &'a str,
    line: usize,
}

/// Cuts source into identifiers, numbers, lifetimes and punctuation, without comments. Of literals of text the quotes
/// remain.
fn lexemes(source: &str) -> Vec<Lexeme<'_>> {
    let bytes = source.as_bytes();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let start = at;
        let rest = &source[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len())
        } else if rest.starts_with('"') {
            let mut end = 1;
            while end < rest.len() && bytes[at + end] != b'"' {
                end += if bytes[at + end] == b'\\' { 2 } else { 1 };
            }
            end + 1
        } else if rest.starts_with("'\\") {
            4 + rest[3..].find('\'').expect("the end of a character")
        } else if let Some(after) = rest.strip_prefix('\'') {
            let character = after.chars().next().map_or(0, char::len_utf8);
            if after[character..].starts_with('\'') {
                character + 2
            } else {
                1 + after.bytes().take_while(|&byte| word(byte)).count()
            }
        } else if word(bytes[at]) {
            bytes[at..].iter().take_while(|&&byte| word(byte)).count()
        } else if ["->", "=>", "::"].iter().any(|pair| rest.starts_with(pair)) {
            2
        } else {
            1
        };
        at = (at + length).min(bytes.len());
        let text = &source[start..at];
        if !(text.starts_with("//") || text.starts_with("/*") || text.trim().is_empty()) {
            let text = if text.contains('"') { "\"" } else { text };
            found.push(Lexeme { text, line });
        }
        line += source[start..at].matches('\n').count();
    }
    found
}

/// The hashes of a raw string that begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The place after the bracket that closes the one at `open`.
fn closed(code: &[Lexeme<'_>], open: usize) -> usize {
    let (opening, closing) = match code[open].text {
        "(" => ("(", ")"),
        "[" => ("[", "]"),
        "{" => ("{", "}"),
        "<" => ("<", ">"),
        other => panic!("line {}: {other} is no bracket", code[open].line),
    };
    let mut depth = 0;
    for (at, lexeme) in code.iter().enumerate().skip(open) {
        if lexeme.text == opening {
            depth += 1;
        } else if lexeme.text == closing {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    panic!("line {}: a bracket is not closed", code[open].line)
}

/// The first place from `at` on that holds one of `wanted` outside of brackets; the end where there is none.
fn outside(code: &[Lexeme<'_>], mut at: usize, wanted: &[&str]) -> usize {
    while at < code.len() && !wanted.contains(&code[at].text) {
        at = if ["(", "[", "{", "<"].contains(&code[at].text) { closed(code, at) } else { at + 1 };
    }
    at
}

/// The parts between commas.
fn parts<'a, 'b>(code: &'b [Lexeme<'a>]) -> Vec<&'b [Lexeme<'a>]> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let end = outside(code, at, &[","]);
        found.push(&code[at..end]);
        at = end + 1;
    }
    found
}

/// What functions belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner<'a> {
    Module,
    /// Another function.
    Function,
    Trait(&'a str),
    Type(&'a str),
}

impl<'a> Owner<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Module | Self::Function => "",
            Self::Trait(name) | Self::Type(name) => name,
        }
    }

    /// Whether its functions belong to tokens, vectors or masks of any kind.
    fn is_their_trait(self) -> bool {
        matches!(self, Self::Trait(name) if !OTHER_TRAITS.contains(&name))
    }

    /// Whether `Self` is a proof.
    fn is_proof(self) -> bool {
        match self {
            Self::Module | Self::Function => false,
            Self::Trait(_) => self.is_their_trait(),
            Self::Type(name) => PROOFS.contains(&name),
        }
    }
}

/// Whether a value of this type proves an instruction set.
fn proves(owner: Owner<'_>, mut of: &[Lexeme<'_>]) -> bool {
    while let [first, rest @ ..] = of {
        if first.text == "&" || first.text == "mut" || first.text.starts_with('\'') {
            of = rest;
        } else {
            break;
        }
    }
    let Some(first) = of.first() else { return false };
    match first.text {
        "[" => {
            let inner = &of[1..closed(of, 0) - 1];
            let end = outside(inner, 0, &[";"]);
            let some = inner.get(end + 1..).is_some_and(
                |length| matches!(length, [number] if number.text.parse::<u32>().is_ok_and(|n| n > 0)),
            );
            some && proves(owner, &inner[..end])
        }
        "(" => parts(&of[1..closed(of, 0) - 1]).into_iter().any(|part| proves(owner, part)),
        "Self" if of.len() == 1 => owner.is_proof(),
        _ => {
            let path = &of[..outside(of, 0, &["<"])];
            let is_path = path.iter().enumerate().all(|(i, lexeme)| (lexeme.text == "::") == (i % 2 == 1));
            is_path && path.last().is_some_and(|last| PROOFS.contains(&last.text))
        }
    }
}

/// Whether a parameter does.
fn parameter_proves(owner: Owner<'_>, parameter: &[Lexeme<'_>]) -> bool {
    let colon = outside(parameter, 0, &[":"]);
    if colon == parameter.len() {
        // `self` in one of its forms.
        return parameter.last().is_some_and(|last| last.text == "self") && owner.is_proof();
    }
    proves(owner, &parameter[colon + 1..])
}

/// Whether a proof is named, so that code may make one or a type may hold one.
fn names_proof(owner: Owner<'_>, code: &[Lexeme<'_>]) -> bool {
    code.iter().any(|lexeme| PROOFS.contains(&lexeme.text) || lexeme.text == "Self" && owner.is_proof())
}

/// Whether code makes one: the name of a type before its fields.
fn makes_proof(owner: Owner<'_>, code: &[Lexeme<'_>]) -> bool {
    code.windows(2).any(|pair| ["(", "{"].contains(&pair[1].text) && names_proof(owner, &pair[..1]))
}

fn contains(code: &[Lexeme<'_>], text: &str) -> bool {
    code.iter().any(|lexeme| lexeme.text == text)
}

/// What a scan found.
#[derive(Default)]
struct Scan {
    problems: Vec<String>,
    functions: Vec<(String, String)>,
    exceptions: Vec<(String, String)>,
}

impl Scan {
    fn file(&mut self, name: &str, source: &str) {
        let code = lexemes(source);
        let memory = MEMORY.contains(&name);
        if memory {
            for forbidden in ["arch", "asm", "target_feature"] {
                if contains(&code, forbidden) {
                    self.problems.push(format!("{name} names {forbidden}, but its unsafe is about memory"));
                }
            }
            return;
        }
        self.items(name, &code, Owner::Module);
    }

    fn problem(&mut self, file: &str, at: Lexeme<'_>, what: &str) {
        self.problems.push(format!("{file}:{}: {what}", at.line));
    }

    fn items<'a>(&mut self, file: &str, code: &[Lexeme<'a>], owner: Owner<'a>) {
        let mut at = 0;
        // Where the attributes, and the words before `fn`, of the next item begin.
        let mut begin = 0;
        while at < code.len() {
            let next = code.get(at + 1).map_or("", |lexeme| lexeme.text);
            match code[at].text {
                "#" if next == "[" => at = closed(code, at + 1),
                "#" if next == "!" => at = closed(code, at + 2),
                "macro_rules" => {
                    let end = closed(code, at + 3);
                    // `Self::Token` is left to where the macro is used.
                    let names = |text| text == "unsafe" || text != "Token" && PROOFS.contains(&text);
                    if code[at + 3..end].iter().any(|lexeme| names(lexeme.text)) {
                        self.problem(file, code[at], "a macro contains unsafe code, or names a vector");
                    }
                    (at, begin) = (end, end);
                }
                "trait" => {
                    let open = outside(code, at, &["{"]);
                    let end = closed(code, open);
                    let name = next;
                    self.items(file, &code[open + 1..end - 1], Owner::Trait(name));
                    (at, begin) = (end, end);
                }
                "impl" => {
                    let open = outside(code, at, &["{"]);
                    let end = closed(code, open);
                    let mut header = &code[at + 1..open];
                    if header[0].text == "<" {
                        header = &header[closed(header, 0)..];
                    }
                    let of = match outside(header, 0, &["for"]) {
                        all if all == header.len() => header,
                        at => &header[at + 1..],
                    };
                    let name = of[..outside(of, 0, &["<", "where"])].last().map_or("", |last| last.text);
                    self.items(file, &code[open + 1..end - 1], Owner::Type(name));
                    (at, begin) = (end, end);
                }
                "struct" | "enum" | "union" => {
                    let end = outside(code, at + 2, &["(", "{", ";"]);
                    let end = if code[end].text == ";" { end } else { closed(code, end) };
                    self.structure(file, &code[begin..at], &code[at..end]);
                    (at, begin) = (end, end);
                }
                "const" | "static" if !["fn", "unsafe", "extern", "{"].contains(&next) => {
                    let colon = outside(code, at, &[":"]);
                    let end = outside(code, colon, &["=", ";"]);
                    if names_proof(owner, &code[colon..end]) {
                        self.problem(file, code[at], "a constant is a token or a vector");
                    }
                    (at, begin) = (end, end);
                }
                "fn" if next != "(" => {
                    at = self.function(file, code, begin, at, owner);
                    begin = at;
                }
                "unsafe"
                    if owner != Owner::Function && !["fn", "impl", "extern", "trait"].contains(&next) =>
                {
                    self.problem(file, code[at], "unsafe code outside of a function");
                    at += 1;
                }
                ";" | "{" | "}" => {
                    at += 1;
                    begin = at;
                }
                _ => at += 1,
            }
        }
    }

    fn structure(&mut self, file: &str, before: &[Lexeme<'_>], code: &[Lexeme<'_>]) {
        let name = code[1].text;
        if !PROOFS.contains(&name) {
            return;
        }
        if contains(before, "Default") {
            self.problem(file, code[0], &format!("{name} can be had by Default"));
        }
        let open = code.windows(4).any(|four| four[0].text == "pub" && four[2].text != "super");
        if open {
            self.problem(file, code[0], &format!("a field of {name} is open to other folders"));
        }
    }

    /// Checks the function whose `fn` is at `at`, and those within it. Returns the place after it.
    fn function<'a>(
        &mut self,
        file: &str,
        code: &[Lexeme<'a>],
        begin: usize,
        at: usize,
        owner: Owner<'a>,
    ) -> usize {
        let name = code[at + 1].text;
        let open = if code[at + 2].text == "<" { closed(code, at + 2) } else { at + 2 };
        let after = closed(code, open);
        let body = outside(code, after, &["{", ";"]);
        let end =
            if code.get(body).is_some_and(|lexeme| lexeme.text == "{") { closed(code, body) } else { body };
        let (before, parameters) = (&code[begin..at], &code[open + 1..after - 1]);
        let (returned, block) = (&code[after..body], &code[body..end]);
        self.functions.push((owner.name().into(), name.into()));

        let proven = parts(parameters).into_iter().any(|parameter| parameter_proves(owner, parameter));
        let asks_cpu = name == "detect" && contains(block, "is_x86_feature_detected");
        let excepted = EXCEPTIONS.iter().any(|(of, function, _)| *of == owner.name() && *function == name);
        let mut wrong = Vec::new();
        if owner.is_their_trait() && !proven {
            wrong.push("is a function of a trait");
        }
        let is_unsafe = contains(before, "unsafe");
        if !is_unsafe && !proven {
            if contains(block, "unsafe") {
                wrong.push("contains unsafe code");
            }
            if contains(before, "target_feature") {
                wrong.push("is compiled for an instruction set");
            }
            if !asks_cpu && !owner.is_their_trait() {
                if names_proof(owner, returned) {
                    wrong.push("returns a token or a vector");
                }
                if makes_proof(owner, block) {
                    wrong.push("makes a token or a vector");
                }
            }
        }
        if !wrong.is_empty() {
            if excepted {
                self.exceptions.push((owner.name().into(), name.into()));
            } else {
                let what = format!("{name} takes neither a token nor a vector, but {}", wrong.join(" and "));
                self.problem(file, code[at], &what);
            }
        }
        // Functions within it.
        self.items(file, block.get(1..).unwrap_or_default(), Owner::Function);
        end.max(at + 1)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels/src/simd")
}

fn scan_folder(scan: &mut Scan, folder: &Path) {
    for entry in fs::read_dir(folder).expect("a readable source folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            scan_folder(scan, &path);
        } else {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a UTF-8 file name");
            scan.file(name, &fs::read_to_string(&path).expect("a readable source file"));
        }
    }
}

#[test]
fn who_runs_an_instruction_holds_a_token_or_a_vector() {
    let mut scan = Scan::default();
    scan_folder(&mut scan, &folder());
    assert!(scan.problems.is_empty(), "{}", scan.problems.join("\n"));
    for (owner, function, why) in EXCEPTIONS {
        let needed = scan.exceptions.iter().any(|(of, name)| of == owner && name == function);
        assert!(needed, "the exception of {owner}::{function}, which {why}, is not needed");
    }
    // The scan has seen the traits whole, and their implementations.
    let count = |owner: &str| scan.functions.iter().filter(|(of, _)| of == owner).count();
    for (owner, functions) in
        [("Vector", 32), ("Words", 19), ("LaneMask", 4), ("Doubles", 4), ("FloatMultiply", 6)]
    {
        assert!(count(owner) >= functions, "{} functions of {owner}", count(owner));
    }
    for vector in ["U64x4", "U64x8", "U32x8", "U32x16", "U64x1", "EmulatedU64x8", "Pair"] {
        assert!(count(vector) >= 15, "{} functions of {vector}", count(vector));
    }
}

/// What the scan says of a file of the folder in which `from` is replaced by `to`.
fn with_fault(file: &str, from: &str, to: &str) -> Vec<String> {
    let source = fs::read_to_string(folder().join(file)).expect("a readable source file");
    assert_eq!(source.matches(from).count(), 1, "{from} in {file}");
    let mut scan = Scan::default();
    scan.file(file, &source.replace(from, to));
    scan.problems
}

/// The functions that once let safe code run instructions that the CPU may not have.
#[test]
fn the_scan_finds_the_signatures_that_were_wrong() {
    let cases = [
        (
            "mod.rs",
            "fn gather_lines<const R: usize>(\n        token: Self::Token,\n",
            "fn gather_lines<const R: usize>(\n",
            "gather_lines takes neither a token nor a vector, but is a function of a trait",
        ),
        (
            "avx512ifma.rs",
            "fn row(_: Avx512Ifma, words",
            "fn row(words",
            "row takes neither a token nor a vector, but contains unsafe code and returns a token or a vector",
        ),
        (
            "avx2.rs",
            "fn half_row(_: Avx2, words",
            "fn half_row(words",
            "half_row takes neither a token nor a vector, but contains unsafe code and returns a token or a vector",
        ),
        (
            "words/avx512.rs",
            "fn tail(_: Avx512Ifma, bytes",
            "fn tail(bytes",
            "tail takes neither a token nor a vector, but contains unsafe code and returns a token or a vector",
        ),
    ];
    for (file, from, to, expected) in cases {
        let problems = with_fault(file, from, to);
        assert!(matches!(&problems[..], [one] if one.ends_with(expected)), "{file}: {problems:?}");
    }
}

#[test]
fn the_scan_finds_other_ways_to_go_without() {
    let wrong = [
        // Arrays that may be empty, and slices.
        "trait Vector { fn sum(words: [Self; 0]); }",
        "trait Vector { fn sum<const N: usize>(words: [Self; N]); }",
        "trait Vector { fn sum(words: &[Self]); }",
        // What holds a proof or not.
        "trait Vector { fn sum(words: Option<Self>); }",
        "trait Vector { fn sum(of: impl Fn(Self)); }",
        "trait Vector { fn sum(of: *const Self); }",
        "trait Vector { fn zero() -> Self; }",
        "trait Vector { fn mask(bits: Self::Mask) -> u8; }",
        "fn zero() -> __m512i { unsafe { _mm512_setzero_si512() } }",
        "pub(super) fn run() { /* } */ unsafe { work(\"}\", '}') } }",
        "#[target_feature(enable = \"avx2\")] fn run(words: &[u64]) {}",
        "fn outer() { #[target_feature(enable = \"avx2\")] fn inner() {} }",
        // Tokens and vectors from nothing, without any unsafe code.
        "impl Avx2 { pub fn new() -> Self { Self(()) } }",
        "fn token() -> super::Avx2 { Avx2(()) }",
        "fn token(to: &mut Option<Avx2>) { *to = Some(Avx2(())); }",
        "impl Token for Avx2 { fn detect() -> Option<Self> { Some(Self(())) } }",
        "impl Default for U64x8 { fn default() -> Self { todo!() } }",
        "pub const TOKEN: Avx2 = Avx2(());",
        "static TOKEN: Option<Avx2> = Some(Avx2(()));",
        "impl Avx2 { pub const TOKEN: Self = Self(()); }",
        "const ZERO: u64 = unsafe { zero() };",
        "#[derive(Clone, Default)] pub struct Mask4(__m256i);",
        "pub struct Avx2(pub ());",
        "pub struct U64x8(pub(crate) __m512i);",
        "macro_rules! zero { () => { unsafe { zero() } }; }",
        "macro_rules! token { () => { Avx2(()) }; }",
        // Types that no one has thought about.
        "impl Other { fn run(self) { unsafe { work() } } }",
    ];
    for source in wrong {
        assert_eq!(problems_of(source).len(), 1, "{source}: {:?}", problems_of(source));
    }
    let right = [
        "trait Vector { fn sum(words: [Self; 8]); fn add(self, other: Self) -> Self; }",
        "trait Vector { fn splat(token: Self::Token, value: u64) -> Self { todo!() } }",
        "trait Vector { fn select(bits: u32, yes: &Self, [no, _]: [Self; 2]) -> Self; }",
        "impl Vector for U64x8 { fn add(&self, other: Self) -> Self { Self(unsafe { add(self.0, other.0) }) } }",
        "impl<'a, const N: usize> Vector for U64x8 { fn splat(_: Avx512Ifma) -> Self { unsafe { zero() } } }",
        "impl Token for Avx2 { fn detect() -> Option<Self> { is_x86_feature_detected!(\"avx2\").then_some(Self(())) } }",
        "/// Safety: AVX2.\nunsafe fn run() { unsafe { work() } }",
        "#[target_feature(enable = \"avx2\")] fn hide(mut x: __m256i) -> __m256i { unsafe { x } }",
        "impl Line { fn new() -> Self { Self([0; 8]) } }",
        "pub struct U64x8(pub(super) __m512i);",
        "// unsafe\nfn run() { let text = \"unsafe\"; let r = r#\"unsafe\"#; while 1 < 2 {} }",
    ];
    for source in right {
        assert_eq!(problems_of(source), [""; 0], "{source}");
    }
}

fn problems_of(source: &str) -> Vec<String> {
    let mut scan = Scan::default();
    scan.file("some.rs", source);
    scan.problems
}
