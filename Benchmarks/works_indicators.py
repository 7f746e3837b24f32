"""Nine indicators over a million candles, on one core: TA-Lib's C code through its Python package, and the engine's own
columns and stream. Processor time of each, in turn, since other work on the machine must not decide."""

import subprocess
import sys

import measure
from table import ratios

CANDLES = 1_000_000
LIMIT_SECONDS = 300
MICROSECOND = 1_000.0
# numpy asks for huge pages for its arrays; malloc does the same for ours only when it is told to.
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}

THEIRS = """
import sys, time
import numpy, talib
h, l, c, v = numpy.fromfile(sys.argv[1]).reshape(4, -1)
works = [
    lambda: talib.RSI(c, 14), lambda: talib.MACD(c, 12, 26, 9), lambda: talib.BBANDS(c, 20, 2, 2, 0),
    lambda: talib.ATR(h, l, c, 14), lambda: talib.ADX(h, l, c, 14), lambda: talib.OBV(c, v),
    lambda: talib.STOCH(h, l, c, 14, 3, 0, 3, 0), lambda: talib.EMA(c, 50), lambda: talib.EMA(c, 200)]
total = 0
for work in works:
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    total += min(times)
print(total * 1e3)
"""
SERIES = """
import sys
import numpy
r = numpy.random.default_rng(42)
n = int(sys.argv[2])
c = 100 * numpy.exp(numpy.cumsum(r.normal(0, 0.004, n)))
o = numpy.r_[100.0, c[:-1]]
h = numpy.maximum(o, c) * (1 + numpy.abs(r.normal(0, 0.002, n)))
l = numpy.minimum(o, c) * (1 - numpy.abs(r.normal(0, 0.002, n)))
numpy.concatenate([h, l, c, r.lognormal(5, 1, n)]).tofile(sys.argv[1])
"""


def python(script, *words):
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True, timeout=LIMIT_SECONDS)
    return done.stdout


def run(bench):
    path = str(bench.scratch / "bars")
    python(SERIES, path, str(CANDLES))
    mine, theirs = [], []
    for _ in bench.rounds():
        theirs.append({"speed": 1 / float(python(THEIRS, path))})
        if bench.binary:
            answer = bench.printed("IndicatorBenchmark", path, env=HUGE_PAGES).split()
            mine.append({"speed": 1 / float(answer[0]), "stream": float(answer[1])})
    work = f"nine indicators, {CANDLES:,} candles"
    bench.table.add(work, "TA-Lib (C)", f"{1 / measure.median(theirs, 'speed'):.0f} ms", "14 columns")
    if not mine:
        return
    ratio = ratios(mine, theirs, "speed")
    bench.table.add(
        work, "Keybell", f"{1 / measure.median(mine, 'speed'):.0f} ms", "17 columns", against=f"{ratio:.2f}",
        bar="≥ 1", held=ratio >= 1)
    each = measure.median(mine, "stream") * 1e6 / CANDLES
    bench.table.add(
        "all nine, one more candle", "Keybell", f"{each:.0f} ns", "streamed", bar="< 1 µs", held=each < MICROSECOND)
