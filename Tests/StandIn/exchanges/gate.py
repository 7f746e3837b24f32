"""Gate v4: one host for all markets. Refusals are a `label` and a `message`."""

import hashlib
import urllib.parse

from exchange import Exchange, milliseconds, private, public
from messages import Answer, Refusal, Refused
from signatures import from_hex
from trading import gate as trading
from trading.gate import error

WINDOW_SECONDS = 60
RATE, RATE_WINDOW_MS = 200, 10_000


def server_time(exchange, call):
    return Answer(200, {"server_time": call.now_ms})


def account_detail(exchange, call):
    """It tells addresses, and nothing of what the key may do."""
    return Answer(200, {
        "user_id": 1667201533, "ip_whitelist": list(call.key.ips), "currency_pairs": [], "tier": 1,
        "key": {"mode": 1}, "copy_trading_role": 0, **call.key.extra})


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
        **trading.REFUSALS,
    }
    routes = {
        "GET /api/v4/spot/time": public(server_time),
        "GET /api/v4/account/detail": private(account_detail),
        **trading.ROUTES,
    }

    def rate_headers(self, call, used):
        """By account and path, in windows of ten seconds."""
        if call.key is None:
            return {}
        owner = (self.name, call.key.account, call.request.path)
        count = self.desk.rates.add(owner, RATE_WINDOW_MS, call.now_ms)
        end = (call.now_ms // RATE_WINDOW_MS + 1) * RATE_WINDOW_MS // 1_000
        return {
            "X-Gate-RateLimit-Limit": str(RATE),
            "X-Gate-RateLimit-Requests-Remain": str(max(0, RATE - count)),
            "X-Gate-RateLimit-Reset-Timestamp": str(end)}

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
