"""Reports of use in bulk: gzip NDJSON against psql's COPY of the same rows into a table with the same indexes."""

import datetime
import gzip
import json
import time

import measure
from table import ratios

ROWS = 200_000
KEYS = 8
SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT"]


def keys(service):
    made = [
        service.must("POST", "/v1/keys", {
            "exchange": "binance", "account": "reported", "label": f"bot {number}", "environment": "live"})
        for number in range(KEYS)
    ]
    return [key["id"] for key in made]


def body(bench, ids, number):
    """A day of orders, as bots report it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = []
    for row in range(ROWS):
        at = now - datetime.timedelta(milliseconds=400 * (ROWS - row))
        price = 100 + bench.random.random() * 50_000
        lines.append(json.dumps({
            "client_id": f"r{number}-{row:07}", "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "key_id": ids[row % KEYS], "operation": "trade", "symbol": SYMBOLS[row % len(SYMBOLS)],
            "side": "buy" if row % 2 else "sell", "order_type": "limit", "quantity": f"{bench.random.random():.5f}",
            "price": f"{price:.2f}", "outcome": "accepted", "http_status": 200, "address": "192.0.2.7",
            "client_order_id": f"bot-{row:09}", "milliseconds": round(5 + bench.random.random() * 40, 3),
        }))
    return gzip.compress("\n".join(lines).encode(), 1)


def copy_seconds(bench, database, path):
    """COPY of the file into a fresh copy of the table: its indexes and constraints, unpartitioned."""
    bench.cluster.sql(
        database, "drop table if exists usage_copy; create table usage_copy (like usage_event including all)")
    with open(path, "rb") as rows:
        began = time.monotonic()
        bench.copy_in(database, "copy usage_copy from stdin", rows)
        return time.monotonic() - began


def bulk(bench, service):
    database, path = bench.service_database, bench.scratch / "usage.txt"
    ids, mine, theirs = keys(service), [], []
    for number in bench.rounds():
        upload = body(bench, ids, number)
        bench.cluster.sql(database, "checkpoint")
        began = time.monotonic()
        answer = service.must(
            "POST", "/v1/usage-events", upload,
            headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"})
        mine.append({"per_second": ROWS / (time.monotonic() - began)})
        if answer["inserted"] != ROWS:
            raise RuntimeError(f"{answer['inserted']} of {ROWS} reports stored: {answer['errors'][:3]}")
        with open(path, "wb") as file:
            rows = f"select * from usage_event where client_id like 'r{number}-%' order by at"
            bench.copy_out(database, f"copy ({rows}) to stdout", file)
        bench.cluster.sql(database, "checkpoint")
        theirs.append({"per_second": ROWS / copy_seconds(bench, database, path)})
    bench.cluster.sql(database, "drop table usage_copy")
    work, m = f"{ROWS:,} reports of use", measure.median
    bench.table.add(work, "psql COPY, same indexes", f"{m(theirs, 'per_second'):,.0f} rows/s")
    ratio = ratios(mine, theirs, "per_second")
    bench.table.add(
        work, f"Keybell, gzip NDJSON, {len(upload) >> 20} MB", f"{m(mine, 'per_second'):,.0f} rows/s",
        against=f"{ratio:.2f}", bar="≥ 0.3", held=ratio >= 0.3)
