"""Rest-hooks: only to the open Internet, to the number that was checked, with TLS that proves the name, in bounded time."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import suppress

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from phr.clients.resthook import HookGone, HookRefused, RestHook, resolved
from tests.phr.api.receiver import receiver

BODY = b'{"entry":[{"resource":{"resourceType":"Parameters","parameter":[]}}]}'
PUBLIC = "93.184.216.34"


def hook(*numbers: str, status: int = 200, seen: list | None = None, headers: dict | None = None) -> RestHook:
    """A client whose names stand for these numbers, and whose calls are answered here."""

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, headers=headers)

    return RestHook(local=False, resolve=lambda _host, _port: numbers, transport=httpx.MockTransport(answer))


def test_the_number_that_was_checked_is_called_and_the_name_is_proven():
    """No second look-up can choose another number (DNS rebinding)."""
    seen: list[httpx.Request] = []
    given = {"Authorization": "Bearer x", "Content-Type": "text/plain", "Host": "evil"}
    assert hook(PUBLIC, seen=seen).post("https://hook.example.jp:8443/a?b=c", given, BODY, 5) == 200
    assert str(seen[0].url) == f"https://{PUBLIC}:8443/a?b=c"
    assert seen[0].headers["host"] == "hook.example.jp:8443"
    assert seen[0].headers["content-type"] == "application/fhir+json"
    assert seen[0].headers["authorization"] == "Bearer x"
    assert seen[0].extensions["sni_hostname"] == "hook.example.jp"


def test_a_number_of_version_six_is_called_in_brackets():
    """As an address wants it."""
    seen: list[httpx.Request] = []
    hook("2606:2800:220:1:248:1893:25c8:1946", seen=seen).post("https://hook.example.jp/", {}, BODY, 5)
    assert seen[0].url.host == "2606:2800:220:1:248:1893:25c8:1946"


@pytest.mark.parametrize(
    "numbers",
    [
        ("127.0.0.1",), ("10.1.2.3",), ("172.16.0.1",), ("192.168.1.1",), ("169.254.169.254",), ("100.64.0.1",), ("0.0.0.0",),
        ("224.0.0.1",), ("::1",), ("fd00::1",), ("fe80::1",), ("::ffff:10.0.0.1",), (PUBLIC, "10.0.0.1"), (),
    ],
)  # fmt: skip
def test_a_name_that_leads_into_a_closed_network_is_not_called(numbers):
    """One closed number among open ones is enough."""
    seen: list[httpx.Request] = []
    with pytest.raises(HookRefused):
        hook(*numbers, seen=seen).post("https://hook.example.jp/", {}, BODY, 5)
    assert seen == []


@pytest.mark.parametrize("url", ["http://hook.example.jp/", "https://127.0.0.1/", "https://localhost/", "x"])
def test_an_address_that_is_none_is_not_called(url):
    """Also one that was stored before the rules were stricter."""
    with pytest.raises(HookRefused):
        hook(PUBLIC).post(url, {}, BODY, 5)


def test_a_name_without_an_address_is_refused_in_words_without_the_name():
    """What is kept as an error holds nothing of the receiver."""

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("nodename hook.example.jp nor servname provided")

    with pytest.raises(HookRefused) as refused:
        RestHook(local=False, resolve=unknown).post("https://hook.example.jp/", {}, BODY, 5)
    assert "example" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "headers", "after"),
    [(500, {}, 0), (404, {}, 0), (302, {"Location": "http://169.254.169.254/"}, 0), (429, {"Retry-After": "30"}, 30),
     (503, {"Retry-After": "99999999"}, 3600), (503, {"Retry-After": "soon"}, 0)],
)  # fmt: skip
def test_every_answer_but_a_success_is_a_failure(status, headers, after):
    """Redirects too; the pause that is asked for is kept, within an hour."""
    with pytest.raises(HookRefused) as refused:
        hook(PUBLIC, status=status, headers=headers).post("https://hook.example.jp/", {}, BODY, 5)
    assert refused.value.after == after


def test_gone_means_gone():
    """410."""
    with pytest.raises(HookGone):
        hook(PUBLIC, status=410).post("https://hook.example.jp/", {}, BODY, 5)


def certificate(folder, *, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A receiver's context with a certificate of its own, and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    chain = folder / "chain.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain)
    return serving, ssl.create_default_context(cafile=str(chain))


def test_a_receiver_with_tls_is_told_when_its_certificate_proves_it(tmp_path):
    """And not otherwise: a certificate of another name, or of nobody that is trusted."""
    serving, trust = certificate(tmp_path, name="127.0.0.1")
    with receiver(serving) as there:
        assert RestHook(local=True, trust=trust).post(there.url, {}, BODY, 60) == 200
        assert len(there.bodies) == 1
        with pytest.raises(HookRefused):
            RestHook(local=True).post(there.url, {}, BODY, 5)
        other = there.url.replace("127.0.0.1", "localhost")
        with pytest.raises(HookRefused):
            RestHook(local=True, trust=trust).post(other, {}, BODY, 5)
        assert len(there.bodies) == 1


def test_a_receiver_that_answers_drop_by_drop_is_left_in_time():
    """The time counts for the whole call: a worker is not held by one slow subscriber."""
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        with suppress(OSError), listening.accept()[0] as connection:  # who asked may have left
            connection.recv(65536)
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
                if stop.wait(0.1):
                    break
                connection.send(bytes([byte]))

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    began = time.monotonic()
    with pytest.raises(HookRefused, match="in time"):
        RestHook(local=True).post(f"http://127.0.0.1:{listening.getsockname()[1]}/", {}, BODY, 1)
    assert time.monotonic() - began < 60  # the drops go on for longer
    stop.set()
    listening.shutdown(socket.SHUT_RDWR)  # wakes who waits for a call that never came
    thread.join()
    listening.close()


def test_names_are_looked_up_with_their_port():
    """The real look-up, of this machine."""
    assert "127.0.0.1" in resolved("localhost", 80)
