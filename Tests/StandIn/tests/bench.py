"""One running stand-in for a test case, and a client for it over real connections."""

import http.client
import itertools
import json
import unittest
import urllib.parse

import signing
from standin import StandIn

CLIENT_PATIENCE_SECONDS = 30
# The clock stands still, so that no window closes on a busy machine.
NOW_MS = 1_700_000_000_123


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stand_in = StandIn()
        cls.stand_in.start()
        cls.ports = cls.stand_in.ports()
        cls.nonces = itertools.count()

    @classmethod
    def tearDownClass(cls):
        cls.stand_in.stop()

    def setUp(self):
        self.control("POST", "/reset", {})
        self.control("POST", "/clock", {"now_ms": NOW_MS})

    def connect(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CLIENT_PATIENCE_SECONDS)
        self.addCleanup(connection.close)
        return connection

    def control(self, method, path, values=None, status=200):
        query = f"?{urllib.parse.urlencode(values)}" if values and method == "GET" else ""
        body = json.dumps(values) if method == "POST" else None
        connection = self.connect(self.ports["control"])
        connection.request(method, path + query, body)
        answer = connection.getresponse()
        self.assertEqual(answer.status, status)
        return json.loads(answer.read())

    def register(self, exchange, **more):
        values = {"exchange": exchange, "api_key": signing.KEY, "passphrase": signing.PASSPHRASE,
                  "permissions": ["read", "trade_spot", "transfer"]}
        if exchange == "coinbase":
            values["public_key"] = signing.coinbase_public_key()
        else:
            values["secret"] = signing.SECRET
        return self.control("POST", "/keys", values | more)

    def behave(self, exchange, **fields):
        self.control("POST", "/behaviour", {"exchange": exchange, **fields})

    def send(self, exchange, method, path, connection=None, **fields):
        """Signed now, with a nonce of its own; status, headers, and the body as text."""
        if exchange == "kraken":
            fields.setdefault("nonce", NOW_MS + next(self.nonces))
        target, headers, body = signing.signed(exchange, method, path, NOW_MS, fields)
        connection = connection or self.connect(self.ports["exchanges"][exchange])
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def order(self, exchange, **more):
        """One that rests; by an exchange's own names another."""
        fields = {**signing.ORDER_FIELDS[exchange], **more}
        if exchange in signing.CLIENT_IDS:
            fields.setdefault(signing.CLIENT_IDS[exchange], f"order-{next(self.nonces)}")
        return self.send(exchange, *signing.ORDERS[exchange], **fields)

    def counts(self, exchange, **more):
        return self.control("GET", "/counts", {"exchange": exchange, **more})["counts"]
