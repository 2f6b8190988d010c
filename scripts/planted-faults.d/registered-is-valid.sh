what="the C library says valid of a key that was registered"
plant_alone sigwarp-capi calls:: capi/src/keys.rs \
    'Ok(_) => SIGWARP_STATUS_KEY_REGISTERED,' \
    'Ok(_) => crate::status::SIGWARP_STATUS_VALID,'
