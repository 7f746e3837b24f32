"""What the exchanges of one stand-in share, behind one lock: keys, books, behaviours, journal and clock."""

import ipaddress
import threading
import time

from behaviour import Behaviour, Behaviours
from book import Book
from journal import Journal
from keys import DELETED, STATES
from rates import MINUTE_MS, Rates

MAX_KEYS = 20_000


class Desk:
    def __init__(self):
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        with self.lock:
            self._keys, self.book = {}, Book()
            self._limits, self.rates = {}, Rates()
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

    # Limits.

    def limit(self, exchange, limit):
        with self.lock:
            self._limits[exchange] = limit

    def wait_seconds(self, exchange, address, weight):
        """What `Limit.wait_seconds` says after this request was counted, and what its address has used."""
        used = self.rates.add((exchange, str(address)), MINUTE_MS, self.now_ms(), weight)
        limit = self._limits.get(exchange)
        return used, None if limit is None else limit.wait_seconds(used, self.now_ms())

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
