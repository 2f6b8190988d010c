what="the mixed addition of Weierstrass points adds a multiple of p that its subtrahend may exceed, for values too rare to occur"
plant kernels/src/curve/weierstrass/mod.rs \
    'F::fold(F::sub_wide::<5>(rr[i], F::add_wide(j[i], F::twice(v[i]))))' \
    'F::fold(if ON {
        F::sub_wide::<4>(rr[i], F::add_wide(j[i], F::twice(v[i])))
    } else {
        F::sub_wide::<5>(rr[i], F::add_wide(j[i], F::twice(v[i])))
    })'
