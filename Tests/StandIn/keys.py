"""The keys that an exchange knows: what a person would have set up on its website."""

import ipaddress
from collections import deque
from dataclasses import dataclass, field

from signatures import PublicKey, from_base64, hmac_verifies

PERMISSIONS = ("read", "trade_spot", "trade_margin", "trade_derivatives", "transfer", "withdraw")
TRADES = frozenset(PERMISSIONS[1:4])
ENABLED, DISABLED, DELETED = STATES = ("enabled", "disabled", "deleted")
NONCES_REMEMBERED = 1000


@dataclass
class Key:
    """One API key. Times are epoch milliseconds; `extra` is laid over what the permission probe answers.

    Keys of one `account` share balances, positions and orders; by default each has its own.
    """

    exchange: str
    api_key: str
    secret: str = None
    public_key: PublicKey = None
    passphrase: str = None
    permissions: frozenset = frozenset({"read"})
    ips: tuple = ()
    created_at: int = 0
    expires_at: int = None
    environment: str = "live"
    nonce_window: int = 0
    extra: dict = field(default_factory=dict)
    account: str = ""
    state: str = ENABLED

    # What use leaves behind: the highest nonces, how many bad ones, and until when they lock the key out.
    nonces: deque = field(default_factory=lambda: deque(maxlen=NONCES_REMEMBERED))
    highest_nonce: int = -1
    bad_nonces: int = 0
    locked_until: int = 0

    def __post_init__(self):
        self.account = self.account or self.api_key

    def signed_hmac(self, algorithm, message, signature, secret=None):
        """`secret` stands for ours where that is not the HMAC's key as it is."""
        if secret is None:
            secret = (self.secret or "").encode()
        return bool(secret) and hmac_verifies(secret, algorithm, message, signature)

    def signed_publicly(self, kinds, message, signature):
        public = self.public_key
        return public is not None and public.kind in kinds and public.verifies(message, signature)

    def allows_address(self, address):
        return not self.ips or any(address in ipaddress.ip_network(text) for text in self.ips)

    def expired(self, now_ms):
        return self.expires_at is not None and now_ms >= self.expires_at

    def takes_nonce(self, nonce):
        """Only upwards, or not seen before within the window below the highest."""
        if nonce <= self.highest_nonce - self.nonce_window or nonce in self.nonces:
            return False
        self.nonces.append(nonce)
        self.highest_nonce = max(nonce, self.highest_nonce)
        return True

    def described(self):
        """For the control interface: everything but the secrets."""
        return {
            "exchange": self.exchange, "api_key": self.api_key, "state": self.state, "ips": list(self.ips),
            "permissions": sorted(self.permissions), "expires_at": self.expires_at,
        }


def parse(values):
    """A key from the control interface's JSON; ValueError says what is wrong with it."""
    unknown = set(values) - {
        "exchange", "api_key", "secret", "public_key", "passphrase", "permissions", "ips", "created_at",
        "expires_at", "environment", "nonce_window", "extra", "account",
    }
    if unknown or not values.get("api_key"):
        raise ValueError(f"a key needs an api_key and cannot have {sorted(unknown)}")
    given = {name: value for name, value in values.items() if value is not None}
    if ("secret" in given) == ("public_key" in given):
        raise ValueError("a key has either a secret or a public_key")
    if "public_key" in given:
        given["public_key"] = PublicKey(given["public_key"])
    if given["exchange"] == "kraken":
        from_base64(given.get("secret", "?"))
    given["permissions"] = parse_permissions(given.get("permissions", ["read"]))
    given["ips"] = tuple(given.get("ips", ()))
    for text in given["ips"]:
        ipaddress.ip_network(text)
    return Key(**given)


def parse_permissions(names):
    if not set(names) <= set(PERMISSIONS):
        raise ValueError(f"permissions are {PERMISSIONS}")
    return frozenset(names)
