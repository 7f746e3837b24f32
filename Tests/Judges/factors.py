"""Second factors against software of others: one-time codes by `pyotp`, the picture by `qrcode`."""

import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "Scripts" / "lib"))
from built import program  # noqa: E402
from service import Service  # noqa: E402

BINARY = program("keybell")
QUIET_ZONE = 4


def rows_of(svg):
    """The matrix behind a picture whose path holds one rectangle for each run of dark modules."""
    edge = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])
    side = edge - 2 * QUIET_ZONE
    rows = [[False] * side for _ in range(side)]
    for x, y, width, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", svg):
        assert width == back, svg
        for column in range(int(x), int(x) + int(width)):
            rows[int(y) - QUIET_ZONE][column - QUIET_ZONE] = True
    return rows


def judge_picture(svg, uri):
    """One of the eight masks gives the matrix that `qrcode` draws of the same address."""
    from qr_codes import filled

    drawn = rows_of(svg)
    assert any(filled(uri, mask).get_matrix() == drawn for mask in range(8)), "the picture is not of the address"


def judge_fixture():
    import qr_codes

    path = ROOT / "Tests" / "Fixtures" / "factors" / "qr-codes.json"
    assert path.read_text() == qr_codes.fixture(), f"{path.name} is not what qr_codes.py writes"


def step_up(service, action, **factor):
    return service.call("POST", "/v1/step-up", {"action": action, **factor})


def judge():
    import pyotp

    judge_fixture()
    with Service(BINARY) as service:
        service.bootstrap()
        begun = service.must("POST", "/v1/me/factors/totp", {"name": "pyotp"})
        app = pyotp.parse_uri(begun["uri"])
        assert (app.digits, app.interval, app.issuer) == (6, 30, "Keybell"), begun["uri"]
        assert app.secret == begun["secret"] and app.name == "owner@desk.example", begun["uri"]
        judge_picture(begun["qr_code"], begun["uri"])
        place = f"/v1/me/factors/{begun['id']}/confirm"
        assert service.call("POST", place, {"code": app.at(time.time() - 600)}).status == 403
        added = service.must("POST", place, {"code": app.now()})
        assert len(added["recovery_codes"]) == 10, added

        # From now on the owner's token needs a proof for what gives rights.
        user = {"name": "Ann", "email": "ann@desk.example"}
        refused = service.call("POST", "/v1/users", user)
        assert refused.status == 401 and refused.json()["code"] == "step_up_required", refused.body
        action = refused.json()["step_up"]["action"]
        # The step of the code that confirmed is spent; the next one counts already.
        code = app.at(time.time() + app.interval)
        proof = step_up(service, action, totp=code).json()["proof"]
        assert step_up(service, action, totp=f"{code[:3]} {code[3:]}").status == 403
        assert service.call("POST", "/v1/users", user, {"Keybell-Step-Up": proof}).status == 201
    return "pyotp's codes confirm and step up, once; qrcode draws the same pictures in 40 versions"
