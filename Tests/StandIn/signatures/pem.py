"""Public keys from PEM: a SubjectPublicKeyInfo (RFC 5280) with a key of one of the three kinds in use."""

import base64

from . import p256

SEQUENCE, INTEGER, BIT_STRING, OBJECT = 0x30, 0x02, 0x03, 0x06
ED25519 = bytes.fromhex("2b6570")  # RFC 8410
RSA = bytes.fromhex("2a864886f70d010101")  # RFC 3279
EC, P256 = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d030107")  # RFC 5480


def public_key(text):
    """Its kind, and the key as the module of that kind takes it. ValueError for anything else."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines[:1] != ["-----BEGIN PUBLIC KEY-----"] or lines[-1] != "-----END PUBLIC KEY-----":
        raise ValueError("not a PEM public key")
    info, _ = _take(base64.b64decode("".join(lines[1:-1]), validate=True), SEQUENCE)
    algorithm, rest = _take(info, SEQUENCE)
    bits, _ = _take(rest, BIT_STRING)
    name, parameters = _take(algorithm, OBJECT)
    return _parsed(name, parameters, bits[1:])


def _parsed(name, parameters, key):
    if name == ED25519:
        return "ed25519", key
    if name == RSA:
        numbers, _ = _take(key, SEQUENCE)
        modulus, rest = _take(numbers, INTEGER)
        exponent, _ = _take(rest, INTEGER)
        return "rsa", (int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))
    if name == EC and _take(parameters, OBJECT)[0] == P256:
        point = p256.decode(key)
        if point is not None:
            return "p256", point
    raise ValueError("a public key of a kind that no exchange here takes")


def _take(data, tag):
    """The content of the element that `data` begins with, and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError("not the DER that was expected")
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("DER that is cut off")
    return data[start : start + length], data[start + length :]
