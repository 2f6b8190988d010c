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
        let functions =
            module.functions.iter().map(|(_, f)| f).chain(module.entry_points.iter().map(|e| &e.function));
        for function in functions {
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
