"""The verifiers: RFC 8032's vectors, signatures by OpenSSL, and forgeries."""

import unittest

from signatures import PublicKey, ed25519, from_base64, from_hex, p256, rsa
from vectors import SIGNATURES, flipped

# RFC 8032 section 7.1: public key, message, signature.
RFC8032 = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]


class Ed25519Test(unittest.TestCase):
    def test_the_vectors_of_rfc_8032(self):
        for public_key, message, signature in RFC8032:
            parts = [bytes.fromhex(part) for part in (public_key, message, signature)]
            self.assertTrue(ed25519.verify(*parts))
            for at in range(0, 64, 7):
                forged = bytearray(parts[2])
                forged[at] ^= 1
                self.assertFalse(ed25519.verify(parts[0], parts[1], bytes(forged)))
            self.assertFalse(ed25519.verify(parts[0], parts[1] + b"\x00", parts[2]))

    def test_a_scalar_beyond_the_order_is_no_second_signature(self):
        public_key, message, signature = (bytes.fromhex(part) for part in RFC8032[0])
        scalar = int.from_bytes(signature[32:], "little") + ed25519.ORDER
        malleable = signature[:32] + scalar.to_bytes(32, "little")
        self.assertFalse(ed25519.verify(public_key, message, malleable))

    def test_a_point_that_is_none_is_refused(self):
        _, message, signature = (bytes.fromhex(part) for part in RFC8032[0])
        for key in (b"\xff" * 32, (2).to_bytes(32, "little"), b"short"):
            self.assertFalse(ed25519.verify(key, message, signature))


class OpenSSLTest(unittest.TestCase):
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


class ForgeryTest(unittest.TestCase):
    def test_zero_and_the_order_are_no_halves_of_an_ecdsa_signature(self):
        good = bytes.fromhex(SIGNATURES[0]["signature"])
        point = PublicKey(SIGNATURES[0]["public_key"])
        for half in (0, p256.ORDER):
            bad = half.to_bytes(32, "big")
            for forged in (bad + good[32:], good[:32] + bad, bad + bad):
                self.assertFalse(point.verifies(bytes.fromhex(SIGNATURES[0]["message"]), forged))

    def test_a_point_off_the_curve_is_no_key(self):
        self.assertIsNone(p256.decode(b"\x04" + b"\x01" * 64))
        self.assertIsNone(p256.decode(b""))

    def test_rsa_padding_is_compared_whole(self):
        """With the exponent 1 anyone can write the encoding as they like; only the right one may pass."""
        length = 256
        modulus = (1 << 8 * length) - 1
        right = rsa._encode(b"message", length)
        self.assertTrue(rsa.verify_sha256((modulus, 1), b"message", right))
        digest = right[-51:]
        shorter = b"\x00\x01" + b"\xff" * 8 + b"\x00" + digest + b"\x00" * (length - 11 - len(digest))
        for wrong in (shorter, b"\x00\x02" + right[2:], right[:5] + b"\xfe" + right[6:], right[1:]):
            self.assertFalse(rsa.verify_sha256((modulus, 1), b"message", wrong))

    def test_what_is_no_key_is_refused(self):
        good = SIGNATURES[0]["public_key"]
        for text in ("", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", flipped(good, 40),
                     good.replace("PUBLIC", "PRIVATE")):
            with self.assertRaises(ValueError):
                PublicKey(text)

    def test_encodings_are_strict(self):
        for text in ("", "a", "ag", "ab cd", "0xab", "é"):
            with self.assertRaises(ValueError):
                from_hex(text)
        for text in ("a", "ab cd===", "é", "----"):
            with self.assertRaises(ValueError):
                from_base64(text)
