# "Ed25519 in lanes": ratios to peers, the cost model, tails, message lengths, the matrix. About five minutes
# after the builds.
#   SIGWARP_BENCH_CLOCK=cpu  for a machine that others use at the same time; rows with two threads need `wall`
#   SIGWARP_PLOT=FILE        keeps the plot of total(n)

machine
for flag in avx2 avx512f avx512vl avx512ifma sha_ni; do
    grep -qw "$flag" /proc/cpuinfo && has="${has:+$has }$flag"
done
clock=${SIGWARP_BENCH_CLOCK:-wall}
printf '# features: %s; clock: %s; load: %s\n' "${has:-none of those looked for}" "$clock" "$(cut -d' ' -f1 /proc/loadavg)"
plot=${SIGWARP_PLOT:-$work/totals.svg}
features=(--release -p sigwarp-bench --features ed25519-dalek,commonware)
cargo build --quiet "${features[@]}"
cargo build --quiet --release -p sigwarp --example ed25519_cost --example ed25519_totals --example ed25519_messages
bench() { cargo run --quiet "${features[@]}" -- "$@" >>"$work/bench.txt"; }
example() { local name=$1; shift; "target/release/examples/$name" "$@"; }

# Lines of `pass`, `short`, `skip` or `note`, a tabulator, and the text.
tell() {
    local what text
    while IFS=$'\t' read -r what text; do
        case "$what" in
        pass) pass "$text" ;;
        short) short "$text" ;;
        skip) skip "$text" ;;
        *) printf '#        %s\n' "$text" ;;
        esac
    done
}

# The targets of the strict rule and of single signatures, and two threads over one.
if command -v python3 >/dev/null; then
    for row in strict/n= strict/avx2 strict/portable single/; do
        bench targets --filter "targets/$row" --clock "$clock" --json "$work/bench-${row//[\/=]/-}.json"
    done
    if [ "$(nproc)" -ge 2 ]; then
        for row in strict/2 commonware/2; do
            bench run --suite threads --filter "threads/$row" --clock wall --json "$work/bench-threads-${row//\//-}.json"
        done
    fi
    python3 - "$work"/bench-*.json >"$work/lines" <<'PYTHON'
import json, sys
rows, checks = {}, []
for path in sys.argv[1:]:
    report = json.load(open(path))
    checks.append(report["self_check"]["ratio"]["median"])
    rows.update((row["id"], row) for row in report["rows"])

def say(what, text):
    print(what, text, sep="\t")

def figures(row):
    ratio, subject, baseline = row["ratio"], row["subject"], row["baseline"]
    text = (f"{row['title']}: {ratio['median']:.2f} × {baseline['contender']} "
            f"(p10 {ratio['p10']:.2f}, p90 {ratio['p90']:.2f}; {subject['ns_per_item']['median']:.0f} against "
            f"{baseline['ns_per_item']['median']:.0f} ns, {subject['backend'] or 'peer'}")
    if row["required"]:
        text += f"; to reach {row['required']:g}, {ratio['median'] / row['required']:.2f} of it"
    return text + ")" + "".join(f" [{warning}]" for warning in row["warnings"])

say("note", "self-checks, a function against itself: " + ", ".join(f"{check:.3f}" for check in checks))
for name, row in rows.items():
    if name.startswith("threads/"):
        continue
    if row["ratio"] is None:
        say("skip", f"{row['title']}: {'; '.join(row['notes'])}")
    elif row["required"] is None:
        say("note", figures(row))
    else:
        say("pass" if row["ratio"]["median"] >= row["required"] else "short", figures(row))
ours, peer = rows.get("threads/strict/2"), rows.get("threads/commonware/2")
if not ours or not peer or not ours["ratio"] or not peer["ratio"]:
    say("skip", "two cores over one: there is one core here, or no peer")
else:
    own, its = ours["ratio"]["median"], peer["ratio"]["median"]
    text = f"{figures(ours)}; the peer beside it: {figures(peer)}"
    if own >= 1.9:
        say("pass", text)
    elif ours["warnings"]:
        say("skip", "two cores: other processes used them, so the figure is none: " + text)
    elif its < 1.9:
        say("skip", "two cores: the peer does not reach 1.9 here either, so nothing is shown: " + text)
    else:
        say("short", text)
PYTHON
    tell <"$work/lines"
else
    skip "targets and two cores: the reports are read with python3"
fi

# Operations counted by an instrumented field, times one of each, beside the measurement.
if example ed25519_cost >"$work/cost.csv" 2>"$work/err"; then
    # One signature has whole vectors to itself, so they are counted as vectors; otherwise lanes.
    awk -F, 'NR > 1 {
        lanes = $3 == 1 ? 1 : $2
        unit = $3 == 1 ? sprintf("vectors of %d", $2) : "lanes"
        per = lanes / $3
        printf "pass\tcost model, %s, n=%d: %.0f multiplications × %.2f ns + %.0f squarings × %.2f ns = %.0f ns a signature (%s); ",
            $1, $3, $4 * per, $8 / lanes, $5 * per, $9 / lanes, $10, unit
        printf "measured %.0f ns, %.2f × the product (%.0f additions, %.0f carries)", $14, $15, $6 * per, $7 * per
        if ($3 == 1) printf "; the product of one chain alone %.0f ns", $13
        print ""
    }' "$work/cost.csv" >"$work/lines"
    tell <"$work/lines"
else
    short "cost model: $(head -c 300 "$work/err")"
fi

# total(n + 1) ≤ total(n) + total(1), with 3 % for what the clock and other processes add.
label=", $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), commit $(git rev-parse --short HEAD)"
for backend in auto avx2 portable; do
    options=(--seconds 15)
    [ "$backend" = auto ] && options+=(--svg "$plot" --label "$label") || options+=(--backend "$backend")
    if ! example ed25519_totals "${options[@]}" >"$work/totals.csv" 2>"$work/err"; then
        skip "total(n+1) ≤ total(n) + total(1), $backend: $(grep -m 1 -v '^$\|panicked\|note:' "$work/err")"
        continue
    fi
    awk -F, 'NR > 2 {
        ratio = $3 + 0
        if (ratio > most) { most = ratio; at = $1 - 1 }
        if (ratio > 1.03) { over++; list = list sprintf(" %d (%.3f)", $1 - 1, ratio) }
    } END {
        if (over) printf "%d of 130 n are over by more than 3 %%:%s", over, list
        else printf "all n from 1 to 130, the largest ratio %.3f at n = %d, 1.03 allowed", most, at
    }' "$work/totals.csv" >"$work/verdict"
    if grep -q '^all' "$work/verdict"; then
        pass "total(n+1) ≤ total(n) + total(1), $backend: $(cat "$work/verdict")"
    else
        short "total(n+1) ≤ total(n) + total(1), $backend: $(cat "$work/verdict")"
    fi
done

# Every verdict against ed25519-dalek, and the rate.
if example ed25519_messages >"$work/messages.csv" 2>"$work/err"; then
    awk -F, 'NR > 1 {
        printf "pass\tmessages of 0 to 4096 bytes mixed, %s: %d verdicts as ed25519-dalek gives them, %d of them valid", $1, $2, $3
        if ($4) printf "; n=%d, %d bytes on average: %d ns, %.2f × that of 128 bytes (%d ns); %.2f × dalek verify_strict (%d ns)",
            $4, $5, $6, $8, $7, $10, $9
        print ""
    }' "$work/messages.csv" >"$work/lines"
    tell <"$work/lines"
else
    short "messages of 0 to 4096 bytes: $(head -c 300 "$work/err")"
fi

# All nine rules on every backend that the CPU has, reasons included.
required=portable,emulated
for pair in avx512:avx512ifma avx2:avx2; do
    if grep -qw "${pair#*:}" /proc/cpuinfo; then
        required="${pair%:*},$required"
    else
        skip "matrix on ${pair%:*}: this CPU has no ${pair#*:}"
    fi
done
if SIGWARP_REQUIRE_BACKENDS="$required" cargo test --quiet --profile ci -p sigwarp --test matrix >"$work/out" 2>&1; then
    pass "matrix on $required, nine rules, reasons included: $(grep -m 1 -o '[0-9]* passed' "$work/out")"
else
    short "matrix on $required: $(grep -m 3 'FAILED\|panicked\|^error' "$work/out" | tr '\n' ' ')"
fi
