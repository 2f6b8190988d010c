# What the proofs of profiles share. They set `systems` and `vectors`, and have read scripts/prove.d/lib.sh.

# The path of the command to prove, in $command.
command_built() {
    command=${SIGWARP_COMMAND:-target/release/sigwarp}
    [ -n "${SIGWARP_COMMAND:-}" ] || cargo build --release --quiet --bin sigwarp
}

# The tests of $systems: every file of vectors on every backend of the machine, and damaged records.
cases() {
    local system
    for system in "${systems[@]}"; do
        if ! SIGWARP_VECTORS=$vectors cargo test --profile ci --test suite "${system//-/_}::" >"$work/out" 2>&1; then
            short "$system: $(grep -m 3 'panicked\|differ\|^error' "$work/out" | tr '\n' ' ')"
        elif [ "$(tests_passed)" = "0 passed" ]; then
            short "$system: no test has this name"
        else
            pass "$system: $(tests_passed), on every backend that this machine has"
        fi
    done
}

# Every truncation and every flipped bit of the records of which the tests of `cases` take some.
damage() {
    local system
    for system in "${systems[@]}"; do
        if SIGWARP_DAMAGE_ALL=1 SIGWARP_VECTORS=$vectors cargo test --profile ci --test suite "${system//-/_}::" -- --nocapture \
            >"$work/out" 2>&1; then
            pass "$system, damaged: $(tests_passed) $(grep -E 'damaged (records|keys|certificates|chains|messages|compact)|, [0-9]+ damaged' "$work/out" | tr '\n' ';')"
        else
            short "$system, damaged: $(grep -m 3 'panicked\|valid\|^error' "$work/out" | tr '\n' ' ')"
        fi
    done
}

# The same cases through the command, verdict by verdict.
through_command() {
    local system
    command_built
    for system in "${systems[@]}"; do
        # Rows that name a file of bytes, and what is changed in it, get the bytes themselves.
        python3 - "$vectors/profiles/$system" "$work/rows.jsonl" <<'PYTHON'
import gzip, json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
with open(sys.argv[2], "w") as rows:
    packed = folder / "cases.jsonl.gz"
    for row in map(json.loads, gzip.open(packed, "rt") if packed.exists() else open(folder / "cases.jsonl")):
        if "path" in row:
            data = bytearray((folder / row.pop("path")).read_bytes())
            for offset, digits in row.get("patch", []):
                changed = bytes.fromhex(digits)
                data[offset:offset + len(changed)] = changed
            data = data[:len(data) - row.get("cut", 0)]
            row["input"] = (data + bytes.fromhex(row.get("append", ""))).hex()
        print(json.dumps(row), file=rows)
PYTHON
        "$command" transactions --profile "$system" "$work/rows.jsonl" \
            --output "$work/$system.jsonl" >"$work/out" 2>"$work/err" || [ $? -eq 1 ] ||
            { short "$system: $(head -c 300 "$work/err")"; continue; }
        python3 - "$vectors/profiles/expected/$system.jsonl.gz" "$work/$system.jsonl" \
            "$vectors/profiles/$system/cases.jsonl.gz" >"$work/lines" <<'PYTHON'
import gzip, json, os, sys
def rows_of(name):
    return gzip.open(name, "rt") if os.path.exists(name) else open(name.removesuffix(".gz"))
expected = {row["id"]: row for row in map(json.loads, rows_of(sys.argv[1]))}
every = [json.loads(line) for line in open(sys.argv[2])]
rows = [row for row in every if "transaction" not in row and "block" not in row]
parts = {(row["id"], row.get("block"), row.get("transaction")): row for row in every}
# Names of reasons are ours for ledgers, and the evaluator's for the formats that list what is undecided.
def differs(row, of):
    names = ["verdict"] + (["reason", "undecided"] if "undecided" in of else []) + (["anchored"] if "anchored" in of else [])
    return any(row.get(name) != of[name] for name in names)
# A block or a file of them has the verdicts on its parts. The evaluator judges a block of NEO by its header alone.
def block_differs(row, of):
    status = row.get("status") or ""
    return status != "header-" + of["verdict"] if status.startswith("header-") else differs(row, of)
def wrong_parts(row, of):
    blocks = of.get("blocks") or [of]
    is_file = any(place[0] == row["id"] and place[1] is not None for place in parts)
    for place, block in enumerate(blocks):
        at = place if is_file else None
        if "blocks" in of and "verdict" in block["block"]:
            yield block_differs(parts[row["id"], at, None], block["block"])
        for number, transaction in enumerate(block["transactions"]):
            yield differs(parts[row["id"], at, number], transaction)
def is_wrong(row):
    of = expected[row["id"]]
    return differs(row, of) if "verdict" in of else any(wrong_parts(row, of))
wrong = [row["id"] for row in rows if is_wrong(row)]
signatures = sum(len(row["signatures"]) for row in every)
cases = sum(1 for _ in rows_of(sys.argv[3]))
good = not wrong and len(rows) == cases
print(f"{'pass' if good else 'short'}\t{len(rows)} of {cases} cases, {signatures} signatures, "
      f"{len(wrong)} with another verdict {' '.join(wrong[:5])}")
PYTHON
        sed -i "s/\t/\t$system through the command: /" "$work/lines"
        tell <"$work/lines"
    done
}

# fuzz INPUTS LEAST: changed seeds through the parsers and the folds of all systems, in counted memory, and one in 64 through two backends.
fuzz() {
    local inputs=${SIGWARP_TRANSACTIONS_INPUTS:-$1} least=$2 total=0 read system
    cargo build --release --quiet --target-dir target -p sigwarp-fuzz-bodies --example mutated
    for system in "${systems[@]}"; do
        if ! target/release/examples/mutated "inputs=$inputs" 1 "${system//-/_}" >"$work/out" 2>"$work/err"; then
            short "changed records: $(tail -n 1 "$work/out") $(grep -m 1 -A 1 panicked "$work/err" | tr '\n' ' ')"
            continue
        fi
        read=$(sed -n 's/^[a-z_0-9]*: \([0-9]*\) inputs.*/\1/p' "$work/out")
        total=$((total + read))
        pass "changed records: $(cat "$work/out")"
    done
    if [ "$total" -ge "$least" ]; then
        pass "changed records: $total executions in all"
    else
        short "changed records: $total executions in all; $least are asked for"
    fi
}

# beside PART…: ours beside alloy-consensus, solana-transaction, jsonwebtoken and coset. Differences by design are counted line
# by line.
beside() {
    if ! cargo build --release --quiet --locked --manifest-path differential/Cargo.toml --target-dir target 2>"$work/err"; then
        short "the workspace differential is not built: $(grep -m 1 '^error' "$work/err")"
        return
    fi
    target/release/sigwarp-differential "$vectors" "$@" >"$work/lines" 2>"$work/err" || [ $? -eq 1 ] ||
        short "$*: $(grep -m 1 -A 1 panicked "$work/err" | tr '\n' ' ')"
    tell <"$work/lines"
}
