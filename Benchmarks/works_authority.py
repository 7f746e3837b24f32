"""Authority: a decision from a worker's snapshot with 1,000 users, 10,000 grants and 10,000 keys, and what one change of
authority costs. In a program of its own (Benchmarks/Authority), because the figures are of functions, not of requests."""

import re

BAR_MICROSECONDS = 20
DECISION = re.compile(r"decision, (\w+) token: ([\d.]+) µs; from its hash on ([\d.]+) µs")
CHANGE = re.compile(r"one change, (\d+) tokens known: touched ([\d.]+) µs, each other ([\d.]+) µs")


def run(bench):
    out = bench.printed("AuthorityBenchmark")
    for token, decision, whole in DECISION.findall(out):
        bench.table.add(
            "authority", f"decision, {token} token", f"{float(decision):.2f} µs",
            f"from the token's hash on: {float(whole):.2f} µs", bar=f"< {BAR_MICROSECONDS} µs",
            held=float(whole) < BAR_MICROSECONDS)
    for known, touched, other in CHANGE.findall(out):
        bench.table.add(
            "authority", f"one change, {known} tokens known", f"{float(touched):.0f} µs for who was touched",
            f"each other: {float(other):.2f} µs")
