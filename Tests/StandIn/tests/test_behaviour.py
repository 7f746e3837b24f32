"""Orders are counted, and an exchange that misbehaves does so as asked."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import signing
from messages import Refused
from bench import CLIENT_PATIENCE_SECONDS, NOW_MS, Bench

PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "standin.py"


class BehaviourTest(Bench):
    def test_orders_are_placed_counted_and_recorded(self):
        for exchange in signing.ORDERS:
            with self.subTest(exchange):
                self.register(exchange)
                self.assertIn(self.order(exchange)[0], (200, 201))
                orders = self.control("GET", "/orders", {"exchange": exchange})["orders"]
                self.assertEqual([order["api_key"] for order in orders], [signing.KEY])
                record = self.control("GET", "/requests", {"exchange": exchange})["requests"][-1]
                self.assertEqual(record["path"], signing.ORDERS[exchange][1])
                self.assertEqual(record["verdict"], "accepted")
                self.assertIn(record["status"], (200, 201))
                self.assertIn("30000", record["body"] + record["query"])
                self.assertEqual(self.counts(exchange, api_key=signing.KEY), {"accepted": 1})

    def test_an_order_is_cancelled_once_and_only_by_its_key(self):
        self.register("binance")
        number = json.loads(self.order("binance")[2])["orderId"]
        self.register("binance", api_key="another")
        with self.assertRaises(Refused):
            self.stand_in.desk.book.find("binance", "another", number)
        answers = [self.send("binance", "DELETE", "/api/v3/order", orderId=number) for _ in range(2)]
        self.assertEqual([answer[0] for answer in answers], [200, 400])
        self.register("kucoin")
        number = json.loads(self.order("kucoin")[2])["data"]["orderId"]
        self.assertIn("200000", self.send("kucoin", "DELETE", f"/api/v1/hf/orders/{number}")[2])

    def test_one_connection_serves_many_requests(self):
        self.register("okx")
        connection = self.connect(self.ports["exchanges"]["okx"])
        for _ in range(50):
            self.assertEqual(self.send("okx", *signing.READS["okx"], connection=connection)[0], 200)

    def test_the_edge_refuses_before_anything_is_done(self):
        for exchange in signing.ORDERS:
            with self.subTest(exchange):
                self.register(exchange)
                self.behave(exchange, retry_after=7)
                status, headers, _ = self.order(exchange)
                self.assertEqual((status, headers["Retry-After"]), (429, "7"))
                self.behave(exchange, fail=503, body="down\n")
                self.assertEqual(self.order(exchange)[::2], (503, "down\n"))
                self.assertEqual(self.counts(exchange), {"edge": 2})
                self.assertEqual(self.control("GET", "/orders", {"exchange": exchange})["orders"], [])
                self.behave(exchange)
                self.assertIn(self.order(exchange)[0], (200, 201))

    def test_a_dropped_answer_hides_an_order_that_was_placed(self):
        for drop in ("after_request", "mid_answer"):
            self.register("okx")
            self.behave("okx", drop=drop, times=1)
            with self.assertRaises((http.client.HTTPException, OSError)):
                self.order("okx")
            record = self.control("GET", "/requests", {"exchange": "okx"})["requests"][-1]
            self.assertEqual((record["verdict"], record["status"]), ("accepted", 0))
            self.assertEqual(self.order("okx")[0], 200)
        self.assertEqual(len(self.control("GET", "/orders")["orders"]), 4)

    def test_it_stalls_echoes_and_talks_rubbish(self):
        self.register("bybit")
        self.behave("bybit", stall_ms=300)
        began = time.monotonic()
        self.order("bybit")
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.behave("bybit", echo="a text of mine")
        self.assertIn("a text of mine", self.order("bybit")[2])
        self.behave("bybit", rubbish=True)
        with self.assertRaises(ValueError):
            json.loads(self.order("bybit")[2])

    def test_behaviour_is_for_a_key_a_path_or_a_method(self):
        self.register("binance")
        self.behave("binance", api_key="another", fail=500)
        self.assertEqual(self.order("binance")[0], 200)
        self.behave("binance", api_key=signing.KEY, fail=500, path="/sapi/", method="GET")
        self.assertEqual(self.order("binance")[0], 200)
        self.assertEqual(self.send("binance", *signing.PROBES["binance"])[0], 500)

    def test_a_wrong_clock_is_told_and_kept(self):
        for exchange, path in signing.TIMES.items():
            connection = self.connect(self.ports["exchanges"][exchange])
            connection.request("GET", path)
            self.assertIn(str(NOW_MS // 1000), connection.getresponse().read().decode())
        self.register("okx")
        self.behave("okx", clock_offset_ms=31_000)
        self.assertIn("50102", self.order("okx")[2])

    def test_slack_lets_late_requests_in_but_no_early_ones(self):
        windows = {"binance": 5_000, "bybit": 5_000, "okx": 30_000, "kucoin": 5_000}
        for exchange, window_ms in windows.items():
            self.register(exchange)
            for late_ms, verdict in ((60_000, "accepted"), (60_001, "time"), (-window_ms - 1, "time")):
                self.control("POST", "/clock", {"now_ms": NOW_MS + late_ms, "slack_ms": 60_000 - window_ms})
                self.order(exchange)
                requests = self.control("GET", "/requests", {"exchange": exchange})["requests"]
                self.assertEqual(requests[-1]["verdict"], verdict)

    def test_unknown_paths_and_endless_bodies_are_refused(self):
        self.register("kucoin")
        self.assertEqual(self.send("kucoin", "GET", "/api/v1/withdrawals")[0], 404)
        connection = self.connect(self.ports["exchanges"]["kucoin"])
        connection.request("POST", "/api/v1/orders", headers={"Content-Length": str(1 << 30)})
        self.assertEqual(connection.getresponse().status, 413)

    def test_what_is_no_behaviour_is_refused(self):
        for wrong in ({"explode": 1}, {"drop": "always"}, {"claim": ["fly"]}, {"stall_ms": 10**9}):
            self.control("POST", "/behaviour", {"exchange": "okx", **wrong}, status=422)


class ProgramTest(Bench):
    def start(self):
        program = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.stdin.close)
        self.addCleanup(lambda: program.poll() is None and os.kill(program.pid, signal.SIGKILL))
        ports = json.loads(program.stdout.readline())
        self.connect(ports["control"]).request("GET", "/")
        return program

    def test_it_ends_when_its_input_closes(self):
        program = self.start()
        program.stdin.close()
        self.assertEqual(program.wait(CLIENT_PATIENCE_SECONDS), 0)

    def test_it_ends_on_sigterm(self):
        program = self.start()
        program.terminate()
        self.assertEqual(program.wait(CLIENT_PATIENCE_SECONDS), 0)
