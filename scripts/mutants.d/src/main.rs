//! Puts every mutant of a list into one build, each behind a switch that is read at run time.
//!
//! `sigwarp-mutants LIST ROOT SKIP`: LIST is what `cargo mutants --list --json` gives, ROOT the tree whose files are
//! rewritten, SKIP a file of mutants to leave out, a number a line. Mutants are numbered from 1 in the order of the
//! list, and mutant n is on where `crate::switched(n)` is true. Each stands on a line of its own that says `/*Mn*/`, so
//! that an error of the compiler names it. The numbers of the mutants that were put in are printed.
//!
//! | genre | mutant n of `x` |
//! |---|---|
//! | `FnValue` | `if crate::switched(n) { return replacement; }` before the body |
//! | `BinaryOperator`, `UnaryOperator` | `if crate::switched(n) { changed } else { x }` in its place |
//! | `MatchArm` | a guard that is false when the mutant is on, so that the wildcard arm takes over |
//! | `MatchArmGuard` | the guard is `true` or `false` when the mutant is on |

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A mutant of the list.
struct Mutant {
    number: usize,
    genre: String,
    /// Where it starts: line and column, from 1.
    start: (usize, usize),
    replacement: String,
    used: bool,
}

/// A piece of source that is written otherwise.
struct Node {
    range: Range<usize>,
    kind: Kind,
}

enum Kind {
    /// Left operand, operator and right operand; mutants with the operator they put.
    Binary(Range<usize>, Range<usize>, Range<usize>, Vec<(usize, String)>),
    /// The operand; the mutant that deletes the operator.
    Unary(Range<usize>, usize),
    /// The brace that opens a body; mutants with the value they return.
    Body(Vec<(usize, String)>),
    /// What stands between pattern and arrow: the guard, mutants that delete the arm, and those that put another guard.
    Guard(Option<Range<usize>>, Vec<usize>, Vec<(usize, String)>),
}

struct Finder<'m> {
    mutants: &'m mut [Mutant],
    nodes: Vec<Node>,
    /// Inside of a constant, where nothing can be switched.
    constant: bool,
}

impl Finder<'_> {
    /// The mutants of a genre that start where `span` does.
    fn at(&mut self, genre: &str, span: proc_macro2::Span) -> Vec<(usize, String)> {
        let start = span.start();
        let start = (start.line, start.column + 1);
        let mut found = Vec::new();
        for mutant in self.mutants.iter_mut().filter(|m| m.genre == genre && m.start == start) {
            mutant.used = true;
            if !self.constant {
                found.push((mutant.number, mutant.replacement.clone()));
            }
        }
        found
    }

    fn in_constant(&mut self, visit: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.constant, true);
        visit(self);
        self.constant = outside;
    }

    fn arm(&mut self, arm: &syn::Arm, total: bool) {
        let mut deleted: Vec<usize> = self.at("MatchArm", arm.span()).into_iter().map(|(n, _)| n).collect();
        if !total {
            deleted.clear();
        }
        let guard = arm.guard.as_ref().map(|(_, guard)| guard.span());
        let changed = guard.map_or_else(Vec::new, |span| self.at("MatchArmGuard", span));
        if !deleted.is_empty() || !changed.is_empty() {
            let range = arm.pat.span().byte_range().end..arm.fat_arrow_token.span().byte_range().start;
            let guard = guard.map(|span| span.byte_range());
            self.nodes.push(Node { range, kind: Kind::Guard(guard, deleted, changed) });
        }
    }

    fn body(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let Some(first) = block.stmts.first() else { return };
        let mutants = self.at("FnValue", first.span());
        // Of an opaque type every return has the same one: such a mutant cannot stand beside the body.
        let opaque = matches!(&signature.output, syn::ReturnType::Type(_, ty) if matches!(**ty, syn::Type::ImplTrait(_)));
        if !mutants.is_empty() && !opaque {
            let open = block.brace_token.span.open().byte_range();
            self.nodes.push(Node { range: open, kind: Kind::Body(mutants) });
        }
    }
}

/// Whether a condition is a `let`, or a chain with one.
fn contains_let(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => contains_let(&binary.left) || contains_let(&binary.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.in_constant(|finder| visit::visit_item_const(finder, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.in_constant(|finder| visit::visit_impl_item_const(finder, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.in_constant(|finder| visit::visit_item_static(finder, item));
    }

    fn visit_expr_const(&mut self, expr: &'ast syn::ExprConst) {
        self.in_constant(|finder| visit::visit_expr_const(finder, expr));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.body(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.body(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_expr_binary(&mut self, expr: &'ast syn::ExprBinary) {
        let mutants = self.at("BinaryOperator", expr.op.span());
        // `let` conditions can stand between && alone: || there is no Rust.
        let has_let = [&expr.left, &expr.right].iter().any(|side| contains_let(side));
        if !mutants.is_empty() && !has_let {
            let [left, op, right] =
                [expr.left.span(), expr.op.span(), expr.right.span()].map(|span| span.byte_range());
            let range = left.start..right.end;
            self.nodes.push(Node { range, kind: Kind::Binary(left, op, right, mutants) });
        }
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_unary(&mut self, expr: &'ast syn::ExprUnary) {
        if let [(number, _)] = self.at("UnaryOperator", expr.op.span())[..] {
            let operand = expr.expr.span().byte_range();
            let range = expr.op.span().byte_range().start..operand.end;
            self.nodes.push(Node { range, kind: Kind::Unary(operand, number) });
        }
        visit::visit_expr_unary(self, expr);
    }

    fn visit_expr_match(&mut self, expr: &'ast syn::ExprMatch) {
        // Without an arm that takes the rest, a match with an arm less does not compile.
        let takes_rest = |arm: &syn::Arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none();
        let total = expr.arms.iter().any(takes_rest);
        for arm in &expr.arms {
            self.arm(arm, total);
        }
        visit::visit_expr_match(self, expr);
    }
}

/// The text of `range`, with the nodes inside it written anew; `outer` is a node that is not inside itself.
fn render(text: &str, nodes: &[Node], range: Range<usize>, outer: Option<&Node>) -> String {
    let mut out = String::new();
    let mut position = range.start;
    while position < range.end {
        // The outermost node from here on.
        let inside = nodes
            .iter()
            .filter(|node| outer.is_none_or(|outer| !std::ptr::eq(*node, outer)))
            .filter(|node| node.range.start >= position && node.range.end <= range.end)
            .filter(|node| {
                outer.is_none_or(|outer| {
                    node.range.start >= outer.range.start && node.range.end <= outer.range.end
                })
            })
            .min_by_key(|node| (node.range.start, std::cmp::Reverse(node.range.end)));
        let Some(node) = inside else { break };
        out.push_str(&text[position..node.range.start]);
        out.push_str(&rewrite(text, nodes, node));
        position = node.range.end;
    }
    out.push_str(&text[position..range.end]);
    out
}

fn rewrite(text: &str, nodes: &[Node], node: &Node) -> String {
    let sub = |range: &Range<usize>| render(text, nodes, range.clone(), Some(node));
    match &node.kind {
        Kind::Body(mutants) => {
            let mut out = "{\n".to_owned();
            for (number, value) in mutants {
                out.push_str(&format!("/*M{number}*/ if crate::switched({number}) {{ return {value}; }}\n"));
            }
            out
        }
        Kind::Unary(operand, number) => {
            let operand = sub(operand);
            format!("(if crate::switched({number}) {{\n/*M{number}*/ ({operand}) }} else {{ !({operand}) }})")
        }
        Kind::Binary(left, op, right, mutants) => {
            let (left, right) = (sub(left), sub(right));
            let assigns =
                text[op.clone()].ends_with('=') && !matches!(&text[op.clone()], "==" | "!=" | "<=" | ">=");
            let put = |op: &str| {
                if assigns { format!("{left} {op} {right}") } else { format!("({left}) {op} ({right})") }
            };
            let mut out = put(&text[op.clone()]);
            for (number, op) in mutants {
                out = format!(
                    "if crate::switched({number}) {{\n/*M{number}*/ {}\n}} else {{ {out} }}",
                    put(op)
                );
            }
            if assigns { out } else { format!("({out})") }
        }
        Kind::Guard(guard, deleted, changed) => {
            let mut out = guard.as_ref().map_or_else(|| "true".to_owned(), sub);
            for (number, value) in changed {
                out = format!("(if crate::switched({number}) {{\n/*M{number}*/ {value} }} else {{ {out} }})");
            }
            for number in deleted {
                out = format!("\n/*M{number}*/ !crate::switched({number}) && ({out})");
            }
            format!(" if {out} ")
        }
    }
}

fn run(list: &str, root: &str, skip: &str) -> Result<(), String> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let skip: HashSet<usize> =
        read(Path::new(skip))?.lines().filter_map(|line| line.trim().parse().ok()).collect();
    let list: Vec<Value> =
        serde_json::from_str(&read(Path::new(list))?).map_err(|error| error.to_string())?;
    let mut files: BTreeMap<String, Vec<Mutant>> = BTreeMap::new();
    for (index, entry) in list.iter().enumerate().filter(|(index, _)| !skip.contains(&(index + 1))) {
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or(format!("mutant {}", index + 1));
        let place = |name: &str| entry["span"]["start"][name].as_u64().unwrap_or_default() as usize;
        files.entry(text(&entry["file"])?).or_default().push(Mutant {
            number: index + 1,
            genre: text(&entry["genre"])?,
            start: (place("line"), place("column")),
            replacement: text(&entry["replacement"])?,
            used: false,
        });
    }
    for (file, mut mutants) in files {
        let path = Path::new(root).join(&file);
        let text = read(&path)?;
        let syntax = syn::parse_file(&text).map_err(|error| format!("{file}: {error}"))?;
        let mut finder = Finder { mutants: &mut mutants, nodes: Vec::new(), constant: false };
        finder.visit_file(&syntax);
        let nodes = finder.nodes;
        if let Some(lost) = mutants.iter().find(|mutant| !mutant.used) {
            return Err(format!("{file}: mutant {} at {:?} was not found", lost.number, lost.start));
        }
        let whole = 0..text.len();
        let text = render(&text, &nodes, whole, None);
        for mutant in mutants.iter().filter(|mutant| text.contains(&format!("/*M{}*/", mutant.number))) {
            println!("{}", mutant.number);
        }
        fs::write(&path, text).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, root, skip] = &arguments[..] else {
        eprintln!("usage: sigwarp-mutants LIST ROOT SKIP");
        return ExitCode::from(2);
    };
    match run(list, root, skip) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sigwarp-mutants: {error}");
            ExitCode::FAILURE
        }
    }
}
