"""What a client sees of Keybell's proxy, without Keybell: its addresses, and refusals in nine dialects.

It passes on what the client signed, so that the exchange must know the client's secret. That way the table of
addresses and the table of dialects are held against stock clients before and without the service.
"""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from dialects import TABLE, body_of

KEY_ID, LIMIT_SECONDS = "key_standin", 60
PREFIX = f"/v1/keys/{KEY_ID}/proxy/"
# Ends of the paths that place an order.
PLACING = ("/order", "/orders", "/order/create", "/batch-orders", "/AddOrder", "/place-order")
HOP_BY_HOP = {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"}


class PassThrough(ThreadingHTTPServer):
    """`port_of` gives the port that plays the host of an alias."""

    daemon_threads = True

    def __init__(self, name, port_of):
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.port_of = name, port_of
        # The meaning by which orders, or all requests when it is `unavailable`, are refused.
        self.refuses, self.paths = None, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def address(self, alias):
        return f"http://127.0.0.1:{self.server_address[1]}{PREFIX}{alias}"

    def refusal(self, method, path):
        places = method == "POST" and path.endswith(PLACING)
        if self.refuses is None or not (places or self.refuses == "unavailable"):
            return None
        row = TABLE["exchanges"][self.name]["refusals"][self.refuses]
        return row["status"], row["content_type"], body_of(row, "The policy does not allow this.").encode()

    def stop(self):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        assert self.path.startswith(PREFIX), self.path
        alias, _, rest = self.path.removeprefix(PREFIX).partition("/")
        path = "/" + rest.partition("?")[0]
        self.server.paths.append(path)
        refused = self.server.refusal(self.command, path)
        status, kind, answer = refused or self._passed_on(alias, f"/{rest}", body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer_any

    def _passed_on(self, alias, target, body):
        port = self.server.port_of(alias)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_SECONDS)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        # Coinbase's token names the address that the client called.
        headers["Host"] = f"{self.headers['Host']}{PREFIX}{alias}"
        connection.request(self.command, target, body, headers)
        answer = connection.getresponse()
        result = answer.status, answer.headers.get("Content-Type", "text/plain"), answer.read()
        connection.close()
        return result

    def log_message(self, *arguments):
        """Quiet."""
