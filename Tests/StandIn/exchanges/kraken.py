"""Kraken spot. Refusals are HTTP 200 with a list of errors; a nonce in place of a clock."""

import hashlib

from exchange import Exchange, private, public
from keys import TRADES
from messages import Answer, Refusal, Refused
from signatures import from_base64

MAX_NONCE = 2**64 - 1
# Many bad nonces lock a key out for a while; how many and how long is not documented.
BAD_NONCES, LOCKOUT_MS = 20, 900_000
# As the documentation of GetApiKeyInfo names them.
NAMES = {
    "read": ("query-funds", "query-open-trades", "query-closed-trades", "query-ledger"),
    "trade_spot": ("modify-trades", "close-trades"), "trade_margin": ("modify-trades", "close-trades"),
    "withdraw": ("withdraw-funds",),
}


def failure(text):
    return 200, {"error": [text]}


def ok(result):
    return Answer(200, {"error": [], "result": result})


def server_time(exchange, call):
    return ok({"unixtime": call.now_ms // 1000, "rfc1123": ""})


def key_info(exchange, call):
    key = call.key
    names = sorted({name for one in call.claimed for name in NAMES.get(one, ())})
    return ok({
        "apiKeyName": "stand-in", "apiKey": key.api_key, "nonce": str(key.highest_nonce),
        "nonceWindow": key.nonce_window, "permissions": names, "iban": "AA88 N84G WOAK NMOI",
        "validUntil": str((key.expires_at or 0) // 1000), "queryFrom": "0", "queryTo": "0",
        "createdTime": str(key.created_at // 1000), "modifiedTime": str(key.created_at // 1000),
        "ipAllowlist": list(key.ips), "lastUsed": str(call.now_ms // 1000), **key.extra})


def balance(exchange, call):
    return ok({"ZUSD": "75000.0000", "XXBT": "1.5000000000"})


def place(exchange, call):
    number = exchange.desk.place(exchange.name, call.key.api_key, call.values)
    words = " ".join(call.first(name) for name in ("type", "volume", "pair", "ordertype", "price"))
    return ok({"descr": {"order": words.strip()}, "txid": [number]})


def cancel(exchange, call):
    if exchange.desk.cancel(exchange.name, call.key.api_key, call.first("txid")):
        return ok({"count": 1})
    return Answer(200, {"error": ["EOrder:Unknown order"]})


class Kraken(Exchange):
    name = "kraken"
    key_header = "api-key"
    refusals = {
        Refusal.MISSING_CREDENTIALS: failure("EAPI:Invalid key"),
        Refusal.UNKNOWN_KEY: failure("EAPI:Invalid key"),
        Refusal.DISABLED_KEY: failure("EAPI:Invalid key"),
        Refusal.DELETED_KEY: failure("EAPI:Invalid key"),
        Refusal.EXPIRED_KEY: failure("EAPI:Invalid key"),
        Refusal.ADDRESS: failure("EGeneral:Permission denied"),
        Refusal.SIGNATURE: failure("EAPI:Invalid signature"),
        Refusal.NONCE: failure("EAPI:Invalid nonce"),
        Refusal.LOCKED_OUT: failure("EGeneral:Temporary lockout"),
        Refusal.PERMISSION: failure("EGeneral:Permission denied"),
        Refusal.PARAMETER: failure("EGeneral:Invalid arguments:{detail}"),
        Refusal.NOT_FOUND: failure("EGeneral:Unknown method"),
        Refusal.THROTTLED: (429, {"error": ["EAPI:Rate limit exceeded"]}),
    }
    routes = {
        "GET /0/public/Time": public(server_time),
        "POST /0/private/GetApiKeyInfo": private(key_info),
        "POST /0/private/Balance": private(balance, "read"),
        "POST /0/private/AddOrder": private(place, *TRADES),
        "POST /0/private/CancelOrder": private(cancel, *TRADES),
    }

    def check(self, request, key, now_ms):
        if now_ms < key.locked_until:
            raise Refused(Refusal.LOCKED_OUT)
        nonce = str(self.values(request).get("nonce", ""))
        hashed = hashlib.sha256(nonce.encode() + request.body).digest()
        try:
            signature = from_base64(request.header("api-sign"))
        except ValueError:
            raise Refused(Refusal.SIGNATURE) from None
        secret = from_base64(key.secret)
        if not key.signed_hmac("sha512", request.path.encode("latin-1") + hashed, signature, secret):
            raise Refused(Refusal.SIGNATURE)
        number = int(nonce) if nonce.isascii() and nonce.isdigit() else MAX_NONCE + 1
        if number > MAX_NONCE or not key.takes_nonce(number):
            self._count_bad_nonce(key, now_ms)
            raise Refused(Refusal.NONCE)

    @staticmethod
    def _count_bad_nonce(key, now_ms):
        key.bad_nonces += 1
        if key.bad_nonces % BAD_NONCES == 0:
            key.locked_until = now_ms + LOCKOUT_MS
