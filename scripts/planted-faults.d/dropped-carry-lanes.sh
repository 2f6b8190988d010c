what="the field of the AVX-512 lanes drops the carry out of its second limb"
plant kernels/src/field/radix51_ifma.rs \
    'r[2].and(mask).add(r[1].shr::<51>()),' \
    'if ON { r[2].and(mask) } else { r[2].and(mask).add(r[1].shr::<51>()) },'
