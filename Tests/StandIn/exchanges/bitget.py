"""Bitget v2, classic and unified accounts. Demo keys want `paptrading: 1`."""

import hmac
import urllib.parse

from exchange import Exchange, milliseconds, private, public
from keys import TRADES
from messages import Answer, Refusal, Refused
from signatures import from_base64
from trading import bitget as trading
from trading.bitget import envelope, ok

WINDOW_MS = 30_000
A_SECOND = 10  # requests, of an account and on one path
# Two letters for what it is about, two for reading or writing.
AUTHORITIES = {
    "read": ["stor", "coor", "wtor"], "trade_spot": ["stow"], "trade_margin": ["smow"],
    "trade_derivatives": ["coow", "cpow"], "transfer": ["wtow"], "withdraw": ["wwow"],
}


def server_time(exchange, call):
    return ok({"serverTime": str(call.now_ms)})


def account_info(exchange, call):
    names = [name for one, all_names in AUTHORITIES.items() if one in call.claimed for name in all_names]
    return ok({
        "userId": "1234567", "inviterId": "1", "ips": ",".join(call.key.ips), "authorities": names,
        "parentId": 1, "traderType": "not_trader", "channelCode": "", "channel": "",
        "regisTime": str(call.key.created_at), **call.key.extra})


def unified_info(exchange, call):
    """For keys that were registered as those of a unified account, by `{"extra": {"unified": true}}`."""
    if not call.key.extra.get("unified"):
        return Answer(400, envelope("40084", "Not a unified account"))
    words = {"transfer": "transfer", "withdraw": "withdraw"}
    names = [word for one, word in words.items() if one in call.claimed]
    if TRADES & call.claimed:
        names = ["uta_mgt", "uta_trade", *names]
    return ok({
        "userId": "1234567", "inviterId": "1", "parentId": "1", "ips": ",".join(call.key.ips),
        "permType": "read_and_write" if names else "read_only", "permissions": names})


class Bitget(Exchange):
    name = "bitget"
    key_header = "access-key"
    refusals = {
        Refusal.MISSING_CREDENTIALS: (400, envelope("40001", "{detail} cannot be empty")),
        Refusal.UNKNOWN_KEY: (400, envelope("40037", "Apikey does not exist")),
        Refusal.DELETED_KEY: (400, envelope("40037", "Apikey does not exist")),
        Refusal.DISABLED_KEY: (400, envelope("40013", "User is frozen")),
        Refusal.EXPIRED_KEY: (400, envelope("40006", "Invalid ACCESS_KEY")),
        Refusal.WRONG_ENVIRONMENT: (400, envelope("40099", "exchange environment is incorrect")),
        Refusal.ADDRESS: (400, envelope("40018", "Invalid IP")),
        Refusal.TIME: (400, envelope("40008", "Request timestamp expired")),
        Refusal.PASSPHRASE: (400, envelope("40012", "apikey/password is incorrect")),
        Refusal.SIGNATURE: (400, envelope("40009", "sign signature error")),
        Refusal.PERMISSION: (400, envelope("40014", "Incorrect permissions")),
        Refusal.PARAMETER: (400, envelope("40017", "Parameter verification failed {detail}")),
        Refusal.NOT_FOUND: (404, envelope("40404", "Request URL NOT FOUND")),
        Refusal.THROTTLED: (429, envelope("429", "Too Many Requests")),
        **trading.REFUSALS,
    }
    routes = {
        "GET /api/v2/public/time": public(server_time),
        "GET /api/v2/spot/account/info": private(account_info),
        "GET /api/v3/account/info": private(unified_info),
        **trading.ROUTES,
    }

    def refusal(self, reason, request):
        return trading.contract_refusal(reason, request) or super().refusal(reason, request)

    def rate_headers(self, call, used):
        """How much is left, by account and path, in this second."""
        if call.key is None:
            return {}
        count = self.desk.rates.add((self.name, call.key.account, call.request.path), 1_000, call.now_ms)
        return {"x-mbx-used-remain-limit": str(max(0, A_SECOND - count))}

    def check_key(self, key, request):
        if (key.environment == "demo") != (request.header("paptrading") == "1"):
            raise Refused(Refusal.WRONG_ENVIRONMENT)

    def check(self, request, key, now_ms):
        for name in ("ACCESS-SIGN", "ACCESS-TIMESTAMP", "ACCESS-PASSPHRASE"):
            if not request.header(name.lower()):
                raise Refused(Refusal.MISSING_CREDENTIALS, name)
        stamp = request.header("access-timestamp")
        if not -WINDOW_MS <= now_ms - milliseconds(stamp) <= WINDOW_MS + self.desk.slack_ms:
            raise Refused(Refusal.TIME)
        passphrase = request.header("access-passphrase").encode("latin-1")
        if not hmac.compare_digest(passphrase, (key.passphrase or "").encode()):
            raise Refused(Refusal.PASSPHRASE)
        head = f"{stamp}{request.method}{request.path}".encode("latin-1")
        message = head + _plain_query(request.query) + request.body
        try:
            signature = from_base64(request.header("access-sign"))
        except ValueError:
            raise Refused(Refusal.SIGNATURE) from None
        if not key.signed_hmac("sha256", message, signature):
            raise Refused(Refusal.SIGNATURE)
        if key.extra.get("unified") and request.path.startswith("/api/v2/"):
            raise UnifiedAccount()

    def _refused(self, refused, request):
        if isinstance(refused, UnifiedAccount):
            return Answer(400, envelope(
                "40085", "You are in Unified Account mode, and the Classic Account API is not supported"))
        return super()._refused(refused, request)


class UnifiedAccount(Refused):
    def __init__(self):
        super().__init__(Refusal.PERMISSION)


def _plain_query(query):
    """Sorted by name and without its encoding, with the question mark when there is any."""
    if not query:
        return b""
    pairs = [pair.partition("=") for pair in query.split("&")]
    plain = [tuple(urllib.parse.unquote_to_bytes(one.encode("latin-1")) for one in pair) for pair in pairs]
    return b"?" + b"&".join(b"".join(pair) for pair in sorted(plain))
