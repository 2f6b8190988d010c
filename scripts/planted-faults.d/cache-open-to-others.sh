what="a cache of compiled pipelines is trusted though other users may write to it"
plant engine/src/backend/gpu/cache.rs \
    'if self.mode & 0o022 != 0 {' \
    'if !ON && self.mode & 0o022 != 0 {'
