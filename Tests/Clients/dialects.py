#!/usr/bin/env python3
"""usage: dialects.py

Holds dialects.json against stock ccxt: every refusal, served over HTTP on loopback, must raise exactly the
class that it names, whatever stands in place of MESSAGE. The proxy's refusals are made from that table: for
each exchange and meaning the status, the content type and the body. `never_in_message` are texts by which
ccxt recognises errors wherever they stand in an answer: a message with one of them may raise another class.
"""

import json
import pathlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import ccxt

TABLE = json.loads((pathlib.Path(__file__).resolve().parent / "dialects.json").read_text())
# Quotes and lines that would end a JSON text, names of errors at other exchanges, nothing at all.
MESSAGES = (
    "The policy denies this.", "a \"quoted\" clause\n, 2nd line\\", "orders ≤ 5 000 €", "code 429 -1022", "")


def body_of(row, message):
    """The message as JSON escapes it where the body is JSON, and as it is in text."""
    if row["content_type"].startswith("application/json"):
        message = json.dumps(message)[1:-1]
    return row["body"].replace(TABLE["placeholder"], message)


class Answers(ThreadingHTTPServer):
    """Answers everything with what it was told last."""

    daemon_threads = True
    status, content_type, body = 200, "text/plain", b""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v5/order"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(self.server.status)
        self.send_header("Content-Type", self.server.content_type)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *arguments):
        """Quiet."""


def raised(exchange, server):
    """The class's name; of a client that has worked before, which Binance's remembers."""
    exchange.options["hasAlreadyAuthenticatedSuccessfully"] = True
    try:
        exchange.fetch(server.url, "POST", {"Content-Type": "application/json"}, "{}")
    except ccxt.BaseError as error:
        return type(error).__name__
    return None


def complaints():
    server = Answers()
    for name, dialect in TABLE["exchanges"].items():
        exchange = getattr(ccxt, name)()
        for meaning, row in dialect["refusals"].items():
            for message in MESSAGES:
                server.status, server.content_type = row["status"], row["content_type"]
                server.body = body_of(row, message).encode()
                seen = raised(exchange, server)
                if seen != row["raises"]:
                    yield f"{name}, {meaning}: {message!r} raises {seen}, not {row['raises']}"
    server.shutdown()
    server.server_close()


def main():
    wrong = list(complaints())
    if ccxt.__version__ != TABLE["ccxt"]:
        wrong.append(f"the table was made for ccxt {TABLE['ccxt']}, and this is {ccxt.__version__}")
    meanings = {frozenset(dialect["refusals"]) for dialect in TABLE["exchanges"].values()}
    if len(meanings) != 1:
        wrong.append("not every exchange has every meaning")
    for line in wrong:
        print(f"dialects: {line}")
    count = sum(len(dialect["refusals"]) for dialect in TABLE["exchanges"].values())
    print(f"dialects: {count} refusals of {len(TABLE['exchanges'])} exchanges, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
