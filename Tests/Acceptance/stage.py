"""What a scenario plays on: an installation of its own (a database, one node or several, all real processes), with its
webhooks, their receivers and its rules; and what each verb of a step does to it."""

import contextlib
import re
import threading
import time

import steps
from feed import Feed
from hook import Hook
from service import Service

SETTINGS = {"KEYBELL_LOOPS": "1", "KEYBELL_RATE_LIMIT": "0", "KEYBELL_PRIVATE_WEBHOOKS": "true"}


class Template:
    """An installation that was set up once, ended, and is copied for each scenario: its database, its root key and its
    first owner's token."""

    NAME = "acceptance"

    def __init__(self, binary, cluster):
        self.binary, self._cluster = binary, cluster
        # One copy at a time: PostgreSQL wants the template for itself.
        self._lock = threading.Lock()
        cluster.create(self.NAME)
        self._node = Service(binary, {**SETTINGS, "KEYBELL_DATABASE_URL": cluster.url(self.NAME)})

    def __enter__(self):
        try:
            self._node.start()
            self._node.bootstrap()
            self._node.stop()
        except BaseException:
            self._node.close()
            raise
        return self

    def __exit__(self, *_):
        self._node.close()

    def copy(self, name):
        """Another database with all that it has; returns its URL."""
        with self._lock:
            self._cluster.sql("postgres", f"create database {name} template {self.NAME}")
        return self._cluster.url(name)

    def node(self, database_url):
        """Not started yet."""
        root = self._node.settings["KEYBELL_ROOT_KEY_FILE"]
        node = Service(
            self.binary, {**SETTINGS, "KEYBELL_DATABASE_URL": database_url, "KEYBELL_ROOT_KEY_FILE": root})
        node.token = self._node.token
        return node


class Stage:
    def __init__(self, scenario, template):
        self.scenario, self.zero = scenario, None
        self.nodes, self.hooks, self.ids, self.feed, self.silences = {}, {}, {}, None, {}
        self._template = template
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _set_up(self):
        url = self._template.copy("acceptance_" + re.sub(r"\W", "_", self.scenario.name))
        for name in self.scenario.nodes:
            node = self.nodes[name] = self._template.node(url)
            self._stack.callback(node.close)
            node.start()
        for name, fields in self.scenario.webhooks.items():
            hook = self.hooks[name] = Hook()
            self._stack.callback(hook.close)
            made = self.must("POST", "/v1/webhooks", {"url": hook.url, "name": name, **fields})
            hook.secrets.append(made["secret"])
            self.ids[name] = made["id"]
        for name, fields in self.scenario.rules.items():
            sent = {**fields, "name": name}
            if "send_to" in sent:
                sent["send_to"] = [self.ids[hook] for hook in sent["send_to"]]
            made = self.must("POST", "/v1/alert-rules", sent)
            self.must("POST", f"/v1/alert-rules/{made['id']}/enable", {})
            self.ids[name] = made["id"]
        for name, fields in self.scenario.routes.items():
            self.must("POST", "/v1/routes", self.route(name, **fields))
        self.feed = Feed(list(self.nodes.values()))
        self._stack.callback(self.feed.close)

    def route(self, name, webhooks, escalate=(), **rest):
        steps = [{"after": after, "webhook_ids": [self.ids[hook]]} for after, hook in escalate]
        return {"name": name, "webhook_ids": [self.ids[hook] for hook in webhooks], "escalation": steps, **rest}

    def begin(self):
        self.zero = self.feed.zero = time.monotonic()
        for hook in self.hooks.values():
            hook.zero = self.zero

    @property
    def now(self):
        return time.monotonic() - self.zero

    def must(self, method, path, body=None, **rest):
        """By any node that is alive."""
        alive = next(node for node in self.nodes.values() if node.process and node.process.poll() is None)
        return alive.must(method, path, body, **rest)

    def first_attempts_left(self):
        """Whether a message waits that nobody has tried to send yet."""
        return any(
            delivery["state"] == "sending" or delivery["state"] == "pending" and delivery["attempt_count"] == 0
            for delivery in self.must("GET", "/v1/deliveries?limit=100")["data"])

    # Verbs

    def do(self, step):
        getattr(self, step.verb)(**step.values)

    def push(self, node, **values):
        events = steps.events(values)
        body = events[0] if len(events) == 1 else {"events": events}
        (self.nodes[node] if node else self).must("POST", "/v1/events", body)

    def kill(self, node):
        process = self.nodes[node].process
        process.kill()
        process.wait()

    def start(self, node):
        self.nodes[node].start()

    def stop(self, node):
        self.nodes[node].stop()

    def rotate(self, hook, duration):
        made = self.must("POST", f"/v1/webhooks/{self.ids[hook]}/secrets", {"overlap": duration})
        self.hooks[hook].secrets.append(made["secret"])

    def retry(self, hook):
        """All that waits for another attempt, as an operator does who knows that the receiver is up."""
        waiting = self.must("GET", f"/v1/deliveries?state=pending&limit=100&webhook_id={self.ids[hook]}")["data"]
        for delivery in waiting:
            self.must("POST", f"/v1/deliveries/{delivery['id']}/retry")

    def resolve(self, rule):
        self.each_alert(rule, "resolve")

    def acknowledge(self, rule):
        self.each_alert(rule, "acknowledge")

    def each_alert(self, rule, verb):
        firing = self.must("GET", f"/v1/alerts?state=firing&rule_id={self.ids[rule]}")["data"]
        for alert in firing:
            self.must("POST", f"/v1/alerts/{alert['id']}/{verb}", {})

    def silence(self, rule, duration):
        made = self.must("POST", "/v1/silences", {
            "matchers": [{"name": "rule", "value": rule}], "reason": "planned", "ends_in": duration})
        self.silences[rule] = made["id"]

    def speak(self, rule):
        self.must("POST", f"/v1/silences/{self.silences.pop(rule)}/end")

    def answer(self, hook, status, retry, often):
        headers = {"Retry-After": retry} if retry else {}
        self.hooks[hook].answer(int(status), headers, {None: None, "once": 1, "twice": 2}[often])

    def lose(self, hook):
        self.hooks[hook].lose()

    def hang(self, hook):
        self.hooks[hook].hang()

    def go_down(self, hook):
        self.hooks[hook].go_down()

    def come_up(self, hook):
        self.hooks[hook].come_up()

    def forget(self, hook):
        self.hooks[hook].secrets.clear()
