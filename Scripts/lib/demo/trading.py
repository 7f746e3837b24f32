"""Chapter 7: a bot trades through the proxy at a stand-in exchange, and is stopped."""

import contextlib
import json
import pathlib
import sys
import threading
import urllib.request

from demo.alerts import shown
from demo.stage import chapter, expect, note, say, until

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "Tests" / "StandIn"))

from standin import StandIn  # noqa: E402

SETTING = "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT"
RULE = "Withdrawal attempts"
POLICY = {
    "operations": ["read", "trade", "cancel"],
    "orders": {"symbols": ["BTCUSDT"], "max_notional": {"amount": "5000", "currency": "USD"}},
    "limits": [{"count": "notional", "max": {"amount": "200000", "currency": "USD"}, "per": "24h"}],
}
ORDER = "api/v3/order?symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity={}&price=30000"
WITHDRAWAL = "sapi/v1/capital/withdraw/apply?coin=BTC&address=bc1q-somewhere&amount=1"


@contextlib.contextmanager
def exchange():
    """A stand-in exchange, and the settings that name it."""
    stand_in = StandIn()
    stand_in.start()
    try:
        yield stand_in, {SETTING: f"http://127.0.0.1:{stand_in.ports()['exchanges']['binance']}"}
    finally:
        stand_in.stop()


class Bot:
    """Uses one key by a token that may do nothing else."""

    def __init__(self, service, key, token):
        self.service, self.key, self.token = service, key, token

    def asks(self, method, request):
        return self.service.call(
            method, f"/v1/keys/{self.key['id']}/proxy/spot/{request}", token=self.token)


def play(service, receiver, stand_in):
    chapter(7, "A bot trades without a secret")
    bot = connect(service, stand_in)
    taken = bot.asks("POST", ORDER.format("0.01"))
    expect(taken.status == 200, "an order to be taken")
    say(f"an order went through, and the bot saw no signature: {taken.json()['status']}, "
        f"{taken.headers['server-timing']}")
    large = bot.asks("POST", ORDER.format("1"))
    expect(large.status == 403, "an order of 30,000 dollars to be denied")
    say(f"too large a one is denied: {large.json()['clauses'][0]['clause']}")
    expect(bot.asks("POST", WITHDRAWAL).status == 403, "a withdrawal to be denied")
    shown(service, receiver, RULE)
    reduce_only(service, bot)
    rotate(service, bot, stand_in)
    revoke(service, bot)


def connect(service, stand_in):
    """A confirmed key with a policy, a bot that may use it, and a rule that watches both."""
    known = secrets("first")
    introduce(stand_in, known)
    key = service.must("POST", "/v1/keys", {
        "exchange": "binance", "account": "main", "label": "mm-btc testnet", "environment": "testnet",
        "tags": ["bot"], "permissions": ["read", "trade_spot"], "ip_allow_list": ["127.0.0.1"],
        "credential": {"api_key": known["api_key"], "secret": known["secret"]}})
    told = service.must("POST", f"/v1/keys/{key['id']}/verify", {})
    published = service.call("PUT", f"/v1/keys/{key['id']}/policy", POLICY, headers={"If-Match": '"0"'})
    expect(published.status == 200, "the policy to be published")
    say(f"{key['label']} is {told['status']}, and its policy is version {published.json()['version']}")
    account = service.must("POST", "/v1/service-accounts", {"name": "mm-btc", "purpose": "market maker"})
    service.must("POST", "/v1/grants", {
        "principal_id": account["id"], "role": "bot", "effect": "allow", "on": {}})
    token = service.must("POST", "/v1/access-tokens", {
        "principal_id": account["id"], "name": "mm-btc on this host", "scopes": ["keys:proxy"],
        "cidrs": ["127.0.0.0/8"]})
    watch(service)
    return Bot(service, key, token["token"])


def secrets(name):
    """A key of the exchange's, as it knows it."""
    return {
        "exchange": "binance", "api_key": f"the-{name}-api-key-of-the-bot", "secret": f"the-{name}-secret-of-the-bot",
        "permissions": ["read", "trade_spot"], "ips": ["127.0.0.1"], "environment": "testnet"}


def introduce(stand_in, known):
    """What a person would do on the exchange's website."""
    url = f"http://127.0.0.1:{stand_in.ports()['control']}/keys"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(known).encode(), method="POST"), timeout=30)


def watch(service):
    webhook = service.must("GET", "/v1/webhooks")["data"][0]
    rule = service.must("POST", "/v1/alert-rules", {
        "name": RULE, "severity": "critical", "on": ["key.use.denied"],
        "when": "event.operation in ['withdraw', 'transfer']", "send_to": [webhook["id"]]})
    service.must("POST", f"/v1/alert-rules/{rule['id']}/enable")


def reduce_only(service, bot):
    resting = bot.asks("POST", ORDER.format("0.02")).json()
    desk = {"selector": {"all": True}, "mode": "reduce_only", "reason": "volatility"}
    matched = service.must("POST", "/v1/keys/mode", {**desk, "dry_run": True})["matched"]
    desk["expect_count"] = matched
    service.must("POST", "/v1/keys/mode", desk)
    refused = bot.asks("POST", ORDER.format("0.01"))
    cancelled = bot.asks("DELETE", f"api/v3/order?symbol=BTCUSDT&orderId={resting['orderId']}")
    expect((refused.status, cancelled.status) == (403, 200), "no order, but its cancel")
    say(f"the desk, with all of its {matched} keys, is reduce_only: a new order is denied, and a cancel goes through")
    service.must("POST", "/v1/keys/mode", {**desk, "mode": "active", "reason": "calm again"})


class Trading:
    """A bot that goes on, and remembers what it was answered before and after a moment."""

    def __init__(self, bot):
        self._bot, self._moment, self._stopped = bot, threading.Event(), threading.Event()
        self.before, self.after = [], []
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stopped.is_set():
            answers = self.after if self._moment.is_set() else self.before
            answers.append(self._bot.asks("POST", ORDER.format("0.01")).status)

    def __enter__(self):
        self._thread.start()
        until(lambda: len(self.before) >= 5, "orders under way")
        return self

    def mark(self):
        self._moment.set()
        until(lambda: len(self.after) >= 5, "orders after it")

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join()


def rotate(service, bot, stand_in):
    fresh = secrets("second")
    introduce(stand_in, fresh)
    path = f"/v1/keys/{bot.key['id']}/rotations"
    with Trading(bot) as trading:
        opened = service.must("POST", path, {
            "reason": "its time has come", "overlap": "1h",
            "credential": {"api_key": fresh["api_key"], "secret": fresh["secret"]}})
        told = service.must("POST", f"{path}/{opened['id']}/advance")
        trading.mark()
    expect(told["state"] == "overlap", "the new secret to be in use")
    expect(set(trading.before + trading.after) == {200}, "no order to fail on the way")
    say(f"its secret was rotated while it traded: {len(trading.before) + len(trading.after)} orders, none refused")


def revoke(service, bot):
    with Trading(bot) as trading:
        told = service.must("POST", f"/v1/keys/{bot.key['id']}/revoke", {"reason": "the bot's host was broken into"})
        trading.mark()
    expect(set(trading.after) == {403}, "nothing to be sent once the revocation was acknowledged")
    say(f"the key was revoked while it traded: {trading.before.count(200)} orders before, none after; "
        f"signatures that are out last until {told['handed_out_until']}")
    note("every one of these requests is on record, with its verdict")
