"""What each maker documents of its interface, enforced: a message that breaks a limit or a format is refused, and so
is one that comes too soon. Each judge returns (verdict, status, headers, body); the verdict is `accepted`, `rate`, or
what was wrong."""

import collections
import html.parser
import json
import re
import threading
import time


FORGIVEN_SECONDS = 0.4


class Refusal(Exception):
    """A message that its maker would not take."""


def need(truth, why):
    if not truth:
        raise Refusal(why)


def units(text):
    """UTF-16 units, by which no maker's count is longer."""
    return len(text.encode("utf-16-le")) // 2


class Windows:
    """So many in each stretch of so many seconds, for each name."""

    def __init__(self):
        self.times = collections.defaultdict(collections.deque)
        self.lock = threading.Lock()

    def wait(self, name, limits):
        """0 when it may pass, and then it counts; otherwise how long to wait. What left in time may arrive closer
        together on a busy machine: FORGIVEN_SECONDS of that are no offence."""
        now = time.monotonic()
        with self.lock:
            times = self.times[name]
            for most, seconds in limits:
                recent = [moment for moment in times if now - moment < seconds - FORGIVEN_SECONDS]
                if len(recent) >= most:
                    return seconds - (now - recent[-most])
            times.append(now)
            while len(times) > 500:
                times.popleft()
        return 0


class Telegraph(html.parser.HTMLParser):
    """Telegram's HTML: few tags, each closed, nothing inside code."""

    TAGS = {"b", "code", "a"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.links, self.loose = [], "", [], ""

    def handle_starttag(self, tag, attributes):
        need(tag in self.TAGS, f"can't parse entities: {tag}")
        need("code" not in self.open, "can't parse entities: inside code")
        if tag == "a":
            self.links.append(dict(attributes).get("href"))
        self.open.append(tag)

    def handle_endtag(self, tag):
        need(self.open and self.open.pop() == tag, f"can't parse entities: end of {tag}")

    def handle_data(self, data):
        self.text += data
        if "code" not in self.open and "a" not in self.open:
            self.loose += data


def slack(body, _):
    need(len(body["blocks"]) <= 50, "invalid_blocks")
    need(units(body["text"]) <= 40_000 and "<" not in body["text"], "fallback")
    for block in body["blocks"]:
        kind = block["type"]
        if kind == "header":
            need(block["text"]["type"] == "plain_text" and units(block["text"]["text"]) <= 150, "invalid_blocks")
        elif kind == "section":
            texts = ([block["text"]] if "text" in block else []) + block.get("fields", [])
            need(texts and len(block.get("fields", [])) <= 10, "invalid_blocks")
            for text in texts:
                most = 3_000 if text is block.get("text") else 2_000
                need(text["type"] == "plain_text" and 1 <= units(text["text"]) <= most, "invalid_blocks")
        elif kind == "context":
            for element in block["elements"]:
                need(re.fullmatch(r"<https?://[^|<>\s]+\|Open the alert>", element["text"]), "invalid_blocks")
        else:
            raise Refusal("invalid_blocks")


def discord(body, _):
    need(body["allowed_mentions"] == {"parse": []}, "mentions")
    need(1 <= units(body["content"]) <= 2_000, "content")
    need(not re.search(r"(?<!\\)[@<]", body["content"]), "a mention")
    need(len(body["embeds"]) <= 10, "embeds")
    total = 0
    for embed in body["embeds"]:
        lengths = {"title": 256, "description": 4_096}
        for name, most in lengths.items():
            need(units(embed.get(name, "")) <= most, name)
            total += units(embed.get(name, ""))
        need(len(embed.get("fields", [])) <= 25, "fields")
        for field in embed.get("fields", []):
            need(1 <= units(field["name"]) <= 256 and 1 <= units(field["value"]) <= 1_024, "field")
            total += units(field["name"]) + units(field["value"])
    need(total <= 6_000, "embeds are too long")


def telegram(body, _):
    need(isinstance(body["chat_id"], (int, str)), "chat not found")
    need(body["parse_mode"] == "HTML", "parse mode")
    parser = Telegraph()
    parser.feed(body["text"])
    parser.close()
    need(not parser.open, "can't parse entities: unclosed")
    need(1 <= units(parser.text) <= 4_096, "message is too long")
    need("@" not in parser.loose and "://" not in parser.loose, "something that becomes a link")


def pagerduty(body, _):
    need(len(body["routing_key"]) == 32, "routing_key")
    need(body["event_action"] in ("trigger", "acknowledge", "resolve"), "event_action")
    need(1 <= len(body["dedup_key"]) <= 255, "dedup_key")
    if body["event_action"] == "trigger":
        payload = body["payload"]
        need(1 <= units(payload["summary"]) <= 1_024 and payload["source"], "summary")
        need(payload["severity"] in ("critical", "error", "warning", "info"), "severity")


def teams(body, raw):
    need(len(raw) <= 28_000, "Request Entity too large")
    need(body["type"] == "message" and len(body["attachments"]) == 1, "message")
    card = body["attachments"][0]
    need(card["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType")
    need(card["content"]["type"] == "AdaptiveCard" and card["content"]["body"], "card")
    for block in card["content"]["body"]:
        need(block["type"] == "RichTextBlock", "Markdown is read in other blocks")
        for run in block["inlines"]:
            need(run["type"] == "TextRun" and run["text"], "inlines")


JUDGES = {"slack": slack, "discord": discord, "telegram": telegram, "pagerduty": pagerduty, "teams": teams}
LIMITS = {
    "slack": [(1, 1)],
    "discord": [(5, 2), (30, 60)],
    "telegram": [(1, 1), (20, 60)],
    "pagerduty": [(120, 60)],
    "teams": [(4, 1)],
}


def throttled(maker, wait):
    seconds = max(wait, 0.001)
    if maker == "discord":
        said = json.dumps({"message": "You are being rate limited.", "retry_after": seconds, "global": False})
        return 429, {"retry-after": str(int(seconds) + 1)}, said
    if maker == "telegram":
        parameters = {"retry_after": int(seconds) + 1}
        return 429, {}, json.dumps({"ok": False, "error_code": 429, "parameters": parameters})
    return 429, {"retry-after": str(int(seconds) + 1)}, ""


def refused(maker, why):
    if maker == "telegram":
        return 400, {}, json.dumps({"ok": False, "error_code": 400, "description": f"Bad Request: {why}"})
    if maker == "pagerduty":
        return 400, {}, json.dumps({"status": "invalid event", "errors": [why]})
    return 400, {}, why


def taken(maker):
    return {
        "slack": (200, {}, "ok"),
        "discord": (204, {}, ""),
        "telegram": (200, {}, json.dumps({"ok": True, "result": {}})),
        "pagerduty": (202, {}, json.dumps({"status": "success", "message": "Event processed"})),
        "teams": (202, {}, ""),
    }[maker]


def cloud_event(headers, raw):
    """CloudEvents 1.0, its HTTP binding."""
    if headers.get("content-type", "").startswith("application/cloudevents+json"):
        attributes = json.loads(raw)
        need("data" in attributes, "data")
    else:
        attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
        need(all(32 < ord(letter) < 127 for value in attributes.values() for letter in value), "header value")
        json.loads(raw)
    need(attributes["specversion"] == "1.0", "specversion")
    need(all(attributes.get(name) for name in ("id", "source", "type", "time")), "required attribute")
    need(all(re.fullmatch("[a-z0-9]+", name) for name in attributes), "attribute name")
