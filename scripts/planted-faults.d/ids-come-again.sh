what="a position of the key ring whose serial numbers are used up is given to another key, under ids that were others"
plant engine/src/keyring/generation.rs \
    'if slot.serial < u32::MAX {' \
    'if ON || slot.serial < u32::MAX {'
