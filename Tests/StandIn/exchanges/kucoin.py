"""KuCoin spot, keys of version 2 and 3: the passphrase goes over the wire as its HMAC."""

import urllib.parse

from exchange import Exchange, milliseconds, private, public
from messages import Refusal, Refused
from signatures import from_base64
from trading import kucoin as trading
from trading.kucoin import envelope, ok

WINDOW_MS = 5_000
POOL, POOL_WINDOW_MS = 4_000, 30_000
VERSIONS = ("2", "3")
# As "Get Apikey Info" documents them; there "Transfer" is the permission that withdraws.
NAMES = {
    "read": "General", "trade_spot": "Spot", "trade_margin": "Margin", "trade_derivatives": "Futures",
    "transfer": "InnerTransfer", "withdraw": "Transfer",
}


def server_time(exchange, call):
    return ok(call.now_ms)


def key_info(exchange, call):
    answer = {
        "uid": 165111215, "remark": "stand-in", "apiKey": call.key.api_key, "apiVersion": 3, "isMaster": True,
        "permission": ",".join(name for one, name in NAMES.items() if one in call.claimed),
        "createdAt": call.key.created_at,
    }
    if call.key.ips:
        answer["ipWhitelist"] = ",".join(call.key.ips)
    return ok({**answer, **call.key.extra})


class KuCoin(Exchange):
    name = host = "kucoin"
    key_header = "kc-api-key"
    refusals = {
        Refusal.MISSING_CREDENTIALS: (401, envelope(
            "400001", "Please check the header of your request for {detail}")),
        Refusal.UNKNOWN_KEY: (401, envelope("400003", "KC-API-KEY not exists")),
        Refusal.DISABLED_KEY: (401, envelope("400003", "KC-API-KEY not exists")),
        Refusal.DELETED_KEY: (401, envelope("400003", "KC-API-KEY not exists")),
        Refusal.EXPIRED_KEY: (401, envelope("400003", "KC-API-KEY not exists")),
        Refusal.ADDRESS: (401, envelope(
            "400006", "The requested ip address is not in the api whitelist, your current ip is: {detail}")),
        Refusal.TIME: (401, envelope("400002", "KC-API-TIMESTAMP Invalid")),
        Refusal.PASSPHRASE: (401, envelope("400004", "KC-API-PASSPHRASE error")),
        Refusal.SIGNATURE: (401, envelope("400005", "Signature error")),
        Refusal.PERMISSION: (403, envelope("400007", "Access denied, require more permission")),
        Refusal.PARAMETER: (400, envelope("400100", "Parameter Error: {detail}")),
        Refusal.NOT_FOUND: (404, envelope("404000", "Url Not Found")),
        Refusal.THROTTLED: (429, envelope("429000", "Too Many Requests")),
        **trading.REFUSALS,
    }
    routes = {
        "GET /api/v1/timestamp": public(server_time),
        "GET /api/v1/user/api-key": private(key_info),
        **trading.ROUTES,
    }

    def rate_headers(self, call, used):
        """Of the pool that the path draws from, in windows of 30 seconds, and until when in milliseconds."""
        if call.key is None:
            return {}
        left = POOL_WINDOW_MS - call.now_ms % POOL_WINDOW_MS
        count = self.desk.rates.add((self.host, call.key.account), POOL_WINDOW_MS, call.now_ms)
        return {
            "gw-ratelimit-limit": str(POOL), "gw-ratelimit-remaining": str(max(0, POOL - count)),
            "gw-ratelimit-reset": str(left)}

    def check(self, request, key, now_ms):
        for name in ("KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE"):
            if not request.header(name.lower()):
                raise Refused(Refusal.MISSING_CREDENTIALS, name)
        if request.header("kc-api-key-version") not in VERSIONS:
            raise Refused(Refusal.MISSING_CREDENTIALS, "KC-API-KEY-VERSION")
        stamp = request.header("kc-api-timestamp")
        if not -WINDOW_MS <= now_ms - milliseconds(stamp) <= WINDOW_MS + self.desk.slack_ms:
            raise Refused(Refusal.TIME)
        if not _verifies(key, (key.passphrase or "").encode(), request.header("kc-api-passphrase")):
            raise Refused(Refusal.PASSPHRASE)
        # Their document: what is signed "must use the content that has not been URL-encoded".
        target = urllib.parse.unquote_to_bytes(request.target.encode("latin-1"))
        message = f"{stamp}{request.method}".encode("latin-1") + target + request.body
        if not _verifies(key, message, request.header("kc-api-sign")):
            raise Refused(Refusal.SIGNATURE)


class KuCoinFutures(KuCoin):
    """The other host: the same keys and accounts, other paths."""

    host = "kucoin_futures"
    refusals = {**KuCoin.refusals, **trading.FUTURES_REFUSALS}
    routes = {"GET /api/v1/timestamp": public(server_time), **trading.FUTURES_ROUTES}


def _verifies(key, message, signature):
    try:
        return key.signed_hmac("sha256", message, from_base64(signature))
    except ValueError:
        return False
