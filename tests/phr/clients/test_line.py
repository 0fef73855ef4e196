"""LINE against a server that speaks as its documentation does: retry keys, quotas, tokens, and signed notices."""

from __future__ import annotations

import base64
import hmac
import json
from hashlib import sha256
from uuid import UUID

import httpx
import pytest

from phr.clients.line import Line, Said, notices, signed
from phr.domain.messages.channel import AddressGone, ChannelBusy, ChannelRefused, Note
from phr.errors import Invalid, NotAllowed

USER = "U" + "0123456789abcdef" * 2
NOTE = Note(UUID(int=9), "件名", "お知らせがあります。", "https://phr.example/messages", "", 60, urgent=False)


class Platform:
    """The push endpoint: remembers retry keys as the real one does."""

    def __init__(self) -> None:
        self.keys = {}
        self.sent = []
        self.next = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.next is not None:
            answer, self.next = self.next, None
            if isinstance(answer, Exception):
                raise answer
            return answer
        assert (request.method, request.url.path) == ("POST", "/v2/bot/message/push")
        if request.headers["authorization"] != "Bearer right":
            return httpx.Response(401, json={"message": "Authentication failed"})
        body, key = json.loads(request.content), request.headers["x-line-retry-key"]
        if key in self.keys:
            return httpx.Response(
                409,
                headers={"x-line-accepted-request-id": self.keys[key]},
                json={"message": "The retry key is already accepted"},
            )
        self.keys[key] = f"request-{len(self.keys)}"
        self.sent.append((body["to"], body["messages"]))
        return httpx.Response(200, headers={"x-line-request-id": self.keys[key]}, json={"sentMessages": []})


@pytest.fixture
def platform():
    return Platform()


def line(platform, token="right"):
    return Line("https://api.line.me/", token, httpx.MockTransport(platform))


def test_a_message_goes_out_once_however_often_it_is_tried(platform):
    """The retry key is the key of the message: 409 says that it was taken before, which is success."""
    channel = line(platform)
    assert channel.send(USER, NOTE) == channel.send(USER, NOTE) == "line:request-0"
    ((to, messages),) = platform.sent
    assert to == USER
    assert messages == [{"type": "text", "text": f"{NOTE.text}\n{NOTE.url}"}]
    assert list(platform.keys) == [str(NOTE.key)]
    assert channel.repeats_count_once


def test_the_text_ends_with_the_way_to_stop_it(platform):
    from dataclasses import replace

    line(platform).send(USER, replace(NOTE, stop_url="https://phr.example/stop/x"))
    assert platform.sent[0][1][0]["text"].endswith("https://phr.example/stop/x")


def test_a_wrong_token_waits_for_the_operator(platform):
    with pytest.raises(ChannelBusy, match="token") as found:
        line(platform, "wrong").send(USER, NOTE)
    assert found.value.after == 3600


@pytest.mark.parametrize(
    ("answer", "error", "after"),
    [
        (httpx.Response(429, headers={"retry-after": "30"}), ChannelBusy, 30),
        (httpx.Response(429), ChannelBusy, 3600),
        (httpx.Response(429, headers={"retry-after": "Wed, 21 Oct 2026"}), ChannelBusy, 3600),
        (httpx.Response(500), ChannelBusy, 0),
        (httpx.ConnectError("no"), ChannelBusy, 0),
        (
            httpx.Response(400, json={"message": "The property, 'to', in the request body is invalid"}),
            AddressGone,
            0,
        ),
        (httpx.Response(400, json={"message": "May not be empty"}), ChannelRefused, 0),
        (httpx.Response(413), ChannelRefused, 0),
    ],
)
def test_each_answer_has_its_consequence(platform, answer, error, after):
    platform.next = answer
    with pytest.raises(error) as found:
        line(platform).send(USER, NOTE)
    assert getattr(found.value, "after", 0) == after
    assert USER not in str(found.value)


def notice(*events):
    return json.dumps({"destination": "x", "events": list(events)}).encode()


def said(text, user=USER, **more):
    return {
        "type": "message",
        "source": {"type": "user", "userId": user},
        "message": {"type": "text", "text": text},
        **more,
    }


def test_a_notice_needs_the_signature_of_its_body():
    body = notice(said("x"))
    right = base64.b64encode(hmac.new(b"secret", body, sha256).digest()).decode()
    signed("secret", body, right)
    for secret, content, signature in (
        ("other", body, right),
        ("secret", body + b" ", right),
        ("secret", body, ""),
        ("secret", body, "あ"),
        ("", body, base64.b64encode(hmac.new(b"", body, sha256).digest()).decode()),
    ):
        with pytest.raises(NotAllowed):
            signed(secret, content, signature)


def test_only_what_people_wrote_and_that_they_left_is_read():
    found = notices(
        notice(
            said("ABCD2345"),
            {"type": "unfollow", "source": {"type": "user", "userId": USER}},
            {"type": "follow", "source": {"type": "user", "userId": USER}},
            {
                "type": "message",
                "source": {"type": "group", "groupId": "C1"},
                "message": {"type": "text", "text": "x"},
            },
            {"type": "message", "source": {"type": "user", "userId": USER}, "message": {"type": "sticker"}},
            said("x", user="not-a-user"),
            said(1),
        )
    )
    assert found == [Said(USER, "message", "ABCD2345"), Said(USER, "unfollow", "")]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"events": 1}', b'{"events": [1]}', notice(*[said("x")] * 201)]
)
def test_what_is_no_notice_is_refused(body):
    with pytest.raises(Invalid):
        notices(body)
