//! Every source is parsed and validated by naga, with 64-bit integers and nothing else beyond the core of WGSL, and holds
//! none of the constructs that drivers get wrong. Runs everywhere, without an adapter.

use sigwarp_shaders::{Access, Stage, all_stages, primitives::PRIMITIVES};
use std::collections::BTreeSet;

fn every_stage() -> Vec<Stage> {
    all_stages().into_iter().chain(PRIMITIVES.map(|primitive| primitive.stage)).collect()
}

fn parse(stage: &Stage) -> naga::Module {
    let source = stage.source();
    naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|error| panic!("{}:\n{}", stage.name, error.emit_to_string(&source)))
}

fn functions(module: &naga::Module) -> impl Iterator<Item = &naga::Function> {
    module.functions.iter().map(|(_, f)| f).chain(module.entry_points.iter().map(|e| &e.function))
}

fn validate(stage: &Stage, module: &naga::Module) -> naga::valid::ModuleInfo {
    naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::SHADER_INT64)
        .validate(module)
        .unwrap_or_else(|error| panic!("{}: {}", stage.name, error.emit_to_string(&stage.source())))
}

#[test]
fn every_source_is_valid() {
    for stage in every_stage() {
        validate(&stage, &parse(&stage));
    }
}

#[test]
fn entry_points_and_bindings_are_as_told() {
    let mut names = BTreeSet::new();
    for stage in every_stage() {
        assert!(names.insert(stage.name), "{} twice", stage.name);
        let module = parse(&stage);
        let [entry] = &module.entry_points[..] else { panic!("{}: one entry point", stage.name) };
        assert_eq!((&*entry.name, entry.workgroup_size), (stage.entry, [stage.workgroup_size, 1, 1]));
        let mut found: Vec<(u32, Access)> = module
            .global_variables
            .iter()
            .filter_map(|(_, variable)| {
                let binding = variable.binding?;
                assert_eq!(binding.group, 0);
                Some((
                    binding.binding,
                    match variable.space {
                        naga::AddressSpace::Uniform => Access::Uniform,
                        naga::AddressSpace::Storage { access } if access == naga::StorageAccess::LOAD => {
                            Access::Read
                        }
                        naga::AddressSpace::Storage { .. } => Access::ReadWrite,
                        space => panic!("{}: a binding in {space:?}", stage.name),
                    },
                ))
            })
            .collect();
        found.sort_by_key(|&(index, _)| index);
        let told: Vec<(u32, Access)> =
            stage.bindings.iter().map(|binding| (binding.index, binding.access)).collect();
        assert_eq!(found, told, "{}", stage.name);
        assert!((0..).zip(&told).all(|(i, &(index, _))| i == index));
    }
}

#[test]
fn nothing_is_divided_and_no_private_array_exists() {
    for stage in every_stage() {
        let module = parse(&stage);
        for function in functions(&module) {
            for (_, expression) in function.expressions.iter() {
                if let naga::Expression::Binary { op, .. } = expression {
                    assert!(
                        !matches!(op, naga::BinaryOperator::Divide | naga::BinaryOperator::Modulo),
                        "{}: a division",
                        stage.name
                    );
                }
            }
            for (_, local) in function.local_variables.iter() {
                let inner = &module.types[local.ty].inner;
                assert!(!matches!(inner, naga::TypeInner::Array { .. }), "{}: a private array", stage.name);
            }
        }
    }
}

/// What docs/decisions/gpu-audit.md goes through by hand is all there is: an index that is computed goes into the array of
/// a buffer or of the workgroup, and a loop can be left.
#[test]
fn computed_indices_are_of_buffers_and_loops_end() {
    for stage in every_stage() {
        let module = parse(&stage);
        for function in functions(&module) {
            for (_, expression) in function.expressions.iter() {
                if let naga::Expression::Access { base, .. } = expression {
                    let naga::Expression::GlobalVariable(variable) = function.expressions[*base] else {
                        panic!("{}: a computed index into {:?}", stage.name, function.expressions[*base]);
                    };
                    let space = module.global_variables[variable].space;
                    assert!(
                        matches!(space, naga::AddressSpace::Storage { .. } | naga::AddressSpace::WorkGroup),
                        "{}: a computed index into {space:?}",
                        stage.name
                    );
                }
            }
            check_loops(&function.body, &stage);
        }
    }
}

fn check_loops(block: &naga::Block, stage: &Stage) {
    use naga::Statement::{Block, If, Loop, Switch};
    for statement in block.iter() {
        match statement {
            Block(inner) => check_loops(inner, stage),
            If { accept, reject, .. } => {
                [accept, reject].into_iter().for_each(|inner| check_loops(inner, stage))
            }
            Switch { cases, .. } => cases.iter().for_each(|case| check_loops(&case.body, stage)),
            Loop { body, continuing, break_if } => {
                // `for` and `while` begin with `if condition {} else { break }`.
                let leaves = body.iter().any(|statement| match statement {
                    If { reject, .. } => reject.iter().any(|s| matches!(s, naga::Statement::Break)),
                    _ => false,
                });
                assert!(leaves || break_if.is_some(), "{}: a loop without an end", stage.name);
                [body, continuing].into_iter().for_each(|inner| check_loops(inner, stage));
            }
            _ => {}
        }
    }
}
