"""LINE Messaging API: push messages with a retry key, and the signed notices of the city's account."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import httpx
import orjson

from phr.domain.messages.addresses import line_user
from phr.domain.messages.channel import AddressGone, ChannelBusy, ChannelRefused, Note
from phr.errors import Invalid, NotAllowed

_PATIENCE: Final = 15.0
_MOST_EVENTS: Final = 200
_LONGEST: Final = 5000  # signs of a text message, of the API


class Line:
    """Sends as one official account. The API itself drops a repetition of a retry key for 24 hours."""

    repeats_count_once: Final = True

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = f"{url.rstrip('/')}/v2/bot/message/push"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(timeout=_PATIENCE, transport=transport)

    def close(self) -> None:
        """Gives its connections back."""
        self._client.close()

    def send(self, address: str, note: Note) -> str:
        """Sends one message. Raises AddressGone, ChannelBusy or ChannelRefused."""
        ending = f"\n\n配信を止める: {note.stop_url}" if note.stop_url else ""
        text = f"{note.text}\n{note.url}{ending}"[:_LONGEST]
        body = {"to": line_user(address), "messages": [{"type": "text", "text": text}]}
        try:
            answer = self._client.post(
                self._url, json=body, headers={**self._headers, "X-Line-Retry-Key": str(note.key)}
            )
        except httpx.HTTPError as error:
            raise ChannelBusy(f"LINE does not answer: {type(error).__name__}") from None
        return _read(answer)


def _read(answer: httpx.Response) -> str:
    status = answer.status_code
    if status == 200:
        return f"line:{answer.headers.get('x-line-request-id', '')[:80]}"
    if status == 409:  # this key was accepted before: that is what we wanted
        return f"line:{answer.headers.get('x-line-accepted-request-id', '')[:80]}"
    if status == 429:
        raise ChannelBusy("LINE asks to wait", _seconds(answer.headers.get("retry-after", "")) or 3600)
    if status in (401, 403):
        raise ChannelBusy("LINE refused our token", 3600)
    if (
        status == 400 and b"'to'" in answer.content[:2000]
    ):  # "The property, 'to', in the request body is invalid"
        raise AddressGone("not a friend of the account")
    if status >= 500:
        raise ChannelBusy(f"LINE answers {status}")
    raise ChannelRefused(f"LINE answers {status}")


def _seconds(text: str) -> int:
    return min(int(text), 86_400) if text.isascii() and text.isdigit() and len(text) < 9 else 0


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody did to the city's account: ``message`` with its text, or ``unfollow``."""

    user: str
    what: str
    text: str


def signed(secret: str, body: bytes, signature: str) -> None:
    """Raises NotAllowed for a notice that LINE did not sign (HMAC-SHA256 of the body, in base64)."""
    made = base64.b64encode(hmac.new(secret.encode(), body, sha256).digest())
    if not secret or not hmac.compare_digest(made, signature.encode()):
        raise NotAllowed("signature")


def notices(body: bytes) -> list[Said]:
    """What a notice says of people; other events are left out. Raises Invalid for what is no notice."""
    try:
        events: Any = orjson.loads(body)["events"]
        if not isinstance(events, list) or len(events) > _MOST_EVENTS:
            raise Invalid("must be a list of events", field="events")
        return [said for said in map(_said, events) if said is not None]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("is no notice of LINE", field="body") from error


def _said(event: Any) -> Said | None:
    what, source = event.get("type"), event.get("source") or {}
    user = source.get("userId") if source.get("type") == "user" else None
    if not isinstance(user, str):
        return None
    try:
        line_user(user)
    except Invalid:
        return None
    if what == "unfollow":
        return Said(user, what, "")
    message = event.get("message") or {}
    text = message.get("text") if what == "message" and message.get("type") == "text" else None
    return Said(user, "message", text[:100]) if isinstance(text, str) else None
