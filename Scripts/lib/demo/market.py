"""Chapters 3 and 5: candles go in, gaps, grades and signals come out."""

import gzip
import json
import pathlib
import time

from demo.alerts import shown
from demo.stage import chapter, day, expect, note, say, until

HEAD = "token,interval,open_time_iso8601,open,high,low,close,volume\n"
LIVE_DAYS = 45  # pushed one by one, as a feed would
CROSSING, SIGNAL = "A grade crosses 70", "A signal opens or closes"


def read_series(folder):
    """{token: [csv line, …]} by time, from files with the columns of HEAD."""
    series = {}
    for path in sorted(pathlib.Path(folder).glob("*.csv")):
        head, *lines = path.read_text().splitlines()
        expect(head + "\n" == HEAD, f"{path} to begin with {HEAD.strip()}")
        series[path.stem] = [line for line in lines if line]
    expect(series, f"CSV files in {folder}")
    return series


def push(service, lines, token, source="demo"):
    body = gzip.compress((HEAD + "\n".join(lines) + "\n").encode(), 1)
    return service.must(
        "POST",
        f"/v1/candles?source={source}",
        body,
        token=token,
        headers={"Content-Type": "text/csv", "Content-Encoding": "gzip"},
    )


def past(service, series, tokens):
    chapter(3, "Candles, grades and signals")
    lines = [line for one in series.values() for line in one[:-LIVE_DAYS]]
    began = time.monotonic()
    result = push(service, lines, tokens["bot"])
    milliseconds = (time.monotonic() - began) * 1000
    expect(result["inserted"] == len(lines), "every row to be new")
    say(
        f"{result['inserted']:,} daily candles of {result['series']} tokens, "
        f"stored and graded in {milliseconds:,.0f} ms"
    )
    again = push(service, lines[:1000], tokens["bot"])
    expect(again["unchanged"] == len(lines[:1000]), "the same rows to change nothing")
    say(f"the first {again['received']:,} again: {again['unchanged']:,} unchanged")
    broken = lines[0].rsplit(",", 5)[0] + ",1,2,3,4,5"
    verdict = push(service, [broken, lines[1]], tokens["bot"])
    expect(verdict["refused"] == 1 and verdict["unchanged"] == 1, "one row of two to be refused")
    say(f"a broken row is refused by itself: {verdict['errors'][0]['message']}")
    any_order(service, series, tokens)


def any_order(service, series, tokens):
    """The second half first, as NDJSON, backwards: the same candles and grades as by time."""
    token = favourite(series)
    rows = [as_json(line) for line in series[token][:-LIVE_DAYS]][::-1]
    half = len(rows) // 2
    for part in (rows[:half], rows[half:]):
        service.must(
            "POST",
            "/v1/candles?source=backwards",
            ("\n".join(part) + "\n").encode(),
            token=tokens["bot"],
            headers={"Content-Type": "application/x-ndjson"},
        )

    def same(path, names):
        def values(source):
            rows = service.must("GET", f"{path}?token={token}&interval=1d&source={source}&limit=300")["data"]
            return [[row[name] for name in names] for row in rows]

        return until(
            lambda: bool(values("demo")) and values("demo") == values("backwards"),
            f"{path} of {token} to be the same in either order",
        )

    same("/v1/candles", ["time", "open", "high", "low", "close", "volume"])
    same("/v1/grades/trader", ["time", "grade", "zone"])
    say(f"{token} pushed backwards in NDJSON, newer half first: the same candles and the same grades")


def as_json(line):
    token, interval, opened, *numbers = line.split(",")
    names = ["open", "high", "low", "close", "volume"]
    row = {"token": token, "interval": interval, "open_time": opened}
    return json.dumps({**row, **dict(zip(names, map(float, numbers)))})


def favourite(series):
    return "BTC" if "BTC" in series else next(iter(series))


def live(service, receiver, series, tokens):
    chapter(5, "The market moves")
    days = {}
    for lines in series.values():
        for line in lines[-LIVE_DAYS:]:
            days.setdefault(line.split(",")[2], []).append(line)
    left = sorted(days)
    while left and not receiver.has_fired(CROSSING, SIGNAL):
        push(service, days[left.pop(0)], tokens["bot"])
    say(f"{len(days) - len(left)} days pushed one by one, until both market rules had fired")
    crossing = shown(service, receiver, CROSSING)
    expect(crossing["event"]["previous"] < 70 <= crossing["event"]["grade"], "a crossing of 70")
    shown(service, receiver, SIGNAL)
    why(service, crossing["event"])
    if left:
        push(service, [line for one in left for line in days[one]], tokens["bot"])
    gaps(service, series)
    signals(service)


def why(service, event):
    """The tree of the grade that crossed, which must sum to it."""
    at = event["time"]
    grades = service.must(
        "GET",
        f"/v1/grades/trader?token={event['token_id']}&interval={event['interval']}&source={event['source']}"
        f"&from={at}&sort=time&limit=1&why=true",
    )["data"]
    grade = grades[0]
    expect(grade["grade"] == event["grade"], "the grade that the alert told")
    parts = grade["why"]["components"]
    expect(
        abs(sum(part["contribution"] for part in parts) - grade["grade"]) < 1e-9,
        "parts that sum to the grade",
    )
    say(f"why {grade['symbol']} on {day(grade['time'])}? {grade['why']['sentence']}")
    for part in sorted(parts, key=lambda one: -one["contribution"])[:3]:
        note(
            f"{part['name']:<22} weight {part['weight']:.2f} × score {part['score']:>5.1f} "
            f"= {part['contribution']:>5.2f}"
        )


def gaps(service, series):
    found = []
    for token in series:
        found += service.must("GET", f"/v1/gaps?token={token}&interval=1d&source=demo")["data"]
    if not found:
        say(f"no gap in {len(series)} series")
    for gap in sorted(found, key=lambda one: -one["missing"])[:3]:
        say(f"gap: {gap['symbol']} lacks {gap['missing']} candles, {day(gap['from'])} to {day(gap['to'])}")


def signals(service):
    """The best and the worst, since losers stay."""
    for word, order in (("best", "-roi_net"), ("worst", "roi_net")):
        page = service.must("GET", f"/v1/signals?source=demo&direction=bullish&sort={order}&limit=1")["data"]
        for signal in page:
            roi = signal["roi"]
            end = f"closed {day(signal['closed_at'])}" if signal["closed_at"] else signal["state"]
            say(
                f"{word} bullish signal: {signal['symbol']} {day(signal['decided_at'])}, {end}: "
                f"{roi['net']:+.1%} net, {roi['max_drawdown']:.1%} at worst on the way"
            )
