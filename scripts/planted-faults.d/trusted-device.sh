what="what a device says is valid is not judged again, whatever fraction was asked for"
plant engine/src/dispatch/trust.rs \
    'Some(Verdict::Valid) => chance.strikes(),' \
    'Some(Verdict::Valid) => !ON && chance.strikes(),'
