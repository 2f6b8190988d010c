#!/usr/bin/env python3
"""Judges the transactions of a file of rows by ctypes, and prints what became of each: verdict, reason, sender.

    python3 transactions.py                                     a transaction of Ethereum, here
    python3 transactions.py PROFILE ROWS.jsonl.gz               prints a line for each row
    python3 transactions.py PROFILE ROWS.jsonl.gz EXPECTED.jsonl.gz
                                                                compares with the rows of the same id, and counts

PROFILE is ethereum or solana. A row has the bytes of a transaction in hexadecimal digits as "raw", and the fields of its
context. SIGWARP_LIBRARY names the library, as in batch.py.
"""

import ctypes
import gzip
import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_uint64

import batch
from batch import Error, Handle, SigwarpError, call

PRIORITY_MEMPOOL = 1
FOREVER = 2**64 - 1
VERDICTS = ["not computed", "valid", "invalid", "undecided"]

# The fields of a row that say what its bytes do not.
CONTEXT_FIELDS = {
    "ethereum": ["chain_id", "fork", "form", "network_form", "number", "timestamp", "from"],
    "solana": ["accept_v1", "rule"],
}


class Report(ctypes.Structure):
    """sigwarp_report."""

    _fields_ = [
        ("signatures", c_size_t),
        ("transactions", c_size_t),
        ("which", c_int64),
        ("at", c_int64),
        ("verdict", c_uint8),
        ("sender_length", c_uint8),
        ("tx_id_length", c_uint8),
        ("reserved", c_uint8 * 5),
        ("sender", c_uint8 * 32),
        ("tx_id", c_uint8 * 64),
        ("reason", c_char * 64),
    ]

    def summary(self):
        """Verdict, reason and sender, as the rows of expected verdicts have them."""
        sender = bytes(self.sender[: self.sender_length]).hex()
        return VERDICTS[self.verdict], self.reason.decode() or None, sender or None


def library():
    """The library with the signatures of the functions used here."""
    lib = batch.library()
    offsets, error = POINTER(c_uint64), POINTER(Error)
    signatures = {
        "sigwarp_transaction_context_new": [c_char_p, POINTER(c_char_p), c_size_t, POINTER(Handle), error],
        "sigwarp_transaction_context_free": [Handle, error],
        "sigwarp_transactions_verify": [Handle, POINTER(Handle), c_size_t, POINTER(c_uint32), c_size_t, c_char_p]
        + [c_size_t, offsets, POINTER(Handle), error],
        "sigwarp_reports_read": [Handle, c_size_t, c_size_t, POINTER(Report), error],
        "sigwarp_reports_json": [Handle, c_size_t, ctypes.c_void_p, c_size_t, POINTER(c_size_t), error],
        "sigwarp_reports_free": [Handle, error],
        "sigwarp_transaction_prevalidator_start": [Handle, ctypes.c_void_p, POINTER(Handle), error],
        "sigwarp_transaction_prevalidator_free": [Handle, error],
        "sigwarp_transaction_submit": [Handle, Handle, c_char_p, c_size_t, c_uint32, c_uint64, POINTER(Handle), error],
        "sigwarp_transaction_ticket_wait": [Handle, c_uint64, POINTER(Handle), error],
        "sigwarp_transaction_ticket_free": [Handle, error],
    }
    for name, arguments in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = c_int32, arguments
    return lib


def context(lib, profile, fields):
    """A context of a profile, from a dictionary."""
    words = {True: "true", False: "false"}
    texts = [f"{name}={words.get(value, value) if isinstance(value, bool) else value}" for name, value in fields]
    array = (c_char_p * len(texts))(*(text.encode() for text in texts))
    made = Handle()
    call(lib.sigwarp_transaction_context_new, profile.encode(), array, len(texts), byref(made))
    return made


def text(lib, reports, record):
    """The report of a record as JSON."""
    needed = c_size_t()
    call(lib.sigwarp_reports_json, reports, record, None, 0, byref(needed))
    buffer = ctypes.create_string_buffer(needed.value)
    call(lib.sigwarp_reports_json, reports, record, buffer, needed.value, None)
    return buffer.value.decode()


def verify(lib, engine, records):
    """A report, and the same as JSON, for each (context, bytes); all signatures are verified together."""
    arena, offsets, contexts, of = bytearray(), [0], [], []
    for handle, record in records:
        arena += record
        offsets.append(len(arena))
        if handle not in contexts:
            contexts.append(handle)
        of.append(contexts.index(handle))
    handles, reports = (Handle * len(contexts))(*contexts), Handle()
    call(
        lib.sigwarp_transactions_verify,
        engine,
        handles,
        len(contexts),
        (c_uint32 * len(of))(*of),
        len(records),
        bytes(arena),
        len(arena),
        (c_uint64 * len(offsets))(*offsets),
        byref(reports),
    )
    read = (Report * len(records))()
    call(lib.sigwarp_reports_read, reports, 0, len(records), read)
    texts = [text(lib, reports, record) for record in range(len(records))]
    call(lib.sigwarp_reports_free, reports)
    return list(read), texts


def prevalidate(lib, engine, records):
    """The JSON of each report, from a pre-validator to which several threads submit."""
    pre = Handle()
    call(lib.sigwarp_transaction_prevalidator_start, engine, None, byref(pre))

    def one(record):
        ticket, reports = Handle(), Handle()
        handle, record = record
        arguments = (handle, record, len(record), PRIORITY_MEMPOOL, FOREVER)
        call(lib.sigwarp_transaction_submit, pre, *arguments, byref(ticket))
        call(lib.sigwarp_transaction_ticket_wait, ticket, FOREVER, byref(reports))
        found = text(lib, reports, 0)
        call(lib.sigwarp_reports_free, reports)
        call(lib.sigwarp_transaction_ticket_free, ticket)
        return found

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(one, records))
    call(lib.sigwarp_transaction_prevalidator_free, pre)
    return found


def run(lib, profile, rows, expected):
    """Judges rows; says whether all are as expected."""
    engine, contexts, records = Handle(), {}, []
    call(lib.sigwarp_engine_new, None, byref(engine))
    for row in rows:
        fields = tuple((name, row[name]) for name in CONTEXT_FIELDS[profile] if row.get(name) is not None)
        if fields not in contexts:
            contexts[fields] = context(lib, profile, fields)
        records.append((contexts[fields], bytes.fromhex(row["raw"])))
    reports, texts = verify(lib, engine, records)
    good = prevalidate(lib, engine, records) == texts
    if not good:
        print("the pre-validator has other reports than the batch")
    known = {row["id"]: row for row in expected}
    for row, report in zip(rows, reports):
        verdict, reason, sender = report.summary()
        if not expected:
            print(f"{row['id']}: {verdict}, {reason or 'sender ' + str(sender)}")
            continue
        of = known[row["id"]]
        theirs = of["verdict"], of["reason"], of.get("sender")
        if theirs != (verdict, reason, sender):
            print(f"{row['id']} is {verdict}, {reason}, {sender}, expected {theirs}")
            good = False
    counts = Counter(VERDICTS[report.verdict] for report in reports)
    counts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS[1:])
    print(f"{len(reports)} transactions of {profile}: {counts}" + (", all as expected" if expected and good else ""))
    for made in contexts.values():
        call(lib.sigwarp_transaction_context_free, made)
    call(lib.sigwarp_engine_free, engine)
    return good


# The transaction that EIP-155 shows.
EXAMPLE = {
    "id": "EIP-155",
    "chain_id": 1,
    "fork": "prague",
    "raw": "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080"
    "25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
    "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
}
EXPECTED = {"id": "EIP-155", "verdict": "valid", "reason": None, "sender": "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"}


def rows_of(name):
    """The rows of a file."""
    with gzip.open(name, "rt") if name.endswith(".gz") else open(name, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def main(arguments):
    lib = library()
    if not arguments:
        run(lib, "ethereum", [EXAMPLE], [])
        # A field that is missing is named.
        try:
            context(lib, "ethereum", [])
            return 1
        except SigwarpError as error:
            print(f"without a chain: {error.args[1]}")
        return 0 if run(lib, "ethereum", [EXAMPLE], [EXPECTED]) else 1
    profile, *files = arguments
    if profile not in CONTEXT_FIELDS or len(files) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    rows = [rows_of(name) for name in files]
    return 0 if run(lib, profile, rows[0], rows[1] if len(rows) == 2 else []) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
