#!/usr/bin/env python3
"""usage: dry_start.py

freqtrade starts up dry, with nothing but its documented `ccxt_config` to tell it of Keybell: private addresses
are the proxy's of a real service, public ones the stand-in exchange's. It must load markets and candles, its
private requests must be on the service's record, all of them taken, and it must have nothing to complain about.
Needs a built binary. To be run by .venv/freqtrade, which
Scripts/judges makes from the requirements.txt here.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "StandIn"), str(ROOT / "Scripts" / "lib")]

from built import program  # noqa: E402
from connections import TABLE  # noqa: E402
from credentials import dummy  # noqa: E402
from service import Service  # noqa: E402
from standin import StandIn  # noqa: E402
from through_keybell import Desk, settings  # noqa: E402

START_LIMIT_SECONDS, STOP_LIMIT_SECONDS = 180, 60
# What freqtrade's binance asks for by itself, beside markets and time.
CANDLES, PRIVATE = "/api/v3/klines", "/sapi/v1/capital/config/getall"


def configuration(public, proxy, token, secret):
    """What Docs/bots.md shows. `public` is the exchange, `proxy` the address of a host at Keybell by its alias.

    A dry run blanks `key` and `secret` of `exchange`, so that they stand in `ccxt_config`; a live one takes them
    from `exchange` as well.
    """
    private = {entry: proxy(alias) + path for entry, (alias, path) in TABLE["binance"].private.items()}
    public = {
        "public": f"{public}/api/v3", "fapiPublic": f"{public}/fapi/v1", "fapiPublicV2": f"{public}/fapi/v2",
        "fapiPublicV3": f"{public}/fapi/v3", "dapiPublic": f"{public}/dapi/v1"}
    side = {"price_side": "same", "use_order_book": False}
    return {
        "dry_run": True, "dry_run_wallet": 1_000, "stake_currency": "USDT", "stake_amount": 50,
        "max_open_trades": 1, "timeframe": "5m", "trading_mode": "spot", "margin_mode": "",
        "entry_pricing": side, "exit_pricing": side, "pairlists": [{"method": "StaticPairList"}],
        "initial_state": "running", "internals": {"process_throttle_secs": 1}, "strategy": "Waits",
        "exchange": {
            "name": "binance", "key": "", "secret": "", "enable_ws": False,
            "pair_whitelist": ["BTC/USDT", "ETH/USDT"], "pair_blacklist": [],
            "ccxt_config": {"apiKey": token, "secret": secret, "urls": {"api": {**public, **private}}},
        },
    }


class DryStart:
    def __init__(self, folder, told):
        self.log = folder / "freqtrade.log"
        settings = folder / "config.json"
        settings.write_text(json.dumps(told))
        program = pathlib.Path(sys.executable).parent / "freqtrade"
        command = [
            str(program), "trade", "--dry-run", "--config", str(settings), "--userdir", str(folder),
            "--strategy-path", str(HERE / "strategies"), "--db-url", "sqlite://"]
        # Whatever else it would like to ask leads nowhere.
        nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **nowhere}, cwd=folder)

    def wait_for(self, condition):
        end = time.monotonic() + START_LIMIT_SECONDS
        while not condition():
            assert self.process.poll() is None, f"freqtrade ended: {self.tail()}"
            assert time.monotonic() < end, f"freqtrade did not start in time: {self.tail()}"
            time.sleep(0.2)

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def complaints(self):
        marks = (" - ERROR - ", " - CRITICAL - ", "Traceback", "Could not", "returned exception")
        return [line for line in self.log.read_text().splitlines() if any(mark in line for mark in marks)]

    def tail(self):
        return self.log.read_text()[-3_000:]


def main():
    stand_in = StandIn()
    stand_in.start()
    ports = stand_in.ports()
    with Service(str(program("keybell")), settings(ports)) as service:
        service.bootstrap()
        desk = Desk(service, ports)
        path = desk.register("binance")
        desk.publish(path, {"operations": ["read"]})
        client = dummy("binance", service.token)
        told = configuration(
            desk.direct("binance"), lambda alias: f"{service.base}{path}/proxy/{alias}", service.token,
            client["secret"])
        wrong = dry_start(stand_in, told)
        uses = service.must("GET", "/v1/usage-events?way=proxy&limit=200")["data"]
    stand_in.stop()
    refused = [one["path"] for one in requests(stand_in) if one["verdict"] != "accepted"]
    assert not wrong, "\n".join(wrong[:10])
    assert not refused, f"refused by the exchange: {refused}"
    others = [f"{use['path']}: {use['outcome']}" for use in uses if use["outcome"] != "accepted"]
    assert not others, f"not taken: {others}"
    paths = [use["path"] for use in uses]
    assert PRIVATE in paths, f"its private requests went elsewhere: {paths}"
    print(f"freqtrade: starts dry; {len(paths)} requests came through Keybell's proxy")
    return 0


def dry_start(stand_in, told):
    """What it complains about, until it runs and has asked for candles."""
    with tempfile.TemporaryDirectory() as name:
        started = DryStart(pathlib.Path(name), told)
        try:
            started.wait_for(lambda: "state='RUNNING'" in started.tail() or "Bot heartbeat" in started.tail())
            started.wait_for(lambda: any(one["path"] == CANDLES for one in requests(stand_in)))
        finally:
            started.stop()
        return started.complaints()


def requests(stand_in):
    with stand_in.desk.lock:
        return stand_in.desk.journal.records("binance")


if __name__ == "__main__":
    sys.exit(main())
