# "House II: layers that a newcomer sees."
#   SIGWARP_PROVE_ONLY="NAME…"   runs parts alone: imports additions vectors docs
#   SIGWARP_COMMAND=FILE         the command that the documentation is run with, where it is not to be built
#   SIGWARP_LAYERS_PROFILE=P     the profile that the tests are built with, ci if unset
#   SIGWARP_LAYERS_SUITE=FILE    the engine's test program `suite`, where it is not to be built

machine
layers_profile=${SIGWARP_LAYERS_PROFILE:-ci}

# Imports that rooms must not have, planted one by one in a copy of the sources: the test of the architecture, which is
# built once and told where the copy is, must fail on each, and name it.
imports() {
    local copy="$work/copy" suite file text names said
    suite=${SIGWARP_LAYERS_SUITE:-$(cargo test --profile "$layers_profile" --no-run --message-format=json -p sigwarp \
        --test suite 2>"$work/err" | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)} || true
    if [ ! -x "$suite" ]; then
        short "the tests of the engine do not build: $(grep -m 1 -A 4 '^error' "$work/err" | tr '\n' ' ')"
        return
    fi
    mkdir -p "$copy/fuzz/bodies"
    cp -r engine kernels "$copy"
    cp -r fuzz/bodies/src "$copy/fuzz/bodies"
    checked() { # what the test says of the copy, in $work/out
        SIGWARP_ARCHITECTURE="$copy" "$suite" --quiet architecture::imports:: >"$work/out" 2>&1
    }
    if checked; then
        pass "imports: nothing is refused as it is, $(grep -o '[0-9]* passed' "$work/out")"
    else
        short "imports: refused as it is: $(grep -m 3 'leads to\|circle\|panicked' "$work/out" | tr '\n' ' ')"
        return
    fi
    # A file of the sources, what is planted at its end, and what the message must name.
    while IFS='|' read -r file text names; do
        cp "$copy/$file" "$work/original"
        printf '\n%b\n' "$text" >>"$copy/$file"
        said="planted in $file: $text"
        if checked; then
            short "$said: not noticed"
        elif grep -F "$file:" "$work/out" | grep -qF "$names"; then
            pass "$said: $(grep -F "$file:" "$work/out" | grep -F "$names" | head -n 1 | sed 's/\. The room.*//; s/^ *//')"
        else
            short "$said: fails, but says nothing of $names: $(grep -m 1 'leads to\|panicked' "$work/out")"
        fi
        cp "$work/original" "$copy/$file"
    done <<'PLANTED'
engine/src/dispatch/choice.rs|use crate::{BackendKind as _, EcdsaRule as innocent};|`use crate::EcdsaRule` leads to the room `schemes`
engine/src/dispatch/trust.rs|use sha2 as innocent;|leads to sha2
engine/src/policy/costs.rs|use crate::{backend::{self as lower}, batch::Column as _};|the room `backend`
engine/src/plan/mod.rs|fn planted() { let _: Option<crate::SelfTestFailure> = None; }|the room `error`
engine/src/verdict.rs|use crate::dispatch::*;|the room `dispatch`
engine/src/keyring/ledger.rs|fn planted() { super::super::backend::cpu::start(); }|the room `backend/cpu`
engine/src/schemes/ed25519/wire.rs|fn planted() { assert!(std::thread::available_parallelism().is_ok()); }|leads to std::thread
engine/src/schemes/sm2/lanes.rs|use sigwarp_kernels::{field::FieldLanes as _, simd::avx2};|leads to sigwarp_kernels::simd::avx2
engine/src/schemes/mod.rs|macro_rules! planted { () => { $crate::prevalidator::Config::default() }; }|the room `prevalidator`
engine/src/backend/cpu/hash.rs|use wgpu::Device;|leads to wgpu::Device
engine/src/backend/gpu/ring.rs|pub(super) type Planted = dyn sigwarp_kernels::simd::Token;|leads to sigwarp_kernels::simd::Token
engine/src/error.rs|use crate as house;\nfn planted() { house::engine::Engine::builder(); }|leads to the whole crate
kernels/src/hash/keccak.rs|fn planted() { sigwarp::ethereum_address(&[0; 65]); }|leads to sigwarp::ethereum_address
kernels/src/field/mod.rs|use crate::curve::{edwards as innocent};|the room `curve`
kernels/src/multiscalar/mod.rs|use core::{arch::x86_64 as innocent, fmt as _};|leads to std::arch
PLANTED
    # A new file, a circle in a room, and a test, which may know more.
    mkdir "$copy/engine/src/cellar"
    echo >"$copy/engine/src/cellar/mod.rs"
    checked || true
    if grep -q 'cellar/mod.rs is in no room' "$work/out"; then pass "a new folder is in no room"; else short "a new folder: not noticed"; fi
    rm -r "$copy/engine/src/cellar"
    echo 'use super::ledger::Ledger as _;' >>"$copy/engine/src/keyring/orders.rs"
    checked || true
    if grep -q 'in a circle' "$work/out"; then
        pass "two modules of the key ring that know each other: $(grep -m 1 'orders.rs:' "$work/out" | sed 's/^ *//')"
    else
        short "two modules of the key ring that know each other: not noticed"
    fi
    cp engine/src/keyring/orders.rs "$copy/engine/src/keyring/orders.rs"
    printf '#[cfg(test)]\nmod planted_tests {\n    use crate::dispatch::*;\n}\n' >>"$copy/engine/src/plan/mod.rs"
    if checked; then pass "a module of tests may know more"; else short "a module of tests: $(grep -m 1 'leads to' "$work/out")"; fi
}

# What adding a thing touches: each patch of layers.d adds one, for this alone. It must apply to the sources as they are and
# compile, and touch no more files than these: one folder and one line, or one file and one line.
additions() {
    local tree="$work/tree" name what most
    git worktree prune
    git worktree add -q --detach "$tree" HEAD
    while IFS='|' read -r name most what; do
        if ! git -C "$tree" apply --index "$PWD/scripts/prove.d/layers.d/$name.patch" 2>"$work/err"; then
            short "$what: its patch does not apply any more: $(head -n 1 "$work/err")"
        elif ! (cd "$tree" && CARGO_TARGET_DIR="$work/additions" cargo check -q --tests -p sigwarp-kernels &&
            CARGO_TARGET_DIR="$work/additions" cargo check -q -p sigwarp -p sigwarp-datasets --features \
                sigwarp/gpu,sigwarp/oracle,sigwarp/emulated) 2>"$work/err"; then
            short "$what: does not compile: $(grep -m 1 -A 3 '^error' "$work/err" | tr '\n' ' ')"
        else
            git -C "$tree" diff --cached --stat HEAD | tee "$work/stat"
            local files
            files=$(git -C "$tree" diff --cached --name-only HEAD | wc -l)
            if [ "$files" -le "$most" ]; then
                pass "$what: $files files, $(tail -n 1 "$work/stat" | sed 's/^ *//')"
            else
                short "$what: $files files, where $most are meant"
            fi
        fi
        git -C "$tree" reset -q --hard
    done <<'ADDITIONS'
scheme|5|a scheme (ECDSA on P-256 over double SHA-256): its folder and its line
curve|6|a 256-bit curve (CryptoPro-A in the kernels, with its tests): its moduli, its constants, its table and the lines that name them
program|2|a device program (SHA-512/half with rows of its own): its shader and its value
format|2|a file format (cells separated by tabs): its file and its line in the list
ADDITIONS
    git worktree remove --force "$tree"
}

# The vectors of RFC 8032 for Ed25519ctx and Ed25519ph, and Wycheproof's for P-384 and RSA, on every backend of this machine
# and by the oracle.
vectors() {
    for tests in ed25519_variants wycheproof_one_by_one; do
        if cargo test --profile "$layers_profile" -p sigwarp --test suite -- "$tests::" >"$work/out" 2>&1; then
            pass "$tests: $(grep -o '[0-9]* passed' "$work/out"), no difference"
        else
            short "$tests: $(grep -m 3 'FAILED\|wrong' "$work/out" | tr '\n' ' ')"
        fi
    done
}

# Every command of README and docs.
docs() {
    local command=${SIGWARP_COMMAND:-}
    if [ -z "$command" ]; then
        cargo build -q --release --bin sigwarp
        command=${CARGO_TARGET_DIR:-target}/release/sigwarp
    fi
    if scripts/docs-commands "$command" >"$work/out" 2>&1; then
        pass "docs: $(tail -n 1 "$work/out")"
    else
        short "docs: $(grep -m 3 -i 'fail' "$work/out" | tr '\n' ' ')"
    fi
}

for part in ${SIGWARP_PROVE_ONLY:-imports additions vectors docs}; do
    case "$part" in
    imports | additions | vectors | docs) "$part" ;;
    *) short "there is no part $part" ;;
    esac
done
