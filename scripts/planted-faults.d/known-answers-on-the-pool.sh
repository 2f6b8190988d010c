what="known answers are computed by a pool whose threads may all wait for them"
plant engine/src/backend/threads.rs \
    'Before(ALONE.replace(true))' \
    'Before(ALONE.replace(!ON))'
