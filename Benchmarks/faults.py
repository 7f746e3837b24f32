"""What becomes of an alert when something goes wrong, beside Alertmanager: killed after it was accepted, the receiver
down for 15 seconds, one 429. Everything waits and nothing computes, so all cases run at once."""

import concurrent.futures
import http.server
import json
import re
import socket
import threading
import time

import alerting

DOWN_SECONDS, POINT_SECONDS, RETRY_AFTER_SECONDS = 15, 3, 2
# As long as the third attempt of a delivery could take by its schedule alone, and a busy machine.
LIMIT_SECONDS = 420
AFTER_KILL_LIMIT_SECONDS = 60
NUMBER = re.compile(rb'"bench_number":\s*"?(\d+)')


class Receiver:
    """Its port is its own before it listens. It notes when each attempt came, and whether it took it."""

    def __init__(self, answers=()):
        self.attempts, self.answers = [], list(answers)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/hook"
        self.server = None

    def listen(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status, headers = receiver.take(body)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.socket.close()
        self.server.socket = self.socket
        self.server.server_activate()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, body):
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        is_it = is_firing(json.loads(body)) and NUMBER.search(body) is not None
        self.attempts.append((time.monotonic(), status, is_it))
        return status, headers

    def taken(self):
        """When the alert was taken, as an alert and not only as its end."""
        return next((at for at, status, is_it in list(self.attempts) if status < 300 and is_it), None)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while self.taken() is None and time.monotonic() < end:
            time.sleep(0.05)
        return self.taken()

    def close(self):
        if self.server:
            self.server.shutdown()
        self.socket.close()


def is_firing(message):
    """Of Alertmanager's message, or of ours."""
    return message.get("status", "firing") == "firing"


def killed(kind, bench):
    """The receiver is down, the alert is accepted, the process killed, the receiver comes up, the process starts."""
    receiver = Receiver()
    subject = started(kind, bench, receiver, "killed")
    try:
        alerting.Poster(subject).post([1])
        time.sleep(0.5)
        subject.kill()
        receiver.listen()
        subject.start()
        began = time.monotonic()
        at = receiver.wait(AFTER_KILL_LIMIT_SECONDS)
        return "lost" if at is None else f"delivered {at - began:.0f} s after the start"
    finally:
        finish(subject, receiver)


def down(kind, bench, lasts=POINT_SECONDS):
    """What is over after three seconds, while the receiver is down for fifteen."""
    receiver = Receiver()
    subject = started(kind, bench, receiver, "down_for_a_point" if lasts else "down", lasts=lasts)
    try:
        alerting.Poster(subject).post([1])
        time.sleep(DOWN_SECONDS)
        receiver.listen()
        began = time.monotonic()
        at = receiver.wait(LIMIT_SECONDS)
        return "never delivered" if at is None else f"delivered {at - began:.0f} s after it came up"
    finally:
        finish(subject, receiver)


def down_while_it_lasts(kind, bench):
    return down(kind, bench, lasts=None)


def throttled(kind, bench):
    """One 429 with `Retry-After: 2`."""
    receiver = Receiver([(429, {"Retry-After": str(RETRY_AFTER_SECONDS)})])
    receiver.listen()
    subject = started(kind, bench, receiver, "throttled")
    try:
        alerting.Poster(subject).post([1])
        at = receiver.wait(AFTER_KILL_LIMIT_SECONDS)
        if at is None:
            return "never delivered"
        waited = at - receiver.attempts[0][0]
        heed = "as it was told" if waited >= RETRY_AFTER_SECONDS else "the header ignored"
        return f"delivered {waited:.1f} s after the 429, {heed}"
    finally:
        finish(subject, receiver)


CASES = {
    "killed after accepting": killed,
    f"receiver down for {DOWN_SECONDS} s, what was over after {POINT_SECONDS} s": down,
    f"receiver down for {DOWN_SECONDS} s, what goes on": down_while_it_lasts,
    f"one 429 with `Retry-After: {RETRY_AFTER_SECONDS}`": throttled,
}


def started(kind, bench, receiver, name, **rest):
    subject = kind(bench, receiver.url, bench.scratch / f"{kind.name.lower()}_{name}", **rest)
    try:
        subject.start()
    except BaseException:
        finish(subject, receiver)
        raise
    return subject


def finish(subject, receiver):
    subject.close()
    receiver.close()


def table(bench, subjects):
    with concurrent.futures.ThreadPoolExecutor(len(CASES) * len(subjects)) as pool:
        running = [
            (case, kind, pool.submit(play, kind, bench)) for case, play in CASES.items() for kind in subjects]
        for case, kind, outcome in running:
            figure = outcome.result()
            is_ours = kind is alerting.Keybell
            bench.table.add(
                case, kind.name, figure, bar="delivered" if is_ours else None,
                held=figure.startswith("delivered") if is_ours else None)
