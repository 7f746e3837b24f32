"""Every exchange trades, refuses, limits and is gone, each in its own words."""

import http.client
import json
from decimal import Decimal

import signing
from bench import NOW_MS, Bench

EVERY = ["read", "trade_spot", "trade_margin", "trade_derivatives"]
# A market sell of a perpetual that may only reduce, with nothing to reduce.
REDUCING = {
    "binance": ("/fapi/v1/order", "-2022", {
        "symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.01", "reduceOnly": "true"}),
    "bybit": ("/v5/order/create", "110017", {
        "category": "linear", "symbol": "BTCUSDT", "side": "Sell", "orderType": "Market", "qty": "0.01",
        "reduceOnly": True}),
    "okx": ("/api/v5/trade/order", "51169", {
        "instId": "BTC-USDT-SWAP", "tdMode": "cross", "side": "sell", "ordType": "market", "sz": "1",
        "reduceOnly": True}),
    "gate": ("/api/v4/futures/usdt/orders", "INCREASE_POSITION", {
        "contract": "BTC_USDT", "size": -1, "price": "0", "tif": "ioc", "reduce_only": True}),
    "bitget": ("/api/v2/mix/order/place-order", "22002", {
        "symbol": "BTCUSDT", "productType": "USDT-FUTURES", "marginCoin": "USDT", "side": "sell",
        "orderType": "market", "size": "0.01", "reduceOnly": "YES"}),
    "mexc": ("/api/v1/private/order/create", "2009", {"symbol": "BTC_USDT", "side": 4, "type": 5, "vol": 1}),
}
FUNDS = {
    "binance": "-2010", "bybit": "170131", "okx": "51008", "kraken": "EOrder:Insufficient funds",
    "coinbase": "INSUFFICIENT_FUND", "kucoin": "200004", "gate": "BALANCE_NOT_ENOUGH", "bitget": "43012",
    "mexc": "30004",
}
SYMBOLS = {
    "binance": ("symbol", "-1121"), "bybit": ("symbol", "10001"), "okx": ("instId", "51001"),
    "kraken": ("pair", "Unknown asset pair"), "coinbase": ("product_id", "INVALID_ARGUMENT"),
    "kucoin": ("symbol", "400100"), "gate": ("currency_pair", "INVALID_CURRENCY_PAIR"),
    "bitget": ("symbol", "40034"), "mexc": ("symbol", "-1121"),
}
RATES = {
    "binance": "X-MBX-ORDER-COUNT-10S", "bybit": "X-Bapi-Limit-Status", "kucoin": "gw-ratelimit-remaining",
    "gate": "X-Gate-RateLimit-Requests-Remain", "bitget": "x-mbx-used-remain-limit",
}
MAINTENANCE = {
    "binance": "-1016", "bybit": "Unavailable", "okx": "50001", "kraken": "EService:Unavailable",
    "coinbase": "Unavailable", "kucoin": "maintenance", "gate": "TOO_BUSY", "bitget": "40200", "mexc": "801",
}
BANS = {"binance": 418, "bybit": 403, "okx": 429, "kraken": 200, "coinbase": 429, "kucoin": 403, "gate": 403,
        "bitget": 429, "mexc": 403}
MOVES = {
    "binance": "/sapi/v1/capital/withdraw/apply", "bybit": "/v5/asset/withdraw/create",
    "okx": "/api/v5/asset/withdrawal", "kraken": "/0/private/Withdraw",
    "coinbase": "/v2/accounts/some/transactions", "kucoin": "/api/v3/withdrawals",
    "gate": "/api/v4/withdrawals", "bitget": "/api/v2/spot/wallet/withdrawal",
    "mexc": "/api/v3/capital/withdraw",
}


class TradingTest(Bench):
    def balances(self, exchange):
        return self.control("GET", "/account", {"exchange": exchange, "account": signing.KEY})["balances"]

    def test_an_order_rests_until_the_price_comes_and_then_moves_the_balances(self):
        for exchange in signing.ORDERS:
            with self.subTest(exchange):
                self.register(exchange)
                before = self.balances(exchange)
                self.assertIn(self.order(exchange)[0], (200, 201))
                [order] = self.control("GET", "/orders", {"exchange": exchange})["orders"]
                self.assertEqual((order["status"], order["symbol"]), ("open", "BTC/USDT"))
                self.assertEqual(order["price"], "30000")
                self.control("POST", "/price", {"exchange": exchange, "symbol": "BTC/USDT", "price": "29000"})
                [order] = self.control("GET", "/orders", {"exchange": exchange})["orders"]
                self.assertEqual((order["status"], order["filled"]), ("filled", "0.01"))
                after = self.balances(exchange)
                self.assertEqual(Decimal(after["BTC"]) - Decimal(before["BTC"]), Decimal("0.01"))
                self.assertEqual(Decimal(after["USDT"]) - Decimal(before["USDT"]), -300)

    def test_funds_run_out_in_each_exchanges_words(self):
        for exchange, word in FUNDS.items():
            with self.subTest(exchange):
                self.register(exchange)
                self.control("POST", "/balances", {
                    "exchange": exchange, "account": signing.KEY, "balances": {"USDT": "299.99"}})
                self.assertIn(word, self.order(exchange)[2])
                self.assertEqual(self.counts(exchange), {"funds": 1})

    def test_a_market_that_is_none_is_told(self):
        for exchange, (name, word) in SYMBOLS.items():
            with self.subTest(exchange):
                self.register(exchange)
                self.assertIn(word, self.order(exchange, **{name: "NOTHING"})[2])

    def test_candles_are_told_by_both_dialects_alike(self):
        hour, begin = 3_600_000, NOW_MS // 3_600_000 * 3_600_000 - 3 * 3_600_000
        asked = {
            "binance": f"/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime={begin}&endTime={NOW_MS}",
            "bybit": f"/v5/market/kline?category=spot&symbol=BTCUSDT&interval=60&start={begin}&end={NOW_MS}",
        }
        for exchange, target in asked.items():
            with self.subTest(exchange):
                connection = self.connect(self.ports["exchanges"][exchange])
                connection.request("GET", target)
                answer = json.loads(connection.getresponse().read())
                rows = answer if exchange == "binance" else answer["result"]["list"][::-1]
                self.assertEqual([int(row[0]) for row in rows], [begin + at * hour for at in range(4)])

    def test_reducing_is_enforced_in_each_exchanges_words(self):
        for exchange, (path, word, fields) in REDUCING.items():
            with self.subTest(exchange):
                self.register(exchange, permissions=EVERY)
                self.assertIn(word, self.send(exchange, "POST", path, **fields)[2])
                self.assertEqual(self.counts(exchange), {"reduce_only": 1})

    def test_kucoins_futures_have_a_port_of_their_own(self):
        self.register("kucoin", permissions=EVERY)
        fields = {"symbol": "XBTUSDTM", "side": "sell", "type": "market", "size": 1, "reduceOnly": True,
                  "clientOid": "a"}
        futures = self.connect(self.ports["exchanges"]["kucoin_futures"])
        self.assertIn("300009", self.send("kucoin", "POST", "/api/v1/orders", futures, **fields)[2])
        self.assertIn("400100", self.send("kucoin", "POST", "/api/v1/orders", **fields)[2])

    def test_keys_of_one_account_share_its_orders(self):
        self.register("okx", account="desk")
        self.order("okx")
        self.register("okx", api_key="another", account="desk")
        self.register("okx", api_key="stranger")
        for key, count in (("another", 1), ("stranger", 0)):
            account = self.stand_in.desk.key("okx", key).account
            self.assertEqual(len(self.stand_in.desk.book.open_orders("okx", account)), count)

    def test_rates_are_told_as_each_exchange_tells_them(self):
        for exchange, header in RATES.items():
            with self.subTest(exchange):
                self.register(exchange)
                values = [int(self.order(exchange)[1][header]) for _ in range(2)]
                self.assertEqual(abs(values[1] - values[0]), 1)
        self.assertEqual(self.send("binance", *signing.READS["binance"])[1]["X-MBX-USED-WEIGHT-1M"], "22")

    def test_who_asks_too_much_is_throttled_and_then_banned(self):
        self.register("binance")
        self.control("POST", "/limits", {"exchange": "binance", "weight": 2, "ban_at": 3, "ban_seconds": 120})
        answers = [self.order("binance") for _ in range(5)]
        self.assertEqual([answer[0] for answer in answers], [200, 200, 429, 418, 418])
        self.assertEqual(answers[2][1]["Retry-After"], "40")
        self.assertEqual(answers[4][1]["Retry-After"], "120")
        self.control("POST", "/limits", {"exchange": "binance"})
        self.assertEqual(self.order("binance")[0], 200)

    def test_maintenance_and_bans_are_told_before_anything_is_done(self):
        for exchange, word in MAINTENANCE.items():
            with self.subTest(exchange):
                self.register(exchange)
                self.behave(exchange, maintenance=True)
                self.assertIn(word, self.order(exchange)[2])
                self.behave(exchange, ban=60)
                status, headers, _ = self.order(exchange)
                self.assertEqual((status, headers["Retry-After"]), (BANS[exchange], "60"))
                self.assertEqual(self.counts(exchange), {"edge": 2})

    def test_that_funds_were_to_be_moved_is_remembered_even_when_it_is_refused(self):
        for exchange, path in MOVES.items():
            with self.subTest(exchange):
                self.register(exchange)
                self.send(exchange, "POST", path)
                [reached] = self.control("GET", "/reached", {"exchange": exchange})["reached"]
                self.assertEqual((reached["path"], reached["reaches"]), (path, "withdraw"))
                self.assertEqual(reached["verdict"], "permission")
                self.register(exchange, permissions=["withdraw"])
                self.assertEqual(self.send(exchange, "POST", path)[0], 200)
        self.assertEqual(len(self.control("GET", "/reached")["reached"]), 18)


class HostileTest(Bench):
    def test_an_outage_refuses_connections_and_ends(self):
        self.register("okx")
        kept = self.connect(self.ports["exchanges"]["okx"])
        self.assertEqual(self.send("okx", *signing.READS["okx"], connection=kept)[0], 200)
        self.control("POST", "/outage", {"exchange": "okx", "out": True})
        with self.assertRaises(ConnectionRefusedError):
            self.send("okx", *signing.READS["okx"])
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.send("okx", *signing.READS["okx"], connection=kept)
        self.control("POST", "/outage", {"exchange": "okx", "out": False})
        self.assertEqual(self.send("okx", *signing.READS["okx"])[0], 200)
        self.control("POST", "/outage", {"exchange": "okx", "out": True})
        self.control("POST", "/reset", {})
        self.assertEqual(self.send("okx", *signing.READS["okx"])[0], 401)

    def test_connections_are_numbered(self):
        self.register("okx")
        first = self.connect(self.ports["exchanges"]["okx"])
        for connection in (first, first, None):
            self.send("okx", *signing.READS["okx"], connection=connection)
        requests = self.control("GET", "/requests", {"exchange": "okx"})["requests"]
        numbers = [one["connection"] for one in requests]
        self.assertEqual((numbers[0], len(set(numbers))), (numbers[1], 2))

    def test_hostile_headers_huge_answers_and_slow_ones_come_as_asked(self):
        self.register("okx")
        self.behave("okx", headers={"Set-Cookie": "session=1", "Location": "http://127.0.0.1:1/"})
        headers = self.send("okx", *signing.READS["okx"])[1]
        self.assertEqual((headers["Set-Cookie"], headers["Location"]), ("session=1", "http://127.0.0.1:1/"))
        self.behave("okx", headers={"Location": "http://127.0.0.1:1/"}, fail=302)
        self.assertEqual(self.send("okx", *signing.READS["okx"])[0], 302)
        self.behave("okx", huge=20_000_000)
        self.assertGreater(len(self.send("okx", *signing.READS["okx"])[2]), 20_000_000)
        self.behave("okx", drip_ms=1)
        self.assertEqual(json.loads(self.send("okx", *signing.READS["okx"])[2])["code"], "0")
        for wrong in ({"huge": -1}, {"headers": {"X": "a\r\nb"}}, {"drip_ms": 10**9}):
            self.control("POST", "/behaviour", {"exchange": "okx", **wrong}, status=422)
