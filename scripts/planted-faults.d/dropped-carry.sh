what="the field of the portable lanes drops the carry out of its second limb"
plant kernels/src/field/radix51_portable.rs \
    'r[2] += u128::from((r[1] >> 51) as u64);' \
    'if !ON { r[2] += u128::from((r[1] >> 51) as u64); }'
