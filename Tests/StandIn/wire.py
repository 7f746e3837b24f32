"""HTTP/1.1 on loopback for exchanges and control alike, within bounds."""

import itertools
import socket
import sys
import threading
import time
import traceback
from email.utils import formatdate
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from behaviour import MID_ANSWER
from messages import Request

MAX_CONNECTIONS = 512  # a thread each
MAX_BODY_BYTES = 1 << 20
IDLE_SECONDS = 120
DRIPS = 10


class Server(ThreadingHTTPServer):
    """`deliver` takes a Request and gives a Delivery."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1_024
    # Numbers of connections, distinct over all servers of a process.
    numbers = itertools.count(1)

    def __init__(self, deliver):
        self.deliver = deliver
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._connections, self._lock = set(), threading.Lock()
        self.is_out = False
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def port(self):
        return self.server_address[1]

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def go_out(self):
        """Refuses connections and cuts those that there are; the port stays ours."""
        if self.is_out:
            return
        self.shutdown()
        port = self.port
        self.socket.close()
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.is_out = True
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)

    def come_back(self):
        if self.is_out:
            self.is_out = False
            self.socket.listen(self.request_queue_size)
            self.start()

    def stop(self):
        if not self.is_out:
            self.shutdown()
        self.server_close()

    def process_request(self, request, client_address):
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address):
        with self._lock:
            self._connections.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.discard(request)
            self._places.release()

    def handle_error(self, request, client_address):
        """A peer that goes away in the middle is what some tests are about; anything else is our defect."""
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.number = next(self.server.numbers)

    def answer_any(self):
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._send(413, "text/plain", {}, b"a body of a known length within bounds, please\n")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        self._hand_out(self.server.deliver(
            Request(self.command, self.path, headers, body, self.client_address[0], self.number)))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer_any

    def _hand_out(self, delivery):
        if delivery.stall_ms:
            time.sleep(delivery.stall_ms / 1000)
        if delivery.drop is not None and delivery.drop != MID_ANSWER:
            self._end()
            return
        answer = delivery.answer
        whole = delivery.drop is None
        if whole and delivery.record is not None:
            # Before it goes out, so that whoever has the answer finds it recorded.
            delivery.record.status = answer.status
        self._send(
            answer.status, answer.content_type, answer.headers, answer.bytes(), whole, delivery.drip_ms)
        if not whole:
            self._end()

    def _send(self, status, content_type, headers, body, whole=True, drip_ms=0):
        """In one write, since a head of its own would wait for the peer's delayed acknowledgement."""
        lines = [
            f"HTTP/1.1 {status} {responses.get(status, 'Status')}", f"Date: {formatdate(usegmt=True)}",
            f"Content-Type: {content_type}", f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        if self.command == "HEAD":
            body = b""
        answer = head + (body if whole else body[: len(body) // 2])
        if not drip_ms:
            self.wfile.write(answer)
            return
        size = -(-len(answer) // DRIPS)
        for start in range(0, len(answer), size):
            self.wfile.write(answer[start : start + size])
            time.sleep(drip_ms / 1_000)

    def _end(self):
        self.close_connection = True
        _hang_up(self.connection)

    def log_message(self, *arguments):
        """The journal is the log."""


def _hang_up(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        """The other side was first."""
