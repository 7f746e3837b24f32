"""Every recipe, on requests that another client signed: accepted as is, refused with another byte."""

import base64
import hashlib
import hmac
import unittest
from dataclasses import replace

import keys
from desk import Desk
from exchanges import ALL
from messages import Answer
from signatures import PublicKey, from_base64
from vectors import REFUSED_KIND, REQUESTS, flipped, key_of, request_of

EXCHANGES = {one.name: one for one in ALL if one.host in ("", one.name)}
ACCEPTED = [vector for vector in REQUESTS if vector["kind"] != REFUSED_KIND]
SIGNATURE_FIELDS = {
    "bybit": "x-bapi-sign", "okx": "ok-access-sign", "kraken": "api-sign", "kucoin": "kc-api-sign",
    "coinbase": "authorization", "gate": "sign", "bitget": "access-sign",
}
# What else is signed or checked, and stands in a header.
SIGNED_FIELDS = {
    "bybit": ("x-bapi-timestamp", "x-bapi-recv-window"),
    "okx": ("ok-access-timestamp", "ok-access-passphrase"),
    "kucoin": ("kc-api-timestamp", "kc-api-passphrase"), "gate": ("timestamp",),
    "bitget": ("access-timestamp", "access-passphrase"),
}


def verdict(vector, request, permissions=None):
    """By a fresh exchange whose clock stands where the vector was made."""
    desk = Desk()
    desk.set_clock(vector["now_ms"], 0)
    key = keys.parse(key_of(vector))
    if permissions is not None:
        key.permissions = frozenset(permissions)
    desk.register(key)
    exchange = EXCHANGES[vector["exchange"]](desk)
    # What the request asks for is not what is asked here.
    exchange.routes = {
        name: route._replace(function=lambda *_: Answer(200, {})) for name, route in exchange.routes.items()}
    return exchange.deliver(request).record.verdict


def with_header(request, name, value):
    return replace(request, headers={**request.headers, name: value})


class RecipeTest(unittest.TestCase):
    def test_what_another_client_signed_is_accepted(self):
        self.assertEqual({vector["exchange"] for vector in ACCEPTED}, set(EXCHANGES))
        for vector in ACCEPTED:
            with self.subTest(vector["name"]):
                self.assertEqual(verdict(vector, request_of(vector)), "accepted")

    def test_a_flipped_signature_is_refused(self):
        for vector in ACCEPTED:
            request, field = request_of(vector), SIGNATURE_FIELDS.get(vector["exchange"])
            with self.subTest(vector["name"]):
                if field is None:
                    # Binance, MEXC: at the end of what is sent; a few bytes before it, where no padding is.
                    place = "body" if request.body else "target"
                    text = getattr(request, place)
                    text = text.decode() if isinstance(text, bytes) else text
                    forged = flipped(text, len(text) - 12)
                    forged = replace(request, **{place: forged.encode() if place == "body" else forged})
                else:
                    sent = request.header(field)
                    forged = with_header(request, field, flipped(sent, len(sent) - 12))
                self.assertEqual(verdict(vector, forged), "signature")

    def test_a_flipped_byte_of_the_body_or_the_query_is_refused(self):
        for vector in ACCEPTED:
            request = request_of(vector)
            if vector["exchange"] == "coinbase":
                continue
            with self.subTest(vector["name"]):
                if request.body:
                    forged = replace(request, body=flipped(request.body.decode(), 25).encode())
                else:
                    forged = replace(request, target=flipped(request.target, request.target.index("?") + 5))
                self.assertIn(verdict(vector, forged), ("signature", "parameter"))

    def test_a_flipped_header_is_refused(self):
        for vector in ACCEPTED:
            for name in SIGNED_FIELDS.get(vector["exchange"], ()):
                request = request_of(vector)
                sent = request.header(name)
                at = len(sent) - 2
                forged = with_header(request, name, flipped(sent, at))
                with self.subTest(f"{vector['name']}: {name}"):
                    self.assertIn(verdict(vector, forged), ("signature", "passphrase"))

    def test_what_signatures_do_not_cover_is_not_covered(self):
        binance = next(one for one in ACCEPTED if one["exchange"] == "binance" and one["method"] == "POST")
        elsewhere = replace(request_of(binance), method="DELETE")
        self.assertEqual(verdict(binance, elsewhere), "accepted")
        mexc = next(one for one in ACCEPTED if one["exchange"] == "mexc")
        elsewhere = replace(
            request_of(mexc), target=mexc["target"].replace("/account", "/order"), method="DELETE")
        elsewhere = with_header(elsewhere, "content-type", "application/json")
        self.assertEqual(verdict(mexc, elsewhere), "accepted")
        coinbase = next(one for one in ACCEPTED if one["exchange"] == "coinbase")
        other_query = replace(request_of(coinbase), target=coinbase["target"] + "&limit=250")
        self.assertEqual(verdict(coinbase, other_query), "accepted")
        other_path = replace(request_of(coinbase), target="/api/v3/brokerage/key_permissions")
        self.assertEqual(verdict(coinbase, other_path), "signature")

    def test_some_sign_a_query_without_its_encoding(self):
        query, plain = "b=a%20b%2F&a=%C3%A4", "b=a b/&a=ä"
        nothing = hashlib.sha512(b"").hexdigest()
        rows = [
            ("kucoin", "kc-api-sign", "1700000000123GET/api/v1/accounts?" + plain, hashlib.sha256),
            ("bitget", "access-sign", "1700000000123GET/api/v2/spot/account/assets?a=ä&b=a b/",
             hashlib.sha256),
            ("gate", "sign", f"GET\n/api/v4/spot/accounts\n{plain}\n{nothing}\n1700000000",
             hashlib.sha512),
        ]
        for exchange, header, text, algorithm in rows:
            vector = next(one for one in ACCEPTED if one["exchange"] == exchange and one["method"] == "GET")
            mac = hmac.new(vector["secret"].encode(), text.encode(), algorithm)
            code = mac.hexdigest() if exchange == "gate" else base64.b64encode(mac.digest()).decode()
            path = vector["target"].partition("?")[0]
            request = with_header(replace(request_of(vector), target=f"{path}?{query}"), header, code)
            with self.subTest(exchange):
                self.assertEqual(verdict(vector, request), "accepted")

    def test_brokerage_refuses_ed25519_however_well_it_is_signed(self):
        vector = next(one for one in REQUESTS if one["kind"] == REFUSED_KIND)
        request = request_of(vector)
        signed, _, signature = request.header("authorization").removeprefix("Bearer ").rpartition(".")
        key = PublicKey(vector["public_key"])
        self.assertTrue(key.verifies(signed.encode(), from_base64(signature, url=True)))
        self.assertEqual(verdict(vector, request), "signature")

    def test_another_key_is_another_signature(self):
        shared = [vector for vector in ACCEPTED if "secret" in vector and vector["exchange"] != "kraken"]
        for vector in shared:
            other = {**vector, "secret": vector["secret"] + "!"}
            with self.subTest(vector["name"]):
                self.assertIn(verdict(other, request_of(vector)), ("signature", "passphrase"))


class TimeTest(unittest.TestCase):
    """The vectors stay, the clock moves."""

    def judged(self, exchange, offset_ms):
        vector = next(one for one in ACCEPTED if one["exchange"] == exchange)
        return verdict({**vector, "now_ms": vector["now_ms"] + offset_ms}, request_of(vector))

    def test_windows_open_and_close_where_they_are_documented(self):
        rows = [
            # The last that is late enough, the first that is too late, the earliest, and what is too early.
            ("binance", 10_000, 10_001, -999, -1_000), ("bybit", 5_000, 5_001, -999, -1_000),
            ("okx", 30_000, 30_001, -30_000, -30_001), ("kucoin", 5_000, 5_001, -5_000, -5_001),
            ("bitget", 30_000, 30_001, -30_000, -30_001), ("mexc", 5_000, 5_001, -999, -1_000),
            # Gate counts whole seconds, and its moment is 0.123 s after one.
            ("gate", 60_876, 60_877, -60_123, -60_124),
            # The token's times are whole seconds, its moment 0.123 s after one.
            ("coinbase", 119_876, 119_877, -123, -124),
        ]
        for exchange, late, too_late, early, too_early in rows:
            with self.subTest(exchange):
                verdicts = [self.judged(exchange, one) for one in (late, early, too_late, too_early)]
                self.assertEqual(verdicts, ["accepted", "accepted", "time", "time"])

    def test_kraken_has_no_clock(self):
        self.assertEqual(self.judged("kraken", 10**10), "accepted")
