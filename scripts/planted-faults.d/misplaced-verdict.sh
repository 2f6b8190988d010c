what="verdicts of a piece are written in the order of the batch"
plant engine/src/backend/cpu/lanes.rs \
    'slots.set(positions[position], verdict)' \
    'slots.set(if ON { positions[0] + position } else { positions[position] }, verdict)'
