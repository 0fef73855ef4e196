"""E-mail against a real SMTP server: TLS, sign-in, one message, and what a server can answer."""

from __future__ import annotations

import gc
import socket
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from phr.clients.mail import Mail, Server, composed
from phr.domain.messages.channel import AddressGone, ChannelBusy, ChannelRefused, Note
from phr.errors import Invalid

NOTE = Note(
    UUID(int=7),
    "ときわの市 お知らせ",
    "お知らせがあります。",
    "https://phr.example/messages",
    "https://phr.example/messages/stop/abc",
    3600,
    urgent=False,
)
SENDER = "kenko@tokiwano.example"


class Post:
    """What a server says to each recipient, and what it took."""

    def __init__(self) -> None:
        self.answers = {}
        self.taken = []
        self.data_answer = "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.taken.append(message_from_bytes(envelope.content, policy=default))
        return self.data_answer


class Listening(Controller):
    """A server on a port that is held from the start: nobody else can take it before the server does."""

    def __init__(self, handler):
        self.held = socket.create_server(("127.0.0.1", 0))
        port = self.held.getsockname()[1]
        super().__init__(handler, hostname="127.0.0.1", port=port, ready_timeout=60)

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self.held)

    def stop(self, no_assert=False):
        """Lines that its loop left half closed are collected here, not in the test that comes next."""
        super().stop(no_assert)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


def signed(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of this test only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@pytest.fixture(scope="module")
def post(certificate):
    """A server with STARTTLS and sign-in, both demanded."""
    handler = Post()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    class WithTls(Listening):
        def factory(self):
            return SMTP(
                self.handler,
                tls_context=context,
                require_starttls=True,
                authenticator=signed,
                auth_required=True,
                ident="test",
            )

    running = WithTls(handler)
    running.start()
    handler.port = running.port
    yield handler
    running.stop()


@pytest.fixture(autouse=True)
def fresh(post):
    post.answers, post.data_answer = {}, "250 OK"
    post.taken.clear()


def mail(post, certificate, password="right", security="starttls", host="localhost"):
    def trusting():
        return ssl.create_default_context(cafile=str(certificate))

    return Mail(Server(host, post.port, "phr", password, security, SENDER), trusting)


def test_a_message_arrives_encrypted_signed_in_and_readable(post, certificate):
    """One recipient, a text, a link to end it, and a Message-ID from the key."""
    receipt = mail(post, certificate).send("hanako@example.jp", NOTE)
    (taken,) = post.taken
    assert taken["To"] == "hanako@example.jp"
    assert taken["Subject"] == NOTE.subject
    assert taken["Message-ID"] == receipt == f"<{NOTE.key}@tokiwano.example>"
    assert taken["List-Unsubscribe"] == f"<{NOTE.stop_url}>"
    assert taken["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert taken["Auto-Submitted"] == "auto-generated"
    text = taken.get_content()
    assert NOTE.text in text
    assert NOTE.url in text
    assert NOTE.stop_url in text


def test_a_repetition_has_the_same_message_id(post, certificate):
    """Which is all that SMTP knows of sending twice."""
    sender = mail(post, certificate)
    assert sender.send("a@example.jp", NOTE) == sender.send("a@example.jp", NOTE)
    assert not sender.repeats_count_once


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("550 no such mailbox", AddressGone),
        ("551 moved", AddressGone),
        ("552 full", ChannelRefused),
        ("450 later", ChannelBusy),
    ],
)
def test_what_is_said_of_an_address_decides_what_comes_next(post, certificate, answer, error):
    """Gone ends the address; full does not; greylisting waits."""
    post.answers["a@example.jp"] = answer
    with pytest.raises(error) as found:
        mail(post, certificate).send("a@example.jp", NOTE)
    assert "example.jp" not in str(found.value)


@pytest.mark.parametrize(("answer", "error"), [("554 spam", ChannelRefused), ("451 busy", ChannelBusy)])
def test_a_message_that_is_not_taken_is_refused_or_waits(post, certificate, answer, error):
    post.data_answer = answer
    with pytest.raises(error):
        mail(post, certificate).send("a@example.jp", NOTE)


def test_a_wrong_password_waits_for_the_operator(post, certificate):
    with pytest.raises(ChannelBusy, match="sign-in"):
        mail(post, certificate, password="wrong").send("a@example.jp", NOTE)
    assert post.taken == []


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(post):
    """No message goes to somebody who stands between."""
    with pytest.raises(ChannelBusy, match="certificate"):
        Mail(Server("localhost", post.port, "phr", "right", "starttls", SENDER)).send("a@example.jp", NOTE)
    assert post.taken == []


def test_a_name_that_is_not_the_certificates_is_not_trusted(post, certificate):
    with pytest.raises(ChannelBusy, match="certificate"):
        mail(post, certificate, host="127.0.0.1").send("a@example.jp", NOTE)


def test_a_server_without_tls_gets_nothing(certificate):
    """Never in the clear because the other side does not offer better."""
    handler = Post()
    running = Listening(handler)
    running.start()
    handler.port = running.port
    try:
        with pytest.raises(ChannelBusy, match="no TLS"):
            mail(handler, certificate).send("a@example.jp", NOTE)
        plain = Mail(Server("127.0.0.1", handler.port, "", "", "none", SENDER))
        plain.send("a@example.jp", NOTE)  # on this machine it may be so
    finally:
        running.stop()
    assert len(handler.taken) == 1


def test_a_server_that_is_not_there_waits(certificate):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = Server("127.0.0.1", taken.getsockname()[1], "", "", "tls", SENDER)
        with pytest.raises(ChannelBusy, match="does not answer"):
            Mail(server, lambda: ssl.create_default_context(cafile=str(certificate))).send("a@b.jp", NOTE)


@pytest.mark.parametrize("bad", ["a@b.jp\r\nBcc: c@d.jp", "a@b.jp, c@d.jp", "a@b.jp\n"])
def test_no_header_can_be_injected_by_an_address(bad):
    """A second recipient, or a header, would be somebody else's message."""
    if bad == "a@b.jp\n":
        assert composed(SENDER, bad, NOTE)["To"] == "a@b.jp"
        return
    with pytest.raises(Invalid):
        composed(SENDER, bad, NOTE)


def test_no_header_can_be_injected_by_a_subject():
    from dataclasses import replace

    made = composed(SENDER, "a@b.jp", replace(NOTE, subject="x\r\nBcc: c@d.jp", stop_url=""))
    assert made["Subject"] == "x Bcc: c@d.jp"
    assert made["Bcc"] is None
    assert made["List-Unsubscribe"] is None
