"""A mail server of few words: STARTTLS or TLS from the first byte, AUTH PLAIN and LOGIN over TLS only."""

import base64
import socketserver
import ssl


class MailHandler(socketserver.StreamRequestHandler):
    timeout = 60

    def handle(self):
        self.secure, self.user, self.sender, self.recipients = self.server.implicit, None, None, []
        if self.secure:
            self.wrap()
        self.say("220 stand-in ESMTP")
        while True:
            line = self.rfile.readline(4_096)
            if not line:
                return
            words = line.decode("utf-8", "replace").rstrip("\r\n")
            self.server.journal.heard(words)
            if not self.obey(words):
                return

    def obey(self, words):
        verb = words.split(" ")[0].upper()
        if verb == "QUIT":
            self.say("221 bye")
            return False
        if verb == "STARTTLS" and not self.secure and not self.server.plain:
            self.say("220 go ahead")
            self.wrap()
            return True
        answer = getattr(self, "on_" + verb.lower(), None)
        self.say(answer(words) if answer else "502 unknown")
        return True

    def wrap(self):
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.secure = True

    def say(self, text):
        self.wfile.write((text + "\r\n").encode())

    def on_ehlo(self, words):
        self.server.journal.name = words.split(" ")[1]
        offers = ["8BITMIME"] + (["AUTH PLAIN LOGIN"] if self.secure else [])
        if not self.secure and not self.server.plain:
            offers.append("STARTTLS")
        for offer in ["stand-in"] + offers[:-1]:
            self.say("250-" + offer)
        return "250 " + offers[-1]

    def on_auth(self, words):
        if not self.secure:
            return "538 not in clear"
        parts = words.split(" ")
        if parts[1].upper() == "PLAIN":
            token = parts[2] if len(parts) > 2 else self.ask("")
            _, user, password = base64.b64decode(token).decode().split("\0")
        else:
            user = base64.b64decode(self.ask("VXNlcm5hbWU6")).decode()
            password = base64.b64decode(self.ask("UGFzc3dvcmQ6")).decode()
        if (user, password) != ("keybell", "correct horse"):
            return "535 5.7.8 credentials are not taken"
        self.user = user
        return "235 2.7.0 welcome"

    def ask(self, prompt):
        self.say("334 " + prompt)
        return self.rfile.readline(4_096).decode().strip()

    def on_mail(self, words):
        if not self.user:
            return "530 5.7.0 who are you"
        self.sender, self.recipients = words.split(":", 1)[1], []
        return "250 2.1.0 yes"

    def on_rcpt(self, words):
        address = words.split(":", 1)[1]
        if address.startswith("<nobody@"):
            return "550 5.1.1 there is no such mailbox"
        if address.startswith("<busy@"):
            return "451 4.3.0 later"
        self.recipients.append(address)
        return "250 2.1.5 yes"

    def on_data(self, _):
        if not self.recipients:
            return "503 nobody"
        self.say("354 go on")
        lines = []
        while True:
            line = self.rfile.readline(2_000)
            if line in (b".\r\n", b""):
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        self.server.journal.mail(self.sender, self.recipients, b"".join(lines))
        return "250 2.0.0 kept"


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads, request_queue_size = True, 64

    def __init__(self, certificate, key, journal, implicit=False, plain=False):
        super().__init__(("127.0.0.1", 0), MailHandler)
        self.journal, self.implicit, self.plain = journal, implicit, plain
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)

    def handle_error(self, *_):
        """A client that ends the handshake is no error of ours."""
