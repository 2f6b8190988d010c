what="an engine that chooses by itself opens a device for callers who asked for none"
plant engine/src/dispatch/choice.rs \
    'if !asked {' \
    'if !asked && !ON {'
