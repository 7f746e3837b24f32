"""How an exchange, or one key's requests there, misbehave."""

import ipaddress
from dataclasses import dataclass, fields

from keys import parse_permissions

MAX_STALL_MS = 600_000
MAX_HUGE_BYTES = 64 << 20
AFTER_REQUEST, MID_ANSWER = DROPS = ("after_request", "mid_answer")
GZIP, UTF_16 = CODINGS = ("gzip", "utf-16")


@dataclass
class Behaviour:
    """Every field is one way to misbehave; a key's own behaviour is laid over its exchange's, field by field.

    `fail`, `retry_after`, `ban` and `maintenance` stand for the exchange's edge: the request is neither
    judged nor carried out. All others let it be carried out first, so that a caller who sees no answer cannot
    know that it was not.
    """

    fail: int = None  # this status
    body: str = None  # with `fail`: this body instead of the exchange's own
    retry_after: int = None  # throttled, and this many seconds to wait
    ban: int = None  # banned for that many seconds
    maintenance: bool = None
    stall_ms: int = None  # that long before the answer
    drip_ms: int = None  # that long between the tenths of it
    drop: str = None  # the connection, without an answer or in the middle of it
    rubbish: bool = None  # an answer that is no JSON
    echo: str = None  # this text within the answer, as exchanges have been seen to echo what they were sent
    headers: dict = None  # one more of these each: cookies, other places, what browsers may do
    huge: int = None  # an answer of that many bytes more
    coding: str = None  # the answer's bytes are these, which nobody asked for
    claim: frozenset = None  # permissions that the probe reports, whatever the key really has
    keep: bool = None  # a key that asks to be deleted, although it is told that it was
    clock_offset_ms: int = None  # the exchange's clock is wrong by that much
    seen_address: str = None  # where requests seem to come from

    # Which requests: all, unless these say otherwise.
    method: str = None
    path: str = None  # the path's beginning
    times: int = None  # that many, then it is over

    def covers(self, method, path):
        return (self.method in (None, method)) and path.startswith(self.path or "") and self.times != 0

    def overlaid(self, other):
        merged = Behaviour()
        for one in fields(Behaviour):
            own, others = getattr(self, one.name), getattr(other, one.name)
            setattr(merged, one.name, own if others is None else others)
        return merged


class Behaviours:
    """Who misbehaves how. The caller holds the desk's lock."""

    def __init__(self):
        self._by_owner = {}

    def set(self, exchange, api_key, behaviour):
        self._by_owner[exchange, api_key] = behaviour

    def of(self, exchange, api_key, method, path):
        """What applies to this request; counts it against `times`."""
        result = Behaviour()
        for owner in ((exchange, None), (exchange, api_key)):
            one = self._by_owner.get(owner)
            if one is not None and one.covers(method, path):
                result = result.overlaid(one)
                if one.times is not None:
                    one.times -= 1
        return result


def parse(values):
    unknown = set(values) - {one.name for one in fields(Behaviour)}
    if unknown:
        raise ValueError(f"nothing misbehaves by {sorted(unknown)}")
    behaviour = Behaviour(**values)
    if behaviour.drop not in (None, *DROPS):
        raise ValueError(f"drop is one of {DROPS}")
    if behaviour.coding not in (None, *CODINGS):
        raise ValueError(f"coding is one of {CODINGS}")
    if not 0 <= (behaviour.stall_ms or 0) <= MAX_STALL_MS:
        raise ValueError(f"stall_ms is at most {MAX_STALL_MS}")
    if not 0 <= (behaviour.drip_ms or 0) * 10 <= MAX_STALL_MS:
        raise ValueError(f"drip_ms is at most {MAX_STALL_MS // 10}")
    if not 0 <= (behaviour.huge or 0) <= MAX_HUGE_BYTES:
        raise ValueError(f"huge is at most {MAX_HUGE_BYTES}")
    for name, value in (behaviour.headers or {}).items():
        if not f"{name}{value}".isprintable() or not f"{name}{value}".isascii():
            raise ValueError("headers are of printable ASCII")
    if behaviour.claim is not None:
        behaviour.claim = parse_permissions(behaviour.claim)
    if behaviour.seen_address is not None:
        ipaddress.ip_address(behaviour.seen_address)
    return behaviour
