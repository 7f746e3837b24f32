"""A webhook receiver that a scenario directs: it answers what it is told to, loses answers, hangs, goes down and comes
up again at the same address. It notes every attempt, and with how many known secrets it is signed."""

import http.server
import json
import pathlib
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Scripts" / "lib"))
from receiver import verify  # noqa: E402
from verdicts import Arrival  # noqa: E402

HANG_LIMIT_SECONDS = 60
BACKLOG = 128


class Hook:
    def __init__(self):
        self.secrets, self.arrivals = [], []
        self.zero = time.monotonic()
        self._lock = threading.Lock()
        # What the next attempts get: (status, headers), "lose" or "hang"; then 204 again.
        self._next = []
        self._always = None
        self._open = set()
        self._over = threading.Event()
        self._listener = self._bound(0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.come_up()

    # What a scenario may tell it.

    def answer(self, status, headers, times=None):
        with self._lock:
            if times is None:
                self._always = None if status < 300 else (status, headers)
                self._next = []
            else:
                self._next += [(status, headers)] * times

    def lose(self):
        with self._lock:
            self._next.append("lose")

    def hang(self):
        with self._lock:
            self._next.append("hang")

    def go_down(self):
        """Nothing listens at its port, which stays its own, and no connection is left."""
        with self._lock:
            close(self._listener)
            self._listener = self._bound(self.port)
            left = list(self._open)
        for connection in left:
            close(connection)

    def come_up(self):
        self._listener.listen(BACKLOG)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self):
        self._over.set()
        self.go_down()
        self._listener.close()

    def so_far(self):
        with self._lock:
            return list(self.arrivals)

    # How it does that.

    @staticmethod
    def _bound(port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        return listener

    def _accept(self, listener):
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection, address):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                came = time.monotonic() - hook.zero
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                hook._take(self, came, body)

            def log_message(self, *_):
                pass

        try:
            Handler(connection, address, None)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            close(connection)

    def _take(self, request, came, body):
        with self._lock:
            what = self._next.pop(0) if self._next else self._always or (204, {})
            is_taken = what == "lose" or what != "hang" and what[0] < 300
            self.arrivals += self._read(came, request.headers, body, is_taken)
        if what == "hang":
            self._over.wait(HANG_LIMIT_SECONDS)
        if what in ("hang", "lose"):
            request.close_connection = True
            return
        request.send_response(what[0])
        for name, value in what[1].items():
            request.send_header(name, value)
        if what[0] != 204:
            request.send_header("Content-Length", "0")
        request.end_headers()

    def _read(self, came, headers, body, is_taken):
        message = json.loads(body)
        signatures = sum(verify(secret, headers, body) for secret in self.secrets)
        is_batched = message["type"] == "alert.batch"
        return [
            Arrival(
                at=came, type=one["type"], data=one["data"], identity=headers["webhook-id"],
                event=one["data"].get("event_id"), is_taken=is_taken, is_batched=is_batched, signatures=signatures)
            for one in (message["data"]["alerts"] if is_batched else [message])]


def close(connection):
    """So that a thread that waits for it goes on."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
