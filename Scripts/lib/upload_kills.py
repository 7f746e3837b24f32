"""A node killed at random moments while it takes in candles, which are then sent again. Each round has a source of its own;
in the end its candles, grades, signals and events are those of the source that was never cut.
"""

import http.client
import random
import threading
import time

KILLS_OF_ROUND = 3
# Longer than an upload and its analysis take, so that a kill may come in any part of them, or behind.
LONGEST_SECONDS = 1.5
SETTLE_LIMIT_SECONDS = 120
ANSWER_SECONDS = 60
TYPES = ["grade.changed", "signal.opened", "signal.closed"]
WHOLE = "whole"

TORN = """
with s as (select * from series where source = '{source}'),
    w as (select g.* from grade g join series on series.id = g.series where source = 'whole'),
    mine as (select g.* from grade g join s on s.id = g.series),
    wanted as (
        select w.* from w join candle c on c.open_time = w.time join s on s.id = c.series
        where s.dirty_from is null or w.time < s.dirty_from
    )
select (select count(*) from mine full join wanted
        on (mine.time, mine.model_number) = (wanted.time, wanted.model_number)
        where mine.value is distinct from wanted.value or mine.bars is distinct from wanted.bars)
    + (select count(*) from s where s.candles <> (select count(*) from candle c where c.series = s.id)
        or s.last_open <> (select max(open_time) from candle c where c.series = s.id))
"""
DIGESTS = """
select
    (select md5(string_agg(concat_ws(' ', open_time, open, high, low, close, volume, closed, revision),
        ',' order by open_time)) from candle where series = s.id),
    (select md5(string_agg(concat_ws(' ', time, model_number, value, previous, data_quality, bars, missing, revision),
        ',' order by time, model_number)) from grade where series = s.id),
    (select md5(string_agg(concat_ws(' ', decided_at, direction, model_number, state, withdrawn, body),
        ',' order by decided_at, direction, model_number)) from signal where series = s.id)
from series s where source = '{source}'
"""
DIRTY = "select count(*) from series where source = '{source}' and dirty_from is not null"


class UploadKills:
    def __init__(self, cluster, database, node, body, chance):
        self.cluster, self.database, self.node, self.body, self.chance = cluster, database, node, body, chance
        self.kills, self.torn, self.wrong = 0, 0, []

    def run(self, rounds):
        self.send(WHOLE)
        self.settle(WHOLE)
        for number in range(rounds):
            source = f"cut{number}"
            for _ in range(KILLS_OF_ROUND):
                self.cut(source)
            if self.send(source) != 200:
                self.wrong.append(f"{source}: the last upload was not taken")
            self.settle(source)
            if self.ask(DIGESTS, source) != self.ask(DIGESTS, WHOLE):
                self.wrong.append(f"{source}: stored otherwise")
            self.wrong += [f"{source}: {type} told otherwise" for type in TYPES if not self.is_told_once(type, source)]
        return not self.torn and not self.wrong

    def cut(self, source):
        sending = threading.Thread(target=self.send, args=(source,))
        sending.start()
        time.sleep(self.chance.random() * LONGEST_SECONDS)
        self.node.process.kill()
        self.node.process.wait()
        self.kills += 1
        sending.join()
        self.torn += int(self.ask(TORN, source)) > 0
        self.node.start()

    def send(self, source):
        """In pieces with pauses between them, as over a slow line; None when nobody answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=ANSWER_SECONDS)
        headers = {"Content-Type": "text/csv", "Authorization": f"Bearer {self.node.token}"}
        try:
            connection.request("POST", f"/v1/candles?source={source}", self.pieces(random.Random(source)), headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):  # however a killed server's answer ends
            return None
        finally:
            connection.close()

    def pieces(self, chance):
        size = len(self.body) // 8 + 1
        for start in range(0, len(self.body), size):
            yield self.body[start : start + size]
            time.sleep(chance.random() * LONGEST_SECONDS / 16)

    def settle(self, source):
        end = time.monotonic() + SETTLE_LIMIT_SECONDS
        while self.ask(DIRTY, source) != "0":
            if time.monotonic() > end:
                raise RuntimeError(f"{source} is not analysed after {SETTLE_LIMIT_SECONDS} s")
            time.sleep(0.05)

    def ask(self, statement, source):
        return self.cluster.sql(self.database, statement.format(source=source)).strip()

    def is_told_once(self, type, source):
        """All that is told of the whole one, nothing twice."""
        told, cursor = {WHOLE: [], source: []}, ""
        while True:
            page = self.node.must("GET", f"/v1/events?type={type}&limit=1000{cursor}")
            for event in page["data"]:
                data = event["data"]
                if data["source"] in told:
                    told[data["source"]].append(tuple(
                        data.get(name) for name in ("time", "decided_at", "closed_at", "direction", "model")))
            if len(page["data"]) < 1000:
                break
            cursor = f"&after={page['next_cursor']}"
        ours = told[source]
        return len(set(ours)) == len(ours) and set(told[WHOLE]) <= set(ours)
