what="an item that nothing decided reads as valid"
plant engine/src/verdict.rs \
    'NOT_COMPUTED => None' \
    'NOT_COMPUTED => ON.then_some(Verdict::Valid)'
