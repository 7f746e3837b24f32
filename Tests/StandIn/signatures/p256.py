"""ECDSA over P-256 with SHA-256: FIPS 186-4 section 6.4, curve from SEC 2, points as in SEC 1 section 2.3.

A signature is r and s as 32 bytes each, as JSON Web Signatures carry it (RFC 7518 section 3.4).
"""

import hashlib

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def verify_sha256(point, message, signature):
    if point is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < ORDER and 0 < s < ORDER):
        return False
    e = int.from_bytes(hashlib.sha256(message).digest(), "big")
    w = pow(s, -1, ORDER)
    x = _x(_add(_multiply(e * w % ORDER, BASE), _multiply(r * w % ORDER, point)))
    return x is not None and x % ORDER == r


def decode(text):
    """An uncompressed point, None when it is not on the curve."""
    if len(text) != 65 or text[0] != 4:
        return None
    x, y = int.from_bytes(text[1:33], "big"), int.from_bytes(text[33:], "big")
    on_curve = x < P and y < P and (y * y - (x * x * x - 3 * x + B)) % P == 0
    return (x, y) if on_curve else None


# Points below are Jacobian, (X, Y, Z) with x = X/Z² and y = Y/Z³; Z = 0 is the point at infinity.
INFINITY = (1, 1, 0)


def _x(point):
    return None if point[2] == 0 else point[0] * pow(point[2], -2, P) % P


def _double(p):
    x, y, z = p
    if z == 0 or y == 0:
        return INFINITY
    s = 4 * x * y * y % P
    m = 3 * (x - z * z) * (x + z * z) % P
    x3 = (m * m - 2 * s) % P
    return (x3, (m * (s - x3) - 8 * pow(y, 4, P)) % P, 2 * y * z % P)


def _add(p, q):
    if p[2] == 0 or q[2] == 0:
        return q if p[2] == 0 else p
    z1, z2 = p[2] * p[2] % P, q[2] * q[2] % P
    u1, u2 = p[0] * z2 % P, q[0] * z1 % P
    s1, s2 = p[1] * z2 * q[2] % P, q[1] * z1 * p[2] % P
    if u1 == u2:
        return _double(p) if s1 == s2 else INFINITY
    h, r = (u2 - u1) % P, (s2 - s1) % P
    h2 = h * h % P
    x3 = (r * r - h2 * h - 2 * u1 * h2) % P
    return (x3, (r * (u1 * h2 - x3) - s1 * h2 * h) % P, h * p[2] * q[2] % P)


def _multiply(scalar, point):
    result, addend = INFINITY, (point[0], point[1], 1)
    while scalar:
        if scalar & 1:
            result = _add(result, addend)
        addend, scalar = _double(addend), scalar >> 1
    return result
