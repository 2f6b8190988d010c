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
