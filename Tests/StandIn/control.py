"""The control interface: JSON over HTTP on a port of its own. What it refuses is 422 with an `error`.

Values stand in a JSON body, or in the query where there is no body.

GET  /            the ports again.
POST /reset       forgets keys, orders, records and behaviours, ends outages, and lets the clock run.
POST /clock       {"now_ms": 1700000000123, "slack_ms": 0}: freezes the exchanges' clock there, null lets it
                  run; requests may come later than documented by the slack, on machines that do much else.
POST /keys        a key by the fields of `keys.Key`: exchange, api_key, either secret or public_key (PEM), and
                  as wanted passphrase, permissions, ips, created_at, expires_at, environment, nonce_window,
                  extra, account. Replaces a key of the same name.
POST /keys/state  {"exchange": …, "api_key": …, "state": "enabled" | "disabled" | "deleted"}
GET  /keys        [?exchange=…] without secrets.
POST /behaviour   {"exchange": …, "api_key": …} and the fields of `behaviour.Behaviour`, in place of the
                  former ones; without api_key for all of the exchange's requests, without any field for good
                  behaviour.
GET  /requests    [?exchange=…&api_key=…&after=number] what came, by the fields of `journal.Record`.
GET  /counts      [?exchange=…&api_key=…] how often each verdict was given.
GET  /orders      [?exchange=…&api_key=…] what was placed.
POST /price       {"exchange": …, "symbol": "BTC/USDT:USDT", "price": "50000"}: there it trades now; resting
                  orders that it reaches trade at their own prices.
POST /balances    {"exchange": …, "account": an api_key unless keys share one, "balances": {"USDT": "100"}}:
                  in place of these currencies' former amounts.
GET  /account     ?exchange=…&account=… balances and positions.
POST /limits      {"exchange": …, "weight": 100, "ban_at": 150, "ban_seconds": 120}: what an address may use
                  in a minute before it is throttled, and banned; without a weight there is no limit.
POST /outage      {"exchange": … or another name of a port, "out": true}: connections are refused, and those
                  that there are are cut.
GET  /reached     [?exchange=…&api_key=…] requests to paths that withdraw or transfer, allowed or not.
"""

import json
import urllib.parse

import behaviour
import keys
import rates
from exchanges import ALL
from markets import decimal, plain
from messages import Answer, Delivery, Refused


class Control:
    def __init__(self, desk, ports, servers):
        self.desk, self.ports, self._servers = desk, ports, servers
        self._calls = {
            "GET /": self._ports, "POST /reset": self._reset, "POST /clock": self._clock,
            "POST /keys": self._register, "GET /keys": self._keys, "POST /keys/state": self._state,
            "POST /behaviour": self._behaviour, "GET /orders": self._orders,
            "GET /requests": self._requests, "GET /counts": self._counts, "POST /price": self._price,
            "POST /balances": self._balances, "GET /account": self._account, "POST /limits": self._limits,
            "GET /reached": self._reached,
        }

    def deliver(self, request):
        call = self._calls.get(f"{request.method} {request.path}")
        try:
            values = json.loads(request.body) if request.body else _query(request)
            if request.path in ("/outage", "/reset") and request.method == "POST":
                self._outage(values)
            elif call is None:
                return Delivery(Answer(404, {"error": "no such call"}), None)
            with self.desk.lock:
                answer = Answer(200, call(values) if call else {})
        except (ValueError, TypeError, KeyError, Refused) as error:
            answer = Answer(422, {"error": f"{type(error).__name__}: {error}"})
        return Delivery(answer, None)

    def _ports(self, values):
        return self.ports()

    def _reset(self, values):
        self.desk.reset()
        return {}

    def _clock(self, values):
        self.desk.set_clock(values["now_ms"], int(values.get("slack_ms", 0)))
        return {"now_ms": self.desk.now_ms()}

    def _register(self, values):
        _known(values["exchange"])
        key = keys.parse(values)
        self.desk.register(key)
        return key.described()

    def _keys(self, values):
        return {"keys": [key.described() for key in self.desk.keys(values.get("exchange"))]}

    def _state(self, values):
        self.desk.set_state(values["exchange"], values["api_key"], values["state"])
        return {}

    def _behaviour(self, values):
        exchange, api_key = _known(values.pop("exchange")), values.pop("api_key", None)
        self.desk.misbehave(exchange, api_key, behaviour.parse(values))
        return {}

    def _outage(self, values):
        """Without the desk's lock, for which a request that is under way may wait. A reset ends them all."""
        if not values:
            for server in self._servers.values():
                server.come_back()
            return
        server = self._servers[values["exchange"]]
        if values["out"] is True:
            server.go_out()
        else:
            server.come_back()

    def _orders(self, values):
        return {"orders": [order.described() for order in self.desk.book.orders(**values)]}

    def _price(self, values):
        price = decimal(values["price"], "price", least=0)
        self.desk.book.set_price(
            _known(values["exchange"]), values["symbol"], price, self.desk.now_ms())
        return {}

    def _balances(self, values):
        account = self.desk.book.account(_known(values["exchange"]), values["account"])
        for currency, amount in values["balances"].items():
            account.balances[currency] = decimal(amount, currency)
        return {}

    def _account(self, values):
        account = self.desk.book.account(_known(values["exchange"]), values["account"])
        return {
            "balances": {one: plain(amount) for one, amount in account.balances.items()},
            "free": {one: plain(account.free(one)) for one in account.balances},
            "positions": {
                symbol: {"size": plain(one.size), "entry": plain(one.entry)}
                for symbol, one in account.positions.items()},
        }

    def _limits(self, values):
        exchange = _known(values["exchange"])
        self.desk.limit(exchange, rates.parse(values) if "weight" in values else None)
        return {}

    def _reached(self, values):
        return {"reached": self.desk.journal.reached_by(**values)}

    def _requests(self, values):
        after = int(values.pop("after", 0))
        return {"requests": self.desk.journal.records(**values, after=after)}

    def _counts(self, values):
        return {"counts": self.desk.journal.counts(**values)}


def _query(request):
    return dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))


def _known(exchange):
    if exchange not in {one.name for one in ALL}:
        raise ValueError(f"no exchange {exchange}")
    return exchange
