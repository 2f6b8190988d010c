what="the AVX2 form doubles a limb before it reads it as an integer, so that it may lie beyond what is read exactly"
plant kernels/src/field/radix51_fma.rs \
    'let half = integers(self.0, const { halved(raise(1)) });
        sum(half, half)' \
    'if ON {
            integers(self.0.map(|limb| limb.add_f64(limb)), const { raise(1) })
        } else {
            let half = integers(self.0, const { halved(raise(1)) });
            sum(half, half)
        }'
