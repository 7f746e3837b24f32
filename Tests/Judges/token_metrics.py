"""The judge `tokenmetrics`: Token Metrics' own client (tmai-api) reads `/v2` of a service that has candles, and
QuantStats computes its risk metrics again.

The client passes over whatever is refused where it reads page by page, and shows an empty frame then: what is asked here
is that frames are full, and hold what the client's users look for."""

import importlib.util
import io
import math
import sys
import time
import types
from contextlib import redirect_stderr

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CANDLES = ROOT / "Tests" / "Fixtures" / "candles"
TOKENS = ("BTC", "ETH", "SOL")
FIRST, LAST, DAYS = "2021-09-01", "2021-12-31", 122
# The client asks for 29 days at a time, and the days between two of its chunks come twice.
CHUNK_DAYS = 29
GRADED_WITHIN_SECONDS = 60
TOLERANCE = 1e-12
IDENTITY = {"TOKEN_ID", "TOKEN_NAME", "TOKEN_SYMBOL"}
CANDLE = {"OPEN", "HIGH", "LOW", "CLOSE", "VOLUME"}


def judge(make_service):
    with make_service() as service:
        service.bootstrap()
        rows = load(service)
        import tmai_api

        class Client(tmai_api.TokenMetricsClient):
            BASE_URL = f"{service.base}/v2"

        client = Client(api_key=service.token)
        wait_for_grades(client)
        began = time.monotonic()
        # The client draws its progress on standard error.
        with redirect_stderr(io.StringIO()):
            frames = usual_frames(client, rows)
            by_name(client)
            risks(client, rows)
            refusals(Client, service)
        seconds = time.monotonic() - began
    return f"tmai-api reads {frames} full frames of /v2, QuantStats agrees to {TOLERANCE} ({seconds:.1f} s)"


def load(service):
    """Three tokens by days, and one of them by hours, too; the rows by token."""
    rows = {}
    for token in TOKENS:
        lines = (CANDLES / f"{token}.csv").read_text().splitlines()[1:]
        rows[token] = [line.split(",") for line in lines if "2020-05" <= line.split(",")[2] <= LAST + "T24"]
        service.upload_candles("\n".join(",".join(row) for row in rows[token]).encode())
    hours = [
        ["SOL", "1h", f"2021-12-{1 + index // 24:02}T{index % 24:02}:00:00Z", *row[3:]]
        for index, row in enumerate(rows["SOL"][:600])
    ]
    service.upload_candles("\n".join(",".join(row) for row in hours).encode(), interval="1h")
    return rows


def wait_for_grades(client):
    """The client asks in the dialect, so that what is waited for is seen where it is judged."""
    until = time.monotonic() + GRADED_WITHIN_SECONDS
    wanted = {"symbol": ",".join(TOKENS), "startDate": LAST, "endDate": LAST}
    while len(client.tokens._request("get", "trader-grades", wanted)["data"]) < len(TOKENS) or not graded_hours(client):
        if time.monotonic() > until:
            raise AssertionError("the candles were not graded in time")
        time.sleep(0.1)


def graded_hours(client):
    found = client.tokens._request("get", "hourly-trading-signals", {"symbol": "SOL", "limit": 1000})["data"]
    return any(row["SIGNAL"] for row in found)


def expect(isHeld, what):
    if not isHeld:
        raise AssertionError(what)


def usual_frames(client, rows):
    """Every method of the client that there is something for; returns how many."""
    span = {"startDate": FIRST, "endDate": LAST}
    each = {"symbol": ",".join(TOKENS), **span}
    per_token = DAYS + math.ceil((DAYS - 1) / CHUNK_DAYS) - 1
    wanted = {
        "tokens": (client.tokens.get_dataframe(), 3, IDENTITY | {"EXCHANGE_LIST", "CATEGORY_LIST", "TM_LINK"}),
        "daily_ohlcv": (client.daily_ohlcv.get_dataframe(**each), 3 * per_token, IDENTITY | CANDLE | {"DATE"}),
        "hourly_ohlcv": (
            client.hourly_ohlcv.get_dataframe(symbol="SOL", startDate="2021-12-01", endDate="2021-12-25"), 600,
            IDENTITY | CANDLE | {"TIMESTAMP"}),
        "trader_grades": (
            client.trader_grades.get_dataframe(**each), 3 * per_token,
            IDENTITY | {"DATE", "TA_GRADE", "QUANT_GRADE", "TM_TRADER_GRADE", "TM_TRADER_GRADE_24H_PCT_CHANGE"}),
        "investor_grades": (
            client.investor_grades.get_dataframe(**each), 3 * per_token,
            IDENTITY | {"DATE", "TM_INVESTOR_GRADE", "TM_INVESTOR_GRADE_7D_PCT_CHANGE", "FUNDAMENTAL_GRADE",
                        "TECHNOLOGY_GRADE", "VALUATION_GRADE"}),
        "trading_signals": (
            client.trading_signals.get_dataframe(**each), 3 * per_token,
            IDENTITY | {"DATE", "TRADING_SIGNAL", "TOKEN_TREND", "TRADING_SIGNALS_RETURNS", "HOLDING_RETURNS",
                        "TM_TRADER_GRADE", "TM_INVESTOR_GRADE", "TM_LINK"}),
        "market_metrics": (
            client.market_metrics.get_dataframe(**span), per_token,
            {"DATE", "TOTAL_CRYPTO_MCAP", "TM_GRADE_PERC_HIGH_COINS", "TM_GRADE_SIGNAL", "LAST_TM_GRADE_SIGNAL"}),
    }
    for name, (frame, count, columns) in wanted.items():
        expect(len(frame) == count, f"{name}: {len(frame)} rows, {count} are there")
        expect(set(frame.columns) == columns, f"{name}: columns {sorted(frame.columns)}")
    candles = wanted["daily_ohlcv"][0].drop_duplicates(["TOKEN_SYMBOL", "DATE"])
    for token in TOKENS:
        own = candles[candles["TOKEN_SYMBOL"] == token].sort_values("DATE")
        closes = [float(row[6]) for row in rows[token] if row[2] >= FIRST]
        expect(list(own["CLOSE"]) == closes, f"{token}: other closes than were pushed")
    grades = wanted["trader_grades"][0]["TM_TRADER_GRADE"]
    expect(grades.between(0, 100).all(), "grades are not from 0 to 100")
    signals = wanted["trading_signals"][0]
    expect(set(signals["TRADING_SIGNAL"]) <= {-1, 0, 1} and 1 in set(signals["TRADING_SIGNAL"]), "no signal in four months")
    expect(signals["TRADING_SIGNALS_RETURNS"].notna().any(), "no signal brought anything, nor lost")
    bullish = client.trading_signals.get_dataframe(symbol="BTC", startDate=FIRST, endDate=LAST, signal="1")
    expect(len(bullish) > 0 and set(bullish["TRADING_SIGNAL"]) == {1}, "signal=1 is not a filter")
    high = client.trader_grades.get_dataframe(symbol="BTC", startDate=FIRST, endDate=LAST, traderGrade="70")
    expect(len(high) > 0 and (high["TM_TRADER_GRADE"] >= 70).all(), "traderGrade is not a filter")
    return len(wanted) + 2


def by_name(client):
    """Tokens by their numbers, and what the client has no method for."""
    numbers = client.tokens.get_dataframe().set_index("TOKEN_SYMBOL")["TOKEN_ID"]
    number = int(numbers["ETH"])
    found = client.daily_ohlcv.get_dataframe(token_id=number, startDate="2021-10-01", endDate="2021-10-02")
    expect(list(found["TOKEN_SYMBOL"]) == ["ETH", "ETH"], "token_id finds another token")
    for name, field in {
        "price": "CURRENT_PRICE", "hourly-trading-signals": "POSITION", "correlation": "TOP_CORRELATION",
        "resistance-support": "HISTORICAL_RESISTANCE_SUPPORT_LEVELS", "quantmetrics": "SHARPE",
    }.items():
        answer = client.tokens._request("get", name, {"symbol": "SOL", "limit": 1000, "page": 0})
        expect(answer["success"] and answer["data"] and field in answer["data"][0], f"{name}: {answer}")
        expect("Not investment advice" in answer["message"], f"{name} says {answer['message']!r}")
    top = client.tokens._request("get", "top-market-cap-tokens", {"top_k": 2, "page": 0})["data"]
    expect([row["MARKET_CAP"] for row in top] == [None, None], "a market cap was invented")


def quantstats():
    """Its formulas without its package, which would load what plots and fetches."""
    found = importlib.util.find_spec("quantstats")
    package = types.ModuleType("quantstats")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["quantstats"] = package
    sys.modules.setdefault("yfinance", types.ModuleType("yfinance"))
    import quantstats.stats

    return quantstats.stats


def risks(client, rows):
    import pandas

    stats = quantstats()
    answer = client.tokens._request("get", "quantmetrics", {"symbol": ",".join(TOKENS)})["data"]
    expect(len(answer) == len(TOKENS), f"risk metrics of {len(answer)} tokens")
    for row in answer:
        own = rows[row["TOKEN_SYMBOL"]]
        closes = pandas.Series([float(r[6]) for r in own], index=pandas.to_datetime([r[2][:10] for r in own]))
        returns = closes.pct_change().dropna()
        theirs = {
            "VOLATILITY": stats.volatility(returns, periods=365), "ALL_TIME_RETURN": stats.comp(returns),
            "CAGR": stats.cagr(returns, periods=365), "SHARPE": stats.sharpe(returns, periods=365),
            "SORTINO": stats.sortino(returns, periods=365), "MAX_DRAWDOWN": stats.max_drawdown(returns),
            "SKEW": stats.skew(returns), "TAIL_RATIO": stats.tail_ratio(returns),
            "RISK_REWARD_RATIO": stats.risk_return_ratio(returns), "PROFIT_FACTOR": stats.profit_factor(returns),
            "KURTOSIS": stats.kurtosis(returns), "DAILY_VALUE_AT_RISK": stats.value_at_risk(returns, confidence=0.95),
            "DAILY_RETURN_AVG": returns.mean(), "DAILY_RETURN_STD": returns.std(ddof=1),
        }
        expect(set(theirs) == set(row) - IDENTITY, f"other risk metrics: {sorted(row)}")
        for name, value in theirs.items():
            isEqual = math.isclose(row[name], float(value), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
            expect(isEqual, f"{row['TOKEN_SYMBOL']} {name}: {row[name]!r}, QuantStats has {float(value)!r}")


def refusals(Client, service):
    """What is refused is refused, though the client does not say so."""
    import requests

    stranger = Client(api_key="kbt_nobody")
    expect(len(stranger.trader_grades.get_dataframe(symbol="BTC")) == 0, "a stranger reads grades")
    try:
        stranger.tokens.get()
        raise AssertionError("a stranger reads tokens")
    except requests.HTTPError as refusal:
        told = refusal.response.json()
        expect(refusal.response.status_code == 401 and told["success"] is False and told["message"], f"{told}")
    for header in ({"api_key": service.token}, {"x-api-key": service.token},
                   {"Authorization": f"Bearer {service.token}"}):
        answer = requests.get(f"{service.base}/v2/tokens", headers=header, timeout=30)
        expect(answer.status_code == 200 and answer.json()["length"] == 3, f"{list(header)}: {answer.text[:200]}")
