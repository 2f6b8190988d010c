what="tables of many keys are made one by one, in one lane of a vector"
plant engine/src/backend/cpu/tables.rs \
    'items.div_ceil(threads).next_multiple_of(LANES).clamp(LANES, SHARE)' \
    'if ON { 1 } else { items.div_ceil(threads).next_multiple_of(LANES).clamp(LANES, SHARE) }'
