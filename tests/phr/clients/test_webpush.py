"""Web push against a push service that decrypts and checks who we are; and never into a closed network."""

from __future__ import annotations

import base64
import json
from uuid import UUID

import http_ece
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from phr.clients.webpush import WebPush, resolved
from phr.domain.messages.channel import AddressGone, ChannelBusy, ChannelRefused, Note
from phr.errors import Unsafe

NOTE = Note(
    UUID(int=11), "ときわの市", "お知らせがあります。", "https://phr.example/messages", "", 3600, urgent=True
)
OURS = base64.urlsafe_b64encode((1234567).to_bytes(32)).rstrip(b"=").decode()
AUTH = b"a" * 16


def packed(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Service:
    """A push service with one browser behind it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.got = []
        self.answer = httpx.Response(201)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if isinstance(self.answer, Exception):
            raise self.answer
        text = http_ece.decrypt(request.content, private_key=self.key, auth_secret=AUTH, version="aes128gcm")
        self.got.append((request, json.loads(text)))
        return self.answer

    @property
    def subscription(self):
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": packed(point), "auth": packed(AUTH)}
        return json.dumps({"endpoint": "https://push.example.com/send/1?x=y", "keys": keys})


@pytest.fixture
def service():
    return Service()


def push(service, numbers=("93.184.216.34",)):
    def resolve(host):
        assert host == "push.example.com"
        if isinstance(numbers, Exception):
            raise numbers
        return list(numbers)

    return WebPush(OURS, "mailto:a@b.jp", resolve=resolve, transport=httpx.MockTransport(service))


def test_the_browser_reads_it_and_the_service_knows_us(service):
    """Encrypted for one browser (RFC 8291), signed with our key for this service (RFC 8292)."""
    channel = push(service)
    assert channel.send(service.subscription, NOTE) == "push:201"
    ((request, body),) = service.got
    assert body == {"title": NOTE.subject, "body": NOTE.text, "url": NOTE.url, "tag": str(NOTE.key)}
    assert Vapid02.verify(request.headers["authorization"])
    claims = request.headers["authorization"].split("t=")[1].split(",")[0].split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (read["aud"], read["sub"]) == ("https://push.example.com", "mailto:a@b.jp")
    assert f"k={channel.public_key}" in request.headers["authorization"]
    assert request.headers["ttl"] == "3600"
    assert request.headers["topic"] == NOTE.key.hex
    assert request.headers["urgency"] == "high"


def test_the_number_that_was_checked_is_the_one_that_is_asked(service):
    """Nobody looks the name up a second time; the certificate is still that of the name."""
    push(service).send(service.subscription, NOTE)
    request = service.got[0][0]
    assert str(request.url) == "https://93.184.216.34/send/1?x=y"
    assert request.headers["host"] == "push.example.com"
    assert request.extensions["sni_hostname"] == "push.example.com"


def test_a_number_of_the_new_internet_stands_in_brackets(service):
    push(service, ("2606:2800:220:1::1",)).send(service.subscription, NOTE)
    assert service.got[0][0].url.host == "2606:2800:220:1::1"


@pytest.mark.parametrize(
    "numbers",
    [("127.0.0.1",), ("10.1.2.3",), ("169.254.169.254",), ("::1",), ("93.184.216.34", "192.168.0.1"), ()],
)
def test_nothing_is_sent_into_a_closed_network(service, numbers):
    """The endpoint comes from a browser, and a name can stand for anything."""
    with pytest.raises(AddressGone):
        push(service, numbers).send(service.subscription, NOTE)
    assert service.got == []


@pytest.mark.parametrize(
    "change", ["http://push.example.com/x", "https://127.0.0.1/x", "https://push.example.com:22/"]
)
def test_an_endpoint_that_is_no_push_service_ends(service, change):
    wrong = {**json.loads(service.subscription), "endpoint": change}
    with pytest.raises(AddressGone):
        push(service).send(json.dumps(wrong), NOTE)


def test_a_name_that_is_not_known_now_waits(service):
    with pytest.raises(ChannelBusy):
        push(service, OSError("no such name")).send(service.subscription, NOTE)


@pytest.mark.parametrize(
    ("answer", "error", "after"),
    [
        (httpx.Response(404), AddressGone, 0),
        (httpx.Response(410), AddressGone, 0),
        (httpx.Response(429, headers={"retry-after": "120"}), ChannelBusy, 120),
        (httpx.Response(429, headers={"retry-after": "soon"}), ChannelBusy, 0),
        (httpx.Response(503), ChannelBusy, 0),
        (httpx.Response(400), ChannelRefused, 0),
        (httpx.Response(302, headers={"location": "http://127.0.0.1/"}), ChannelRefused, 0),
        (httpx.ReadTimeout("late"), ChannelBusy, 0),
    ],
)
def test_each_answer_has_its_consequence(service, answer, error, after):
    """404 and 410 end the subscription; a redirect is not followed."""
    service.answer = answer
    with pytest.raises(error) as found:
        push(service).send(service.subscription, NOTE)
    assert getattr(found.value, "after", 0) == after


def test_a_message_that_is_too_long_is_refused(service):
    from dataclasses import replace

    with pytest.raises(ChannelRefused, match="too long"):
        push(service).send(service.subscription, replace(NOTE, text="あ" * 1000))


def test_keys_that_are_no_point_end_the_subscription(service):
    wrong = json.loads(service.subscription)
    wrong["keys"]["p256dh"] = packed(b"\x04" + b"\x01" * 64)
    with pytest.raises(AddressGone):
        push(service).send(json.dumps(wrong), NOTE)


def test_a_wrong_key_of_ours_is_unsafe():
    with pytest.raises(Unsafe, match="PHR_VAPID_KEY"):
        WebPush("not a key", "mailto:a@b.jp")


def test_a_name_is_looked_up_once_for_all_its_numbers(monkeypatch):
    from phr.clients import webpush

    def looked(_host, _port, **_more):
        return [(0, 0, 0, "", ("fe80::1%eth0", 443)), (0, 0, 0, "", ("8.8.8.8", 443))]

    monkeypatch.setattr(webpush.socket, "getaddrinfo", looked)
    assert resolved("push.example.com") == ["8.8.8.8", "fe80::1"]
