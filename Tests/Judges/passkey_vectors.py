"""Registrations and log-ins of passkeys for Tests/Fixtures/factors/passkeys.json, signed by the public package
`cryptography`, one for each algorithm that we take. The keys are fresh at every run:

    .venv/judges/bin/python Tests/Judges/passkey_vectors.py >Tests/Fixtures/factors/passkeys.json
"""

import base64
import hashlib
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN, DOMAIN = "https://keybell.desk.example:8443", "keybell.desk.example"
PRESENT_AND_VERIFIED, WITH_CREDENTIAL = 0x05, 0x40


def cbor(value):
    """RFC 8949 in the canonical form of CTAP2, as far as authenticators need it."""
    def head(kind, number):
        for short, (size, bound) in enumerate(((1, 2**8), (2, 2**16), (4, 2**32))):
            if number < 24:
                return bytes([kind << 5 | number])
            if number < bound:
                return bytes([kind << 5 | 24 + short]) + number.to_bytes(size, "big")
        raise ValueError(number)

    match value:
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case dict():
            return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())
    raise TypeError(value)


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


class ES256:
    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.cose = {1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}

    def sign(self, message):
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))


class EdDSA:
    def __init__(self):
        self.private = ed25519.Ed25519PrivateKey.generate()
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.cose = {1: 1, 3: -8, -1: 6, -2: public}

    def sign(self, message):
        return self.private.sign(message)


class RS256:
    def __init__(self):
        self.private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        numbers = self.private.public_key().public_numbers()
        self.cose = {1: 3, 3: -257, -1: number(numbers.n), -2: number(numbers.e)}

    def sign(self, message):
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def client_data(kind, challenge):
    return json.dumps({"type": kind, "challenge": text(challenge), "origin": ORIGIN, "crossOrigin": False}).encode()


def authenticator_data(flags, count, rest=b""):
    return hashlib.sha256(DOMAIN.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big") + rest


def vector(algorithm):
    key, credential = algorithm(), secrets.token_bytes(32)
    made, asked = secrets.token_bytes(32), secrets.token_bytes(32)
    attested = bytes(16) + len(credential).to_bytes(2, "big") + credential + cbor(key.cose)
    attestation = {
        "fmt": "none", "attStmt": {}, "authData": authenticator_data(PRESENT_AND_VERIFIED | WITH_CREDENTIAL, 7, attested),
    }
    data, client = authenticator_data(PRESENT_AND_VERIFIED, 8), client_data("webauthn.get", asked)
    return {
        "algorithm": algorithm.__name__.lower(), "credential_id": text(credential),
        "registration": {
            "challenge": text(made), "client_data": text(client_data("webauthn.create", made)),
            "attestation": text(cbor(attestation)), "count": 7,
        },
        "assertion": {
            "challenge": text(asked), "client_data": text(client), "authenticator_data": text(data),
            "signature": text(key.sign(data + hashlib.sha256(client).digest())), "count": 8,
        },
    }


if __name__ == "__main__":
    print(json.dumps({"origin": ORIGIN, "vectors": [vector(each) for each in (ES256, EdDSA, RS256)]}, indent=1))
