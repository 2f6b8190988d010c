"""Writes block files as Bitcoin Core keeps them, has the command judge them, and prints its peak of resident memory.

    block-files.py COMMAND VECTORS FOLDER BYTES

Two real blocks of testnet3 that follow one another stand there many times; each copy of a file has them in another order.
Of a block that is there twice each copy is judged. Prints a line of pass or short for scripts/prove.
"""

import hashlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import threading
import time

MAGIC = bytes([0x0b, 0x11, 0x09, 0x07])
KEY = bytes([0x9a, 0x03, 0x00, 0xff, 0x51, 0x77, 0x01, 0xc2])
FILE = 128 << 20
HEIGHTS = (928848, 928849)


def sha256d(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


class Bytes:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, length):
        self.at += length
        return self.data[self.at - length:self.at]

    def number(self):
        first = self.take(1)[0]
        return first if first < 0xfd else int.from_bytes(self.take({0xfd: 2, 0xfe: 4, 0xff: 8}[first]), "little")


def compact_size(number):
    if number < 0xfd:
        return bytes([number])
    return b"\xfd" + struct.pack("<H", number) if number < 0x10000 else b"\xfe" + struct.pack("<I", number)


def inputs(block):
    """How many inputs each transaction has."""
    data, counts = Bytes(block, 80), []
    for _ in range(data.number()):
        data.take(4)
        witness = data.data[data.at] == 0
        if witness:
            data.take(2)
        count = data.number()
        for _ in range(count):
            data.take(36)
            data.take(data.number())
            data.take(4)
        for _ in range(data.number()):
            data.take(8)
            data.take(data.number())
        if witness:
            for _ in range(count):
                for _ in range(data.number()):
                    data.take(data.number())
        data.take(4)
        counts.append(count)
    return counts


def var_int(number):
    digits = [number & 0x7f]
    while number > 0x7f:
        number = (number >> 7) - 1
        digits.append(number & 0x7f | 0x80)
    return bytes(reversed(digits))


def compress(value, script):
    zeros = 0
    if value:
        while value % 10 == 0 and zeros < 9:
            value, zeros = value // 10, zeros + 1
        value = 1 + (value - 1) * 10 + 9 if zeros == 9 else 1 + (value // 10 * 9 + value % 10 - 1) * 10 + zeros
    if len(script) == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        packed = b"\x00" + script[3:23]
    elif len(script) == 23 and script[:2] == b"\xa9\x14" and script[22:] == b"\x87":
        packed = b"\x01" + script[2:22]
    elif len(script) == 35 and script[0] == 33 and script[1] in (2, 3) and script[34] == 0xac:
        packed = script[1:34]
    else:
        packed = var_int(len(script) + 6) + script
    # A coin of height 1, with the version that is not used any more.
    return b"\x02\x00" + var_int(value) + packed


def core_undo(block, undo):
    counts, outputs = inputs(block), Bytes(undo)
    written = compact_size(len(counts) - 1)
    for count in counts[1:]:
        written += compact_size(count)
        for _ in range(count):
            value = int.from_bytes(outputs.take(8), "little")
            written += compress(value, outputs.take(outputs.number()))
    assert outputs.at == len(undo)
    return written


def write(path, parts):
    data = b"".join(parts)
    key = int.from_bytes((KEY * (len(data) // 8 + 1))[:len(data)], "little")
    path.write_bytes((int.from_bytes(data, "little") ^ key).to_bytes(len(data), "little") + bytes(1 << 20))


def main():
    command, vectors, folder, wanted = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), int(sys.argv[4])
    folder.mkdir()
    (folder / "xor.dat").write_bytes(KEY)
    blocks, undos = [], []
    for height in HEIGHTS:
        base = vectors / "chains/bitcoin-blocks"
        block = (base / f"bcoin-block{height}.raw").read_bytes()
        undo = core_undo(block, (base / f"bcoin-block{height}-undo.raw").read_bytes())
        blocks.append(MAGIC + struct.pack("<I", len(block)) + block)
        undos.append(MAGIC + struct.pack("<I", len(undo)) + undo + sha256d(block[4:36] + undo))
    assert sha256d(blocks[0][8:88]) == blocks[1][12:44]
    pairs = min(FILE, wanted) // sum(map(len, blocks))
    write(folder / "blk00000.dat", [blocks[1], blocks[0]] * pairs)
    write(folder / "rev00000.dat", [undos[0], undos[1]] * pairs)
    size = (folder / "blk00000.dat").stat().st_size
    count = max(1, -(-wanted // size))
    for number in range(1, count):
        for kind in ("blk", "rev"):
            os.link(folder / f"{kind}00000.dat", folder / f"{kind}{number:05}.dat")
    anchor = sha256d(blocks[0][8:88])[::-1].hex() + f":{HEIGHTS[0]}"
    arguments = [command, "transactions", str(folder), "--profile", "bitcoin", "--network", "testnet3", "--anchor", anchor,
                 "--format", "json"]
    start = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = []
    reader = threading.Thread(target=lambda: said.extend(process.communicate()))
    reader.start()
    peak = 0
    while reader.is_alive():
        try:
            with open(f"/proc/{process.pid}/status") as status:
                peak = max([peak] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
        except OSError:
            pass
        reader.join(0.2)
    took = time.monotonic() - start
    summary = json.loads(said[0] or b"{}")
    expected = 2 * pairs * count
    # Verdicts are counted by transaction; a block that is not valid is one of the bad ones.
    valid = summary.get("records", 0) - summary.get("bad_blocks", 0)
    whole = summary.get("valid") == summary.get("transactions") == pairs * count * sum(len(inputs(block[8:])) for block in blocks)
    good = process.returncode == 0 and valid == expected and whole and peak < 500_000
    print(f"{'pass' if good else 'short'}\t{count * size / 1e9:.1f} GB of block files, {valid} of {expected} blocks valid in "
          f"{took:.0f} s, status {process.returncode}, at most {peak / 1000:.0f} MB resident; to stay below 500 "
          f"{said[1][:300].decode()}")


main()
