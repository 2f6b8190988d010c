# "House II: layers that a newcomer sees."
#   SIGWARP_PROVE_ONLY="NAME…"   runs parts alone: imports
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
engine/src/dispatch/choice.rs|use crate::{BackendKind as _, Ed25519Rule, recover as innocent};|`use crate::recover` leads to the room `schemes`
engine/src/dispatch/trust.rs|use sha2 as innocent;|leads to sha2
engine/src/plan/path.rs|use crate::{backend::{self as lower}, batch::Column as _};|the room `backend`
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
    printf '#[cfg(test)]\nmod planted_tests {\n    use crate::dispatch::*;\n}\n' >>"$copy/engine/src/plan/path.rs"
    if checked; then pass "a module of tests may know more"; else short "a module of tests: $(grep -m 1 'leads to' "$work/out")"; fi
}

for part in ${SIGWARP_PROVE_ONLY:-imports}; do
    case "$part" in
    imports) "$part" ;;
    *) short "there is no part $part" ;;
    esac
done
