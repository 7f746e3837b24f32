"""Mail by aiosmtpd, a server that others wrote: STARTTLS required, then a log-in; read by Python's own parser."""

import email
import email.policy
import pathlib
import queue
import subprocess
import tempfile

from service import free_port

LIMIT_SECONDS = 60
USER, PASSWORD = "keybell", "correct horse"
NAME = "Zürich <b> =?UTF-8?Q?x?="


class Keeper:
    """What aiosmtpd hands over."""

    def __init__(self):
        self.mails = queue.Queue()

    async def handle_DATA(self, _, session, envelope):
        self.mails.put((session, envelope))
        return "250 2.0.0 kept"


def certificate(folder):
    names = str(folder / "mail.pem"), str(folder / "mail.key")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=mail.example", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", *curve, *subject, "-out", names[0], "-keyout", names[1]]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return names


def server(keeper, folder):
    import ssl

    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    def authenticate(_, __, ___, mechanism, data):
        taken = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=taken, handled=taken)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder))
    return Controller(
        keeper, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True, auth_required=True,
        authenticator=authenticate)


def judge(service_of):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kb"))
    keeper = Keeper()
    controller = server(keeper, folder)
    controller.start()
    try:
        with service_of() as service:
            service.bootstrap()
            port = controller.server.sockets[0].getsockname()[1]
            channel = {
                "from": "keybell@desk.example", "to": ["trader@desk.example", "risk@desk.example"], "user": USER,
                "password": PASSWORD, "authority": (folder / "mail.pem").read_text(),
            }
            wanted = {"name": "mail", "kind": "email", "url": f"smtp://127.0.0.1:{port}", "channel": channel}
            webhook = service.must("POST", "/v1/webhooks", wanted)
            rule = {"name": NAME, "severity": "critical", "on": ["custom.judged"], "send_to": [webhook["id"]]}
            made = service.must("POST", "/v1/alert-rules", rule)
            service.must("POST", f"/v1/alert-rules/{made['id']}/enable", {})
            service.must("POST", "/v1/events", {"type": "custom.judged", "data": {"word": "Grüße"}})
            return check(*keeper.mails.get(timeout=LIMIT_SECONDS))
    finally:
        controller.stop()
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def check(session, envelope):
    assert session.ssl is not None, "the mail came in clear"
    assert session.authenticated, "nobody logged in"
    assert session.host_name == "desk.example", session.host_name
    assert envelope.rcpt_tos == ["trader@desk.example", "risk@desk.example"], envelope.rcpt_tos
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    defects = [defect for part in message.walk() for defect in part.defects]
    assert not defects, defects
    assert message["subject"] == "CRITICAL: Zürich <b> =?UTF-8?Q?x?=", message["subject"]
    assert message["auto-submitted"] == "auto-generated"
    assert message["message-id"].endswith("@desk.example>"), message["message-id"]
    text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "/alerts#alrt_" in text and "/alerts#alrt_" in page
    assert "<b>" in text and "<b>" not in page and "&lt;b&gt;" in page
    assert all(len(line) <= 78 for line in envelope.content.split(b"\r\n"))
    return f"aiosmtpd takes a mail over STARTTLS and a log-in ({len(envelope.content)} bytes), and its parts parse"
