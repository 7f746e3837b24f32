"""What reached the exchanges: every request, in the order of arrival, so that a test can count."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field

RECORDS_KEPT = 10_000
BODY_KEPT_BYTES = 4_096


@dataclass
class Record:
    number: int
    at: int  # epoch milliseconds, by the clock that may be frozen
    exchange: str
    api_key: str
    method: str
    path: str
    query: str
    headers: dict = field(default_factory=dict)
    body: str = ""
    connection: int = 0
    peer: str = ""
    # What should never be reached: `withdraw` or `transfer`.
    reaches: str = ""
    # `accepted`, the refusal's name, or `edge` when a behaviour kept it from being judged.
    verdict: str = "arrived"
    # 0 unless the whole answer was sent, or was about to be.
    status: int = 0


class Journal:
    """The newest records, and counts of all. The caller holds the desk's lock."""

    def __init__(self):
        self._records = deque(maxlen=RECORDS_KEPT)
        self._counts = Counter()
        self._number = 0
        self.reached = deque(maxlen=RECORDS_KEPT)

    def open(self, at, exchange, api_key, request):
        self._number += 1
        record = Record(
            self._number, at, exchange, api_key, request.method, request.path, request.query,
            dict(request.headers), request.body[:BODY_KEPT_BYTES].decode("utf-8", "replace"),
            request.connection, request.peer)
        self._records.append(record)
        return record

    def reach(self, record, kind):
        """Counted by whoever knows the path, before anybody judges the request."""
        record.reaches = kind
        self.reached.append(record)

    def judge(self, record, verdict):
        record.verdict = verdict
        self._counts[record.exchange, record.api_key, verdict] += 1

    def reached_by(self, exchange=None, api_key=None):
        return [
            asdict(one) for one in self.reached
            if exchange in (None, one.exchange) and api_key in (None, one.api_key)
        ]

    def records(self, exchange=None, api_key=None, after=0):
        return [
            asdict(one) for one in self._records
            if one.number > after and exchange in (None, one.exchange) and api_key in (None, one.api_key)
        ]

    def counts(self, exchange=None, api_key=None):
        """Verdicts and how often each was given; survives the records."""
        result = Counter()
        for (its_exchange, its_key, verdict), count in self._counts.items():
            if exchange in (None, its_exchange) and api_key in (None, its_key):
                result[verdict] += count
        return dict(result)
