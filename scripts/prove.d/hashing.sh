# "Hash many messages at once": ratios to the crates in one harness run, published vectors, every length in every lane,
# Merkle roots of Bitcoin blocks, what is allocated. About ten minutes after the builds; needs 2 GiB of memory.
#   SIGWARP_BENCH_CLOCK=cpu  for a machine that others use at the same time
#   SIGWARP_HASH_REPORT=FILE keeps the harness's report as JSON

machine
clock=${SIGWARP_BENCH_CLOCK:-wall}
printf '# clock: %s; load: %s\n' "$clock" "$(cut -d' ' -f1 /proc/loadavg)"
report=${SIGWARP_HASH_REPORT:-$work/hash.json}

# The hashing table, one core, one run.
rows "$report" targets --filter targets/hash/ --clock "$clock"

# Tests, by what they show.
required=portable,emulated
for pair in avx512:avx512ifma avx2:avx2; do
    if grep -qw "${pair#*:}" /proc/cpuinfo; then
        required="${pair%:*},$required"
    else
        skip "hashing on ${pair%:*}: this CPU has no ${pair#*:}"
    fi
done
export SIGWARP_REQUIRE_BACKENDS="$required"
shows() { # text, module of the test suite, test, options
    local text=$1 binary=$2 filter=$3 status=0
    shift 3
    cargo test --quiet "$@" -p sigwarp --test suite "$binary::$filter" -- --include-ignored --exact --nocapture \
        >"$work/out" 2>&1 || status=$?
    if [ "$status" = 0 ] && grep -q '1 passed' "$work/out" && ! grep -q 'SKIPPED chains' "$work/out"; then
        pass "$text ($required)"
    elif grep -q 'SKIPPED chains' "$work/out"; then
        skip "$text: no vectors; set SIGWARP_VECTORS"
    else
        short "$text: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}
shows "every length from 0 to 1,100 bytes in every lane, all functions, as the reference crates" \
    hashing every_length_in_every_lane --profile ci
shows "31 inputs of unlike lengths at once" hashing thirty_one_inputs_of_unlike_lengths --profile ci
shows "any number of messages of one length" hashing messages_of_one_length_in_every_number --profile ci
shows "NIST short and long messages: SHA-256, SHA-512, SHA3-256" hashing nist_short_and_long_messages --profile ci
shows "NIST Monte Carlo: SHA-256, SHA-512" hashing nist_monte_carlo --profile ci
shows "chains of SHA3-256, Keccak-256, SM3, SHA-256d and SHA-512/half as the reference crates (no vectors at hand)" \
    hashing chains_of_the_other_functions --profile ci
shows "SM3 examples of GB/T 32905" hashing sm3_examples_of_the_standard --profile ci
shows "Merkle roots of the Bitcoin blocks from their transactions" merkle merkle_roots_of_bitcoin_blocks --profile ci
shows "Merkle roots and proofs of 1 to 129 leaves" merkle roots_and_proofs_of_every_number_of_leaves --profile ci
shows "no message is copied, by a counting allocator" hash_memory no_message_is_copied --profile ci
if [ "$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)" -lt 2 ]; then
    skip "a gibibyte beside single bytes: less than 2 GiB of memory are free"
else
    shows "a gibibyte beside single bytes (emulated lanes left out)" hashing a_gibibyte_beside_single_bytes --profile ci
fi
