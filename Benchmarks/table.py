"""The result: one row for each thing measured, its ratio to the peer of the same rounds, and the bar."""


class Table:
    def __init__(self):
        self.rows = []
        self.missed = 0

    def add(self, work, who, figure, detail="", against=None, bar=None, held=None):
        """`held`: None where there is no bar."""
        if held is False:
            self.missed += 1
        verdict = {None: "", True: "held", False: "**missed**"}[held]
        self.rows.append((work, who, figure, detail, against or "", bar or "", verdict))
        print("  " + " | ".join(part for part in self.rows[-1] if part), flush=True)

    def markdown(self):
        head = ("Work", "Who", "Figure", "Detail", "Against the peer", "Bar", "")
        lines = [head, tuple("---" for _ in head), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def ratios(ours, theirs, key):
    """Round by round, because two runs apart in time differ by up to 25 %; the median of the rounds."""
    pairs = sorted(mine[key] / other[key] for mine, other in zip(ours, theirs) if other.get(key))
    return pairs[len(pairs) // 2] if pairs else 0.0
