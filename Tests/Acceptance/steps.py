"""What may happen in a scenario: each verb, how it is written, and what is read from it."""

import dataclasses
import json
import re

NODE, HOOK, DURATION = r"(?P<node>\w+)", r"(?P<hook>\S+)", r"(?P<duration>\d+(?:ms|s|m|h|d))"
RULE = '"(?P<rule>[^"]+)"'
VERBS = {
    "push": r"push (?:(?P<times>\d+) )?(?P<type>custom\.[a-z0-9_.]+)(?P<fields>(?: \w+=\S+)*)(?: via " + NODE + ")?",
    "kill": "kill " + NODE,
    "start": "start " + NODE,
    "stop": "stop " + NODE,
    "rotate": f"rotate {HOOK} overlap {DURATION}",
    "retry": f"retry {HOOK}",
    "resolve": f"resolve {RULE}",
    "acknowledge": f"acknowledge {RULE}",
    "silence": f"silence {RULE} for {DURATION}",
    "speak": f"end the silence of {RULE}",
    "answer": HOOK + r" answers (?P<status>[2-5]\d\d)(?: retry-after (?P<retry>\d+))?(?: (?P<often>once|twice))?",
    "lose": HOOK + " loses its answer once",
    "hang": HOOK + " hangs once",
    "go_down": HOOK + " goes down",
    "come_up": HOOK + " comes up",
    "forget": HOOK + " forgets its secrets",
}
STEP = re.compile(r"at (?P<at>\d+(?:\.\d+)?)s (?P<does>.+)")


@dataclasses.dataclass(frozen=True)
class Step:
    at: float
    verb: str
    values: dict


def read(line):
    found = STEP.fullmatch(line)
    for verb, pattern in VERBS.items():
        said = found and re.fullmatch(pattern, found["does"])
        if said:
            return Step(float(found["at"]), verb, said.groupdict())
    raise ValueError("no step that is understood")


def as_json(text):
    """A number, a boolean or an object as JSON has it; anything else is a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def events(values):
    """What a `push` sends. A `#` in a value is the event's number."""
    made = []
    for number in range(1, int(values["times"] or 1) + 1):
        pairs = (pair.split("=", 1) for pair in values["fields"].split())
        fields = {name: as_json(value.replace("#", str(number))) for name, value in pairs}
        event = {"type": values["type"], "data": fields}
        if "subject" in fields:
            event["subject"] = str(fields.pop("subject"))
        made.append(event)
    return made
