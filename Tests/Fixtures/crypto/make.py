#!/usr/bin/env python3
"""usage: make.py [folder]

Writes the vectors beside this file. Every primitive is written out here in plain Python (hashlib and hmac are the
only libraries), so that what OpenSSL and libsodium compute is compared with something else. Published values are
asserted on the way. The same bytes come out at every run.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent


def noise(label, count):
    """Repeatable bytes that look random."""
    return hashlib.shake_256(("keybell " + label).encode()).digest(count)


def flip(data, bit):
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def write(name, source, tests):
    for number, test in enumerate(tests, 1):
        test["id"] = number
        for key, value in test.items():
            if isinstance(value, bytes):
                test[key] = value.hex()
    rows = ",\n".join("  " + json.dumps(test) for test in tests)
    text = '{"source": %s, "tests": [\n%s\n]}\n' % (json.dumps(source), rows)
    (FOLDER / name).write_text(text)
    print(name, len(tests))


# --- AES-GCM: FIPS 197, NIST SP 800-38D


def sbox():
    table, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ (p << 1) & 255 ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 255
        q ^= 0x09 if q & 0x80 else 0
        x = q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)
        table[p] = (x ^ 0x63) & 255
        if p == 1:
            break
    table[0] = 0x63
    return table


SBOX = sbox()


def double(byte):
    return (byte << 1) ^ (0x11B if byte & 0x80 else 0)


def round_keys(key):
    words, length, factor = [list(key[i:i + 4]) for i in range(0, len(key), 4)], len(key) // 4, 1
    for i in range(length, 4 * (length + 7)):
        word = list(words[i - 1])
        if i % length == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= factor
            factor = double(factor)
        elif length > 6 and i % length == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - length], word)])
    return [sum(words[i:i + 4], []) for i in range(0, len(words), 4)]


def aes(key, block):
    keys = round_keys(key)
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number, round_key in enumerate(keys[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < len(keys) - 1:
            mixed = []
            for c in range(0, 16, 4):
                col = state[c:c + 4]
                mixed += [double(col[i]) ^ double(col[(i + 1) % 4]) ^ col[(i + 1) % 4] ^ col[(i + 2) % 4]
                          ^ col[(i + 3) % 4] for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, round_key)]
    return bytes(state)


def ghash(h, data):
    h, y = int.from_bytes(h, "big"), 0
    for i in range(0, len(data), 16):
        y ^= int.from_bytes(data[i:i + 16], "big")
        z, v = 0, h
        for bit in range(127, -1, -1):
            if y >> bit & 1:
                z ^= v
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
        y = z
    return y.to_bytes(16, "big")


def padded(data):
    return data + bytes(-len(data) % 16)


def gcm(key, iv, aad, message):
    h = aes(key, bytes(16))
    lengths = (8 * len(iv)).to_bytes(16, "big")
    start = iv + b"\0\0\0\1" if len(iv) == 12 else ghash(h, padded(iv) + lengths)
    counter, out = int.from_bytes(start, "big"), b""
    for i in range(0, len(message), 16):
        counter = counter >> 32 << 32 | (counter + 1) & 0xFFFFFFFF
        block = message[i:i + 16]
        out += bytes(a ^ b for a, b in zip(block, aes(key, counter.to_bytes(16, "big"))))
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(out)).to_bytes(8, "big")
    mac = ghash(h, padded(aad) + padded(out) + lengths)
    return out, bytes(a ^ b for a, b in zip(mac, aes(key, start)))


def gcm_vectors():
    tests = []

    def add(comment, key, iv, aad, message, result="valid", ct=None, tag=None):
        real_ct, real_tag = gcm(key, iv, aad, message)
        tests.append(dict(comment=comment, key=key, iv=iv, aad=aad, msg=message,
                          ct=real_ct if ct is None else ct, tag=real_tag if tag is None else tag, result=result))

    nist_key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    nist_iv = bytes.fromhex("cafebabefacedbaddecaf888")
    text = bytes.fromhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
                         "b525b16aedf5aa0de657ba637b391aafd255")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    published = [
        ("13", bytes(32), bytes(12), b"", b"", "530f8afbc74536b9a963b4f1c4cb738b"),
        ("14", bytes(32), bytes(12), b"", bytes(16), "d0d1c8a799996bf0265b98b5d48ab919"),
        ("15", nist_key, nist_iv, b"", text, "b094dac5d93471bdec1a502270e3cc6c"),
        ("16", nist_key, nist_iv, aad, text[:60], "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]
    for number, key, iv, more, message, tag in published:
        assert gcm(key, iv, more, message)[1].hex() == tag, number
        add("McGrew and Viega, test case " + number, key, iv, more, message)
    for size in [0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 64, 255]:
        for more in [0, 1, 13, 16, 17, 64]:
            label = f"gcm {size} {more}"
            add(f"{size} bytes, {more} of associated data", noise(label + "k", 32), noise(label + "n", 12),
                noise(label + "a", more), noise(label + "m", size))
    key, iv, more, message = noise("k", 32), noise("n", 12), noise("a", 9), noise("m", 37)
    ct, tag = gcm(key, iv, more, message)
    for bit in [0, 1, 7, 8, 31, 32, 63, 64, 71, 95, 96, 126, 127]:
        add(f"bit {bit} of the tag is flipped", key, iv, more, message, "invalid", tag=flip(tag, bit))
    for comment, wrong in [("all bits of the tag are flipped", bytes(b ^ 255 for b in tag)),
                           ("the tag is zero", bytes(16)), ("the tag is all ones", b"\xff" * 16),
                           ("the high bit of every byte of the tag is flipped", bytes(b ^ 128 for b in tag)),
                           ("the tag's bytes are reversed", tag[::-1])]:
        add(comment, key, iv, more, message, "invalid", tag=wrong)
    for size in [0, 1, 4, 8, 12, 13, 14, 15]:
        add(f"the tag is cut to {size} bytes", key, iv, more, message, "invalid", tag=tag[:size])
    add("the tag has a byte too many", key, iv, more, message, "invalid", tag=tag + b"\0")
    add("the tag is there twice", key, iv, more, message, "invalid", tag=tag + tag)
    for bit in [0, 127, 128, 8 * 37 - 1]:
        add(f"bit {bit} of the ciphertext is flipped", key, iv, more, message, "invalid", ct=flip(ct, bit))
    add("the ciphertext is cut", key, iv, more, message, "invalid", ct=ct[:-1])
    add("the ciphertext has a byte too many", key, iv, more, message, "invalid", ct=ct + b"\0")
    add("the ciphertext is gone", key, iv, more, message, "invalid", ct=b"")
    for comment, other in [("without its associated data", b""), ("other associated data", flip(more, 3)),
                           ("associated data moved into the message", more + ct[:1])]:
        add(comment, key, iv, other, message, "invalid", ct=ct, tag=tag)
    add("another nonce", key, flip(iv, 5), more, message, "invalid", ct=ct, tag=tag)
    add("another key", flip(key, 255), iv, more, message, "invalid", ct=ct, tag=tag)
    for size in [0, 1, 8, 11, 13, 16, 32]:
        wrong = noise(f"nonce {size}", size)
        add(f"a nonce of {size} bytes, which GCM knows and we do not take", key, wrong, more, message, "invalid",
            *(() if size else (ct, tag)))
    for size in [16, 24]:
        add(f"a key of {size} bytes", key[:size], iv, more, message, "invalid")
    return tests


# --- HMAC: RFC 2104


def hmac_vectors():
    tests = []

    def add(comment, name, key, message, tag=None, result="valid"):
        real = hmac.new(key, message, name).digest()
        tests.append(dict(comment=comment, algorithm=name, key=key, msg=message, tag=real if tag is None else tag,
                          result=result))

    long_text = (b"This is a test using a larger than block-size key and a larger than block-size data. The key "
                 b"needs to be hashed before being used by the HMAC algorithm.")
    rfc4231 = [
        ("4.2", b"\x0b" * 20, b"Hi There", "b0344c61"), ("4.3", b"Jefe", b"what do ya want for nothing?", "5bdcc146"),
        ("4.4", b"\xaa" * 20, b"\xdd" * 50, "773ea91e"), ("4.5", bytes(range(1, 26)), b"\xcd" * 50, "82558a38"),
        ("4.7", b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First", "60e43159"),
        ("4.8", b"\xaa" * 131, long_text, "9b09ffa7"),
    ]
    for section, key, message, start in rfc4231:
        assert hmac.new(key, message, "sha256").hexdigest().startswith(start), section
        for name in ["sha256", "sha512"]:
            add(f"RFC 4231, section {section}", name, key, message)
    truncated = hmac.new(b"\x0c" * 20, b"Test With Truncation", "sha256").digest()[:16]
    assert truncated.hex() == "a3b6167473100ee06e0c796c2955552b"
    add("RFC 4231, section 4.6: a truncated code, which we do not take", "sha256", b"\x0c" * 20,
        b"Test With Truncation", truncated, "invalid")
    for name in ["sha256", "sha512"]:
        for size in [1, 16, 32, 63, 64, 65, 127, 128, 129, 200]:
            add(f"a key of {size} bytes", name, noise(f"hmac {size}", size), b"message")
        add("an empty key", name, b"", b"message")
        for size in [0, 1, 55, 56, 63, 64, 111, 112, 127, 128, 1000]:
            add(f"a message of {size} bytes", name, b"key", noise(f"message {size}", size))
        tag = hmac.new(b"key", b"message", name).digest()
        for bit in [0, 7, 8, 63, 64, 127, 128, 8 * len(tag) - 1]:
            add(f"bit {bit} of the code is flipped", name, b"key", b"message", flip(tag, bit), "invalid")
        for size in [0, 1, 16, len(tag) - 1]:
            add(f"the code is cut to {size} bytes", name, b"key", b"message", tag[:size], "invalid")
        add("the code has a byte too many", name, b"key", b"message", tag + b"\0", "invalid")
        add("the code is zero", name, b"key", b"message", bytes(len(tag)), "invalid")
        add("another message's code", name, b"key", b"massage", tag, "invalid")
        add("another key's code", name, b"kex", b"message", tag, "invalid")
        add("the plain hash of key and message", name, b"key", b"message",
            hashlib.new(name, b"keymessage").digest(), "invalid")
    add("the code of the other hash", "sha512", b"key", b"message", hmac.new(b"key", b"message", "sha256").digest(),
        "invalid")
    return tests


# --- Ed25519: RFC 8032, by its own formulas

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return P - x if x % 2 != sign else x


BASE_Y = 4 * pow(5, -1, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y)


def ed_add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P)


def ed_multiply(k, point):
    out = (0, 1)
    while k:
        if k & 1:
            out = ed_add(out, point)
        point, k = ed_add(point, point), k >> 1
    return out


def ed_encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def ed_secret(seed):
    digest = hashlib.sha512(seed).digest()
    return int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254, digest[32:]


def ed_public(seed):
    return ed_encode(ed_multiply(ed_secret(seed)[0], BASE))


def ed_number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def ed_sign(seed, message, dom=b""):
    a, prefix = ed_secret(seed)
    r = ed_number(dom, prefix, message)
    big_r = ed_encode(ed_multiply(r, BASE))
    s = (r + ed_number(dom, big_r, ed_public(seed), message) * a) % L
    return big_r + s.to_bytes(32, "little")


def ed_vectors():
    tests = []

    def add(comment, seed, message, signature=None, result="valid", public=None):
        tests.append(dict(comment=comment, seed=seed, public=public or ed_public(seed), msg=message,
                          sig=ed_sign(seed, message) if signature is None else signature, result=result))

    rfc8032 = [
        ("1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", b"", "e5564300c360ac72"),
        ("2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", b"\x72", "92a009a9f0d4cab8"),
        ("3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", b"\xaf\x82", "6291d657deec2402"),
        ("SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", hashlib.sha512(b"abc").digest(),
         "dc2a4459e7369633"),
    ]
    for name, seed, message, start in rfc8032:
        assert ed_sign(bytes.fromhex(seed), message).hex().startswith(start), name
        add("RFC 8032, section 7.1, test " + name, bytes.fromhex(seed), message)
    for size in [0, 1, 31, 32, 33, 63, 64, 65, 111, 112, 128, 300]:
        add(f"a message of {size} bytes", noise(f"ed {size}", 32), noise(f"ed message {size}", size))
    seed, message = noise("ed25519", 32), b"one order, once"
    sig = ed_sign(seed, message)
    r, s = sig[:32], int.from_bytes(sig[32:], "little")

    def bad(comment, signature, **more):
        add(comment, seed, message, signature, "invalid", **more)

    bad("S + L: malleable", r + (s + L).to_bytes(32, "little"))
    for n in [2, 4, 8, 14]:
        bad(f"S + {n} L", r + (s + n * L).to_bytes(32, "little"))
    bad("S is L", r + L.to_bytes(32, "little"))
    bad("S is all ones", r + b"\xff" * 32)
    bad("S with its highest bit set", r + flip(sig[32:], 255))
    bad("S is zero", r + bytes(32))
    bad("-S", r + (L - s).to_bytes(32, "little"))
    bad("R is zero", bytes(32) + sig[32:])
    bad("R is the neutral point", (1).to_bytes(32, "little") + sig[32:])
    bad("R is not canonical", P.to_bytes(32, "little") + sig[32:])
    bad("R with its sign flipped", flip(r, 255) + sig[32:])
    bad("the signature is zero", bytes(64))
    bad("S before R", sig[32:] + r)
    for bit in [0, 1, 7, 8, 254, 255, 256, 300, 507, 511]:
        bad(f"bit {bit} is flipped", flip(sig, bit))
    for size in [0, 1, 32, 63]:
        bad(f"cut to {size} bytes", sig[:size])
    bad("a byte too many", sig + b"\0")
    add("another message", seed, b"one order, twice", sig, "invalid")
    add("an empty message", seed, b"", sig, "invalid")
    bad("another key", sig, public=ed_public(noise("other", 32)))
    dom = b"SigEd25519 no Ed25519 collisions"
    bad("made for Ed25519ctx", ed_sign(seed, message, dom + b"\0\3foo"))
    bad("made for Ed25519ph", ed_sign(seed, hashlib.sha512(message).digest(), dom + b"\1\0"))
    # Under a key of small order, R = S B holds for every message.
    neutral = (1).to_bytes(32, "little")
    for comment, key in [("the neutral point", neutral), ("the point of order two", (P - 1).to_bytes(32, "little")),
                         ("a point of order four", bytes(32)), ("not canonical", (P + 1).to_bytes(32, "little"))]:
        bad("the key is " + comment, neutral + bytes(32), public=key)
    return tests


# --- ECDSA on P-256: FIPS 186-4, nonces by RFC 6979

Q = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def ec_add(a, b):
    if a is None or b is None:
        return a or b
    (x1, y1), (x2, y2) = a, b
    if x1 == x2 and (y1 + y2) % Q == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, Q) if a == b else (y2 - y1) * pow(x2 - x1, -1, Q)
    x = (slope * slope - x1 - x2) % Q
    return x, (slope * (x1 - x) - y1) % Q


def ec_multiply(k, point):
    out = None
    while k:
        if k & 1:
            out = ec_add(out, point)
        point, k = ec_add(point, point), k >> 1
    return out


def rfc6979(x, digest):
    key, v = bytes(32), b"\1" * 32
    seed = x.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    for mark in [b"\0", b"\1"]:
        key = hmac.new(key, v + mark + seed, "sha256").digest()
        v = hmac.new(key, v, "sha256").digest()
    return int.from_bytes(hmac.new(key, v, "sha256").digest(), "big")


def ec_sign(x, message, name="sha256"):
    digest = hashlib.new(name, message).digest()[:32]
    k = rfc6979(x, digest)
    r = ec_multiply(k, G)[0] % N
    return r, pow(k, -1, N) * (int.from_bytes(digest, "big") + r * x) % N


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + body


def der_int(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pem(label, data):
    text = base64.b64encode(data).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


EC_ALGORITHM = der(0x30, bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107"))


def ec_public_pem(point):
    body = b"\0\4" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")
    return pem("PUBLIC KEY", der(0x30, EC_ALGORITHM, der(3, body)))


def ec_private_pem(x):
    inner = der(0x30, der_int(1), der(4, x.to_bytes(32, "big")))
    return pem("PRIVATE KEY", der(0x30, der_int(0), EC_ALGORITHM, der(4, inner)))


def ec_vectors():
    tests = []

    def add(comment, x, message, encoding, signature, result="valid"):
        test = dict(comment=comment, public_pem=ec_public_pem(ec_multiply(x, G)), msg=message, encoding=encoding,
                    sig=signature, result=result)
        tests.append(test | (dict(private_pem=ec_private_pem(x)) if result == "valid" else {}))

    def raw(r, s):
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def both(comment, x, message, r, s, result="valid"):
        if r < 1 << 256 and s < 1 << 256:
            add(comment, x, message, "raw", raw(r, s), result)
        add(comment, x, message, "der", der(0x30, der_int(r), der_int(s)), result)

    x = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    r, s = ec_sign(x, b"sample")
    assert r == 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    assert s == 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    both("RFC 6979, A.2.5, sample", x, b"sample", r, s)
    r, s = ec_sign(x, b"test")
    assert r == 0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367
    both("RFC 6979, A.2.5, test", x, b"test", r, s)
    for size in [0, 1, 32, 55, 56, 64, 200]:
        key = int.from_bytes(noise(f"ec {size}", 32), "big") % N
        message = noise(f"ec message {size}", size)
        both(f"a message of {size} bytes", key, message, *ec_sign(key, message))
    for key in [1, 2, N - 1]:
        both(f"the private key is {'n - 1' if key > 2 else key}", key, b"edge", *ec_sign(key, b"edge"))
    x, message = int.from_bytes(noise("ecdsa", 32), "big") % N, b"one order, once"
    r, s = ec_sign(x, message)
    both("-s, which ECDSA allows", x, message, r, N - s)
    edges = [0, 1, N - 1, N, N + 1, Q, (1 << 256) - 1]
    names = ["0", "1", "n - 1", "n", "n + 1", "p", "2^256 - 1"]
    for value, name in zip(edges, names):
        both(f"r is {name}", x, message, value, s, "invalid")
        both(f"s is {name}", x, message, r, value, "invalid")
        both(f"r and s are {name}", x, message, value, value, "invalid")
    both("r and s are swapped", x, message, s, r, "invalid")
    both("n was added to r", x, message, r + N, s, "invalid")
    both("n was added to s", x, message, r, s + N, "invalid")
    both("2^256 was added to r", x, message, r + (1 << 256), s, "invalid")
    both("another message", x, b"one order, twice", r, s, "invalid")
    both("another key", x + 1, message, r, s, "invalid")
    both("made with SHA-512", x, message, *ec_sign(x, message, "sha512"), "invalid")
    good = raw(r, s)
    for size in [0, 1, 32, 63]:
        add(f"cut to {size} bytes", x, message, "raw", good[:size], "invalid")
    add("a byte too many", x, message, "raw", good + b"\0", "invalid")
    add("96 bytes", x, message, "raw", good + bytes(32), "invalid")
    for bit in [0, 255, 256, 511]:
        add(f"bit {bit} is flipped", x, message, "raw", flip(good, bit), "invalid")
    whole = der(0x30, der_int(r), der_int(s))
    add("DER where raw is wanted", x, message, "raw", whole, "invalid")
    add("raw where DER is wanted", x, message, "der", good, "invalid")
    body = der_int(r) + der_int(s)
    for comment, signature in [
        ("a byte behind the sequence", whole + b"\0"),
        ("a byte inside the sequence", der(0x30, body, b"\0")),
        ("null inside the sequence", der(0x30, body, b"\5\0")),
        ("a length in long form", b"\x30\x81" + bytes([len(body)]) + body),
        ("an indefinite length", b"\x30\x80" + body + b"\0\0"),
        ("a length too large", b"\x30" + bytes([len(body) + 1]) + body),
        ("a length too small", b"\x30" + bytes([len(body) - 1]) + body),
        ("a set in place of a sequence", b"\x31" + whole[1:]),
        ("zeros before r", der(0x30, der(2, bytes(3) + r.to_bytes(32, "big")), der_int(s))),
        ("r is negative", der(0x30, der(2, (r - (1 << 256)).to_bytes(33, "big", signed=True)), der_int(s))),
        ("r has no bytes", der(0x30, b"\2\0", der_int(s))), ("only r", der(0x30, der_int(r))),
        ("nothing in the sequence", b"\x30\0"), ("empty", b""), ("r and s are octet strings", der(
            0x30, der(4, r.to_bytes(32, "big")), der(4, s.to_bytes(32, "big")))),
    ]:
        add(comment, x, message, "der", signature, "invalid")
    return tests


# --- RSA PKCS#1 v1.5: RFC 8017


def is_prime(n):
    if any(n % p == 0 for p in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]):
        return False
    d, power = n - 1, 0
    while d % 2 == 0:
        d, power = d // 2, power + 1
    for i in range(24):
        x = pow(int.from_bytes(noise(f"witness {i}", 64), "big"), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(power - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(label, bits):
    candidate = int.from_bytes(noise(label, bits // 8), "big") | 3 << bits - 2 | 1
    while candidate % 65537 == 1 or not is_prime(candidate):
        candidate += 2
    return candidate


SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def rsa_vectors():
    p, q = prime("rsa p", 1024), prime("rsa q", 1024)
    n, e, size = p * q, 65537, 256
    d = pow(e, -1, (p - 1) * (q - 1))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d010101"), b"\5\0")
    public_pem = pem("PUBLIC KEY", der(0x30, algorithm, der(3, b"\0", der(0x30, der_int(n), der_int(e)))))
    numbers = [0, n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]
    inner = der(0x30, *[der_int(number) for number in numbers])
    private_pem = pem("PRIVATE KEY", der(0x30, der_int(0), algorithm, der(4, inner)))
    tests = []

    def add(comment, message, signature, result="invalid"):
        test = dict(comment=comment, public_pem=public_pem, msg=message, sig=signature, result=result)
        tests.append(test | (dict(private_pem=private_pem) if result == "valid" else {}))

    def power(block):
        return pow(int.from_bytes(block, "big"), d, n).to_bytes(size, "big")

    def block(message, info=SHA256_INFO, name="sha256", start=b"\0\1", fill=b"\xff", gap=b"\0", behind=b""):
        tail = gap + info + hashlib.new(name, message).digest() + behind
        return start + fill * (size - len(start) - len(tail)) + tail

    for length in [0, 1, 64, 200]:
        message = noise(f"rsa {length}", length)
        add(f"a message of {length} bytes", message, power(block(message)), "valid")
    message = b"one order, once"
    good = power(block(message))
    short = block(message)[-52:]
    for comment, padded_block in [
        ("padding of type 2", block(message, start=b"\0\2")), ("padding of type 0", block(message, start=b"\0\0")),
        ("a leading 1 in place of 0", block(message, start=b"\1\1")),
        ("padding of zeros", block(message, fill=b"\0")), ("padding of 0xfe", block(message, fill=b"\xfe")),
        ("no zero behind the padding", block(message, gap=b"\xff")),
        ("eight bytes of padding and bytes behind the hash", b"\0\1" + b"\xff" * 8 + short + noise("tail", 194)),
        ("a byte behind the hash", block(message, behind=b"\0")),
        ("the hash without its algorithm", block(message, info=b"")),
        ("the algorithm without its null", block(message, info=bytes.fromhex("302f300b0609608648016503040201" "0420"))),
        ("the algorithm in BER's long form",
         block(message, info=bytes.fromhex("3081313081" "0d0609608648016503040201" "05000420"))),
        ("SHA-512 and its algorithm",
         block(message, info=bytes.fromhex("3051300d060960864801650304020305000440"), name="sha512")),
        ("SHA-1 and its algorithm", block(message, info=bytes.fromhex("3021300906052b0e03021a05000414"), name="sha1")),
        ("SHA-512's algorithm over SHA-256",
         block(message, info=bytes.fromhex("3031300d060960864801650304020305000420"))),
        ("another message's hash", block(b"one order, twice")),
    ]:
        assert len(padded_block) == size, comment
        add(comment, message, power(padded_block))
    add("the padded block, not signed", message, block(message))
    for comment, signature in [
        ("zero", bytes(size)), ("one", (1).to_bytes(size, "big")), ("n - 1", (n - 1).to_bytes(size, "big")),
        ("n", n.to_bytes(size, "big")), ("all ones", b"\xff" * size), ("empty", b""), ("cut", good[:-1]),
        ("a byte too many", good + b"\0"), ("a zero in front", b"\0" + good), ("a bit flipped", flip(good, 900)),
        ("n was added", (int.from_bytes(good, "big") + n).to_bytes(size + 1, "big")),
        ("negated", (n - int.from_bytes(good, "big")).to_bytes(size, "big")),
    ]:
        add(comment, message, signature)
    return tests


write("aes-256-gcm.json", "make.py; McGrew and Viega, The Galois/Counter Mode of Operation, appendix B", gcm_vectors())
write("hmac.json", "make.py; RFC 4231", hmac_vectors())
write("ed25519.json", "make.py; RFC 8032, section 7.1", ed_vectors())
write("ecdsa-p256.json", "make.py; RFC 6979, appendix A.2.5", ec_vectors())
write("rsa-pkcs1-sha256.json", "make.py; RFC 8017, section 8.2", rsa_vectors())
