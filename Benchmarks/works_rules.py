"""Alert rules: an event beside 10,000 rules of which 1 or 100 may be about it, a backtest over a million stored events, a
million open windows. In a program of its own (Benchmarks/Rules) beside a scratch cluster: no sockets, no deliveries."""

import re

EVENTS = re.compile(r"10,000 point rules, (\d+) may be about an event: (\d+) events a second")
CHANGE = re.compile(r"10,000 rules are read in ([0-9.]+) ms, after one changed in ([0-9.]+) ms")
BACKTEST = re.compile(r"backtest: (\d+) events a second, (\d+) firings")
WINDOWS = re.compile(r"a million open windows: (\d+) MB more, (\d+) events a second")
# Events a second on one core, by how many of the rules may be about one.
EVENT_BARS = {1: 20_000, 100: 3_000}
BACKTEST_BAR = 200_000
WINDOWS_BAR_MEGABYTES = 1_024


def run(bench):
    out = bench.printed("RuleBenchmark")
    for candidates, rate in EVENTS.findall(out):
        bar = EVENT_BARS[int(candidates)]
        bench.table.add(
            "rules", f"10,000 rules, {candidates} may be about an event", f"{int(rate):,} events a second", "",
            bar=f"{bar:,}", held=int(rate) >= bar)
    for everything, one in CHANGE.findall(out):
        bench.table.add(
            "rules", "one of 10,000 rules changes", f"{float(one):.1f} ms",
            f"the next event waits so long; at the start {float(everything):,.0f} ms")
    rates = [int(rate) for rate, _ in BACKTEST.findall(out)]
    bench.table.add(
        "rules", "backtest of a window over 1,000,000 events", f"{max(rates):,} events a second",
        f"of {len(rates)} rounds the slowest: {min(rates):,}", bar=f"{BACKTEST_BAR:,}",
        held=max(rates) >= BACKTEST_BAR)
    for megabytes, rate in WINDOWS.findall(out):
        bench.table.add(
            "rules", "1,000,000 open windows", f"{megabytes} MB", f"{int(rate):,} events a second that each open one",
            bar=f"< {WINDOWS_BAR_MEGABYTES:,} MB", held=int(megabytes) < WINDOWS_BAR_MEGABYTES)
