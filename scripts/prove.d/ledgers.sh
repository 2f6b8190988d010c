# "Permissioned ledgers: Fabric, FISCO BCOS, ChainMaker, NEO, Corda, BUMO, Diem, Chain Core."
#   SIGWARP_PROVE_ONLY=NAME          runs one part alone: cases, damage, command, fuzz, speed
#   SIGWARP_COMMAND                  the command to prove, where it is not to be built: a release build of this commit
#   SIGWARP_TRANSACTIONS_INPUTS      how many changed records each of the parsers reads, 1,700,000 if unset
# Needs python3 for the parts of the command; for the last Go, whose checks are the peer, and a compiler of Rust 1.94, since the
# workspace `differential` brings the other peers.

machine
vectors=${SIGWARP_VECTORS:-$(cd .. && pwd)/shared/vectors}
systems=(fabric fisco-bcos chainmaker neo corda bumo diem chain-core)
. scripts/lib/profiles.sh

# Blocks of Fabric beside Go's crypto/ecdsa, and what the others cost.
speed() {
    if ! command -v go >/dev/null; then
        skip "blocks of Fabric beside Go: no go here"
    else
        (cd differential/peers/fabric && go build -o "$work/fabric" .)
        export SIGWARP_FABRIC_PEER=$work/fabric
    fi
    beside ledgers
}

for part in cases damage command fuzz speed; do
    [ "${SIGWARP_PROVE_ONLY:-$part}" = "$part" ] || continue
    case $part in
    cases) cases ;;
    damage) damage ;;
    command) through_command ;;
    fuzz) fuzz 1700000 5000000 ;;
    speed) speed ;;
    esac
done
