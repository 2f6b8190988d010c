what="superfluous zeros pass for DER"
plant engine/src/schemes/der.rs \
    '[] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None' \
    '[] | [0x80..=0xff, ..] => None,
        [0, 0..=0x7f, ..] if !ON => None'
