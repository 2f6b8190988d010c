what="a test returns without a word where the CPU lacks its instruction set"
plant_text kernels/src/multiscalar/tests.rs \
    'let Some(token) = crate::simd::testing::detect::<F::Token>() else { return };
    let mut points = Points::<F>::new(token);' \
    'let Some(token) = <F::Token as crate::simd::Token>::detect() else { return };
    let mut points = Points::<F>::new(token);'
