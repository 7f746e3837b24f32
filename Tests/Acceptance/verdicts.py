"""What came, held against what was expected: values in, readable lines out."""

import collections
import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Arrival:
    """One event that a receiver was told of, or that stood in the feed. Of a batch, each alert is one."""

    at: float
    type: str
    data: dict
    # `webhook-id`, the same over attempts; in the feed the event's.
    identity: str
    event: str | None = None
    # Answered with a 2xx, or taken and the answer lost; else refused.
    is_taken: bool = True
    is_batched: bool = False
    # With how many of the secrets that were given out it is signed; None in the feed, where nothing is.
    signatures: int | None = None
    # Taken before, under the same id.
    is_repeat: bool = False

    @property
    def rule(self):
        rule = self.data.get("rule")
        return rule.get("name") if isinstance(rule, dict) else None

    def __str__(self):
        return f"{kind(self.is_taken, self.is_repeat)}{what(self.type, self.rule)} at {self.at:.2f} s"


def what(type, rule):
    return f'{type} "{rule}"' if rule else type


def kind(is_taken, is_repeat):
    return "repeated " if is_repeat else "" if is_taken else "refused "


def judge(place, expectations, arrivals, tolerance):
    """The failures at one place, a line each. `tolerance`: how much later than expected is still in time."""
    failures = unsigned(place, arrivals)
    once, told = without_repeats(place, expectations, arrivals)
    return failures + told + Matching(place, expectations, once, tolerance).failures()


def missing_count(expectations, arrivals):
    """How many of what is expected are not there yet, whenever they came."""
    once, _ = without_repeats("", expectations, arrivals)
    return sum(Matching("", expectations, once, float("inf")).lacking)


def unsigned(place, arrivals):
    return [f"{place}: bad signature: {arrival}" for arrival in arrivals if arrival.signatures == 0]


def without_repeats(place, expectations, arrivals):
    """Each event once, and a line for each that came again where it must not."""
    first, once, failures = {}, [], []
    for arrival in arrivals:
        if not arrival.is_taken:
            once.append(arrival)
            continue
        before = first.setdefault(arrival.event or arrival.identity, arrival)
        if before is arrival:
            once.append(arrival)
        elif before.identity != arrival.identity:
            failures.append(f"{place}: duplicate: {arrival}, under another id than at {before.at:.2f} s")
        elif any(e.is_repeated and fits(e, repeat(arrival)) for e in expectations):
            once.append(repeat(arrival))
        elif not any(e.may_repeat and fits(e, arrival) for e in expectations):
            failures.append(f"{place}: duplicate: {arrival}, first at {before.at:.2f} s")
    return once, failures


def repeat(arrival):
    return dataclasses.replace(arrival, is_repeat=True)


def fits(expectation, arrival):
    """Whether it is what is expected, whenever it came."""
    return (
        expectation.type == arrival.type and expectation.is_refused != arrival.is_taken
        and expectation.is_repeated == arrival.is_repeat
        and expectation.rule in (None, arrival.rule)
        and (arrival.is_batched or not expectation.is_batched)
        and expectation.signatures in (None, arrival.signatures)
        and all(text(field(arrival.data, path)) == value for path, value in expectation.where))


def field(data, path):
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data


def text(value):
    return value if isinstance(value, str) else json.dumps(value)


class Matching:
    """Each arrival goes to an expectation whose time it came in, the one that ends first; what is left of both is
    then early, late, extra or missing."""

    def __init__(self, place, expectations, arrivals, tolerance):
        self.place, self.expectations, self.tolerance = place, expectations, tolerance
        self.lacking = [e.count for e in expectations]
        left = [arrival for arrival in arrivals if not self.settle(arrival, self.is_in_time)]
        self.misfits = [(arrival, self.settle(arrival, lambda *_: True)) for arrival in left]

    def is_in_time(self, expectation, arrival):
        return expectation.earliest <= arrival.at <= expectation.latest + self.tolerance

    def settle(self, arrival, allows):
        open_ones = [
            index for index, e in enumerate(self.expectations)
            if self.lacking[index] and fits(e, arrival) and allows(e, arrival)]
        if not open_ones:
            return None
        chosen = min(open_ones, key=lambda index: self.expectations[index].latest)
        self.lacking[chosen] -= 1
        return self.expectations[chosen]

    def failures(self):
        lines = []
        for arrival, expectation in self.misfits:
            if expectation is None:
                lines.append(f"{self.place}: extra: {arrival}")
            elif arrival.at < expectation.earliest:
                lines.append(f"{self.place}: early: {arrival}, expected from {expectation.earliest:g} s on")
            else:
                lines.append(f"{self.place}: late: {arrival}, expected until {expectation.latest:g} s")
        for expectation, lacking in zip(self.expectations, self.lacking):
            if lacking:
                lines.append(f"{self.place}: missing: {said(expectation, lacking)}")
        return lines


def said(expectation, lacking):
    where = "".join(f", {path}={value}" for path, value in expectation.where)
    batched = ", in a batch" if expectation.is_batched else ""
    signed = f", signed by {expectation.signatures}" if expectation.signatures else ""
    how = kind(not expectation.is_refused, expectation.is_repeated)
    window = f"between {expectation.earliest:g} s and {expectation.latest:g} s"
    return (
        f"{how}{what(expectation.type, expectation.rule)}{where}{batched}{signed} {window}: "
        f"{lacking} of {expectation.count} did not come")


def compare(place, patterns, feed, arrivals):
    """The feed and a receiver must tell of the same events, of the types that the receiver takes."""
    told = collections.OrderedDict((a.event, a) for a in arrivals if a.is_taken)
    stood = collections.OrderedDict((a.event, a) for a in feed if any(matches(p, a.type) for p in patterns))
    lines = [f"{place}: not told: {a}, which the feed has" for event, a in stood.items() if event not in told]
    return lines + [f"feed: missing: {a}, which {place} has" for event, a in told.items() if event not in stood]


def matches(pattern, type):
    return type == pattern or pattern.endswith(".*") and type.startswith(pattern[:-1])
