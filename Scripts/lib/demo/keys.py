"""Chapter 2: exchange keys are registered, found, paged through, changed and suspended."""

import json

from demo.stage import chapter, expect, say

DESK = [
    # exchange, account, label, tag, when the secret was made: the first one's rotation is long overdue
    ("binance", "main", "mm-btc spot", "market-making", "2026-01-01T00:00:00Z"),
    ("kraken", "main", "hedge", "hedging", None),
    ("okx", "sub-1", "grid", "market-making", None),
    ("bybit", "main", "funding", "hedging", None),
    ("coinbase", "treasury", "reports", "reading", None),
]


def play(service):
    chapter(2, "Exchange keys")
    keys = [register(service, *one) for one in DESK]
    say(f"registered {', '.join(key['label'] for key in keys)}")
    tagged = service.must("GET", "/v1/keys?tag=market-making&sort=label")["data"]
    say(f"tagged market-making: {', '.join(key['label'] for key in tagged)}")
    found = service.must("GET", "/v1/keys?q=spot")["data"]
    expect([key["label"] for key in found] == ["mm-btc spot"], "one key when searching for spot")
    say(f"searching for spot finds {found[0]['label']} at {found[0]['exchange']}")
    say(f"two at a time: {' | '.join(pages(service))}")
    change(service, keys[2])
    suspended = service.must(
        "POST", f"/v1/keys/{keys[3]['id']}/suspend", {"reason": "exchange is in maintenance"}
    )
    say(f"{suspended['label']} is {suspended['status']}: {suspended['status_reason']}")
    sealed = service.must(
        "POST",
        "/v1/keys",
        {
            "exchange": "binance",
            "account": "main",
            "label": "with a secret",
            "environment": "testnet",
            "credential": {"api_key": "an-api-key-of-the-demo", "secret": "a-secret-of-the-demo"},
        },
    )
    expect("a-secret-of-the-demo" not in json.dumps(sealed), "no secret in the answer")
    say(f"a secret is sealed, never shown, and {sealed['status']} until the exchange has confirmed it")
    return keys


def register(service, exchange, account, label, tag, created):
    return service.must(
        "POST",
        "/v1/keys",
        {
            "exchange": exchange,
            "account": account,
            "label": label,
            "environment": "live",
            "tags": [tag],
            "permissions": ["read", "trade_spot"],
            "ip_allow_list": ["203.0.113.7"],
            "secret_created_at": created,
            "rotation": {"every": "90d", "remind_before": ["14d", "3d"]},
        },
    )


def pages(service):
    """The labels of every page, and each key exactly once."""
    shown, path = [], "/v1/keys?sort=label&limit=2"
    while path:
        page = service.must("GET", path)
        shown.append(", ".join(key["label"] for key in page["data"]))
        cursor = page["next_cursor"]
        path = f"/v1/keys?sort=label&limit=2&cursor={cursor}" if cursor else None
    labels = ", ".join(shown).split(", ")
    expect(labels == sorted(one[2] for one in DESK), "every key once, by label")
    return shown


def change(service, key):
    path = f"/v1/keys/{key['id']}"
    stale = service.call("PATCH", path, {"label": "grid-2"}, headers={"If-Match": '"99"'})
    expect(stale.status == 412, "412 for an old ETag")
    changed = service.must("PATCH", path, {"label": "grid-2"}, headers={"If-Match": f'"{key["revision"]}"'})
    say(f"{key['label']} is now {changed['label']}, under If-Match; somebody with an old ETag got 412")
