"""What the exchanges have in common: a request is recorded, judged, carried out and answered, or is not.

A new exchange is one file in `exchanges/`: a subclass with its table of refusals, its table of routes, and
its recipe for signatures.
"""

import json
import urllib.parse

from keys import DELETED, DISABLED
from messages import Answer, Call, Delivery, Refusal, Refused


def public(function):
    """A route for everybody."""
    return function, None


def private(function, *needs):
    """A route for signed requests of keys with one of these permissions; with none, for any key."""
    return function, frozenset(needs)


class Exchange:
    name = ""
    # The header with the API key, in lower case.
    key_header = ""
    # Refusal to (status, body); a text in the body may have {detail}.
    refusals = {}
    # "METHOD /path" to `public` or `private`; a last segment `*` stands for any.
    routes = {}

    def __init__(self, desk):
        self.desk = desk

    # What an exchange says for itself.

    def api_key(self, request):
        return request.header(self.key_header)

    def check(self, request, key, now_ms):
        """Raises Refused unless passphrase, time and signature are right.

        A window is `self.desk.slack_ms` longer than documented.
        """
        raise NotImplementedError

    def check_key(self, key, request):
        """Further conditions on the key itself."""

    def refusal(self, reason, request):
        """Status and body, with {detail} where it belongs."""
        return self.refusals[reason]

    # What all do.

    def deliver(self, request):
        """Everything about one request but its bytes."""
        api_key = self.api_key(request)
        with self.desk.lock:
            behaviour = self.desk.behaviour(self.name, api_key, request)
            now_ms = self.desk.now_ms() + (behaviour.clock_offset_ms or 0)
            record = self.desk.journal.open(self.desk.now_ms(), self.name, api_key, request)
            answer = self._at_edge(request, behaviour)
            if answer is not None:
                self.desk.journal.judge(record, "edge")
            else:
                answer, verdict = self._judged(request, api_key, behaviour, now_ms)
                self.desk.journal.judge(record, verdict)
        return Delivery(_spoilt(answer, behaviour), record, behaviour.stall_ms or 0, behaviour.drop)

    def _at_edge(self, request, behaviour):
        if behaviour.retry_after is not None:
            answer = self._refused(Refused(Refusal.THROTTLED), request)
            answer.headers["Retry-After"] = str(behaviour.retry_after)
            return answer
        if behaviour.fail is not None:
            return Answer(behaviour.fail, behaviour.body if behaviour.body is not None else "unavailable\n")
        return None

    def _judged(self, request, api_key, behaviour, now_ms):
        try:
            (function, needs), segment = self._route(request)
            call = Call(
                request, now_ms, self.values(request), segment=segment, keeps=bool(behaviour.keep))
            if needs is not None:
                call.key = self._known_key(request, api_key, behaviour, now_ms)
                self.check(request, call.key, now_ms)
                if needs and not needs & call.key.permissions:
                    raise Refused(Refusal.PERMISSION)
                call.claimed = call.key.permissions if behaviour.claim is None else behaviour.claim
            return function(self, call), "accepted"
        except Refused as refused:
            return self._refused(refused, request), refused.reason.value

    def _route(self, request):
        parent, _, last = request.path.rpartition("/")
        for path, segment in ((request.path, ""), (f"{parent}/*", last)):
            route = self.routes.get(f"{request.method} {path}")
            if route is not None:
                return route, segment
        raise Refused(Refusal.NOT_FOUND, request.path)

    def _known_key(self, request, api_key, behaviour, now_ms):
        if not api_key:
            raise Refused(Refusal.MISSING_CREDENTIALS, self.key_header)
        key = self.desk.key(self.name, api_key)
        if key is None:
            raise Refused(Refusal.UNKNOWN_KEY)
        if key.state in (DISABLED, DELETED):
            raise Refused(Refusal.DISABLED_KEY if key.state == DISABLED else Refusal.DELETED_KEY)
        if key.expired(now_ms):
            raise Refused(Refusal.EXPIRED_KEY)
        self.check_key(key, request)
        address = self.desk.address_of(request, behaviour)
        if not key.allows_address(address):
            raise Refused(Refusal.ADDRESS, str(address))
        return key

    def _refused(self, refused, request):
        status, body = self.refusal(refused.reason, request)
        return Answer(status, _filled(body, refused.detail))

    @staticmethod
    def values(request):
        """Parameters by name, from the query and from a form or JSON body; the query's win."""
        values = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
        if "json" in request.header("content-type") and request.body.strip():
            try:
                body = json.loads(request.body)
            except ValueError:
                raise Refused(Refusal.PARAMETER, "body") from None
            return {**body, **values} if isinstance(body, dict) else {"body": body, **values}
        form = urllib.parse.parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)
        return {**dict(form), **values}


def milliseconds(text):
    """A decimal timestamp; Refused when it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise Refused(Refusal.TIME, text)
    return int(text)


def _filled(body, detail):
    if isinstance(body, dict):
        return {name: _filled(value, detail) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, detail) for value in body]
    return body.replace("{detail}", detail) if isinstance(body, str) else body


def _spoilt(answer, behaviour):
    if behaviour.rubbish:
        return Answer(answer.status, "<html><body>\x01 not what was promised {\"", answer.headers)
    if behaviour.echo is not None:
        if isinstance(answer.body, dict):
            return Answer(answer.status, {**answer.body, "echo": behaviour.echo}, answer.headers)
        return Answer(answer.status, f"{answer.body}{behaviour.echo}\n", answer.headers)
    return answer
