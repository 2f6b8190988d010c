#!/usr/bin/env python3
"""Audits a folder of block files of Hyperledger Fabric: every signature, id and hash in them, and that blocks follow one another.

    python3 fabric_audit.py FOLDER                 every file of blocks in it (blockfile_000000 and the like, *.bin)
    python3 fabric_audit.py FOLDER MSPS.json       with the MSPs of the channel and its policies: what members they decide on

MSPS.json is an object with any of the fields "msps", "endorsement_policy", "endorsement_policies", "block_policy" and
"identities" of the profile "fabric". Prints a line for each file, then the codes of its transactions with their numbers, then one for
each transaction that is invalid. Ends with status 1 where something is invalid. SIGWARP_LIBRARY names the library, as in batch.py.
"""

import json
import pathlib
import sys
from collections import Counter
from ctypes import POINTER, byref, c_int32, c_size_t, c_uint64

from batch import Error, Handle, call
from transactions import VERDICTS, Report, context, library, text


def within(lib, reports, record):
    """The handle of the reports within a record, and how many there are."""
    inner, length = Handle(), c_size_t()
    call(lib.sigwarp_reports_transactions, reports, record, byref(inner))
    call(lib.sigwarp_reports_length, inner, byref(length))
    return inner, length.value


def codes(lib, reports, count):
    """The verdict of each, with its reason or all that it waits for."""
    if count == 0:
        return []
    read = (Report * count)()
    call(lib.sigwarp_reports_read, reports, 0, count, read)
    found = []
    for place, report in enumerate(read):
        reasons = [report.reason.decode()] if report.reason else []
        if VERDICTS[report.verdict] == "undecided":
            reasons = json.loads(text(lib, reports, place)).get("undecided") or reasons
        found.append((VERDICTS[report.verdict], ", ".join(reasons)))
    return found


def audit(lib, engine, made, path):
    """Prints what became of a file; says whether nothing in it is invalid."""
    record = path.read_bytes()
    reports = Handle()
    call(
        lib.sigwarp_transactions_verify,
        engine,
        (Handle * 1)(made),
        1,
        None,
        1,
        record,
        len(record),
        (c_uint64 * 2)(0, len(record)),
        byref(reports),
    )
    [(verdict, reason)] = codes(lib, reports, 1)
    blocks, count = within(lib, reports, 0)
    print(f"{path.name}: {count} blocks, {verdict} {reason}".rstrip())
    counts, good = Counter(), verdict != "invalid"
    for place, block in enumerate(codes(lib, blocks, count)):
        if block[0] != "valid":
            print(f"  block {place} of the file: {' '.join(block)}")
        inside, transactions = within(lib, blocks, place)
        for number, transaction in enumerate(codes(lib, inside, transactions)):
            counts[transaction] += 1
            if transaction[0] == "invalid":
                good = False
                print(f"  block {place}, transaction {number}: {' '.join(transaction)}")
        call(lib.sigwarp_reports_free, inside)
    for code, number in sorted(counts.items()):
        print(f"  {number} transactions {' '.join(code)}".rstrip())
    for handle in (blocks, reports):
        call(lib.sigwarp_reports_free, handle)
    return good


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    lib = library()
    for name, given in [
        ("sigwarp_reports_transactions", [Handle, c_size_t, POINTER(Handle), POINTER(Error)]),
        ("sigwarp_reports_length", [Handle, POINTER(c_size_t), POINTER(Error)]),
    ]:
        function = getattr(lib, name)
        function.restype, function.argtypes = c_int32, given
    fields = [("kind", "blockfile")]
    if len(arguments) == 2:
        given = json.loads(pathlib.Path(arguments[1]).read_text(encoding="utf-8"))
        fields += [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in given.items()]
    engine, made = Handle(), context(lib, "fabric", fields)
    call(lib.sigwarp_engine_new, None, byref(engine))
    files = sorted(path for path in pathlib.Path(arguments[0]).iterdir() if path.is_file())
    files = [path for path in files if path.name.startswith("blockfile") or path.suffix == ".bin"]
    if not files:
        print(f"{arguments[0]}: no files of blocks", file=sys.stderr)
        return 2
    good = [audit(lib, engine, made, path) for path in files]
    print(f"{len(files)} files, {good.count(False)} with something invalid")
    call(lib.sigwarp_transaction_context_free, made)
    call(lib.sigwarp_engine_free, engine)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
