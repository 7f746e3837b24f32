"""Passkeys in a real Chromium with its virtual authenticator, against the real service on http://localhost."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "Scripts" / "lib"))
from browser import Browser  # noqa: E402
from built import program  # noqa: E402
from service import Service  # noqa: E402

BINARY = program("keybell")

CALL = """
const call = async (method, path, body, headers = {}) => {
    const told = body === undefined ? {} : {body: JSON.stringify(body)};
    const all = {'content-type': 'application/json', ...headers};
    const answer = await fetch(path, {method, headers: all, ...told});
    const text = await answer.text();
    return {status: answer.status, json: text ? JSON.parse(text) : null};
};
"""
REGISTER = CALL + """
const bearer = {authorization: 'Bearer TOKEN'};
const options = (await call('GET', '/v1/me/factors/passkeys/options', undefined, bearer)).json.public_key;
let credential;
try {
    credential = await navigator.credentials.create(
        {publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)});
} catch (error) {
    return {error: error.name};
}
return await call('POST', '/v1/me/factors/passkeys', {name: 'Chromium', credential: credential.toJSON()}, bearer);
"""
LOG_IN = CALL + """
const options = (await call('GET', '/v1/sessions/passkey-options')).json.public_key;
const credential = await navigator.credentials.get(
    {publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
const body = {passkey: credential.toJSON()};
const session = await call('POST', '/v1/sessions', body);
return {session, again: await call('POST', '/v1/sessions', body), me: await call('GET', '/v1/me')};
"""
STEP_UP = CALL + """
const csrf = {'keybell-csrf': 'CSRF'};
const begun = await call('POST', '/v1/step-up', {}, csrf);
const options = begun.json.factors.find(factor => factor.kind === 'passkey').options;
const credential = await navigator.credentials.get(
    {publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
const shown = await call('POST', '/v1/step-up', {passkey: credential.toJSON()}, csrf);
const user = {name: 'Ann', email: 'ann@desk.example'};
return {shown, user: await call('POST', '/v1/users', user, csrf)};
"""


def judge():
    service = Service(BINARY)
    origin = f"http://localhost:{service.port}"
    service.settings["KEYBELL_PUBLIC_ORIGIN"] = origin
    with service, Browser() as browser:
        service.bootstrap()
        browser.open(origin + "/")
        made = browser.run(REGISTER.replace("TOKEN", service.token))
        assert made.get("status") == 201 and made["json"]["kind"] == "passkey", made
        again = browser.run(REGISTER.replace("TOKEN", service.token))
        assert again == {"error": "InvalidStateError"}, f"the same authenticator registers twice: {again}"
        done = browser.run(LOG_IN)
        session = done["session"]
        assert session["status"] == 201 and session["json"]["session"]["factor"] == "passkey", session
        assert done["again"]["status"] == 401, "one signature logs in twice"
        assert done["me"]["json"]["principal"]["id"] == service.owner_id, done["me"]
        step = browser.run(STEP_UP.replace("CSRF", session["json"]["csrf_token"]))
        assert step["shown"]["json"]["factor"] == "passkey", json.dumps(step)
        assert step["user"]["status"] == 201, json.dumps(step)
        factors = service.must("GET", "/v1/me/factors")["data"]
        assert [factor["name"] for factor in factors] == ["Chromium"], factors
    return "Chromium makes a passkey (ES256), logs in with it alone, once, and steps up"
