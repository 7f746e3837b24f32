"""The judge `talib`: every line of `GET /v1/indicators` against TA-Lib, at the usual parameters and at random ones, on
random walks, flat, monotone, large and tiny prices. Ours come from IndicatorDriver, which streams them bar by bar."""

import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Scripts" / "lib"))
from built import program  # noqa: E402

DRIVER = program("IndicatorDriver")
BARS, SEED, LIMIT_SECONDS = 600, 20_260_115, 300
TOLERANCE = 1e-9

# How each line is asked of TA-Lib: t is the module; h, l, c and v the columns.
LINES = {
    "sma": lambda t, h, l, c, v, n: t.SMA(c, n),
    "ema": lambda t, h, l, c, v, n: t.EMA(c, n),
    "wma": lambda t, h, l, c, v, n: t.WMA(c, n),
    "rsi": lambda t, h, l, c, v, n: t.RSI(c, n),
    "macd": lambda t, h, l, c, v, f, s, g: t.MACD(c, f, s, g)[0],
    "macd_signal": lambda t, h, l, c, v, f, s, g: t.MACD(c, f, s, g)[1],
    "macd_hist": lambda t, h, l, c, v, f, s, g: t.MACD(c, f, s, g)[2],
    "bb_upper": lambda t, h, l, c, v, n, d: t.BBANDS(c, n, d, d, 0)[0],
    "bb_mid": lambda t, h, l, c, v, n, d: t.BBANDS(c, n, d, d, 0)[1],
    "bb_lower": lambda t, h, l, c, v, n, d: t.BBANDS(c, n, d, d, 0)[2],
    "tr": lambda t, h, l, c, v: t.TRANGE(h, l, c),
    "atr": lambda t, h, l, c, v, n: t.ATR(h, l, c, n),
    "natr": lambda t, h, l, c, v, n: t.NATR(h, l, c, n),
    "plus_di": lambda t, h, l, c, v, n: t.PLUS_DI(h, l, c, n),
    "minus_di": lambda t, h, l, c, v, n: t.MINUS_DI(h, l, c, n),
    "dx": lambda t, h, l, c, v, n: t.DX(h, l, c, n),
    "adx": lambda t, h, l, c, v, n: t.ADX(h, l, c, n),
    "obv": lambda t, h, l, c, v: t.OBV(c, v),
    "ad": lambda t, h, l, c, v: t.AD(h, l, c, v),
    "stoch_k": lambda t, h, l, c, v, n, k, d: t.STOCH(h, l, c, n, k, 0, d, 0)[0],
    "stoch_d": lambda t, h, l, c, v, n, k, d: t.STOCH(h, l, c, n, k, 0, d, 0)[1],
    "mfi": lambda t, h, l, c, v, n: t.MFI(h, l, c, v, n),
    "cci": lambda t, h, l, c, v, n: t.CCI(h, l, c, n),
    "roc": lambda t, h, l, c, v, n: t.ROC(c, n),
    "mom": lambda t, h, l, c, v, n: t.MOM(c, n),
    "willr": lambda t, h, l, c, v, n: t.WILLR(h, l, c, n),
    "stddev": lambda t, h, l, c, v, n: t.STDDEV(c, n, 1),
    "max": lambda t, h, l, c, v, n: t.MAX(h, n),
    "min": lambda t, h, l, c, v, n: t.MIN(l, n),
    "linreg_slope": lambda t, h, l, c, v, n: t.LINEARREG_SLOPE(c, n),
    "aroon_down": lambda t, h, l, c, v, n: t.AROON(h, l, n)[0],
    "aroon_up": lambda t, h, l, c, v, n: t.AROON(h, l, n)[1],
}
USUAL = {
    "macd": (12, 26, 9), "macd_signal": (12, 26, 9), "macd_hist": (12, 26, 9), "bb_upper": (20, 2.0),
    "bb_mid": (20, 2.0), "bb_lower": (20, 2.0), "stoch_k": (14, 3, 3), "stoch_d": (14, 3, 3), "tr": (), "obv": (),
    "ad": (), "cci": (20,), "roc": (10,), "mom": (10,), "aroon_down": (25,), "aroon_up": (25,),
}
for average in ("sma", "ema", "wma", "stddev", "max", "min", "linreg_slope"):
    USUAL[average] = (20,)


def parameters(r, line):
    usual = USUAL.get(line, (14,))
    if line.startswith("macd"):
        fast = r.randrange(2, 40)
        return fast, r.randrange(fast + 1, 90), r.randrange(2, 30)
    if line.startswith("bb_"):
        return r.randrange(2, 200), r.choice([0.5, 1.0, 2.5, 3.0])
    if line.startswith("stoch"):
        return r.randrange(2, 100), r.randrange(1, 20), r.randrange(1, 20)
    return tuple(r.randrange(2, 200) for _ in usual)


def walk(r, price=100.0, step=0.04):
    bars = []
    for _ in range(BARS):
        before, price = price, price * (1 + (r.random() - 0.5) * step)
        high = max(before, price) * (1 + r.random() * step / 4)
        low = min(before, price) * (1 - r.random() * step / 4)
        bars.append((high, low, price, r.random() * 1e6))
    return bars


def series(r):
    flat = [(100.0, 100.0, 100.0, 0.0)] * BARS
    return {
        "walk": walk(r), "wild walk": walk(r, 3.0, 0.5), "large prices": walk(r, 90_000.0, 0.02),
        "tiny prices": [(h * 1e-6, l * 1e-6, c * 1e-6, v * 1e3) for h, l, c, v in walk(r)],
        "flat": flat, "flat with volume": [(h, l, c, 7.0) for h, l, c, _ in flat],
        "up": [(n + 1.5, n + 0.5, n + 1.0, 1.0) for n in range(BARS)],
        "down": [(BARS - n + 0.5, BARS - n - 0.5, float(BARS - n), 1.0) for n in range(BARS)],
        # Prices of few values: equal highs and lows, bars without range, changes of nothing.
        "steps": [(s + r.randrange(2), s - r.randrange(2), float(s), r.randrange(3))
                  for s in (r.randrange(50, 54) for _ in range(BARS))],
    }


def ours(names, bars):
    text = "".join(" ".join(repr(float(number)) for number in bar) + "\n" for bar in bars)
    done = subprocess.run(
        [str(DRIVER), *names], input=text, capture_output=True, text=True, timeout=LIMIT_SECONDS)
    if done.returncode != 0:
        raise AssertionError(f"IndicatorDriver: {done.stderr[:300]}")
    return list(zip(*(line.split(",") for line in done.stdout.splitlines())))


def differences(mine, theirs):
    for index, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        if (a == "") != (b != b):
            yield f"bar {index}: {a or 'null'}, TA-Lib has {b}"
        elif a and abs(float(a) - b) > TOLERANCE * max(1, abs(b)):
            yield f"bar {index}: {a}, TA-Lib has {b!r}"


def judge(seed=SEED):
    import numpy
    import talib

    r = random.Random(seed)
    values = 0
    for title, bars in series(r).items():
        asked = [(line, USUAL.get(line, (14,))) for line in LINES]
        asked += [(line, parameters(r, line)) for line in LINES if USUAL.get(line) != () for _ in range(3)]
        names = [line + "_".join(re.sub(r"\.0$", "", str(p)) for p in wanted) for line, wanted in asked]
        columns = [numpy.array(column, dtype=float) for column in zip(*bars)]
        for name, (line, wanted), mine in zip(names, asked, ours(names, bars), strict=True):
            theirs = LINES[line](talib, *columns, *wanted)
            for difference in differences(mine, theirs):
                raise AssertionError(f"{title}, {name}: {difference}")
            values += len(mine)
    return f"TA-Lib {talib.__version__} agrees with {values} values of {len(LINES)} lines, to 1e-9 and null by null"


if __name__ == "__main__":
    # The long form, on other series and parameters each time: .venv/judges/bin/python Tests/Judges/talib_lines.py 50
    for extra in range(int(sys.argv[1])):
        print(judge(SEED + 1 + extra), flush=True)
