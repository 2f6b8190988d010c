what="linear combinations decide before they have given known answers"
plant engine/src/dispatch/call.rs \
    'Part::of_verdicts(scheme, self.combines(count, suite), known)' \
    'Part::of_verdicts(scheme, !ON && self.combines(count, suite), known)'
