"""Notifications: what they say, how they are signed, and that they are sent again until the endpoint says 204."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from synthetic_data.errors import BadOptionError
from synthetic_data.google_health.people import Person
from synthetic_data.google_health.subscribers import AGENT, Subscribers, post
from synthetic_data.google_health.tink import HEADER, Keys
from synthetic_data.wire_time import civil, naive, timestamp

GIVE_UP: Final = 7 * 86_400
LONGEST_WAIT: Final = 3_600.0
SIGNATURES: Final = ("good", "none", "wrong-key", "unknown-key", "tampered", "garbage")


@dataclass(slots=True)
class Delivery:
    """One notification on its way to one endpoint."""

    url: str
    body: bytes
    headers: dict[str, str]
    made: float
    due: float
    statuses: list[int] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Only 204 counts as received."""
        return bool(self.statuses) and self.statuses[-1] == 204


@dataclass(slots=True)
class Webhooks:
    """The notifications of the project; ``pending`` waits for another try, ``sent`` is everything."""

    keys: Keys
    clock: Callable[[], float]
    subscribers: Subscribers
    pending: list[Delivery] = field(default_factory=list)
    sent: list[Delivery] = field(default_factory=list)
    dropped: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def notify(
        self,
        person: Person,
        kind: str,
        first: int,
        last: int,
        *,
        operation: str = "UPSERT",
        form: str = "array",
        signature: str = "good",
        secret: str | None = None,
    ) -> list[Delivery]:
        """Sends a notification to every subscriber that wants it, and tries each at once.

        ``form`` is ``array`` (seen live) or ``object`` (documented); ``signature`` and ``secret`` can be wrong.
        """
        if (
            form not in {"array", "object"}
            or signature not in SIGNATURES
            or operation not in {"UPSERT", "DELETE"}
        ):
            raise BadOptionError("notify: form, signature or operation is not known")
        made = []
        for subscriber in list(self.subscribers.found.values()):
            name = subscriber.wants(kind, person.health_user_id)
            if name is None or subscriber.state != "ACTIVE":
                continue
            data = notification(person, kind, first, last, operation, name or str(uuid.uuid4()))
            body = json.dumps([data] if form == "array" else data, separators=(",", ":")).encode()
            headers = {"Content-Type": "application/json", "User-Agent": AGENT}
            headers["Authorization"] = subscriber.secret if secret is None else secret
            body, sign = self._sign(body, signature)
            if sign is not None:
                headers[HEADER] = sign
            now = self.clock()
            made.append(Delivery(subscriber.endpoint, body, headers, now, now))
        with self._turn:
            self.sent += made
            self.pending += made
        self.deliver_due()
        return made

    def _sign(self, body: bytes, signature: str) -> tuple[bytes, str | None]:
        good, stranger = self.keys.primary, self.keys.stranger()
        match signature:
            case "none":
                return body, None
            case "wrong-key":
                return body, type(good)(good.number, stranger.private).sign(body)
            case "unknown-key":
                return body, stranger.sign(body)
            case "tampered":
                return body.replace(b"UPSERT", b"DELETE"), good.sign(body)
            case "garbage":
                return body, "bm90IGEgc2lnbmF0dXJl"
            case _:
                return body, good.sign(body)

    def replay(self, delivery: Delivery) -> int:
        """Sends the same bytes with the same signature once more; gives the status."""
        return post(delivery.url, delivery.body, delivery.headers)

    def deliver_due(self) -> int:
        """Tries what is due: 204 ends it, else it waits twice as long each time, up to seven days in all."""
        with self._turn:
            now = self.clock()
            due = [delivery for delivery in self.pending if delivery.due <= now]
            for delivery in due:
                delivery.statuses.append(post(delivery.url, delivery.body, delivery.headers))
                delivery.due = now + min(LONGEST_WAIT, 2.0 ** (len(delivery.statuses) - 1))
            late = [d for d in self.pending if not d.done and now - d.made > GIVE_UP]
            self.dropped += len(late)
            self.pending = [d for d in self.pending if not d.done and d not in late]
        return len(due)


def notification(
    person: Person, kind: str, first: int, last: int, operation: str, name: str
) -> dict[str, Any]:
    """One notification: an interval in three forms, and no data."""
    start, end = person.zones.of(first), person.zones.of(last)
    interval = {
        "physicalTimeInterval": {"startTime": timestamp(first), "endTime": timestamp(last)},
        "civilDateTimeInterval": {
            "startDateTime": json.loads(civil(first, start)),
            "endDateTime": json.loads(civil(last, end)),
        },
        "civilIso8601TimeInterval": {"startTime": naive(first, start), "endTime": naive(last, end)},
    }
    return {
        "data": {
            "version": "1",
            "clientProvidedSubscriptionName": name,
            "healthUserId": person.health_user_id,
            "operation": operation,
            "dataType": kind,
            "intervals": [interval],
        }
    }
