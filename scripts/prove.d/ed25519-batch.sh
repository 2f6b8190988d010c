# "Known keys and linear combinations": ratios to peers, bad rates, every path by size, where the time goes, the tests
# of soundness. Some ten minutes after the builds.
#   SIGWARP_BENCH_CLOCK=cpu  for a machine that others use at the same time; rows with two threads need `wall`
#   SIGWARP_PROVE_ONLY=NAME  runs one part alone: combination, bad_rates, threads, paths, phases, soundness,
#                            registered_keys (which is `ed25519-ring`)

machine
clock=${SIGWARP_BENCH_CLOCK:-wall}
conditions

# The targets of zip215: cold and repeated keys, AVX2 and portable code.
combination() {
    rows "$work/combination.json" targets --filter targets/zip215/ --clock "$clock"
}

# Bad signatures against the path in lanes on good ones.
bad_rates() {
    rows "$work/bad.json" run --suite bad-rates --filter bad-rates/zip215/ --clock "$clock"
}

# Two threads over one.
threads() {
    two_cores zip215/2 commonware/2
}

# Every path at every size, and that the choice is never much worse than the best.
paths() {
    cargo build --quiet --release -p sigwarp --features measure --example ed25519_paths
    target/release/examples/ed25519_paths table >"$work/paths.csv"
    awk -F, 'NR == 1 { next }
    {
        best = $4 < $5 ? $4 : $5
        ratio = $6 / best
        what = ratio <= 1.1 ? "pass" : "short"
        printf "%s\t%s, %s keys, n=%d: lanes %d ns, combination %d, chosen %d (%.2f × the better)\n",
            what, $1, $2, $3, $4, $5, $6, ratio
    }' "$work/paths.csv" >"$work/lines"
    tell <"$work/lines" # not by a pipe: what a subshell counts is lost
}

# Where the time of a combination goes, beside the floor of its field operations.
phases() {
    cargo build --quiet --release -p sigwarp --features measure --example ed25519_paths
    for backend in avx512 avx2 portable; do
        target/release/examples/ed25519_paths phases --backend "$backend" | sed 's/^/#        /'
    done
}

# Cancelling pairs, broken generators, torsion in every position, one bad item among 16,384, the graph of choices.
soundness() {
    local filter
    for filter in schemes::ed25519 multiscalar:: policy::; do
        if cargo test --quiet --profile ci --lib "$filter" >"$work/out" 2>&1; then
            pass "tests of $filter: $(tests_passed)"
        else
            short "tests of $filter: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
        fi
    done
    if cargo test --quiet --profile ci -p sigwarp --test suite ed25519_paths:: -- --include-ignored >"$work/out" 2>&1; then
        pass "combinations, lanes and the oracle agree through the engine: $(tests_passed)"
    else
        short "paths through the engine: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}

# Registered keys: targets, a million of them, verdicts.
registered_keys() {
    . scripts/prove.d/ed25519-ring.sh
}

parts=(combination bad_rates threads soundness paths phases registered_keys)
for part in ${SIGWARP_PROVE_ONLY:-"${parts[@]}"}; do
    "$part"
done
