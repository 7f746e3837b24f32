"""What the exchanges of one stand-in share, behind one lock: keys, orders, behaviours, journal and clock."""

import ipaddress
import threading
import time
from collections import OrderedDict

from behaviour import Behaviour, Behaviours
from journal import Journal
from keys import DELETED, STATES

MAX_KEYS = 20_000
ORDERS_KEPT = 10_000


class Desk:
    def __init__(self):
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        with self.lock:
            self._keys, self._orders, self._order_number = {}, OrderedDict(), 0
            self._frozen_ms, self.slack_ms = None, 0
            self._behaviours, self.journal = Behaviours(), Journal()

    # The clock.

    def now_ms(self):
        return int(time.time() * 1000) if self._frozen_ms is None else self._frozen_ms

    def set_clock(self, now_ms, slack_ms):
        """Frozen at this moment, or None to let it run; `slack_ms` lengthens windows towards the past."""
        self._frozen_ms, self.slack_ms = now_ms, slack_ms

    # Keys.

    def register(self, key):
        """A key of the same name is replaced, with everything that its use left behind."""
        with self.lock:
            if len(self._keys) >= MAX_KEYS:
                raise ValueError(f"at most {MAX_KEYS} keys")
            key.created_at = key.created_at or self.now_ms()
            self._keys[key.exchange, key.api_key] = key

    def key(self, exchange, api_key):
        return self._keys.get((exchange, api_key))

    def keys(self, exchange=None):
        with self.lock:
            return [key for key in self._keys.values() if exchange in (None, key.exchange)]

    def set_state(self, exchange, api_key, state):
        """A deleted key is remembered, since some exchanges tell it from one that never was."""
        with self.lock:
            key = self.key(exchange, api_key)
            if key is None or state not in STATES or (key.state == DELETED and state != DELETED):
                raise ValueError(f"no such key, or no state among {STATES}")
            key.state = state

    # Orders.

    def place(self, exchange, api_key, details):
        """The new order's number, distinct over all exchanges."""
        with self.lock:
            self._order_number += 1
            number = str(7_000_000_000 + self._order_number)
            self._orders[exchange, number] = {
                "exchange": exchange, "api_key": api_key, "order_id": number, "open": True,
                "details": details,
            }
            if len(self._orders) > ORDERS_KEPT:
                self._orders.popitem(last=False)
            return number

    def cancel(self, exchange, api_key, number):
        """Whether there was such an open order of this key's."""
        with self.lock:
            order = self._orders.get((exchange, number))
            if order is None or order["api_key"] != api_key or not order["open"]:
                return False
            order["open"] = False
            return True

    def orders(self, exchange=None, api_key=None):
        with self.lock:
            return [
                order for order in self._orders.values()
                if exchange in (None, order["exchange"]) and api_key in (None, order["api_key"])
            ]

    # Behaviour.

    def misbehave(self, exchange, api_key, behaviour):
        with self.lock:
            self._behaviours.set(exchange, api_key, behaviour or Behaviour())

    def behaviour(self, exchange, api_key, request):
        with self.lock:
            return self._behaviours.of(exchange, api_key, request.method, request.path)

    @staticmethod
    def address_of(request, behaviour):
        return ipaddress.ip_address(behaviour.seen_address or request.peer)
