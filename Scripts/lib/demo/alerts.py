"""Chapters 4 and 6: a webhook, six rules, and what makes each of them fire."""

from demo.stage import chapter, expect, note, paint, say, seconds_of

RULES = {
    # the rules (a) to (f) that every desk begins with: severity, event types, condition
    "A grade crosses 70": ("info", ["grade.changed"], "event.previous < 70 && event.grade >= 70"),
    "A signal opens or closes": ("info", ["signal.opened", "signal.closed"], None),
    "A key's rotation is overdue": ("warning", ["key.rotation.due"], "event.overdue == true"),
    "A key is revoked": ("critical", ["key.revoked"], None),
    "An access token is refused": ("warning", ["access_token.refused"], None),
    "Balance low": ("warning", ["custom.balance.low"], "event.balance < 1000"),
}
CASES = [
    {"event": {"type": "custom.balance.low", "balance": 5}, "expect": "fires"},
    {"event": {"type": "custom.balance.low", "balance": 5000}, "expect": "silent"},
]


def prepare(service, receiver):
    chapter(4, "A webhook and six rules")
    made = service.must(
        "POST", "/v1/webhooks", {"url": receiver.url, "name": "desk", "event_types": ["alert.*"]}
    )
    receiver.secret = made["secret"]
    say(
        f"webhook {made['id']}, secret {made['secret'][:10]}… (shown once), public key {made['public_key'][:14]}…"
    )
    bad = service.call("POST", "/v1/webhooks", {"url": "http://169.254.169.254/latest", "name": "metadata"})
    expect(bad.status == 422, "a metadata address to be refused")
    say(f"a metadata service as receiver: {bad.status}, {bad.json()['errors'][0]['message']}")
    for name, (severity, types, condition) in RULES.items():
        rule = {"name": name, "severity": severity, "on": types, "when": condition, "send_to": [made["id"]]}
        # The days that are pushed later are of years ago: no news, unless a rule asks for them.
        rule["retroactive"] = types[0].startswith(("grade.", "signal."))
        if name == "Balance low":
            rule["tests"] = CASES
        created = service.must("POST", "/v1/alert-rules", rule)
        service.must("POST", f"/v1/alert-rules/{created['id']}/enable")
        say(f"{name}" + (paint("2", f"  when {condition}") if condition else ""))
    wrong = service.call(
        "POST",
        "/v1/alert-rules",
        {"name": "slip", "severity": "info", "on": ["grade.changed"], "when": "event.grde >= 70"},
    )
    expect(wrong.status == 422, "a misspelt field to be refused")
    note(f"a slip is found when it is written: {wrong.json()['errors'][0]['message']}")


def shown(service, receiver, name):
    """Waits for the rule's message, and tells it. Messages whose signature is wrong never get here."""
    at, message = receiver.wait(lambda m: m["type"] == "alert.firing" and m["data"]["rule"]["name"] == name)
    data = message["data"]
    milliseconds = max(at - seconds_of(message["timestamp"]), 0) * 1000
    say(
        f"{paint('1;33', '✉')} {data['summary']} "
        + paint("2", f"({data['severity']}, {milliseconds:.0f} ms after it happened, signature good)")
    )
    return data


def security(service, receiver, keys, tokens):
    chapter(6, "Keys, tokens and own events")
    run = service.must("POST", "/v1/jobs/rotation-due/run")
    note(f"job rotation-due by hand: {run['id']}")
    shown(service, receiver, "A key's rotation is overdue")
    service.must("POST", f"/v1/keys/{keys[1]['id']}/revoke", {"reason": "laptop stolen"})
    shown(service, receiver, "A key is revoked")
    refused = service.call("GET", "/v1/keys", token=misspelt(tokens["bot"]))
    expect(refused.status == 401, "401 for a token that is not one")
    shown(service, receiver, "An access token is refused")
    receiver.fail_once("Balance low")
    service.must(
        "POST",
        "/v1/events",
        {
            "type": "custom.balance.low",
            "subject": "binance main",
            "data": {"asset": "USDT", "balance": 912.5},
        },
        token=tokens["bot"],
    )
    note("the receiver answers 500 to the next message, so it comes again in about 5 seconds")
    alert = shown(service, receiver, "Balance low")
    explain(service, alert["alert_id"])


def misspelt(token):
    return token[:-1] + ("y" if token[-1] == "x" else "x")


def explain(service, alert_id):
    told = service.must("GET", f"/v1/alerts/{alert_id}/explain")
    matched = {one["expression"]: one["value"] for one in told["matched"]}
    expect(matched.get("event.balance") == 912.5, "the value that matched")
    say(f"why was I told? {told['when']}, and event.balance was {matched['event.balance']}")
