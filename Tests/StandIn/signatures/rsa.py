"""RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017 section 8.2.2.

The expected encoding is built and compared whole: reading the padding of what came is how forgeries got
through elsewhere.
"""

import hashlib

# Section 9.2, note 1: the DER of DigestInfo before a SHA-256 hash.
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def verify_sha256(key, message, signature):
    modulus, exponent = key
    length = (modulus.bit_length() + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != length or value >= modulus:
        return False
    return pow(value, exponent, modulus).to_bytes(length, "big") == _encode(message, length)


def _encode(message, length):
    digest = SHA256_PREFIX + hashlib.sha256(message).digest()
    return b"\x00\x01" + b"\xff" * (length - len(digest) - 3) + b"\x00" + digest
