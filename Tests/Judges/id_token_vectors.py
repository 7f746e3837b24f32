"""Signed tokens for Tests/Fixtures/openid/tokens.json, made by the public package PyJWT: one for each algorithm that
we take, each that we do not, and forgeries. The keys are fresh at every run:

    .venv/judges/bin/python Tests/Judges/id_token_vectors.py >Tests/Fixtures/openid/tokens.json
"""

import hashlib
import hmac
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

CLAIMS = {"sub": "ann", "iss": "https://id.desk.example", "aud": "keybell", "name": "Änn"}
RSA, P256 = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
ED25519, P384 = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())
SMALL = rsa.generate_private_key(65537, 1024)
READERS = {"rsa": (RSA, RSAAlgorithm), "p256": (P256, ECAlgorithm), "ed25519": (ED25519, OKPAlgorithm),
           "p384": (P384, ECAlgorithm), "small": (SMALL, RSAAlgorithm)}


def key_set():
    for name, (key, algorithm) in READERS.items():
        yield {**json.loads(algorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}


def part(value):
    return base64url_encode(json.dumps(value).encode()).decode()


def hs256_by_public_key():
    """PyJWT does not make these, so this one is by hand."""
    secret = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(CLAIMS)}"
    code = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64url_encode(code).decode()}"


def cases():
    def signed(key, algorithm, kid, **header):
        return jwt.encode(CLAIMS, key, algorithm, headers={"kid": kid, **header})

    for algorithm, key, kid in (("RS256", RSA, "rsa"), ("ES256", P256, "p256"), ("EdDSA", ED25519, "ed25519")):
        yield algorithm, signed(key, algorithm, kid), "fine"
    for algorithm in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        yield algorithm, signed(RSA, algorithm, "rsa"), "algorithm"
    yield "ES384", signed(P384, "ES384", "p384"), "algorithm"
    yield "none", jwt.encode(CLAIMS, None, "none", headers={"kid": "rsa"}), "algorithm"
    yield "HS256", jwt.encode(CLAIMS, "x" * 32, "HS256", headers={"kid": "rsa"}), "algorithm"
    yield "HS256 by the public key", hs256_by_public_key(), "algorithm"
    yield "a small key", signed(SMALL, "RS256", "small"), "unknown_key"
    yield "another key's name", signed(P256, "ES256", "rsa"), "other_kind_of_key"
    yield "a stranger's key", signed(ec.generate_private_key(ec.SECP256R1()), "ES256", "p256"), "signature"
    yield "an unknown name", signed(P256, "ES256", "p257"), "unknown_key"
    yield "jku", signed(P256, "ES256", "p256", jku="https://evil.example"), "header"
    yield "an access token", signed(P256, "ES256", "p256", typ="at+jwt"), "header"


if __name__ == "__main__":
    vectors = [{"name": name, "token": token, "says": says} for name, token, says in cases()]
    print(json.dumps({"keys": list(key_set()), "claims": CLAIMS, "tokens": vectors}, indent=1))
