what="verdicts of a piece are written in the order of the batch"
plant engine/src/backend/cpu/lanes.rs 'slots.set(positions[position], verdict)' \
    'slots.set(positions[0] + position, verdict)'
