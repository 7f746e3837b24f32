"""The feed by server-sent events, read as a client would: when the line breaks, it goes on behind the last event."""

import http.client
import json
import threading
import time

from verdicts import Arrival

READ_LIMIT_SECONDS = 30  # there is a comment every 15
PAUSE_SECONDS = 0.05


class Feed:
    """`nodes`: those that may be asked, in turn."""

    def __init__(self, nodes):
        self.zero = time.monotonic()
        self._nodes, self._arrivals, self._lock = nodes, [], threading.Lock()
        # The present end, so that nothing is missed before the first stream is open.
        self._last = nodes[0].must("GET", "/v1/events?after=now")["next_cursor"]
        self._over = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def close(self):
        self._over.set()

    def so_far(self):
        with self._lock:
            return list(self._arrivals)

    def _follow(self):
        turn = 0
        while not self._over.is_set():
            try:
                self._read(self._nodes[turn % len(self._nodes)])
            except (OSError, http.client.HTTPException, ValueError):
                pass
            turn += 1
            self._over.wait(PAUSE_SECONDS)

    def _read(self, node):
        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=READ_LIMIT_SECONDS)
        try:
            connection.request("GET", "/v1/events/stream", headers={
                "Authorization": f"Bearer {node.token}", "Last-Event-ID": self._last,
                "Accept": "text/event-stream"})
            response = connection.getresponse()
            if response.status != 200:
                return
            fields = {}
            while not self._over.is_set() and (line := response.readline()):
                name, _, value = line.decode().rstrip("\r\n").partition(": ")
                if name:
                    fields[name] = value
                elif "data" in fields:
                    self._note(fields)
                    fields = {}
        finally:
            connection.close()

    def _note(self, fields):
        event = json.loads(fields["data"])
        with self._lock:
            self._last = fields["id"]
            self._arrivals.append(Arrival(
                at=time.monotonic() - self.zero, type=event["type"], data=event["data"], identity=event["id"],
                event=event["id"]))
