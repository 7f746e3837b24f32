"""The service's own statements for one read, taken from PostgreSQL's log, as scripts for pgbench.

So the peer runs what we run, whatever the statements look like by then.
"""

import hashlib
import re
import time
import uuid

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # of the ids on the wire
SCRIPTS = 64  # pgbench takes 128 at most
ENTRY = re.compile(r"LOG:  execute [^:\n]*: (.*?)\n(?=\d{4}-)(?:[^\n]*DETAIL:  [Pp]arameters: ([^\n]*)\n)?", re.S)
PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")


def uuid_of(identifier):
    """`key_01k…` → the uuid in the database."""
    number = 0
    for character in identifier.rsplit("_", 1)[1]:
        number = number * 32 + ALPHABET.index(character)
    return str(uuid.UUID(int=number))


def identities(token, path):
    """What may stand for this pair in a statement's parameters."""
    return {"token": hashlib.sha256(token.encode()).hexdigest(), "key": uuid_of(path)}


def statements(log, wanted):
    """[(SQL, parameters)] in the log that carry one of the wanted values, each statement once."""
    found = {}
    for sql, parameters in ENTRY.findall(log):
        if any(value in parameters for value in wanted.values()):
            found.setdefault(sql, dict(PARAMETER.findall(parameters)))
    return list(found.items())


def script(captured, first, other):
    """The statements with another pair's values in place of the first's, one a line."""
    lines = []
    for sql, parameters in captured:
        for name, value in first.items():
            parameters = {n: text.replace(value, other[name]) for n, text in parameters.items()}
        text = re.sub(r"\$(\d+)", lambda match: parameters.get(match.group(1), match.group(0)), " ".join(sql.split()))
        lines.append(text + ";\n")
    return "".join(lines)


def scripts(bench, service, pairs):
    """(Files for pgbench, one for each of the first pairs; the number of statements in each). None and 0 when the read
    did not show in the log."""
    token, path = pairs[0]
    log = bench.cluster.folder / "log"
    switch = "alter system {}; select pg_reload_conf();"
    for command in switch.format("set log_statement = 'all'").split("; "):
        bench.cluster.sql("postgres", command)
    time.sleep(0.5)
    start = log.stat().st_size
    answer = service.call("GET", path, token=token)
    time.sleep(0.5)
    for command in switch.format("reset log_statement").split("; "):
        bench.cluster.sql("postgres", command)
    if answer.status != 200:
        raise RuntimeError(f"GET {path}: {answer.status}")
    text = log.read_bytes()[start:].decode(errors="replace") + "\n0000-\n"
    first = identities(token, path)
    captured = statements(text, first)
    files = []
    for number, pair in enumerate(pairs[:SCRIPTS] if captured else []):
        file = bench.scratch / f"own-{number}.sql"
        file.write_text(script(captured, first, identities(*pair)))
        files.append(file)
    return files, len(captured)
