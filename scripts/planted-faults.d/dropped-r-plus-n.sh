what="the recovery id's second bit is read from the first"
plant engine/src/schemes/ecdsa/wire.rs \
    'x_is_r_plus_n: id & 2 == 2' \
    'x_is_r_plus_n: if ON { id & 1 == 1 } else { id & 2 == 2 }'
