#!/usr/bin/env python3
"""usage: make_keys.py

Writes private-keys.json beside this file: PEMs as people have them, made with the openssl command line, and what we
say to each. The keys are fresh at every run and guard nothing.
"""
import base64
import json
import pathlib
import subprocess


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def text(*arguments, given=None):
    return openssl(*arguments, given=given.encode() if given else None).decode()


KEYS = []


def add(name, pem, says):
    KEYS.append({"name": name, "pem": pem, "says": says})


def generate(algorithm, *options):
    flags = [part for option in options for part in ("-pkeyopt", option)]
    return text("genpkey", "-quiet", "-algorithm", algorithm, *flags)


def body(pem):
    return base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))


def wrapped(label, der):
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n"


ed = generate("ED25519")
rsa = generate("RSA", "rsa_keygen_bits:2048")
p256 = generate("EC", "ec_paramgen_curve:P-256")
sec1 = text("ec", given=p256)
pkcs1 = text("rsa", "-traditional", given=rsa)

add("Ed25519, PKCS#8", ed, "ed25519")
add("RSA, PKCS#8", rsa, "rsa")
add("RSA, PKCS#1", pkcs1, "rsa")
add("RSA of 3072 bits", generate("RSA", "rsa_keygen_bits:3072"), "rsa")
add("P-256, PKCS#8", p256, "p256")
add("P-256, SEC 1", sec1, "p256")
add("P-256, SEC 1 behind its parameters", text("ecparam", "-genkey", "-name", "prime256v1"), "p256")
add("P-256, SEC 1 without its public half", text("ec", "-no_public", given=p256), "p256")
add("P-256, lines that end as on Windows", p256.replace("\n", "\r\n"), "p256")
add("P-256, white space around it", "\n  " + p256 + "\n\t \n", "p256")
add("P-256, without the last line feed", p256.rstrip("\n"), "p256")
add("P-256, on one line", wrapped("PRIVATE KEY", b"").replace("\n", "\n" + base64.b64encode(body(p256)).decode() + "\n", 1),
    "p256")

add("Ed25519, encrypted", text("pkcs8", "-topk8", "-passout", "pass:x", given=ed), "encrypted")
add("RSA, encrypted as of old", text("rsa", "-traditional", "-aes128", "-passout", "pass:x", given=rsa), "encrypted")
add("P-256, encrypted as of old", text("ec", "-aes128", "-passout", "pass:x", given=p256), "encrypted")
add("RSA of 1024 bits", generate("RSA", "rsa_keygen_bits:1024"), "rsa_bits")
add("RSA of 2047 bits", generate("RSA", "rsa_keygen_bits:2047"), "rsa_bits")
add("RSA of 8200 bits", generate("RSA", "rsa_keygen_bits:8200"), "rsa_bits")
add("RSA-PSS", generate("RSA-PSS", "rsa_keygen_bits:2048"), "other_kind")
add("secp256k1", generate("EC", "ec_paramgen_curve:secp256k1"), "other_curve")
add("P-384", generate("EC", "ec_paramgen_curve:P-384"), "other_curve")
add("P-384, SEC 1", text("ec", given=generate("EC", "ec_paramgen_curve:P-384")), "other_curve")
add("P-256 with its parameters spelt out",
    generate("EC", "ec_paramgen_curve:P-256", "ec_param_enc:explicit"), "other_curve")
add("X25519", generate("X25519"), "other_kind")
add("Ed448", generate("ED448"), "other_kind")
add("a public key", text("pkey", "-pubout", given=p256), "public_half")
add("an RSA public key", text("rsa", "-RSAPublicKey_out", given=rsa), "public_half")
add("a certificate", text("req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=x", given=p256), "public_half")
add("OpenSSH", wrapped("OPENSSH PRIVATE KEY", b"openssh-key-v1\0none"), "other_kind")

add("nothing", "", "not_pem")
add("an HMAC secret", "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A", "not_pem")
add("text before the key", "my key:\n" + p256, "not_pem")
add("text behind the key", p256 + "my key\n", "trailing_bytes")
add("two keys", p256 + ed, "trailing_bytes")
add("the last line is missing", "\n".join(p256.splitlines()[:-1]) + "\n", "not_pem")
add("another last line", p256.replace("END PRIVATE", "END EC PRIVATE"), "not_pem")
add("a space inside the base64", p256.replace("M", "M ", 1), "not_pem")
add("no base64", wrapped("PRIVATE KEY", b""), "not_pem")
add("a header", p256.replace("-----\n", "-----\nComment: mine\n", 1), "not_pem")
add("a byte behind PKCS#8", wrapped("PRIVATE KEY", body(p256) + b"\0"), "trailing_bytes")
add("a byte behind SEC 1", wrapped("EC PRIVATE KEY", body(sec1) + b"\0"), "trailing_bytes")
add("a byte behind PKCS#1", wrapped("RSA PRIVATE KEY", body(pkcs1) + b"\0"), "trailing_bytes")
add("PKCS#8 cut short", wrapped("PRIVATE KEY", body(p256)[:-1]), "malformed")
add("PKCS#1 cut short", wrapped("RSA PRIVATE KEY", body(pkcs1)[:-9]), "malformed")
add("no DER", wrapped("PRIVATE KEY", b"not DER at all"), "malformed")
add("an Ed25519 seed of 31 bytes",
    wrapped("PRIVATE KEY", bytes.fromhex("302d020100300506032b65700421041f") + bytes(31)), "malformed")
add("an RSA key labelled as an elliptic one", wrapped("EC PRIVATE KEY", body(pkcs1)), "malformed")
other = body(text("ec", given=generate("EC", "ec_paramgen_curve:P-256")))
mixed = body(sec1)[:-64] + other[-64:]
add("P-256 with another key's public half", wrapped("EC PRIVATE KEY", mixed), "halves_differ")
add("longer than any key", p256 + " " * 20_000, "too_long")

target = pathlib.Path(__file__).parent / "private-keys.json"
rows = ",\n".join("  " + json.dumps(key) for key in KEYS)
target.write_text('{"source": "make_keys.py, openssl command line", "tests": [\n%s\n]}\n' % rows)
print(target.name, len(KEYS))
