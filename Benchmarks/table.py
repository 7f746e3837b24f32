"""The result: one row for each thing measured, its ratio to the peer of the same rounds, and the bar."""


class Table:
    def __init__(self):
        # By the work that was asked for, in the order in which they were measured.
        self.works = {}
        self.missed = 0

    def begin(self, name):
        """What is added from now on belongs to this work."""
        self.rows = self.works.setdefault(name, [])

    def add(self, work, who, figure, detail="", against=None, bar=None, held=None):
        """`held`: None where there is no bar."""
        if held is False:
            self.missed += 1
        verdict = {None: "", True: "held", False: "**missed**"}[held]
        self.rows.append((work, who, figure, detail, against or "", bar or "", verdict))
        print("  " + " | ".join(part for part in self.rows[-1] if part), flush=True)

    def markdown(self, name=None):
        """Of one work, or of all."""
        head = ("Work", "Who", "Figure", "Detail", "Against the peer", "Bar", "")
        rows = self.works[name] if name else [row for rows in self.works.values() for row in rows]
        lines = [head, tuple("---" for _ in head), *rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def recorded(page, name, text):
    """The page with this text in the place that it has for the work, between two comments."""
    begin, end = f"<!-- bench: {name} -->\n", f"<!-- end of {name} -->\n"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise RuntimeError(f"the page has no place for {name}, between {begin.strip()} and {end.strip()}")
    before, rest = page.split(begin)
    return before + begin + text + end + rest.split(end)[1]


def ratios(ours, theirs, key):
    """Round by round, because two runs apart in time differ by up to 25 %; the median of the rounds."""
    pairs = sorted(mine[key] / other[key] for mine, other in zip(ours, theirs) if other.get(key))
    return pairs[len(pairs) // 2] if pairs else 0.0
