# The benchmark harness: its self-check, its report, and every peer in one command. About four minutes.
#   SIGWARP_BENCH_CLOCK=cpu  for a machine that others use at the same time

machine
features=(--release -p sigwarp-bench --features peers)
clock=${SIGWARP_BENCH_CLOCK:-wall}
cargo build --quiet "${features[@]}"
bench() { cargo run --quiet "${features[@]}" -- "$@"; }

report="$work/peers.json"
page="$work/peers.html"
if bench peers --clock "$clock" --json "$report" --html "$page" >"$work/peers.txt"; then
    head -n 1 "$work/peers.txt" | sed 's/^/# /'
    # One line a check: `ok     name: figure` or `FAILS  name: shortfall`.
    bench check "$report" --peers --reference 0.3 --html "$page" >"$work/checks.txt" || true
    for check in schema self-check peers html; do
        line=$(sed -n "s/^\(ok   \|FAILS\)  \($check: .*\)/\1 \2/p" "$work/checks.txt")
        case "$line" in
        ok*) pass "${line#ok    }" ;;
        FAILS*) short "${line#FAILS }" ;;
        *) skip "$check: an earlier check failed" ;;
        esac
    done
    # Absolute times belong to the machine of the reference: elsewhere they prove nothing.
    line=$(sed -n 's/^\(ok   \|FAILS\)  \(reference: .*\)/\1 \2/p' "$work/checks.txt")
    case "$line" in
    ok*) pass "${line#ok    }" ;;
    *) skip "${line#FAILS } (docs/results/2026-11-21-peers.md explains deviations; another machine has others)" ;;
    esac
else
    short "sigwarp-bench peers ended with an error"
fi

if bench compare "$report" "$report" >/dev/null; then
    pass "compare: a report against itself has no regressions"
else
    short "compare: a report against itself has regressions"
fi
# The same report with every Sigwarp time half as long and every ratio doubled is what the first one regressed from.
if python3 - "$report" "$work/faster.json" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
for row in report["rows"]:
    for summary, factor in ((row["subject"] and row["subject"]["ns_per_item"], 0.5), (row["ratio"], 2)):
        for key in summary or {}:
            summary[key] *= factor
json.dump(report, open(sys.argv[2], "w"))
PYTHON
then
    if bench compare "$work/faster.json" "$report" >/dev/null; then
        short "compare: a planted regression is not found"
    else
        pass "compare: a planted regression is found"
    fi
else
    skip "compare, planted regression: needs python3"
fi

if cargo test --quiet --profile ci -p sigwarp-bench --no-default-features >"$work/tests.txt" 2>&1; then
    pass "tests without peers: $(sed -n 's/^test result: ok. \([0-9]* passed\).*/\1/p' "$work/tests.txt" | head -n 1)"
else
    short "tests without peers: $(grep -m1 'FAILED\|^error' "$work/tests.txt")"
fi
