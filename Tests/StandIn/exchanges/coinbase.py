"""Coinbase Advanced: a JSON Web Token for one method and path, ES256 only (RFC 7515, RFC 7518 section 3.4).

The token covers neither the query nor the body.
"""

import datetime
import json

from exchange import Exchange, private, public
from keys import TRADES
from messages import Answer, Refusal, Refused
from signatures import from_base64
from trading import coinbase as trading
from trading.coinbase import failure

MAX_LIFE_SECONDS = 120
HOST = "api.coinbase.com"
# `cdp` is what the documentation says now, the other what it said before and older clients write.
ISSUERS = ("cdp", "coinbase-cloud")
UNAUTHORIZED = (401, "Unauthorized\n")


def server_time(exchange, call):
    moment = datetime.datetime.fromtimestamp(call.now_ms / 1000, datetime.timezone.utc)
    return Answer(200, {
        "iso": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "epochSeconds": str(call.now_ms // 1000),
        "epochMillis": str(call.now_ms)})


def key_permissions(exchange, call):
    return Answer(200, {
        "can_view": "read" in call.claimed, "can_trade": bool(TRADES & call.claimed),
        "can_transfer": bool(call.claimed & {"transfer", "withdraw"}),
        "portfolio_uuid": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "portfolio_type": "DEFAULT",
        **call.key.extra})


class Coinbase(Exchange):
    name = "coinbase"
    refusals = {
        **{reason: UNAUTHORIZED for reason in (
            Refusal.MISSING_CREDENTIALS, Refusal.UNKNOWN_KEY, Refusal.DISABLED_KEY, Refusal.DELETED_KEY,
            Refusal.EXPIRED_KEY, Refusal.ADDRESS, Refusal.TIME, Refusal.SIGNATURE)},
        Refusal.PERMISSION: failure(403, "PERMISSION_DENIED", "Missing required scopes"),
        Refusal.PARAMETER: failure(400, "INVALID_ARGUMENT", "{detail}"),
        Refusal.NOT_FOUND: failure(404, "NOT_FOUND", "{detail}"),
        Refusal.THROTTLED: failure(429, "RESOURCE_EXHAUSTED", "Too many requests"),
        **trading.REFUSALS,
    }
    routes = {
        "GET /api/v3/brokerage/time": public(server_time),
        "GET /api/v3/brokerage/key_permissions": private(key_permissions),
        **trading.ROUTES,
    }

    def api_key(self, request):
        """The token's `kid`, before anything is verified; empty when there is no token."""
        try:
            return str(_json(_token(request).partition(".")[0]).get("kid", ""))
        except Refused:
            return ""

    def check(self, request, key, now_ms):
        signed, _, signature = _token(request).rpartition(".")
        header, _, claims = signed.partition(".")
        if _json(header).get("alg") != "ES256" or not _verifies(key, signed.encode("latin-1"), signature):
            raise Refused(Refusal.SIGNATURE)
        self._check_claims(request, key, _json(claims), now_ms // 1000)

    def _check_claims(self, request, key, claims, now):
        begin, end = claims.get("nbf"), claims.get("exp")
        if not isinstance(begin, int) or not isinstance(end, int) or end - begin > MAX_LIFE_SECONDS:
            raise Refused(Refusal.TIME)
        if not begin <= now < end + self.desk.slack_ms // 1000:
            raise Refused(Refusal.TIME)
        # A caller that is told another base URL may sign for the real host, or for the one that it called.
        here = request.header("host")
        # ccxt takes `https://` off, and leaves the `http://` of a stand-in.
        places = [f"{request.method} {host}{request.path}" for host in (HOST, here, f"http://{here}")]
        if claims.get("sub") != key.api_key or claims.get("iss") not in ISSUERS:
            raise Refused(Refusal.SIGNATURE)
        if claims.get("uri") not in places:
            raise Refused(Refusal.SIGNATURE)


def _token(request):
    scheme, _, token = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or token.count(".") != 2:
        raise Refused(Refusal.MISSING_CREDENTIALS)
    return token


def _verifies(key, message, signature):
    try:
        return key.signed_publicly(("p256",), message, from_base64(signature, url=True))
    except ValueError:
        return False


def _json(text):
    try:
        value = json.loads(from_base64(text, url=True))
    except ValueError:
        raise Refused(Refusal.SIGNATURE) from None
    if not isinstance(value, dict):
        raise Refused(Refusal.SIGNATURE)
    return value
