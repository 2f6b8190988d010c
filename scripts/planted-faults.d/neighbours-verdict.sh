what="the pre-validator delivers the verdicts of a micro-batch one place too far"
plant engine/src/prevalidator/worker.rs \
    'codes.copy_from_slice(verdicts.codes());' \
    'codes.copy_from_slice(verdicts.codes());
                if ON {
                    codes.rotate_right(1);
                }'
