#!/usr/bin/env python3
"""usage: make_hummingbot.py        needs eth-keyfile, pycryptodome and PyYAML

Writes hummingbot's connector files as it would: each value sealed as an Ethereum key file of version 3 under the
user's password, the JSON's hex in YAML; in older versions the JSON itself, one file for each value.
"""
import hashlib
import json
import pathlib

import yaml
from Crypto.Cipher import AES
from Crypto.Hash import keccak
from eth_keyfile import decode_keyfile_json

FOLDER = pathlib.Path(__file__).parent / "hummingbot"
PASSWORD = "Passwort für den Bot"


def chance(label, count):
    return hashlib.sha256(label.encode()).digest()[:count]


def sealed(label, value, password=PASSWORD, kdf="pbkdf2", work=1000, iv=None):
    salt = chance(label + " salt", 16)
    iv = iv or chance(label + " iv", 16)
    if kdf == "pbkdf2":
        key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, work, 32)
        parameters = {"c": work, "dklen": 32, "prf": "hmac-sha256", "salt": salt.hex()}
    else:
        key = hashlib.scrypt(password.encode(), salt=salt, n=work, r=8, p=1, dklen=32, maxmem=2**29)
        parameters = {"dklen": 32, "n": work, "r": 8, "p": 1, "salt": salt.hex()}
    cipher = AES.new(key[:16], AES.MODE_CTR, nonce=b"", initial_value=iv)
    ciphertext = cipher.encrypt(value.encode())
    code = keccak.new(digest_bits=256, data=key[16:32] + ciphertext).hexdigest()
    # The counter is written as a number: leading zero bytes go missing.
    counter = int.from_bytes(iv, "big")
    shown = counter.to_bytes((counter.bit_length() + 7) // 8 or 1, "big").hex()
    document = {
        "crypto": {
            "cipher": "aes-128-ctr", "cipherparams": {"iv": shown}, "ciphertext": ciphertext.hex(),
            "kdf": kdf, "kdfparams": parameters, "mac": code,
        },
        "version": 3, "alias": "",
    }
    text = json.dumps(document)
    assert decode_keyfile_json(json.loads(text), password.encode()) == value.encode()
    return text


def connector(name, values, file=None, **options):
    lines = {"connector": name}
    for part, value in values.items():
        lines[f"{name}_{part}"] = sealed(f"{name} {part}", value, **options).encode().hex()
    rule = "#" * 36
    head = f"{rule}\n###   {name} config   ###\n{rule}\n\n"
    path = FOLDER / "connectors" / f"{file or name}.yml"
    path.write_text(head + yaml.safe_dump(lines, sort_keys=False))


def main():
    (FOLDER / ".password_verification").write_text(
        sealed("word", "HummingBot", work=1_000_000).encode().hex())
    connector("okx", {
        "api_key": "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0", "secret_key": "THROWAWAYOKXSECRET0123456789ABCD",
        "passphrase": "throw away words"})
    connector("binance_perpetual_testnet", {
        "api_key": "thrBnPerpTestKey0123456789", "api_secret": "thrBnPerpTestSecret0123456789"},
        iv=b"\x00\x00" + chance("short", 14))
    connector("gate_io", {"api_key": "thrGateKey0123456789", "secret_key": "thrGateSecret0123456789"},
              kdf="scrypt", work=4096)
    connector("hyperliquid", {"api_key": "0x0123456789", "secret_key": "0x9876543210"})
    connector("bybit", {"api_key": "thrBybitKey0123456789", "secret_key": "thrBybitSecret0123456789"},
              file="bybit_other_password", password="another one")
    for part, value in {"api_key": "thrKucoinKey0123456789", "secret_key": "thrKucoinSecret0123456789",
                        "passphrase": "kcpass"}.items():
        (FOLDER / "old" / f"encrypted_kucoin_{part}.json").write_text(sealed(f"old kucoin {part}", value))


main()
