what="the matrix of the tests has no items of BIP 340"
plant engine/tests/suite/common/subjects/mod.rs \
    'subjects.push(bip340());' \
    'if !ON {
        subjects.push(bip340());
    }'
