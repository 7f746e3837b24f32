"""What stock ccxt asks of an exchange, by method and path: the names of the parameters that it sent.

asked.json keeps it, so that an adapter's tables can be held against it: every path must be known to the
classifier, and no parameter of a stock client may be an unknown one.
"""

import json
import pathlib
import re
import urllib.parse

FILE = pathlib.Path(__file__).resolve().parent / "asked.json"
# What a client says of itself in every request, and what is the exchange's own way to sign.
PLAIN_HEADERS = {
    "host", "connection", "accept", "accept-encoding", "user-agent", "content-length", "content-type",
}


def names_of(requests):
    """{"POST /path": {"parameters": […], "headers": […]}} with ids of orders as {id}."""
    found = {}
    for one in requests:
        path = re.sub(r"/[^/]*7\d{9}[^/]*", "/{id}", one["path"])
        entry = found.setdefault(f"{one['method']} {path}", (set(), set()))
        entry[0].update(_parameters(one))
        entry[1].update(set(one["headers"]) - PLAIN_HEADERS)
    return {
        name: {"parameters": sorted(parameters), "headers": sorted(headers)}
        for name, (parameters, headers) in sorted(found.items())}


def _parameters(request):
    names = {f"?{name}" for name, _ in urllib.parse.parse_qsl(request["query"], keep_blank_values=True)}
    body = request["body"]
    if body[:1] in ("{", "["):
        return names | set(_members(json.loads(body), ""))
    return names | {name for name, _ in urllib.parse.parse_qsl(body, keep_blank_values=True)}


def _members(value, prefix):
    """Names with dots where they are nested, `[]` for an element."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _members(inner, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _members(inner, f"{prefix}[]")
    else:
        yield prefix


def recorded():
    return json.loads(FILE.read_text())


def record(by_exchange):
    """A line a path."""
    blocks = []
    for name, paths in by_exchange.items():
        rows = [f"    {json.dumps(path)}: {json.dumps(entry)}" for path, entry in paths.items()]
        blocks.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n  }")
    FILE.write_text("{\n" + ",\n".join(blocks) + "\n}\n")
