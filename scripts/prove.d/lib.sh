# Shared by the scripts of `scripts/prove`: results, and a place for temporary files.

passed=0
shortfalls=0
skips=0

pass() { passed=$((passed + 1)); printf 'pass     %s\n' "$*"; }
short() { shortfalls=$((shortfalls + 1)); printf 'short    %s\n' "$*"; }
skip() { skips=$((skips + 1)); printf 'skipped  %s\n' "$*"; }

finish() {
    printf '%s passed, %s short, %s skipped\n' "$passed" "$shortfalls" "$skips"
    [ "$shortfalls" -eq 0 ]
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The figure of a field of a one-line JSON summary.
field() { sed -n "s/.*\"$2\":\([^,}]*\).*/\1/p" "$1"; }

machine() {
    printf '# %s, %s cores, commit %s\n' \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(git rev-parse --short HEAD)"
}

# How many tests passed, by the output of `cargo test` in $work/out. Tests are named without their package: so they are
# built with the features of the README's test command, whose builds are used again.
tests_passed() { grep -o '[0-9]* passed' "$work/out" | awk '{ n += $1 } END { print n + 0 " passed" }'; }

# Reads lines of `pass`, `short`, `skip` or anything else, a tabulator, and the text.
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

# rows REPORT ARGUMENT…: the rows that `sigwarp-bench ARGUMENT…` measures, a line each, judged by the ratio that they
# require. The report stays in the file REPORT. Where `beside` names the report of a peer that fell short of the same, or
# a warning says that others used the machine, a row is skipped in place of short. The harness is built with every peer,
# so that all proofs use one build: another set of features would build the engine again.
rows() {
    local report=$1
    shift
    if ! command -v python3 >/dev/null; then
        skip "sigwarp-bench $*: the report is read with python3"
        return
    fi
    if ! cargo run --quiet --release -p sigwarp-bench --features peers -- "$@" --json "$report" \
        >>"$work/bench.txt" 2>"$work/err"; then
        short "sigwarp-bench $*: $(head -c 300 "$work/err")"
        return
    fi
    python3 - "$report" ${beside:+"$beside"} >"$work/lines" <<'PYTHON'
import json, sys
report, *beside = [json.load(open(path)) for path in sys.argv[1:]]
beside = [row["ratio"]["median"] for peer in beside for row in peer["rows"] if row["ratio"]]

def say(what, text):
    print(what, text, sep="\t")

def ns(side):
    return f"{side['ns_per_item']['median']:.{1 if side['ns_per_item']['median'] < 200 else 0}f}"

def figures(row):
    ratio, subject, baseline = row["ratio"], row["subject"], row["baseline"]
    text = (f"{row['title']}: {ratio['median']:.2f} × {baseline['contender']} (p10 {ratio['p10']:.2f}, p90 "
            f"{ratio['p90']:.2f}; {ns(subject)} against {ns(baseline)} ns, {subject['backend'] or 'peer'}")
    if row["floor"] and row["floor"]["times"]:
        text += f"; {row['floor']['times']:.2f} × its floor"
    if row["required"]:
        text += f"; to reach {row['required']:g}, {ratio['median'] / row['required']:.2f} of it"
    return text + ")" + "".join(f" [{warning}]" for warning in row["warnings"])

say("note", f"self-check, a function against itself: {report['self_check']['ratio']['median']:.3f}")
for row in report["rows"]:
    if row["ratio"] is None:
        say("skip", f"{row['title']}: {'; '.join(row['notes'])}")
    elif row["required"] is None:
        say("note", figures(row))
    elif row["ratio"]["median"] >= row["required"]:
        say("pass", figures(row))
    elif beside and row["warnings"]:
        say("skip", "others used the machine, so the figure is none: " + figures(row))
    elif any(ratio < row["required"] for ratio in beside):
        say("skip", "the peer does not reach it here either, so nothing is shown: " + figures(row))
    else:
        say("short", figures(row))
PYTHON
    tell <"$work/lines"
}

# two_cores ROW PEER: two threads over one, by rows of the suite `threads`. Judged only where the peer, which
# shares nothing between its threads, gets its second core.
two_cores() {
    local row=$1 peer=$2 beside=
    if [ "$(nproc)" -lt 2 ]; then
        skip "two cores over one: there is one core here"
        return
    fi
    rows "$work/threads-peer.json" run --suite threads --filter "threads/$peer" --clock wall
    beside=$work/threads-peer.json
    rows "$work/threads.json" run --suite threads --filter "threads/$row" --clock wall
}

# The features of the CPU that choose a backend, the clock and the load.
conditions() {
    local flag has=
    for flag in avx2 avx512f avx512vl avx512ifma sha_ni; do
        grep -qw "$flag" /proc/cpuinfo && has="${has:+$has }$flag"
    done
    printf '# features: %s; clock: %s; load: %s\n' "${has:-none of those looked for}" "$clock" "$(cut -d' ' -f1 /proc/loadavg)"
}
