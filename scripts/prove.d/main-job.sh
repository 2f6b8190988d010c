# "The main job, end to end, on real signatures."

machine
vectors="${SIGWARP_VECTORS:-}"
cargo build --release --quiet --bin sigwarp
sigwarp=target/release/sigwarp

# status_of COMMAND… runs it with its output in $work/out and $work/err.
status_of() {
    local status=0
    "$@" >"$work/out" 2>"$work/err" || status=$?
    echo "$status"
}

# 5,716 real signatures of six networks.
if [ -z "$vectors" ]; then
    skip "real signatures, edge cases, Ethereum senders: SIGWARP_VECTORS is not set"
else
    total=0
    for file in bitcoin ethereum fabric neo solana xrpl; do
        status=$(status_of "$sigwarp" verify "$vectors/real/$file.jsonl" --format json)
        items=$(field "$work/out" items)
        mismatched=$(field "$work/out" mismatched_expected)
        total=$((total + ${items:-0}))
        if [ "$status" = 0 ] && [ "$mismatched" = 0 ]; then
            pass "real/$file.jsonl: $items items, status 0, mismatched_expected 0"
        else
            short "real/$file.jsonl: status $status, mismatched_expected ${mismatched:-none}: $(head -c 200 "$work/err")"
        fi
    done
    [ "$total" = 5716 ] && pass "5716 real signatures in all" || short "$total real signatures in all, not 5716"

    for rule in zip215 rfc8032 rfc8032-cofactorless cofactorless strict libsodium simd0376 bouncy-castle donna; do
        status=$(status_of "$sigwarp" verify "$vectors/edges/ed25519.jsonl" --rule "$rule" --format json)
        if [ "$status" = 0 ] && [ "$(field "$work/out" items)" = 1273 ]; then
            pass "edges/ed25519.jsonl under $rule: 1273 items, 0 mismatches"
        else
            short "edges/ed25519.jsonl under $rule: status $status, $(field "$work/out" mismatched_expected) mismatches"
        fi
    done
    status=$(status_of "$sigwarp" verify "$vectors/edges/sm2.jsonl" --format json)
    [ "$status" = 0 ] && pass "edges/sm2.jsonl: $(field "$work/out" items) items, 0 mismatches" ||
        short "edges/sm2.jsonl: status $status"

    status=$(status_of "$sigwarp" recover "$vectors/real/ethereum.jsonl" --output "$work/recovered.jsonl" --format json)
    sed -n 's/.*"address":"\([0-9a-f]*\)".*/\1/p' "$work/recovered.jsonl" >"$work/addresses"
    sed -n 's/.*"sender":"\([0-9a-f]*\)".*/\1/p' "$vectors/real/ethereum.jsonl" >"$work/senders"
    if [ "$status" = 0 ] && [ "$(wc -l <"$work/senders")" = 1370 ] && cmp -s "$work/addresses" "$work/senders"; then
        pass "every one of 1370 Ethereum senders recovered"
    else
        short "Ethereum senders: status $status, $(diff "$work/addresses" "$work/senders" | grep -c '^>') differ"
    fi
fi

# Two million rows in bounded memory.
"$sigwarp" gen --rows 2000000 --mix ed25519:zip215 --devices 10000 --message 128 --bad 0.01 \
    --output "$work/large.parquet" >"$work/gen"
status=$(status_of "$sigwarp" verify "$work/large.parquet" --format json)
rss=$(field "$work/out" peak_rss_bytes)
if [ "$status" = 0 ] && [ "$(field "$work/out" items)" = 2000000 ] && [ "${rss:-400000000}" -lt 400000000 ]; then
    pass "2000000 Parquet rows ($(grep -o 'row groups of [0-9]* rows' "$work/gen")): peak_rss_bytes $rss, below 400 MB"
else
    short "2000000 Parquet rows: status $status, $(field "$work/out" items) items, peak_rss_bytes $rss"
fi
rm -f "$work/large.parquet"

# Bad input. The tests of the command assert each message; here they run as one line each.
if cargo test --quiet --profile ci -p sigwarp-cli --test suite bad_input:: >"$work/out" 2>&1; then
    pass "bad input: $(grep -o '[0-9]* passed' "$work/out" | head -n 1), each with its message, status and nothing half-written"
else
    short "bad input: $(grep -m 3 'FAILED\|panicked' "$work/out" | tr '\n' ' ')"
fi

# A full disk, on a file system of a few pages that is unmounted again.
mkdir -p "$work/small"
if mount -t tmpfs -o size=64k tmpfs "$work/small" 2>/dev/null; then
    "$sigwarp" gen --rows 5000 --output "$work/rows.jsonl" >/dev/null
    status=$(status_of "$sigwarp" verify "$work/rows.jsonl" --output "$work/small/verdicts.jsonl")
    message=$(cat "$work/err")
    if [ "$status" = 3 ] && [ ! -e "$work/small/verdicts.jsonl" ] && [ -e "$work/small/verdicts.jsonl.partial" ]; then
        pass "full disk: status 3, kept as .partial: $message"
    else
        short "full disk: status $status, $(ls "$work/small"): $message"
    fi
    umount "$work/small"
elif [ -w /dev/full ]; then
    status=$(status_of sh -c "$sigwarp gen --rows 5000 --output - | $sigwarp verify - --output - >/dev/full")
    [ "$status" = 3 ] && pass "full device on standard output: status 3: $(cat "$work/err")" ||
        short "full device on standard output: status $status"
    skip "full disk under a named output: no file system can be mounted here"
else
    skip "full disk: neither a mount nor /dev/full here"
fi

# Batches of 0, 1 and 1,000,000 items through the library, all with real arithmetic.
if cargo test --quiet --release -p sigwarp --test suite calls:: -- --include-ignored >"$work/out" 2>&1; then
    pass "batches of 0, 1 and 1000000 items through the library"
else
    short "batches through the library: $(grep -m 3 'FAILED\|panicked' "$work/out" | tr '\n' ' ')"
fi

# A million arbitrary inputs at the public entries.
each=120000
export PROPTEST_CASES=$each
if cargo test --quiet --release -p sigwarp --test suite arbitrary >"$work/out" 2>&1 &&
    cargo test --quiet --release -p sigwarp-datasets --test suite never_panic >>"$work/out" 2>&1; then
    entries=$(grep -o '[0-9]* passed' "$work/out" | awk '{ n += $1 } END { print n }')
    if [ $((entries * each)) -ge 1000000 ]; then
        pass "$((entries * each)) arbitrary inputs into $entries public entries without a panic"
    else
        short "only $((entries * each)) arbitrary inputs into $entries public entries"
    fi
else
    short "arbitrary inputs: $(grep -m 3 'FAILED\|panicked' "$work/out" | tr '\n' ' ')"
fi
unset PROPTEST_CASES

# Clone to first summary.
git clone --quiet . "$work/clone"
start=$(date +%s)
(cd "$work/clone" && cargo run --release --quiet --bin sigwarp -- verify datasets/samples/iot.jsonl >"$work/out" 2>&1)
seconds=$(($(date +%s) - start))
[ "$seconds" -le 360 ] && pass "clone to first summary in $seconds s, at most 360" ||
    short "clone to first summary in $seconds s, over 360"
