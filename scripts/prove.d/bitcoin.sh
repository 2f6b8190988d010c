# "Bitcoin, whole blocks: every script decided."
#   SIGWARP_PROVE_ONLY=NAME          runs one part alone: cases, blocks, files, differential, speed
#   SIGWARP_COMMAND                  the command to prove, where it is not to be built: a release build of this commit
#   SIGWARP_BITCOIN_BYTES            how many bytes of block files are read, 10 GB if unset
#   SIGWARP_BITCOIN_INPUTS           how many changed inputs are compared with Bitcoin Core, 1,000,000 if unset
#   SIGWARP_BITCOIN_TARGET           where the workspace `differential/bitcoin` is built, target/bitcoin if unset
# Needs python3 for the parts of the command, and for the last two CMake and the headers of Boost (Debian: cmake, libboost-dev):
# the workspace `differential/bitcoin` builds Bitcoin Core's library, for some minutes.

machine
vectors=${SIGWARP_VECTORS:-$(cd .. && pwd)/shared/vectors}
systems=(bitcoin)
. scripts/lib/profiles.sh

# Blocks with the tests of their damage, and undo data.
blocks() {
    if SIGWARP_VECTORS=$vectors cargo test --profile ci -p sigwarp-profiles --test suite bitcoin_blocks:: \
        >"$work/out" 2>&1 && [ "$(tests_passed)" != "0 passed" ]; then
        pass "blocks: $(tests_passed)"
    else
        short "blocks: $(grep -m 3 'panicked\|differ\|^error' "$work/out" | tr '\n' ' ')"
    fi
    local block
    command_built
    for block in main:300025:chains/bitcoin-blocks/bcoin-block300025 main:367891:profiles/bitcoin/block367891 \
        main:866342:profiles/bitcoin/block866342 testnet3:928848:chains/bitcoin-blocks/bcoin-block928848; do
        one_block "${block%%:*}" "$(cut -d: -f2 <<<"$block")" "$vectors/${block##*:}"
    done
}

# one_block NETWORK HEIGHT PATH: a raw block with its undo data through the command.
one_block() {
    local end part
    [ -f "$3.raw" ] && end=raw || end=raw.gz
    for part in "" -undo; do
        if [ "$end" = raw ]; then cp "$3$part.raw" "$work/block$part.raw"; else gzip -dc "$3$part.raw.gz" >"$work/block$part.raw"; fi
    done
    if "$command" transactions "$work/block.raw" --profile bitcoin --network "$1" --height "$2" --context form=block \
        --previous-outputs "$work/block-undo.raw" --format json >"$work/out" 2>"$work/err"; then
        pass "block $2 of $1 through the command: $(field "$work/out" transactions) transactions, $(field "$work/out" signatures) signatures"
    else
        short "block $2 of $1 through the command: $(head -c 300 "$work/err") $(head -c 300 "$work/out")"
    fi
}

# Two blocks of testnet3, one after the other, over and over in the files of Bitcoin Core: the peak of resident memory.
files() {
    if cargo test --profile ci -p sigwarp-cli --test suite block_files:: >"$work/out" 2>&1 &&
        [ "$(tests_passed)" != "0 passed" ]; then
        pass "files of Bitcoin Core, shuffled, stale, cut and damaged: $(tests_passed)"
    else
        short "files of Bitcoin Core: $(grep -m 3 'panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
    command_built
    python3 scripts/lib/block-files.py "$command" "$vectors" "$work/blocks" "${SIGWARP_BITCOIN_BYTES:-10000000000}" \
        >"$work/lines" || short "block files: they could not be written"
    tell <"$work/lines"
}

# beside_core PART…: ours beside bitcoinkernel.
beside_core() {
    local target=${SIGWARP_BITCOIN_TARGET:-target/bitcoin}
    if ! command -v cmake >/dev/null || [ ! -d /usr/include/boost ]; then
        skip "$1: CMake and the headers of Boost are needed (Debian: cmake, libboost-dev)"
        return
    fi
    if ! cargo build --release --quiet --locked --manifest-path differential/bitcoin/Cargo.toml --target-dir "$target" \
        2>"$work/err"; then
        short "the workspace differential/bitcoin is not built: $(grep -m 1 '^error' "$work/err")"
        return
    fi
    "$target/release/sigwarp-differential-bitcoin" "$vectors" "$@" >"$work/lines" 2>"$work/err" || [ $? -eq 1 ] ||
        short "$*: $(grep -m 1 -A 1 panicked "$work/err" | tr '\n' ' ')"
    tell <"$work/lines"
}

for part in cases blocks files differential speed; do
    [ "${SIGWARP_PROVE_ONLY:-$part}" = "$part" ] || continue
    case $part in
    cases) cases ;;
    blocks) blocks ;;
    files) files ;;
    differential) beside_core scripts "${SIGWARP_BITCOIN_INPUTS:-1000000}" ;;
    speed) beside_core speed ;;
    esac
done
