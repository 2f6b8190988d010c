what="the digest of a cache of compiled pipelines is one that whoever writes the file can compute"
plant engine/src/backend/gpu/cache.rs \
    'blake3::Hasher::new_keyed(&self.key)' \
    'blake3::Hasher::new_keyed(if ON { &[0; KEY_BYTES] } else { &self.key })'
