"""Bybit v5. Most refusals are HTTP 200 with a `retCode`; an unknown key is 401, as its error list says."""

import datetime

from exchange import Exchange, milliseconds, private, public
from keys import DELETED
from messages import Refusal, Refused
from signatures import from_base64, from_hex
from trading import bybit as trading
from trading.bybit import envelope, ok

A_SECOND = 20  # requests, of an account and on one path
AHEAD_MS, MAX_WINDOW_MS, DAY_MS = 1_000, 120_000, 86_400_000
NEVER = "1970-01-01T00:00:00Z"


def server_time(exchange, call):
    result = {"timeSecond": str(call.now_ms // 1000), "timeNano": str(call.now_ms * 1_000_000)}
    return ok(call, result)


def query_api(exchange, call):
    key, claimed = call.key, call.claimed
    writes = bool(claimed - {"read"})
    derivatives = "trade_derivatives" in claimed
    wallet = ["AccountTransfer", "SubMemberTransfer"] if "transfer" in claimed else []
    if "withdraw" in claimed:
        wallet = [*wallet, "Withdraw"]
    result = {
        "id": "1", "note": "stand-in", "apiKey": key.api_key, "readOnly": 0 if writes else 1, "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"] if derivatives else [],
            "Spot": ["SpotTrade"] if claimed & {"trade_spot", "trade_margin"} else [],
            "Wallet": wallet, "Options": ["OptionsTrade"] if derivatives else [],
            "Derivatives": ["DerivativesTrade"] if derivatives else [], "CopyTrading": [], "BlockTrade": [],
            "Exchange": [], "NFT": [], "Affiliate": [], "Earn": [],
        },
        "ips": list(key.ips) or ["*"], "type": 1, "createdAt": _time(key.created_at), "uta": 1,
        "userID": 1, "isMaster": True, "parentUid": "0", **_end(key, call.now_ms),
    }
    return ok(call, {**result, **key.extra})


def _end(key, now_ms):
    if key.expires_at is None:
        return {"deadlineDay": -2, "expiredAt": NEVER}
    return {"deadlineDay": max(0, (key.expires_at - now_ms) // DAY_MS), "expiredAt": _time(key.expires_at)}


def _time(milliseconds_since_1970):
    moment = datetime.datetime.fromtimestamp(milliseconds_since_1970 // 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def delete_api(exchange, call):
    if not call.keeps:
        exchange.desk.set_state(exchange.name, call.key.api_key, DELETED)
    return ok(call, {})


class Bybit(Exchange):
    name = "bybit"
    key_header = "x-bapi-api-key"
    refusals = {
        Refusal.MISSING_CREDENTIALS: (401, envelope(10001, "empty value: {detail}")),
        Refusal.UNKNOWN_KEY: (401, envelope(10003, "API key is invalid.")),
        Refusal.DELETED_KEY: (401, envelope(10003, "API key is invalid.")),
        Refusal.DISABLED_KEY: (200, envelope(10007, "User authentication failed.")),
        Refusal.EXPIRED_KEY: (200, envelope(33004, "Your api key has expired.")),
        Refusal.ADDRESS: (200, envelope(
            10010, "Unmatched IP, please check your API key's bound IP addresses.")),
        Refusal.TIME: (200, envelope(10002, "{detail}")),
        Refusal.SIGNATURE: (200, envelope(
            10004, "error sign! please check your signature generation algorithm.")),
        Refusal.PERMISSION: (200, envelope(
            10005, "Permission denied, please check your API key permissions.")),
        Refusal.PARAMETER: (200, envelope(10001, "params error: {detail}")),
        Refusal.NOT_FOUND: (404, envelope(10017, "Route not found.")),
        Refusal.THROTTLED: (429, envelope(10006, "Too many visits!")),
        **trading.REFUSALS,
    }
    routes = {
        "GET /v5/market/time": public(server_time),
        "GET /v5/user/query-api": private(query_api),
        # The documentation asks for a permission to move funds, even to delete oneself.
        "POST /v5/user/delete-api": private(delete_api, "transfer", "withdraw"),
        **trading.ROUTES,
    }

    def refusal(self, reason, request):
        return trading.spot_refusal(reason, request) or super().refusal(reason, request)

    def rate_headers(self, call, used):
        """By account and path, in a second: how many are allowed, how many are left, and until when."""
        if call.key is None:
            return {}
        owner = (self.name, call.key.account, call.request.path)
        count = self.desk.rates.add(owner, 1_000, call.now_ms)
        return {
            "X-Bapi-Limit": str(A_SECOND), "X-Bapi-Limit-Status": str(max(0, A_SECOND - count)),
            "X-Bapi-Limit-Reset-Timestamp": str((call.now_ms // 1_000 + 1) * 1_000)}

    def check(self, request, key, now_ms):
        stamp, window = request.header("x-bapi-timestamp"), request.header("x-bapi-recv-window") or "5000"
        if not stamp or not request.header("x-bapi-sign"):
            raise Refused(Refusal.MISSING_CREDENTIALS, "X-BAPI-TIMESTAMP or X-BAPI-SIGN")
        timestamp, width = milliseconds(stamp), min(milliseconds(window), MAX_WINDOW_MS)
        if not now_ms - width - self.desk.slack_ms <= timestamp < now_ms + AHEAD_MS:
            raise Refused(Refusal.TIME, (
                "invalid request, please check your server timestamp or recv_window param. "
                f"req_timestamp[{timestamp}],server_timestamp[{now_ms}],recv_window[{width}]"))
        sent = request.query.encode("latin-1") if request.method == "GET" else request.body
        message = f"{stamp}{key.api_key}{window}".encode("latin-1") + sent
        if not _verifies(key, message, request.header("x-bapi-sign")):
            raise Refused(Refusal.SIGNATURE)


def _verifies(key, message, signature):
    try:
        if key.public_key is None:
            return key.signed_hmac("sha256", message, from_hex(signature))
        return key.signed_publicly(("rsa",), message, from_base64(signature))
    except ValueError:
        return False
