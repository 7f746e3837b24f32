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
NOT_CEL = {"ours", "regex-pairs"}

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
        raise AssertionError("regex-pairs.json is not what re and the seed give; write it anew: python3 Tests/Judges/cel.py")
    environment = cel.NewEnv(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING})
    program = environment.compile("text.matches(pattern)")
    for pattern_, text, found in rows:
        theirs = program.eval(data={"text": text, "pattern": pattern_}).value()
        if theirs != found:
            raise AssertionError(f"{pattern_!r} in {text!r}: RE2 says {theirs}, re says {found}")
    return len(rows), sum(row[2] for row in rows)


def judge():
    rows, deviating = judge_tables()
    count, found = judge_pairs()
    return (f"cel-cpp agrees with {rows - deviating} of {rows} rows, {deviating} deviations are listed; "
            f"RE2 and Python's re agree with {count} pairs, {found} of them found")


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in pairs(SEED, PAIRS))
    (TABLES / "regex-pairs.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
