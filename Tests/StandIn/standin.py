#!/usr/bin/env python3
"""usage: standin.py

Plays exchanges on loopback, one port each, and checks signatures as they document it. Prints its ports as one
line of JSON: {"control": 40001, "exchanges": {"binance": 40002, …}}. Ends on SIGTERM, and when the pipe or
terminal that it reads from closes. Needs `cryptography`, Debian's python3-cryptography.
"""

import json
import os
import pathlib
import signal
import stat
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import interpreter  # noqa: E402

interpreter.go_on_with_cryptography()
from control import Control  # noqa: E402
from desk import Desk  # noqa: E402
from exchanges import ALL  # noqa: E402
from wire import Server  # noqa: E402

WAKE_SECONDS = 0.5


class StandIn:
    def __init__(self):
        self.desk = Desk()
        self._exchanges = {one.host or one.name: Server(one(self.desk).deliver) for one in ALL}
        self._control = Server(Control(self.desk, self.ports, self._exchanges).deliver)

    def start(self):
        for server in (*self._exchanges.values(), self._control):
            server.start()

    def stop(self):
        for server in (*self._exchanges.values(), self._control):
            server.stop()

    def ports(self):
        exchanges = {name: server.port for name, server in self._exchanges.items()}
        return {"control": self._control.port, "exchanges": exchanges}


def end_with_input(ended):
    """Only where somebody holds the other end: a program started from /dev/null has no input to lose."""
    kind = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or os.isatty(0)):
        return
    while os.read(0, 4_096):
        pass
    ended.set()


def main():
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    stand_in = StandIn()
    stand_in.start()
    print(json.dumps(stand_in.ports()), flush=True)
    threading.Thread(target=end_with_input, args=(ended,), daemon=True).start()
    # A signal that comes just before a wait without a limit begins would be seen after it only.
    while not ended.wait(WAKE_SECONDS):
        pass


if __name__ == "__main__":
    main()
