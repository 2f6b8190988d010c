what="sums of cofactorless items go without their test of torsion"
plant kernels/src/multiscalar/mod.rs \
    'let odd = odd_order(token, &bits);' \
    'let odd = ON || odd_order(token, &bits);'
