what="a function makes vectors from memory and takes no token, so that safe code runs instructions that the CPU may lack"
plant_text kernels/src/simd/mod.rs \
    'fn gather_lines<const R: usize>(
        token: Self::Token,' \
    'fn gather_lines<const R: usize>('
