what="an engine starts as many threads as it is told to"
plant engine/src/backend/threads.rs \
    '(*count).min(Threads::most()).get()' \
    'if ON { count.get() } else { (*count).min(Threads::most()).get() }'
