"""Keys in custody: how long it takes to revoke 10,000 of them in one call, beside readers."""

import statistics
import time

from service import Service
from works_seal import Reader

KEYS = 10_000
BATCH = 100
READERS = 4
ROUNDS = 3


def run(bench):
    database = bench.database("keys")
    with Service(bench.binary, {"KEYBELL_DATABASE_URL": bench.cluster.url(database)}) as service:
        service.bootstrap()
        times = [revoke(bench, service, round_) for round_ in range(ROUNDS)]
        worst = max(times)
        bench.table.add(
            "revoke", f"Keybell, {KEYS:,} keys in one call", f"{statistics.median(times):.2f} s",
            f"slowest of {ROUNDS}: {worst:.2f} s, beside {READERS} readers; each key with a sealed secret",
            bar="< 1 s", held=worst < 1)


def fill(service, round_):
    for first in range(0, KEYS, BATCH):
        entries = [
            {
                "exchange": "okx", "account": "bench", "label": f"r{round_} {number}", "environment": "demo",
                "tags": [f"round-{round_}"],
                "credential": {
                    "api_key": f"api-key-{round_}-{number}", "secret": f"the-secret-{round_}-{number}",
                    "passphrase": "of the bench"},
            }
            for number in range(first, first + BATCH)
        ]
        told = service.must("POST", "/v1/keys/import", {"entries": entries})
        assert told["registered"] == BATCH, told


def revoke(bench, service, round_):
    fill(service, round_)
    kept = service.must("POST", "/v1/keys", {
        "exchange": "okx", "account": "bench", "label": f"kept {round_}", "environment": "demo"})
    readers = [Reader(service, f"/v1/keys/{kept['id']}") for _ in range(READERS)]
    for reader in readers:
        reader.start()
    time.sleep(1)
    began = time.monotonic()
    told = service.must("POST", "/v1/keys/revoke", {
        "selector": {"tag": f"round-{round_}"}, "reason": "a measurement", "expect_count": KEYS})
    seconds = time.monotonic() - began
    for reader in readers:
        reader.end()
    assert told["revoked"] == KEYS, told
    return seconds
