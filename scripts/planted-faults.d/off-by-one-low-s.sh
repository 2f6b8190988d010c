what="s = n/2 is called high"
plant engine/src/schemes/ecdsa/wire.rs \
    '!be_below(bounds.half_n, &signature.s)' \
    'if ON { be_below(&signature.s, bounds.half_n) } else { !be_below(bounds.half_n, &signature.s) }'
