"""A key's life at each exchange: unknown, granted, bound to addresses, expired, disabled, deleted."""

import hmac
import json

import signing
from bench import NOW_MS, Bench
from vectors import SIGNATURES

STRANGER = next(one["public_key"] for one in SIGNATURES if one["kind"] == "p256")
OTHER_KEYS = {"coinbase": {"public_key": STRANGER}}


class KeyTest(Bench):
    def last_verdict(self, exchange):
        return self.control("GET", "/requests", {"exchange": exchange})["requests"][-1]["verdict"]

    def probe(self, exchange):
        return self.send(exchange, *signing.PROBES[exchange])

    def read(self, exchange):
        self.send(exchange, *signing.READS[exchange])
        return self.last_verdict(exchange)

    def test_a_key_works_while_the_exchange_lets_it(self):
        for exchange in signing.PROBES:
            with self.subTest(exchange):
                self.assertEqual(self.read(exchange), "unknown_key")
                self.register(exchange)
                self.assertEqual(self.read(exchange), "accepted")
                self.register(exchange, **OTHER_KEYS.get(exchange, {"secret": "b3RoZXI="}))
                self.assertIn(self.read(exchange), ("signature", "passphrase"))
                self.register(exchange, ips=["203.0.113.7"])
                self.assertEqual(self.read(exchange), "address")
                self.behave(exchange, seen_address="203.0.113.7")
                self.assertEqual(self.read(exchange), "accepted")
                self.register(exchange, expires_at=NOW_MS)
                self.assertEqual(self.read(exchange), "expired_key")
                self.register(exchange, permissions=["withdraw"])
                self.assertEqual(self.read(exchange), "permission")
                self.register(exchange)
                for state in ("disabled", "enabled", "deleted"):
                    self.control("POST", "/keys/state", {
                        "exchange": exchange, "api_key": signing.KEY, "state": state})
                    expected = "accepted" if state == "enabled" else f"{state}_key"
                    self.assertEqual(self.read(exchange), expected)

    def test_probes_say_what_was_granted_and_lie_when_told(self):
        words = {
            "binance": '"enableWithdrawals":true', "bybit": '"Withdraw"', "okx": "withdraw",
            "kraken": "withdraw-funds", "kucoin": "InnerTransfer,Transfer", "bitget": '"wwow"',
            "coinbase": '"can_trade":false',
        }
        for exchange, word in words.items():
            with self.subTest(exchange):
                self.register(exchange)
                status, _, honest = self.probe(exchange)
                self.assertEqual(status, 200)
                self.assertNotIn(word, honest)
                self.behave(exchange, claim=["read", "transfer", "withdraw"])
                self.assertIn(word, self.probe(exchange)[2])
                self.register(exchange, extra={"note": "one more field"})
                self.assertIn("one more field", self.probe(exchange)[2])

    def test_binance_tells_a_key_that_is_none_where_keys_are_asked_about(self):
        self.assertIn("-2008", self.probe("binance")[2])
        self.assertIn("-2015", self.send("binance", *signing.READS["binance"])[2])
        self.register("binance", ips=["203.0.113.7"])
        self.assertIn("-2015", self.probe("binance")[2])

    def test_binances_streams_take_the_key_alone(self):
        def ask():
            connection = self.connect(self.ports["exchanges"]["binance"])
            connection.request("POST", "/api/v3/userDataStream", headers={"X-MBX-APIKEY": signing.KEY})
            return connection.getresponse().status

        self.assertEqual(ask(), 401)
        self.register("binance")
        self.assertEqual(ask(), 200)

    def test_bybit_deletes_the_key_that_asks_if_it_may_move_funds(self):
        self.register("bybit", permissions=["read"])
        self.assertIn("10005", self.send("bybit", "POST", "/v5/user/delete-api")[2])
        self.register("bybit")
        self.assertEqual(json.loads(self.send("bybit", "POST", "/v5/user/delete-api")[2])["retCode"], 0)
        self.assertIn("10003", self.probe("bybit")[2])

    def test_bybit_keeps_a_key_that_it_says_it_deleted_when_told(self):
        self.register("bybit")
        self.behave("bybit", keep=True)
        self.assertEqual(json.loads(self.send("bybit", "POST", "/v5/user/delete-api")[2])["retCode"], 0)
        self.assertEqual(self.probe("bybit")[0], 200)
        self.assertIn("readOnly", self.probe("bybit")[2])

    def test_a_demo_key_of_okx_wants_its_header(self):
        self.register("okx", environment="demo")
        self.assertIn("50101", self.probe("okx")[2])

    def test_a_demo_key_of_bitget_wants_its_header(self):
        self.register("bitget", environment="demo")
        self.assertIn("40099", self.probe("bitget")[2])

    def test_a_unified_account_of_bitget_is_asked_elsewhere(self):
        self.register("bitget", extra={"unified": True}, permissions=["read", "trade_spot", "withdraw"])
        self.assertIn("40085", self.probe("bitget")[2])
        told = json.loads(self.send("bitget", "GET", "/api/v3/account/info")[2])["data"]
        self.assertEqual(told["permissions"], ["uta_mgt", "uta_trade", "withdraw"])
        self.register("bitget")
        self.assertIn("40084", self.send("bitget", "GET", "/api/v3/account/info")[2])

    def test_mexcs_futures_are_signed_otherwise(self):
        self.register("mexc", permissions=["read", "trade_derivatives"])
        self.assertEqual(self.send("mexc", "GET", "/api/v1/private/account/assets")[0], 200)
        # Sorted by name, of which one may be the beginning of another.
        path = "/api/v1/private/account/assets"
        text = f"{signing.KEY}{NOW_MS}a=1&a1=2"
        code = hmac.new(signing.SECRET.encode(), text.encode(), "sha256").hexdigest()
        headers = {"ApiKey": signing.KEY, "Request-Time": str(NOW_MS), "Signature": code}
        connection = self.connect(self.ports["exchanges"]["mexc"])
        connection.request("GET", f"{path}?a1=2&a=1", headers=headers)
        self.assertEqual(connection.getresponse().status, 200)
        self.assertEqual(self.send(
            "mexc", "POST", "/api/v1/private/order/create", symbol="BTC_USDT", side=1, type=5, vol=1)[0], 200)
        self.assertIn("700007", self.order("mexc")[2])

    def takes_nonces(self, *nonces):
        answers = [self.send("kraken", *signing.PROBES["kraken"], nonce=nonce)[2] for nonce in nonces]
        return ["EAPI:Invalid nonce" not in answer for answer in answers]

    def test_krakens_nonce_only_rises(self):
        self.register("kraken")
        self.assertEqual(self.takes_nonces(7, 8, 8, 7, 9), [True, True, False, False, True])
        self.register("kraken", nonce_window=2)
        self.assertEqual(self.takes_nonces(9, 8, 8, 7, 6), [True, True, False, False, False])

    def test_many_bad_nonces_lock_krakens_key_out(self):
        self.register("kraken")
        answers = [self.send("kraken", *signing.PROBES["kraken"], nonce=1)[2] for _ in range(22)]
        self.assertIn("Temporary lockout", answers[-1])

    def test_what_is_no_key_is_not_registered(self):
        for wrong in (
            {"exchange": "nowhere"}, {"secret": None}, {"permissions": ["fly"]}, {"ips": ["home"]}, {"x": 1},
            {"secret": None, "public_key": "no PEM"}, {"exchange": "kraken", "secret": "%"},
        ):
            values = {"exchange": "okx", "api_key": "k", "secret": "s", **wrong}
            self.assertIn("error", self.control("POST", "/keys", values, status=422))
