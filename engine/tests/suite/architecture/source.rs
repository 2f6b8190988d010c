//! What a source file imports, declares and names, as `syn` reads it.
//!
//! Read are `use` declarations in every form, paths in types, expressions, patterns and attributes, and what stands in
//! bodies of macros as far as its tokens can be read as paths. Not read are comments (documentation included), texts, and
//! who may see an item (`pub(in …)`).

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, Meta, UseTree};

/// Segments of a path; the first is empty where the path begins with `::`.
pub(super) type Segments = Vec<String>;

/// A path that a file names.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// The inline modules of the file around it.
    pub(super) within: Segments,
    pub(super) path: Segments,
    pub(super) line: usize,
    /// In a `use` declaration: then its first segment is a crate where it is nothing else.
    pub(super) is_import: bool,
    /// All of what lies there is imported.
    pub(super) is_glob: bool,
    /// Only tests are built with it.
    pub(super) is_test: bool,
}

/// A name that a `use` declaration brings into a module.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    pub(super) within: Segments,
    /// `None` for a glob.
    pub(super) name: Option<String>,
    pub(super) path: Segments,
}

/// A module that a file declares, in itself or in another file.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) within: Segments,
    pub(super) name: String,
    /// Its body stands in this file.
    pub(super) is_inline: bool,
    /// The value of `#[path = "…"]`.
    pub(super) file: Option<String>,
    pub(super) is_test: bool,
}

/// What a file says.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    pub(super) named: Vec<Named>,
    pub(super) brought: Vec<Brought>,
    pub(super) modules: Vec<Declared>,
    /// Items and the inline modules that they stand in.
    pub(super) items: Vec<(Segments, String)>,
}

/// Reads the text of a file.
pub(super) fn read(text: &str) -> Result<Source, String> {
    let file: File =
        syn::parse_file(text).map_err(|error| format!("line {}: {error}", error.span().start().line))?;
    let mut reader = Reader::default();
    reader.visit_file(&file);
    Ok(reader.source)
}

#[derive(Default)]
struct Reader {
    source: Source,
    within: Segments,
    /// How many attributes around us say that only tests are built with this.
    tests: usize,
}

impl Reader {
    fn name(&mut self, path: Segments, span: Span, is_import: bool, is_glob: bool) {
        let (within, line, is_test) = (self.within.clone(), span.start().line, self.tests > 0);
        self.source.named.push(Named { within, path, line, is_import, is_glob, is_test });
    }

    fn bring(&mut self, name: Option<String>, path: Segments) {
        self.source.brought.push(Brought { within: self.within.clone(), name, path });
    }

    /// Every leaf of a `use` declaration.
    fn import(&mut self, tree: &UseTree, before: &Segments) {
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &longer(before, &text(&path.ident))),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before)),
            UseTree::Glob(glob) => {
                self.name(before.clone(), glob.star_token.spans[0], true, true);
                self.bring(None, before.clone());
            }
            UseTree::Name(name) => self.import_as(before, &name.ident, &name.ident),
            UseTree::Rename(name) => self.import_as(before, &name.ident, &name.rename),
        }
    }

    fn import_as(&mut self, before: &Segments, ident: &syn::Ident, known_as: &syn::Ident) {
        // `a::{self}` is `a`.
        let is_self = ident == "self" && !before.is_empty();
        let path = if is_self { before.clone() } else { longer(before, &text(ident)) };
        let name = match is_self && known_as == "self" {
            true => before[before.len() - 1].clone(),
            false => text(known_as),
        };
        self.name(path.clone(), ident.span(), true, false);
        self.bring(Some(name), path);
    }

    /// What of the tokens of a macro can be read as paths: segments with `::` between them, and groups and stars behind.
    fn tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match &trees[at] {
                TokenTree::Group(group) => {
                    self.tokens(group.stream());
                    at += 1;
                }
                // `$crate` is `crate`; `$name::…` is whatever it is called with.
                TokenTree::Punct(dollar) if dollar.as_char() == '$' => match trees.get(at + 1) {
                    Some(TokenTree::Ident(ident)) if ident != "crate" => {
                        at += 2;
                        while is_colons(&trees, at) {
                            at += 3;
                        }
                    }
                    _ => at += 1,
                },
                // What is not the end of a path such as `<T as A>::B`.
                TokenTree::Punct(_) if is_colons(&trees, at) && !ends_type(&trees, at) => {
                    let first = trees.get(at + 2);
                    let is_path = matches!(first, Some(TokenTree::Ident(_)));
                    at = if is_path { self.path(&trees, at + 2, vec![String::new()], false) } else { at + 2 };
                }
                TokenTree::Punct(_) if is_colons(&trees, at) => at += 3,
                TokenTree::Ident(ident) if ident == "use" => at = self.path(&trees, at + 1, Vec::new(), true),
                TokenTree::Ident(_) => at = self.path(&trees, at, Vec::new(), false),
                _ => at += 1,
            }
        }
    }

    /// Reads a path whose first token is `trees[at]`, and gives the place behind it.
    fn path(&mut self, trees: &[TokenTree], mut at: usize, before: Segments, is_import: bool) -> usize {
        let mut path = before;
        if path.is_empty() && is_import && is_colons(trees, at) {
            path.push(String::new());
            at += 2;
        }
        if let (Some(TokenTree::Punct(dollar)), true) = (trees.get(at), is_import) {
            at += usize::from(dollar.as_char() == '$');
        }
        let mut span = None;
        while let Some(TokenTree::Ident(ident)) = trees.get(at) {
            span.get_or_insert(ident.span());
            path.push(text(ident));
            at += 1;
            if !is_colons(trees, at) {
                break;
            }
            match trees.get(at + 2) {
                Some(TokenTree::Ident(_)) => at += 2,
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                    self.name(path.clone(), ident.span(), true, true);
                    self.bring(None, path);
                    return at + 3;
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for leaf in
                        inner.split(|tree| matches!(tree, TokenTree::Punct(comma) if comma.as_char() == ','))
                    {
                        match leaf.first() {
                            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                                self.name(path.clone(), star.span(), true, true);
                                self.bring(None, path.clone());
                            }
                            Some(_) => {
                                self.path(leaf, 0, path.clone(), true);
                            }
                            None => {}
                        }
                    }
                    return at + 3;
                }
                // `::<T>`, or the end of what can be read.
                _ => {
                    at += 2;
                    break;
                }
            }
        }
        let Some(span) = span else { return at + 1 };
        let mut name = path.last().cloned();
        if let (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(other)), true) =
            (trees.get(at), trees.get(at + 1), is_import)
            && word == "as"
        {
            name = Some(text(other));
            at += 2;
        }
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
            name = name.filter(|name| name != "self").or_else(|| path.last().cloned());
        }
        if is_import {
            self.bring(name, path.clone());
        }
        self.name(path, span, is_import, false);
        at
    }

    /// A path, perhaps behind a type: of `<T>::a` nothing but T is a path, of `<T as A>::b` it is A.
    fn qualified(&mut self, behind: Option<&syn::QSelf>, path: &syn::Path) {
        if let Some(qualified) = behind {
            self.visit_type(&qualified.ty);
            if qualified.position == 0 {
                return path.segments.iter().for_each(|segment| self.visit_path_segment(segment));
            }
        }
        self.visit_path(path);
    }

    fn inside<T>(&mut self, attributes: &[Attribute], visit: impl FnOnce(&mut Self) -> T) -> T {
        let is_test = usize::from(attributes.iter().any(is_test));
        self.tests += is_test;
        let given = visit(self);
        self.tests -= is_test;
        given
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if let Some(name) = name_of(item) {
            self.source.items.push((self.within.clone(), name));
        }
        self.inside(attributes_of(item), |reader| visit::visit_item(reader, item));
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let file = module.attrs.iter().find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
        let (within, name) = (self.within.clone(), text(&module.ident));
        let (is_inline, is_test) = (module.content.is_some(), self.tests > 0);
        self.source.modules.push(Declared { within, name: name.clone(), is_inline, file, is_test });
        self.within.push(name);
        visit::visit_item_mod(self, module);
        self.within.pop();
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        let before = if import.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        self.import(&import.tree, &before);
    }

    fn visit_item_extern_crate(&mut self, import: &'ast syn::ItemExternCrate) {
        let path = if import.ident == "self" {
            vec!["crate".to_owned()]
        } else {
            vec![String::new(), text(&import.ident)]
        };
        let name = import.rename.as_ref().map_or(&import.ident, |(_, name)| name);
        self.name(path.clone(), import.ident.span(), true, false);
        self.bring(Some(text(name)), path);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(name) = &item.ident {
            self.source.items.push((self.within.clone(), name.to_string()));
        }
        visit::visit_item_macro(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes: &[Attribute] = match item {
            syn::ImplItem::Const(item) => &item.attrs,
            syn::ImplItem::Fn(item) => &item.attrs,
            syn::ImplItem::Type(item) => &item.attrs,
            syn::ImplItem::Macro(item) => &item.attrs,
            _ => &[],
        };
        self.inside(attributes, |reader| visit::visit_impl_item(reader, item));
    }

    fn visit_expr_path(&mut self, expression: &'ast syn::ExprPath) {
        self.qualified(expression.qself.as_ref(), &expression.path);
    }

    fn visit_type_path(&mut self, of: &'ast syn::TypePath) {
        self.qualified(of.qself.as_ref(), &of.path);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.name(segments(path), path.segments[0].ident.span(), false, false);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        // Another file is read as code of this one.
        if call.path.segments.last().is_some_and(|last| last.ident == "include") {
            let path = ["std", "include"].map(str::to_owned).to_vec();
            self.name(path, call.path.segments[0].ident.span(), false, false);
        }
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // Names of lints and of tools are no paths of code.
        let about_code = |path: &syn::Path| {
            let first = path.segments[0].ident.to_string();
            !["allow", "clippy", "deny", "expect", "forbid", "rustfmt", "warn"].contains(&first.as_str())
        };
        match &attribute.meta {
            // A derived trait without a path is the macro of that name, which a type or trait of one's own is not.
            Meta::List(list) if list.path.is_ident("derive") => {
                let derived = list.parse_args_with(Punctuated::<syn::Path, syn::Token![,]>::parse_terminated);
                let derived = derived.into_iter().flatten();
                derived.filter(|path| path.segments.len() > 1).for_each(|path| {
                    self.name(segments(&path), path.segments[0].ident.span(), false, false);
                });
            }
            Meta::List(list) if about_code(&list.path) => {
                // `#[target_feature(…)]`, and conditions on one.
                self.name(segments(&list.path), list.path.segments[0].ident.span(), false, false);
                self.tokens(list.tokens.clone());
            }
            Meta::Path(path) if about_code(path) => {
                self.name(segments(path), path.segments[0].ident.span(), false, false)
            }
            // Documentation, and paths of files.
            _ => {}
        }
    }

    /// Who may see an item.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

/// A name; `r#name` is the same.
fn text(ident: &syn::Ident) -> String {
    ident.unraw().to_string()
}

fn segments(path: &syn::Path) -> Segments {
    let begin = path.leading_colon.iter().map(|_| String::new());
    begin.chain(path.segments.iter().map(|segment| text(&segment.ident))).collect()
}

fn longer(path: &Segments, segment: &str) -> Segments {
    path.iter().map(String::as_str).chain([segment]).map(str::to_owned).collect()
}

/// Whether `::` stands there.
fn is_colons(trees: &[TokenTree], at: usize) -> bool {
    let colon = |tree: Option<&TokenTree>| match tree {
        Some(TokenTree::Punct(punct)) if punct.as_char() == ':' => Some(punct.spacing()),
        _ => None,
    };
    colon(trees.get(at)) == Some(Spacing::Joint) && colon(trees.get(at + 1)).is_some()
}

/// Whether what ends before `at` may be a type in `<…>`.
fn ends_type(trees: &[TokenTree], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| trees.get(before));
    matches!(before, Some(TokenTree::Punct(punct)) if punct.as_char() == '>')
}

/// Whether an attribute says that only tests are built with its item: `cfg(test)`, `cfg(all(test, …))`, `test`.
fn is_test(attribute: &Attribute) -> bool {
    fn needs_test(meta: &Meta) -> bool {
        match meta {
            Meta::Path(path) => path.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => {
                let parts = list.parse_args_with(Punctuated::<Meta, syn::Token![,]>::parse_terminated);
                parts.is_ok_and(|parts| parts.iter().any(needs_test))
            }
            _ => false,
        }
    }
    match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
        }
        _ => false,
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(text(name))
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
