"""Log-in: what a storm of wrong passwords costs whoever reads a key meanwhile, and whether time tells who exists."""

import http.client
import json
import statistics
import threading
import time

from service import Service
from works_seal import Reader

PER_SECOND = 50
SECONDS = 10
SENDERS = 8
ROUNDS = 3
# Of each kind, and attempts of each: fewer than what is delayed.
USERS, ATTEMPTS = 40, 4
# T14: medians of whoever exists and whoever does not differ by less than what a network adds.
APART_AT_MOST = 0.05
# The short form: on a machine that does other things, too, this much tells a missing hash and nothing less.
SHORT_ATTEMPTS, SHORT_APART_AT_MOST = 1, 0.30
PASSWORD = "four candles of a quiet week"


class Storm(threading.Thread):
    """Wrong log-ins at a fixed rate; each of an identity and an address of its own, so that nothing delays them."""

    def __init__(self, service, number):
        super().__init__(daemon=True)
        self.service, self.number, self.statuses, self.is_over = service, number, [], False

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        began, sent = time.monotonic(), 0
        while not self.is_over:
            body = json.dumps({"email": f"u{self.number}-{sent}@desk.example", "password": PASSWORD})
            address = f"198.51.{self.number}.{sent % 250 + 1}"
            connection.request("POST", "/v1/sessions", body, {
                "Content-Type": "application/json", "X-Forwarded-For": address, "X-Forwarded-Proto": "https"})
            answer = connection.getresponse()
            answer.read()
            self.statuses.append(answer.status)
            sent += 1
            time.sleep(max(0, began + sent * SENDERS / PER_SECOND - time.monotonic()))
        connection.close()


def settings(bench):
    return {
        "KEYBELL_DATABASE_URL": bench.cluster.url(bench.database("login")),
        "KEYBELL_PUBLIC_ORIGIN": "https://keybell.desk.example", "KEYBELL_TRUSTED_PROXIES": "127.0.0.1/32"}


def run_short(bench):
    """Whether time tells who exists, in half a minute: 40 tries of each kind, judged loosely."""
    with Service(bench.binary, settings(bench)) as service:
        service.bootstrap()
        compare(bench, service, SHORT_ATTEMPTS, SHORT_APART_AT_MOST)


def run(bench):
    with Service(bench.binary, settings(bench)) as service:
        service.bootstrap()
        key = service.must("POST", "/v1/keys", {
            "exchange": "okx", "account": "bench", "label": "read", "environment": "demo"})
        path = f"/v1/keys/{key['id']}"
        compare(bench, service)
        rounds = [(measure(service, path), stormy(service, path)) for _ in range(ROUNDS)]
    idle = statistics.median(before for before, _ in rounds)
    beside = statistics.median(p99 for _, (p99, _) in rounds)
    statuses = [status for _, (_, told) in rounds for status in told]
    assert set(statuses) <= {401, 429, 503}, set(statuses)
    counts = ", ".join(f"{statuses.count(code)} × {code}" for code in sorted(set(statuses)))
    bench.table.add(
        "login", f"Keybell, key reads beside {PER_SECOND} wrong log-ins a second", f"p99 {beside:.2f} ms",
        f"idle {idle:.2f} ms, {beside / idle:.2f} times; answered {counts}", bar="at most 2 times idle",
        held=beside <= 2 * idle)


def compare(bench, service, attempts=ATTEMPTS, apart_at_most=APART_AT_MOST):
    """Wrong log-ins of active, disabled and unknown users, one by one and interleaved."""
    emails = {kind: [f"{kind}{n}@desk.example" for n in range(USERS)] for kind in ("active", "disabled", "unknown")}
    for kind in ("active", "disabled"):
        for email in emails[kind]:
            enrol(service, email, kind == "disabled")
    times = {kind: [] for kind in emails}
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    for attempt in range(attempts):
        for number in range(USERS):
            for place, kind in enumerate(sorted(emails, key=lambda kind: (number + attempt + ord(kind[0])) % 3)):
                times[kind].append(timed(connection, emails[kind][number], f"192.0.{attempt * 3 + place}.{number + 1}"))
    connection.close()
    medians = {kind: statistics.median(taken) for kind, taken in times.items()}
    apart = max(medians.values()) / min(medians.values()) - 1
    told = ", ".join(f"{kind} {median:.2f} ms" for kind, median in medians.items())
    bench.table.add(
        "login", "Keybell, wrong log-ins of active, disabled and unknown users", f"{apart:.1%} apart",
        f"medians of {USERS * attempts}: {told}", bar=f"at most {apart_at_most:.0%} apart", held=apart <= apart_at_most)


def enrol(service, email, is_disabled):
    invited = service.must("POST", "/v1/users", {"name": "bench", "email": email})
    welcome = {"token": invited["invitation"]["token"], "password": PASSWORD}
    service.must("POST", "/v1/invitations/accept", welcome, token=None)
    if is_disabled:
        service.must("POST", f"/v1/users/{invited['id']}/disable", {"reason": "a measurement"})


def timed(connection, email, address):
    began = time.monotonic()
    connection.request("POST", "/v1/sessions", json.dumps({"email": email, "password": PASSWORD + "?"}), {
        "Content-Type": "application/json", "X-Forwarded-For": address, "X-Forwarded-Proto": "https"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 401, answer.status
    return (time.monotonic() - began) * 1000


def measure(service, path):
    reader = Reader(service, path)
    reader.start()
    time.sleep(SECONDS)
    return reader.end()


def stormy(service, path):
    senders = [Storm(service, number) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    time.sleep(1)
    p99 = measure(service, path)
    for sender in senders:
        sender.is_over = True
    for sender in senders:
        sender.join()
    return p99, [status for sender in senders for status in sender.statuses]
