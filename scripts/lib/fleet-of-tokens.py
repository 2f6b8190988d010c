#!/usr/bin/env python3
"""Makes a fleet's load: fleet-of-tokens.py DEVICES JWKS TOKENS

Each device has a P-256 key of its own under its id and signs five tokens; they stand in TOKENS one in a line, in the order of
chance. The same number gives the same keys and claims; signatures differ from run to run. Needs the package cryptography.
"""

import base64
import json
import random
import sys
from concurrent.futures import ProcessPoolExecutor

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

TOKENS = 5
SHARE = 2000
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def devices(first):
    """The keys and the tokens of some devices."""
    keys, tokens = [], []
    for device in range(first, first + SHARE):
        chance = random.Random(device)
        private = ec.derive_private_key(chance.randrange(1, ORDER), ec.SECP256R1())
        point = private.public_key().public_numbers()
        kid = f"device-{device}"
        x, y = (text(value.to_bytes(32, "big")) for value in (point.x, point.y))
        keys.append(json.dumps({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y}))
        header = text(json.dumps({"alg": "ES256", "typ": "JWT", "kid": kid}).encode())
        for number in range(TOKENS):
            claims = {"iss": kid, "iat": 1700000000 + 60 * number, "temp": chance.randrange(-200, 400) / 10}
            signed = f"{header}.{text(json.dumps(claims).encode())}"
            r, s = utils.decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
            tokens.append(f"{signed}.{text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}")
    return keys, tokens


def main(count, key_file, token_file):
    keys, tokens = [], []
    with ProcessPoolExecutor() as processes:
        for some_keys, some_tokens in processes.map(devices, range(0, count, SHARE)):
            keys += some_keys
            tokens += some_tokens
    del keys[count:], tokens[TOKENS * count :]
    random.Random(count).shuffle(tokens)
    with open(key_file, "w", encoding="ascii") as out:
        out.write('{"keys":[\n' + ",\n".join(keys) + "\n]}\n")
    with open(token_file, "w", encoding="ascii") as out:
        out.writelines(token + "\n" for token in tokens)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(int(sys.argv[1]), *sys.argv[2:])
