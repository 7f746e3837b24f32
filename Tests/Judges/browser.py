"""Debian's Chromium, driven over its own debugging pipe: nothing else is needed for it."""

import json
import os
import shutil
import subprocess
import tempfile

ANSWER_LIMIT_SECONDS = 60


class Browser:
    """One page, with a virtual authenticator that keeps passkeys and verifies its user."""

    def __enter__(self):
        program = shutil.which("chromium")
        assert program, "chromium is needed: Scripts/setup test installs it"
        self.folder = tempfile.mkdtemp(prefix="kbweb")
        commands, self.sending = os.pipe()
        self.receiving, answers = os.pipe()
        # The browser reads commands at 3 and answers at 4.
        script = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
             f"--user-data-dir={self.folder}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(commands, answers), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.count, self.rest, self.session = 0, b"", None
        try:
            target = self.tell("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            self.tell("Page.enable")
            self.tell("WebAuthn.enable")
            self.tell("WebAuthn.addVirtualAuthenticator", options={
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        os.close(self.sending)
        os.close(self.receiving)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, method, **parameters):
        """A command and its result; what else the browser says meanwhile is passed over."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.sending, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def message(self):
        while b"\0" not in self.rest:
            read = os.read(self.receiving, 65_536)
            assert read, "the browser has ended"
            self.rest += read
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def open(self, address):
        self.tell("Page.navigate", url=address)
        while self.message().get("method") != "Page.loadEventFired":
            pass

    def run(self, script):
        """What an asynchronous function with this body returns."""
        done = self.tell(
            "Runtime.evaluate", expression=f"(async () => {{ {script} }})()", awaitPromise=True,
            returnByValue=True, timeout=ANSWER_LIMIT_SECONDS * 1_000)
        assert "exceptionDetails" not in done, done["exceptionDetails"]["exception"].get("description")
        return done["result"].get("value")
