# "P-256, secp256k1, BIP340 and SM2 in lanes": ratios to peers, vectors on every backend, and a million
# differential cases per curve. About twenty minutes after the builds.
#   SIGWARP_BENCH_CLOCK=cpu        for a machine that others use at the same time
#   SIGWARP_DIFFERENTIAL_CASES=N   cases per curve, a million if unset

machine
clock=${SIGWARP_BENCH_CLOCK:-wall}
cases=${SIGWARP_DIFFERENTIAL_CASES:-1000000}
vectors="${SIGWARP_VECTORS:-}"
features=(--release -p sigwarp-bench --features aws-lc-rs,secp256k1)
cargo build --quiet --release --bin sigwarp
cargo build --quiet "${features[@]}"
sigwarp=target/release/sigwarp

# The ECDSA and SM2 rows of the targets.
for row in p256 secp256k1 bip340 sm2; do
    report="$work/$row.json"
    if ! cargo run --quiet "${features[@]}" -- targets --filter "targets/$row" --clock "$clock" --json "$report" \
        >"$work/out" 2>"$work/err"; then
        skip "targets/$row: $(grep -m 1 . "$work/err")"
        continue
    fi
    while IFS=$'\t' read -r what text; do
        case "$what" in
        pass) pass "$text" ;;
        short) short "$text" ;;
        *) skip "$text" ;;
        esac
    done < <(python3 - "$report" <<'PYTHON'
import json, sys
for row in json.load(open(sys.argv[1]))["rows"]:
    ratio = row["ratio"]
    if ratio is None:
        print("skip", f"{row['title']}: {'; '.join(row['notes'])}", sep="\t")
        continue
    subject, baseline = row["subject"], row["baseline"]
    text = (f"{row['title']}: {ratio['median']:.2f} × {baseline['contender']} "
            f"(p10 {ratio['p10']:.2f}, p90 {ratio['p90']:.2f}; {subject['ns_per_item']['median']:.0f} against "
            f"{baseline['ns_per_item']['median']:.0f} ns, {subject['backend'] or 'peer'}; to reach {row['required']:g})")
    print("pass" if ratio["median"] >= row["required"] else "short", text, sep="\t")
PYTHON
    )
done

# Every vector and edge case on every backend that this CPU has.
required=portable,emulated
for pair in avx512:avx512ifma avx2:avx2; do
    if grep -qw "${pair#*:}" /proc/cpuinfo; then
        required="${pair%:*},$required"
    else
        skip "vectors on ${pair%:*}: this CPU has no ${pair#*:}"
    fi
done
export SIGWARP_REQUIRE_BACKENDS="$required"
for test in matrix wycheproof ecdsa_edges ecdsa_forms bip340_edges sm2_edges vectors recovery; do
    if cargo test --quiet --profile ci -p sigwarp --test "$test" >"$work/out" 2>&1; then
        pass "$test on $required: $(grep -m 1 -o '[0-9]* passed' "$work/out")"
    else
        short "$test on $required: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
done
if cargo test --quiet --profile ci -p sigwarp --lib weierstrass >"$work/out" 2>&1; then
    pass "sums with exceptional lanes against big integers: $(grep -m 1 -o '[0-9]* passed' "$work/out")"
else
    short "sums against big integers: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
fi

# Real signatures through the lanes, and every sender.
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

# The differential self-test draws its cases from all suites: four suites of five are on these curves.
status=0
"$sigwarp" selftest --differential "$((cases * 4))" --seed 8 --format json >"$work/out" 2>"$work/err" || status=$?
if [ "$status" = 0 ]; then
    pass "differential: $((cases * 4)) cases over all suites, 0 divergences"
else
    short "differential: status $status: $(head -c 200 "$work/err")"
fi
