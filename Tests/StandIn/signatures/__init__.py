"""Verification of signatures, from the standards and not from a library.

What the service signs with OpenSSL and libsodium is judged here by another implementation, written from
RFC 8032, FIPS 186-4 with SEC 1, and RFC 8017. It only verifies, so nothing in it has to be constant in time.
"""

import base64
import hashlib
import hmac
import re

from . import ed25519, p256, pem, rsa


class PublicKey:
    """A key's public half, and the one algorithm that its kind signs with at the exchanges."""

    def __init__(self, text):
        self.kind, self._key = pem.public_key(text)

    def verifies(self, message, signature):
        verify = {"ed25519": ed25519.verify, "rsa": rsa.verify_sha256, "p256": p256.verify_sha256}[self.kind]
        return verify(self._key, message, signature)


def from_hex(text):
    """Pairs of digits and nothing between them. ValueError otherwise."""
    if not re.fullmatch("([0-9A-Fa-f]{2})+", text, re.ASCII):
        raise ValueError("no hexadecimal digits")
    return bytes.fromhex(text)


def from_base64(text, url=False):
    """With padding; `url` is base64url without it (RFC 7515 appendix C). ValueError otherwise."""
    if url:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    return base64.b64decode(text, validate=True)


def hmac_verifies(secret, algorithm, message, signature):
    expected = hmac.new(secret, message, getattr(hashlib, algorithm)).digest()
    return hmac.compare_digest(expected, signature)
