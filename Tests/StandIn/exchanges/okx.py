"""OKX v5. Authentication is refused with 401 and a code; orders answer 200 with a code of their own."""

import datetime
import hmac

from exchange import Exchange, private, public
from keys import TRADES
from messages import Refusal, Refused
from signatures import from_base64
from trading import okx as trading
from trading.okx import envelope, ok

WINDOW_MS = 30_000


def server_time(exchange, call):
    return ok({"ts": str(call.now_ms)})


def account_config(exchange, call):
    names = {"read_only": "read" in call.claimed, "trade": bool(call.claimed & {*TRADES, "transfer"})}
    names["withdraw"] = "withdraw" in call.claimed
    return ok({
        "uid": "44705892343619584", "mainUid": "44705892343619584", "acctLv": "2", "posMode": "net_mode",
        "label": "stand-in", "roleType": "0", "kycLv": "3", "ip": ",".join(call.key.ips),
        "perm": ",".join(name for name, granted in names.items() if granted), **call.key.extra})


class OKX(Exchange):
    name = "okx"
    key_header = "ok-access-key"
    refusals = {
        Refusal.MISSING_CREDENTIALS: (401, envelope("50103", "Request header \"{detail}\" can't be empty.")),
        Refusal.UNKNOWN_KEY: (401, envelope("50111", "Invalid OK-ACCESS-KEY")),
        Refusal.DISABLED_KEY: (401, envelope("50119", "API key doesn't exist")),
        Refusal.DELETED_KEY: (401, envelope("50119", "API key doesn't exist")),
        Refusal.EXPIRED_KEY: (401, envelope("50119", "API key doesn't exist")),
        Refusal.WRONG_ENVIRONMENT: (401, envelope("50101", "APIKey does not match current environment.")),
        Refusal.ADDRESS: (401, envelope(
            "50110", "Your IP {detail} is not included in your API key's IP whitelist.")),
        Refusal.TIME: (401, envelope("50102", "Timestamp request expired")),
        Refusal.PASSPHRASE: (401, envelope("50105", "Request header \"OK-ACCESS-PASSPHRASE\" incorrect.")),
        Refusal.SIGNATURE: (401, envelope("50113", "Invalid Sign")),
        Refusal.PERMISSION: (401, envelope(
            "50120", "This API key doesn't have permission to use this function")),
        Refusal.PARAMETER: (400, envelope("51000", "Parameter {detail} error")),
        Refusal.NOT_FOUND: (404, envelope("404", "{detail} not found")),
        Refusal.THROTTLED: (429, envelope("50011", "Too Many Requests")),
        **trading.REFUSALS,
    }
    routes = {
        "GET /api/v5/public/time": public(server_time),
        "GET /api/v5/account/config": private(account_config, "read"),
        **trading.ROUTES,
    }

    def check_key(self, key, request):
        if (key.environment == "demo") != (request.header("x-simulated-trading") == "1"):
            raise Refused(Refusal.WRONG_ENVIRONMENT)

    def check(self, request, key, now_ms):
        for name in ("OK-ACCESS-PASSPHRASE", "OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP"):
            if not request.header(name.lower()):
                raise Refused(Refusal.MISSING_CREDENTIALS, name)
        stamp = request.header("ok-access-timestamp")
        if not -WINDOW_MS <= now_ms - _milliseconds(stamp) <= WINDOW_MS + self.desk.slack_ms:
            raise Refused(Refusal.TIME)
        passphrase = request.header("ok-access-passphrase").encode("latin-1")
        if not hmac.compare_digest(passphrase, (key.passphrase or "").encode()):
            raise Refused(Refusal.PASSPHRASE)
        message = f"{stamp}{request.method}{request.target}".encode("latin-1") + request.body
        try:
            signature = from_base64(request.header("ok-access-sign"))
        except ValueError:
            raise Refused(Refusal.SIGNATURE) from None
        if not key.signed_hmac("sha256", message, signature):
            raise Refused(Refusal.SIGNATURE)


def _milliseconds(stamp):
    """From `2023-11-14T22:13:20.123Z`, and from nothing else."""
    try:
        moment = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        raise Refused(Refusal.TIME) from None
    if len(stamp) != 24:
        raise Refused(Refusal.TIME)
    return round(moment.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)
