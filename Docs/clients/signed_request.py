#!/usr/bin/env python3
"""usage: signed_request.py KEY_FILE HEADER_FILE TOKEN_ID METHOD URL [BODY_FILE]

One request under an access token that is bound to a key, signed by RFC 9421. Prints the body of the answer.

KEY_FILE is the private key as PEM (`openssl genpkey -algorithm ed25519`), HEADER_FILE holds the one line
`Authorization: Bearer kbt_…`, TOKEN_ID is the token's id, `tok_…`. Needs the package `cryptography`; without it,
`openssl` is asked to sign.
"""

import base64
import hashlib
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request


def sign(key_file, message):
    try:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        with tempfile.NamedTemporaryFile() as file:
            file.write(message)
            file.flush()
            command = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key_file, "-in", file.name]
            return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return load_pem_private_key(pathlib.Path(key_file).read_bytes(), None).sign(message)


def signature_fields(key_file, token_id, method, url, body=b""):
    """The header fields that make a request a signed one. `body` is what is sent: compressed, if it is."""
    parts = urllib.parse.urlsplit(url)
    covered = {"@method": method, "@authority": parts.netloc.lower(), "@path": parts.path or "/"}
    fields = {}
    if "?" in url:
        covered["@query"] = "?" + parts.query
    if body:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        fields["Content-Digest"] = covered["content-digest"] = f"sha-256=:{digest}:"
    names = " ".join(f'"{name}"' for name in covered)
    parameters = (
        f'({names});created={int(time.time())};nonce="{secrets.token_hex(16)}";keyid="{token_id}";alg="ed25519"'
    )
    lines = [f'"{name}": {value}' for name, value in covered.items()]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    signature = base64.b64encode(sign(key_file, base.encode())).decode()
    return {**fields, "Signature-Input": f"sig1={parameters}", "Signature": f"sig1=:{signature}:"}


def main():
    if len(sys.argv) not in (6, 7):
        sys.exit(__doc__)
    key_file, header_file, token_id, method, url, *rest = sys.argv[1:]
    body = pathlib.Path(rest[0]).read_bytes() if rest else b""
    fields = signature_fields(key_file, token_id, method, url, body)
    name, value = pathlib.Path(header_file).read_text().strip().split(": ", 1)
    fields[name] = value
    if body:
        fields["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data=body or None, headers=fields, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            print(answer.read().decode())
    except urllib.error.HTTPError as error:
        print(error.read().decode())
        sys.exit(1)


if __name__ == "__main__":
    main()
