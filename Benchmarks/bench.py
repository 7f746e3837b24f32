#!/usr/bin/env python3
"""usage: bench.py [--rounds 3] [--seconds 5] [--peers-only] [--record]
    [plain|read|candles|closed|webhooks|service|seal|keys|sign|proxy|usage|authority|rules|login|indicators|alertmanager]…
    [login-times]

Ours and the peers side by side, in interleaved rounds, on loopback, on one PostgreSQL of the benchmark's own.
Started by Scripts/bench, which builds the binary and installs the peers. Prints a Markdown table; --record also
writes the rows of each work that was measured into the place that Docs/performance.md has for it. Ends with 1 when a
bar is missed. Ends all that it starts.
"""

import argparse
import contextlib
import datetime
import os
import pathlib
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Scripts" / "lib"))

import works_alertmanager  # noqa: E402
import works_authority  # noqa: E402
import works_candles  # noqa: E402
import works_closed  # noqa: E402
import works_indicators  # noqa: E402
import works_keys  # noqa: E402
import works_login  # noqa: E402
import works_proxy  # noqa: E402
import works_read  # noqa: E402
import works_rules  # noqa: E402
import works_seal  # noqa: E402
import works_service  # noqa: E402
import works_sign  # noqa: E402
import works_usage  # noqa: E402
import works_webhooks  # noqa: E402
from cluster import Cluster  # noqa: E402
from service import Service  # noqa: E402
from table import Table, recorded  # noqa: E402

# Webhooks before candles: the analysis of a million candles goes on for a while after its upload.
WORKS = ["plain", "read", "webhooks", "closed", "candles", "service", "seal", "keys", "sign", "proxy", "usage",
         "authority", "rules", "login", "indicators", "alertmanager"]
# Short forms, which are measured only where they are named, and recorded nowhere.
SHORT = ["login-times"]
RECORD = ROOT / "Docs" / "performance.md"


class Bench:
    def __init__(self, options, cluster, scratch):
        self.cluster, self.scratch, self.table = cluster, scratch, Table()
        self.seconds, self.round_count = options.seconds, options.rounds
        self.binary = None if options.peers_only else ROOT / ".build" / "release" / "keybell"
        self.nginx, self.alertmanager = options.nginx, options.alertmanager
        self.receiver = scratch / "receiver"
        self.random = random.Random(20260105)
        self.service_database = None
        source = ROOT / "Benchmarks" / "receiver.c"
        compiler = shutil.which("cc") or shutil.which("clang")
        subprocess.run([compiler, "-O2", "-Wall", "-o", str(self.receiver), str(source)], check=True)

    def printed(self, program, *words, env=None):
        """What one of our own programs measures by itself; Scripts/bench builds it beside the service."""
        return subprocess.run(
            [str(self.binary.with_name(program)), *words], check=True, stdout=subprocess.PIPE, text=True, timeout=3600,
            env={**os.environ, **(env or {})}).stdout

    def rounds(self):
        for number in range(self.round_count):
            print(f"  round {number + 1} of {self.round_count}", flush=True)
            yield number

    def database(self, name):
        self.cluster.create(name)
        return name

    @staticmethod
    def answers(url):
        try:
            urllib.request.urlopen(url, timeout=2).read()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def psql(self, database, command):
        return [
            self.cluster.program("psql"), "-h", str(self.cluster.socket), "-U", "bench", "-d", database, "-X", "-q",
            "-v", "ON_ERROR_STOP=1", "-c", command,
        ]

    def copy_in(self, database, command, file):
        subprocess.run(self.psql(database, command), stdin=file, check=True, timeout=300)

    def copy_out(self, database, command, file):
        subprocess.run(self.psql(database, command), stdout=file, check=True, timeout=300)

    def run(self, works):
        if "plain" in works:
            self.attempt("plain", lambda: works_read.plain(self))
        if "seal" in works and self.binary:
            self.attempt("seal", lambda: works_seal.run(self))
        if "keys" in works and self.binary:
            self.attempt("keys", lambda: works_keys.run(self))
        if "login" in works and self.binary:
            self.attempt("login", lambda: works_login.run(self))
        if "login-times" in works and self.binary:
            self.attempt("login-times", lambda: works_login.run_short(self))
        if "sign" in works and self.binary:
            self.attempt("sign", lambda: works_sign.run(self))
        if "proxy" in works and self.binary:
            self.attempt("proxy", lambda: works_proxy.run(self))
        if "authority" in works and self.binary:
            self.attempt("authority", lambda: works_authority.run(self))
        if "alertmanager" in works and self.binary:
            self.attempt("alertmanager", lambda: works_alertmanager.run(self))
        if "rules" in works and self.binary:
            self.attempt("rules", lambda: works_rules.run(self))
        if "indicators" in works:
            self.attempt("indicators", lambda: works_indicators.run(self))
        alone = ["plain", "seal", "keys", "sign", "proxy", "authority", "rules", "login", "indicators",
                 "alertmanager"]
        rest = [work for work in works if work not in alone and work not in SHORT]
        if not rest:
            return
        with contextlib.ExitStack() as stack:
            service = None
            if self.binary:
                self.service_database = self.database("keybell")
                service = stack.enter_context(Service(
                    self.binary, {
                        "KEYBELL_DATABASE_URL": self.cluster.url(self.service_database),
                        "KEYBELL_RATE_LIMIT": works_read.RATE_LIMIT}))
                service.bootstrap()
            if "read" in rest:
                self.attempt("read", lambda: works_read.key_read(self, service))
            if "webhooks" in rest:
                self.attempt("webhooks", lambda: works_webhooks.deliveries(self, service))
            if "closed" in rest and service:
                self.attempt("closed", lambda: works_closed.run(self, service))
            if "usage" in rest and service:
                self.attempt("usage", lambda: works_usage.bulk(self, service))
            if "candles" in rest:
                self.attempt("candles", lambda: works_candles.bulk(self, service))
            if "service" in rest and service:
                self.attempt("service", lambda: works_service.memory(self, service))
                self.attempt("service", lambda: works_service.start(self, service))

    def attempt(self, name, work):
        """One work that fails does not cost the others their figures."""
        print(f"{name}:", flush=True)
        self.table.begin(name)
        try:
            work()
        except Exception as error:
            self.table.add(name, "", "", f"could not be measured: {type(error).__name__}: {error}"[:300], held=False)


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    cores = len(re.findall(r"^processor", pathlib.Path("/proc/cpuinfo").read_text(), re.M))
    today = datetime.date.today().isoformat()
    return f"{today}, {cores} cores, {model.group(1) if model else platform.machine()}, Linux {platform.release()}"


def record(table, when):
    """Each work in its own place, so that one can be measured anew without the others."""
    page = RECORD.read_text()
    for name in table.works:
        page = recorded(page, name, f"{when}\n\n{table.markdown(name)}")
    RECORD.write_text(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", choices=[[], *WORKS, *SHORT])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--peers-only", action="store_true", help="without the service")
    parser.add_argument("--record", action="store_true", help="write the tables into Docs/performance.md")
    parser.add_argument("--nginx", default=shutil.which("nginx", path="/usr/sbin:/usr/bin"))
    parser.add_argument("--alertmanager", help="its program, installed or unpacked")
    options = parser.parse_args()
    if options.record:
        # Whether there is a place for each is known before anything is measured.
        for name in options.works or WORKS:
            recorded(RECORD.read_text(), name, "")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="kbbench"))
    scratch.chmod(0o711)
    try:
        with Cluster() as cluster:
            bench = Bench(options, cluster, scratch)
            bench.run(options.works or WORKS)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    when = f"{machine()}; {options.rounds} rounds of {options.seconds} s."
    print(f"\n{when}\n\n{bench.table.markdown()}")
    if options.record:
        record(bench.table, when)
    return 1 if bench.table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
