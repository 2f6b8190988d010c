//! The records of the host against the sources, as naga reads them: every constant that names a field, and every access of
//! a kernel to a row, has the offset and the size of the record's type.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;

use naga::{BinaryOperator, Expression, Function, Handle, Literal, Module, Statement};
use sigwarp_shaders::layout::{
    Digest32, Digest64, HashItem, Item, Outcome, Params, PrimitiveInput, PrimitiveOutput, Tagged, words,
};
use sigwarp_shaders::primitives::PRIMITIVES;
use sigwarp_shaders::{Stage, all_stages, ed25519, hashes};

fn parse(stage: &Stage) -> Module {
    let source = stage.source();
    naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|error| panic!("{}:\n{}", stage.name, error.emit_to_string(&source)))
}

/// The constants of a module that are words.
fn constants(module: &Module) -> BTreeMap<String, u32> {
    let value = |constant: &naga::Constant| match module.global_expressions[constant.init] {
        Expression::Literal(Literal::U32(value)) => Some((constant.name.clone()?, value)),
        _ => None,
    };
    module.constants.iter().filter_map(|(_, constant)| value(constant)).collect()
}

/// A word of a buffer as a kernel addresses it: word `word` of the row of the thread's item, in rows of `row` words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    row: u32,
    word: u32,
}

/// The place that a field has by the type of its record.
fn field<R: bytemuck::Pod>(offset: usize) -> Place {
    assert!(offset.is_multiple_of(4));
    Place { row: words::<R>(), word: (offset / 4) as u32 }
}

/// `count` words from a field on.
fn fields<R: bytemuck::Pod>(offset: usize, count: u32) -> impl Iterator<Item = Place> {
    (0..count).map(move |word| field::<R>(offset + 4 * word as usize))
}

/// The entry point of a module, read for its accesses.
struct Kernel<'m> {
    module: &'m Module,
    function: &'m Function,
}

impl<'m> Kernel<'m> {
    fn new(module: &'m Module) -> Self {
        Self { module, function: &module.entry_points[0].function }
    }

    /// An expression as `row · item + word`, where it has that form.
    fn place(&self, expression: Handle<Expression>) -> Option<Place> {
        Some(match self.function.expressions[expression] {
            Expression::Literal(Literal::U32(word)) => Place { row: 0, word },
            Expression::Constant(constant) => {
                let constant = &self.module.constants[constant];
                match self.module.global_expressions[constant.init] {
                    Expression::Literal(Literal::U32(word)) => Place { row: 0, word },
                    _ => return None,
                }
            }
            // `id.x`: the first argument of every kernel.
            Expression::AccessIndex { base, index: 0 }
                if matches!(self.function.expressions[base], Expression::FunctionArgument(0)) =>
            {
                Place { row: 1, word: 0 }
            }
            Expression::Binary { op: BinaryOperator::Add, left, right } => {
                let (left, right) = (self.place(left)?, self.place(right)?);
                Place { row: left.row + right.row, word: left.word + right.word }
            }
            Expression::Binary { op: BinaryOperator::Multiply, left, right } => {
                match (self.place(left)?, self.place(right)?) {
                    (Place { row: 0, word: by }, of) | (of, Place { row: 0, word: by }) => {
                        Place { row: of.row * by, word: of.word * by }
                    }
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// The buffer and the place that a pointer goes to, if it goes into a row of the thread's item.
    fn access(&self, pointer: Handle<Expression>) -> Option<(&'m str, Place)> {
        let Expression::Access { base, index } = self.function.expressions[pointer] else { return None };
        let Expression::GlobalVariable(variable) = self.function.expressions[base] else { return None };
        let name = self.module.global_variables[variable].name.as_deref()?;
        Some((name, self.place(index)?))
    }

    /// The place that an expression loads from.
    fn loaded(&self, expression: Handle<Expression>) -> Option<(&'m str, Place)> {
        match self.function.expressions[expression] {
            Expression::Load { pointer } => self.access(pointer),
            _ => None,
        }
    }

    /// Every place of a buffer that is accessed where it is written out in the entry point, and those that are handed to
    /// `function`, which reads eight words from there.
    fn places(&self, buffer: &str, function: &str) -> BTreeSet<Place> {
        let accesses = self.function.expressions.iter().filter_map(|(handle, _)| self.access(handle));
        let mut places: BTreeSet<Place> =
            accesses.filter(|(name, _)| *name == buffer).map(|(_, place)| place).collect();
        self.statements(&self.function.body, &mut |statement| {
            if let Statement::Call { function: called, arguments, .. } = statement
                && self.module.functions[*called].name.as_deref() == Some(function)
            {
                let place = self.place(arguments[0]).expect("a place in a row");
                places.extend((0..8).map(|word| Place { word: place.word + word, ..place }));
            }
        });
        places
    }

    /// What is stored at a place of a buffer.
    fn stored(&self, buffer: &str, place: Place) -> Handle<Expression> {
        let mut found = Vec::new();
        self.statements(&self.function.body, &mut |statement| {
            if let Statement::Store { pointer, value } = statement
                && self.access(*pointer) == Some((buffer, place))
            {
                found.push(*value);
            }
        });
        assert_eq!(found.len(), 1, "{buffer} {place:?} is stored once");
        found[0]
    }

    fn statements(&self, block: &'m naga::Block, see: &mut dyn FnMut(&'m Statement)) {
        for statement in block {
            see(statement);
            match statement {
                Statement::Block(inner) => self.statements(inner, see),
                Statement::If { accept, reject, .. } => {
                    [accept, reject].into_iter().for_each(|inner| self.statements(inner, see));
                }
                Statement::Loop { body, continuing, .. } => {
                    [body, continuing].into_iter().for_each(|inner| self.statements(inner, see));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn constants_of_the_sources_are_the_offsets_of_the_records() {
    let expected = [
        ("ITEM_A", offset_of!(Item, a)),
        ("ITEM_R", offset_of!(Item, r)),
        ("ITEM_S", offset_of!(Item, s)),
        ("ITEM_OFFSET", offset_of!(Item, offset)),
        ("ITEM_LEN", offset_of!(Item, len)),
        ("ITEM_FLAGS", offset_of!(Item, flags)),
        ("ITEM_TAG", offset_of!(Item, tag)),
        ("ITEM_WORDS", size_of::<Item>()),
        ("RESULT_WORDS", size_of::<Outcome>()),
    ];
    for stage in ed25519::STAGES {
        let constants = constants(&parse(&stage));
        for (name, bytes) in expected {
            assert_eq!(constants[name] as usize * 4, bytes, "{}: {name}", stage.name);
        }
    }
}

#[test]
fn kernels_read_items_where_the_host_packs_them() {
    let read = |name: &str| {
        let stage = ed25519::STAGES.into_iter().find(|stage| stage.name == name).expect("a stage");
        Kernel::new(&parse(&stage)).places("items", "row_items")
    };
    let (a, r, s) = (offset_of!(Item, a), offset_of!(Item, r), offset_of!(Item, s));
    let [key, first, second] = [a, r, s].map(|at| fields::<Item>(at, 8).collect::<BTreeSet<_>>());
    let word = |offset| BTreeSet::from([field::<Item>(offset)]);
    let all = |parts: &[&BTreeSet<Place>]| parts.iter().copied().flatten().copied().collect::<BTreeSet<_>>();
    let (offset, len) = (word(offset_of!(Item, offset)), word(offset_of!(Item, len)));
    let (flags, tag) = (word(offset_of!(Item, flags)), word(Item::TAG));
    assert_eq!(read("ed25519-challenge"), all(&[&key, &first, &second, &offset, &len, &flags]));
    assert_eq!(read("ed25519-decode"), key);
    assert_eq!(read("ed25519-compare"), all(&[&first, &flags]));
    assert_eq!(read("ed25519-resolve"), all(&[&first, &flags, &tag]));
    // Together all of the record, so that no field of it has no reader.
    let every = all(&[&key, &first, &second, &offset, &len, &flags, &tag]);
    assert_eq!(every, fields::<Item>(0, words::<Item>()).collect());
}

#[test]
fn outcomes_are_written_where_the_host_reads_them() {
    let module = parse(&ed25519::STAGES[6]);
    let kernel = Kernel::new(&module);
    assert_eq!(kernel.places("results", ""), fields::<Outcome>(0, words::<Outcome>()).collect());
    let code = kernel.stored("results", field::<Outcome>(offset_of!(Outcome, code)));
    let tag = kernel.stored("results", field::<Outcome>(Outcome::TAG));
    let Expression::Binary { op: BinaryOperator::Add, left, right } = kernel.function.expressions[tag] else {
        panic!("the tag is a sum");
    };
    assert_eq!(kernel.loaded(left), Some(("items", field::<Item>(Item::TAG))));
    // Both load the variable that holds the code.
    let variable = |handle: Handle<Expression>| match kernel.function.expressions[handle] {
        Expression::Load { pointer } => match kernel.function.expressions[pointer] {
            Expression::LocalVariable(variable) => Some(variable),
            _ => None,
        },
        _ => None,
    };
    assert!(variable(code).is_some() && variable(code) == variable(right));
}

#[test]
fn kernels_of_hashes_read_messages_and_write_digests_where_the_host_does() {
    for hash in hashes::ALL {
        let name = hash.stage.name;
        let module = parse(&hash.stage);
        let kernel = Kernel::new(&module);
        let [offset, len, tag] = [offset_of!(HashItem, offset), offset_of!(HashItem, len), HashItem::TAG];
        let read = [offset, len, tag].map(field::<HashItem>);
        assert_eq!(kernel.places("hash_items", ""), BTreeSet::from(read), "{name}");
        let (written, at): (BTreeSet<Place>, Place) = match name {
            "sha512" => {
                (fields::<Digest64>(0, words::<Digest64>()).collect(), field::<Digest64>(Digest64::TAG))
            }
            _ => (fields::<Digest32>(0, words::<Digest32>()).collect(), field::<Digest32>(Digest32::TAG)),
        };
        assert_eq!(kernel.places("digests", ""), written, "{name}");
        let stored = kernel.stored("digests", at);
        assert_eq!(kernel.loaded(stored), Some(("hash_items", field::<HashItem>(HashItem::TAG))), "{name}");
    }
}

#[test]
fn primitives_read_and_write_whole_rows() {
    for primitive in PRIMITIVES {
        let module = parse(&primitive.stage);
        let kernel = Kernel::new(&module);
        let whole = |places: BTreeSet<Place>, row: u32| {
            places.iter().all(|place| place.row == row && place.word < row)
        };
        assert!(
            whole(kernel.places("test_input", ""), words::<PrimitiveInput>()),
            "{}",
            primitive.stage.name
        );
        assert!(whole(kernel.places("test_output", ""), words::<PrimitiveOutput>()));
    }
}

/// The first word of the parameters bounds the items, and the second is the only other that anybody reads.
#[test]
fn parameters_are_read_where_the_host_writes_them() {
    for stage in all_stages().into_iter().chain(PRIMITIVES.map(|primitive| primitive.stage)) {
        let module = parse(&stage);
        let kernel = Kernel::new(&module);
        let expressions = &kernel.function.expressions;
        let (_, params) = module
            .global_variables
            .iter()
            .find(|(_, variable)| variable.space == naga::AddressSpace::Uniform)
            .expect("parameters");
        assert_eq!(module.types[params.ty].inner.size(module.to_ctx()) as usize, size_of::<Params>());
        let member = |pointer: Handle<Expression>| match expressions[pointer] {
            Expression::AccessIndex { base, index } => match expressions[base] {
                Expression::GlobalVariable(variable) => {
                    (module.global_variables[variable].name == params.name).then_some(index as usize * 4)
                }
                _ => None,
            },
            _ => None,
        };
        let members: BTreeSet<usize> = expressions.iter().filter_map(|(handle, _)| member(handle)).collect();
        let named = BTreeSet::from([offset_of!(Params, count), offset_of!(Params, stride)]);
        assert!(members.is_subset(&named), "{}: {members:?}", stage.name);
        let bounded = expressions.iter().any(|(_, expression)| match *expression {
            Expression::Binary { op: BinaryOperator::GreaterEqual, left, right } => {
                let by = match expressions[right] {
                    Expression::Load { pointer } => member(pointer),
                    _ => None,
                };
                kernel.place(left) == Some(Place { row: 1, word: 0 }) && by == Some(offset_of!(Params, count))
            }
            _ => false,
        });
        assert!(bounded || stage.items_per_thread > 1, "{}: nothing bounds the items", stage.name);
    }
}
