#!/usr/bin/env python3
"""usage: tour.py [--binary PATH]

Runs the README's tour as a reader would: every ```sh block between the two `tour` comments, in one bash,
against a fresh service. A block must not fail in any command. What the README shows beneath it must come back:
each line's parts between `…`, in that order. A block marked ```sh again only reads, and is repeated until that
holds or patience ends. Standard library only.
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
from service import Service, free_port  # noqa: E402

BEGIN, END = "<!-- tour:", "<!-- end of the tour -->"
PATIENCE_SECONDS = 60  # for a busy machine
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
        try:
            os.killpg(self._bash.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._bash.wait()
        self._output.close()

    def _send(self, text):
        self._bash.stdin.write(text.encode())
        self._bash.stdin.flush()

    def _read(self, at):
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size - at, at).decode(errors="replace")


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


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--binary", default=str(ROOT / ".build" / "debug" / "keybell"))
    binary = pathlib.Path(options.parse_args().binary).resolve()
    blocks = read_blocks((ROOT / "README.md").read_text())
    with Service(binary, {"KEYBELL_LOOPS": "2"}) as service, tempfile.TemporaryDirectory(
        prefix="tour"
    ) as folder:
        environment = {
            **os.environ,
            "K": service.base,
            "DATA": str(service.folder / "data"),
            "KEYBELL": str(binary),
            "PORT": str(free_port()),
            "TMPDIR": folder,
        }
        shell = Shell(environment)
        try:
            for block in blocks:
                play(shell, block)
        finally:
            shell.close()
    parts = sum(len(block.expected) for block in blocks)
    print(f"tour: {len(blocks)} blocks of README.md ran, {parts} parts compared")
    return 0


if __name__ == "__main__":
    sys.exit(main())
