what="the range of S is accepted when it should be refused"
plant engine/src/schemes/ed25519/rules.rs \
    'if !s_in_range {' \
    'if s_in_range == ON {'
