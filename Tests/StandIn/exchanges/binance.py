"""Binance: spot, USD-M and COIN-M on one port, as their REST documentation and error list have them."""

import urllib.parse

from exchange import Exchange, milliseconds, private, public
from messages import Answer, Refusal, Refused
from signatures import from_base64, from_hex
from trading import binance as trading

WINDOW_MS = {"10S": 10_000, "1M": 60_000, "1D": 86_400_000}
ORDER_WINDOWS = {("POST", "api"): ("10S", "1D"), ("POST", "fapi"): ("10S", "1M"), ("POST", "dapi"): ("1M",)}
DEFAULT_WINDOW_MS, MAX_WINDOW_MS, AHEAD_MS = 5_000, 60_000, 1_000


def error(code, message):
    return {"code": code, "msg": message}


REJECTED = (401, error(-2015, "Invalid API-key, IP, or permissions for action."))
# What `sapi` says of a key that is none or none any more; the trading hosts were seen to say the above.
NO_SUCH_KEY = (400, error(-2008, "Invalid Api-Key ID."))


def server_time(exchange, call):
    return Answer(200, {"serverTime": call.now_ms})


def api_restrictions(exchange, call):
    claimed, key = call.claimed, call.key
    answer = {
        "ipRestrict": bool(key.ips), "createTime": key.created_at, "enableReading": "read" in claimed,
        "enableWithdrawals": "withdraw" in claimed, "enableInternalTransfer": "transfer" in claimed,
        "enableMargin": "trade_margin" in claimed, "enableFutures": "trade_derivatives" in claimed,
        "permitsUniversalTransfer": "transfer" in claimed, "enableVanillaOptions": False,
        "enableFixApiTrade": False, "enableFixReadOnly": False, "enablePortfolioMarginTrading": False,
        "enableSpotAndMarginTrading": "trade_spot" in claimed,
    }
    if key.expires_at is not None:
        answer["tradingAuthorityExpirationTime"] = key.expires_at
    return Answer(200, {**answer, **key.extra})


class Binance(Exchange):
    name = "binance"
    key_header = "x-mbx-apikey"
    refusals = {
        Refusal.MISSING_CREDENTIALS: (401, error(-2014, "API-key format invalid.")),
        Refusal.UNKNOWN_KEY: REJECTED, Refusal.DISABLED_KEY: REJECTED, Refusal.DELETED_KEY: REJECTED,
        Refusal.EXPIRED_KEY: REJECTED, Refusal.ADDRESS: REJECTED, Refusal.PERMISSION: REJECTED,
        Refusal.TIME: (400, error(-1021, "{detail}")),
        Refusal.SIGNATURE: (400, error(-1022, "Signature for this request is not valid.")),
        Refusal.PARAMETER: (400, error(
            -1102, "Mandatory parameter '{detail}' was not sent, was empty/null, or malformed.")),
        Refusal.NOT_FOUND: (404, error(-1000, "Unknown path {detail}")),
        Refusal.THROTTLED: (429, error(-1003, "Too much request weight used; please back off.")),
        **trading.REFUSALS,
    }
    routes = {
        "GET /api/v3/time": public(server_time),
        "GET /fapi/v1/time": public(server_time),
        "GET /dapi/v1/time": public(server_time),
        "GET /sapi/v1/account/apiRestrictions": private(api_restrictions),
        **trading.ROUTES,
    }
    weights = trading.WEIGHTS

    def rate_headers(self, call, used):
        """Weight by address; orders by account, over ten seconds and a day, or on futures over a minute."""
        path = call.request.path
        headers = {"X-MBX-USED-WEIGHT-1M": str(used)}
        windows = ORDER_WINDOWS.get((call.request.method, path.split("/")[1]), ())
        if call.key is None or not path.endswith(("/order", "/batchOrders", "/cancelReplace")):
            return headers
        for name in windows:
            owner = (self.name, call.key.account, path.split("/")[1], name)
            count = self.desk.rates.add(owner, WINDOW_MS[name], call.now_ms)
            headers[f"X-MBX-ORDER-COUNT-{name}"] = str(count)
        return headers

    def refusal(self, reason, request):
        is_unknown = reason in (Refusal.UNKNOWN_KEY, Refusal.DELETED_KEY)
        if is_unknown and request.path.startswith("/sapi/"):
            return NO_SUCH_KEY
        return super().refusal(reason, request)

    def check(self, request, key, now_ms):
        """Signed are the parameters as sent, query and body with nothing between, but for the signature."""
        signed, signature = _split(request.query, request.body.decode("latin-1"))
        values = self.values(request)
        if not values.get("timestamp"):
            raise Refused(Refusal.PARAMETER, "timestamp")
        # Percent-encoding comes before signing: bytes that should have been encoded are no valid request.
        if not signed.isascii() or not _verifies(key, signed.encode("latin-1"), signature):
            raise Refused(Refusal.SIGNATURE)
        window = milliseconds(values.get("recvWindow", str(DEFAULT_WINDOW_MS)))
        timestamp = milliseconds(values["timestamp"])
        if window > MAX_WINDOW_MS:
            raise Refused(Refusal.PARAMETER, "recvWindow")
        if timestamp >= now_ms + AHEAD_MS:
            raise Refused(Refusal.TIME, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now_ms - timestamp > window + self.desk.slack_ms:
            raise Refused(Refusal.TIME, "Timestamp for this request is outside of the recvWindow.")


def _split(query, body):
    """What is signed, and the signature: at the end of the body, or of the query when the body has none."""
    for text, before, after in ((body, query, ""), (query, "", body)):
        rest, mark, signature = text.rpartition("signature=")
        if mark and (not rest or rest.endswith("&")) and "&" not in signature:
            return before + rest.removesuffix("&") + after, urllib.parse.unquote(signature)
    raise Refused(Refusal.PARAMETER, "signature")


def _verifies(key, message, signature):
    try:
        if key.public_key is None:
            return key.signed_hmac("sha256", message, from_hex(signature))
        return key.signed_publicly(("ed25519", "rsa"), message, from_base64(signature))
    except ValueError:
        return False
