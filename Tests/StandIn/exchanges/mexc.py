"""MEXC: spot v3, whose parameters all stand in the query, and futures, on one host with two recipes."""

import urllib.parse

from exchange import Exchange, milliseconds, public
from messages import Answer, Refusal, Refused
from signatures import from_hex
from trading import mexc as trading
from trading.mexc import error

DEFAULT_WINDOW_MS, MAX_WINDOW_MS, AHEAD_MS, FUTURES_WINDOW_MS = 5_000, 60_000, 1_000, 10_000


def server_time(exchange, call):
    return Answer(200, {"serverTime": call.now_ms})


class MEXC(Exchange):
    name = "mexc"
    key_header = "x-mexc-apikey"
    refusals = {
        Refusal.MISSING_CREDENTIALS: (400, error(400, "api key required")),
        Refusal.UNKNOWN_KEY: (400, error(10072, "Api key info invalid")),
        Refusal.DELETED_KEY: (400, error(10072, "Api key info invalid")),
        Refusal.DISABLED_KEY: (403, error(403, "Access Denied")),
        Refusal.EXPIRED_KEY: (400, error(10072, "Api key info invalid")),
        Refusal.ADDRESS: (400, error(700006, "IP [{detail}] not in the ip white list")),
        Refusal.TIME: (400, error(700003, "Timestamp for this request is outside of the recvWindow.")),
        Refusal.SIGNATURE: (400, error(700002, "Signature for this request is not valid.")),
        Refusal.PERMISSION: (400, error(700007, "No permission to access the endpoint.")),
        Refusal.PARAMETER: (400, error(700004, "Mandatory parameter '{detail}' was not sent")),
        Refusal.NOT_FOUND: (404, error(404, "{detail} not found")),
        Refusal.THROTTLED: (429, error(429, "Too Many Requests")),
        **trading.REFUSALS,
    }
    routes = {
        "GET /api/v3/time": public(server_time),
        **trading.ROUTES,
    }

    def refusal(self, reason, request):
        if _is_futures(request) and reason in trading.CONTRACT_REFUSALS:
            return trading.CONTRACT_REFUSALS[reason]
        return super().refusal(reason, request)

    def api_key(self, request):
        return request.header("apikey" if _is_futures(request) else self.key_header)

    def check(self, request, key, now_ms):
        if _is_futures(request):
            self._check_futures(request, key, now_ms)
        else:
            self._check_spot(request, key, now_ms)

    def _check_spot(self, request, key, now_ms):
        """Signed is the query as sent, but for the signature at its end."""
        values = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
        signed, mark, signature = request.query.rpartition("&signature=")
        if not mark or "&" in signature or not values.get("timestamp"):
            raise Refused(Refusal.PARAMETER, "timestamp" if mark else "signature")
        if request.body or not signed.isascii() or not _verifies(key, signed.encode("latin-1"), signature):
            raise Refused(Refusal.SIGNATURE)
        if request.method != "GET" and request.header("content-type") != "application/json":
            raise Refused(Refusal.PARAMETER, "Content-Type")
        window = milliseconds(values.get("recvWindow", str(DEFAULT_WINDOW_MS)))
        if window > MAX_WINDOW_MS:
            raise Refused(Refusal.PARAMETER, "recvWindow")
        self._check_age(now_ms - milliseconds(values["timestamp"]), window)

    def _check_futures(self, request, key, now_ms):
        """Signed are key, time, and the body of a POST or the query sorted by name."""
        stamp = request.header("request-time")
        if not stamp or not request.header("signature"):
            raise Refused(Refusal.MISSING_CREDENTIALS)
        pairs = sorted(request.query.split("&"), key=lambda pair: pair.partition("=")[0])
        query = "&".join(pairs).encode("latin-1")
        sent = request.body if request.method == "POST" else query
        if not _verifies(key, f"{key.api_key}{stamp}".encode() + sent, request.header("signature")):
            raise Refused(Refusal.SIGNATURE)
        self._check_age(now_ms - milliseconds(stamp), FUTURES_WINDOW_MS)

    def _check_age(self, age_ms, window_ms):
        if not -AHEAD_MS < age_ms <= window_ms + self.desk.slack_ms:
            raise Refused(Refusal.TIME)


def _is_futures(request):
    return request.path.startswith("/api/v1/private/")


def _verifies(key, message, signature):
    try:
        return key.signed_hmac("sha256", message, from_hex(signature))
    except ValueError:
        return False
