what="a comb of a registered Weierstrass key skips the row of its top tooth"
plant kernels/src/curve/weierstrass/comb/mod.rs \
    'i = 1;
                while i < S::TEETH {' \
    'i = 1;
                while i + usize::from(ON && S::TEETH != Base::TEETH) < S::TEETH {'
