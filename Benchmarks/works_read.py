"""Reads: the plain GET against nginx, and a key read by token against pgbench and FastAPI."""

import contextlib
import os
import pathlib
import subprocess
import sys

import captured
import measure
from service import Service, free_port
from table import ratios

HERE = pathlib.Path(__file__).parent
CONNECTIONS = 32
RATE_LIMIT = "1000000"  # the limiter stays on, out of reach: all requests come from one address
PLAIN_PATH = "/"  # the service's small open answer
SAMPLE_BODY = '{"name":"peer","filler":"' + "x" * 172 + '"}'  # 200 bytes, for when there is no service to copy
KEYS, TOKENS, PAIRS = 2000, 64, 20000
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn; worker_processes {workers};
events {{ worker_connections 2048; }}
http {{
    access_log off; keepalive_requests 100000000; default_type application/json;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=1024;
        location = /plain {{ return 200 '{body}'; }}
    }}
}}
"""


def nginx(bench, body, workers):
    folder, port = bench.scratch, free_port()
    text = NGINX.format(folder=folder, workers=workers, port=port, body=body.replace("\\", "\\\\").replace("'", "\\'"))
    return measure.nginx(bench, folder, text, f"http://127.0.0.1:{port}", "/plain")


def figures(table, work, who, rows, **rest):
    m = lambda key: measure.median(rows, key)  # noqa: E731
    detail = f"p50 {m('p50'):.2f} ms"
    if m("p99") is not None:
        detail += f", p99 {m('p99'):.2f} ms, {m('cpu_us'):.1f} µs CPU each"
    failed = sum(row.get("failed", 0) for row in rows)
    if failed:
        # A failed request is cheap, so the figure says nothing, be it ours or the peer's.
        detail += f", **{failed} failed**"
        rest["held"] = False
    table.add(work, who, f"{m('per_second'):,.0f}/s", detail, **rest)


def plain(bench):
    """nginx's worker processes and our loops are the same number: one, since wrk needs the other core."""
    work, workers = "GET, small JSON, 32 connections", 1
    with contextlib.ExitStack() as stack:
        ours, body = None, SAMPLE_BODY
        if bench.binary:
            database = bench.database("plain")
            ours = stack.enter_context(Service(bench.binary, {
                "KEYBELL_LOOPS": str(workers), "KEYBELL_DATABASE_URL": bench.cluster.url(database),
                "KEYBELL_RATE_LIMIT": RATE_LIMIT}))
            body = ours.call("GET", PLAIN_PATH).body.decode()
        peer_pid, peer = stack.enter_context(nginx(bench, body, workers))
        mine, theirs = [], []
        for _ in bench.rounds():
            theirs.append(measure.wrk(peer + "/plain", peer_pid, bench.seconds, CONNECTIONS))
            if ours:
                mine.append(measure.wrk(ours.base + PLAIN_PATH, ours.process.pid, bench.seconds, CONNECTIONS))
        figures(bench.table, work, f"nginx, {workers} worker", theirs)
        if ours:
            speed, tail, cpu = (ratios(mine, theirs, key) for key in ("per_second", "p99", "cpu_us"))
            figures(
                bench.table, work, f"Keybell, {workers} loop, {len(body)} bytes", mine,
                against=f"{speed:.2f} speed, {tail:.2f} p99, {cpu:.2f} CPU", bar="≥ 0.8, ≤ 2, ≤ 2",
                held=speed >= 0.8 and tail <= 2 and cpu <= 2)


@contextlib.contextmanager
def fastapi(bench):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "fastapi_peer:app", "--host", "127.0.0.1", "--port", str(port),
         "--workers", "2", "--log-level", "warning", "--no-access-log"],
        cwd=HERE / "peers", env={**os.environ, "PEER_SOCKET": str(bench.cluster.socket)}, stdin=subprocess.DEVNULL,
        stderr=open(bench.scratch / "uvicorn.log", "wb"))
    try:
        base = f"http://127.0.0.1:{port}"
        measure.wait_until(lambda: bench.answers(base + "/none"), "uvicorn")
        yield process.pid, base
    finally:
        measure.end(process)


def peer_pairs(bench):
    path = bench.scratch / "peer-pairs.txt"
    numbers = [bench.random.randint(1, 100000) for _ in range(PAIRS)]
    path.write_text("".join(f"kbt_{n:040d} /v1/keys/00000000-0000-7000-8000-{n:012x}\n" for n in numbers))
    return path


def own_pairs(bench, service):
    """Registers keys and tokens as a desk would, and deals them out to the requests."""
    keys = [
        service.must("POST", "/v1/keys", {
            "exchange": "binance", "account": "main", "label": f"key {n}", "environment": "live",
            "owner_id": service.owner_id, "tags": ["bench"], "permissions": ["read", "trade_spot"],
            "ip_allow_list": ["203.0.113.7"], "rotation": {"every": "90d", "remind_before": ["14d", "3d"]},
        })["id"] for n in range(KEYS)
    ]
    tokens = [
        service.must("POST", "/v1/access-tokens", {"principal_id": service.owner_id, "name": f"bench {n}"})["token"]
        for n in range(TOKENS)
    ]
    path = bench.scratch / "own-pairs.txt"
    path.write_text("".join(
        f"{bench.random.choice(tokens)} /v1/keys/{bench.random.choice(keys)}\n" for _ in range(PAIRS)))
    return path


def key_read(bench, service):
    work = "token checked, one key read, 32 connections"
    database = bench.database("peer")
    bench.cluster.sql(database, (HERE / "peers" / "schema.sql").read_text())
    script = HERE / "pairs.lua"
    mine, statements, api, same = [], [], [], []
    with fastapi(bench) as (peer_pid, peer_base):
        peers = {"KEYBELL_PAIRS": str(peer_pairs(bench))}
        scripts, captures = [], 0
        if service:
            own = {"KEYBELL_PAIRS": str(own_pairs(bench, service))}
            pairs = [line.split() for line in open(own["KEYBELL_PAIRS"])]
            scripts, captures = captured.scripts(bench, service, pairs)
        for _ in bench.rounds():
            statements.append(measure.pgbench(bench.cluster, database, [HERE / "peers" / "two.sql"], bench.seconds))
            api.append(measure.wrk(peer_base, peer_pid, bench.seconds, CONNECTIONS, script, peers))
            if service:
                pid = service.process.pid
                mine.append(measure.wrk(service.base, pid, bench.seconds, CONNECTIONS, script, own))
            if scripts:
                same.append(measure.pgbench(bench.cluster, bench.service_database, scripts, bench.seconds))
    figures(bench.table, work, "pgbench, the two statements alone, 16 clients", statements)
    figures(bench.table, work, "FastAPI + asyncpg, 2 workers", api)
    if same:
        who = f"pgbench, {captures} of Keybell's own statements, as its log shows them"
        figures(bench.table, work, who, same, against=f"Keybell has {ratios(mine, same, 'per_second'):.2f} of it")
    if service:
        alone, usual = ratios(mine, statements, "per_second"), ratios(mine, api, "per_second")
        figures(
            bench.table, work, "Keybell", mine, against=f"{alone:.2f} of pgbench, {usual:.1f} × FastAPI",
            bar="≥ 0.8, ≥ 4", held=alone >= 0.8 and usual >= 4)
