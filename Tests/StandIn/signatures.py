"""Verification of signatures by Python's standard library and `cryptography`, and not by what the service signs with.

Needs Debian's python3-cryptography, or the package of that name in a virtual environment.
"""

import base64
import hashlib
import hmac
import re

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

# Half of a signature of P-256's, as JSON Web Signatures carry it (RFC 7518 section 3.4).
P256_HALF = 32


class PublicKey:
    """A key's public half in PEM, and the one algorithm that its kind signs with at the exchanges."""

    def __init__(self, text):
        try:
            self._key = load_pem_public_key(text.encode())
        except UnsupportedAlgorithm as error:
            raise ValueError("a public key of a kind that is not known") from error
        self.kind = _kind(self._key)

    def verifies(self, message, signature):
        try:
            {"ed25519": self._ed25519, "rsa": self._rsa, "p256": self._p256}[self.kind](message, signature)
        except InvalidSignature:
            return False
        return True

    def _ed25519(self, message, signature):
        self._key.verify(signature, message)

    def _rsa(self, message, signature):
        self._key.verify(signature, message, padding.PKCS1v15(), SHA256())

    def _p256(self, message, signature):
        if len(signature) != 2 * P256_HALF:
            raise InvalidSignature
        halves = signature[:P256_HALF], signature[P256_HALF:]
        der = utils.encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))
        self._key.verify(der, message, ec.ECDSA(SHA256()))


def _kind(key):
    if isinstance(key, Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, RSAPublicKey):
        return "rsa"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "p256"
    raise ValueError("a public key of a kind that no exchange here takes")


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
