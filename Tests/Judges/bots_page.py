"""The table of connections in Docs/bots.md is the one that Tests/Clients/connections.py describes, and is tested with."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGINNING = "<!-- connections: from Tests/Clients/connections.py -->\n"
END = "\n<!-- end of connections -->"


def check():
    sys.path.insert(0, str(ROOT / "Tests" / "Clients"))
    import connections

    page = (ROOT / "Docs" / "bots.md").read_text("utf-8")
    shown = page.partition(BEGINNING)[2].partition(END)[0]
    if shown != connections.described():
        raise AssertionError("the table in Docs/bots.md is not what `python3 Tests/Clients/connections.py` prints")
