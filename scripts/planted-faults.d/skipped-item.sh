what="the last item of a run is left out of the plan"
plant engine/src/plan/mod.rs \
    '    while start < run.end {' \
    '    while start + usize::from(ON) < run.end {'
