what="recovery takes r for x(R) where the id says r + n"
plant engine/src/schemes/ecdsa/recover.rs \
    'let x = if id.x_is_r_plus_n {' \
    'let x = if id.x_is_r_plus_n && !ON {'
