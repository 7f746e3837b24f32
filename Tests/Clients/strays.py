"""Which endpoints of stock ccxt carry the API key, which is Keybell's token, past the proxy.

Every endpoint that ccxt describes is signed once, and nothing is sent.
"""

import json

import ccxt
from connections import TABLE
from credentials import credentials

METHODS = ("get", "post", "put", "delete", "patch")
# Where ccxt has one address for everything.
SINGLE = {"okx": "rest", "coinbase": "rest"}


def strays(name):
    """As (entry of urls["api"], path)."""
    secrets = credentials(name)
    exchange = getattr(ccxt, name)({
        "apiKey": secrets["api_key"], "secret": secrets["secret"], "password": secrets.get("passphrase")})
    found = set()
    for api, method, path in _endpoints(exchange.api, []):
        entry = SINGLE.get(name) or _entry(name, api)
        if entry not in TABLE[name].private and _carries_key(exchange, api, method, path):
            found.add((entry, path))
    return found


def _endpoints(tree, api):
    for word, inner in tree.items():
        if word in METHODS:
            yield from ((api, word.upper(), path) for path in inner)
        elif isinstance(inner, dict):
            yield from _endpoints(inner, [*api, word])


def _entry(name, api):
    if name in ("gate", "mexc"):
        return ".".join(api)
    return api[1] if name == "bitget" else api[0]


def _carries_key(exchange, api, method, path):
    parameters = {name: "1" for name in exchange.extract_params(path)}
    try:
        signed = exchange.sign(path, api, method, parameters)
    except (ccxt.BaseError, KeyError):
        # An endpoint that this client cannot call at all.
        return False
    headers = signed["headers"] or {}
    text = json.dumps([headers, signed["url"], signed["body"]])
    return exchange.apiKey in text or "Authorization" in headers
