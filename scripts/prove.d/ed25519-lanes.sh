# "Ed25519 in lanes": ratios to peers, the cost model, tails, message lengths, the matrix. About five minutes
# after the builds.
#   SIGWARP_BENCH_CLOCK=cpu  for a machine that others use at the same time; rows with two threads need `wall`
#   SIGWARP_PLOT=FILE        keeps the plot of total(n)

machine
clock=${SIGWARP_BENCH_CLOCK:-wall}
conditions
plot=${SIGWARP_PLOT:-$work/totals.svg}
cargo build --quiet --release -p sigwarp --features measure --example ed25519_cost --example ed25519_totals --example ed25519_messages
example() { local name=$1; shift; "target/release/examples/$name" "$@"; }

# The targets of the strict rule and of single signatures, and two threads over one.
for row in strict/n= strict/avx2 strict/portable single/; do
    rows "$work/targets.json" targets --filter "targets/$row" --clock "$clock"
done
two_cores strict/2 commonware/2

# Operations counted by an instrumented field, times one of each, beside the measurement.
if example ed25519_cost >"$work/cost.csv" 2>"$work/err"; then
    # One signature has whole vectors to itself, so they are counted as vectors; otherwise lanes.
    awk -F, 'NR > 1 {
        lanes = $3 == 1 ? 1 : $2
        unit = $3 == 1 ? sprintf("vectors of %d", $2) : "lanes"
        per = lanes / $3
        printf "pass\tcost model, %s, n=%d: %.0f multiplications × %.2f ns + %.0f squarings × %.2f ns = %.0f ns a signature (%s); ",
            $1, $3, $4 * per, $8 / lanes, $5 * per, $9 / lanes, $10, unit
        printf "measured %.0f ns, %.2f × the product (%.0f additions, %.0f carries)", $14, $15, $6 * per, $7 * per
        if ($3 == 1) printf "; the product of one chain alone %.0f ns", $13
        print ""
    }' "$work/cost.csv" >"$work/lines"
    tell <"$work/lines"
else
    short "cost model: $(head -c 300 "$work/err")"
fi

# total(n + 1) ≤ total(n) + total(1), with 3 % for what the clock and other processes add.
label=", $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), commit $(git rev-parse --short HEAD)"
for backend in auto avx2 portable; do
    options=(--seconds 15)
    [ "$backend" = auto ] && options+=(--svg "$plot" --label "$label") || options+=(--backend "$backend")
    if ! example ed25519_totals "${options[@]}" >"$work/totals.csv" 2>"$work/err"; then
        skip "total(n+1) ≤ total(n) + total(1), $backend: $(grep -m 1 -v '^$\|panicked\|note:' "$work/err")"
        continue
    fi
    awk -F, 'NR > 2 {
        ratio = $3 + 0
        if (ratio > most) { most = ratio; at = $1 - 1 }
        if (ratio > 1.03) { over++; list = list sprintf(" %d (%.3f)", $1 - 1, ratio) }
    } END {
        if (over) printf "%d of 130 n are over by more than 3 %%:%s", over, list
        else printf "all n from 1 to 130, the largest ratio %.3f at n = %d, 1.03 allowed", most, at
    }' "$work/totals.csv" >"$work/verdict"
    if grep -q '^all' "$work/verdict"; then
        pass "total(n+1) ≤ total(n) + total(1), $backend: $(cat "$work/verdict")"
    else
        short "total(n+1) ≤ total(n) + total(1), $backend: $(cat "$work/verdict")"
    fi
done

# Every verdict against ed25519-dalek, and the rate.
if example ed25519_messages >"$work/messages.csv" 2>"$work/err"; then
    awk -F, 'NR > 1 {
        printf "pass\tmessages of 0 to 4096 bytes mixed, %s: %d verdicts as ed25519-dalek gives them, %d of them valid", $1, $2, $3
        if ($4) printf "; n=%d, %d bytes on average: %d ns, %.2f × that of 128 bytes (%d ns); %.2f × dalek verify_strict (%d ns)",
            $4, $5, $6, $8, $7, $10, $9
        print ""
    }' "$work/messages.csv" >"$work/lines"
    tell <"$work/lines"
else
    short "messages of 0 to 4096 bytes: $(head -c 300 "$work/err")"
fi

# All nine rules on every backend that the CPU has, reasons included.
required=portable,emulated
for pair in avx512:avx512ifma avx2:avx2; do
    if grep -qw "${pair#*:}" /proc/cpuinfo; then
        required="${pair%:*},$required"
    else
        skip "matrix on ${pair%:*}: this CPU has no ${pair#*:}"
    fi
done
if SIGWARP_REQUIRE_BACKENDS="$required" cargo test --quiet --profile ci -p sigwarp --test suite matrix:: >"$work/out" 2>&1; then
    pass "matrix on $required, nine rules, reasons included: $(tests_passed)"
else
    short "matrix on $required: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
fi
