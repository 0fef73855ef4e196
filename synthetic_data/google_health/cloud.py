"""The cloud as tests and the demo hold it: people, what is true of them, changes, faults, grants and webhooks."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from synthetic_data.errors import BadOptionError
from synthetic_data.google_health import people
from synthetic_data.google_health.edits import Edit
from synthetic_data.google_health.faults import TRAITS, Fault, Faults
from synthetic_data.google_health.grants import Grants
from synthetic_data.google_health.held import Held
from synthetic_data.google_health.kinds import KINDS, read_scope
from synthetic_data.google_health.rows import Rows
from synthetic_data.google_health.subscribers import Subscriber, Subscribers
from synthetic_data.google_health.tink import Keys
from synthetic_data.google_health.webhooks import Delivery, Webhooks

CLIENT_ID: Final = "invented-city.apps.example"
CLIENT_SECRET: Final = "GOCSPX-invented-for-loopback-only"  # noqa: S105  # guards invented data on loopback only
PROJECT: Final = "123456789012"
PROJECT_TOKEN: Final = "ya29.project-owner-invented"  # noqa: S105  # as above
CONSENT: Final = ("ask", "approve", "deny")
_MINUTE: Final = 60.0
_PAGES_KEPT: Final = 64


@dataclass(slots=True)
class Cloud:
    """A Google Health cloud. A person is named by number (1, 2, ...) or by health user id."""

    seed: int = 1
    residents: int = 50
    days: int = 30
    end: datetime | date = date(2026, 11, 20)
    zone: str = "Asia/Tokyo"
    faults: Iterable[str] = ()
    heart_seconds: int = 5
    consent: str = "ask"
    rate_limit: int | None = None
    """Requests a minute for each person; the real one allows 300."""
    retry_after: int | None = None
    testing: bool = True
    clock: Callable[[], float] = time.time
    unticked: frozenset[str] = frozenset()
    """Scopes (short names) that people untick when consent is automatic."""
    world: people.World = field(init=False)
    held: Held = field(init=False)
    wire_faults: Faults = field(init=False, default_factory=Faults)
    grants: Grants = field(init=False)
    keys: Keys = field(init=False)
    subscribers: Subscribers = field(init=False)
    webhooks: Webhooks = field(init=False)
    requests: int = field(init=False, default=0)
    _calls: dict[int, list[float]] = field(init=False, default_factory=dict)
    _bodies: OrderedDict[tuple[Any, ...], bytes] = field(init=False, default_factory=OrderedDict)

    def __post_init__(self) -> None:
        _check(self.residents, self.days, self.heart_seconds, self.consent)
        names = tuple(self.faults)
        end = _instant(self.end, self.zone)
        traits = frozenset(names) & TRAITS
        self.world = people.World(
            self.seed, end - self.days * people.DAY, end, self.zone, self.heart_seconds, traits
        )
        for name in names:
            if name not in TRAITS:
                self.wire_faults.add(name)
        self.held = Held(self._now)
        self.grants = Grants(CLIENT_ID, CLIENT_SECRET, self._now, self.testing)
        self.keys = Keys(self.seed)
        self.subscribers = Subscribers(PROJECT)
        self.webhooks = Webhooks(self.keys, self._now, self.subscribers)

    def _now(self) -> float:
        """The clock may be changed while the cloud runs."""
        return self.clock()

    def number_of(self, user: int | str) -> int:
        """The number of a person given by number or health user id."""
        if isinstance(user, int):
            number = user
        else:
            first = int(people.health_user_id(self.seed, 0))
            number, rest = divmod(int(user) - first, 7_919) if user.isdigit() else (0, 0)
            number = number if rest == 0 else 0
        if not 1 <= number <= self.residents:
            raise BadOptionError("user: there is no such person in this cloud")
        return number

    def person(self, user: int | str) -> people.Person:
        """One account."""
        return people.person(self.world, self.number_of(user))

    def truth(self, user: int | str, kind: str, start: int, end: int, *, merged: bool = False) -> Rows:
        """What is held now from ``start`` up to before ``end`` (seconds; a sleep counts by its end), newest first."""
        return self.held.rows(self.person(user), KINDS[kind], start, end, merged=merged)

    def late(self, user: int | str, kind: str, start: int, end: int, until: float) -> None:
        """The points of a stretch appear only when the clock has reached ``until``."""
        self._edit(user, kind, start, end, "late", until=until)

    def release(self, user: int | str, kind: str) -> None:
        """Late points of a person and type appear now."""
        self.held.edits.release(self.number_of(user), kind)

    def rewrite(self, user: int | str, kind: str, start: int, end: int, value: float) -> None:
        """The points of a stretch have another value from now on."""
        self._edit(user, kind, start, end, "rewrite", value=value)

    def delete(self, user: int | str, kind: str, start: int, end: int) -> None:
        """The points of a stretch are gone."""
        self._edit(user, kind, start, end, "delete")

    def _edit(self, user: int | str, kind: str, start: int, end: int, action: str, **more: float) -> None:
        self.held.edits.add(Edit(self.number_of(user), KINDS[kind].name, start, end, action, **more))

    def inject(self, name: str, *, user: int | str | None = None, **changes: Any) -> Fault:
        """A fault of the wire from now on, for one person or everybody: skip, times, every, kind, seconds, ..."""
        return self.wire_faults.add(name, number=None if user is None else self.number_of(user), **changes)

    def heal(self) -> None:
        """No fault of the wire any more."""
        self.wire_faults.found.clear()

    def overdrawn(self, number: int) -> bool:
        """Counts a request of a person; true when the minute's allowance is used up."""
        if self.rate_limit is None:
            return False
        now = self.clock()
        calls = [at for at in self._calls.get(number, []) if now - at < _MINUTE]
        full = len(calls) >= self.rate_limit
        self._calls[number] = calls if full else [*calls, now]
        return full

    def end_grant(self, user: int | str) -> None:
        """The person withdrew at Google, or the account was cleaned up: the tokens are dead."""
        self.grants.end(self.number_of(user))

    def subscribe(self, url: str, secret: str, kinds: Iterable[str] | None = None) -> Subscriber:
        """A subscriber for all types with webhooks (or the named ones), after the handshake."""
        names = sorted(kinds) if kinds is not None else [kind.name for kind in KINDS.values() if kind.webhook]
        config = {"dataTypes": names, "subscriptionCreatePolicy": "AUTOMATIC"}
        body = {
            "endpointUri": url,
            "subscriberConfigs": [config],
            "endpointAuthorization": {"secret": secret},
        }
        return self.subscribers.create(f"phr-{len(self.subscribers.found) + 1}-hook", body)

    def notify(self, user: int | str, kind: str, start: int, end: int, **how: Any) -> list[Delivery]:
        """A notification about a stretch, for people with a living grant of the type; a DELETE goes out always."""
        person = self.person(user)
        grant = self.grants.current.get(person.number)
        granted = grant is not None and read_scope(KINDS[kind].scope) in grant.scopes
        if not granted and how.get("operation") != "DELETE":
            return []
        return self.webhooks.notify(person, kind, start, end, **how)

    def remembered(self, key: tuple[Any, ...], make: Callable[[], bytes]) -> bytes:
        """A body from the small memory of bodies; a change of the held data forgets them."""
        full = (*key, self.held.edits.revision)
        body = self._bodies.get(full)
        if body is None:
            body = self._bodies[full] = make()
            if len(self._bodies) > _PAGES_KEPT:
                self._bodies.popitem(last=False)
        return body

    def urls(self, base: str) -> dict[str, str]:
        """The addresses to give to a client."""
        return {
            "authorize": f"{base}/o/oauth2/v2/auth",
            "token": f"{base}/token",
            "revoke": f"{base}/revoke",
            "api": base,
            "keys": f"{base}/googlehealthapi/webhooks/webhooks_public_keyset.json",
        }

    def allowed(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """The asked scopes without those that people untick."""
        left = {read_scope(name) for name in self.unticked}
        return tuple(scope for scope in scopes if scope not in left)


def _check(residents: int, days: int, heart_seconds: int, consent: str) -> None:
    if not 1 <= residents <= 1_000_000:
        raise BadOptionError("--residents must be from 1 to 1000000")
    if not 1 <= days <= 3_660:
        raise BadOptionError("--days must be from 1 to 3660")
    if not 1 <= heart_seconds <= 3_600:
        raise BadOptionError("--heart-seconds must be from 1 to 3600")
    if consent not in CONSENT:
        raise BadOptionError(f"--consent must be one of {', '.join(CONSENT)}")


def _instant(end: datetime | date, zone: str) -> int:
    """The last instant of the window: a date means the end of that day in the zone."""
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadOptionError("--zone is not a known zone") from None
    if isinstance(end, datetime):
        if end.tzinfo is None:
            raise BadOptionError("--end needs an offset")
        return int(end.timestamp())
    after = end + timedelta(days=1)
    return int(datetime(after.year, after.month, after.day, tzinfo=place).timestamp())
