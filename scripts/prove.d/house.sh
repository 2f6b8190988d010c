# "House I": the build of minutes, paired with the commit before it, and what must not have become slower. Some
# 25 minutes for `build`, as many for `rows`, an hour and more for `ci`.
#   SIGWARP_PROVE_ONLY="NAME…"   runs parts alone: build, rows, files, faults, tests, ci
#   SIGWARP_HOUSE_BASE=COMMIT    the commit before, 82776e0 if unset
#   SIGWARP_HOUSE_PAIRS=N        pairs of `rows` and `files`, 15 if unset
#   SIGWARP_HOUSE_WORK=FOLDER    keeps the builds there, so that parts can run one after another

machine
clock=cpu
conditions
base=${SIGWARP_HOUSE_BASE:-82776e0}
pairs=${SIGWARP_HOUSE_PAIRS:-15}
house=${SIGWARP_HOUSE_WORK:-$work/house}
mkdir -p "$house"
head=$(git rev-parse HEAD)

# The sources of a side, as a clean clone beside which the vectors are found.
sources() { # before|after
    local commit=$head
    [ "$1" = after ] || commit=$(git rev-parse "$base")
    if [ "$(git -C "$house/$1" rev-parse HEAD 2>/dev/null)" != "$commit" ] ||
        [ -n "$(git -C "$house/$1" status --porcelain 2>/dev/null)" ]; then
        rm -rf "${house:?}/$1"
        git clone --quiet . "$house/$1"
        git -C "$house/$1" checkout --quiet "$commit"
    fi
}

# A wrapper of the compiler that writes down the processor time of each crate.
wrapper() {
    cat >"$house/rustc" <<'SH'
#!/usr/bin/env bash
# cargo passes the compiler and its arguments.
crate=none previous=
for argument in "$@"; do
    [ "$previous" != --crate-name ] || crate=$argument
    previous=$argument
done
"$@"
status=$?
if [ -n "${HOUSE_LOG:-}" ]; then
    # The processor time of children that have ended: the second line of `times`, in minutes and seconds. Not in a
    # pipeline, whose shell would have none.
    times >"$HOUSE_LOG.$$"
    awk -v crate="$crate" 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); s += 60 * t[1] + t[2] } print crate, s }' \
        "$HOUSE_LOG.$$" >>"$HOUSE_LOG"
    rm "$HOUSE_LOG.$$"
fi
exit "$status"
SH
    chmod +x "$house/rustc"
}

# Runs a command and leaves its wall-clock and processor seconds in $wall and $cpu.
timed() {
    local TIMEFORMAT="%R %U %S" figures
    figures=$({ time "$@" >"$work/out" 2>"$work/err"; } 2>&1) || { cat "$work/err" >&2; return 1; }
    read -r wall cpu <<<"$(awk '{ print $1, $2 + $3 }' <<<"$figures")"
}

over() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }
judge() { # ratio, most, text
    if awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }'; then pass "$3: $1 of at most $2"; else short "$3: $1 of at most $2"; fi
}

# README's first command from nothing, dependencies downloaded before; then with one line changed.
build() {
    local side=$1 line file name
    sources "$side"
    wrapper
    (cd "$house/$side" && cargo fetch --quiet --locked)
    rm -rf "$house/$side-target" "$house/$side.log"
    export CARGO_TARGET_DIR="$house/$side-target"
    line=$(sed -n 's/^cargo run --release/&/p' "$house/$side/README.md" | head -n 1)
    readme() { (cd "$house/$side" && eval "$line"); }
    export RUSTC_WRAPPER="$house/rustc" HOUSE_LOG="$house/$side.log"
    timed readme
    declare -g "${side}_wall=$wall" "${side}_cpu=$cpu"
    # shellcheck disable=SC2034 # read by name
    declare -g "${side}_ours=$(awk '/^sigwarp/ { s += $2 } END { print s }' "$house/$side.log")"
    unset HOUSE_LOG
    [ "$side" = after ] || return 0
    for name in dispatch:engine/src/dispatch/choice.rs kernel:kernels/src/curve/edwards/sliding.rs \
        field:kernels/src/field/radix51_ifma.rs; do
        file=$house/$side/${name#*:}
        # Behind the imports, so that everything after it moves, as it does when one works on a file.
        awk '!done && /^(pub )?(const|struct|enum|fn|\/\/\/|#\[)/ { print "const _: () = ();"; done = 1 } { print }' "$file" >"$work/changed"
        cp "$work/changed" "$file"
        timed readme
        declare -g "${side}_${name%%:*}=$cpu"
        git -C "$house/$side" checkout --quiet -- "${name#*:}"
    done
}

builds() {
    build before
    build after
    unset CARGO_TARGET_DIR RUSTC_WRAPPER HOUSE_LOG
    echo "# before: $before_cpu s of processor time, $before_wall s wall; of it our crates $before_ours s"
    echo "# after:  $after_cpu s of processor time, $after_wall s wall; of it our crates $after_ours s"
    echo "# after, one line changed: dispatch $after_dispatch s, a kernel $after_kernel s, a field $after_field s"
    judge "$(over "$after_cpu" "$before_cpu")" 0.6 "README's first command, processor time"
    judge "$(over "$after_wall" "$before_wall")" 0.6 "README's first command, wall time"
    judge "$(over "$after_dispatch" "$after_ours")" 0.25 "one line of dispatch, of a build of our crates"
    judge "$(over "$after_kernel" "$after_ours")" 0.5 "one line of a kernel, of a build of our crates"
    judge "$(over "$after_field" "$after_ours")" 0.5 "one line of a field, of a build of our crates"
}

# Both binaries, built if need be.
binaries() {
    local side
    for side in before after; do
        if [ ! -x "$house/$side-target/release/sigwarp" ]; then
            sources "$side"
            (cd "$house/$side" && CARGO_TARGET_DIR="$house/$side-target" cargo build --quiet --release --bin sigwarp)
        fi
    done
}

# Interleaved pairs of the two binaries on every row that the proofs of kernels judge.
rows_of_kernels() {
    binaries
    local pair side suites=(--suite targets --suite curves --suite sizes --suite keys --suite bad-rates)
    for pair in $(seq "$pairs"); do
        # The order alternates, so that what warms up warms up for both.
        for side in $([ $((pair % 2)) = 0 ] && echo before after || echo after before); do
            "$house/$side-target/release/sigwarp" bench --quick --clock cpu --core 0 \
                --seconds "${SIGWARP_HOUSE_SECONDS:-0.1}" "${suites[@]}" \
                ${SIGWARP_HOUSE_FILTER:+--filter "$SIGWARP_HOUSE_FILTER"} --json "$work/$side-$pair.json" >/dev/null
        done
    done
    python3 - "$work" "$pairs" >"$work/lines" <<'PYTHON'
import json, statistics, sys
work, pairs = sys.argv[1], int(sys.argv[2])
ratios = {}
for pair in range(1, pairs + 1):
    times = {}
    for side in ("before", "after"):
        for row in json.load(open(f"{work}/{side}-{pair}.json"))["rows"]:
            for part in ("subject", "baseline"):
                if row[part] and row[part]["ns_per_item"]:
                    times.setdefault((row["id"], part), {})[side] = row[part]["ns_per_item"]["median"]
    for key, of in times.items():
        if len(of) == 2:
            ratios.setdefault(key, []).append(of["before"] / of["after"])
for (row, part), all_pairs in sorted(ratios.items()):
    if len(all_pairs) < pairs:
        continue
    median = statistics.median(all_pairs)
    deciles = statistics.quantiles(all_pairs, n=10) if pairs > 1 else [median] * 9
    text = f"{row} ({part}): {median:.3f} of the speed before (p10 {deciles[0]:.3f}, p90 {deciles[8]:.3f}, {pairs} pairs)"
    print("pass" if median >= 0.98 else "short", text, sep="\t")
PYTHON
    tell <"$work/lines"
}

# A million rows of either format through the command.
files() {
    binaries
    local format pair side
    for format in jsonl parquet; do
        "$house/before-target/release/sigwarp" gen --rows 1000000 --output "$work/rows.$format" >/dev/null
        for side in before after; do : >"$work/$side.$format"; done
        for pair in $(seq "$pairs"); do
            for side in $([ $((pair % 2)) = 0 ] && echo before after || echo after before); do
                "$house/$side-target/release/sigwarp" verify "$work/rows.$format" --backend "${SIGWARP_HOUSE_BACKEND:-auto}" \
                    --rule zip215 --rule ecdsa --format json >"$work/summary" || true
                field "$work/summary" seconds_total >>"$work/$side.$format"
            done
        done
        read -r ratio spread <<<"$(paste "$work/after.$format" "$work/before.$format" | awk '{ print $1 / $2 }' | sort -n |
            awk '{ v[NR] = $1 } END { printf "%.3f %.3f..%.3f", v[int((NR + 1) / 2)], v[int(NR / 10) + 1], v[int(NR * 9 / 10)] }')"
        rm "$work/rows.$format"
        judge "$ratio" 1.02 "seconds_total of 1,000,000 rows of $format (p10..p90 $spread)"
    done
}

# Planted faults that bring back what was mended: tokens out of nothing, backends that tests left out, a bound that is too
# small, a cache that others wrote, keys that are promoted in one call, a break-even on two keys, a device that nobody
# asked for, ids that come again and an arm without a verdict, tests that skip, and numbers without a bound.
faults() {
    local names=(
        token-from-nothing
        unregistered-backend required-backend-missing
        multiple-too-small
        cache-open-to-others cache-digest-without-key
        promotion-without-limit tables-under-the-lock tables-in-one-lane
        measured-on-two-keys
        device-nobody-asked-for
        ids-come-again silent-arm
        silent-skip suite-without-subject
        unbounded-threads unbounded-workers
    )
    if scripts/planted-faults "${names[@]}" >"$work/out" 2>&1; then
        pass "planted faults: $(grep -c '^caught' "$work/out") of ${#names[@]} caught"
    else
        short "planted faults: $(grep -v '^caught' "$work/out" | head -n 5 | tr '\n' ' ')"
    fi
}

# Every test of before is one of after: by its name, and the program that it was in as a module; what was the module
# `kernels` has become a crate. Tests that changed their
# names are in scripts/prove.d/house-tests.txt, two names a line.
tests_of() {
    sources "$1"
    (cd "$house/$1" && CARGO_TARGET_DIR="$house/$1-ci-target" cargo test --profile ci -- --list 2>&1) |
        awk '/Running/ { program = $2; sub(/.*\//, "", program); if ($2 == "unittests") program = "" ; sub(/\.rs$/, "", program)
                if (program == "main") { n = split($2, at, "/"); program = at[n - 1] } if (program == "suite") program = "" }
            / Doc-tests / { program = "doc" }
            /: test$/ && program != "doc" { sub(/: test$/, ""); sub(/^kernels::/, ""); print (program == "" ? "" : program "::") $0 }' | sort -u
}
tests() {
    tests_of before >"$house/tests-before"
    tests_of after >"$house/tests-after"
    local renamed=scripts/prove.d/house-tests.txt missing
    awk 'NR == FNR { if (!/^#/) to[$1] = $2; next } { print ($1 in to) ? to[$1] : $0 }' "$renamed" "$house/tests-before" |
        sort -u >"$work/expected"
    missing=$(comm -23 "$work/expected" "$house/tests-after")
    if [ -z "$missing" ]; then
        pass "each of $(wc -l <"$house/tests-before") tests before is one of $(wc -l <"$house/tests-after") now"
    else
        short "tests that are no more: $(head -n 10 <<<"$missing" | tr '\n' ' ')"
    fi
}

# .ci/run from nothing, on both sides.
ci() {
    local side
    for side in before after; do
        sources "$side"
        rm -rf "$house/$side-ci-target"
        run_ci() {
            (cd "$house/$side" && CI=true CARGO_TARGET_DIR="$house/$side-ci-target" \
                SIGWARP_VECTORS="${SIGWARP_VECTORS:?names the folder of test vectors}" bash .ci/run)
        }
        timed run_ci
        declare -g "${side}_ci=$cpu"
        echo "# $side: .ci/run $cpu s of processor time, $wall s wall"
    done
    judge "$(over "$after_ci" "$before_ci")" 0.5 ".ci/run from nothing, processor time"
}

for part in ${SIGWARP_PROVE_ONLY:-build rows files faults tests ci}; do
    case "$part" in
    build) builds ;;
    rows) rows_of_kernels ;;
    files | faults | tests | ci) "$part" ;;
    *) short "there is no part $part" ;;
    esac
done
