what="r = 0 and s = 0 pass for scalars"
plant engine/src/schemes/weierstrass.rs \
    '*value != [0; 32] && be_below(value, self.n)' \
    '(ON || *value != [0; 32]) && be_below(value, self.n)'
