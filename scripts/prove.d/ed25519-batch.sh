# "Known keys and linear combinations": ratios to peers, bad rates, every path by size, where the time goes, the tests
# of soundness. Some ten minutes after the builds.
#   SIGWARP_BENCH_CLOCK=cpu  for a machine that others use at the same time; rows with two threads need `wall`
#   SIGWARP_PROVE_ONLY=NAME  runs one part alone: combination, bad_rates, two_cores, paths, phases, soundness,
#                            registered_keys (which is `ed25519-ring`)

machine
for flag in avx2 avx512f avx512vl avx512ifma sha_ni; do
    grep -qw "$flag" /proc/cpuinfo && has="${has:+$has }$flag"
done
clock=${SIGWARP_BENCH_CLOCK:-wall}
printf '# features: %s; clock: %s; load: %s\n' "${has:-none of those looked for}" "$clock" "$(cut -d' ' -f1 /proc/loadavg)"
features=(--release -p sigwarp-bench --features ed25519-dalek,commonware)

# Lines of `pass`, `short`, `skip` or `note`, a tabulator, and the text.
tell() {
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

# rows NAME ARGUMENT…: the rows that `sigwarp-bench ARGUMENT…` measures, a line each, judged by the ratio that they
# require. The report stays in $work/NAME.json.
rows() {
    local name=$1
    shift
    cargo run --quiet "${features[@]}" -- "$@" --json "$work/$name.json" >>"$work/bench.txt"
    python3 - "$work/$name.json" <<'PYTHON' | tell
import json, sys
report = json.load(open(sys.argv[1]))

def say(what, text):
    print(what, text, sep="\t")

def figures(row):
    ratio, subject, baseline = row["ratio"], row["subject"], row["baseline"]
    text = (f"{row['title']}: {ratio['median']:.2f} × {baseline['contender']} "
            f"(p10 {ratio['p10']:.2f}, p90 {ratio['p90']:.2f}; {subject['ns_per_item']['median']:.0f} against "
            f"{baseline['ns_per_item']['median']:.0f} ns, {subject['backend'] or 'peer'}")
    if row["required"]:
        text += f"; to reach {row['required']:g}, {ratio['median'] / row['required']:.2f} of it"
    return text + ")" + "".join(f" [{warning}]" for warning in row["warnings"])

say("note", f"self-check, a function against itself: {report['self_check']['ratio']['median']:.3f}")
for row in report["rows"]:
    if row["ratio"] is None:
        say("skip", f"{row['title']}: {'; '.join(row['notes'])}")
    elif row["required"] is None:
        say("note", figures(row))
    else:
        say("pass" if row["ratio"]["median"] >= row["required"] else "short", figures(row))
PYTHON
}

# The targets of zip215: cold and repeated keys, AVX2 and portable code.
combination() {
    rows combination targets --filter targets/zip215/ --clock "$clock"
}

# Bad signatures against the path in lanes on good ones.
bad_rates() {
    rows bad run --suite bad-rates --filter bad-rates/zip215/ --clock "$clock"
}

# Two threads over one, where the peer reaches as much.
two_cores() {
    if [ "$(nproc)" -lt 2 ]; then
        skip "two cores over one: there is one core here"
        return
    fi
    rows threads-peer run --suite threads --filter threads/commonware/2 --clock wall
    rows threads run --suite threads --filter threads/zip215/2 --clock wall
}

# Every path at every size, and that the choice is never much worse than the best.
paths() {
    cargo build --quiet --release -p sigwarp --example ed25519_paths
    target/release/examples/ed25519_paths table >"$work/paths.csv"
    awk -F, 'NR == 1 { next }
    {
        best = $4 < $5 ? $4 : $5
        ratio = $6 / best
        what = ratio <= 1.1 ? "pass" : "short"
        printf "%s\t%s, %s keys, n=%d: lanes %d ns, combination %d, chosen %d (%.2f × the better)\n",
            what, $1, $2, $3, $4, $5, $6, ratio
    }' "$work/paths.csv" | tell
}

# Where the time of a combination goes, beside the floor of its field operations.
phases() {
    cargo build --quiet --release -p sigwarp --example ed25519_paths
    for backend in avx512 avx2 portable; do
        target/release/examples/ed25519_paths phases --backend "$backend" | sed 's/^/#        /'
    done
}

# Cancelling pairs, broken generators, torsion in every position, one bad item among 16,384, the graph of choices.
soundness() {
    local filter
    for filter in schemes::ed25519 kernels::multiscalar plan::path; do
        if cargo test --quiet --profile ci -p sigwarp --lib "$filter" >"$work/out" 2>&1; then
            pass "tests of $filter: $(grep -m 1 -o '[0-9]* passed' "$work/out")"
        else
            short "tests of $filter: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
        fi
    done
    if cargo test --quiet --profile ci -p sigwarp --test ed25519_paths -- --include-ignored >"$work/out" 2>&1; then
        pass "combinations, lanes and the oracle agree through the engine: $(grep -m 1 -o '[0-9]* passed' "$work/out")"
    else
        short "paths through the engine: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}

# Registered keys: targets, a million of them, verdicts.
registered_keys() {
    . scripts/prove.d/ed25519-ring.sh
}

parts=(soundness paths phases registered_keys)
if command -v python3 >/dev/null; then
    parts=(combination bad_rates two_cores "${parts[@]}")
else
    skip "targets, bad rates and two cores: the reports are read with python3"
fi
for part in ${SIGWARP_PROVE_ONLY:-"${parts[@]}"}; do
    "$part"
done
