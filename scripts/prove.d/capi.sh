# The C library: header, examples, memory checks, misuse, and what a verdict costs through C. About two minutes after
# the builds.
#   SIGWARP_CAPI_PAIRS=N     pairs of the timing, 41 if unset
#   SIGWARP_CAPI_PROFILE=P   profile of the library, release if unset
#   SIGWARP_CAPI_SANITIZER=0 leaves the address sanitizer out, whose build takes long

machine
profile=${SIGWARP_CAPI_PROFILE:-release}
cargo_test() {
    local name=$1
    shift
    if cargo test --quiet --profile ci "$@" >"$work/out" 2>&1; then
        pass "$name: $(tests_passed)"
    else
        short "$name: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}
cargo_test "the header is what the sources say" -p sigwarp-capi --test suite header::
cargo_test "every call gives what it says, and the pre-validator behind them" -p sigwarp-capi --test suite -- calls:: prevalidator::
cargo_test "misuse gives error codes" -p sigwarp-capi --test suite -- misuse:: arbitrary::
cargo_test "handles, memory, error texts and status bytes" --lib -- handles:: memory:: error:: status::

# Examples in four languages, against an installed copy.
if scripts/capi-examples "$profile" >"$work/examples" 2>&1; then status=pass; else status=short; fi
cat "$work/examples"
passed=$((passed + $(grep -c '^pass ' "$work/examples" || true)))
skips=$((skips + $(grep -c '^skipped ' "$work/examples" || true)))
[ "$status" = pass ] || short "scripts/capi-examples: see above"

# Memory: the examples under valgrind. It knows no AVX-512, so the portable backend is forced.
prefix="$work/prefix"
scripts/capi-install "$prefix" "$profile"
if ! command -v valgrind >/dev/null; then
    skip "valgrind: not installed"
else
    read -ra flags < <(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags --libs sigwarp_c)
    for source in c/batch.c c/prevalidator.c cpp/batch.cpp; do
        if [ "${source##*.}" = c ]; then compiler=(cc -std=c11); else compiler=(c++ -std=c++17); fi
        "${compiler[@]}" -g -pthread "capi/examples/$source" "${flags[@]}" -o "$work/example"
        if LD_LIBRARY_PATH="$prefix/lib" SIGWARP_BACKEND=portable valgrind --quiet --error-exitcode=9 --suppressions=scripts/lib/valgrind.supp \
            --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite "$work/example" >"$work/out" 2>&1; then
            pass "valgrind, $source on portable: no findings"
        else
            short "valgrind, $source: $(grep -m 3 '==' "$work/out" | tr '\n' ' ')"
        fi
    done
fi

# The same with address checks in every line of the library: its tests, and so the calls that must be refused.
# valgrind above looks for leaks; this looks for accesses beside their objects, on stacks and in statics too. The
# standard library has no checks. Only the portable backend is built: with checks the kernels of the vectors take the
# better part of an hour to compile.
address_sanitizer() {
    local copy="$work/sanitized" target="${CARGO_TARGET_DIR:-$PWD/target}/sanitizer" host status=0
    if [ "${SIGWARP_CAPI_SANITIZER:-1}" = 0 ]; then
        skip "address sanitizer: SIGWARP_CAPI_SANITIZER is 0"
        return
    fi
    if ! cargo +nightly --version >"$work/out" 2>&1; then
        skip "address sanitizer: no nightly compiler: $(head -n 1 "$work/out")"
        return
    fi
    host=$(rustc -vV | sed -n 's/^host: //p')
    if [ ! -e "$(rustc +nightly --print target-libdir)/librustc-nightly_rt.asan.a" ]; then
        skip "address sanitizer: the nightly compiler has no run-time of it for $host"
        return
    fi
    . scripts/lib/cut-down.sh
    git worktree add --quiet --force --detach "$copy" HEAD
    portable_only "$copy"
    (cd "$copy" && CARGO_TARGET_DIR="$target" RUSTFLAGS="-Zsanitizer=address" ASAN_OPTIONS=detect_leaks=0 \
        cargo +nightly test --quiet --profile mutants --target "$host" -p sigwarp-capi \
        --lib --test suite -- --skip header::) >"$work/out" 2>&1 || status=$?
    git worktree remove --force "$copy"
    if [ "$status" = 0 ]; then
        pass "address sanitizer, portable: $(tests_passed) without findings"
    else
        short "address sanitizer, portable: $(grep -m 3 'ERROR: AddressSanitizer\|FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}
address_sanitizer

# What a verdict costs through C.
cargo build --quiet --profile "$profile" -p sigwarp-capi --example cost
if "target/$profile/examples/cost" "${SIGWARP_CAPI_PAIRS:-41}" >"$work/out" 2>&1; then
    while read -r items rust c median p10 p90; do
        text="$items items a call: C takes $median of Rust (p10 $p10, p90 $p90; $c against $rust ns an item; at most 1.05)"
        if awk "BEGIN { exit !($median <= 1.05) }"; then pass "$text"; else short "$text"; fi
    done < <(grep -E '^ *[0-9]+ ' "$work/out")
else
    short "the timing: $(tail -n 1 "$work/out")"
fi
