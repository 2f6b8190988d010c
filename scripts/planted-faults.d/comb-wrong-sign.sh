what="a comb of a registered Weierstrass key reads the sign of the first of four columns for all of them"
plant kernels/src/curve/weierstrass/comb/tree.rs \
    'let sign = F::Vector::splat(token, 1 << (SIGN + selection.shift));' \
    'let shift = if ON && !selection.of_base { 0 } else { selection.shift };
        let sign = F::Vector::splat(token, 1 << (SIGN + shift));'
