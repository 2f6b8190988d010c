# "P-256, secp256k1, BIP340 and SM2 in lanes": ratios to peers, vectors on every backend, and a million
# differential cases per curve. About an hour after the builds, most of it the differential cases.
#   SIGWARP_PROVE_ONLY=NAME        runs one part alone: targets, curves, vectors, real, differential
#   SIGWARP_BENCH_CLOCK=cpu        for a machine that others use at the same time
#   SIGWARP_DIFFERENTIAL_CASES=N   cases per curve, a million if unset

machine
clock=${SIGWARP_BENCH_CLOCK:-wall}
cases=${SIGWARP_DIFFERENTIAL_CASES:-1000000}
vectors="${SIGWARP_VECTORS:-}"
sigwarp=target/release/sigwarp

# The ECDSA and SM2 rows of the targets.
targets() {
    local row
    for row in p256 secp256k1 bip340 sm2; do
        rows "$work/$row.json" targets --filter "targets/$row" --clock "$clock"
    done
}

# 1 to 100,000 items with cold and with registered keys, bad signatures, two threads, AVX2 and portable.
curves() {
    local part
    for part in n= bad/ avx2 portable; do
        rows "$work/curves.json" run --suite curves --filter "$part" --max-items 100000 --clock "$clock"
    done
    if [ "$(nproc)" -lt 2 ]; then
        skip "two cores over one: there is one core here"
    else
        rows "$work/threads.json" run --suite curves --filter threads/2 --clock wall
    fi
}

# Every vector and edge case on every backend that this CPU has.
vectors() {
    local required=portable,emulated pair test
    for pair in avx512:avx512ifma avx2:avx2; do
        if grep -qw "${pair#*:}" /proc/cpuinfo; then
            required="${pair%:*},$required"
        else
            skip "vectors on ${pair%:*}: this CPU has no ${pair#*:}"
        fi
    done
    export SIGWARP_REQUIRE_BACKENDS="$required"
    for test in matrix wycheproof ecdsa_edges ecdsa_forms bip340_edges sm2_edges vectors recovery; do
        if cargo test --quiet --profile ci -p sigwarp --test suite "$test::" >"$work/out" 2>&1; then
            pass "$test on $required: $(tests_passed)"
        else
            short "$test on $required: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
        fi
    done
    if cargo test --quiet --profile ci --lib weierstrass >"$work/out" 2>&1; then
        pass "sums with exceptional lanes against big integers: $(tests_passed)"
    else
        short "sums against big integers: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}

# Real signatures through the lanes, and every sender.
real() {
    local pair file status
    cargo build --quiet --release --bin sigwarp
    if [ -z "$vectors" ]; then
        skip "real signatures: SIGWARP_VECTORS is not set"
    elif ! grep -qw avx512ifma /proc/cpuinfo; then
        skip "real signatures through the lanes: this CPU has no avx512ifma"
    else
        for pair in bitcoin:3874 ethereum:1370; do
            file="$vectors/real/${pair%:*}.jsonl"
            status=0
            "$sigwarp" verify "$file" --backend avx512 --format json >"$work/out" 2>"$work/err" || status=$?
            if [ "$status" = 0 ] && [ "$(field "$work/out" items)" = "${pair#*:}" ] &&
                [ "$(field "$work/out" mismatched_expected)" = 0 ]; then
                pass "real/${pair%:*}.jsonl on avx512: ${pair#*:} items, 0 mismatches"
            else
                short "real/${pair%:*}.jsonl on avx512: status $status: $(head -c 200 "$work/err")"
            fi
        done
        status=0
        "$sigwarp" recover "$vectors/real/ethereum.jsonl" --output "$work/recovered.jsonl" --format json >"$work/out" || status=$?
        sed -n 's/.*"address":"\([0-9a-f]*\)".*/\1/p' "$work/recovered.jsonl" >"$work/addresses"
        sed -n 's/.*"sender":"\([0-9a-f]*\)".*/\1/p' "$vectors/real/ethereum.jsonl" >"$work/senders"
        if [ "$status" = 0 ] && [ "$(wc -l <"$work/senders")" = 1370 ] && cmp -s "$work/addresses" "$work/senders"; then
            pass "every one of 1370 Ethereum senders recovered"
        else
            short "Ethereum senders: status $status"
        fi
    fi
}

# Every backend beside the oracle, on the suites of one scheme after the other.
differential() {
    local scheme status compared
    cargo build --quiet --release --bin sigwarp
    for scheme in ecdsa-p256-sha256 ecdsa-secp256k1 schnorr-bip340 sm2-sm3; do
        status=0
        "$sigwarp" selftest --differential "$cases" --scheme "$scheme" --seed 8 --format json >"$work/out" 2>"$work/err" ||
            status=$?
        compared=$(grep -o '"backend":"[a-z0-9]*","known_answers":"pass","compared":[0-9]*' "$work/out" |
            sed 's/"backend":"\([^"]*\)".*:\([0-9]*\)$/\1 \2/' | paste -sd, -)
        if [ "$status" = 0 ] && grep -q "\"compared\":$cases\b" "$work/out"; then
            pass "differential, $scheme, seed 8: 0 divergences ($compared)"
        else
            short "differential, $scheme, seed 8: status $status: $(head -c 200 "$work/err")"
        fi
    done
}

for part in ${SIGWARP_PROVE_ONLY:-targets curves vectors real differential}; do
    "$part"
done
