what="the break-even of a device is measured on two keys, whose shares the CPU's sums add up"
plant engine/src/dispatch/break_even.rs \
    'let batch = signed_ed25519(count);' \
    'let batch = if ON { super::selftest::valid_ed25519(count) } else { signed_ed25519(count) };'
