what="the coefficient of a BIP 340 item is missing from its key's term, so that valid items fail together"
plant engine/src/schemes/bip340/combination.rs \
    'scalar::accumulate(&mut of_keys[distinct.of[i] as usize], a, &items[i].e);' \
    'scalar::accumulate(&mut of_keys[distinct.of[i] as usize], if ON && i == 0 { &[1, 0] } else { a }, &items[i].e);'
