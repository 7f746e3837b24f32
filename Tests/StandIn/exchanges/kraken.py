"""Kraken spot. Refusals are HTTP 200 with a list of errors; a nonce in place of a clock."""

import hashlib

from exchange import Exchange, private, public
from messages import Refusal, Refused
from signatures import from_base64
from trading import kraken as trading
from trading.kraken import failure, ok

MAX_NONCE = 2**64 - 1
# Many bad nonces lock a key out for a while; how many and how long is not documented.
BAD_NONCES, LOCKOUT_MS = 20, 900_000
# As the documentation of GetApiKeyInfo names them.
NAMES = {
    "read": ("query-funds", "query-open-trades", "query-closed-trades", "query-ledger"),
    "trade_spot": ("modify-trades", "close-trades"), "trade_margin": ("modify-trades", "close-trades"),
    "withdraw": ("withdraw-funds",),
}


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
        **trading.REFUSALS,
    }
    routes = {
        "GET /0/public/Time": public(server_time),
        "POST /0/private/GetApiKeyInfo": private(key_info),
        **trading.ROUTES,
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
