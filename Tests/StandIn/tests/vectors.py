"""What others signed, from the project's fixtures."""

import json
import pathlib

from keys import PERMISSIONS
from messages import Request

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURE = json.loads((ROOT / "Tests" / "Fixtures" / "stand-in-vectors.json").read_text())
REQUESTS, SIGNATURES = FIXTURE["requests"], FIXTURE["signatures"]
# Signed rightly, and refused all the same: brokerage takes ES256 only.
REFUSED_KIND = "jwt-eddsa"


def request_of(vector):
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    return Request(vector["method"], vector["target"], headers, vector["body"].encode())


def key_of(vector):
    """As the control interface takes it."""
    names = ("exchange", "api_key", "secret", "public_key", "passphrase")
    return {name: vector[name] for name in names if name in vector} | {"permissions": list(PERMISSIONS)}


def flipped(text, at):
    """One bit of one character is another. The lowest, so that digits and letters stay what they are."""
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
