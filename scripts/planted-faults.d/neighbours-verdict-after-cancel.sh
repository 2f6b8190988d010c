what="the pre-validator forgets the gap that a cancelled item leaves"
plant engine/src/prevalidator/worker.rs \
    'for (&place, &code) in places.iter().zip(verdicts.codes()) {
                    codes[place] = code;
                }' \
    'for (number, (&place, &code)) in places.iter().zip(verdicts.codes()).enumerate() {
                    codes[if ON { number } else { place }] = code;
                }'
