#!/usr/bin/env python3
"""usage: tour.py [--binary PATH] [DOCUMENT…]

Runs the tours of README.md and of three pages of Docs (or of the documents named) as a reader would: every
```sh block between the two `tour` comments, in one bash. README's is against a fresh service; the others start
their own. A block must not fail in any command. What the document shows beneath it must come back: each line's parts between
`…`, in that order. A block marked ```sh again only reads, and is repeated until that holds or patience ends.
Standard library only.
"""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Scripts" / "lib"))
from built import program  # noqa: E402
from service import Service, free_port  # noqa: E402

README = "README.md"
TOURS = (README, "Docs/keys.md", "Docs/alerts.md", "Docs/signals.md")
BEGIN, END = "<!-- tour:", "<!-- end of the tour -->"
PATIENCE_SECONDS = 300  # for a busy machine
END_LIMIT_SECONDS = 30  # a service that a block started drains, and stops its PostgreSQL
FENCE = re.compile(r"^```(\w+)( again)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block:
    def __init__(self, script, may_repeat):
        self.script, self.may_repeat, self.expected = script, may_repeat, []


def read_blocks(text):
    """The tour's shell blocks, each with the parts that its output must contain, in order."""
    begin, end = text.index(BEGIN), text.index(END)
    blocks = []
    for language, again, body in FENCE.findall(text[begin:end]):
        if language == "sh":
            blocks.append(Block(body, bool(again)))
        else:
            parts = [part.strip() for line in body.splitlines() for part in line.split("…")]
            blocks[-1].expected += [part for part in parts if part]
    return blocks


class Shell:
    """One bash that lives through the tour, so that its variables and its folder do."""

    # The last line of a block's output: its number, then how many commands failed in it.
    MARK = "== end of block {} =="
    BEFORE = """set -Euo pipefail
failures=0
trap 'failures=$((failures + 1)); echo "FAILED: $BASH_COMMAND"' ERR
"""

    def __init__(self, environment):
        self._output = tempfile.TemporaryFile()
        self._bash = subprocess.Popen(
            ["bash"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )
        self._number = 0
        self._send(self.BEFORE)

    def run(self, script):
        """What the block printed; RuntimeError when a command of it failed or it does not end."""
        self._number += 1
        mark = self.MARK.format(self._number)
        at = self._output.seek(0, os.SEEK_END)
        self._send(f"{script}\nprintf '\\n%s %s\\n' '{mark}' \"$failures\"; failures=0\n")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            printed = self._read(at)
            text, found, rest = printed.partition(f"\n{mark} ")
            if found and "\n" in rest:
                if rest.split()[0] != "0":
                    raise RuntimeError(f"a command failed:\n{text}")
                return text
            if self._bash.poll() is not None:
                raise RuntimeError(f"bash ended with {self._bash.returncode}:\n{printed}")
            time.sleep(0.01)
        raise RuntimeError(f"the block does not end:\n{self._read(at)}")

    def close(self):
        """Ends bash and what it left in the background, all in a session of their own."""
        group = self._bash.pid
        send(group, signal.SIGTERM)
        deadline = time.monotonic() + END_LIMIT_SECONDS
        while is_alive(group) and time.monotonic() < deadline:
            self._bash.poll()
            time.sleep(0.05)
        send(group, signal.SIGKILL)
        self._bash.wait()
        self._output.close()

    def _send(self, text):
        self._bash.stdin.write(text.encode())
        self._bash.stdin.flush()

    def _read(self, at):
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size - at, at).decode(errors="replace")


def send(group, which):
    try:
        os.killpg(group, which)
    except ProcessLookupError:
        pass


def is_alive(group):
    """Whether a process of the group runs; one that ended and was not waited for does not."""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = path.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(of_group) == group and state not in "ZX":
            return True
    return False


def missing(printed, expected):
    """The first part that does not follow the ones before it."""
    place = 0
    for part in expected:
        found = printed.find(part, place)
        if found < 0:
            return part
        place = found + len(part)
    return None


def play(shell, block):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        printed = shell.run(block.script)
        part = missing(printed, block.expected)
        if part is None:
            return
        if not block.may_repeat or time.monotonic() > deadline:
            raise RuntimeError(f"after\n{block.script}\ncame\n{printed}\nwithout: {part}")
        time.sleep(0.1)


def follow(document, environment):
    """Plays a document's tour from its first block to its last."""
    blocks = read_blocks((ROOT / document).read_text())
    # The folder that blocks make theirs in; PostgreSQL's own user must pass through it when root runs this.
    with tempfile.TemporaryDirectory(prefix="tour") as folder:
        os.chmod(folder, 0o711)
        shell = Shell({**os.environ, "PORT": str(free_port()), "TMPDIR": folder, **environment})
        try:
            for block in blocks:
                play(shell, block)
        finally:
            shell.close()
    parts = sum(len(block.expected) for block in blocks)
    print(f"tour: {len(blocks)} blocks of {document} ran, {parts} parts compared", flush=True)


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--binary", default=str(program("keybell")))
    options.add_argument("documents", nargs="*", metavar="DOCUMENT", help=" or ".join(TOURS))
    chosen = options.parse_args()
    binary = pathlib.Path(chosen.binary).resolve()
    for document in chosen.documents or TOURS:
        if document != README:
            follow(document, {"KEYBELL": str(binary)})
            continue
        service = Service(binary, {"KEYBELL_LOOPS": "2"})
        service.settings["KEYBELL_PUBLIC_ORIGIN"] = f"http://localhost:{service.port}"
        with service:
            data = str(service.folder / "data")
            follow(document, {"KEYBELL": str(binary), "K": service.base, "DATA": data})
    return 0


if __name__ == "__main__":
    sys.exit(main())
