"""Holds every recipe against ccxt's, on random requests at one frozen moment.

A request is signed three times: by ccxt; by us from its names and values; and by us from what ccxt would put
on the wire, with ccxt's own time and signature dropped, as the proxy gets it. URL, headers and body must be
equal to the byte, tokens of ES256 by their claims; and the stand-in exchange, which has recipes of its own,
must accept both of ours. Where ccxt deviates from an exchange's public documentation is in DEVIATIONS.
"""

import base64
import collections
import json
import pathlib
import random
import re
import subprocess
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "Tests" / "StandIn"), str(ROOT / "Scripts" / "lib")]

import desk as stand_in_desk  # noqa: E402
import exchanges as stand_in_exchanges  # noqa: E402
import keys as stand_in_keys  # noqa: E402
from built import program  # noqa: E402
from messages import Refused, Request  # noqa: E402
from signing_cases import SHAPES, Cases  # noqa: E402

DRIVER = program("SigningDriver")
DRIVER_LIMIT_SECONDS = 600
# A shorter run may not meet every deviation.
ENOUGH_FOR_RARE_ONES = 2_000
NOW_MS, NONCE, WINDOW = 1_700_000_000_123, 1_616_492_376_594, 5_000
API_KEY, PASSPHRASE = "AKEY", "PASS word"
SECRET = base64.b64encode(b"a secret that is one nowhere").decode()
# What ccxt adds for itself or its partners.
NOISE = {
    "referer", "source", "x-channel-api-code", "x-gate-size-decimal", "kc-api-partner",
    "kc-api-partner-sign", "kc-api-partner-verify",
}
# What a URL or a form may hold as it is; everything else has two readings, or none, and is refused.
WRITABLE = re.compile(r"""(?:[A-Za-z0-9\-._~!$&'()*,=:@/?\[\]{}"]|%[0-9A-Fa-f]{2})*""")
# They take the key alone.
KEY_ONLY = ("listenKey",)

# Exchange, what may differ, and why ccxt's way is not ours.
DEVIATIONS = {
    ("binance", "url body"): (
        "withdrawals, sub-accounts and batches go out and are signed without percent-encoding, which Binance's "
        "request security demands since 2026-01-15 (-1022)"),
    ("bybit", "url x-bapi-sign"): (
        "signs the query without percent-encoding and leaves the encoding to its HTTP library; the guide signs "
        "the query string of the request, as Bybit's own Go client does"),
    ("kucoin", "url"): "hands the query out without percent-encoding; the signature is over that, as documented",
    ("coinbase", "url"): "loses `[]` and `[1]` out of values, which it takes for its own marks of lists",
    ("kraken", "body api-sign"): "leaves brackets plain in forms, where RFC 3986 has them encoded",
    ("bitget", "url"): "sends the query sorted, and `$` plain; the signature is the same",
    ("mexc", "url"): "sends the query of futures sorted; the signature is the same",
}


class Venue:
    """ccxt's exchange with its clock stopped, beside the stand-in's."""

    def __init__(self, name, secret, public_key=None):
        import ccxt

        self.name, self.secret = name, secret
        password = PASSPHRASE if name in ("okx", "kucoin", "bitget") else None
        self.passphrase = password
        self.api_key = "organizations/o/apiKeys/k" if name == "coinbase" else API_KEY
        self.ccxt = getattr(ccxt, name)({"apiKey": self.api_key, "secret": secret, "password": password})
        self.ccxt.options["recvWindow"] = WINDOW
        self.ccxt.nonce = self.ccxt.milliseconds = lambda: NOW_MS
        self.ccxt.seconds = lambda: NOW_MS // 1000
        self.ccxt.incrementing_nonce = lambda: NONCE
        self._judge = self._stand_in(public_key)

    def _stand_in(self, public_key):
        desk = stand_in_desk.Desk()
        desk.set_clock(NOW_MS, 0)
        proof = {"public_key": public_key} if public_key else {"secret": self.secret}
        key = stand_in_keys.parse({
            "exchange": self.name, "api_key": self.api_key, "passphrase": self.passphrase, **proof})
        kind = next(one for one in stand_in_exchanges.ALL if one.name == self.name)
        return kind(desk), key

    def accepts(self, signed):
        exchange, key = self._judge
        # The clock stands still, so every request has the same nonce.
        key.highest_nonce = -1
        key.nonces.clear()
        target = re.sub("^https://[^/]+", "", signed["url"])
        headers = {name.lower(): value for name, value in signed["headers"].items()}
        try:
            exchange.check(Request(signed["method"], target, headers, signed["body"] or b""), key, NOW_MS)
        except Refused as refused:
            return refused.reason.value
        return None


def venues():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    def pair(key, form=serialization.PrivateFormat.PKCS8):
        private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return private.decode(), public.decode()

    big = pair(rsa.generate_private_key(public_exponent=65_537, key_size=2_048))
    point = pair(ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.TraditionalOpenSSL)
    return {
        "binance": [
            Venue("binance", SECRET), Venue("binance", *big),
            Venue("binance", *pair(ed25519.Ed25519PrivateKey.generate()))],
        "bybit": [Venue("bybit", SECRET), Venue("bybit", *big)],
        "coinbase": [Venue("coinbase", *point)],
        **{name: [Venue(name, SECRET)] for name in ("okx", "kraken", "kucoin", "gate", "bitget", "mexc")},
    }


def judge_signing(requests_each, seed):
    chance = random.Random(seed)
    cases, all_venues = Cases(chance), venues()
    jobs = []
    for name, shapes in SHAPES.items():
        for _ in range(requests_each):
            jobs.append(Job(chance.choice(all_venues[name]), chance.choice(shapes), cases))
    answers = _drive([order for job in jobs for order in (job.from_values(), job.from_wire())])
    tally = collections.Counter()
    for number, job in enumerate(jobs):
        for way, answer in zip(("values", "wire"), answers[2 * number : 2 * number + 2]):
            job.judge(way, answer, tally)
    _prove_something(jobs, answers)
    for deviation in DEVIATIONS:
        if requests_each >= ENOUGH_FOR_RARE_ONES and not tally[deviation]:
            raise AssertionError(f"ccxt no longer deviates: {deviation}")
    deviating = ", ".join(f"{name} {count}" for (name, _), count in sorted(
        (one, count) for one, count in tally.items() if one in DEVIATIONS))
    return (
        f"{len(jobs)} requests of {len(SHAPES)} exchanges signed as ccxt signs them (seed {seed}); "
        f"ccxt deviates in {deviating}; {tally['refused']} with two readings refused")


def _prove_something(jobs, answers):
    """A judge that takes everything would prove nothing: one more byte in what is signed must be seen."""
    for name in SHAPES:
        number = next(index for index, job in enumerate(jobs) if job.venue.name == name and job.signs_all())
        answer = dict(answers[2 * number])
        if answer["body"] is not None:
            answer["body"] = base64.b64encode(base64.b64decode(answer["body"]) + b" ").decode()
        else:
            answer["url"] = answer["url"].replace("=", "=x", 1)
        try:
            jobs[number].judge("values", answer, collections.Counter())
        except AssertionError:
            continue
        raise AssertionError(f"{name}: another byte is not seen")


def _drive(orders):
    lines = "\n".join(json.dumps(order) for order in orders) + "\n"
    done = subprocess.run(
        [str(DRIVER)], input=lines, capture_output=True, text=True, timeout=DRIVER_LIMIT_SECONDS, check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    if len(answers) != len(orders):
        raise AssertionError(f"the driver answered {len(answers)} of {len(orders)} orders")
    return answers


class Job:
    """One request, as ccxt signs it."""

    def __init__(self, venue, shape, cases):
        self.venue, self.shape = venue, shape
        self.parameters = cases.parameters(shape)
        given = json.loads(json.dumps(self.parameters))
        self.theirs = venue.ccxt.sign(shape.path, shape.api, shape.method, given)
        url = urllib.parse.urlsplit(self.theirs["url"])
        self.path = url.path
        # The HTTP library below ccxt encodes what must be.
        import requests

        self.wire_query = urllib.parse.urlsplit(requests.utils.requote_uri(self.theirs["url"])).query

    def _order(self, **parts):
        venue = self.venue
        return {
            "exchange": venue.name, "alias": self.shape.alias, "method": self.shape.method,
            "path": self.path, "api_key": venue.api_key, "secret": venue.secret,
            "passphrase": venue.passphrase, "now_ms": NOW_MS, "nonce": NONCE, "window": WINDOW,
            **{name: value for name, value in parts.items() if value is not None}}

    def signs_all(self):
        """Has parameters that ccxt and we write alike."""
        return bool(self.parameters) and not self.shape.raw and not self.path.endswith(KEY_ONLY)

    def from_values(self):
        """Their JSON is JSON that a client wrote; queries and forms we write ourselves."""
        if self.shape.place in ("json", "list"):
            return self._order(json=self.theirs["body"])
        return self._order(**{self.shape.place: [list(pair) for pair in self.parameters.items()]})

    def from_wire(self):
        body, place = self.theirs["body"], self.shape.place
        json_body = body if place in ("json", "list") else None
        form = None
        if place == "form" and body is not None:
            form = body or []
        return self._order(query=self.wire_query or None, json=json_body, form=form)

    def judge(self, way, answer, tally):
        where = f"{self.venue.name} {self.shape.method} {self.path} by {way}: {self.parameters!r}"
        if "error" in answer:
            written = self.wire_query + (self.theirs["body"] or "" if self.shape.place == "form" else "")
            if way == "wire" and self._has_two_readings(written):
                tally["refused"] += 1
                return
            raise AssertionError(f"{where}\n  refused: {answer['error']}")
        ours = {
            "method": answer["method"], "url": answer["url"], "headers": dict(answer["headers"]),
            "body": None if answer["body"] is None else base64.b64decode(answer["body"])}
        if way == "wire" and self._is_torn():
            tally["torn"] += 1
        else:
            self._compare(ours, where, tally)
        verdict = None if self.path.endswith(KEY_ONLY) else self.venue.accepts(ours)
        if verdict is not None:
            raise AssertionError(f"{where}\n  the stand-in refuses: {verdict}\n  {ours}")

    def _is_torn(self):
        """Without encoding these part values or names, so what arrives is not what was meant."""
        return self.shape.raw and any(set("&#%") & set(value) for value in self.parameters.values())

    def _has_two_readings(self, written):
        if not WRITABLE.fullmatch(written):
            return True
        names = [pair.partition("=")[0] for pair in written.split("&")]
        whole = all("=" in pair for pair in written.split("&"))
        decoded = urllib.parse.unquote_to_bytes(written)
        # By chance a value holds what a control byte is written as.
        has_control = any(byte < 0x20 or byte == 0x7F for byte in decoded)
        return not whole or "" in names or len(set(names)) < len(names) or has_control or not _is_utf8(decoded)

    def _compare(self, ours, where, tally):
        theirs = _normal(self.theirs["url"], self.theirs["headers"], self.theirs["body"])
        mine = _normal(ours["url"], ours["headers"], ours["body"])
        if "content-type" not in mine and mine["body"] is None:
            theirs.pop("content-type", None)
        if self.venue.name == "coinbase":
            theirs["authorization"], mine["authorization"] = (
                _claims(one["authorization"]) for one in (theirs, mine))
        differing = {name for name in theirs | mine if theirs.get(name) != mine.get(name)}
        if not differing:
            tally["equal"] += 1
            return
        for deviation in DEVIATIONS:
            name, parts = deviation
            if name == self.venue.name and differing <= set(parts.split()) and self._may_deviate():
                tally[deviation] += 1
                return
        lines = [f"{name}\n    ccxt {theirs.get(name)!r}\n    ours {mine.get(name)!r}" for name in differing]
        raise AssertionError("\n  ".join([where, *lines]))

    def _may_deviate(self):
        """Only where encoding or order matter at all."""
        names = list(self.parameters)
        if self.venue.name == "mexc":
            return self.shape.alias == "futures" and names != sorted(names)
        if self.venue.name == "bitget":
            return names != sorted(names) or any("$" in value for value in self.parameters.values())
        if self.venue.name == "coinbase":
            return any(re.search(r"\[\d*\]", value) for value in self.parameters.values())
        if self.venue.name == "kraken":
            return any("[" in value or "]" in value for value in self.parameters.values())
        return self.shape.raw and any(
            urllib.parse.quote(value, safe="") != value for value in self.parameters.values())


def _normal(url, headers, body):
    """Everything that is compared, by name. A question mark with nothing behind it says nothing."""
    url = url.removesuffix("?")
    kept = {name.lower(): value for name, value in (headers or {}).items() if name.lower() not in NOISE}
    return {**kept, "url": url, "body": body.encode() if isinstance(body, str) else body}


def _claims(authorization):
    """What a token says; both signatures are looked at elsewhere."""
    header, claims, _ = authorization.removeprefix("Bearer ").split(".")
    header, claims = (json.loads(base64.urlsafe_b64decode(one + "==")) for one in (header, claims))
    return [header[name] for name in ("alg", "typ", "kid")] + [
        claims[name] for name in ("sub", "nbf", "exp", "uri")]


def _is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
