"""One more closed candle to the webhook that is told of what it changed, with 1,000 series loaded. Grades move with nearly
every candle and signals seldom; both are events of the same transaction and leave by the same way, so both are measured:
the figure is of grade moves, the detail of signals too."""

import gzip
import http.client
import io
import time

import measure
from works_candles import settled
from works_webhooks import receiver

SERIES = 1_000
HOURS = 300
ROUNDS = 2  # candles of each series, one series after the other
HOUR_SECONDS = 3_600
SOURCE = "binance"
HEAD = "token,interval,open_time_iso8601,open,high,low,close,volume\n"
# The receiver notes the number behind this: a token's and no other number of the message.
NUMBER = '"symbol":"Q'


class Market:
    """Seeded walks that the candles of each series go on from; token 0 is the market's own."""

    def __init__(self, bench):
        self.random = bench.random
        self.prices = [100.0] * SERIES
        # The last of the loaded candles closed `ROUNDS` hours ago, so that each that follows has closed too.
        self.begin = int(time.time()) // HOUR_SECONDS * HOUR_SECONDS - (HOURS + ROUNDS) * HOUR_SECONDS

    def row(self, number, hour):
        # Moves that last for a while, so that grades cross their thresholds.
        drift = 0.004 if (hour // 60 + number) % 2 else -0.004
        before = self.prices[number]
        after = self.prices[number] = before * (1 + drift + (self.random.random() - 0.5) / 40)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.begin + hour * HOUR_SECONDS))
        high, low = max(before, after) * 1.002, min(before, after) * 0.998
        symbol = f"Q{number}" if number else "BTC"
        return f"{symbol},1h,{stamp},{before:.6f},{high:.6f},{low:.6f},{after:.6f},{self.random.random() * 1000:.2f}\n"


class Poster:
    """A kept connection that posts single candles."""

    def __init__(self, service):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        self.headers = {"Content-Type": "text/csv", "Authorization": f"Bearer {service.token}"}

    def post(self, row):
        path = f"/v1/candles?source={SOURCE}&interval=1h"
        self.connection.request("POST", path, HEAD + row, self.headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != 200 or b'"inserted":1,' not in answer:
            raise RuntimeError(f"POST {path}: {response.status} {answer[:400]}")


def load(bench, service, market):
    text = io.StringIO()
    text.write(HEAD)
    for hour in range(HOURS):
        for number in range(SERIES):
            text.write(market.row(number, hour))
    service.must(
        "POST", f"/v1/candles?source={SOURCE}&interval=1h", gzip.compress(text.getvalue().encode(), 1),
        headers={"Content-Type": "text/csv", "Content-Encoding": "gzip"})
    settled(bench, bench.service_database)


def told(bench, service, market, hour, moves, signals):
    """The waits of one candle of each series, in ms, for a grade move and for a signal."""
    for there in (moves, signals):
        there.get("/reset")
    poster, sent, answered = Poster(service), {}, []
    # The market's first: what it closes is known when the others come.
    poster.post(market.row(0, hour))
    settled(bench, bench.service_database)
    for number in range(1, SERIES):
        row = market.row(number, hour)
        sent[number] = time.time_ns()
        poster.post(row)
        answered.append((time.time_ns() - sent[number]) / 1e6)
    # Not every grade moves: whoever has not come after a second does not.
    time.sleep(1)
    waits = [
        sorted((at - sent[number]) / 1e6 for number, at in there.times().items() if number in sent)
        for there in (moves, signals)]
    return (*waits, answered)


def run(bench, service):
    with receiver(bench, SERIES, NUMBER) as moves, receiver(bench, SERIES, NUMBER) as signals:
        hooks = [
            service.must("POST", "/v1/webhooks", {"url": there.url, "name": name, "event_types": types})
            for there, name, types in [
                (moves, "grade moves", ["grade.changed"]), (signals, "signals", ["signal.opened", "signal.closed"])]]
        market = Market(bench)
        load(bench, service, market)
        graded, signalled, answered = [], [], []
        before = measure.cpu_seconds_with_database(bench, service)
        for hour in range(HOURS, HOURS + ROUNDS):
            some = told(bench, service, market, hour, moves, signals)
            for all_of, waits in zip((graded, signalled, answered), some):
                all_of += waits
        spent = (measure.cpu_seconds_with_database(bench, service) - before) * 1e3 / len(answered)
        for hook in hooks:
            service.must("POST", f"/v1/webhooks/{hook['id']}/disable")
    report(bench, sorted(graded), sorted(signalled), sorted(answered), spent)


def report(bench, graded, signalled, answered, spent):
    p50, p99 = measure.quantile(graded, 0.5), measure.quantile(graded, 0.99)
    detail = f"{len(graded):,} grade moves of {len(answered):,} candles, answered in {measure.quantile(answered, 0.5):.2f} ms"
    detail += f", {spent:.1f} ms of processor time each, PostgreSQL's and the market's candles' included"
    if signalled:
        detail += f"; {len(signalled)} signals, p50 {measure.quantile(signalled, 0.5):.2f} ms"
    bench.table.add(
        f"a closed candle to its webhook, {SERIES:,} series", "Keybell", f"p50 {p50:.2f} ms, p99 {p99:.2f} ms", detail,
        bar="p50 < 10 ms", held=p50 < 10)
