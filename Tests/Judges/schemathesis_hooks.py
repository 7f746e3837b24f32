"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): bodies that it cannot write itself, and real things for its ids."""

import os
import pathlib
import sys

import schemathesis
from schemathesis.core import NotSet
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import UndefinedStatusCode

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "Scripts" / "lib")]
from stock import RunningService, Stock  # noqa: E402

stock = Stock(RunningService(int(os.environ["JUDGES_PORT"]), os.environ["JUDGES_TOKEN"]))

# What has to be done first, so that there is something to undo. A new rule is disabled.
OPPOSITES = {
    "enableUser": "disable", "enableServiceAccount": "disable", "enableWebhook": "disable",
    "disableAlertRule": "enable", "activateKey": "suspend",
}

# Where chance hardly ever hits: said instead in every other request.
SAYABLE = {
    "cidrs": ["203.0.113.0/24"], "ip_allow_list": ["203.0.113.7"], "expires_at": "2099-01-05T08:00:00Z",
    "secret_created_at": "2020-01-05T08:00:00Z", "on": ["custom.judged"], "when": "event.n >= 7",
    "group_by": ["event.n"], "security": True, "tests": [], "url": "https://hooks.desk.example/judged",
    "event_types": ["custom.*", "key.revoked"], "role": "analyst", "cooldown": "1h", "instrument": "SOLUSDT",
}
SAYABLE_IN_QUERY = {"token": "SOL", "source": "binance", "interval": "1d", "metric": "sentiment", "window": "7d"}
CURSORS = ("cursor", "after")
PROBLEM = "application/problem+json"
LINES = ("text/csv", "application/x-ndjson")


@schemathesis.serializer(*LINES)
def lines(context, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@schemathesis.hook
def filter_case(context, case):
    """Their schema is a string, the text itself, so what is no string cannot be sent in them."""
    return case.media_type not in LINES or isinstance(case.body, (str, NotSet))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """What the server answers before any operation is known stands in the contract once, not at each operation."""
    if not isinstance(failure, UndefinedStatusCode):
        return True
    code = response.json().get("code") if response.headers.get("content-type") == [PROBLEM] else None
    row = case.operation.schema.raw_schema["components"]["x-problem-codes"].get(code, {})
    return row.get("raised_by") != "server"


@schemathesis.hook
def before_call(context, case, kwargs):
    stay_at_home(case)
    if case.meta is None or case.method != case.operation.method.upper():
        return
    if not case.meta.is_negative_at(ParameterLocation.PATH):
        name_something(case)
    if case.meta.generation.mode.is_positive:
        if case.meta.phase.name == "fuzzing":
            mend(case)
        match_revision(case)
        follow_from_the_first(case)


def stay_at_home(case):
    """A feed of candles that is made up must ask no real exchange: a testnet's hosts are stood in for."""
    if case.path == "/v1/candle-feeds" and isinstance(case.body, dict):
        if case.body.get("environment", "live") in (None, "live"):
            case.body["environment"] = "testnet"


def name_something(case):
    for parameter in case.path_parameters:
        if parameter not in stock.makers:
            continue
        is_spent = case.method != "GET" and case.meta.generation.mode.is_positive
        case.path_parameters[parameter] = (
            stock.new_one(parameter) if is_spent
            else stock.kept_one(parameter, "GET" if case.method == "GET" else case.operation.label))
        if is_spent and (opposite := OPPOSITES.get(case.operation.definition.raw["operationId"])):
            thing = case.formatted_path.rsplit("/", 1)[0]
            body = None if opposite == "enable" else {"reason": "to be judged"}
            stock.service.must("POST", f"{thing}/{opposite}", body)


def mend(case):
    """Lets the request say something that can be so."""
    is_said = next(stock.numbers) % 2 == 1
    if is_said:
        for name in [name for name in CURSORS if name in case.query]:
            del case.query[name]
        say(SAYABLE_IN_QUERY, case.query)
        if "metric" in case.query:
            stock.observe()
        if "watchlist" in case.query:
            case.query["watchlist"] = stock.kept_one("watchlist_id", "query")
    if isinstance(case.body, dict):
        refer_to_something(case)
        if is_said:
            say(SAYABLE, case.body)
    elif case.media_type in LINES and isinstance(case.body, str):
        good = case.operation.definition.raw["requestBody"]["content"][case.media_type]["example"]
        case.body = good + case.body


def say(sayable, where):
    for name, value in sayable.items():
        if name in where:
            where[name] = value


def refer_to_something(case):
    """A principal, a receiver, an invitation, a deposit link that exist."""
    body = case.body
    if body.get("owner_id"):
        body["owner_id"] = stock.me
    if body.get("principal_id"):
        body["principal_id"] = stock.service_account()
    if body.get("send_to"):
        body["send_to"] = [stock.kept_one("webhook_id", "send_to")]
    if case.path == "/v1/invitations/accept":
        body["token"] = stock.invitation()[1]
    if case.path in ("/v1/deposits", "/v1/deposits/look"):
        body["token"] = stock.deposit()["token"]


def match_revision(case):
    """The ETag of now, where the contract's example or a random one stands."""
    sent = case.headers.get("If-Match") if case.headers else None
    if sent == '"1"' or sent is not None and case.meta.phase.name == "fuzzing":
        if etag := stock.etag(case.formatted_path):
            case.headers["If-Match"] = etag


def follow_from_the_first(case):
    """A stream that begins with what has happened ends after `max-stream-events`, not at its time limit."""
    if case.path == "/v1/events/stream":
        case.headers["Last-Event-ID"] = stock.first_event
        if case.query.get("type") and case.meta.phase.name == "fuzzing":
            case.query["type"] = "custom.*"
