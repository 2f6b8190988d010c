# "What devices send I: JWT, COSE, certificates, secure elements."
#   SIGWARP_PROVE_ONLY=NAME          runs one part alone: cases, damage, command, fleet, fuzz, speed
#   SIGWARP_COMMAND                  the command to prove, where it is not to be built: a release build of this commit
#   SIGWARP_FLEET                    how many devices send five tokens each, 1,000,000 if unset
#   SIGWARP_TRANSACTIONS_INPUTS      how many changed records each of the parsers reads, 1,700,000 if unset
# Needs python3 for the parts of the command, with the package cryptography for the fleet, and a compiler of Rust 1.94 for the
# last, whose workspace `differential` brings the peers.

machine
vectors=${SIGWARP_VECTORS:-$(cd .. && pwd)/shared/vectors}
systems=(jose cose x509 secure-element)
. scripts/lib/profiles.sh

# A fleet: each device has a key under its id and sends five tokens, in the order of chance. What a line costs, and memory.
fleet() {
    local devices=${SIGWARP_FLEET:-1000000}
    command_built
    if ! python3 -c 'import cryptography' 2>/dev/null; then
        skip "a fleet: Python's package cryptography is needed to sign its tokens"
        return
    fi
    python3 scripts/lib/fleet-of-tokens.py "$devices" "$work/jwks.json" "$work/tokens.txt"
    if "$command" transactions --profile jose --keys "$work/jwks.json" --format json --quiet "$work/tokens.txt" \
        >"$work/out" 2>"$work/err"; then
        "$command" transactions --profile jose --keys "$work/jwks.json" --format json "$work/tokens.txt" >"$work/out"
        pass "a fleet: $(python3 -c '
import json, sys
run = json.load(open(sys.argv[1]))
print(f"{run[\"valid\"]} tokens of {sys.argv[2]} devices in {run[\"seconds_total\"]:.1f} s, {run[\"seconds_verify\"]:.1f} of them in the engine, "
      f"at most {run[\"peak_rss_bytes\"] / 1e6:.0f} MB")' "$work/out" "$devices")"
    else
        short "a fleet: status $?: $(head -c 300 "$work/err")"
    fi
}

for part in cases damage command fleet fuzz speed; do
    [ "${SIGWARP_PROVE_ONLY:-$part}" = "$part" ] || continue
    case $part in
    cases) cases ;;
    damage) damage ;;
    command) through_command ;;
    fleet) fleet ;;
    fuzz) fuzz 1700000 5000000 ;;
    speed) beside devices ;;
    esac
done
