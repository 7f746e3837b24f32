"""The seal: how fast a node holds no keys, and holds them again; and what moving 100,000 sealed versions to a new
key-encryption key does to requests beside it."""

import http.client
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

from service import Service

ROUNDS = 20
VERSIONS = 100_000
QUIET_SECONDS = 10
FILL = """
insert into key_version (key, version, state, kind, origin, credential, fingerprint, created_at, created_by)
select k.id, n, 'previous', 'hmac', 'imported', s.sealed, '\\x00', now(), 'bench'
from (select id from exchange_key limit 1) k, (select sealed from webhook_secret limit 1) s,
    generate_series(1000, {last}) n
"""


def run(bench):
    database = bench.database("seal")
    with Service(bench.binary, {"KEYBELL_DATABASE_URL": bench.cluster.url(database)}) as service:
        service.bootstrap()
        seal_and_unseal(bench, service)
        rewrap(bench, service, database)


def shares(bench, service):
    """Two of three, by the command line."""
    with tempfile.TemporaryDirectory(dir=service.folder) as folder:
        subprocess.run(
            [str(bench.binary), "shares", "split", "--threshold", "2", "--shares", "3", "--root-key-file",
             str(service.folder / "root.key"), "--output", f"{folder}/s"], check=True, stdout=subprocess.DEVNULL)
        return [path.read_text().strip() for path in sorted(pathlib.Path(folder, "s").iterdir())]


def seal_and_unseal(bench, service):
    held, sealing, unsealing = shares(bench, service), [], []
    for _ in range(ROUNDS):
        began = time.monotonic()
        service.must("POST", "/v1/system/seal", {"reason": "a measurement"})
        sealing.append((time.monotonic() - began) * 1000)
        began = time.monotonic()
        for share in held[:2]:
            answer = service.must("POST", "/v1/system/unseal", {"share": share}, token=None)
        while not service.is_ready():
            pass
        unsealing.append((time.monotonic() - began) * 1000)
        assert answer["sealed"] is False
        time.sleep(0.7)  # attempts at unsealing are counted: three a second
    for what, times, limit in [("seal", sealing, 100), ("unseal", unsealing, 1000)]:
        worst = max(times)
        bench.table.add(
            what, "Keybell", f"{statistics.median(times):.0f} ms",
            f"slowest of {ROUNDS}: {worst:.0f} ms; " + (
                "request to answer" if what == "seal" else "first of two shares to ready"),
            bar=f"< {limit} ms", held=worst < limit)


class Reader(threading.Thread):
    """Reads a webhook again and again on one connection."""

    def __init__(self, service, path):
        super().__init__(daemon=True)
        self.service, self.path, self.times, self.is_over = service, path, [], False

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.service.token}"}
        while not self.is_over:
            began = time.monotonic()
            connection.request("GET", self.path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            self.times.append((time.monotonic() - began) * 1000)
            time.sleep(0.001)
        connection.close()

    def end(self):
        self.is_over = True
        self.join()
        return statistics.quantiles(self.times, n=100)[98]


def rewrap(bench, service, database):
    service.must("POST", "/v1/keys", {
        "exchange": "binance", "account": "main", "label": "bench", "environment": "live", "permissions": ["read"]})
    webhook = service.must("POST", "/v1/webhooks", {
        "url": f"http://127.0.0.1:{service.port + 1}/none", "name": "bench", "event_types": ["custom.none"]})
    fill = FILL.format(last=1000 + VERSIONS - 1)
    subprocess.run(bench.psql(database, fill), check=True, timeout=600)
    subprocess.run(bench.psql(database, "analyze key_version"), check=True, timeout=600)
    path = f"/v1/webhooks/{webhook['id']}"
    quiet = Reader(service, path)
    quiet.start()
    time.sleep(QUIET_SECONDS)
    before = quiet.end()
    beside = Reader(service, path)
    beside.start()
    began = time.monotonic()
    service.must("POST", "/v1/system/key-encryption-key/rotation")
    while (state := service.must("GET", "/v1/system/key-encryption-key/rotation"))["in_progress"]:
        time.sleep(2)
    seconds, during = time.monotonic() - began, beside.end()
    bench.table.add(
        "rewrap", "Keybell, 100,000 versions", f"{seconds:.0f} s",
        f"{state['rewrapped']:,} rows; p99 of a read beside it {during:.2f} ms, without it {before:.2f} ms",
        bar="p99 × 1.5", held=during < 1.5 * before)
