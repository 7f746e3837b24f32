"""Credentials that are none: for the stand-in exchange, and dummies for clients that hold no secret."""

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

SECRET, PASSPHRASE = base64.b64encode(b"a secret that is one nowhere").decode(), "open sesame"
COINBASE_NAME = "organizations/o/apiKeys/k"


def credentials(name):
    """A client's side as api_key, secret, passphrase; the exchange's side under `registered`."""
    passphrase = PASSPHRASE if name in ("okx", "kucoin", "bitget") else None
    if name == "coinbase":
        private, public = point()
        return {"api_key": COINBASE_NAME, "secret": private,
                "registered": {"api_key": COINBASE_NAME, "public_key": public}}
    return {"api_key": "AKEY", "secret": SECRET, "passphrase": passphrase,
            "registered": {"api_key": "AKEY", "secret": SECRET, "passphrase": passphrase}}


def dummy(name, token):
    """For a client of the proxy: the access token as the API key, and a secret that only looks like one.

    Kraken's must be base64, Coinbase's a loadable key of the curve P-256.
    """
    passphrase = "unused" if name in ("okx", "kucoin", "bitget") else None
    secret = point()[0] if name == "coinbase" else SECRET
    return {"api_key": token, "secret": secret, "passphrase": passphrase}


def point():
    """A fresh key, private and public half."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
