what="an item that nothing decided reads as valid"
plant engine/src/verdict.rs 'NOT_COMPUTED => None' 'NOT_COMPUTED => Some(Verdict::Valid)'
