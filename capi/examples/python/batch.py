#!/usr/bin/env python3
"""Verifies a batch with one bad item and says which it is and why, by ctypes and without other packages.

    SIGWARP_LIBRARY=/usr/local/lib/libsigwarp_c.so.1 python3 batch.py
"""

import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_size_t, c_uint8, c_uint32, c_uint64

ABI_VERSION = 1
OK, ERROR_HANDLE = 0, 2
VALID = 1


class Handle(ctypes.Structure):
    """sigwarp_engine and sigwarp_suite: a number in a structure."""

    _fields_ = [("id", c_uint64)]


class Error(ctypes.Structure):
    """sigwarp_error."""

    _fields_ = [("code", c_int32), ("text", c_char * 508)]


def library():
    """The library with the signatures of the functions used here."""
    lib = ctypes.CDLL(os.environ.get("SIGWARP_LIBRARY", "libsigwarp_c.so.1"))
    offsets = POINTER(c_uint64)
    signatures = {
        "sigwarp_abi_version": (c_uint32, []),
        "sigwarp_version": (c_char_p, []),
        "sigwarp_status_name": (c_char_p, [c_uint8]),
        "sigwarp_engine_new": (c_int32, [ctypes.c_void_p, POINTER(Handle), POINTER(Error)]),
        "sigwarp_engine_free": (c_int32, [Handle, POINTER(Error)]),
        "sigwarp_suite_new": (
            c_int32,
            [c_char_p, c_char_p, c_char_p, c_char_p, c_size_t, POINTER(Handle), POINTER(Error)],
        ),
        "sigwarp_suite_free": (c_int32, [Handle, POINTER(Error)]),
        "sigwarp_verify": (
            c_int32,
            [Handle, Handle, c_size_t, c_char_p, c_size_t, offsets, offsets, offsets, POINTER(c_uint8), c_size_t]
            + [POINTER(Error)],
        ),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    if lib.sigwarp_abi_version() != ABI_VERSION:
        raise OSError(f"the library has ABI {lib.sigwarp_abi_version()}, this program {ABI_VERSION}")
    return lib


class SigwarpError(Exception):
    """A call that gave no verdicts; says nothing about any signature."""


def call(function, *arguments):
    """Calls a function that ends with an error."""
    error = Error()
    if function(*arguments, byref(error)) != OK:
        raise SigwarpError(error.code, error.text.decode())


def verify(lib, engine, suite, items):
    """A status for each (key, message, signature)."""
    arena, columns = bytearray(), []
    for column in zip(*items):
        offsets = [len(arena)]
        for row in column:
            arena += row
            offsets.append(len(arena))
        columns.append((c_uint64 * len(offsets))(*offsets))
    statuses = (c_uint8 * len(items))()
    call(lib.sigwarp_verify, engine, suite, len(items), bytes(arena), len(arena), *columns, statuses, len(items))
    return list(statuses)


# RFC 8032, section 7.1, tests 1 to 3: key, message, signature.
VECTORS = [
    tuple(bytes.fromhex(part) for part in vector.split(","))
    for vector in (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a,,"
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c,72,"
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025,af82,"
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    )
]


def main():
    lib = library()
    engine, suite = Handle(), Handle()
    call(lib.sigwarp_engine_new, None, byref(engine))
    call(lib.sigwarp_suite_new, b"ed25519", b"zip215", None, None, 0, byref(suite))

    items, bad = [VECTORS[i % 3] for i in range(20)], 11
    key, message, signature = items[bad]
    items[bad] = (key, message, signature[:-1])
    statuses = verify(lib, engine, suite, items)
    for item, status in enumerate(statuses):
        if status != VALID:
            print(f"item {item} is invalid: {lib.sigwarp_status_name(status).decode()}")
    print(f"{statuses.count(VALID)} of {len(items)} valid, sigwarp {lib.sigwarp_version().decode()}")
    if [item for item, status in enumerate(statuses) if status != VALID] != [bad]:
        return 1
    if lib.sigwarp_status_name(statuses[bad]) != b"BadSignatureLength":
        return 1

    # A freed handle is an error.
    call(lib.sigwarp_engine_free, engine)
    try:
        verify(lib, engine, suite, items)
        return 1
    except SigwarpError as error:
        print(f"after free: {error.args[1]}")
        if error.args[0] != ERROR_HANDLE:
            return 1
    call(lib.sigwarp_suite_free, suite)
    return 0


if __name__ == "__main__":
    sys.exit(main())
