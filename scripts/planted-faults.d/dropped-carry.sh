what="the field of the portable lanes drops the carry out of its second limb"
plant engine/src/kernels/field/radix51_portable.rs '        r[2] += r[1] >> 51;' ''
