"""A node killed at exact moments. A lock in the database, or a receiver that does not answer yet, holds the node where it
is until it is dead:

    before_commit   the transaction of an event waits for the table
    before_send     the event is committed, and its message waits for its turn at the webhook
    before_record   the receiver has the message, and the node does not know yet
    in_rotation     a new secret is being stored, and the old one not yet retired
    in_round        a rule over several events has worked out that it fires, and nothing of it is written
    before_told     the receiver has the alert, and the node does not know yet

Beside the webhook of the events stand two of alerts: an ordered one of a rule over single events, and a batched one of a
rule with a window. Every event is told by each of the three, once.
"""

import subprocess
import threading
import time

POINTS = ["before_commit", "before_send", "before_record", "in_rotation", "in_round", "before_told"]
RULES = {
    "single": ({}, {"ordered": True}),
    "window": ({"window": {"count": 1, "within": "1h"}}, {"batch": True}),
}
# The service gives up waiting for a lock after 2 s.
WAIT_SECONDS = 1.9
ANSWER_SECONDS = 60


class Hold:
    """Keeps locks until it is left."""

    def __init__(self, cluster, database, statement):
        command = [
            cluster.program("psql"), "-h", str(cluster.socket), "-U", "bench", "-d", database, "-X", "-q", "-A", "-t"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(f"begin;\n{statement};\nselect 'held';\n")
        self.process.stdin.flush()
        while self.process.stdout.readline().strip() != "held":
            if self.process.poll() is not None:
                raise RuntimeError(f"not held: {statement}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Walk:
    """All points, on one installation."""

    def __init__(self, cluster, database, nodes, receiver, alerts):
        """`alerts`: a receiver for each of RULES."""
        self.cluster, self.database, self.nodes = cluster, database, nodes
        self.receiver, self.alerts = receiver, alerts
        self.accepted, self.next, self.kills, self.rotations = set(), 0, 0, []
        # Of the type that the rules take.
        self.points = set()

    def prepare(self):
        made = self.nodes[0].must("POST", "/v1/webhooks", {
            "url": self.receiver.url, "name": "points", "event_types": ["custom.point"], "max_per_second": 1000})
        self.receiver.secrets.append(made["secret"])
        for name, (rule, terms) in RULES.items():
            self.prepare_alerts(name, rule, terms)
        # Only a webhook that has sent has a row of turns to hold.
        self.push(self.nodes[0])

    def prepare_alerts(self, name, rule, terms):
        receiver, node = self.alerts[name], self.nodes[0]
        made = node.must("POST", "/v1/webhooks", {
            "url": receiver.url, "name": name, "event_types": ["alert.firing"], "max_per_second": 1000, **terms})
        receiver.secrets.append(made["secret"])
        made = node.must("POST", "/v1/alert-rules", {
            "name": name, "severity": "warning", "on": ["custom.point"], "group_by": ["event.n"],
            "send_to": [made["id"]], **rule})
        node.must("POST", f"/v1/alert-rules/{made['id']}/enable", {})

    def push(self, node, kind="custom.point"):
        number, self.next = self.next, self.next + 1
        if kind == "custom.point":
            self.points.add(number)
        if self.send(node, number, kind):
            self.accepted.add(number)
        return number

    def send(self, node, number, kind="custom.point"):
        body = {"id": f"n{number}", "type": kind, "data": {"n": number}}
        try:
            return node.call("POST", "/v1/events", body).status in (200, 201)
        except Exception:  # however a killed server's answer ends
            return False

    def run(self, point, node):
        getattr(self, point)(node)
        node.start()
        # Whoever heard no answer asks again, under the same id.
        for number in sorted(set(range(self.next)) - self.accepted):
            if self.send(node, number):
                self.accepted.add(number)

    def kill(self, node):
        node.process.kill()
        node.process.wait()
        self.kills += 1

    def before_commit(self, node):
        with Hold(self.cluster, self.database, "lock table event in share mode"):
            pushing = self.begin(lambda: self.push(node))
            self.await_lock()
            self.kill(node)
        pushing.join()

    def before_send(self, node):
        with Hold(self.cluster, self.database, "select 1 from webhook_pace for update"):
            self.push(node)
            self.await_lock()
            self.kill(node)

    def before_record(self, node):
        number = self.next
        with self.receiver.keeping(number) as arrived:
            pushing = self.begin(lambda: self.push(node))
            if not arrived.wait(ANSWER_SECONDS):
                raise RuntimeError(f"message {number} never came")
            pushing.join()
            self.kill(node)

    def in_round(self, node):
        with Hold(self.cluster, self.database, "lock table rule_window in share mode"):
            self.push(node)
            self.await_lock()
            self.kill(node)

    def before_told(self, node):
        number = self.next
        with self.alerts["single"].keeping(number) as arrived:
            self.push(node)
            if not arrived.wait(ANSWER_SECONDS):
                raise RuntimeError(f"the alert of {number} never came")
            self.kill(node)

    def in_rotation(self, node):
        kind = f"custom.rotated_{self.next}"
        made = node.must("POST", "/v1/webhooks", {
            "url": self.receiver.url, "name": f"rotated {self.next}", "event_types": [kind]})
        self.receiver.secrets.append(made["secret"])
        path = f"/v1/webhooks/{made['id']}"
        with Hold(self.cluster, self.database, "select 1 from webhook_secret for update"):
            rotating = self.begin(lambda: self.rotate(node, path))
            self.await_lock()
            self.kill(node)
        rotating.join()
        self.rotations.append((path, kind))

    def rotate(self, node, path):
        try:
            answer = node.call("POST", f"{path}/secrets", {"overlap": "1h"})
        except Exception:
            return
        if answer.status == 201:
            self.receiver.secrets.append(answer.json()["secret"])

    def check_rotations(self):
        """Each is whole or was never there, and what is sent is signed with what the receiver knows."""
        counts = []
        for path, kind in self.rotations:
            counts.append(len(self.nodes[0].must("GET", path)["secrets"]))
            self.push(self.nodes[0], kind)
        return all(count in (1, 2) for count in counts)

    def begin(self, work):
        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def await_lock(self):
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            if int(self.cluster.sql(self.database, "select count(*) from pg_locks where not granted")) > 0:
                return
        # Too late on a loaded machine: the kill comes anyway, where the node happens to be.
