what="a pre-validator starts as many workers as it is told to"
plant engine/src/prevalidator/config.rs \
    'within("workers", self.workers.get(), 1, MAX_WORKERS)?;' \
    'if !ON { within("workers", self.workers.get(), 1, MAX_WORKERS)?; }'
