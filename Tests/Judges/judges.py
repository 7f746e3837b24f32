#!/usr/bin/env python3
"""usage: judges.py [--requests N] [--seed N]
    [openapi|webhook|mail|schemathesis|cel|factors|passkeys|alertpage|signing|requests|openid|clients|freqtrade|talib|tokenmetrics]…

Started by Scripts/judges. `signing` makes 300 requests for each exchange, unless told another number.

Each judge is a function that raises when the service is wrong, and returns one line saying what held.
"""

import argparse
import http.server
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "Scripts" / "lib"))
from built import program  # noqa: E402
from service import Service  # noqa: E402

CONTRACT = ROOT / "openapi.yaml"
BINARY = program("keybell")
RECEIVE_LIMIT_SECONDS = 20
SCHEMATHESIS_LIMIT_SECONDS = 600
CLIENTS_LIMIT_SECONDS = 600
VERIFIERS = [["node", str(ROOT / "Docs/clients/verify.mjs")], ["java", str(ROOT / "Docs/clients/Verify.java")]]
SIGNED_REQUESTS_EACH, SIGNING_SEED = 300, 20_260_115
LONG_REQUESTS_EACH = 5_000
# Nothing listens there: what is asked of an exchange goes nowhere.
DEAF_EXCHANGE = "http://127.0.0.1:1"


def judge_openapi():
    from openapi_spec_validator import validate
    from openapi_spec_validator.readers import read_from_filename

    document, _ = read_from_filename(str(CONTRACT))
    validate(document)
    for command in (["openapi-webhooks", "--check"], ["openapi-json", "--check"], ["openapi-check"]):
        subprocess.run([sys.executable, str(ROOT / "Scripts" / command[0]), *command[1:]], check=True)
    return f"openapi.yaml is valid OpenAPI {document['openapi']} with {len(document['paths'])} paths"


class Receiver:
    """Collects what is posted to it, answers 204."""

    def __enter__(self):
        self.received = received = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.put((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keybell"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def judge_webhook():
    import standardwebhooks
    import svix.webhooks

    with Service(BINARY) as service, Receiver() as receiver:
        service.bootstrap()
        wanted = {"url": receiver.url, "name": "judge", "event_types": ["custom.*"], "format": "standard"}
        made = service.must("POST", "/v1/webhooks", wanted)
        secret = made["secret"]
        service.must("POST", "/v1/events", {"type": "custom.judged", "data": {"price": "1.50", "word": "Grüße"}})
        headers, body = receiver.received.get(timeout=RECEIVE_LIMIT_SECONDS)
        for judge in (standardwebhooks, svix.webhooks):
            verified(judge, secret, headers, body)
        present = [command for command in VERIFIERS if shutil.which(command[0])]
        for command in present:
            ran(command, secret, headers, body)
        # During a rotation both the old and the new secret verify.
        fresh = service.must("POST", f"/v1/webhooks/{made['id']}/secrets", {"overlap": "1h"})["secret"]
        service.must("POST", "/v1/events", {"type": "custom.judged", "data": {"price": "2"}})
        headers, second = receiver.received.get(timeout=RECEIVE_LIMIT_SECONDS)
        for judge in (standardwebhooks, svix.webhooks):
            for known in (secret, fresh):
                verified(judge, known, headers, second)
    others = "".join(f", Docs/clients by {command[0]}" for command in present)
    return (f"standardwebhooks, svix{others} verify a delivery ({len(body)} bytes), and none a changed one; "
            "standardwebhooks and svix old and new secret")


def ran(command, secret, headers, body):
    """One of the programs of Docs/clients, on the delivery and on a changed one."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(secret)
        file.flush()
        known = [headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")]
        for told, wanted in ((body, "verified"), (body + b" ", "refused")):
            done = subprocess.run([*command, file.name, *known], input=told, capture_output=True, timeout=60)
            assert done.stdout.decode().strip() == wanted, (command, wanted, done)


def verified(judge, secret, headers, body):
    message = judge.Webhook(secret).verify(body, headers)
    # svix gives back what it was given.
    message = json.loads(body) if message is None else message
    assert message["type"] == "custom.judged", message
    try:
        judge.Webhook(secret).verify(body + b" ", headers)
    except judge.WebhookVerificationError:
        return
    raise AssertionError(f"a changed body was verified by {judge.__name__}, so this judge proves nothing")


def judge_mail():
    import mail

    return mail.judge(lambda: Service(BINARY))


def judge_schemathesis():
    places = ("BINANCE_TESTNET_SPOT", "BINANCE_TESTNET_USDM", "BYBIT_TESTNET_MAIN")
    settings = {"KEYBELL_RATE_LIMIT": "0", **{f"KEYBELL_STANDIN_{place}": DEAF_EXCHANGE for place in places}}
    with Service(BINARY, settings) as service:
        service.bootstrap()
        candles = (ROOT / "Tests" / "Fixtures" / "candles" / "SOL.csv").read_bytes()
        service.upload_candles(candles.split(b"\n", 1)[1])
        command = [
            str(pathlib.Path(sys.executable).with_name("schemathesis")),
            "--config-file", str(HERE / "schemathesis.toml"), "run", str(CONTRACT),
            "--url", service.base, "--header", f"Authorization: Bearer {service.token}", "--no-color",
        ]
        told = {
            "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py"), "JUDGES_PORT": str(service.port),
            "JUDGES_TOKEN": service.token,
        }
        done = subprocess.run(
            command, timeout=SCHEMATHESIS_LIMIT_SECONDS, cwd=service.folder, env={**os.environ, **told})
        if done.returncode != 0:
            raise AssertionError(f"schemathesis ended with {done.returncode}; the service's log:\n{service.tail()}")
        if service.process.poll() is not None:
            raise AssertionError("the service ended under schemathesis")
        if service.call("GET", "/v1/me").status != 200:
            raise AssertionError("the run has lost its access token, so it saw 401 only")
    return "schemathesis finds no failure"


def judge_cel():
    import cel

    return cel.judge()


def judge_signing(requests_each=SIGNED_REQUESTS_EACH, seed=SIGNING_SEED):
    import signing

    return signing.judge_signing(requests_each, seed)


def judge_openid():
    import openid

    return openid.judge(lambda settings: Service(BINARY, settings))


def judge_clients():
    """By programs of their own, which say what is wrong."""
    import bots_page

    bots_page.check()
    for program in ("dialects.py", "stock_ccxt.py", "through_keybell.py"):
        subprocess.run(
            [sys.executable, "-B", str(ROOT / "Tests" / "Clients" / program)], check=True,
            timeout=CLIENTS_LIMIT_SECONDS)
    return "stock ccxt trades at nine exchanges, through the service too, and reads refusals in nine dialects"


def judge_talib():
    import talib_lines

    return talib_lines.judge()


def judge_tokenmetrics():
    import token_metrics

    return token_metrics.judge(lambda: Service(BINARY))


def judge_freqtrade():
    """In a virtual environment of its own, which is made again when its requirements change."""
    folder, home = ROOT / "Tests" / "Clients" / "freqtrade", ROOT / ".venv" / "freqtrade"
    wanted, installed = folder / "requirements.txt", home / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        print(f"judges: making {home.relative_to(ROOT)} from {wanted.relative_to(ROOT)}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run(
            [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--retries", "5",
             "--requirement", str(wanted)], check=True)
        installed.write_text(wanted.read_text())
    subprocess.run(
        [str(home / "bin" / "python"), "-B", str(folder / "dry_start.py")], check=True,
        timeout=CLIENTS_LIMIT_SECONDS)
    return "freqtrade starts dry with its documented ccxt_config"


def judge_factors():
    import factors

    return factors.judge()


def judge_passkeys():
    import passkeys

    return passkeys.judge()


def judge_alertpage():
    import alert_page

    return alert_page.judge(lambda: Service(BINARY))


def judge_requests():
    """The fixtures of CcxtRequestTests and DangerousPathTests are what ccxt writes and lists."""
    import dangerous_paths
    import requests_of_ccxt

    for name, script in {"ccxt-requests": requests_of_ccxt, "dangerous-paths": dangerous_paths}.items():
        path = ROOT / "Tests" / "Fixtures" / f"{name}.json"
        if path.read_text() != script.fixture():
            raise AssertionError(f"{path.name} is not what {script.__name__}.py writes; see its first lines")
    return "ccxt writes the requests and lists the paths that the classifier is tested with"


JUDGES = {
    "openapi": judge_openapi, "webhook": judge_webhook, "mail": judge_mail, "schemathesis": judge_schemathesis,
    "cel": judge_cel, "factors": judge_factors, "passkeys": judge_passkeys, "alertpage": judge_alertpage,
    "signing": judge_signing, "requests": judge_requests, "openid": judge_openid, "clients": judge_clients,
    "freqtrade": judge_freqtrade, "talib": judge_talib, "tokenmetrics": judge_tokenmetrics,
}
# freqtrade brings half a gigabyte along, and is asked by name, or in the long form.
USUAL = [name for name in JUDGES if name != "freqtrade"]


def main(words):
    parser = argparse.ArgumentParser(usage=__doc__.partition("\n")[0].removeprefix("usage: "))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--requests", type=int)
    parser.add_argument("--seed", type=int, default=SIGNING_SEED)
    told = parser.parse_args(words)
    unknown = [name for name in told.names if name not in JUDGES]
    if unknown:
        sys.exit(f"no such judge: {', '.join(unknown)} (there are {', '.join(JUDGES)})")
    failed = 0
    requests = told.requests or (LONG_REQUESTS_EACH if told.long else SIGNED_REQUESTS_EACH)
    for name in told.names or (JUDGES if told.long else USUAL):
        options = (requests, told.seed) if name == "signing" else ()
        try:
            print(f"judge {name}: {JUDGES[name](*options)}", flush=True)
        except Exception as error:
            failed += 1
            print(f"judge {name}: FAILED: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
