#!/usr/bin/env python3
"""A collector of what devices send: verifies COSE messages in batches by ctypes, and says which hold.

    python3 collector.py                                        the message of RFC 9052, appendix C.2.1, here
    python3 collector.py ROWS.jsonl.gz                          prints a line for each row
    python3 collector.py ROWS.jsonl.gz EXPECTED.jsonl.gz        compares with the rows of the same id, and counts

A row has the message in hexadecimal digits as "input", what it is as "kind" (sign1, sign, cwt or eat), and under "options" the
fields of its context: keys, external_aad, payload. A collector whose devices share their keys makes one context and uses it for all. SIGWARP_LIBRARY names the library,
as in batch.py.
"""

import json
import sys
from collections import Counter
from ctypes import byref

from batch import Handle, call
from transactions import VERDICTS, context, library, rows_of, verify

# Messages that are verified together.
BATCH = 4096


def fields(row):
    """The fields of a row as a context has them: what is no text as JSON."""
    options = {"kind": row["kind"], **row["options"]}
    return tuple(
        (name, value if isinstance(value, str) else json.dumps(value)) for name, value in options.items() if value is not None
    )


def judge(lib, engine, rows):
    """The report of each row as the object that its JSON is."""
    contexts, found = {}, []
    for start in range(0, len(rows), BATCH):
        records = []
        for row in rows[start : start + BATCH]:
            of = fields(row)
            if of not in contexts:
                contexts[of] = context(lib, "cose", of)
            records.append((contexts[of], bytes.fromhex(row["input"])))
        found += [json.loads(text) for text in verify(lib, engine, records)[1]]
    for made in contexts.values():
        call(lib.sigwarp_transaction_context_free, made)
    return found


def main(arguments):
    if len(arguments) > 2:
        print(__doc__, file=sys.stderr)
        return 2
    lib, engine = library(), Handle()
    call(lib.sigwarp_engine_new, None, byref(engine))
    rows = rows_of(arguments[0]) if arguments else EXAMPLE
    expected = rows_of(arguments[1]) if len(arguments) == 2 else [] if arguments else EXPECTED
    known = {row["id"]: row for row in expected}
    reports, different = judge(lib, engine, rows), 0
    for row, report in zip(rows, reports):
        said = report["verdict"], report["reason"], report["undecided"]
        if not known:
            print(f"{row['id']}: {said[0]} {said[1] or ' '.join(said[2])}".rstrip())
        elif said != tuple(known[row["id"]][name] for name in ("verdict", "reason", "undecided")):
            print(f"{row['id']} is {said}, expected {known[row['id']]}")
            different += 1
    counts = Counter(report["verdict"] for report in reports)
    counts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS[1:])
    print(f"{len(reports)} messages: {counts}" + (", all as expected" if known and not different else ""))
    call(lib.sigwarp_engine_free, engine)
    return 1 if different else 0


KEY = {
    "crv": "p256",
    "kid": "3131",
    "key": "04bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff"
    "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e",
}
MESSAGE = (
    "d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840"
    "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e"
    "2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"
)
EXAMPLE = [
    {"id": "RFC 9052", "kind": "sign1", "input": MESSAGE, "options": {"keys": [KEY]}},
    {"id": "another payload", "kind": "sign1", "input": MESSAGE.replace("546869", "546969"), "options": {"keys": [KEY]}},
    {"id": "no key", "kind": "sign1", "input": MESSAGE, "options": {"keys": []}},
]
EXPECTED = [
    {"id": "RFC 9052", "verdict": "valid", "reason": None, "undecided": []},
    {"id": "another payload", "verdict": "invalid", "reason": "signature: EquationFailed", "undecided": []},
    {"id": "no key", "verdict": "undecided", "reason": None, "undecided": ["NeedsKey"]},
]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
