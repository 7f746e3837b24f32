"""What goes in and out of an exchange: requests, why they are refused, answers and how they are delivered."""

import gzip
import json
from dataclasses import dataclass, field, replace
from enum import Enum


class Refusal(Enum):
    """Why a request is refused, before an exchange puts it into its own words.

    The value is the verdict that is recorded.
    """

    MISSING_CREDENTIALS = "missing_credentials"
    UNKNOWN_KEY = "unknown_key"
    DISABLED_KEY = "disabled_key"
    DELETED_KEY = "deleted_key"
    EXPIRED_KEY = "expired_key"
    WRONG_ENVIRONMENT = "wrong_environment"
    ADDRESS = "address"
    TIME = "time"
    SIGNATURE = "signature"
    PASSPHRASE = "passphrase"
    NONCE = "nonce"
    LOCKED_OUT = "locked_out"
    PERMISSION = "permission"
    PARAMETER = "parameter"
    NOT_FOUND = "not_found"
    THROTTLED = "throttled"
    BANNED = "banned"
    MAINTENANCE = "maintenance"
    # Of orders.
    SYMBOL = "symbol"
    SIZE = "size"
    PRICE = "price"
    FUNDS = "funds"
    REDUCE_ONLY = "reduce_only"
    NO_POSITION = "no_position"
    WOULD_TAKE = "would_take"
    DUPLICATE = "duplicate"
    UNKNOWN_ORDER = "unknown_order"


class Refused(Exception):
    def __init__(self, reason, detail=""):
        super().__init__(reason.value)
        self.reason, self.detail = reason, detail


@dataclass
class Request:
    """As it came over the wire; header names in lower case, the target's text as Latin-1 carries bytes."""

    method: str
    target: str
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    peer: str = "127.0.0.1"
    connection: int = 0  # connections are numbered as they arrive

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    def header(self, name):
        return self.headers.get(name, "")


@dataclass
class Answer:
    """Text is sent as it is, anything else as JSON."""

    status: int
    body: object
    headers: dict = field(default_factory=dict)
    coding: str = None

    def bytes(self):
        text = self.body if isinstance(self.body, str) else json.dumps(self.body, separators=(",", ":"))
        if self.coding == "utf-16":
            return text.encode("utf-16")
        return gzip.compress(text.encode()) if self.coding == "gzip" else text.encode()

    @property
    def content_type(self):
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"


@dataclass
class Delivery:
    """An answer, and how it goes out."""

    answer: Answer
    record: object
    stall_ms: int = 0
    drop: str = None
    drip_ms: int = 0


@dataclass
class Call:
    """A request that is judged: what a route's function gets."""

    request: Request
    now_ms: int
    values: dict
    key: object = None
    claimed: frozenset = frozenset()
    keeps: bool = False
    segment: str = ""

    def first(self, *names):
        """The first of these parameters that is there."""
        return next((str(self.values[name]) for name in names if self.values.get(name) is not None), "")

    def with_values(self, values):
        """One order of a batch."""
        return replace(self, values=values)
