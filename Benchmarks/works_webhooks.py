"""From an event to its webhook: latency at 200 a second, deliveries a second when as many as possible come, and alerts a
second in `alert.batch`."""

import contextlib
import http.client
import json
import subprocess
import threading
import time

import measure
from service import free_port

RATE_PER_SECOND = 200
LATENCY_SECONDS = 15
POSTERS = 8
BATCH = 50
ALERT_BATCH = 100
BURST = 20_000
DRAIN_LIMIT_SECONDS = 60
EVENT_TYPE = "custom.bench"


@contextlib.contextmanager
def receiver(bench, numbers, *text):
    """`text`: what stands before the numbers, where that is another than of `Poster`."""
    port = free_port()
    process = subprocess.Popen([str(bench.receiver), str(port), str(numbers), *text], stdin=subprocess.DEVNULL)
    try:
        measure.wait_until(lambda: bench.answers(f"http://127.0.0.1:{port}/count"), "receiver")
        yield Receiver(port)
    finally:
        measure.end(process)


class Receiver:
    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}/hook"

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def counts(self):
        return tuple(map(int, self.get("/count").split()))

    def times(self):
        return {int(n): int(at) for n, at in (line.split() for line in self.get("/times").splitlines())}

    def wait(self, expected):
        """Until all have come, or none has for ten seconds."""
        last, changed = -1, time.monotonic()
        limit = changed + DRAIN_LIMIT_SECONDS
        while (count := self.counts()[0]) < expected and time.monotonic() < limit:
            if count != last:
                last, changed = count, time.monotonic()
            if time.monotonic() - changed > 10:
                break
            time.sleep(0.05)


class Poster:
    """A keep-alive connection that posts numbered events."""

    def __init__(self, port, path, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.path = path
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def post(self, numbers):
        events = [{"type": EVENT_TYPE, "data": {"bench_number": n, "word": "withdrawal attempt"}} for n in numbers]
        body = events[0] if len(events) == 1 else {"events": events}
        self.connection.request("POST", self.path, json.dumps(body, separators=(",", ":")), self.headers)
        response = self.connection.getresponse()
        answer = response.read()
        if not 200 <= response.status < 300:
            raise RuntimeError(f"POST {self.path}: {response.status} {answer[:400]}")


def steady(make_poster, seconds=LATENCY_SECONDS):
    """Posts at an even pace from several connections; returns number → time of sending in ns."""
    sent, failed = {}, []
    total = RATE_PER_SECOND * seconds
    began = time.time() + 0.2

    def run(first):
        try:
            poster = make_poster()
            for number in range(first, total, POSTERS):
                time.sleep(max(0, began + number / RATE_PER_SECOND - time.time()))
                sent[number] = time.time_ns()
                poster.post([number])
        except Exception as error:
            failed.append(error)

    join_all([threading.Thread(target=run, args=(n,)) for n in range(POSTERS)], failed)
    return sent


def burst(make_poster, batch):
    """Posts as fast as it is answered; returns the time of the first post in ns."""
    failed, began = [], time.time_ns()

    def run(first):
        try:
            poster = make_poster()
            for start in range(first * batch, BURST, POSTERS * batch):
                poster.post(range(start, min(start + batch, BURST)))
        except Exception as error:
            failed.append(error)

    join_all([threading.Thread(target=run, args=(n,)) for n in range(POSTERS)], failed)
    return began


def join_all(threads, failed):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def deliveries(bench, service):
    with receiver(bench, max(BURST, RATE_PER_SECOND * LATENCY_SECONDS)) as there:
        if service:
            service.must("POST", "/v1/webhooks", {
                "url": there.url, "name": "bench", "event_types": ["custom.*"], "format": "standard"})
            make_poster, batch, who = lambda: Poster(service.port, "/v1/events", service.token), BATCH, "Keybell"
        else:
            make_poster, batch, who = lambda: Poster(there.port, "/hook", None), 1, "the tools alone"
        latency(bench, there, make_poster, who, service)
        sustained(bench, there, make_poster, who, service, batch)
        if service:
            batches(bench, there, service)


def latency(bench, there, make_poster, who, service):
    sent = steady(make_poster)
    there.wait(len(sent))
    came = there.times()
    waits = sorted((came[n] - at) / 1e6 for n, at in sent.items() if n in came)
    p50, p99 = measure.quantile(waits, 0.5), measure.quantile(waits, 0.99)
    lost = len(sent) - len(waits)
    bench.table.add(
        f"event to webhook, {RATE_PER_SECOND}/s for {LATENCY_SECONDS} s", who, f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
        f"{lost} lost, {there.counts()[1]} twice", bar="p50 < 3 ms, p99 < 15 ms" if service else None,
        held=p50 < 3 and p99 < 15 and lost == 0 if service else None)


def sustained(bench, there, make_poster, who, service, batch):
    there.get("/reset")
    began = burst(make_poster, batch)
    there.wait(BURST)
    came = there.times()
    per_second = len(came) / ((max(came.values()) - began) / 1e9)
    lost = BURST - len(came)
    bench.table.add(
        f"{BURST:,} events at once", who, f"{per_second:,.0f} deliveries/s",
        f"{lost} lost, {there.counts()[1]} twice", bar="≥ 3,500/s, nothing lost" if service else None,
        held=per_second >= 3500 and lost == 0 if service else None)


def batches(bench, there, service):
    """Each event fires an alert of its own; alerts of one moment come in one message."""
    for webhook in service.must("GET", "/v1/webhooks")["data"]:
        service.must("POST", f"/v1/webhooks/{webhook['id']}/disable")
    batched = service.must("POST", "/v1/webhooks", {
        "url": there.url, "name": "batched", "event_types": ["alert.*"], "batch": True})
    rule = service.must("POST", "/v1/alert-rules", {
        "name": "bench", "severity": "warning", "on": [EVENT_TYPE], "group_by": ["event.bench_number"],
        "send_to": [batched["id"]]})
    service.must("POST", f"/v1/alert-rules/{rule['id']}/enable", {})
    there.get("/reset")
    began = burst(lambda: Poster(service.port, "/v1/events", service.token), ALERT_BATCH)
    there.wait(BURST)
    came = there.times()
    per_second = len(came) / ((max(came.values()) - began) / 1e9)
    size = measure.own_resident_megabytes(service.process.pid)
    bench.table.add(
        f"{BURST:,} alerts of {BURST:,} groups at once, in `alert.batch`", "Keybell", f"{per_second:,.0f} alerts/s",
        f"{BURST - len(came)} lost, {there.counts()[1]} twice, {size:.0f} MB", bar="≥ 6,500/s, nothing lost, < 100 MB",
        held=per_second >= 6500 and len(came) == BURST and size < 100)
