"""Random requests for each exchange: as ccxt's `sign` takes them, and as a bot would write them.

Every value comes from one seeded `random.Random`, so a run can be repeated.
"""

from dataclasses import dataclass, field

PLAIN = "abcXYZ0189-._~"
RESERVED = "!*'();:@&=+$,/?#[]% \"<>{}|\\^`"
UNICODE = "äßéñ中币안녕ก🚀\u0301\u00a0１２３\uffee"
# What ccxt or a recipe gives a meaning of its own.
TAKEN = {
    "timestamp", "recvWindow", "signature", "nonce", "version", "tradeType", "query", "settle", "price",
    "currencies", "batchOrders", "newClientOrderId", "clOrdId", "hostname",
}


@dataclass
class Shape:
    """One kind of request: ccxt's section and path, our alias, and where its parameters stand."""

    api: list
    method: str
    path: str
    alias: str
    place: str  # query, form, json or list
    fixed: dict = field(default_factory=dict)
    # ccxt writes and signs these without percent-encoding.
    raw: bool = False


def _shapes(api, alias, rows, raw=False):
    return [Shape(api, method, path, alias, place, dict(fixed), raw) for method, path, place, *rest in rows
            for fixed in (rest or [{}])]


ID = {"newClientOrderId": "id-1"}
SHAPES = {
    "binance": [
        *_shapes(["private"], "spot", [
            ("GET", "account", "query"), ("GET", "openOrders", "query"), ("POST", "order", "form", ID),
            ("POST", "order/test", "form"), ("DELETE", "order", "query"), ("DELETE", "openOrders", "query"),
            ("PUT", "order/amend/keepPriority", "form")]),
        *_shapes(["sapi"], "spot", [
            ("GET", "capital/config/getall", "query"), ("POST", "asset/transfer", "form")]),
        *_shapes(["sapi"], "spot", [
            ("POST", "capital/withdraw/apply", "form"), ("GET", "sub-account/list", "query")], raw=True),
        *_shapes(["fapiPrivate"], "usdm", [
            ("GET", "openOrders", "query"), ("POST", "order", "form", ID), ("PUT", "order", "form"),
            ("POST", "leverage", "form"), ("DELETE", "allOpenOrders", "query"), ("PUT", "listenKey", "form"),
            ("DELETE", "listenKey", "form")]),
        *_shapes(["dapiPrivate"], "coinm", [("GET", "positionRisk", "query"), ("POST", "order", "form", ID)]),
        *_shapes(["eapiPrivate"], "options", [("GET", "position", "query"), ("DELETE", "order", "query")]),
    ],
    "bybit": _shapes(["private"], "main", [
        ("GET", "v5/position/list", "query"), ("GET", "v5/order/realtime", "query")], raw=True)
    + _shapes(["private"], "main", [
        ("POST", "v5/order/create", "json"), ("POST", "v5/order/cancel", "json"),
        ("POST", "v5/order/create-batch", "json")]),
    "okx": _shapes(["private"], "main", [
        ("GET", "account/balance", "query"), ("GET", "trade/orders-history", "query"),
        ("POST", "trade/order", "json", {"clOrdId": "id1"}), ("POST", "trade/cancel-order", "json"),
        ("POST", "trade/cancel-batch-orders", "list"), ("POST", "account/set-leverage", "json")]),
    "kraken": _shapes(["private"], "spot", [
        ("POST", "Balance", "form"), ("POST", "AddOrder", "form"), ("POST", "CancelOrder", "form"),
        ("POST", "AddOrderBatch", "json"), ("POST", "CancelOrderBatch", "json")]),
    "coinbase": _shapes(["v3", "private"], "main", [
        ("GET", "brokerage/accounts", "query"), ("GET", "brokerage/orders/historical/batch", "query"),
        ("POST", "brokerage/orders", "json"), ("POST", "brokerage/orders/batch_cancel", "json"),
        ("PUT", "brokerage/portfolios/1", "json"), ("DELETE", "brokerage/portfolios/1", "json")]),
    "kucoin": _shapes(["private"], "spot", [
        ("GET", "accounts", "query"), ("GET", "hf/orders/active", "query"),
        ("DELETE", "hf/orders/1", "query")], raw=True)
    + _shapes(["futuresPrivate"], "futures", [
        ("GET", "positions", "query"), ("DELETE", "orders", "query")], raw=True)
    + _shapes(["private"], "spot", [("POST", "hf/orders", "json"), ("POST", "hf/orders/multi", "json")])
    + _shapes(["futuresPrivate"], "futures", [("POST", "orders", "json")]),
    "gate": [
        *_shapes(["private", "spot"], "main", [
            ("GET", "accounts", "query"), ("POST", "orders", "json"), ("DELETE", "orders", "query"),
            ("POST", "batch_orders", "list")]),
        *_shapes(["private", "futures"], "main", [
            ("GET", "usdt/positions", "query"), ("POST", "usdt/orders", "json"),
            ("POST", "usdt/positions/BTC_USDT/leverage", "query"), ("DELETE", "usdt/orders", "query")]),
        *_shapes(["private", "options"], "main", [("GET", "orders", "query"), ("POST", "orders", "json")]),
    ],
    "bitget": _shapes(["private", "spot"], "main", [
        ("GET", "v2/spot/account/assets", "query"), ("GET", "v2/spot/trade/unfilled-orders", "query"),
        ("POST", "v2/spot/trade/place-order", "json"), ("POST", "v2/spot/trade/batch-orders", "json")])
    + _shapes(["private", "mix"], "main", [
        ("GET", "v2/mix/position/all-position", "query"), ("POST", "v2/mix/order/place-order", "json")]),
    "mexc": _shapes(["spot", "private"], "spot", [
        ("GET", "account", "query"), ("POST", "order", "query"), ("DELETE", "order", "query"),
        ("PUT", "userDataStream", "query")])
    + _shapes(["contract", "private"], "futures", [
        ("GET", "position/open_positions", "query"), ("POST", "order/submit", "json"),
        ("POST", "order/cancel", "list")]),
}


class Cases:
    def __init__(self, chance):
        self.chance = chance

    def parameters(self, shape):
        """Names and values in some order; sorted in a third of the cases."""
        count = self.chance.choice((0, 1, 2, 3, 5, 8))
        if shape.place in ("json", "list"):
            made = {self.name(): self.value() for _ in range(count)}
        else:
            made = {self.name(): self.text() for _ in range(count)}
        made |= shape.fixed
        if self.chance.random() < 0.33:
            made = dict(sorted(made.items()))
        return [made, {"a": 1}] if shape.place == "list" else made

    def name(self):
        while True:
            letters = "abcdefghijklmnopqrstuvwxyzABCDXYZ0123456789_"
            name = self.chance.choice(letters[:26]) + "".join(
                self.chance.choices(letters, k=self.chance.randrange(12)))
            if name not in TAKEN:
                return name

    def text(self):
        kind = self.chance.randrange(8)
        if kind == 0:
            return ""
        if kind == 1:
            return str(self.chance.randrange(10**12))
        if kind == 2:
            return f"{self.chance.random():.8f}"
        alphabet = (PLAIN, PLAIN, PLAIN + RESERVED, PLAIN + UNICODE, PLAIN + RESERVED + UNICODE)[kind - 3]
        return "".join(self.chance.choices(alphabet, k=self.chance.randrange(1, 24)))

    def value(self, depth=0):
        kind = self.chance.randrange(10 if depth < 3 else 7)
        if kind < 4:
            return self.text()
        if kind < 7:
            return self.chance.choice((None, True, False, 0, -7, 1.5, 0.001, self.chance.randrange(1 << 53)))
        if kind < 9:
            return {self.text(): self.value(depth + 1) for _ in range(self.chance.randrange(4))}
        return [self.value(depth + 1) for _ in range(self.chance.randrange(4))]
