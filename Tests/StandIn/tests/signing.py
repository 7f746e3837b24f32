"""Requests as a client would sign them, for the exchanges that take HMAC."""

import base64
import datetime
import hashlib
import hmac
import json

KEY, SECRET, PASSPHRASE = "stand-in-key", base64.b64encode(b"not a secret").decode(), "open sesame"
PROBES = {
    "binance": ("GET", "/sapi/v1/account/apiRestrictions"), "bybit": ("GET", "/v5/user/query-api"),
    "okx": ("GET", "/api/v5/account/config"), "kraken": ("POST", "/0/private/GetApiKeyInfo"),
    "kucoin": ("GET", "/api/v1/user/api-key"),
}
READS = {
    "binance": ("GET", "/api/v3/account"), "bybit": ("GET", "/v5/account/wallet-balance"),
    "okx": ("GET", "/api/v5/account/balance"), "kraken": ("POST", "/0/private/Balance"),
    "kucoin": ("GET", "/api/v1/accounts"),
}
ORDERS = {
    "binance": ("POST", "/api/v3/order"), "bybit": ("POST", "/v5/order/create"),
    "okx": ("POST", "/api/v5/trade/order"), "kraken": ("POST", "/0/private/AddOrder"),
    "kucoin": ("POST", "/api/v1/hf/orders"),
}
TIMES = {
    "binance": "/api/v3/time", "bybit": "/v5/market/time", "okx": "/api/v5/public/time",
    "kraken": "/0/public/Time", "coinbase": "/api/v3/brokerage/time", "kucoin": "/api/v1/timestamp",
}


def _hmac(message, algorithm=hashlib.sha256, secret=SECRET.encode()):
    return hmac.new(secret, message, algorithm)


def _base64(mac):
    return base64.b64encode(mac.digest()).decode()


def signed(exchange, method, path, now_ms, fields=None):
    """Target, headers and body."""
    return RECIPES[exchange](method, path, now_ms, fields or {})


def _form(fields):
    return "&".join(f"{name}={value}" for name, value in fields.items())


def _binance(method, path, now_ms, fields):
    text = _form({**fields, "timestamp": now_ms})
    text += f"&signature={_hmac(text.encode()).hexdigest()}"
    headers = {"X-MBX-APIKEY": KEY}
    return (path, headers, text) if method == "POST" else (f"{path}?{text}", headers, "")


def _bybit(method, path, now_ms, fields):
    body = json.dumps(fields) if method == "POST" else ""
    sign = _hmac(f"{now_ms}{KEY}5000{body}".encode()).hexdigest()
    return path, {
        "X-BAPI-API-KEY": KEY, "X-BAPI-TIMESTAMP": str(now_ms), "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": sign, "Content-Type": "application/json"}, body


def _okx(method, path, now_ms, fields):
    body = json.dumps(fields) if method == "POST" else ""
    moment = datetime.datetime.fromtimestamp(now_ms // 1000, datetime.timezone.utc)
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{now_ms % 1000:03}Z"
    return path, {
        "OK-ACCESS-KEY": KEY, "OK-ACCESS-PASSPHRASE": PASSPHRASE, "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-SIGN": _base64(_hmac(f"{stamp}{method}{path}{body}".encode())),
        "Content-Type": "application/json"}, body


def _kucoin(method, path, now_ms, fields):
    body = json.dumps(fields) if method == "POST" else ""
    return path, {
        "KC-API-KEY": KEY, "KC-API-TIMESTAMP": str(now_ms), "KC-API-KEY-VERSION": "2",
        "KC-API-PASSPHRASE": _base64(_hmac(PASSPHRASE.encode())),
        "KC-API-SIGN": _base64(_hmac(f"{now_ms}{method}{path}{body}".encode())),
        "Content-Type": "application/json"}, body


def _kraken(method, path, now_ms, fields):
    nonce = str(fields["nonce"])
    body = _form({"nonce": nonce, **{name: value for name, value in fields.items() if name != "nonce"}})
    message = path.encode() + hashlib.sha256((nonce + body).encode()).digest()
    sign = _base64(_hmac(message, hashlib.sha512, base64.b64decode(SECRET)))
    return path, {"API-Key": KEY, "API-Sign": sign, "Content-Type": "application/x-www-form-urlencoded"}, body


RECIPES = {"binance": _binance, "bybit": _bybit, "okx": _okx, "kraken": _kraken, "kucoin": _kucoin}
