"""Requests for de-identified data: a researcher files one, two different people of the city approve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.research_requests import APPROVALS, Asked, approved, as_json, checked, from_json, in_period
from phr.errors import Conflict, NotFound, Refused
from phr.ids import new_id
from phr.store.tables import Release
from phr.store.uow import Store, UnitOfWork

SUBMITTED: Final = "submitted"
ONCE: Final = "approved-once"
APPROVED: Final = "approved"
RELEASED: Final = "released"
REFUSED: Final = "refused"
STATES: Final = frozenset({SUBMITTED, ONCE, APPROVED, RELEASED, REFUSED})


@dataclass(frozen=True, slots=True)
class Filed:
    """A request as it stands. ``release`` is the release that it became, ``refusal`` why it became none."""

    number: str
    recipient: str
    state: str
    asked: Asked
    by: str
    day: date
    approvals: tuple[str, ...]
    release: str
    refusal: str


class Requests:
    """Keeps the requests of all recipients."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone

    def file(self, asked: Asked, access: Access) -> str:
        """Files a request of the caller's organisation; gives its number."""
        now = self._clock.now()
        checked(asked, day_at(now, self._zone))
        number = f"req-{new_id()}"
        with self._store.begin(access) as uow:
            uow.releases.put(_row(number, asked, access, now))
            uow.audit.add("request", number, count=len(asked.variables))
            uow.commit()
        return number

    def of(self, access: Access) -> list[Filed]:
        """The requests of the caller's organisation, newest first."""
        with self._store.begin(access) as uow:
            found = [row for row in uow.releases.listed(access.recipient) if row.state in STATES]
            uow.commit()
        return [self._filed(row) for row in found]

    def waiting(self, recipients: tuple[str, ...], access: Access) -> list[Filed]:
        """The requests of these organisations that need an approval, oldest first."""
        with self._store.begin(access) as uow:
            rows = [row for one in recipients for row in uow.releases.listed(one)]
            uow.commit()
        open_ones = [row for row in rows if row.state in {SUBMITTED, ONCE}]
        return [self._filed(row) for row in sorted(open_ones, key=lambda row: row.created_at)]

    def approve(self, number: str, access: Access) -> Filed:
        """Notes an approval. Nobody approves twice, and nobody their own request."""
        with self._store.begin(access) as uow:
            row = uow.releases.get(number)
            if row is None or row.state not in STATES:
                raise NotFound("no such request")
            if row.state not in {SUBMITTED, ONCE}:
                raise Conflict("the request needs no approval any more")
            said = dict(row.protocol)
            if not in_period(from_json(said), day_at(self._clock.now(), self._zone)):
                raise Refused("the approved period does not run today")
            said["approvals"] = list(approved(said["by"], said["approvals"], access.actor))
            uow.audit.add("approve", number, count=len(said["approvals"]))
            row = _writable(uow, row, access)
            row.protocol = said
            row.state = APPROVED if len(said["approvals"]) >= APPROVALS else ONCE
            uow.commit()
        return self._filed(row)

    def settle(self, number: str, access: Access, *, release: str = "", refusal: str = "") -> None:
        """Notes what became of an approved request."""
        with self._store.begin(access) as uow:
            row = uow.releases.get(number)
            if row is None or row.state != APPROVED:
                raise Conflict("the request is not approved")
            uow.audit.add("settle", number, outcome="ok" if release else "refused")
            row = _writable(uow, row, access)
            row.protocol = {**row.protocol, "release": release, "refusal": refusal[:500]}
            row.state = RELEASED if release else REFUSED
            uow.commit()

    def _filed(self, row: Release) -> Filed:
        said: Mapping[str, Any] = row.protocol
        return Filed(
            row.release_id,
            row.recipient,
            row.state,
            from_json(said),
            said["by"],
            day_at(row.created_at, self._zone),
            tuple(said["approvals"]),
            said.get("release", ""),
            said.get("refusal", ""),
        )


def _writable(uow: UnitOfWork, row: Release, access: Access) -> Release:
    """The row again, in the context of its recipient: those who run the service see requests but do not write them."""
    uow.switch(machine(row.recipient, "research-deidentified", access.request, part="approval"))
    found = uow.releases.get(row.release_id)
    if found is None:
        raise NotFound("no such request")
    return found


def _row(number: str, asked: Asked, access: Access, now: datetime) -> Release:
    return Release(
        release_id=number,
        recipient=access.recipient,
        state=SUBMITTED,
        protocol={
            **as_json(asked),
            "by": access.actor,
            "approvals": [],
        },
        certificate={},
        created_at=now,
        published_at=None,
    )
