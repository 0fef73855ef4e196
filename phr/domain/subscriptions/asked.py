"""What a client asks for with a Subscription (R5 backport on R4), read strictly: what is not understood is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from phr.domain.messages.addresses import is_ip
from phr.domain.subscriptions.filters import Filter, read
from phr.domain.subscriptions.topics import TOPICS, Topic
from phr.errors import Invalid

BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
PROFILE: Final = BACKPORT + "backport-subscription"
_CRITERIA: Final = BACKPORT + "backport-filter-criteria"
_CONTENT: Final = BACKPORT + "backport-payload-content"
_NUMBERS: Final = {
    "backport-heartbeat-period": ("heartbeat", 30, 86_400),
    "backport-timeout": ("timeout", 1, 30),
    "backport-max-count": ("max_count", 1, 100),
}
"""Extension of the channel -> our word, smallest and largest."""
_FORMATS: Final = ("application/fhir+json", "application/json")
_HEADER: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,63}): ?([\x21-\x7e][\x20-\x7e]{0,2000})")
_OURS: Final = frozenset({"host", "content-type", "content-length", "connection", "transfer-encoding"})
_HEADERS: Final = 5
_ADDRESS: Final = 1024
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. headers: None where the client says nothing of them, so that an update keeps those it sent."""

    topic: Topic
    filters: tuple[Filter, ...]
    patients: tuple[str, ...]
    endpoint: str
    headers: tuple[tuple[str, str], ...] | None
    payload: str
    heartbeat: int
    timeout: int
    max_count: int
    ends_at: datetime | None
    off: bool


def asked(resource: Mapping[str, Any], *, local: bool) -> Asked:
    """The request. local: whether receivers on this machine are allowed (demo and tests). Raises Invalid."""
    status = resource.get("status")
    if status not in ("requested", "off"):
        raise Invalid("a client asks (requested) or ends (off)", field="Subscription.status")
    topic = TOPICS.get(str(resource.get("criteria", "")))
    if topic is None:
        raise Invalid("is no topic of this server", field="Subscription.criteria")
    filters, patients = _filters(resource.get("_criteria"), topic)
    channel = resource.get("channel")
    if not isinstance(channel, Mapping):
        raise Invalid("is missing", field="Subscription.channel")
    if channel.get("type") != "rest-hook" or channel.get("_type"):
        raise Invalid("only rest-hook is served", field="Subscription.channel.type")
    if channel.get("payload") not in (None, *_FORMATS):
        raise Invalid("only application/fhir+json is sent", field="Subscription.channel.payload")
    numbers = _numbers(channel)
    return Asked(
        topic,
        filters,
        patients,
        address(channel.get("endpoint"), local=local),
        _headers(channel.get("header")),
        _content(channel.get("_payload")),
        numbers.get("heartbeat", 0),
        numbers.get("timeout", 10),
        numbers.get("max_count", 1),
        _end(resource.get("end")),
        status == "off",
    )


def address(url: object, *, local: bool) -> str:
    """An endpoint: https to a named host; on this machine, where that is allowed, http too. Raises Invalid."""
    place = "Subscription.channel.endpoint"
    if not isinstance(url, str) or len(url) > _ADDRESS or not url.isascii() or any(ord(c) < 33 for c in url):
        raise Invalid("is no address", field=place)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid("is no address", field=place) from error
    host = parts.hostname or ""
    if parts.username is not None or parts.fragment or port == 0:
        raise Invalid("holds a user, a fragment or no port", field=place)
    if local and host in _LOOPBACK and parts.scheme in ("http", "https"):
        return url
    if parts.scheme != "https" or "." not in host.strip(".") or host in _LOOPBACK or is_ip(host):
        raise Invalid("must be https to a named host", field=place)
    return url


def _extensions(element: object, url: str) -> list[Mapping[str, Any]]:
    """The extensions of one kind on an element (or on the ``_name`` of a primitive one)."""
    listed = element.get("extension") if isinstance(element, Mapping) else None
    return [
        one
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, Mapping) and one.get("url") == url
    ]


def _filters(beside: object, topic: Topic) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    found, patients = [], []
    for one in _extensions(beside, _CRITERIA):
        wanted, named = read(one.get("valueString"), topic)
        found.append(wanted)
        patients.append(named)
    if len(set(patients)) > 1:
        raise Invalid("every filter names the same patients, or none does", field="Subscription._criteria")
    return tuple(found), patients[0] if patients else ()


def _content(beside: object) -> str:
    found = [one.get("valueCode") for one in _extensions(beside, _CONTENT)] or ["empty"]
    if found == ["full-resource"]:
        raise Invalid(
            "full-resource is never sent: a subscriber reads through the interface that asks for consent",
            field="Subscription.channel.payload",
        )
    if found not in (["empty"], ["id-only"]):
        raise Invalid("the content is empty or id-only", field="Subscription.channel.payload")
    return str(found[0])


def _numbers(channel: Mapping[str, Any]) -> dict[str, int]:
    found = {}
    for name, (word, least, most) in _NUMBERS.items():
        for one in _extensions(channel, BACKPORT + name):
            value = one.get("valueUnsignedInt", one.get("valuePositiveInt"))
            if type(value) is not int or not least <= value <= most:
                raise Invalid(f"{name} is {least} to {most}", field="Subscription.channel")
            found[word] = value
    return found


def _headers(given: object) -> tuple[tuple[str, str], ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > _HEADERS:
        raise Invalid(f"at most {_HEADERS} headers", field="Subscription.channel.header")
    found = []
    for one in given:
        parts = _HEADER.fullmatch(one) if isinstance(one, str) else None
        if parts is None or parts[1].lower() in _OURS:
            raise Invalid("expected Name: value, and no header of ours", field="Subscription.channel.header")
        found.append((parts[1], parts[2]))
    return tuple(found)


def _end(text: object) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise Invalid("is no instant", field="Subscription.end") from error
    if found.tzinfo is None:
        raise Invalid("is no instant", field="Subscription.end")
    return found
