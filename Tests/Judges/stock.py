"""Real things for the ids in the requests of schemathesis, so that they do not end at 404.

A generated id names nothing. Here every reader gets the same real thing, and every change one of its own, so that
no request spoils what another one needs: least of all the principal and the access token of the run itself.
"""

import itertools
import re
import time

from service import Service

WAIT_LIMIT_SECONDS = 60
ALERTS = 150  # Made beforehand, because they come a moment after their events; some operations take one a request.
SOURCE = {"source": "binance", "interval": "1d"}
RULE = {"severity": "info", "on": ["custom.judged"], "when": "event.n >= 0", "group_by": ["event.n"]}
KEY = {"exchange": "binance", "environment": "testnet"}
# Nothing listens there: deliveries fail at once, and stay.
DEAF_URL = "http://127.0.0.1:1/judged"


class RunningService(Service):
    """One that somebody else has started and will stop."""

    def __init__(self, port, token):
        self.port, self.token = port, token


def until(what, look):
    """What `look` finds; it is asked until there is something."""
    deadline = time.monotonic() + WAIT_LIMIT_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come within {WAIT_LIMIT_SECONDS} s")
        time.sleep(0.05)
    return found


class Stock:
    def __init__(self, service):
        self.service = service
        self.numbers = itertools.count(1)
        self.kept = {}
        self.me = service.must("GET", "/v1/me")["principal"]["id"]
        self.makers = {
            "user_id": self.user, "service_account_id": self.service_account, "grant_id": self.grant,
            "access_token_id": self.access_token, "key_id": self.key, "account_id": self.account,
            "token_id": self.token, "webhook_id": self.webhook, "rule_id": self.rule, "alert_id": self.alert,
            "delivery_id": self.delivery, "signal_id": self.signal, "name": self.job, "version": self.version,
            "group_id": self.group, "role": self.role, "principal_id": self.service_account,
            "watchlist_id": self.watchlist, "mover_list_id": self.mover_list, "narrative_id": self.narrative,
            "candle_feed_id": self.candle_feed,
        }
        # At the start, so that the run ends there when they do not come.
        self.signals = itertools.cycle(self.find_signals())
        self.alerts = itertools.cycle(self.fire_alerts())
        self.first_event = service.must("GET", "/v1/events?type=custom.*&limit=1")["data"][0]["cursor"]

    def kept_one(self, parameter, reader):
        """Always the same one for the same reader."""
        if (parameter, reader) not in self.kept:
            self.kept[parameter, reader] = self.makers[parameter]()
        return self.kept[parameter, reader]

    def new_one(self, parameter):
        return self.makers[parameter]()

    def etag(self, path):
        """Of the thing that the path names first: `/v1/keys/{key_id}` of `/v1/keys/{key_id}/revoke`."""
        thing = re.match(r"/v1/[^/]+/[^/]+", path)
        return self.service.call("GET", thing.group()).headers.get("ETag") if thing else None

    # Makers, each of something new.

    def post(self, path, body):
        return self.service.must("POST", path, body)

    def name(self):
        return f"judged {next(self.numbers)}"

    def invitation(self):
        made = self.post("/v1/users", {"name": "Judged", "email": f"judged-{next(self.numbers)}@desk.example"})
        return made["id"], made["invitation"]["token"]

    def user(self):
        return self.invitation()[0]

    def service_account(self):
        return self.post("/v1/service-accounts", {"name": self.name(), "purpose": "to be judged"})["id"]

    def grant(self):
        return self.post("/v1/grants", {"principal_id": self.service_account(), "role": "bot", "on": {}})["id"]

    def group(self):
        return self.post("/v1/groups", {"name": self.name()})["id"]

    def role(self):
        role = {"name": self.name().replace(" ", "-"), "description": "Judged.", "permissions": ["keys:read"]}
        return self.post("/v1/roles", role)["name"]

    def access_token(self):
        return self.post("/v1/access-tokens", {"name": self.name()})["id"]

    def key(self):
        secret = {"api_key": "judged-api-key", "secret": f"the-secret-of-{self.name()}".replace(" ", "-")}
        return self.post("/v1/keys", {**KEY, "account": self.name(), "label": self.name(), "credential": secret})["id"]

    def account(self):
        return self.post("/v1/accounts", {**KEY, "name": self.name()})["id"]

    def deposit(self):
        return self.post(f"/v1/keys/{self.key()}/deposits", {})

    def version(self):
        return 1

    def token(self):
        symbol = f"JUDGED{next(self.numbers)}"
        self.service.upload_candles(f"{symbol},1d,2022-01-01T00:00:00Z,1,2,1,2,5\n".encode(), **SOURCE)
        return self.service.must("GET", f"/v1/tokens?symbol={symbol}")["data"][0]["id"]

    def webhook(self):
        return self.post("/v1/webhooks", {"name": self.name(), "url": DEAF_URL})["id"]

    def delivery(self):
        webhook = self.kept_one("webhook_id", "deliveries")
        self.service.must("POST", f"/v1/webhooks/{webhook}/test")
        return self.service.must("GET", f"/v1/deliveries?webhook_id={webhook}&limit=1")["data"][0]["id"]

    def rule(self):
        return self.post("/v1/alert-rules", {**RULE, "name": self.name(), "on": ["custom.unheard"]})["id"]

    def alert(self):
        return next(self.alerts)

    def fire_alerts(self):
        rule = self.post("/v1/alert-rules", {**RULE, "name": self.name()})["id"]
        self.service.must("POST", f"/v1/alert-rules/{rule}/enable")
        self.post("/v1/events", {"events": [{"type": "custom.judged", "data": {"n": n}} for n in range(ALERTS)]})

        def all_of_them():
            found = self.service.must("GET", f"/v1/alerts?rule_id={rule}&limit={ALERTS}")["data"]
            return found if len(found) == ALERTS else None

        return [alert["id"] for alert in until("alerts", all_of_them)]

    def signal(self):
        return next(self.signals)

    def find_signals(self):
        look = "/v1/signals?token=SOL&interval=1d&source=binance"
        return [signal["id"] for signal in until("signals", lambda: self.service.must("GET", look)["data"])]

    def one_of(self, area, body):
        """Of these there may be so many, and no more: then others make room."""
        answer = self.service.call("POST", f"/v1/{area}", body)
        if answer.status != 409:
            return answer.json()["id"]
        for thing in self.service.must("GET", f"/v1/{area}?limit=50")["data"]:
            self.service.call("DELETE", f"/v1/{area}/{thing['id']}", headers={"If-Match": "*"})
        return self.post(f"/v1/{area}", body)["id"]

    def watchlist(self):
        return self.one_of("watchlists", {"name": self.name(), "tokens": ["SOL"]})

    def mover_list(self):
        return self.one_of("mover-lists", {"name": self.name(), "window": "7d", **SOURCE})

    def narrative(self):
        return self.one_of("narratives", {"name": self.name(), "members": [{"token": "SOL"}], **SOURCE})

    def candle_feed(self):
        symbol = f"JUDGED{next(self.numbers)}"
        feed = {"token": symbol, "interval": "1d", "instrument": symbol, **KEY}
        return self.one_of("candle-feeds", feed)

    def observe(self):
        """A metric that there is to be read, or to be deleted."""
        row = b'{"token":"SOL","metric":"sentiment","source":"binance","time":"2025-12-01T00:00:00Z","value":0.4}'
        self.service.must("POST", "/v1/token-metrics", row, headers={"Content-Type": "application/x-ndjson"})

    def job(self):
        return self.service.must("GET", "/v1/jobs")["data"][0]["name"]
