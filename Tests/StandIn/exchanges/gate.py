"""Gate v4: one host for all markets. Refusals are a `label` and a `message`."""

import hashlib
import urllib.parse

from exchange import Exchange, milliseconds, private, public
from keys import TRADES
from messages import Answer, Refusal, Refused
from signatures import from_hex

WINDOW_SECONDS = 60


def error(label, message):
    return {"label": label, "message": message}


def server_time(exchange, call):
    return Answer(200, {"server_time": call.now_ms})


def account_detail(exchange, call):
    """It tells addresses, and nothing of what the key may do."""
    return Answer(200, {
        "user_id": 1667201533, "ip_whitelist": list(call.key.ips), "currency_pairs": [], "tier": 1,
        "key": {"mode": 1}, "copy_trading_role": 0, **call.key.extra})


def accounts(exchange, call):
    currency = call.first("currency") or "USDT"
    return Answer(200, [{"currency": currency, "available": "75000", "locked": "0", "update_id": 1}])


def futures_account(exchange, call):
    return Answer(200, {"total": "15000", "available": "15000", "currency": "USDT", "in_dual_mode": False})


def place(exchange, call):
    number = exchange.desk.place(exchange.name, call.key.api_key, call.values)
    return Answer(201, {
        "id": number, "text": call.first("text"), "status": "open", "create_time_ms": call.now_ms,
        "currency_pair": call.first("currency_pair"), "side": call.first("side")})


def cancel(exchange, call):
    if exchange.desk.cancel(exchange.name, call.key.api_key, call.segment):
        return Answer(200, {"id": call.segment, "status": "cancelled"})
    return Answer(404, error("ORDER_NOT_FOUND", "Order not found"))


class Gate(Exchange):
    name = "gate"
    key_header = "key"
    refusals = {
        Refusal.MISSING_CREDENTIALS: (401, error(
            "MISSING_REQUIRED_HEADER", "Missing required header: {detail}")),
        Refusal.UNKNOWN_KEY: (401, error("INVALID_KEY", "Invalid key provided")),
        Refusal.DELETED_KEY: (401, error("INVALID_KEY", "Invalid key provided")),
        Refusal.DISABLED_KEY: (403, error("ACCOUNT_LOCKED", "Account is locked")),
        Refusal.EXPIRED_KEY: (401, error("INVALID_KEY", "Invalid key provided")),
        Refusal.WRONG_ENVIRONMENT: (401, error("INVALID_KEY", "Invalid key provided")),
        Refusal.ADDRESS: (403, error("FORBIDDEN", "Request IP not in whitelist: {detail}")),
        Refusal.TIME: (403, error(
            "REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60")),
        Refusal.SIGNATURE: (401, error("INVALID_SIGNATURE", "Signature mismatch")),
        Refusal.PERMISSION: (403, error("FORBIDDEN", "The API key has no permission for this")),
        Refusal.PARAMETER: (400, error("INVALID_PARAM_VALUE", "Invalid parameter {detail}")),
        Refusal.NOT_FOUND: (404, error("NOT_FOUND", "{detail} not found")),
        Refusal.THROTTLED: (429, error("TOO_MANY_REQUESTS", "Request rate limit exceeded")),
    }
    routes = {
        "GET /api/v4/spot/time": public(server_time),
        "GET /api/v4/account/detail": private(account_detail),
        "GET /api/v4/spot/accounts": private(accounts, "read"),
        "GET /api/v4/futures/usdt/accounts": private(futures_account, "read"),
        "POST /api/v4/spot/orders": private(place, "trade_spot", "trade_margin"),
        "DELETE /api/v4/spot/orders/*": private(cancel, *TRADES),
        "POST /api/v4/futures/usdt/orders": private(place, "trade_derivatives"),
        "DELETE /api/v4/futures/usdt/orders/*": private(cancel, "trade_derivatives"),
    }

    def check(self, request, key, now_ms):
        """Five lines: method, path, the query without its encoding, the body's hash, the second."""
        for name in ("Timestamp", "SIGN"):
            if not request.header(name.lower()):
                raise Refused(Refusal.MISSING_CREDENTIALS, name)
        stamp = request.header("timestamp")
        age = now_ms // 1000 - milliseconds(stamp)
        if not -WINDOW_SECONDS <= age <= WINDOW_SECONDS + self.desk.slack_ms // 1000:
            raise Refused(Refusal.TIME)
        query = urllib.parse.unquote_to_bytes(request.query.encode("latin-1"))
        digest = hashlib.sha512(request.body).hexdigest()
        message = b"\n".join([
            request.method.encode(), request.path.encode("latin-1"), query, digest.encode(), stamp.encode()])
        try:
            verifies = key.signed_hmac("sha512", message, from_hex(request.header("sign")))
        except ValueError:
            verifies = False
        if not verifies:
            raise Refused(Refusal.SIGNATURE)
