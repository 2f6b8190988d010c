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

# rows FEATURES REPORT ARGUMENT…: the rows that `sigwarp-bench ARGUMENT…` measures, a line each, judged by the ratio
# that they require. The report stays in the file REPORT.
rows() {
    local features=$1 report=$2
    shift 2
    if ! command -v python3 >/dev/null; then
        skip "sigwarp-bench $*: the report is read with python3"
        return
    fi
    if ! cargo run --quiet --release -p sigwarp-bench --features "$features" -- "$@" --json "$report" \
        >>"$work/bench.txt" 2>"$work/err"; then
        short "sigwarp-bench $*: $(head -c 300 "$work/err")"
        return
    fi
    python3 - "$report" >"$work/lines" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))

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
    else:
        say("pass" if row["ratio"]["median"] >= row["required"] else "short", figures(row))
PYTHON
    tell <"$work/lines"
}
