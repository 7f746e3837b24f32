"""Risk metrics of generated returns by QuantStats (and pandas where it has no such number), for the tests.

In a virtual environment: pip install quantstats; python risk.py   (writes risk.csv beside it)
The returns are made by a small linear congruential generator, so that the tests make the same ones.
"""
import os
import numpy as np
import pandas as pd
import quantstats.stats as qs

HERE = os.path.dirname(os.path.abspath(__file__))


def returns(seed, count, drift, width):
    state, out = seed, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        a = state / 2**31
        state = (state * 1103515245 + 12345) % 2**31
        out.append(drift + width * (a + state / 2**31 - 1) ** 3)
    return pd.Series(out, index=pd.date_range("2020-01-01", periods=count))


rows = []
for name, seed, count, drift, width in (("calm", 7, 500, 0.001, 0.08), ("wild", 42, 1551, 0.0004, 0.5),
                                        ("falling", 3, 60, -0.004, 0.2), ("few", 11, 5, 0.002, 0.4)):
    r = returns(seed, count, drift, width)
    rows.append(dict(
        name=name, seed=seed, count=count, drift=drift, width=width,
        total_return=qs.comp(r), cagr=qs.cagr(r, periods=365),
        mean=r.mean(), standard_deviation=r.std(), volatility=qs.volatility(r, periods=365),
        sharpe=qs.sharpe(r, periods=365), sortino=qs.sortino(r, periods=365), max_drawdown=qs.max_drawdown(r),
        skew=qs.skew(r), kurtosis=qs.kurtosis(r), value_at_risk=qs.value_at_risk(r, confidence=0.95),
        tail_ratio=qs.tail_ratio(r), profit_factor=qs.profit_factor(r), payoff_ratio=qs.payoff_ratio(r),
        risk_return_ratio=qs.risk_return_ratio(r)))
pd.DataFrame(rows).to_csv(os.path.join(HERE, "risk.csv"), index=False, float_format="%.17g")
