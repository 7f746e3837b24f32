"""What keys, signatures and encodings are taken: signatures by OpenSSL, forgeries, and what is no key."""

import unittest

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signatures import PublicKey, from_base64, from_hex
from vectors import SIGNATURES, flipped


def pem(private_key):
    spelt = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return spelt.decode()


class SignatureTest(unittest.TestCase):
    def test_signatures_by_openssl_hold_and_break(self):
        kinds = set()
        for vector in SIGNATURES:
            key = PublicKey(vector["public_key"])
            message, signature = bytes.fromhex(vector["message"]), bytes.fromhex(vector["signature"])
            kinds.add(key.kind)
            self.assertEqual(key.kind, vector["kind"])
            self.assertTrue(key.verifies(message, signature))
            self.assertFalse(key.verifies(message + b"!", signature))
            self.assertFalse(key.verifies(message, signature + b"\x00"))
            self.assertFalse(key.verifies(message, b""))
            for at in range(0, len(signature), 17):
                forged = bytearray(signature)
                forged[at] ^= 0x10
                self.assertFalse(key.verifies(message, bytes(forged)))
        self.assertEqual(kinds, {"ed25519", "p256", "rsa"})

    def test_a_signature_by_p256_is_two_halves_and_not_zero(self):
        vector = next(one for one in SIGNATURES if one["kind"] == "p256")
        key, message = PublicKey(vector["public_key"]), bytes.fromhex(vector["message"])
        good = bytes.fromhex(vector["signature"])
        zero, halves = bytes(32), (good[:32], good[32:])
        for forged in (zero + halves[1], halves[0] + zero, zero + zero):
            self.assertFalse(key.verifies(message, forged))
        # As OpenSSL writes it, and no exchange takes it.
        der = encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))
        self.assertFalse(key.verifies(message, der))

    def test_what_is_no_key_is_refused(self):
        good = SIGNATURES[0]["public_key"]
        for text in ("", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", flipped(good, 40),
                     good.replace("PUBLIC", "PRIVATE"), "é"):
            with self.assertRaises(ValueError):
                PublicKey(text)

    def test_a_key_that_no_exchange_takes_is_refused(self):
        for other in (ec.generate_private_key(ec.SECP384R1()), Ed448PrivateKey.generate()):
            with self.assertRaises(ValueError):
                PublicKey(pem(other))

    def test_encodings_are_strict(self):
        for text in ("", "a", "ag", "ab cd", "0xab", "é"):
            with self.assertRaises(ValueError):
                from_hex(text)
        for text in ("a", "ab cd===", "é", "----"):
            with self.assertRaises(ValueError):
                from_base64(text)
