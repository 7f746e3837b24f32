"""A Keybell of one's own: starts the built binary on loopback with a private PostgreSQL (or a given one) in a
temporary folder, hands out an owner's access token, and stops it again by its process id.

For the judges and the benchmarks. Standard library only.
"""

import functools
import gzip
import http.client
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_LIMIT_SECONDS = 240  # initdb on a slow disk takes most of it
STOP_LIMIT_SECONDS = 120
# Below those that the system gives to whoever connects: any connection could take one of these before it is used.
PORTS = range(10_000, 32_000)
BLOCK = 200


@functools.cache
def own_ports():
    """A block of them, in turn. It is this process's own as long as it listens on the block's first one;
    Tests/TestSupport/Loopback.swift does the same."""
    for first in PORTS[::BLOCK]:
        held = socket.socket()
        try:
            held.bind(("127.0.0.1", first))
            held.listen()
        except OSError:
            held.close()
            continue
        return held, itertools.cycle(range(first + 1, first + BLOCK))
    raise RuntimeError("every block of ports is taken")


def free_port():
    for port in itertools.islice(own_ports()[1], BLOCK):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("every port of this process is taken")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Service:
    def __init__(self, binary, settings=None, folder=None):
        self.binary = pathlib.Path(binary).resolve()
        self.own_folder = folder is None
        # Short, because a unix socket's path may have 107 bytes only.
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="kb"))
        # The cluster's own user has to walk through it when we are root.
        self.folder.chmod(0o711)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log_path = self.folder / "service.log"
        self.settings = {
            "KEYBELL_LISTEN": f"127.0.0.1:{self.port}",
            "KEYBELL_DATA_DIR": str(self.folder / "data"),
            "KEYBELL_ROOT_KEY_FILE": str(self.folder / "root.key"),
            "KEYBELL_PRIVATE_WEBHOOKS": "true",
            "KEYBELL_LOG_FORMAT": "json",
            **(settings or {}),
        }
        self.process = None
        self.token = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Returns the seconds from the start of the process to the first 200 of /readyz."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("KEYBELL_")}
        began = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(self.binary), "serve"], env={**environment, **self.settings},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.monotonic() - began < START_LIMIT_SECONDS:
            if self.process.poll() is not None:
                raise RuntimeError(f"keybell serve ended with {self.process.returncode}:\n{self.tail()}")
            if self.is_ready():
                return time.monotonic() - began
            time.sleep(0.002)
        raise RuntimeError(f"not ready after {START_LIMIT_SECONDS} s:\n{self.tail()}")

    def is_ready(self):
        try:
            return self.call("GET", "/readyz", token=None).status == 200
        except OSError:
            return False

    def tail(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    def call(self, method, path, body=None, headers=None, token="own"):
        """One request on a connection of its own. `body`: bytes, or a value that is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = dict(headers or {})
        if token == "own":
            token = self.token
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def must(self, method, path, body=None, **rest):
        """The answer's JSON; anything but a 2xx is the caller's end."""
        answer = self.call(method, path, body, **rest)
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:800].decode(errors='replace')}")
        return answer.json() if answer.body else None

    def bootstrap(self):
        """Makes the first owner; every later call is theirs."""
        secret = (self.folder / "data" / "bootstrap-token").read_text().strip()
        owner = {"name": "First owner", "email": "owner@desk.example"}
        made = self.must("POST", "/v1/bootstrap", owner, token=secret)
        self.token = made["access_token"]["token"]
        self.owner_id = made["user"]["id"]
        return made

    def upload_candles(self, rows, source="binance", interval="1d"):
        head = b"token,interval,open_time_iso8601,open,high,low,close,volume\n"
        return self.must(
            "POST", f"/v1/candles?source={source}&interval={interval}", gzip.compress(head + rows, 1),
            headers={"Content-Type": "text/csv", "Content-Encoding": "gzip"})

    def stop(self):
        """SIGTERM, and the exit code; killed when it does not drain in time."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        code, self.process = self.process.returncode, None
        return code

    def close(self):
        self.stop()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
