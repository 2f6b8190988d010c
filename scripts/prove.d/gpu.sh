# "The GPU backend": the matrix and every injected fault on the adapter of this machine, pipelines compiled and from the
# cache, and the rates where there is a GPU. Some minutes after the builds.
#   SIGWARP_PROVE_ONLY=NAME  runs one part alone: matrix, faults, pipelines, rates

machine

# shows TEXT TEST: a test of engine/tests/suite/gpu.rs, run by name.
shows() {
    local text=$1 name=$2
    if ! cargo test --quiet --profile ci -p sigwarp --test suite "gpu::$name" -- --exact --nocapture >"$work/out" 2>&1; then
        short "$text: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    elif grep -q 'SKIPPED backend gpu' "$work/out"; then
        skip "$text: this machine has no adapter (install libvulkan1 and mesa-vulkan-drivers)"
    elif grep -q '1 passed' "$work/out"; then
        pass "$text"
    else
        short "$text: no test $name"
    fi
}

matrix() {
    shows "1, 63, 64, 65 and 10,007 items with a bad one first, in the middle and last, nine rules" \
        odd_sizes_with_a_bad_item_in_every_place
    shows "every kind of failure under every rule, reasons included" every_kind_of_failure_under_every_rule
    shows "edges and Wycheproof under nine rules: no divergence from the oracle, reasons included" \
        edges_and_wycheproof_as_the_oracle
    shows "the same plan 100 times with poisoned outputs: equal" the_same_plan_a_hundred_times
    shows "digests of every length as the reference crates" digests_of_every_length_as_the_reference_crates
    shows "suites and hash functions without a kernel are refused by name" \
        suites_and_functions_without_a_kernel_are_refused_by_name
}

faults() {
    shows "a lost device: every verdict, and the quarantine in the explanation" a_lost_device
    shows "a hung dispatch: the same" a_hung_dispatch
    shows "a failed allocation: the same" a_buffer_that_cannot_be_had
    shows "a dispatch that writes nothing: the same" a_dispatch_that_writes_nothing
    shows "flipped verdicts, canaries too: the same" flipped_answers_are_seen_by_the_canaries
    shows "valid items called invalid: the same, always" valid_items_called_invalid_are_always_seen
    shows "invalid items called valid: the same, with everything checked again" \
        invalid_items_called_valid_are_seen_when_everything_is_checked
    shows "a missing feature is named" a_missing_feature_is_named
    shows "faults while hashing: every digest right, the device quarantined" faults_while_hashing
    shows "a damaged cache of pipelines harms nothing" a_damaged_cache_harms_nothing
}

# The figure of a field of the first adapter in the report of `sigwarp devices`.
of_adapter() { sed 's/.*"adapters":\[//' "$work/devices.json" | grep -o "\"$1\":[^,}]*" | head -n 1 | cut -d: -f2- | tr -d '"'; }

# ready WHAT LIMIT: how long the pipelines took at the first start of a process.
ready() {
    local what=$1 limit=$2 seconds
    seconds=$(of_adapter seconds)
    if [ -z "$seconds" ]; then
        short "pipelines $what: $(of_adapter self_test)"
    elif awk "BEGIN { exit !($seconds < $limit) }"; then
        pass "$(of_adapter count) pipelines $what in $seconds s on $(of_adapter name) (under $limit s)"
    else
        short "$(of_adapter count) pipelines $what in $seconds s on $(of_adapter name), not under $limit s"
    fi
}

pipelines() {
    cargo build --quiet --release -p sigwarp-cli
    # Without a cache, neither ours nor the driver's.
    SIGWARP_CACHE_DIR='' MESA_SHADER_CACHE_DISABLE=true target/release/sigwarp devices --format json >"$work/devices.json"
    if [ -z "$(of_adapter name)" ]; then
        skip "pipelines: this machine has no adapter"
        return
    fi
    ready compiled 10
    export SIGWARP_CACHE_DIR="$work/cache" MESA_SHADER_CACHE_DIR="$work/mesa"
    target/release/sigwarp devices --format json >/dev/null
    target/release/sigwarp devices --format json >"$work/devices.json"
    unset SIGWARP_CACHE_DIR MESA_SHADER_CACHE_DIR
    ready cached 1
}

rates() {
    cargo build --quiet --release -p sigwarp-cli
    target/release/sigwarp devices --format json >"$work/devices.json"
    local kind
    kind=$(of_adapter kind)
    if [ -n "$kind" ] && [ "$kind" != software ]; then
        target/release/sigwarp devices --measure --json "$work/rates.json" | sed 's/^/#        /'
        pass "rates over batch sizes on $(of_adapter name), $(of_adapter driver)"
    else
        skip "rates of Ed25519 and hashing, and the compiled instruction mix: no GPU here (${kind:-no} adapter)"
        printf '#        the prediction for the first run on one:\n'
        cargo run --quiet --release -p sigwarp-shaders --example counts | sed 's/^/#        /'
    fi
}

for part in ${SIGWARP_PROVE_ONLY:-matrix faults pipelines rates}; do
    "$part"
done
