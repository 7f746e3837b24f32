"""Keybell and Alertmanager as what they are alike: something that takes numbered alerts and tells a webhook of each."""

import datetime
import http.client
import json
import os
import pathlib
import signal
import subprocess

import measure
from service import Service, free_port

EVENT_TYPE, BATCHED_TYPE = "custom.bench", "custom.bench.batched"
INSTALLED = pathlib.Path("/usr/share/prometheus/alertmanager")
CONFIGURATION = """
route:
  receiver: hook
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
- name: hook
  webhook_configs:
  - url: {url}
    send_resolved: {is_resolution_sent}
"""
# Its templates stand where Debian has them, and nowhere else. What is only unpacked is shown there to it alone.
SHOWN = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"']


class Poster:
    """A keep-alive connection that posts numbered alerts."""

    def __init__(self, subject):
        self.connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=30)
        self.subject = subject

    def post(self, numbers):
        before, item, after = self.subject.parts(len(numbers))
        body = before + ",".join(item.replace("{n}", str(n)) for n in numbers) + after
        self.connection.request("POST", self.subject.path, body, self.subject.headers)
        response = self.connection.getresponse()
        answer = response.read()
        if not 200 <= response.status < 300:
            raise RuntimeError(f"POST {self.subject.path}: {response.status} {answer[:400]}")


class Alertmanager:
    name, path = "Alertmanager", "/api/v2/alerts"
    headers = {"Content-Type": "application/json"}
    token = ""

    def __init__(self, bench, url, folder, lasts=None):
        """`lasts`: after how many seconds what is posted is over, as a point in time is; it tells of that too."""
        self.bench, self.folder, self.lasts = bench, folder, lasts
        self.port, self.process = free_port(), None
        folder.mkdir()
        (folder / "am.yml").write_text(CONFIGURATION.format(
            url=url, is_resolution_sent="true" if lasts else "false"))

    def start(self):
        program = pathlib.Path(self.bench.alertmanager)
        shown = [] if INSTALLED.exists() else [*SHOWN, str(program.parents[1] / "share")]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*shown, str(program), f"--config.file={self.folder}/am.yml", f"--storage.path={self.folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=", "--log.level=warn"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        ready = f"http://127.0.0.1:{self.port}/-/ready"
        measure.wait_until(lambda: self.bench.answers(ready), "Alertmanager")

    def parts(self, _):
        """What stands before the items of a request, an item, and what stands behind them."""
        alert = {
            "labels": {"alertname": "KeyUse", "bench_number": "{n}", "severity": "critical"},
            "annotations": {"summary": "withdrawal attempt"}}
        if self.lasts:
            now = datetime.datetime.now(datetime.timezone.utc)
            alert["endsAt"] = (now + datetime.timedelta(seconds=self.lasts)).isoformat()
        return "[", json.dumps(alert, separators=(",", ":")), "]"

    def batched(self):
        """Posts a hundred in a request; it tells of each by itself, as its groups are single alerts."""
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process:
            measure.end(self.process)


class Keybell:
    name, path = "Keybell", "/v1/events"

    def __init__(self, bench, url, folder, lasts=None):
        """`lasts` has no meaning for it: an event is a point in time."""
        self.service = Service(bench.binary, {
            "KEYBELL_DATABASE_URL": bench.cluster.url(bench.database(folder.name)), "KEYBELL_RATE_LIMIT": "0"})
        self.url, self.type, self.hooks = url, EVENT_TYPE, {}

    def start(self):
        self.service.start()
        if self.service.token:
            return
        self.service.bootstrap()
        self.add("bench", EVENT_TYPE, {})
        self.add("bench in batches", BATCHED_TYPE, {"batch": True})

    def add(self, name, event_type, terms):
        """A rule that fires for each number by itself, and a webhook of its own."""
        hook = self.service.must("POST", "/v1/webhooks", {"url": self.url, "name": name, **terms})
        rule = self.service.must("POST", "/v1/alert-rules", {
            "name": name, "severity": "critical", "on": [event_type], "group_by": ["event.bench_number"],
            "send_to": [hook["id"]]})
        self.service.must("POST", f"/v1/alert-rules/{rule['id']}/enable", {})

    @property
    def port(self):
        return self.service.port

    @property
    def process(self):
        return self.service.process

    @property
    def token(self):
        return self.service.token

    @property
    def headers(self):
        return {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}

    def parts(self, count):
        event = {"type": self.type, "data": {"bench_number": "{n}", "summary": "withdrawal attempt"}}
        item = json.dumps(event, separators=(",", ":")).replace('"{n}"', "{n}")
        return ("", item, "") if count == 1 else ('{"events":[', item, "]}")

    def batched(self):
        """Posts a hundred in a request, and tells of as many as there are in one `alert.batch`."""
        self.type = BATCHED_TYPE
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.service.close()


class Storm:
    """All of them as fast as they are answered, by wrk; ended once the receiver has what it waits for."""

    CONNECTIONS, LIMIT_SECONDS = 32, 180

    def __init__(self, subject, first, total, batch):
        before, item, after = subject.parts(batch)
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{self.CONNECTIONS}", f"-d{self.LIMIT_SECONDS}s", "--timeout", "60s", "-s",
             str(pathlib.Path(__file__).with_name("posts.lua")), f"http://127.0.0.1:{subject.port}/"],
            env={**os.environ, "BENCH_TOTAL": str(total), "BENCH_BATCH": str(batch), "BENCH_FIRST": str(first),
                 "BENCH_BEFORE": before, "BENCH_ITEM": item, "BENCH_AFTER": after, "BENCH_PATH": subject.path,
                 "BENCH_TOKEN": subject.token},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def end(self):
        """How many requests were refused."""
        self.process.send_signal(signal.SIGINT)
        printed, _ = self.process.communicate(timeout=60)
        refused = [int(line.split()[1]) for line in printed.splitlines() if line.startswith("refused ")]
        if not refused:
            raise RuntimeError(f"wrk said: {printed[-400:]}")
        return refused[0]
