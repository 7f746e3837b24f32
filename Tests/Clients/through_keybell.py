#!/usr/bin/env python3
"""usage: through_keybell.py [--binary PATH] [EXCHANGE…]

Stock ccxt, with a dummy secret and an access token of Keybell in place of the API key, trades through the proxy
of a real service at the stand-in exchange, is denied, is limited, loses an answer and sees an outage, and raises
the right class of error each time. Needs a built binary.
"""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "StandIn"), str(ROOT / "Scripts" / "lib")]

import bot  # noqa: E402
import ccxt  # noqa: E402
import dialects  # noqa: E402
from built import program  # noqa: E402
from connections import TABLE  # noqa: E402
from credentials import credentials, dummy  # noqa: E402
from service import Service  # noqa: E402
from standin import StandIn  # noqa: E402
from stock_ccxt import PERMISSIONS, Control, client  # noqa: E402

ENVIRONMENT = "demo"
POLICY = {"operations": ["read", "trade", "cancel"]}
CHANGES = {
    "denied": ({"operations": ["read"]}, ccxt.PermissionDenied),
    "limited": ({**POLICY, "orders": {"max_notional": {"amount": "10", "currency": "USD"}}}, ccxt.InvalidOrder),
}
HEADER = "Keybell-Token"
# Where only these markets' amendments name a symbol. The others name an order alone, so that no policy could
# tell what they are about, and are denied: a bot cancels and places anew.
MARKETS = ("spot", "derivative")
AMENDS = {"kraken": (), "coinbase": (), "gate": (), "kucoin": ("derivative",)}
ORDER = (bot.SPOT, "limit", "buy", 0.01, 30_000)


class Desk:
    """A service, and keys of it at every exchange."""

    def __init__(self, service, ports):
        self.service, self.ports = service, ports
        self.control = Control(ports["control"])

    def direct(self, place):
        return f"http://127.0.0.1:{self.ports['exchanges'][place]}"

    def register(self, name):
        """The path of a key that the exchange has confirmed."""
        secrets = credentials(name)
        self.control.post("/reset")
        self.control.post(
            "/keys", exchange=name, permissions=PERMISSIONS, ips=["127.0.0.1"],
            **{"environment": ENVIRONMENT, **secrets["registered"]})
        credential = {"api_key": secrets["api_key"], "secret": secrets["secret"]}
        if secrets.get("passphrase"):
            credential["passphrase"] = secrets["passphrase"]
        made = self.service.must("POST", "/v1/keys", {
            "exchange": name, "account": "main", "label": f"ccxt {name}", "environment": ENVIRONMENT,
            "permissions": ["read", "trade_spot", "trade_margin", "trade_derivatives"],
            "ip_allow_list": ["127.0.0.1"], "allow_duplicate": True, "credential": credential})
        path = f"/v1/keys/{made['id']}"
        told = self.service.must("POST", path + "/verify", {"accept_risks": "a stand-in exchange"})
        assert told["status"] == "active", told
        return path

    def publish(self, path, policy):
        version = self.service.must("GET", path)["policy_version"]
        answer = self.service.call("PUT", path + "/policy", policy, {"If-Match": f'"{version}"'})
        assert answer.status == 200, answer.body

    def stock(self, name, path):
        exchange = client(
            name, dummy(name, self.service.token), self.direct,
            lambda alias: f"{self.service.base}{path}/proxy/{alias}")
        if TABLE[name].public:
            exchange.headers = {HEADER: self.service.token}
        return exchange

    def trial(self, name):
        path = self.register(name)
        self.publish(path, POLICY)
        exchange = self.stock(name, path)
        amends = AMENDS.get(name, MARKETS)
        bot.trade(exchange, amends)
        self.cannot_amend(exchange, set(MARKETS) - set(amends))
        self.moves_nothing(exchange)
        for policy, kind in CHANGES.values():
            self.publish(path, policy)
            self.refused(exchange, kind)
        self.publish(path, POLICY)
        self.loses_an_answer(exchange)
        self.control.post("/outage", exchange=name, out=True)
        self.refused(exchange, ccxt.ExchangeNotAvailable)

    def cannot_amend(self, exchange, markets):
        for market in markets:
            symbol = bot.SPOT if market == "spot" else bot.LINEAR.get(exchange.id, "BTC/USDT:USDT")
            if symbol is None or not exchange.has["editOrder"]:
                continue
            amount = exchange.market(symbol)["limits"]["amount"]["min"]
            amount = 0.01 if market == "spot" else amount
            placed = exchange.create_order(symbol, "limit", "buy", amount, 30_000)
            bot.raises(
                (ccxt.PermissionDenied,), exchange.edit_order, placed["id"], symbol, "limit", "buy", amount,
                31_000)
            exchange.cancel_order(placed["id"], symbol)

    def moves_nothing(self, exchange):
        """A withdrawal and a transfer are denied as a bot would catch it, and never reach the exchange."""
        for ask in (bot.withdraw, bot.transfer):
            bot.raises((ccxt.PermissionDenied,), ask, exchange)
        reached = self.control.get("/reached", exchange=exchange.id)["reached"]
        assert reached == [], reached

    def refused(self, exchange, kind):
        """An order raises this, and does not reach the exchange."""
        before = self.placed(exchange.id)
        bot.raises((kind,), exchange.create_order, *ORDER)
        assert self.placed(exchange.id) == before, "an order that was refused was placed"

    def loses_an_answer(self, exchange):
        """An order that is taken, and of which nothing is heard, is there once."""
        before = self.placed(exchange.id)
        self.control.post("/behaviour", exchange=exchange.id, drop="after_request", method="POST")
        kind = dialects.TABLE["exchanges"][exchange.id]["refusals"]["outcome_unknown"]["raises"]
        bot.raises((getattr(ccxt, kind),), exchange.create_order, *ORDER)
        self.control.post("/behaviour", exchange=exchange.id)
        assert self.placed(exchange.id) == before + 1, "it was not placed, or more than once"

    def placed(self, name):
        return len(self.control.get("/orders", exchange=name)["orders"])


def settings(ports):
    from_place = {}
    for name, row in TABLE.items():
        for alias in {alias for alias, _ in row.private.values()}:
            place = row.places.get(alias, name)
            from_place[f"KEYBELL_STANDIN_{name}_{ENVIRONMENT}_{alias}".upper()] = (
                f"http://127.0.0.1:{ports['exchanges'][place]}")
    return from_place


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("\n")[0].removeprefix("usage: "))
    parser.add_argument("--binary", default=str(program("keybell")))
    parser.add_argument("exchanges", nargs="*")
    arguments = parser.parse_args()
    stand_in = StandIn()
    stand_in.start()
    failed = []
    with Service(arguments.binary, settings(stand_in.ports())) as service:
        service.bootstrap()
        desk = Desk(service, stand_in.ports())
        for name in arguments.exchanges or TABLE:
            try:
                desk.trial(name)
                print(f"through_keybell: {name} trades, is denied, is limited, and sees an outage", flush=True)
            except Exception as error:
                failed.append(name)
                print(f"through_keybell: {name}: {type(error).__name__}: {error}\n  at {bot.place_of(error)}", flush=True)
    stand_in.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
