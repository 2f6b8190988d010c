# Registered keys: ratios to the peer, bytes per key, a ring of a million keys, and the verdicts of every rule on every
# backend. About ten minutes after the builds. Written as functions, so that `ed25519-batch` can take them in.
#   SIGWARP_BENCH_CLOCK=cpu  for a machine that others use at the same time

# Lines of `pass`, `short`, `skip` or `note`, a tabulator, and the text.
ring_tell() {
    local what text
    while IFS=$'\t' read -r what text; do
        case "$what" in
        pass) pass "$text" ;;
        short) short "$text" ;;
        skip) skip "$text" ;;
        *) printf '#        %s\n' "$text" ;;
        esac
    done
}

# The rows of `sigwarp-bench targets` with registered keys: all tiers, AVX2 and portable forms.
ring_targets() {
    local clock=${SIGWARP_BENCH_CLOCK:-wall} report=$work/ring.json
    if ! command -v python3 >/dev/null; then
        skip "registered keys: the report is read with python3"
        return
    fi
    if ! cargo run --quiet --release -p sigwarp-bench --features ed25519-dalek -- targets \
        --filter targets/strict/registered --clock "$clock" --json "$report" >>"$work/bench.txt" 2>"$work/err"; then
        short "registered keys: $(head -c 300 "$work/err")"
        return
    fi
    python3 - "$report" >"$work/lines" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
print("note", f"self-check, a function against itself: {report['self_check']['ratio']['median']:.3f}", sep="\t")
for row in report["rows"]:
    ratio, subject, baseline = row["ratio"], row["subject"], row["baseline"]
    if ratio is None:
        print("skip", f"{row['title']}: {'; '.join(row['notes'])}", sep="\t")
        continue
    text = (f"{row['title']}: {ratio['median']:.1f} × {baseline['contender']} (p10 {ratio['p10']:.1f}, p90 "
            f"{ratio['p90']:.1f}; {subject['ns_per_item']['median']:.0f} against "
            f"{baseline['ns_per_item']['median']:.0f} ns, {subject['backend']})")
    text += "".join(f" [{warning}]" for warning in row["warnings"])
    if row["required"] is None:
        print("note", text, sep="\t")
    else:
        what = "pass" if ratio["median"] >= row["required"] else "short"
        print(what, f"{text}; to reach {row['required']:g}", sep="\t")
PYTHON
    ring_tell <"$work/lines"
}

# A million registered keys, in a budget of 2,600 bytes each and 3.6 GB of memory for the whole process.
ring_million() {
    local keys=1000000 most=3600000000 peak
    if ! SIGWARP_RING_KEYS=$keys cargo test --quiet --release -p sigwarp --test keyring -- --nocapture \
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
    if SIGWARP_REQUIRE_BACKENDS="$required" cargo test --quiet --profile ci -p sigwarp --test keyring >"$work/out" 2>&1; then
        pass "registered keys on $required, nine rules, three tiers, reasons included: $(grep -m 1 -o '[0-9]* passed' "$work/out")"
    else
        short "registered keys on $required: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}

machine
ring_targets
ring_million
ring_verdicts
