"""Candles in bulk against psql's COPY of the same rows into a table with the same indexes: all new, and half of them there
already. How long grades and signals of a million take, and how fast pages of 1,000 are answered."""

import gzip
import io
import pathlib
import time

import measure
from table import ratios

TOKENS, HOURS = 20, 50_000
ROWS = TOKENS * HOURS
ANALYSIS_LIMIT_SECONDS = 300
FIRST_HOUR_SECONDS = 1_420_070_400  # 2015-01-01
# For when there is no service yet whose table could be copied.
SAMPLE_TABLE = """
create table candle (
    series_id integer not null, open_time timestamptz not null,
    open float8 not null, high float8 not null, low float8 not null, close float8 not null, volume float8 not null,
    revision integer not null default 1, received_at timestamptz not null default now(),
    constraint candle_pk primary key (series_id, open_time)
);
create index candle_open_time on candle using brin (open_time);
"""


def walk(bench, prefix):
    """A seeded random walk: (token number, unix time, open, high, low, close, volume) as text columns."""
    for token in range(TOKENS):
        price = 100.0
        for hour in range(HOURS):
            close = price * (1 + (bench.random.random() - 0.5) / 50)
            high, low = max(price, close) * 1.001, min(price, close) * 0.999
            moment = FIRST_HOUR_SECONDS + hour * 3600
            yield token, moment, f"{price:.4f},{high:.4f},{low:.4f},{close:.4f},{bench.random.random() * 1000:.2f}"
            price = close


def upload_body(bench, prefix):
    text = io.StringIO()
    text.write("token,interval,open_time_iso8601,open,high,low,close,volume\n")
    for token, moment, numbers in walk(bench, prefix):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
        text.write(f"{prefix}{token},1h,{stamp},{numbers}\n")
    return gzip.compress(text.getvalue().encode(), 1)


def copy_seconds(bench, database, columns, path):
    """COPY of the file into a fresh copy of the candle table: its indexes and constraints, unpartitioned."""
    bench.cluster.sql(database, "drop table if exists candle_copy; create table candle_copy (like candle including all)")
    with open(path, "rb") as rows:
        command = f"copy candle_copy {columns} from stdin with (format csv)"
        began = time.monotonic()
        bench.copy_in(database, command, rows)
        return time.monotonic() - began


def copy_alone(bench):
    database = bench.database("copypeer")
    bench.cluster.sql(database, SAMPLE_TABLE)
    path = bench.scratch / "candles.csv"
    with open(path, "w") as file:
        for token, moment, numbers in walk(bench, "P"):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
            file.write(f"{token},{stamp},{numbers}\n")
    columns = "(series_id, open_time, open, high, low, close, volume)"
    return [{"per_second": ROWS / copy_seconds(bench, database, columns, path)} for _ in bench.rounds()]


def bulk(bench, service):
    work = f"{ROWS:,} new candles"
    if not service:
        theirs = copy_alone(bench)
        bench.table.add(work, "psql COPY, same indexes", f"{measure.median(theirs, 'per_second'):,.0f} rows/s")
        return
    database, path = bench.service_database, bench.scratch / "candles.csv"
    mine, theirs, graded = [], [], []
    for number in bench.rounds():
        body = upload_body(bench, f"B{number}X")
        bench.cluster.sql(database, "checkpoint")
        began = time.monotonic()
        answer = upload(service, body)
        mine.append({"per_second": ROWS / (time.monotonic() - began)})
        graded.append(settled(bench, database) - began)
        if answer["inserted"] != ROWS:
            raise RuntimeError(f"{answer['inserted']} of {ROWS} rows inserted")
        with open(path, "wb") as file:
            bench.copy_out(database, f"copy (select * from candle limit {ROWS}) to stdout with (format csv)", file)
        bench.cluster.sql(database, "checkpoint")
        theirs.append({"per_second": ROWS / copy_seconds(bench, database, "", path)})
    bench.cluster.sql(database, "drop table candle_copy")
    bench.table.add(work, "psql COPY, same indexes", f"{measure.median(theirs, 'per_second'):,.0f} rows/s")
    ratio = ratios(mine, theirs, "per_second")
    bench.table.add(
        work, f"Keybell, gzip CSV, {len(body) >> 20} MB", f"{measure.median(mine, 'per_second'):,.0f} rows/s",
        against=f"{ratio:.2f}", bar="≥ 0.5", held=ratio >= 0.5)
    seconds = sorted(graded)[len(graded) // 2]
    bench.table.add(
        f"{ROWS:,} candles to grades and signals", "Keybell", f"{seconds:.1f} s", "from the upload's first byte",
        bar="≤ 20 s", held=seconds <= 20)
    overlapping(bench, service, body, theirs)
    pages(bench, service, f"B{number}X0")


def upload(service, body):
    return service.must(
        "POST", "/v1/candles?source=binance&interval=1h", body,
        headers={"Content-Type": "text/csv", "Content-Encoding": "gzip"})


def settled(bench, database):
    """When the last series had been analysed."""
    limit = time.monotonic() + ANALYSIS_LIMIT_SECONDS
    dirty = "select count(*) from series where dirty_from is not null"
    # Seldom: each question is a process on one of the two cores.
    while bench.cluster.sql(database, dirty) != "0":
        if time.monotonic() > limit:
            raise RuntimeError(f"analysis: not within {ANALYSIS_LIMIT_SECONDS} s")
        time.sleep(0.25)
    return time.monotonic()


def overlapping(bench, service, body, theirs):
    """The same rows again: each is looked up, and none is other than it was."""
    mine = []
    for _ in bench.rounds():
        began = time.monotonic()
        answer = upload(service, body)
        mine.append({"per_second": ROWS / (time.monotonic() - began)})
        if answer["unchanged"] != ROWS:
            raise RuntimeError(f"{answer['unchanged']} of {ROWS} rows unchanged")
    ratio = ratios(mine, theirs, "per_second")
    bench.table.add(
        f"{ROWS:,} candles that are there", "Keybell", f"{measure.median(mine, 'per_second'):,.0f} rows/s",
        against=f"{ratio:.2f}", bar="≥ 0.25", held=ratio >= 0.25)


def pages(bench, service, token):
    """Pages of 1,000 candles, plain JSON, the newest of one series."""
    requests = bench.scratch / "pages"
    requests.write_text(f"{service.token} /v1/candles?token={token}&interval=1h&limit=1000\n")
    script = pathlib.Path(__file__).parent / "pairs.lua"
    rows = [
        measure.wrk(service.base, service.process.pid, bench.seconds, 32, script, {"KEYBELL_PAIRS": str(requests)})
        for _ in bench.rounds()]
    speed, failed = measure.median(rows, "per_second"), sum(row["failed"] for row in rows)
    bench.table.add(
        "GET /v1/candles, 1,000 rows, 32 connections", "Keybell", f"{speed:,.0f}/s",
        f"p50 {measure.median(rows, 'p50'):.1f} ms, {measure.median(rows, 'cpu_us'):.0f} µs CPU each",
        bar="≥ 2,000/s", held=speed >= 2_000 and failed == 0)
