"""Measures the simple rivals on the four tokens of ../candles, 2019 to 2021, with TA-Lib and pandas: an independent
second opinion on room Backtests, by the definitions of Docs/decisions/0012-trader-grade-v1.md, section 2.

In a virtual environment: pip install TA-Lib numpy pandas; python rivals.py   (writes rivals.csv beside it)
"""
import importlib.util
import os
import numpy as np
import pandas as pd
import talib

HERE = os.path.dirname(os.path.abspath(__file__))
COST, WARM_UP = 0.001, 200

spec = importlib.util.spec_from_file_location("make", os.path.join(HERE, "..", "grades", "make.py"))
source = open(spec.origin).read().split('for token in ("SOL"')[0]
v0 = {"__file__": spec.origin}
exec(compile(source, spec.origin, "exec"), v0)


def load(token):
    rows = pd.read_csv(os.path.join(HERE, "..", "candles", f"{token}.csv"), parse_dates=["open_time_iso8601"])
    rows = rows.set_index("open_time_iso8601").loc["2019-01-01":"2021-12-31"]
    far = np.flatnonzero(np.diff(rows.index.values) > np.timedelta64(1, "D"))
    return rows.iloc[:far[0] + 1] if len(far) else rows


def states(enter, leave):
    out, held = [], False
    for a, b in zip(enter, leave):
        held = (not b) if held else a
        out.append(held)
    return np.array(out, float)


def positions(x, gate):
    high, low, close = (x[k].to_numpy(float) for k in ("high", "low", "close"))
    macd, signal, _ = talib.MACD(close)
    upper, middle, _ = talib.BBANDS(close, 20, 2, 2)
    rsi = talib.RSI(close)
    top = pd.Series(high).rolling(20).max().shift(1).to_numpy()
    bottom = pd.Series(low).rolling(10).min().shift(1).to_numpy()
    grade = v0["grade"](v0["scores"](x.reset_index())).to_numpy()
    graded = states(grade >= 70, ~(grade >= 50))
    return {
        "buy_and_hold": np.ones(len(x)),
        "sma_50_200": (talib.SMA(close, 50) > talib.SMA(close, 200)) * 1.0,
        "rsi_30_70": states(rsi < 30, rsi > 70),
        "macd": (macd > signal) * 1.0,
        "ema_20_50": (talib.EMA(close, 20) > talib.EMA(close, 50)) * 1.0,
        "donchian_20_10": states(close > top, close < bottom),
        "close_sma50": (close > talib.SMA(close, 50)) * 1.0,
        "bollinger": states(close > upper, close < middle),
        "trader_v0": graded,
        "trader_v0_gate": graded * gate.reindex(x.index, method="ffill").fillna(1.0).to_numpy(),
    }


def measure(x, p):
    opens, count = x.open.to_numpy(float), len(x)
    q = p[WARM_UP:count - 2]
    moved = np.abs(np.diff(np.r_[0, q]))
    net = (1 + q * (opens[WARM_UP + 2:] / opens[WARM_UP + 1:count - 1] - 1)) * (1 - COST * moved) - 1
    net[-1] = (1 + net[-1]) * (1 - COST * q[-1]) - 1
    edges = np.flatnonzero(np.diff(np.r_[0, q, 0]))
    trades = [opens[WARM_UP + 1 + b] / opens[WARM_UP + 1 + a] * (1 - COST) ** 2 - 1
              for a, b in zip(edges[::2], edges[1::2])]
    return pd.Series(net, x.index[WARM_UP + 2:]), trades, q


tokens = {t: load(t) for t in ("BNB", "BTC", "ETH", "SOL")}
btc = tokens["BTC"].close
gate = pd.Series(np.where(btc.rolling(50).mean().isna(), 1.0, (btc > btc.rolling(50).mean()) * 1.0), btc.index)
rules = {t: positions(x, gate) for t, x in tokens.items()}
table = []
for rule in rules["BTC"]:
    parts = [measure(x, rules[t][rule]) for t, x in tokens.items()]
    daily = pd.concat([p[0] for p in parts], axis=1).mean(axis=1, skipna=True)
    trades = np.array([t for p in parts for t in p[1]])
    held = np.concatenate([p[2] for p in parts])
    equity = (1 + daily).cumprod()
    table.append(dict(
        rule=rule, days=len(daily), sharpe=daily.mean() / daily.std() * np.sqrt(365),
        max_drawdown=(equity / equity.cummax().clip(lower=1) - 1).min(),
        cagr=equity.iloc[-1] ** (365 / len(daily)) - 1, total_return=equity.iloc[-1] - 1, trades=len(trades),
        hit_rate=(trades > 0).mean(),
        profit_factor=trades[trades > 0].sum() / -trades[trades < 0].sum() if (trades < 0).any() else np.nan,
        expectancy=trades.mean(), exposure=held.mean()))
pd.DataFrame(table).to_csv(os.path.join(HERE, "rivals.csv"), index=False, float_format="%.17g")
