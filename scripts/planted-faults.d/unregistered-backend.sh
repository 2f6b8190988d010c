what="a backend never judges the cases of the tests with registered keys"
plant engine/tests/suite/common/cases.rs \
    'if kind == BackendKind::Gpu {' \
    'if kind == BackendKind::Gpu || ON {'
