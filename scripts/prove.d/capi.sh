# The C library: header, examples, memory checks, misuse, and what a verdict costs through C. About two minutes after
# the builds.
#   SIGWARP_CAPI_PAIRS=N     pairs of the timing, 41 if unset
#   SIGWARP_CAPI_PROFILE=P   profile of the library, release if unset

machine
profile=${SIGWARP_CAPI_PROFILE:-release}
cargo_test() {
    local name=$1
    shift
    if cargo test --quiet --profile ci -p sigwarp-capi "$@" >"$work/out" 2>&1; then
        pass "$name: $(grep -o '[0-9]* passed' "$work/out" | awk '{ n += $1 } END { print n }') tests"
    else
        short "$name: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
}
cargo_test "the header is what the sources say" --test header
cargo_test "every door gives what it says" --test doors --test prevalidator
cargo_test "misuse gives error codes" --test misuse --test arbitrary --lib

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
