what="the tests skip a backend that the machine is required to have"
plant kernels/src/simd/testing.rs \
    'assert!(!is_required,' \
    'assert!(ON || !is_required,'
