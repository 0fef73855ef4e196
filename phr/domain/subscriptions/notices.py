"""Notifications: a history Bundle whose first entry is the status of the subscription (R5 backport on R4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from phr.domain.documents import instant
from phr.domain.subscriptions.asked import BACKPORT

_NOTICE: Final = BACKPORT + "backport-subscription-notification-r4"
_STATUS: Final = BACKPORT + "backport-subscription-status-r4"
_NAMES: Final = UUID("0d1c7f56-2f0b-5b39-9a3a-0f6f1f9f9a01")


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it is told: its number, when it happened, and what it is about ('' when that is not told)."""

    number: int
    at: datetime
    focus: str


@dataclass(frozen=True, slots=True)
class About:
    """A subscription as its notifications name it."""

    base: str
    identity: UUID
    topic: str
    state: str
    events: int
    error: str = ""

    @property
    def address(self) -> str:
        """Where it is read."""
        return f"{self.base}/Subscription/{self.identity}"


def status(about: About, kind: str, events: Sequence[Told] = (), *, focused: bool = True) -> dict[str, Any]:
    """SubscriptionStatus as Parameters. kind: handshake, heartbeat, event-notification, query-status, query-event."""
    parameters: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": about.address}},
        {"name": "topic", "valueCanonical": about.topic},
        {"name": "status", "valueCode": about.state},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(about.events)},
    ]
    for one in events:
        part: list[dict[str, Any]] = [
            {"name": "event-number", "valueString": str(one.number)},
            {"name": "timestamp", "valueInstant": instant(one.at)},
        ]
        if focused and one.focus:
            part.append({"name": "focus", "valueReference": {"reference": f"{about.base}/{one.focus}"}})
        parameters.append({"name": "notification-event", "part": part})
    if about.error:
        parameters.append({"name": "error", "valueCodeableConcept": {"text": about.error}})
    # The same for the same content: a repeated delivery is recognised by its id.
    name = uuid5(_NAMES, f"{about.identity}|{kind}|{about.events}|{[one.number for one in events]}")
    return {
        "resourceType": "Parameters",
        "id": str(name),
        "meta": {"profile": [_STATUS]},
        "parameter": parameters,
    }


def notice(
    about: About, kind: str, at: datetime, events: Sequence[Told] = (), *, focused: bool = True
) -> dict[str, Any]:
    """The notification. focused: whether the payload is id-only; else the events are told and nothing of what they are."""
    first = status(about, kind, events, focused=focused)
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"urn:uuid:{first['id']}",
            "resource": first,
            "request": {"method": "GET", "url": f"{about.address}/$status"},
            "response": {"status": "200"},
        }
    ]
    seen: set[str] = set()
    for one in events:
        if focused and one.focus and one.focus not in seen:
            seen.add(one.focus)
            entries.append(
                {
                    "fullUrl": f"{about.base}/{one.focus}",
                    "request": {"method": "PUT", "url": one.focus},
                    "response": {"status": "200"},
                }
            )
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [_NOTICE], "lastUpdated": instant(at)},
        "type": "history",
        "timestamp": instant(at),
        "entry": entries,
    }
