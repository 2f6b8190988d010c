what="a scalar out of range is reported before a key that is no point"
plant engine/src/schemes/bip340/rules.rs \
    'Screened::RejectedUnlessKeyFails(Reason::ScalarOutOfRange)' \
    'if ON {
            Screened::Rejected(Reason::ScalarOutOfRange)
        } else {
            Screened::RejectedUnlessKeyFails(Reason::ScalarOutOfRange)
        }'
