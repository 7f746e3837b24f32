"""Signatures: admitted in batches, beside single-row inserts of pgbench on the same server; and one alone, beside
what the database takes for two round trips and a commit."""

import contextlib
import json
import pathlib
import subprocess
import sys
import urllib.request

import measure
from service import Service
from table import ratios

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
CLIENTS = 64
KEYS = 8
RATE_LIMIT = "1000000"
POLICY = {
    "operations": ["read", "trade", "cancel"], "ways": ["sign", "proxy"],
    "limits": [
        {"count": "requests", "max": "1000000000", "per": "1m", "applies_to": "all"},
        {"count": "requests", "max": "100000000000", "per": "24h", "applies_to": "all"},
    ],
}
INSERT = """
insert into peer_usage (id, at, key, verdict, detail)
values (gen_random_uuid(), now(), gen_random_uuid(), 'signed', 'GET /api/v3/account omitZeroBalances=true');
"""
# A read and a committed write: two round trips, one of them with a commit.
TWO_TRIPS = "select count(*) from peer_usage where id = '00000000-0000-0000-0000-000000000000';" + INSERT
ALONE_WITHIN_MS = 0.5
TABLE = """
create table peer_usage (id uuid primary key, at timestamptz not null, key uuid not null, verdict text not null,
    detail text not null);
"""


@contextlib.contextmanager
def stand_in():
    process = subprocess.Popen(
        [sys.executable, "-B", str(ROOT / "Tests" / "StandIn" / "standin.py")], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        measure.end(process)


def control(ports, path, body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{ports['control']}{path}", json.dumps(body).encode(),
        {"Content-Type": "application/json"}, method="POST")
    return urllib.request.urlopen(request, timeout=10).read()


def key(service, ports, number, kind):
    """A key that the stand-in exchange knows and has confirmed, with a policy of two limits."""
    order = {
        "exchange": "binance", "account": "main", "label": f"{kind} {number}", "environment": "testnet",
        "permissions": ["read", "trade_spot"], "ip_allow_list": ["127.0.0.1"],
    }
    known = {
        "exchange": "binance", "api_key": f"bench-{kind}-{number}", "permissions": ["read", "trade_spot"],
        "ips": ["127.0.0.1"], "environment": "testnet",
    }
    if kind == "hmac":
        known["secret"] = f"the-secret-of-{number}"
        made = service.must("POST", "/v1/keys", {
            **order, "credential": {"api_key": known["api_key"], "secret": known["secret"]}})
    else:
        made = service.must("POST", "/v1/keys", {**order, "credential": {"kind": kind, "generate": True}})
        known["public_key"] = made["versions"][0]["public_key_pem"]
        service.must("POST", f"/v1/keys/{made['id']}/versions/1/activate", {"api_key": known["api_key"]})
    control(ports, "/keys", known)
    path = f"/v1/keys/{made['id']}"
    told = service.must("POST", path + "/verify", {})
    assert told["status"] == "active", told
    answer = service.call("PUT", path + "/policy", POLICY, {"If-Match": '"0"'})
    assert answer.status == 200, answer.body
    return path + "/sign"


def run(bench):
    bench.cluster.season()
    database = bench.database("sign")
    bench.database("sign_peer")
    bench.cluster.sql("sign_peer", TABLE)
    script = bench.scratch / "insert.sql"
    script.write_text(INSERT)
    with stand_in() as ports:
        base = f"http://127.0.0.1:{ports['exchanges']['binance']}"
        settings = {
            "KEYBELL_LOOPS": "2", "KEYBELL_DATABASE_URL": bench.cluster.url(database),
            "KEYBELL_RATE_LIMIT": RATE_LIMIT, "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": base,
            "KEYBELL_LOG": "warning",
        }
        with Service(bench.binary, settings) as service:
            service.bootstrap()
            paths = {kind: [key(service, ports, n, kind) for n in range(KEYS)] for kind in ("hmac", "ed25519")}
            compare(bench, service, script, paths)
            alone(bench, service, paths["hmac"])


def load(bench, service, kind, targets, clients):
    pairs = bench.scratch / f"sign-{kind}.txt"
    pairs.write_text("".join(f"{service.token} {path}\n" for path in targets))
    return measure.wrk(
        service.base, service.process.pid, bench.seconds, clients, HERE / "sign.lua",
        {"KEYBELL_PAIRS": str(pairs)})


def alone(bench, service, targets):
    script = bench.scratch / "two-trips.sql"
    script.write_text(TWO_TRIPS)
    trips, signs = [], []
    for _ in bench.rounds():
        trips.append(measure.pgbench(bench.cluster, "sign_peer", [script], bench.seconds, 1))
        signs.append(load(bench, service, "alone", targets, 1))
    peer, ours = measure.median(trips, "p50"), measure.median(signs, "p50")
    bench.table.add(
        "sign", "pgbench, two round trips and a commit, 1 client", f"{peer:.2f} ms", "average")
    bench.table.add(
        "sign", "Keybell, hmac, 1 client", f"{ours:.2f} ms", f"p50, p99 {measure.median(signs, 'p99'):.2f} ms",
        against=f"{ours - peer:.2f} ms more", bar=f"≤ {ALONE_WITHIN_MS} ms more",
        held=ours - peer <= ALONE_WITHIN_MS)


def compare(bench, service, script, paths):
    inserts, signs = [], {kind: [] for kind in paths}
    for _ in bench.rounds():
        inserts.append(measure.pgbench(bench.cluster, "sign_peer", [script], bench.seconds, CLIENTS))
        for kind, targets in paths.items():
            signs[kind].append(load(bench, service, kind, targets, CLIENTS))
    m = measure.median
    bench.table.add(
        "sign", f"pgbench, single-row inserts, {CLIENTS} clients", f"{m(inserts, 'per_second'):,.0f}/s",
        f"average {m(inserts, 'p50'):.2f} ms")
    for kind, least in (("hmac", 1.0), ("ed25519", 0.7)):
        rows = signs[kind]
        ratio, failed = ratios(rows, inserts, "per_second"), sum(row.get("failed", 0) for row in rows)
        tail = m(rows, "p99")
        held = ratio >= least and failed == 0 and (kind != "hmac" or tail < 8)
        bench.table.add(
            "sign", f"Keybell, {kind}, {CLIENTS} clients, {KEYS} keys with 2 limits",
            f"{m(rows, 'per_second'):,.0f}/s",
            f"p50 {m(rows, 'p50'):.2f} ms, p99 {tail:.2f} ms, {failed} failed", against=f"{ratio:.2f} of the inserts",
            bar=f"≥ {least}" + (", p99 < 8 ms" if kind == "hmac" else ""), held=held)
