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
. scripts/lib/profiles.sh

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

for part in cases command memory fuzz differential speed; do
    [ "${SIGWARP_PROVE_ONLY:-$part}" = "$part" ] || continue
    case $part in
    cases) cases ;;
    command) through_command ;;
    memory) memory ;;
    fuzz) fuzz 2500000 10000000 ;;
    differential) beside vectors flips ;;
    speed) beside speed ;;
    esac
done
