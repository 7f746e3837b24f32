"""What the exchanges have in common: a request is recorded, judged, carried out and answered, or is not.

A new exchange is two files: in `exchanges/` a subclass with its tables of refusals and routes and its recipe
for signatures, in `trading/` how it writes markets, accounts and orders.
"""

import json
import urllib.parse
from typing import NamedTuple

from keys import DELETED, DISABLED
from messages import Answer, Call, Delivery, Refusal, Refused


class Route(NamedTuple):
    function: object
    needs: frozenset = None
    reaches: str = ""
    signed: bool = True


def public(function):
    """A route for everybody."""
    return Route(function)


def private(function, *needs):
    """A route for signed requests of keys with one of these permissions; with none, for any key."""
    return Route(function, frozenset(needs))


def keyed(function, *needs):
    """A route that takes the key alone, without a signature."""
    return Route(function, frozenset(needs), signed=False)


def moving(kind, function):
    """A route that moves funds, by `withdraw` or `transfer`: that it was reached is remembered."""
    return Route(function, frozenset({kind}), kind)


class Exchange:
    name = ""
    # Whose port it has; the name but where an exchange has hosts whose paths collide.
    host = ""
    # The header with the API key, in lower case.
    key_header = ""
    # Refusal to (status, body); a text in the body may have {detail}.
    refusals = {}
    # "METHOD /path" to `public` or `private`; a last segment `*`, or the one before, stands for any.
    routes = {}
    # What a request counts, by the same words; 1 for others.
    weights = {}

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

    def rate_headers(self, call, used):
        """What its answers tell of limits. `used` is the address's weight in this minute."""
        return {}

    # What all do.

    def deliver(self, request):
        """Everything about one request but its bytes."""
        api_key = self.api_key(request)
        with self.desk.lock:
            behaviour = self.desk.behaviour(self.name, api_key, request)
            now_ms = self.desk.now_ms() + (behaviour.clock_offset_ms or 0)
            record = self.desk.journal.open(self.desk.now_ms(), self.name, api_key, request)
            route, segment = self._route(request)
            if route is not None and route.reaches:
                self.desk.journal.reach(record, route.reaches)
            used, answer = self._at_edge(request, behaviour)
            if answer is not None:
                self.desk.journal.judge(record, "edge")
            else:
                call = Call(request, now_ms, {}, segment=segment, keeps=bool(behaviour.keep))
                answer, verdict = self._judged(route, call, api_key, behaviour)
                answer.headers.update(self.rate_headers(call, used))
                self.desk.journal.judge(record, verdict)
        return Delivery(
            _spoilt(answer, behaviour), record, behaviour.stall_ms or 0, behaviour.drop,
            behaviour.drip_ms or 0)

    def _at_edge(self, request, behaviour):
        """What the address has used, and an answer when it gets no further."""
        weight = self.weights.get(f"{request.method} {request.path}", 1)
        used, wait = self.desk.wait_seconds(self.name, self.desk.address_of(request, behaviour), weight)
        if behaviour.ban is not None:
            return used, self._waiting(Refusal.BANNED, behaviour.ban, request)
        if behaviour.retry_after is not None:
            return used, self._waiting(Refusal.THROTTLED, behaviour.retry_after, request)
        if wait is not None:
            return used, self._waiting(Refusal.BANNED if wait[1] else Refusal.THROTTLED, wait[0], request)
        if behaviour.maintenance:
            return used, self._refused(Refused(Refusal.MAINTENANCE), request)
        if behaviour.fail is not None:
            body = behaviour.body if behaviour.body is not None else "unavailable\n"
            return used, Answer(behaviour.fail, body)
        return used, None

    def _waiting(self, reason, seconds, request):
        answer = self._refused(Refused(reason, str(seconds)), request)
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def _judged(self, route, call, api_key, behaviour):
        request = call.request
        try:
            if route is None:
                raise Refused(Refusal.NOT_FOUND, request.path)
            call.values = self.values(request)
            if route.needs is not None:
                call.key = self._known_key(request, api_key, behaviour, call.now_ms)
                if route.signed:
                    self.check(request, call.key, call.now_ms)
                if route.needs and not route.needs & call.key.permissions:
                    raise Refused(Refusal.PERMISSION)
                call.claimed = call.key.permissions if behaviour.claim is None else behaviour.claim
            return route.function(self, call), "accepted"
        except Refused as refused:
            return self._refused(refused, request), refused.reason.value

    def _route(self, request):
        """The route, and what stands in place of its `*`."""
        parent, _, last = request.path.rpartition("/")
        above, _, middle = parent.rpartition("/")
        for path, segment in ((request.path, ""), (f"{parent}/*", last), (f"{above}/*/{last}", middle)):
            route = self.routes.get(f"{request.method} {path}")
            if route is not None:
                return route, segment
        return None, ""

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
    answer = _distorted(answer, behaviour)
    answer.coding = behaviour.coding
    if behaviour.coding == "gzip":
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _distorted(answer, behaviour):
    answer.headers.update(behaviour.headers or {})
    if behaviour.huge:
        return _with(answer, "padding", "x" * behaviour.huge)
    if behaviour.rubbish:
        return Answer(answer.status, "<html><body>\x01 not what was promised {\"", answer.headers)
    return answer if behaviour.echo is None else _with(answer, "echo", behaviour.echo)


def _with(answer, name, text):
    """The same answer with a text more in it: a member, an element, or a line."""
    if isinstance(answer.body, dict):
        return Answer(answer.status, {**answer.body, name: text}, answer.headers)
    if isinstance(answer.body, list):
        return Answer(answer.status, [*answer.body, {name: text}], answer.headers)
    return Answer(answer.status, f"{answer.body}{text}\n", answer.headers)
