"""Recomputes the Trader Grade v0 with TA-Lib and pandas, independently of the Swift engine, for the tests to compare.

In a virtual environment: pip install TA-Lib numpy pandas; python make.py   (writes SOL.csv and BTC.csv beside it)
"""
import os
import numpy as np
import pandas as pd
import talib

HERE = os.path.dirname(os.path.abspath(__file__))
WEIGHTS = dict(rsi=.15, macd=.15, ema_order=.15, directional_strength=.15, breakout=.20, volume_spike=.10,
               volatility_regime=.10)


def scores(candles):
    high, low, close, volume = (candles[k].to_numpy(float) for k in ("high", "low", "close", "volume"))
    atr = talib.ATR(high, low, close, 14)
    ema20, ema50, ema200 = (talib.EMA(close, n) for n in (20, 50, 200))
    plus, minus, adx = (f(high, low, close, 14) for f in (talib.PLUS_DI, talib.MINUS_DI, talib.ADX))
    top = pd.Series(high).rolling(20).max().shift(1).to_numpy()
    bottom = pd.Series(low).rolling(20).min().shift(1).to_numpy()
    ratio = volume / pd.Series(volume).rolling(20).mean().shift(1).to_numpy()
    sign = np.sign(np.r_[0, np.diff(close)])
    spike = 50 + 50 * sign * np.clip(np.log2(np.maximum(ratio, 1e-12)) / 2, 0, 1)
    order = (close > ema20).astype(float) + (ema20 > ema50) + (ema50 > ema200)
    return pd.DataFrame(dict(
        rsi=100 * np.clip((talib.RSI(close, 14) - 30) / 40, 0, 1),
        macd=50 + 50 * np.clip(talib.MACD(close)[2] / (0.25 * atr), -1, 1),
        ema_order=np.where(np.isnan(ema200), np.nan, order / 3 * 100),
        directional_strength=50 + 50 * np.clip(2 * (plus - minus) / (plus + minus) * np.minimum(1, adx / 25), -1, 1),
        breakout=100 * np.clip((close - bottom) / (top - bottom), 0, 1),
        volume_spike=pd.Series(spike).rolling(3).mean(),
        volatility_regime=100 - 100 * pd.Series(atr / close).rolling(180, min_periods=60).rank(pct=True)))


def grade(parts):
    weights = pd.Series(WEIGHTS)
    present = parts.notna()
    value = (parts * weights).sum(axis=1) / (present * weights).sum(axis=1)
    value[(present.sum(axis=1) < 4) | (parts.index < 29)] = np.nan
    return value


for token in ("SOL", "BTC"):
    candles = pd.read_csv(os.path.join(HERE, "..", "candles", f"{token}.csv"))
    table = scores(candles)
    table.insert(0, "grade", grade(table))
    table.insert(0, "time", candles.open_time_iso8601)
    keep = [i for i in range(len(table)) if i < 250 and i % 5 == 4 or i % 40 == 0]
    table.iloc[keep].to_csv(os.path.join(HERE, f"{token}.csv"), index=False, float_format="%.17g")
