what="NonCanonicalR is reported before ScalarOutOfRange"
plant engine/src/schemes/bip340/rules.rs \
    '} else if !facts.s_below_order {' \
    '} else if ON && !facts.r_reduced {
        Screened::RejectedUnlessKeyFails(Reason::NonCanonicalR)
    } else if !facts.s_below_order {'
