#!/usr/bin/env python3
"""usage: stock_ccxt.py [--record] [EXCHANGE…]

Stock ccxt, of the pinned version, trades at the stand-in exchange with a secret of the stand-in's: whatever
ccxt parses, the stand-in says as the exchange does. Then it trades, is denied, is limited and sees an outage
through proxy addresses, by the tables in connections.py and dialects.json, and what goes there is counted.
What it asked for must be what asked.json says; `--record` writes that down.
"""

import argparse
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "StandIn")]

import asked  # noqa: E402
import bot  # noqa: E402
import ccxt  # noqa: E402
from connections import TABLE, pointed  # noqa: E402
from credentials import credentials  # noqa: E402
from pass_through import PassThrough  # noqa: E402
from standin import StandIn  # noqa: E402
from strays import strays  # noqa: E402

PERMISSIONS = ["read", "trade_spot", "trade_margin", "trade_derivatives"]
REFUSALS = {
    "denied": ccxt.PermissionDenied, "over_limit": ccxt.InvalidOrder,
    "unavailable": ccxt.ExchangeNotAvailable,
}
LIMIT_MS, LIMIT_SECONDS = 60_000, 60


class Control:
    """The stand-in's control interface."""

    def __init__(self, port):
        self._url = f"http://127.0.0.1:{port}"

    def post(self, path, **values):
        request = urllib.request.Request(self._url + path, json.dumps(values).encode(), method="POST")
        return self._read(request)

    def get(self, path, **values):
        return self._read(f"{self._url}{path}?{urllib.parse.urlencode(values)}")

    @staticmethod
    def _read(request):
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"the stand-in answers {error.code}: {error.read().decode()}") from None


def client(name, secrets, direct, proxy=None):
    """A stock client. `direct` gives the address of the stand-in's port of a name, `proxy` that of a host by
    its alias; without a proxy everything goes directly.
    """
    exchange = getattr(ccxt, name)({
        "apiKey": secrets["api_key"], "secret": secrets["secret"], "password": secrets.get("passphrase"),
        "timeout": LIMIT_MS, "enableRateLimit": False})
    return pointed(exchange, name, direct, proxy)


class Trial:
    """One exchange, afresh."""

    def __init__(self, name, stand_in):
        self.name, self.ports = name, stand_in.ports()
        self.control = Control(self.ports["control"])
        self.secrets = credentials(name)
        self.control.post("/reset")
        self.control.post("/keys", exchange=name, permissions=PERMISSIONS, **self.secrets["registered"])

    def direct(self, place):
        return f"http://127.0.0.1:{self.ports['exchanges'][place]}"

    def requests(self):
        return self.control.get("/requests", exchange=self.name)["requests"]

    def trades_directly(self):
        """What was asked for."""
        bot.trade(client(self.name, self.secrets, self.direct))
        return asked.names_of(self.requests())

    def trades_through_a_proxy(self):
        """How many requests went through, and how many did not."""
        row, ports = TABLE[self.name], self.ports["exchanges"]
        proxy = PassThrough(self.name, lambda alias: ports[row.places.get(alias, self.name)])
        try:
            exchange = client(self.name, self.secrets, self.direct, proxy.address)
            bot.trade(exchange)
            counts = self._checked(row, proxy.paths)
            for meaning, kind in REFUSALS.items():
                proxy.refuses = meaning
                bot.raises((kind,), exchange.create_order, bot.SPOT, "limit", "buy", 0.01, 30_000)
            return counts
        finally:
            proxy.stop()

    def moves_nothing(self):
        """A key that may trade asks for a withdrawal and a transfer; the stand-in says that it was asked."""
        exchange = client(self.name, self.secrets, self.direct)
        for ask in (bot.withdraw, bot.transfer):
            try:
                ask(exchange)
            except ccxt.ExchangeError:
                continue
            raise AssertionError(f"{ask.__name__} was allowed")
        reached = self.control.get("/reached", exchange=self.name)["reached"]
        assert [(one["reaches"], one["verdict"]) for one in reached] == [
            ("withdraw", "permission"), ("transfer", "permission")], reached

    def _checked(self, row, passed):
        """What carries the key went through, whatever else did is in the table, and most of that did not."""
        requests = self.requests()
        signed = [one["path"] for one in requests if self._carries_key(one)]
        public = [path for path in passed if path not in signed]
        unknown = [path for path in public if not path.startswith(row.market_data)]
        assert not unknown, f"the proxy has to pass on {unknown}"
        assert set(row.public) <= set(public), f"nobody asks for {set(row.public) - set(public)}"
        assert len(passed) == len(signed) + len(public), "a request with the key in it went astray"
        return len(passed), len(requests) - len(passed)

    def _carries_key(self, request):
        everything = json.dumps([request["headers"], request["query"], request["body"]])
        return request["api_key"] == self.secrets["api_key"] or self.secrets["api_key"] in everything


def run(name, stand_in):
    """What it asked for, or None when something was wrong."""
    wanted = None
    for one in (Trial.trades_directly, Trial.moves_nothing, Trial.trades_through_a_proxy):
        trial = Trial(name, stand_in)
        try:
            result = one(trial)
        except Exception as error:
            last = [[one[part] for part in ("method", "path", "body")] for one in trial.requests()[-1:]]
            print(f"stock_ccxt: {name}, {one.__name__}: {type(error).__name__}: {error}")
            print(f"  at {bot.place_of(error)}\n  after {last}")
            return None
        wanted = wanted or result
    print(f"stock_ccxt: {name} trades; {result[0]} requests went through a proxy, {result[1]} did not")
    return wanted


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("\n")[0].removeprefix("usage: "))
    parser.add_argument("--record", action="store_true")
    parser.add_argument("exchanges", nargs="*")
    arguments = parser.parse_args()
    stand_in = StandIn()
    stand_in.start()
    results = {name: run(name, stand_in) for name in arguments.exchanges or TABLE}
    stand_in.stop()
    if arguments.record:
        asked.record(results)
    strayed = {name: strays(name) ^ TABLE[name].strays for name in results}
    for name in filter(strayed.get, strayed):
        print(f"stock_ccxt: {name}: the key goes, or goes no more, past the proxy in {strayed[name]}")
    changed = [name for name, wanted in results.items() if wanted and wanted != asked.recorded()[name]]
    for name in changed:
        print(f"stock_ccxt: {name} asks for something else than asked.json says")
    return 0 if all(results.values()) and not changed and not any(strayed.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
