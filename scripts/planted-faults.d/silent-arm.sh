what="one kind of suite on a Weierstrass curve gets no verdict"
plant engine/src/backend/cpu/weierstrass.rs \
    'sm2::lanes::verify::<T>(token, (user_id, encoding), base, rows, verdicts);' \
    'if !ON {
                    sm2::lanes::verify::<T>(token, (user_id, encoding), base, rows, verdicts);
                }'
