"""How much was asked of an exchange, and from where: what rate headers tell, and limits if there are any."""

from collections import Counter
from dataclasses import dataclass

MINUTE_MS = 60_000


class Rates:
    """Counts by owner in windows that begin at whole multiples of their length, as exchanges have them."""

    def __init__(self):
        self._counts, self._windows = Counter(), {}

    def add(self, owner, window_ms, now_ms, weight=1):
        """What was used in this window, with this."""
        window = now_ms // window_ms
        if self._windows.get((owner, window_ms)) != window:
            self._windows[owner, window_ms] = window
            self._counts[owner, window_ms] = 0
        self._counts[owner, window_ms] += weight
        return self._counts[owner, window_ms]


@dataclass
class Limit:
    """Above `weight` in a minute an address is throttled, above `ban_at` it is banned for a while."""

    weight: int
    ban_at: int
    ban_seconds: int = 120
    banned_until: int = 0

    def wait_seconds(self, used, now_ms):
        """How long to wait, and whether as one who is banned; None for go on."""
        if used > self.ban_at and now_ms >= self.banned_until:
            self.banned_until = now_ms + self.ban_seconds * 1_000
        if now_ms < self.banned_until:
            return -(-(self.banned_until - now_ms) // 1_000), True
        if used > self.weight:
            return -(-(MINUTE_MS - now_ms % MINUTE_MS) // 1_000), False
        return None


def parse(values):
    weight = int(values["weight"])
    return Limit(weight, int(values.get("ban_at", 1 << 62)), int(values.get("ban_seconds", 120)))
