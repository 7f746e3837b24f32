#!/usr/bin/env python3
"""Trader Grade v1: reference implementation (numpy only, no pandas, no TA-Lib).

usage: v1.py CANDLES.csv [MARKET.csv] > out.csv
CANDLES has the header token,interval,open_time_iso8601,open,high,low,close,volume. MARKET (BTC) likewise.
Without MARKET the gate is open. Empty means null. Everything at row t uses rows <= t only.
Volume and open are not used.
"""
import csv, math, sys
import numpy as np

HORIZONS = (10, 20, 40, 80)                          # channel and momentum look-backs, in bars
MACDS = ((6, 13, 5), (12, 26, 9), (24, 52, 18))      # half, standard and double MACD
BAND = 0.25                                          # a MACD histogram of 0.25 ATR14 is a full score (as in v0)
ATR = 14
ENTER, LEAVE = 75.0, 50.0
QUALITY = 0.75                                       # below it there is no signal
GATE = 50                                            # market close > SMA50
NAN = math.nan


def clamp(x, lo, hi):
    return lo if x < lo else hi if x > hi else x


def channel(h, l, c, n):
    """100*clamp((c-L)/(H-L)) against the previous n bars without this one; null before n and when H == L."""
    out = np.full(len(c), NAN)
    for t in range(n, len(c)):
        H, L = h[t-n:t].max(), l[t-n:t].min()
        if H > L:
            out[t] = 100.0 * clamp((c[t] - L) / (H - L), 0.0, 1.0)
    return out


def momentum(c, n):
    """50+50*clip(ln(c/c[-n]) / sqrt(sum of the last n squared log returns)); null before n and when the sum is 0.
    The squares are added oldest first, afresh at each bar: no drift, so batch = stream."""
    out = np.full(len(c), NAN)
    r2 = np.zeros(len(c))
    for t in range(1, len(c)):
        r = math.log(c[t] / c[t-1]); r2[t] = r * r
    for t in range(n, len(c)):
        q = 0.0
        for k in range(t-n+1, t+1):
            q += r2[k]
        if q > 0.0:
            out[t] = 50.0 + 50.0 * clamp(math.log(c[t] / c[t-n]) / math.sqrt(q), -1.0, 1.0)
    return out


def sma_at(x, n, t):
    s = 0.0
    for k in range(t-n+1, t+1):
        s += x[k]
    return s / n


def ema(x, n, first):
    """TA-Lib EMA whose seed, at index `first`, is the mean of x[first-n+1...first]."""
    out = np.full(len(x), NAN)
    if len(x) <= first: return out
    e = sma_at(x, n, first); out[first] = e; a = 2.0 / (n + 1)
    for t in range(first+1, len(x)):
        e += a * (x[t] - e); out[t] = e
    return out


def macd_hist(c, f, s, g):
    """TA-Lib MACD: both EMAs are seeded at s-1, the signal at s+g-2, all masked until s+g-2."""
    m = ema(c, f, s-1) - ema(c, s, s-1)
    return m - ema(m, g, s+g-2)


def atr(h, l, c, n):
    """Mean of TR[1...n], then Wilder; first at n."""
    out = np.full(len(c), NAN)
    if len(c) <= n: return out
    tr = np.zeros(len(c))
    for t in range(1, len(c)):
        tr[t] = max(h[t] - l[t], abs(h[t] - c[t-1]), abs(l[t] - c[t-1]))
    a = sma_at(tr, n, n); out[n] = a
    for t in range(n+1, len(c)):
        a = (a * (n-1) + tr[t]) / n; out[t] = a
    return out


def acceleration(hist, a):
    """50+50*clip(hist / (0.25*ATR14)); null when either is null or the ATR is 0."""
    out = np.full(len(a), NAN)
    for t in range(len(a)):
        if not math.isnan(hist[t]) and not math.isnan(a[t]) and a[t] > 0.0:
            out[t] = 50.0 + 50.0 * clamp(hist[t] / (BAND * a[t]), -1.0, 1.0)
    return out


def mean_of(leaves, t):
    """Mean of the leaves that exist at t, added in order, and how many of them exist (as a share)."""
    s, k = 0.0, 0
    for x in leaves:
        if not math.isnan(x[t]): s += x[t]; k += 1
    return (s / k if k else NAN), k / len(leaves)


def market_gate(times, mtimes, mclose, n=GATE):
    """1 when the last market close at or before t is above its SMA50; open (1) while there is none."""
    out = np.ones(len(times)); j = -1; state = 1.0
    for i, t in enumerate(times):
        while j+1 < len(mtimes) and mtimes[j+1] <= t:
            j += 1
            if j >= n-1: state = 1.0 if mclose[j] > sma_at(mclose, n, j) else 0.0
        out[i] = state
    return out


def compute(h, l, c, gate):
    """dict of columns; grade = mean of the families that exist; signal by hysteresis; position = signal * gate."""
    N = len(c); a = atr(h, l, c, ATR)
    leaves = {}
    for n in HORIZONS: leaves[f'channel_{n}'] = channel(h, l, c, n)
    for n in HORIZONS: leaves[f'momentum_{n}'] = momentum(c, n)
    for f, s, g in MACDS: leaves[f'acceleration_{f}_{s}_{g}'] = acceleration(macd_hist(c, f, s, g), a)
    groups = {k: [v for q, v in leaves.items() if q.startswith(k + '_')] for k in ('channel', 'momentum', 'acceleration')}
    fam = {k: np.full(N, NAN) for k in groups}
    grade, quality, signal, pos = np.full(N, NAN), np.zeros(N), np.zeros(N), np.zeros(N)
    on = 0.0
    for t in range(N):
        s, k, q = 0.0, 0, 0.0
        for name, g in groups.items():
            v, share = mean_of(g, t); fam[name][t] = v; q += share
            if not math.isnan(v): s += v; k += 1
        quality[t] = q / 3.0
        if k: grade[t] = s / k
        if quality[t] < QUALITY or grade[t] < LEAVE: on = 0.0      # a null grade has quality 0
        elif grade[t] >= ENTER: on = 1.0
        signal[t] = on; pos[t] = on * gate[t]
    return dict(**leaves, **fam, quality=quality, grade=grade, signal=signal, gate=gate, position=pos)


def read(path):
    with open(path) as f: rows = list(csv.DictReader(f))
    col = lambda k: np.array([float(r[k]) for r in rows])
    return [r['open_time_iso8601'] for r in rows], col('high'), col('low'), col('close')


def main():
    t, h, l, c = read(sys.argv[1])
    gate = np.ones(len(c))
    if len(sys.argv) > 2:
        mt, _, _, mc = read(sys.argv[2]); gate = market_gate(t, mt, mc)
    out = compute(h, l, c, gate)
    w = csv.writer(sys.stdout, lineterminator='\n'); w.writerow(['open_time_iso8601', 'close', *out])
    fmt = lambda x: '' if math.isnan(x) else '%.17g' % x
    for i in range(len(c)): w.writerow([t[i], fmt(c[i]), *(fmt(v[i]) for v in out.values())])


if __name__ == '__main__':
    main()
