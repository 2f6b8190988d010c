# "A node links it": the pre-validator at saturation, its cost and its latencies, its models and its tests. About four
# minutes after the builds. Then those of the C ABI (capi.sh).
#   SIGWARP_SATURATE_SECONDS=N  length of the run at saturation, 60 if unset
#   SIGWARP_PREFIX="CMD…"       runs each measurement, for a machine that others use at the same time

machine
seconds=${SIGWARP_SATURATE_SECONDS:-60}
read -r -a prefix <<<"${SIGWARP_PREFIX:-}"
if ! cargo build --release --quiet -p sigwarp --example prevalidator_load 2>"$work/err"; then
    short "the load does not build: $(grep -m 1 '^error' "$work/err")"
    return
fi
load=target/release/examples/prevalidator_load

# on CORES MODE… runs a mode on some cores; its lines are in $work/out.
on() {
    local cores=$1
    shift
    ${prefix[@]+"${prefix[@]}"} taskset -c "$cores" "$load" "$@" >"$work/out" 2>"$work/err"
}
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }'; }
two=$(taskset -pc $$ | sed 's/.*: //; s/-/,/' | cut -d, -f1,2)
one=${two%%,*}

# 8 producers on two cores.
if on "$two" saturate --seconds "$seconds" --producers 8 --workers 2; then
    line=$work/out
    accepted=$(field "$line" accepted)
    verdicts=$(field "$line" verdicts)
    [ "$accepted" = "$verdicts" ] && [ "$(field "$line" faults)" = 0 ] && [ "$(field "$line" pending)" = 0 ] &&
        pass "$seconds s at saturation, 8 producers on cores $two: $accepted accepted, $verdicts verdicts as expected ($(field "$line" invalid) of them invalid), $(field "$line" items_per_second) a second" ||
        short "$seconds s at saturation: $accepted accepted, $verdicts verdicts, $(field "$line" faults) faults, $(field "$line" pending) pending"
    growth=$(field "$line" growth_percent)
    at_least 2 "$growth" && pass "resident memory over the last two thirds: $growth % growth, $(field "$line" rss_most_after) bytes" ||
        short "resident memory over the last two thirds: $growth % growth, 2 allowed"
    refused=$(field "$line" refused)
    [ "$refused" -gt 0 ] && pass "back-pressure: $refused items came back from a full queue and were submitted again" ||
        short "back-pressure: no item came back"
else
    short "saturation: $(tail -n 1 "$work/err")"
fi

# The cost beside whole batches.
for cores in "$one" "$two"; do
    threads=$(awk -F, '{ print NF }' <<<"$cores")
    if ! on "$cores" throughput --seconds 30 --workers "$threads" --producers "$threads"; then
        short "throughput on cores $cores: $(tail -n 1 "$work/err")"
        continue
    fi
    for pair in many:0.9 single:0.75; do
        grep "\"submit\":\"${pair%:*}\"" "$work/out" >"$work/line"
        ratio=$(field "$work/line" ratio)
        text="zip215, registered keys, submit ${pair%:*}, $threads core(s): $ratio of engine.verify on full batches (quartiles $(field "$work/line" ratio_p25) to $(field "$work/line" ratio_p75); $(field "$work/line" items_per_second) against $(field "$work/line" engine_items_per_second) a second; to reach ${pair#*:})"
        at_least "$ratio" "${pair#*:}" && pass "$text" || short "$text"
    done
done

# Latency at low load, and by offered load.
if on "$two" quiet --seconds 5; then
    own=$(field "$work/out" batch_of_one_p50_us)
    delay=$(field "$work/out" max_delay_us)
    median=$(field "$work/out" p50_us)
    text="at low load: median $median µs (quartiles $(field "$work/out" p25_us) to $(field "$work/out" p75_us)), for max_delay $delay µs and a batch of $own µs"
    at_least "$((own + delay))" "$median" && pass "$text" || short "$text"
else
    short "low load: $(tail -n 1 "$work/err")"
fi
if on "$two" latency --seconds 25; then
    while read -r line; do
        echo "$line" >"$work/line"
        pass "offered $(field "$work/line" percent) % of capacity ($(field "$work/line" offered_per_second) a second): p50 $(field "$work/line" p50_us) µs, p99 $(field "$work/line" p99_us) µs, p99.9 $(field "$work/line" p999_us) µs, $(field "$work/line" refused) refused of $(($(field "$work/line" items) + $(field "$work/line" refused)))"
    done <"$work/out"
else
    short "latency: $(tail -n 1 "$work/err")"
fi

# Every order of events, and every way to come and go.
if scripts/loom >"$work/out" 2>"$work/err"; then
    pass "loom: $(tests_passed), models of queue and tickets"
else
    short "loom: $(grep -m 2 'panicked\|^error' "$work/out" "$work/err" | tr '\n' ' ')"
fi
if cargo test --quiet --profile ci -p sigwarp --test suite prevalidator:: >"$work/out" 2>"$work/err"; then
    pass "tests: $(tests_passed), with panics and errors of the engine, cancellation, closing"
else
    short "tests: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" "$work/err" | tr '\n' ' ')"
fi

# The same engine through C, its examples and adapters.
. scripts/prove.d/capi.sh
