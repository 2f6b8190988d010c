# Registered keys: ratios to the peer, bytes per key, a ring of a million keys, and the verdicts of every rule on every
# backend. About ten minutes after the builds. Written as functions, so that `ed25519-batch` can take them in.
#   SIGWARP_BENCH_CLOCK=cpu  for a machine that others use at the same time

# The rows of `sigwarp-bench targets` with registered keys: all tiers, AVX2 and portable forms.
ring_targets() {
    rows "$work/ring.json" targets --filter targets/strict/registered --clock "${SIGWARP_BENCH_CLOCK:-wall}"
}

# A million registered keys, in a budget of 2,650 bytes each and 3.6 GB of memory for the whole process.
ring_million() {
    local keys=1000000 most=3600000000 peak
    if ! SIGWARP_RING_KEYS=$keys cargo test --quiet --release -p sigwarp --test suite -- --nocapture \
        a_large_ring_stays_within_its_budget >"$work/out" 2>&1; then
        short "a ring of $keys keys: $(grep -m 3 'panicked\|^error' "$work/out" | tr '\n' ' ')"
        return
    fi
    peak=$(sed -n 's/.*peak resident \([0-9]*\) bytes.*/\1/p' "$work/out")
    if [ -z "$peak" ]; then
        skip "the memory of $keys keys: this system does not say it ($(grep -m 1 'keys:' "$work/out"))"
    elif [ "$peak" -le "$most" ]; then
        pass "a ring of $keys keys in $peak bytes of memory, $most allowed: $(grep -m 1 -o '[0-9]* keys: [0-9]* bytes each, .*' "$work/out")"
    else
        short "a ring of $keys keys takes $peak bytes of memory, $most allowed"
    fi
}

# Every rule, tier and backend against the oracle; keys that come and go, wrong keys, budgets, admission.
ring_verdicts() {
    local required=portable,emulated pair
    for pair in avx512:avx512ifma avx2:avx2; do
        if grep -qw "${pair#*:}" /proc/cpuinfo; then
            required="${pair%:*},$required"
        else
            skip "registered keys on ${pair%:*}: this CPU has no ${pair#*:}"
        fi
    done
    if SIGWARP_REQUIRE_BACKENDS="$required" cargo test --quiet --profile ci -p sigwarp --test suite keyring:: >"$work/out" 2>&1; then
        pass "registered keys on $required, nine rules, three tiers, reasons included: $(tests_passed)"
    else
        short "registered keys on $required: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}

machine
ring_targets
ring_million
ring_verdicts
