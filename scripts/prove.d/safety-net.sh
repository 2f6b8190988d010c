# "The safety net: fuzzing, differential tests, soundness." The fuzz targets take a minute each, and their first build
# about ten.
#   SIGWARP_PROVE_ONLY=NAME   runs one part alone: fuzz, long_run, differential, mutants, faults, attacks
#   SIGWARP_FUZZ_SECONDS      the seconds of each fuzz target, 60 or more; FUZZ_JOBS is how many run at the same time
#   SIGWARP_DIFFERENTIAL      the number of differential cases
#   SIGWARP_ATTACK_ITEMS      how often the attack of one bad item repeats it

machine
soundness=docs/soundness.md

# Each fuzz target runs 60 s without a finding.
fuzz() {
    local line targets status=0 seconds=${SIGWARP_FUZZ_SECONDS:-60}
    if ! cargo +nightly fuzz --version >"$work/out" 2>&1; then
        skip "fuzz targets: $(head -n 1 "$work/out"); they need a nightly compiler and cargo-fuzz"
        return
    fi
    if [ "$seconds" -lt 60 ]; then
        short "fuzz: SIGWARP_FUZZ_SECONDS is $seconds, not 60 or more"
        return
    fi
    scripts/fuzz "$seconds" >"$work/fuzz" 2>"$work/err" || status=$?
    grep ' executions, ' "$work/fuzz" >"$work/lines" || true
    while read -r line; do
        case "$line" in
        *", 0 findings") pass "fuzz $seconds s: $line" ;;
        *) short "fuzz $seconds s: $line" ;;
        esac
    done <"$work/lines"
    targets=$(grep -c '^\[\[bin\]\]' fuzz/Cargo.toml)
    if [ "$status" = 0 ] && [ "$(wc -l <"$work/lines")" = "$targets" ]; then
        pass "fuzz: all $targets targets ran"
    else
        short "fuzz: $(wc -l <"$work/lines") of $targets targets ran: $(tail -n 1 "$work/err")"
    fi
}

# One long run of at least a CPU-hour, recorded.
long_run() {
    local seconds
    seconds=$(sed -n 's/^| all | .* | \([0-9]*\) |$/\1/p' "$soundness")
    if [ "${seconds:-0}" -ge 3600 ]; then
        pass "long run recorded in $soundness: $seconds s of processor time in all"
    else
        short "long run recorded in $soundness: ${seconds:-no} s of processor time, not 3600"
    fi
}

# 1,000,000 differential cases without a divergence.
differential() {
    local cases="${SIGWARP_DIFFERENTIAL:-1000000}" status=0 divergences compared
    cargo build --release --quiet --bin sigwarp
    target/release/sigwarp selftest --differential "$cases" --seed 1 --format json >"$work/out" 2>"$work/err" || status=$?
    divergences=$(grep -o '"divergence":[^,}]*' "$work/out" | grep -vc ':null$' || true)
    compared=$(grep -o '"compared":[0-9]*' "$work/out" | sort -u | tr '\n' ' ')
    if [ "$status" = 0 ] && [ "$divergences" = 0 ] && grep -q "\"compared\":$cases\b" "$work/out"; then
        pass "selftest --differential $cases --seed 1: 0 divergences ($compared)"
    else
        short "selftest --differential $cases --seed 1: status $status, $divergences divergences, $compared $(head -c 200 "$work/err")"
    fi
}

# The mutation score, recorded by scripts/mutants.
mutants() {
    local summary=docs/results/mutants.md score unexplained
    score=$(sed -n 's/^Score: //p' "$summary" 2>/dev/null || true)
    unexplained=$(grep -c '| unexplained |' "$summary" 2>/dev/null || true)
    if [ -n "$score" ] && [ "${unexplained:-1}" = 0 ]; then
        pass "mutants: $score, every survivor killed or explained ($summary)"
    else
        short "mutants: ${score:-no score in $summary}, ${unexplained:-?} survivors unexplained"
    fi
}

# Planted faults are caught by the ordinary tests.
faults() {
    local status=0 caught planted
    scripts/planted-faults >"$work/planted" 2>"$work/err" || status=$?
    caught=$(grep -c '^caught' "$work/planted" || true)
    planted=$(find scripts/planted-faults.d -name '*.sh' | wc -l)
    if [ "$status" = 0 ] && [ "$caught" = "$planted" ]; then
        pass "planted faults: all $planted caught"
    else
        short "planted faults: $caught of $planted caught; $(grep -v '^caught' "$work/planted" | tr '\n' ';') $(tail -n 1 "$work/err")"
    fi
}

# Resource attacks, each with its figure.
attacks() {
    if SIGWARP_TIMED=1 SIGWARP_ATTACK_ITEMS="${SIGWARP_ATTACK_ITEMS:-1000000}" \
        cargo test --quiet --profile ci --test resource_attacks -- --nocapture >"$work/out" 2>&1; then
        grep -E ': [0-9]+ ms' "$work/out" | while read -r line; do echo "#   $line"; done
        pass "resource attacks: $(grep -cE ': [0-9]+ ms' "$work/out") bounded in time and memory"
    else
        short "resource attacks: $(grep -m 2 'panicked\|took' "$work/out" | tr '\n' ' ')"
    fi
}

for part in ${SIGWARP_PROVE_ONLY:-fuzz long_run differential mutants faults attacks}; do
    "$part"
done
