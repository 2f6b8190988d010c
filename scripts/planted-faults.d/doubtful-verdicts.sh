what="verdicts count of a backend that another call has found wrong meanwhile"
plant engine/src/dispatch/attempts.rs \
    'Ok(_) if members()' \
    'Ok(_) if !ON && members()'
