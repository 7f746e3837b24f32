"""The page behind an alert's link, in a real Chromium: signed in by a passkey, read, and acknowledged."""

from browser import Browser
from passkeys import REGISTER

READY = """
for (let turn = 0; turn < 1000; turn++) {
    if (CONDITION) break;
    await new Promise(done => setTimeout(done, 50));
}
const text = document.querySelector('main').innerText;
return {text, title: document.title, alert: document.getElementById('one').hidden};
"""


def shows(browser, condition, *before):
    return browser.run("".join(before) + READY.replace("CONDITION", condition))


def judge(make):
    service = make()
    origin = f"http://localhost:{service.port}"
    service.settings["KEYBELL_PUBLIC_ORIGIN"] = origin
    with service, Browser() as browser:
        service.bootstrap()
        rule = {"name": "Margin is short", "severity": "critical", "on": ["custom.low"], "advice": "Move <margin>."}
        made = service.must("POST", "/v1/alert-rules", rule)
        service.must("POST", f"/v1/alert-rules/{made['id']}/enable")
        service.must("POST", "/v1/events", {"type": "custom.low", "data": {"account": "<b>main</b>"}})
        alert = service.must("GET", "/v1/alerts")["data"][0]
        assert alert["url"] == f"{origin}/alerts#{alert['id']}", alert["url"]
        browser.open(origin + "/")
        assert browser.run(REGISTER.replace("TOKEN", service.token)).get("status") == 201
        browser.open(alert["url"])
        asked = shows(browser, "!document.getElementById('login').hidden")
        assert asked["title"] == "Sign in" and asked["alert"], asked
        seen = shows(browser, "!document.getElementById('one').hidden", "document.getElementById('passkey').click();")
        assert "Margin is short" in seen["title"] and "Move <margin>." in seen["text"], seen
        taken = shows(
            browser, "document.getElementById('take').hidden", "document.getElementById('note').value = 'mine';",
            "document.getElementById('take').requestSubmit();")
        assert "It is yours" in taken["text"], taken
        now = service.must("GET", f"/v1/alerts/{alert['id']}")
        assert now["acknowledged_by"] == service.owner_id and now["acknowledge_note"] == "mine", now
        listed = shows(browser, "!document.getElementById('all').hidden", "document.getElementById('others').click();")
        assert "CRITICAL: Margin is short" in listed["text"] and "(acknowledged)" in listed["text"], listed
    return "Chromium signs in by a passkey behind an alert's link, shows the alert, and acknowledges it"
