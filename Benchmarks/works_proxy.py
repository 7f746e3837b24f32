"""Requests sent through Keybell to an exchange: nginx stands in for it, with one answer for all.

What a key must be confirmed with, and what lists the market, nginx passes on to the stand-in exchange of the tests.
"""

import contextlib
import pathlib

import measure
import works_sign
from service import Service, free_port

HERE = pathlib.Path(__file__).parent
CLIENTS = 64
PER_SECOND = 5_000
ALONE_WITHIN_MS = 1.0
READ = ("GET", "/api/v3/openOrders?symbol=BTCUSDT")
ORDER = ("POST", "/api/v3/order?symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000")
# 200 bytes, for a read as well as for an order.
ANSWER = '{"symbol":"BTCUSDT","orderId":28,"status":"NEW","balances":[],"filler":"' + "x" * 126 + '"}'
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 100000000; default_type application/json;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=1024;
        location = /api/v3/openOrders {{ return 200 '{answer}'; }}
        location = /api/v3/order {{ return 200 '{answer}'; }}
        location / {{ proxy_pass {behind}; }}
    }}
}}
"""


def exchange(bench, behind):
    folder, port = bench.scratch / "exchange", free_port()
    text = NGINX.format(folder=folder, port=port, answer=ANSWER, behind=behind)
    return measure.nginx(bench, folder, text, f"http://127.0.0.1:{port}", "/api/v3/openOrders")


def run(bench):
    database = bench.database("proxy")
    bench.database("proxy_peer")
    bench.cluster.sql("proxy_peer", works_sign.TABLE)
    bench.cluster.season()
    script = bench.scratch / "proxy-insert.sql"
    script.write_text(works_sign.INSERT)
    with contextlib.ExitStack() as stack:
        ports = stack.enter_context(works_sign.stand_in())
        behind = f"http://127.0.0.1:{ports['exchanges']['binance']}"
        direct = stack.enter_context(exchange(bench, behind))
        service = stack.enter_context(Service(bench.binary, {
            "KEYBELL_LOOPS": "2", "KEYBELL_DATABASE_URL": bench.cluster.url(database),
            "KEYBELL_RATE_LIMIT": works_sign.RATE_LIMIT, "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": direct[1],
            "KEYBELL_LOG": "warning"}))
        service.bootstrap()
        keys = [works_sign.key(service, ports, n, "hmac").removesuffix("/sign") for n in range(works_sign.KEYS)]
        pairs = bench.scratch / "proxy.txt"
        pairs.write_text("".join(f"{service.token} {key}/proxy/spot\n" for key in keys))
        for name, asked in (("reads", READ), ("orders", ORDER)):
            compare(bench, service, direct, script, pairs, name, asked)


def compare(bench, service, direct, script, pairs, name, asked):
    commits, calls, alone, many = [], [], [], []
    load = lambda clients: measure.wrk(  # noqa: E731
        service.base, service.process.pid, bench.seconds, clients, HERE / "proxy.lua",
        {"KEYBELL_PAIRS": str(pairs), "KEYBELL_METHOD": asked[0], "KEYBELL_TARGET": asked[1]})
    for _ in bench.rounds():
        commits.append(measure.pgbench(bench.cluster, "proxy_peer", [script], bench.seconds, 1))
        calls.append(measure.wrk(direct[1] + asked[1], direct[0], bench.seconds, 1))
        alone.append(load(1))
        many.append(load(CLIENTS))
    m, work = measure.median, f"proxy, {name}"
    least = m(calls, "p50") + m(commits, "p50")
    bench.table.add(
        work, "nginx directly and one commit of pgbench, 1 client", f"{least:.2f} ms",
        f"{m(calls, 'p50'):.2f} and {m(commits, 'p50'):.2f} ms")
    failed = sum(row["failed"] for row in alone)
    more = m(alone, "p50") - least
    bench.table.add(
        work, "Keybell, 1 client", f"{m(alone, 'p50'):.2f} ms", f"p50, p99 {m(alone, 'p99'):.2f} ms, {failed} failed",
        against=f"{more:.2f} ms more", bar=f"< {ALONE_WITHIN_MS} ms more", held=more < ALONE_WITHIN_MS and failed == 0)
    failed, speed = sum(row["failed"] for row in many), m(many, "per_second")
    bench.table.add(
        work, f"Keybell, {CLIENTS} clients, {works_sign.KEYS} keys with 2 limits", f"{speed:,.0f}/s",
        f"p50 {m(many, 'p50'):.2f} ms, p99 {m(many, 'p99'):.2f} ms, {m(many, 'cpu_us'):.0f} µs CPU each, "
        f"{failed} failed", bar=f"≥ {PER_SECOND:,}/s", held=speed >= PER_SECOND and failed == 0)
