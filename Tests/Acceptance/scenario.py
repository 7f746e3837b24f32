"""A scenario as it is written, read into values. README.md has the language.

Whatever is not understood is an error that names the file and the line.
"""

import dataclasses
import re
import shlex

import steps

LISTS = {"on", "group_by", "send_to", "event_types", "matchers", "webhooks"}
WORDS_OF_A_RULE = {
    "severity", "on", "when", "for", "window", "sequence", "recover_when", "group_by", "cooldown", "labels", "send_to",
    "no_data_after",
}
WORDS_OF_A_ROUTE = {"matchers", "webhooks", "escalate"}
WORDS_OF_A_WEBHOOK = {"event_types", "matchers", "batch", "ordered", "payload", "max_per_second"}
FEED = "feed"
EXPECTATION = re.compile(
    r'expect (?P<place>\S+) between (?P<earliest>[\d.]+)s and (?P<latest>[\d.]+)s: '
    r'(?P<kind>refused |repeated )?(?P<type>[a-z0-9_.]+)(?: "(?P<rule>[^"]+)")?(?P<rest>.*)')
MATCHER = re.compile(r"([a-z0-9_.-]+)(=~|!~|!=|=)(.*)")


class Unreadable(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Expectation:
    """So many messages of one kind, at one place, within a time. Seconds since the scenario's beginning."""

    place: str
    earliest: float
    latest: float
    type: str
    rule: str | None = None
    is_refused: bool = False
    is_repeated: bool = False
    count: int = 1
    where: tuple = ()
    is_batched: bool = False
    signatures: int | None = None
    may_repeat: bool = False


@dataclasses.dataclass
class Scenario:
    name: str
    sentence: str = ""
    nodes: tuple = ("a",)
    is_long: bool = False
    tolerance: float | None = None
    watch_until: float = 0
    webhooks: dict = dataclasses.field(default_factory=dict)
    rules: dict = dataclasses.field(default_factory=dict)
    routes: dict = dataclasses.field(default_factory=dict)
    steps: list = dataclasses.field(default_factory=list)
    expectations: list = dataclasses.field(default_factory=list)
    as_in_the_feed: list = dataclasses.field(default_factory=list)
    must_fail: list = dataclasses.field(default_factory=list)


def read(name, text):
    reader = Reader(name)
    for number, line in enumerate(text.splitlines(), 1):
        try:
            reader.take(line)
        except (ValueError, KeyError, IndexError) as error:
            raise Unreadable(f"{name}:{number}: {error}: {line.strip()}") from None
    if not reader.scenario.sentence:
        raise Unreadable(f"{name}:1: the first line is a comment that says what must be so")
    reader.scenario.steps.sort(key=lambda step: step.at)
    return reader.scenario


class Reader:
    def __init__(self, name):
        self.scenario = Scenario(name)
        # Of the rule, route or webhook that indented lines belong to: its fields, and which there may be.
        self.fields, self.allowed = None, set()

    def take(self, line):
        scenario, bare = self.scenario, line.strip()
        if bare.startswith("#"):
            if not scenario.sentence:
                scenario.sentence = bare.lstrip("# ")
        elif not bare:
            self.fields = None
        elif line[0].isspace():
            self.take_field(bare)
        else:
            self.fields = None
            self.take_line(bare)

    def take_field(self, line):
        if self.fields is None:
            raise ValueError("nothing that this could belong to")
        word, _, rest = line.partition(" ")
        if word not in self.allowed:
            raise ValueError(f"{word} is none of {', '.join(sorted(self.allowed))}")
        self.fields[word] = value_of(word, rest.strip())

    def take_line(self, line):
        scenario = self.scenario
        first, _, rest = line.partition(" ")
        if first == "webhook":
            self.fields, self.allowed = {}, WORDS_OF_A_WEBHOOK
            scenario.webhooks[rest] = self.fields
        elif first == "rule":
            self.fields, self.allowed = {"severity": "warning"}, WORDS_OF_A_RULE
            scenario.rules[rest.strip('"')] = self.fields
        elif first == "route":
            self.fields, self.allowed = {}, WORDS_OF_A_ROUTE
            scenario.routes[rest] = self.fields
        elif first == "nodes":
            scenario.nodes = tuple(rest.split())
        elif first == "at":
            self.take_step(line)
        elif first == "expect":
            self.take_expectation(line)
        elif line == "only in full":
            scenario.is_long = True
        elif line.startswith("watch until "):
            scenario.watch_until = seconds(rest.removeprefix("until "))
        elif first == "tolerance":
            scenario.tolerance = seconds(rest)
        elif first == "must" and rest.startswith("fail: "):
            scenario.must_fail.append(rest.removeprefix("fail: "))
        else:
            raise ValueError("not understood")

    def take_expectation(self, line):
        same = re.fullmatch(r"expect feed equals (\S+)", line)
        if same:
            self.known(same[1])
            return self.scenario.as_in_the_feed.append(same[1])
        found = EXPECTATION.fullmatch(line)
        if not found:
            raise ValueError("not understood")
        if found["place"] != FEED:
            self.known(found["place"])
        if found["rule"]:
            self.known_rule(found["rule"])
        if float(found["latest"]) < float(found["earliest"]):
            raise ValueError("it ends before it begins")
        self.scenario.expectations.append(Expectation(
            place=found["place"], earliest=float(found["earliest"]), latest=float(found["latest"]),
            type=found["type"], rule=found["rule"], is_refused=found["kind"] == "refused ",
            is_repeated=found["kind"] == "repeated ", **details(found["rest"])))

    def take_step(self, line):
        step = steps.read(line)
        if step.values.get("hook"):
            self.known(step.values["hook"])
        if step.values.get("node") and step.values["node"] not in self.scenario.nodes:
            raise ValueError(f"no node {step.values['node']}")
        if step.values.get("rule"):
            self.known_rule(step.values["rule"])
        self.scenario.steps.append(step)

    def known_rule(self, rule):
        if rule not in self.scenario.rules:
            raise ValueError(f'no rule "{rule}"')

    def known(self, webhook):
        if webhook not in self.scenario.webhooks:
            raise ValueError(f"no webhook {webhook}")


def value_of(word, text):
    if word == "matchers":
        return [matcher(part) for part in shlex.split(text)]
    if word in LISTS:
        return text.replace(",", " ").split()
    if word == "escalate":
        return [tuple(step.split()) for step in text.split(",")]
    if word == "labels":
        return dict(part.split("=", 1) for part in shlex.split(text))
    return steps.as_json(text)


def matcher(text):
    found = MATCHER.fullmatch(text)
    if not found:
        raise ValueError(f"{text} is no matcher")
    return {"name": found[1], "operator": found[2], "value": found[3]}


def seconds(text):
    if not text.endswith("s"):
        raise ValueError("a time ends with s")
    return float(text[:-1])


def details(text):
    """`count 2 where group.key=k1 in batches signed by 2 secrets may repeat`, in any order."""
    made, words = {}, shlex.split(text)
    while words:
        if words[0] == "count":
            made["count"], words = int(words[1]), words[2:]
        elif words[:2] == ["in", "batches"]:
            made["is_batched"], words = True, words[2:]
        elif words[:2] == ["may", "repeat"]:
            made["may_repeat"], words = True, words[2:]
        elif words[:2] == ["signed", "by"] and words[3] in ("secret", "secrets"):
            made["signatures"], words = int(words[2]), words[4:]
        elif words[0] == "where":
            pairs, words = [], words[1:]
            while words and "=" in words[0]:
                pairs.append(tuple(words.pop(0).split("=", 1)))
            made["where"] = tuple(pairs)
        else:
            raise ValueError(f"{words[0]} is not understood")
    return made
