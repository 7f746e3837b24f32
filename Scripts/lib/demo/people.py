"""Chapter 1: the first owner, a person, a bot, and what a bot may not do."""

from demo.stage import chapter, expect, say


def play(service):
    chapter(1, "People and bots")
    made = service.bootstrap()
    say(f"the first owner is {made['user']['name']} ({made['user']['id']})")
    trader = service.must(
        "POST", "/v1/users", {"name": "A trader", "email": "trader@desk.example", "role": "trader"}
    )
    joined = service.must(
        "POST", "/v1/invitations/accept", {"token": trader["invitation"]["token"]}, token=None
    )
    say(f"{joined['user']['name']} accepted the invitation and is a {', '.join(joined['user']['roles'])}")
    bot = service.must(
        "POST", "/v1/service-accounts", {"name": "feed", "purpose": "pushes candles and own events"}
    )
    service.must(
        "POST", "/v1/grants", {"principal_id": bot["id"], "role": "bot", "effect": "allow", "on": {}}
    )
    token = service.must(
        "POST", "/v1/access-tokens", {"principal_id": bot["id"], "name": "feed on this host"}
    )
    say(f"{bot['name']} is a bot with the access token {token['token'][:8]}… (shown once)")
    tokens = {"trader": joined["access_token"]["token"], "bot": token["token"]}
    for who, path, body in (
        ("bot", "/v1/users", {"name": "x", "email": "x@desk.example"}),
        ("trader", "/v1/grants", {"principal_id": bot["id"], "role": "owner", "effect": "allow", "on": {}}),
    ):
        refused = service.call("POST", path, body, token=tokens[who])
        expect(refused.status == 403, f"403 for a {who} that posts to {path}")
        say(f"the {who} may not post to {path}: 403, missing {refused.json()['missing_permission']}")
    return tokens
