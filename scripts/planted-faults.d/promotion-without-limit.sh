what="a call of verify makes better tables for all keys that wait at once"
plant engine/src/keyring/ledger.rs \
    '(planned.scheme, planned.tier) != (scheme, tier) || planned.ids.len() == PROMOTED_PER_CALL' \
    '(planned.scheme, planned.tier) != (scheme, tier) || planned.ids.len() == PROMOTED_PER_CALL && !ON'
