# "The command: nothing lost, nothing overwritten."
#   SIGWARP_PROVE_ONLY=NAME   runs one part alone: faults, foreign, mutated, screens, start, generator
#   SIGWARP_COMMAND           the command to prove, where it is not to be built: a release build of this commit
#   SIGWARP_COMMAND_BASE      a release build of the commit to compare `gen` with; without it that part is skipped
#   SIGWARP_MUTATED_BYTES     how many bytes of changed files each of the three kinds is read, a third of 1 GB if unset
#   SIGWARP_FAULTS            a folder with small inputs and a script run.sh, which shows each fault that was found around
#                             the engine; without it that check is skipped

machine

# The path of the command to prove, in $command.
command_built() {
    command=${SIGWARP_COMMAND:-target/release/sigwarp}
    [ -n "${SIGWARP_COMMAND:-}" ] || cargo build --release --quiet --bin sigwarp
}

# A start of the command for one item: what that item's scheme rests on is tested, and nothing else. From the call to
# the end of the process, with a file that is in the cache.
start() {
    local scheme rule row turn begin end middle most=30
    command_built
    while read -r scheme rule; do
        row="$work/$scheme.jsonl"
        "$command" gen --rows 1 --mix "$scheme:$rule=1" --bad 0 --output "$row" >"$work/out"
        for turn in {1..20}; do
            begin=${EPOCHREALTIME/[.,]/}
            "$command" verify "$row" >"$work/out" 2>"$work/err" || echo "ended with status $? in turn $turn" >>"$work/failed"
            end=${EPOCHREALTIME/[.,]/}
            echo $((end - begin))
        done | sort -n >"$work/times"
        if [ -e "$work/failed" ]; then
            short "one $scheme item: $(head -n 1 "$work/failed"): $(head -c 200 "$work/err")"
            rm "$work/failed"
            continue
        fi
        middle=$(awk '{ t[NR] = $1 } END { printf "%.1f", (t[10] + t[11]) / 2000 }' "$work/times")
        if awk "BEGIN { exit !($middle < $most) }"; then
            pass "one $scheme item in $middle ms, the median of 20 starts; to stay below $most"
        else
            short "one $scheme item in $middle ms, the median of 20 starts; to stay below $most"
        fi
    done <<'SCHEMES'
ed25519 zip215
ecdsa-p256 ecdsa
ecdsa-p256-sha256 ecdsa-low-s
ecdsa-secp256k1 ecdsa
ecdsa-secp256k1-sha256 ecdsa
ecdsa-secp256k1-sha256d ecdsa-low-s
ecdsa-secp256k1-keccak256 ecdsa
schnorr-bip340 bip340
sm2-sm3 sm2
sm2 sm2
SCHEMES
}

# The generator beside another build of it: the same bytes in less time, and two threads over one. Processor time is of
# pairs that follow each other, one thread each; the figure is the median of their ratios.
generator() {
    command_built
    if [ ! -x "${SIGWARP_COMMAND_BASE:-}" ]; then
        skip "the generator beside another build: set SIGWARP_COMMAND_BASE to a release build of the command"
        return
    fi
    python3 - "$SIGWARP_COMMAND_BASE" "$command" "$work" "$(nproc)" >"$work/lines" <<'PYTHON'
import glob, hashlib, os, statistics, subprocess, sys, time

base, new, work, cores = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

def say(what, text):
    print(what, text, sep="\t")

def run(binary, arguments, threads, name):
    """Wall and processor seconds of a run, and its files."""
    files = [os.path.join(work, name.format(kind)) for kind in ("rows", "keys")]
    command = [binary, "gen", *[argument.format(rows=files[0], keys=files[1]) for argument in arguments]]
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "RAYON_NUM_THREADS": str(threads)})
    wall, after = time.perf_counter() - start, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent, [path for start in files for path in sorted(glob.glob(start + ".*"))]

def digest(files):
    found = []
    for path in files:
        with open(path, "rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
        os.remove(path)
    return found

every = []
for scheme, rules, encodings in [
    ("ed25519", "zip215 rfc8032 strict donna libsodium", "raw"),
    ("ecdsa-p256", "ecdsa ecdsa-low-s", "raw der"),
    ("ecdsa-p256-sha256", "ecdsa ecdsa-low-s", "raw der der-lax der-trailing"),
    ("ecdsa-secp256k1", "ecdsa ecdsa-low-s", "raw raw-v"),
    ("ecdsa-secp256k1-sha256", "ecdsa ecdsa-low-s", "raw der-bip66"),
    ("ecdsa-secp256k1-sha256d", "ecdsa", "der-lax"),
    ("ecdsa-secp256k1-keccak256", "ecdsa-low-s", "raw-v"),
    ("schnorr-bip340", "bip340", "raw"),
    ("sm2-sm3", "sm2", "raw der"),
    ("sm2", "sm2", "raw der"),
]:
    every += [f"{scheme}:{rule}:{encoding}=1" for rule in rules.split() for encoding in encodings.split()]
mix = [argument for share in every for argument in ("--mix", share)]
rows, keys = "{rows}.jsonl", "{keys}.jsonl"
sets = {
    "the default mix": ["--rows", "20000", "--output", rows],
    "another seed, keys in a file": ["--rows", "20000", "--seed", "77", "--output", rows, "--keys-output", keys],
    "every suite, half of the rows bad": ["--rows", "30000", *mix, "--bad", "0.5", "--devices", "16", "--output", rows],
    "every suite, all rows bad, a Zipf law": ["--rows", "9000", *mix, "--bad", "1", "--zipf", "1.1", "--output", rows],
    "long messages": ["--rows", "3000", *mix, "--message", "0-40000", "--bad", "0.1", "--output", rows],
    "SenML in CBOR, Parquet": ["--rows", "20000", "--message", "senml-cbor", "--output", "{rows}.parquet"],
    "one row": ["--rows", "1", "--output", rows],
}
for title, arguments in sets.items():
    found = [digest(run(binary, arguments, threads, name)[2])
             for binary, threads, name in [(base, cores, "base-{}"), (new, cores, "new-{}"), (new, 1, "one-{}")]]
    same = found[0] == found[1] == found[2] and found[0]
    say("pass" if same else "short", f"the same bytes: {title}")

count, most, least = 60000, 0.6, 1.8
timed = ["--rows", str(count), "--output", rows]
pairs = []
for turn in range(5):
    sides = [base, new] if turn % 2 else [new, base]
    spent = {}
    for binary in sides:
        _, spent[binary], files = run(binary, timed, 1, "timed-{}")
        digest(files)
    pairs.append((spent[base], spent[new]))
ratio = statistics.median(after / before for before, after in pairs)
each = [statistics.median(side) / count * 1e6 for side in zip(*pairs)]
say("pass" if ratio <= most else "short",
    f"processor time of a row: {each[1]:.1f} µs against {each[0]:.1f}, {ratio:.2f} of it (5 pairs); at most {most}")
if cores < 2:
    say("skip", "two threads over one: there is one core here")
else:
    gains = []
    for _ in range(5):
        walls = []
        for threads in (1, 2):
            wall, _, files = run(new, timed, threads, "timed-{}")
            digest(files)
            walls.append(wall)
        gains.append(walls[0] / walls[1])
    gain = statistics.median(gains)
    say("pass" if gain >= least else "short", f"two threads over one: {gain:.2f} times the rows (5 pairs); at least {least}")
PYTHON
    tell <"$work/lines"
}

# Every kind of fault as a table test, and the inputs with which each was found.
faults() {
    if cargo test --quiet --profile ci -p sigwarp-cli --test suite faults:: >"$work/out" 2>&1; then
        pass "table tests of every kind of fault: $(tests_passed)"
        grep '^SKIPPED' "$work/out" | while read -r line; do echo "#        $line"; done || true
    else
        short "table tests: $(grep -m 3 'panicked\|^error' "$work/out" | tr '\n' ' ')"
    fi
    if [ ! -x "${SIGWARP_FAULTS:-}/run.sh" ]; then
        skip "the inputs with which the faults were found: set SIGWARP_FAULTS to a folder with a run.sh"
        return
    fi
    command_built
    if ! "$SIGWARP_FAULTS/run.sh" "$command" >"$work/out" 2>"$work/err"; then
        short "run.sh: $(tail -n 1 "$work/err")"
        return
    fi
    python3 - "$work/out" >"$work/lines" <<'PYTHON'
# What is expected of each kind stands in words beside it; this says the same to a program.
import re, sys

def every(pattern, count=1):
    return lambda lines: len(lines) >= count and all(re.fullmatch(pattern, line) for line in lines)

expected = {
    "wide-id-panic": every(r"row\.\w+: exit 1 \d+ bytes of summary; ", 2),
    "control-characters": every(r"verify table: 0 raw ESC/CR bytes, forged line: 0|hash: 0 raw ESC in the error", 2),
    "output-is-input": every(r'verify: exit 2, rows\.jsonl now: \{"id": "0", "scheme".*|keys: exit 2, keys\.jsonl now: \{"public_key".*|gen: exit 2 \(.+\); g\.jsonl exists: +lines', 3),
    "rows-before-a-bad-row": every(
        r'verify: "items":3,"valid":2,"invalid":1|verdicts kept: 3|hash --column of the same file: 3 digests', 3),
    "duplicate-parquet-columns": every(r"exit 2"),
    "hash-abort": every(r"exit 124: |exit [23]: .*big\.bin.*"),
    "bom": every(r"exit 0: |exit 2: .*byte order mark.*"),
    "hash-names": every(r"check exit 0"),
    "hash-lost-digests": every(r"digests: 1"),
    "two-recovery-ids": every(r"row9?: exit 2", 2),
    "doubled-json-fields": every(r"(null-first|expected): exit 2", 2),
    "exit-status": every(r".*: 2", 3),
}

def partial(lines):
    found = {form: (int(items), int(count)) for form, items, count in re.findall(
        r'(\w+): counted "items":(\d+); in v2\.\w+\.partial: (\d+) lines', "\n".join(lines))}
    # Lines are not the rows of a Parquet file, but without its end there would be fewer bytes than in a page.
    size = re.search(r"parquet: .* (\d+) bytes", "\n".join(lines))
    return len(found) == 2 and found["jsonl"] == (20000, 20000) and found["parquet"][0] == 20000 and int(size[1]) > 20000

def threads(lines):
    times = [re.fullmatch(r"--threads \d+: (\d+) ms for one row", line) for line in lines]
    return len(times) == 3 and all(times) and int(times[-1][1]) < 3 * int(times[0][1]) + 100

def merkle(lines):
    return len(lines) >= 2 and any("ambiguous" in line for line in lines)

expected.update({"partial": partial, "threads": threads, "ambiguous-merkle": merkle})
kinds = {}
for line in open(sys.argv[1], errors="replace").read().splitlines():
    heading = re.fullmatch(r"== (\S+) \| expected: (.*)", line)
    if heading:
        lines = kinds.setdefault(heading[1], [])
    elif line:
        lines.append(line.removeprefix("  "))
for kind in sorted(expected.keys() | kinds.keys()):
    lines = kinds.get(kind, [])
    good = kind in expected and expected[kind](lines)
    print("pass" if good else "short", f"{kind}: {'; '.join(lines)[:300]}", sep="\t")
PYTHON
    tell <"$work/lines"
}

# The same rows as Parquet by pyarrow, pandas, polars, DuckDB and fastparquet.
foreign() {
    if ! python3 -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)' 2>/dev/null; then
        skip "files of other programs: they are written with Python 3.11, venv and pip"
        return
    fi
    command_built
    local status=0
    scripts/foreign-files "$command" >"$work/out" 2>"$work/err" || status=$?
    if ! grep -q ' SHORT$' "$work/out"; then
        # Without its last line it did not come to the files: most often pip found no network.
        skip "files of other programs: $(tail -n 1 "$work/err")"
        return
    fi
    sed -n 's/^SHORT *//p' "$work/out" | while read -r line; do echo "#        $line"; done
    if [ "$status" -eq 0 ]; then
        pass "files of other programs: $(tail -n 1 "$work/out")"
    else
        short "files of other programs: $(tail -n 1 "$work/out")"
    fi
}

# Changed files of every format through the readers: no panic, no hang, bounded memory.
mutated() {
    local bytes=${SIGWARP_MUTATED_BYTES:-333333334} most=512 target
    cargo build --release --quiet -p sigwarp-fuzz-bodies --example mutated
    for target in jsonl text parquet; do
        if ! target/release/examples/mutated "$bytes" 1 "$target" >"$work/out" 2>"$work/err"; then
            short "changed files: $(tail -n 1 "$work/out")"
        elif awk -v most="$most" 'match($0, /at most [0-9]+ MiB/) { good = substr($0, RSTART + 8) + 0 <= most } END { exit !good }' "$work/out"; then
            pass "changed files: $(cat "$work/out"); to stay below $most MiB"
        else
            short "changed files: $(cat "$work/out"); to stay below $most MiB"
        fi
    done
}

# The screens of the guide are what the command prints.
screens() {
    command_built
    if scripts/screens --check "$command" >"$work/out" 2>&1; then
        pass "screens of docs/guide.md: $(grep -c '^\$ sigwarp' docs/guide.md) blocks"
    else
        short "screens of docs/guide.md: $(tail -n 1 "$work/out")"
    fi
}

for part in ${SIGWARP_PROVE_ONLY:-faults foreign mutated screens start generator}; do
    "$part"
done
