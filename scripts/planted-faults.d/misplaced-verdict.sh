what="verdicts of a piece are written in the order of the batch"
plant engine/src/backend/cpu/lanes.rs \
    'slots.set(position, verdict);' \
    'slots.set(if ON { first + written } else { position }, verdict);
                written += 1;'
plant engine/src/backend/cpu/lanes.rs \
    'let mut verdicts = vec![None; items.len()];' \
    'let mut verdicts = vec![None; items.len()];
        let mut written = 0;'
