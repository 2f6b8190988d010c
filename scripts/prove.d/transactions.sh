# "Raw transactions in, verdicts out: the profiles, with Ethereum, Solana, XRPL and Chainlink."
#   SIGWARP_PROVE_ONLY=NAME          runs one part alone: cases, command, memory, fuzz, differential, speed
#   SIGWARP_COMMAND                  the command to prove, where it is not to be built: a release build of this commit
#   SIGWARP_TRANSACTIONS_BYTES       how many bytes of transactions are streamed, 10 GB if unset
#   SIGWARP_TRANSACTIONS_INPUTS      how many changed records each of the four parsers reads, 2,500,000 if unset
# Needs python3 for the parts of the command, and a compiler of Rust 1.94 for the last two, whose workspace `differential`
# brings alloy and the SDK of Solana.

machine
vectors=${SIGWARP_VECTORS:-$(cd .. && pwd)/shared/vectors}
systems=(ethereum solana xrpl chainlink)

# The path of the command to prove, in $command.
command_built() {
    command=${SIGWARP_COMMAND:-target/release/sigwarp}
    [ -n "${SIGWARP_COMMAND:-}" ] || cargo build --release --quiet --bin sigwarp
}

# The tests of the profiles: every file of vectors on every backend of the machine, and damaged records.
cases() {
    local system
    for system in "${systems[@]}"; do
        if ! SIGWARP_VECTORS=$vectors cargo test --profile ci --test suite "$system::" >"$work/out" 2>&1; then
            short "$system: $(grep -m 3 'panicked\|differ\|^error' "$work/out" | tr '\n' ' ')"
        elif [ "$(tests_passed)" = "0 passed" ]; then
            short "$system: no test has this name"
        else
            pass "$system: $(tests_passed), on every backend that this machine has"
        fi
    done
}

# The same cases through the command, verdict by verdict.
through_command() {
    local system
    command_built
    for system in "${systems[@]}"; do
        "$command" transactions --profile "$system" "$vectors/profiles/$system/cases.jsonl.gz" \
            --output "$work/$system.jsonl" >"$work/out" 2>"$work/err" || [ $? -eq 1 ] ||
            { short "$system: $(head -c 300 "$work/err")"; continue; }
        python3 - "$vectors/profiles/expected/$system.jsonl.gz" "$work/$system.jsonl" >"$work/lines" <<'PYTHON'
import gzip, json, sys
expected = {row["id"]: row for row in map(json.loads, gzip.open(sys.argv[1], "rt"))}
rows = [json.loads(line) for line in open(sys.argv[2])]
wrong = [row["id"] for row in rows if row["verdict"] != expected[row["id"]]["verdict"]]
signatures = sum(len(row["signatures"]) for row in rows)
print(f"{'short' if wrong or not rows else 'pass'}\t{len(rows)} cases, {signatures} signatures, "
      f"{len(wrong)} with another verdict {' '.join(wrong[:5])}")
PYTHON
        sed -i "s/\t/\t$system through the command: /" "$work/lines"
        tell <"$work/lines"
    done
}

# Transactions of Solana, over and over, through standard input: the peak of resident memory.
memory() {
    command_built
    python3 - "$command" "$vectors/profiles/solana/cases.jsonl.gz" "${SIGWARP_TRANSACTIONS_BYTES:-10000000000}" \
        >"$work/lines" <<'PYTHON'
import gzip, os, subprocess, sys
command, cases, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3])
lines = gzip.open(cases, "rb").read()
process = subprocess.Popen([command, "transactions", "--profile", "solana", "--format", "json", "--quiet", "-"],
                           stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
given = peak = 0
try:
    while given < wanted:
        process.stdin.write(lines)
        given += len(lines)
        with open(f"/proc/{process.pid}/status") as status:
            peak = max([peak] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
    process.stdin.close()
except BrokenPipeError:
    pass  # It has ended; its status says why.
said = process.stderr.read()
ended = process.wait()
good = ended in (0, 1) and given >= wanted and peak < 500_000
print(f"{'pass' if good else 'short'}\t{given / 1e9:.1f} GB of rows streamed, status {ended}, at most {peak / 1000:.0f} MB "
      f"resident; to stay below 500 {said[:200].decode()}")
PYTHON
    tell <"$work/lines"
}

# Changed seeds through the parsers and the folds of all systems, in counted memory, and one in 64 through two backends.
fuzz() {
    local inputs=${SIGWARP_TRANSACTIONS_INPUTS:-2500000} total=0 read system
    cargo build --release --quiet --target-dir target -p sigwarp-fuzz-bodies --example mutated
    for system in "${systems[@]}"; do
        if ! target/release/examples/mutated "inputs=$inputs" 1 "$system" >"$work/out" 2>"$work/err"; then
            short "changed records: $(tail -n 1 "$work/out") $(grep -m 1 -A 1 panicked "$work/err" | tr '\n' ' ')"
            continue
        fi
        read=$(sed -n 's/^[a-z]*: \([0-9]*\) inputs.*/\1/p' "$work/out")
        total=$((total + read))
        pass "changed records: $(cat "$work/out")"
    done
    if [ "$total" -ge 10000000 ]; then
        pass "changed records: $total executions in all"
    else
        short "changed records: $total executions in all; 10000000 are asked for"
    fi
}

# beside PART…: ours beside alloy-consensus and solana-transaction, whose differences by design are counted line by line.
beside() {
    if ! cargo build --release --quiet --locked --manifest-path differential/Cargo.toml --target-dir target 2>"$work/err"; then
        short "the workspace differential is not built: $(grep -m 1 '^error' "$work/err")"
        return
    fi
    target/release/sigwarp-differential "$vectors" "$@" >"$work/lines" 2>"$work/err" || [ $? -eq 1 ] ||
        short "$*: $(grep -m 1 -A 1 panicked "$work/err" | tr '\n' ' ')"
    tell <"$work/lines"
}

for part in cases command memory fuzz differential speed; do
    [ "${SIGWARP_PROVE_ONLY:-$part}" = "$part" ] || continue
    case $part in
    cases) cases ;;
    command) through_command ;;
    memory) memory ;;
    fuzz) fuzz ;;
    differential) beside vectors flips ;;
    speed) beside speed ;;
    esac
done
