"""A Subscription as a client writes it, and one round of the worker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from phr.bootstrap import System
from phr.services.deliver import Deliver, Delivered
from tests.build import heart_rates
from tests.phr.api.conftest import Client

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
NOON = datetime(2026, 5, 5, 3, tzinfo=UTC)
NEW_OBSERVATION = "urn:phr:topic:new-observation"


def wanted(
    url: str,
    *filters: str,
    topic: str = NEW_OBSERVATION,
    content: str = "id-only",
    status: str = "requested",
    channel: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A Subscription."""
    beside = [{"url": BACKPORT + "backport-filter-criteria", "valueString": one} for one in filters]
    return {
        "resourceType": "Subscription",
        "status": status,
        "reason": "to stay up to date",
        "criteria": topic,
        **({"_criteria": {"extension": beside}} if beside else {}),
        "channel": {
            "type": "rest-hook",
            "endpoint": url,
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": BACKPORT + "backport-payload-content", "valueCode": content}]},
            **(channel or {}),
        },
        **more,
    }


def extension(name: str, value: int) -> dict[str, Any]:
    """An extension of the channel that holds a number."""
    key = "valuePositiveInt" if name == "backport-max-count" else "valueUnsignedInt"
    return {"url": BACKPORT + name, key: value}


def tell(system: System) -> Delivered:
    """What the worker does: numbers what happened, then delivers the letters of subscriptions."""
    system.numbering.round(request="test")
    together = {"subscription": system.subscription_letters}
    return Deliver(system.store, system.clock, system.settings.recipient, {}, None, together)(request="test")


def measured(system: System, person: UUID, minute: int = 0, values: Sequence[float] = (72.0,)) -> None:
    """A delivery of heart rates."""
    at = NOON + timedelta(minutes=minute)
    assert system.receive(person, [heart_rates(at, list(values))], request="test").stored == len(values)


def subscribed(client: Client, system: System, hook: Any, *filters: str, **more: Any) -> str:
    """A subscription whose receiver has answered; gives its id."""
    made = client.post("/fhir/Subscription", json=wanted(hook.url, *filters, **more))
    assert made.status_code == 201, made.text
    tell(system)
    return str(made.json()["id"])


def later(system: System, minutes: float) -> None:
    """Lets time pass."""
    system.clock.tick(timedelta(minutes=minutes))
