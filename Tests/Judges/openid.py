"""Log-in by `oidc-provider-mock`, an OpenID provider that others wrote on Authlib, with the built service between it and
what stands for a browser here.
"""

import http.client
import urllib.parse
import urllib.request

PERSON = {"email": "ann@desk.example", "email_verified": True, "name": "Ann", "groups": ["traders", "others"]}

SECRET = "a secret & more"


class Browser:
    """Keeps cookies, follows nothing."""

    def __init__(self, service):
        self.port, self.cookies = service.port, {}

    def get(self, target):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request("GET", target, headers={"Cookie": cookies} if cookies else {})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location"), body


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def authorize(address, subject):
    """The provider's page, where the person says who they are; the query that the browser is sent back with."""
    form = urllib.parse.urlencode({"sub": subject}).encode()
    try:
        urllib.request.build_opener(StayHere).open(address, form, timeout=60)
    except urllib.error.HTTPError as answer:
        assert answer.code == 302, answer.code
        return urllib.parse.urlsplit(answer.headers["Location"]).query
    raise AssertionError("the provider sends nobody back")


def log_in(browser, subject):
    status, address, body = browser.get("/v1/oidc/login")
    assert status == 303, (status, body)
    query = authorize(address, subject)
    return query, browser.get(f"/v1/oidc/callback?{query}")


def judge(service_of):
    from oidc_provider_mock import User, run_server_in_thread

    people = [User(sub="ann-1", claims=PERSON), User(sub="eve-1", claims={**PERSON, "email_verified": False})]
    with run_server_in_thread(require_nonce=True, user_claims=people) as provider:
        service = service_of({
            "KEYBELL_OIDC_ISSUER": f"http://localhost:{provider.server_port}", "KEYBELL_OIDC_CLIENT_ID": "keybell",
            "KEYBELL_OIDC_ROLES": "traders=trader", "KEYBELL_OIDC_PRIVATE": "true",
            "KEYBELL_OIDC_LINK_BY": "invited_email"})
        secret = service.folder / "oidc-secret"
        secret.write_text(SECRET + "\n")
        service.settings["KEYBELL_OIDC_CLIENT_SECRET_FILE"] = str(secret)
        service.settings["KEYBELL_PUBLIC_ORIGIN"] = f"http://localhost:{service.port}"
        with service:
            return run(service)


def run(service):
    service.bootstrap()
    service.must("POST", "/v1/users", {"name": "ann", "email": "Ann@desk.example"})
    _, (status, _, _) = log_in(Browser(service), "eve-1")
    assert status == 401, f"an unverified address is let in: {status}"
    browser = Browser(service)
    query, (status, location, body) = log_in(browser, "ann-1")
    assert (status, location) == (303, "/"), (status, location, body, service.tail())
    status, _, body = browser.get("/v1/me")
    assert status == 200 and b"Ann@desk.example" in body and b'"trader"' in body, body
    assert browser.get(f"/v1/oidc/callback?{query}")[0] == 401, "an answer counts twice"
    # A code that was exchanged, behind another log-in's state.
    again = Browser(service)
    _, address, _ = again.get("/v1/oidc/login")
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["state"][0]
    code = urllib.parse.parse_qs(query)["code"][0]
    status, _, _ = again.get(f"/v1/oidc/callback?{urllib.parse.urlencode({'code': code, 'state': state})}")
    assert status == 401, f"a code counts twice: {status}"
    log = service.log_path.read_text(errors="replace")
    for secret in (SECRET, code, state, *browser.cookies.values()):
        assert not secret or secret not in log, "the log shows what is secret"
    return "a provider on Authlib signs Ann in, once for each code and state, and nobody by an unverified address"
