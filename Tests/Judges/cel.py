"""The judge `cel`: the tables of Tests/Fixtures/expressions against Google's own implementation (cel-cpp, as the
package cel-expr-python), and the pairs of patterns and texts against Python's `re` and against RE2, which stands
behind cel-cpp's `matches`. ExpressionsTests hold our implementation against the same tables."""

import datetime
import json
import pathlib
import random
import re

TABLES = pathlib.Path(__file__).resolve().parents[1] / "Fixtures" / "expressions"
PAIRS = 4_000
SEED = 20251
# Rows about ip(), cidr() and decimal(), which are ours; and the pairs.
NOT_CEL = {"ours", "regex-pairs", "generated"}

# Where cel-cpp differs, each with the clause that says otherwise or leaves it open. LD is doc/langdef.md of
# the specification.
EXACT = "LD, Numeric Values: numbers of different types compare as on one number line; cel-cpp rounds to a double"
OPEN_TEXT = "LD leaves the digits of a fraction open; cel-cpp writes 3, 6 or 9 of them, we those that say something"
DEVIATIONS = {
    "9007199254740993 == 9007199254740992.0": EXACT,
    "9007199254740993 > 9007199254740992.0": EXACT,
    "9223372036854775807 < 9223372036854775808.0": EXACT,
    "9223372036854775807 == 9223372036854775808.0": EXACT,
    "int(' 1')": "LD, Syntax: no blanks within an INT_LIT, and a conversion reads no more than a literal says",
    "int(dyn(true))": "LD, List of Standard Definitions: int has no overload for a bool",
    "string(timestamp('2009-02-13T23:31:30.5+01:00'))": OPEN_TEXT,
    "string(duration('1.5s'))": OPEN_TEXT,
    "string(duration('-250ms'))": OPEN_TEXT,
    "1.0e400": "LD, Overflow: what exceeds the range is an error; a literal that cannot be meant is refused",
    r"'\ud83d\ude00'": "LD, String and Bytes Values: characters of other planes may be written as surrogate pairs",
    'R"a\\"': "LD, Syntax: a raw string ends with the next quote, escapes have no meaning in it",
    "{1: 1, 1u: 2}": "LD, Equality: 1 == 1u, so these are one key twice",
    "timestamp('2009-02-13T23:31:30.123456789Z').getHours('+25:00')": "LD, Timezones: hours and minutes from UTC",
    "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')":
        "LD, Overflow: the result is within protobuf's Duration; cel-cpp computes in 64-bit nanoseconds",
}


def literal(value):
    """A value of the tables as an expression."""
    (kind, inner), = value.items()
    if kind == "list":
        return f"[{', '.join(literal(e) for e in inner)}]"
    if kind == "map":
        return "{" + ", ".join(f"{literal(k)}: {literal(e)}" for k, e in inner) + "}"
    written = {
        "null": lambda v: "null", "bool": lambda v: str(v).lower(), "int": str, "uint": lambda v: v + "u",
        "double": lambda v: repr(float(v)), "string": lambda v: json.dumps(v, ensure_ascii=False), "type": str,
        "bytes": lambda v: "b'" + "".join(f"\\x{b:02x}" for b in bytes.fromhex(v)) + "'",
        "timestamp": lambda v: f"timestamp('{v}')", "duration": lambda v: f"duration('{v}')",
    }
    return written[kind](inner)


def bound(value):
    """A value of the tables as a variable's value."""
    (kind, inner), = value.items()
    if kind == "list":
        return [bound(e) for e in inner]
    if kind == "map":
        return {bound(k): bound(e) for k, e in inner}
    if kind == "int":
        return int(inner)
    return datetime.datetime.fromisoformat(inner.replace("Z", "+00:00")) if kind == "timestamp" else inner


def declared(name):
    from cel_expr_python import cel

    types = {
        "int": cel.Type.INT, "string": cel.Type.STRING, "timestamp": cel.Type.TIMESTAMP, "dyn": cel.Type.DYN,
        "list(int)": cel.Type.List(cel.Type.INT), "map(string,int)": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
        "map(string,dyn)": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    }
    return types[name]


class NoValue(Exception):
    """The expression is refused, or its evaluation gives an error."""


def evaluate(expression, variables, checked=True):
    from cel_expr_python import cel

    types = {name: declared(entry["type"]) for name, entry in variables.items()}
    values = {name: bound(entry["value"]) for name, entry in variables.items()}
    try:
        result = cel.NewEnv(variables=types).compile(expression, disable_check=not checked).eval(data=values)
    except RuntimeError as error:
        raise NoValue(f"refused: {str(error)[:90]!r}") from None
    if result.type() == cel.Type.ERROR:
        raise NoValue(f"error: {str(result.value())[:90]!r}")
    return result.value()


def is_expected(row, checked):
    """By CEL's own equality and `type`, of the whole and of the elements of a list."""
    wanted, variables = literal(row["expected"]), row.get("variables", {})
    # A comment may end the expression.
    written = f"({row['expression']}\n)"
    questions = [f"dyn({written}) == dyn({wanted})", f"type({written}) == type({wanted})"]
    if "list" in row["expected"]:
        questions.append(f"dyn({written}).map(e, type(e)) == dyn({wanted}).map(e, type(e))")
    return all(evaluate(question, variables, checked) for question in questions)


def deviation(row):
    """How cel-cpp differs from a row; None when it agrees."""
    variables = row.get("variables", {})
    if "expected" not in row:
        try:
            return f"the value {evaluate(row['expression'], variables)!r}"
        except NoValue:
            return None
    try:
        # Its checker takes no numbers of different types together; its evaluator, as LD wants it, does.
        checked = True
        try:
            evaluate(row["expression"], variables)
        except NoValue as refusal:
            if "no matching overload" not in str(refusal):
                raise
            checked = False
        return None if is_expected(row, checked) else f"the value {evaluate(row['expression'], variables, checked)!r}"
    except NoValue as reason:
        return str(reason)


def judge_tables():
    rows = deviating = 0
    for path in sorted(TABLES.glob("*.json")):
        if path.stem in NOT_CEL:
            continue
        for row in json.loads(path.read_text(encoding="utf-8")):
            rows += 1
            found, known = deviation(row), DEVIATIONS.get(row["expression"])
            if found and not known:
                raise AssertionError(f"{path.name}: {row}: cel-cpp has {found}")
            if known and not found:
                raise AssertionError(f"{path.name}: {row['expression']} is listed as a deviation and is none")
            deviating += bool(found)
    if deviating != len(DEVIATIONS):
        raise AssertionError("a listed deviation is in no table")
    return rows, deviating


def pattern(r, depth=0):
    kind = r.randrange(12)
    if depth > 3 or kind < 5:
        atom = r.choice(["a", "b", "c", "1", " ", "_", ".", "é", r"\.", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S",
                         "[ab]", "[^a]", "[a-c1]", r"[\d_]", r"[^\w]", "[b-]"])
    elif kind < 8:
        atom = "".join(pattern(r, depth + 1) for _ in range(r.randrange(1, 4)))
        return atom
    elif kind < 10:
        branches = [pattern(r, depth + 1) if r.randrange(8) else "" for _ in range(r.randrange(1, 4))]
        atom = r.choice(["(", "(?:"]) + "|".join(branches) + ")"
    else:
        return r.choice(["^", r"\b", r"\B", r"\A", ""]) + pattern(r, depth + 1)
    if r.randrange(3) == 0:
        atom += r.choice(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}"]) + r.choice(["", "", "?"])
    return atom

def pairs(seed, count):
    r = random.Random(seed)
    rows = []
    while len(rows) < count:
        written = pattern(r) + r.choice(["", "", "", "$"])
        flags = r.choice(["", "", "", "(?i)", "(?s)", "(?m)", "(?im)"])
        if len(written) > 60:
            continue
        text = "".join(r.choice("aabbcAB1 _.é\n-") for _ in range(r.randrange(0, 9)))
        # Python finds no \\B in an empty text, RE2 does.
        if not text and "\\B" in written:
            continue
        # `$` means the very end in RE2 without (?m), before a last line feed too in Python.
        python = flags + (written if "m" in flags else written.replace("$", r"\Z"))
        rows.append([flags + written, text, re.search(python, text, re.ASCII) is not None])
    return rows


def judge_pairs():
    from cel_expr_python import cel

    rows = json.loads((TABLES / "regex-pairs.json").read_text(encoding="utf-8"))
    if rows != pairs(SEED, PAIRS):
        raise AssertionError("regex-pairs.json is not what re and the seed give; see the end of Tests/Judges/cel.py")
    environment = cel.NewEnv(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING})
    program = environment.compile("text.matches(pattern)")
    for pattern_, text, found in rows:
        theirs = program.eval(data={"text": text, "pattern": pattern_}).value()
        if theirs != found:
            raise AssertionError(f"{pattern_!r} in {text!r}: RE2 says {theirs}, re says {found}")
    return len(rows), sum(row[2] for row in rows)


VARIABLES = {
    "x": {"type": "int", "value": {"int": "7"}}, "s": {"type": "string", "value": {"string": "grün"}},
    "l": {"type": "list(int)", "value": {"list": [{"int": "3"}, {"int": "-1"}, {"int": "9"}]}},
}
LEAVES = {
    "bool": ["true", "false"], "int": ["0", "1", "-3", "9223372036854775807", "x", "l[0]", "l[2]"],
    "uint": ["0u", "5u", "18446744073709551615u"], "double": ["0.0", "1.5", "-2e3", "0.1"],
    "string": ["''", "'abc'", "'é😀'", "s", "'10'"], "bytes": ["b''", "b'a\\xff'"], "list": ["[]", "[1, 2]", "l"],
    "timestamp": ["timestamp('1970-01-01T00:00:00Z')", "timestamp('2024-02-29T12:00:00.5Z')"],
    "duration": ["duration('0s')", "duration('-90m')", "duration('1.5s')"],
}
# {name} is an expression of that type. Left out is where DEVIATIONS say that cel-cpp differs.
FORMS = {
    "bool": [
        "({bool} && {bool})", "({bool} || {bool})", "!({bool})", "({int} == {int})", "({int} < {int})",
        "({uint} >= {uint})", "({double} < {double})", "({double} != {double})", "({string} <= {string})",
        "({string} == {string})", "({bytes} > {bytes})", "({timestamp} < {timestamp})", "({duration} == {duration})",
        "(dyn({int}) == {uint})", "(dyn({int}) < dyn({uint}))", "({int} in {list})", "({list} == {list})",
        "{list}.all(e, e > {int})", "{list}.exists(e, 6 / e == {int})", "{list}.exists_one(e, e < {int})",
        "{string}.contains({string})", "{string}.startsWith({string})", "{string}.endsWith({string})",
        "{string}.matches('^[a-z]*.?$')", "(type({int}) == type({uint}))", "({bool} == {bool})",
    ],
    "int": [
        "({int} + {int})", "({int} - {int})", "({int} * {int})", "({int} / {int})", "({int} % {int})", "-({int})",
        "size({string})", "size({bytes})", "{list}.size()", "int({double})", "int({uint})", "int({string})",
        "{list}[{int}]", "{timestamp}.getDayOfYear('+05:30')", "{timestamp}.getHours('-08:00')",
        "{timestamp}.getMilliseconds()", "{timestamp}.getDayOfWeek()", "{duration}.getMinutes()", "{duration}.getSeconds()",
    ],
    "uint": ["({uint} + {uint})", "({uint} - {uint})", "({uint} * {uint})", "({uint} / {uint})", "uint({int})",
             "uint({double})"],
    "double": ["({double} + {double})", "({double} - {double})", "({double} * {double})", "({double} / {double})",
               "double({int})", "double({uint})", "-({double})"],
    "string": ["({string} + {string})", "string({int})", "string({uint})", "string({bool})", "string({bytes})"],
    "bytes": ["({bytes} + {bytes})", "bytes({string})"],
    "list": ["[{int}, {int}]", "({list} + {list})", "{list}.map(e, e + {int})", "{list}.filter(e, e > {int})",
             "{list}.map(e, e != 3, e * 2)"],
    "timestamp": ["({timestamp} + {duration})", "({timestamp} - {duration})", "({duration} + {timestamp})"],
    "duration": ["({timestamp} - {timestamp})", "({duration} + {duration})", "({duration} - {duration})"],
}
EXPRESSIONS = 3_000


def expression(r, kind, depth):
    if depth == 0 or r.randrange(5) == 0:
        return r.choice(LEAVES[kind])
    form = "({bool} ? {%s} : {%s})" % (kind, kind) if r.randrange(8) == 0 else r.choice(FORMS[kind])
    return re.sub(r"\{(\w+)\}", lambda part: expression(r, part[1], depth - 1), form)


def outcome(kind, written):
    """What cel-cpp makes of an expression, as the tables write it."""
    try:
        value = evaluate(written, VARIABLES)
    except NoValue:
        return {"error": "any"}
    if kind == "list":
        return {"expected": {"list": [{"int": str(e)} for e in json.loads(repr(value))]}}
    if kind == "timestamp":
        return {"expected": {kind: value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}}
    if kind == "duration":
        total = value // datetime.timedelta(microseconds=1)
        return {"expected": {kind: f"{'-' if total < 0 else ''}{abs(total) // 10**6}.{abs(total) % 10**6:06}s"}}
    text = {"bool": bool, "string": str, "bytes": lambda v: bytes(v).hex()}.get(kind, str)(value)
    return {"expected": {kind: text}}


def generated(seed, count):
    r = random.Random(seed)
    kinds, rows = sorted(FORMS), []
    while len(rows) < count:
        kind = r.choice(kinds)
        written = expression(r, kind, 4)
        if len(written) < 300:
            rows.append({"expression": written, **outcome(kind, written)})
    return rows


def judge_generated():
    rows = json.loads((TABLES / "generated.json").read_text(encoding="utf-8"))
    if rows != generated(SEED, EXPRESSIONS):
        raise AssertionError("generated.json is not what cel-cpp and the seed give; see the end of Tests/Judges/cel.py")
    return len(rows), sum("expected" in row for row in rows)


def judge():
    rows, deviating = judge_tables()
    count, found = judge_pairs()
    made, valued = judge_generated()
    return (f"cel-cpp agrees with {rows - deviating} of {rows} rows, {deviating} deviations are listed; "
            f"it gave the outcomes of {made} generated expressions, {valued} of them values; "
            f"RE2 and Python's re agree with {count} pairs, {found} of them found")


if __name__ == "__main__":
    # Writes both anew: .venv/judges/bin/python Tests/Judges/cel.py
    for name, made in (("regex-pairs", pairs(SEED, PAIRS)), ("generated", generated(SEED, EXPRESSIONS))):
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in made)
        (TABLES / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
