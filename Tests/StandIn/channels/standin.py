#!/usr/bin/env python3
"""usage: standin.py FOLDER

Slack, Discord, Telegram, PagerDuty, Teams, a receiver of CloudEvents and flat JSON, and three mail servers on loopback.
Prints one line of JSON with the ports and the mail servers' certificate, and serves until it is ended.

`POST /behave {maker, status, headers, body, times}` has a maker answer that; `GET /journal` says what came and what
became of it; `GET /mails` what was mailed.
"""

import email
import email.policy
import http.server
import json
import pathlib
import subprocess
import sys
import threading

import mail
import makers

SECRETS = {
    "slack": "/services/T0/B0/open-sesame",
    "discord": "/api/webhooks/1/open-sesame",
    "telegram": "/bot123456:open-sesame-open-sesame/sendMessage",
    "pagerduty": "/v2/enqueue",
    "teams": "/workflows/open-sesame",
}


class Journal:
    def __init__(self):
        self.lock = threading.Lock()
        self.entries, self.mails, self.lines, self.behaviours, self.name = [], [], [], {}, ""

    def heard(self, line):
        with self.lock:
            self.lines.append(line)

    def note(self, maker, verdict, body):
        with self.lock:
            self.entries.append({"maker": maker, "verdict": verdict, "body": body})

    def mail(self, sender, recipients, raw):
        message = email.message_from_bytes(raw, policy=email.policy.default)
        kept = {
            "sender": sender,
            "recipients": recipients,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
            "raw": raw.decode(),
            "text": self.part(message, "plain"),
            "html": self.part(message, "html"),
        }
        with self.lock:
            self.mails.append(kept)

    def part(self, message, kind):
        body = message.get_body((kind,))
        return body.get_content() if body else None

    def behaviour(self, maker):
        with self.lock:
            wanted = self.behaviours.get(maker)
            if not wanted or wanted["times"] == 0:
                return None
            wanted["times"] -= 1
            return wanted["status"], wanted.get("headers", {}), wanted.get("body", "")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        journal = self.server.journal
        with journal.lock:
            answers = {
                "/journal": {"entries": journal.entries},
                "/mails": {"mails": journal.mails, "lines": journal.lines, "name": journal.name},
            }
            said = json.dumps(answers.get(self.path, {}))
        self.answer(200, {}, said)

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/behave":
            wanted = json.loads(raw)
            with self.server.journal.lock:
                self.server.journal.behaviours[wanted["maker"]] = wanted
            return self.answer(200, {}, "{}")
        return self.answer(*self.judged(raw))

    def judged(self, raw):
        maker = next((name for name, path in SECRETS.items() if path == self.path), self.path[1:])
        scripted = self.server.journal.behaviour(maker)
        if scripted:
            self.server.journal.note(maker, "scripted", None)
            return scripted
        try:
            body = json.loads(raw)
            if maker in makers.JUDGES:
                makers.JUDGES[maker](body, raw)
            elif maker == "cloudevents":
                makers.cloud_event({name.lower(): value for name, value in self.headers.items()}, raw)
            elif maker != "json":
                raise makers.Refusal("no such place")
        except (makers.Refusal, KeyError, TypeError, ValueError) as error:
            self.server.journal.note(maker, f"{type(error).__name__}: {error}", raw.decode("utf-8", "replace"))
            return makers.refused(maker, str(error))
        if maker not in makers.LIMITS:
            self.server.journal.note(maker, "accepted", body)
            return 204, {}, ""
        wait = self.server.windows.wait(maker, makers.LIMITS[maker])
        self.server.journal.note(maker, "rate" if wait else "accepted", body)
        return makers.throttled(maker, wait) if wait else makers.taken(maker)

    def answer(self, status, headers, body):
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if status != 204:
            self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    # Many connections at one moment must not wait for a repeated SYN.
    daemon_threads, request_queue_size = True, 256


def certificate(folder):
    """One that is its own authority."""
    names = str(folder / "mail.pem"), str(folder / "mail.key")
    subject = "subjectAltName=DNS:mail.example,IP:127.0.0.1"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *curve, "-subj", "/CN=mail.example", "-addext", subject]
    subprocess.run([*command, "-out", names[0], "-keyout", names[1]], check=True, stderr=subprocess.DEVNULL)
    return names


def main():
    folder = pathlib.Path(sys.argv[1])
    journal = Journal()
    server = Server(("127.0.0.1", 0), Handler)
    server.journal, server.windows = journal, makers.Windows()
    authority, key = certificate(folder)
    mails = {
        "smtp": mail.MailServer(authority, key, journal),
        "smtps": mail.MailServer(authority, key, journal, implicit=True),
        "plain": mail.MailServer(authority, key, journal, plain=True),
    }
    for one in mails.values():
        threading.Thread(target=one.serve_forever, daemon=True).start()
    ports = {name: one.server_address[1] for name, one in mails.items()}
    ports["http"] = server.server_address[1]
    print(json.dumps({"ports": ports, "authority": pathlib.Path(authority).read_text()}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
