"""Requests as a client would sign them."""

import base64
import datetime
import hashlib
import hmac
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY, SECRET, PASSPHRASE = "stand-in-key", base64.b64encode(b"not a secret").decode(), "open sesame"
PROBES = {
    "binance": ("GET", "/sapi/v1/account/apiRestrictions"), "bybit": ("GET", "/v5/user/query-api"),
    "okx": ("GET", "/api/v5/account/config"), "kraken": ("POST", "/0/private/GetApiKeyInfo"),
    "coinbase": ("GET", "/api/v3/brokerage/key_permissions"), "kucoin": ("GET", "/api/v1/user/api-key"),
    "gate": ("GET", "/api/v4/account/detail"), "bitget": ("GET", "/api/v2/spot/account/info"),
    "mexc": ("GET", "/api/v3/account"),
}
READS = {
    "binance": ("GET", "/api/v3/account"), "bybit": ("GET", "/v5/account/wallet-balance"),
    "okx": ("GET", "/api/v5/account/balance"), "kraken": ("POST", "/0/private/Balance"),
    "coinbase": ("GET", "/api/v3/brokerage/accounts"), "kucoin": ("GET", "/api/v1/accounts"),
    "gate": ("GET", "/api/v4/spot/accounts"), "bitget": ("GET", "/api/v2/spot/account/assets"),
    "mexc": ("GET", "/api/v3/account"),
}
ORDERS = {
    "binance": ("POST", "/api/v3/order"), "bybit": ("POST", "/v5/order/create"),
    "okx": ("POST", "/api/v5/trade/order"), "kraken": ("POST", "/0/private/AddOrder"),
    "coinbase": ("POST", "/api/v3/brokerage/orders"), "kucoin": ("POST", "/api/v1/hf/orders"),
    "gate": ("POST", "/api/v4/spot/orders"), "bitget": ("POST", "/api/v2/spot/trade/place-order"),
    "mexc": ("POST", "/api/v3/order"),
}
# A buy that rests, far below the first price.
ORDER_FIELDS = {
    "binance": {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
                "price": "30000"},
    "bybit": {"category": "spot", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01",
              "price": "30000"},
    "okx": {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01",
            "px": "30000"},
    "kraken": {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "30000"},
    "coinbase": {"product_id": "BTC-USDT", "side": "BUY", "order_configuration": {
        "limit_limit_gtc": {"base_size": "0.01", "limit_price": "30000"}}},
    "kucoin": {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "size": "0.01", "price": "30000"},
    "gate": {"currency_pair": "BTC_USDT", "side": "buy", "type": "limit", "amount": "0.01", "price": "30000"},
    "bitget": {"symbol": "BTCUSDT", "side": "buy", "orderType": "limit", "force": "gtc", "size": "0.01",
               "price": "30000"},
    "mexc": {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "30000"},
}
# What some want for a name of the client's own.
CLIENT_IDS = {"coinbase": "client_order_id", "kucoin": "clientOid"}
TIMES = {
    "binance": "/api/v3/time", "bybit": "/v5/market/time", "okx": "/api/v5/public/time",
    "kraken": "/0/public/Time", "coinbase": "/api/v3/brokerage/time", "kucoin": "/api/v1/timestamp",
    "gate": "/api/v4/spot/time", "bitget": "/api/v2/public/time", "mexc": "/api/v3/time",
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


def _gate(method, path, now_ms, fields):
    body = json.dumps(fields) if method == "POST" else ""
    second = str(now_ms // 1000)
    lines = [method, path, "", hashlib.sha512(body.encode()).hexdigest(), second]
    return path, {
        "KEY": KEY, "Timestamp": second, "Content-Type": "application/json",
        "SIGN": _hmac("\n".join(lines).encode(), hashlib.sha512).hexdigest()}, body


def _bitget(method, path, now_ms, fields):
    body = json.dumps(fields) if method == "POST" else ""
    return path, {
        "ACCESS-KEY": KEY, "ACCESS-TIMESTAMP": str(now_ms), "ACCESS-PASSPHRASE": PASSPHRASE,
        "ACCESS-SIGN": _base64(_hmac(f"{now_ms}{method}{path}{body}".encode())),
        "Content-Type": "application/json"}, body


def _mexc(method, path, now_ms, fields):
    if path.startswith("/api/v1/private/"):
        body = json.dumps(fields) if method == "POST" else ""
        return path, {
            "ApiKey": KEY, "Request-Time": str(now_ms), "Content-Type": "application/json",
            "Signature": _hmac(f"{KEY}{now_ms}{body}".encode()).hexdigest()}, body
    text = _form({**fields, "timestamp": now_ms})
    text += f"&signature={_hmac(text.encode()).hexdigest()}"
    return f"{path}?{text}", {"X-MEXC-APIKEY": KEY, "Content-Type": "application/json"}, ""


def _kraken(method, path, now_ms, fields):
    nonce = str(fields["nonce"])
    body = _form({"nonce": nonce, **{name: value for name, value in fields.items() if name != "nonce"}})
    message = path.encode() + hashlib.sha256((nonce + body).encode()).digest()
    sign = _base64(_hmac(message, hashlib.sha512, base64.b64decode(SECRET)))
    return path, {"API-Key": KEY, "API-Sign": sign, "Content-Type": "application/x-www-form-urlencoded"}, body


# Coinbase's, which nobody keeps.
PRIVATE_KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())


def coinbase_public_key():
    spelt = PRIVATE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return spelt.decode()


def _coinbase(method, path, now_ms, fields):
    now = now_ms // 1000
    uri = f"{method} api.coinbase.com{path}"
    claims = {"iss": "cdp", "sub": KEY, "nbf": now, "exp": now + 120, "uri": uri}
    signed = f"{_url64({'alg': 'ES256', 'typ': 'JWT', 'kid': KEY, 'nonce': '1'})}.{_url64(claims)}"
    r, s = decode_dss_signature(PRIVATE_KEY.sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{_url64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    body = json.dumps(fields) if method == "POST" else ""
    return path, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, body


def _url64(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


RECIPES = {
    "binance": _binance, "bybit": _bybit, "okx": _okx, "kraken": _kraken, "coinbase": _coinbase,
    "kucoin": _kucoin, "gate": _gate, "bitget": _bitget, "mexc": _mexc,
}
