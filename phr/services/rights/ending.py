"""What the city owes as a whole: the log of provisions, accounts that nobody uses, and the end of the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import begins, day_at
from phr.domain.rights_rules import rules
from phr.errors import Invalid
from phr.store.tables import Provision
from phr.store.uow import Store

BASES: Final = ("consent", "law", "request")
_PART: Final = "ending"
_LONGEST: Final = 120
Announce = Callable[[UUID, str, int, str], None]
"""Announces an erasure: person, ground, days, request."""


@dataclass(frozen=True, slots=True)
class End:
    """When the service ends, until when people can take their data out, and whether it has begun."""

    ends_on: date
    export_until: date
    read_only: bool


class Provisions:
    """第三者提供記録: what was given to whom."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def note(
        self, key: str, kind: str, to: str, items: Sequence[str], persons: int, basis: str, *, request: str
    ) -> None:
        """Notes a provision; the same key twice is one."""
        if basis not in BASES:
            raise Invalid("must be one of the known grounds", field="basis")
        row = Provision(
            provision_key=key,
            at=self._clock.now(),
            kind=kind,
            recipient=to,
            items=sorted(items),
            persons=persons,
            basis=basis,
        )
        with self._store.begin(machine(self._recipient, "operate", request, None, _PART)) as uow:
            uow.incidents.note_provision(row)
            uow.commit()

    def gather(self, *, request: str) -> int:
        """Takes up releases that were published, and drops what is older than the law asks; gives how many are new."""
        now, new = self._clock.now(), 0
        oldest = begins(_years_before(day_at(now, self._zone), rules().provision_years), self._zone)
        with self._store.begin(machine(self._recipient, "operate", request, None, _PART)) as uow:
            for number, to, at, protocol, persons in uow.incidents.releases():
                new += uow.incidents.note_provision(
                    Provision(
                        provision_key=f"release:{number}",
                        at=at,
                        kind="research",
                        recipient=to,
                        items=[str(one)[:_LONGEST] for one in protocol.get("variables", [])],
                        persons=persons,
                        basis="consent",
                    )
                )
            uow.incidents.drop_provisions(oldest)
            uow.commit()
        return new

    def listed(self, *, actor: str, request: str) -> Sequence[Provision]:
        """The log, newest first."""
        self.gather(request=request)
        with self._store.begin(Access("operator", actor, self._recipient, "operate", request)) as uow:
            found = uow.incidents.provisions()
            uow.commit()
        return found


class Ending:
    """The end of the service, and accounts that nobody uses."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        announce: Announce,
        *,
        inactive_months: int,
        notice_days: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._announce = announce
        self._inactive = inactive_months
        self._notice = notice_days

    def end(self, on: date, months: int, *, actor: str, request: str) -> End:
        """Decides that the service ends: from that day it is read and taken out, and nothing new comes in."""
        now = self._clock.now()
        if months < 1:
            raise Invalid("people need at least a month to take their data out", field="months")
        if on < day_at(now, self._zone):
            raise Invalid("must not be a past day", field="on")
        until = _months_after(on, months)
        with self._store.begin(Access("operator", actor, self._recipient, "operate", request)) as uow:
            uow.incidents.end(begins(on, self._zone), until, actor, now)
            uow.audit.add("service", "end-decided")
            uow.commit()
        return End(on, until, now >= begins(on, self._zone))

    def go_on(self, *, actor: str, request: str) -> bool:
        """Takes the end back."""
        with self._store.begin(Access("operator", actor, self._recipient, "operate", request)) as uow:
            there = uow.incidents.go_on()
            uow.audit.add("service", "end-taken-back")
            uow.commit()
        return there

    def known(self, *, request: str = "status") -> End | None:
        """What was decided."""
        with self._store.begin(machine(self._recipient, "operate", request, None, _PART)) as uow:
            row = uow.incidents.ends()
            uow.commit()
        if row is None:
            return None
        return End(day_at(row.ends_at, self._zone), row.export_until, self._clock.now() >= row.ends_at)

    def inactive(self, *, request: str) -> int:
        """Announces the erasure of residents who did not sign in for the months that the city set; 0 months is never."""
        if not self._inactive:
            return 0
        now = self._clock.now()
        before = begins(_months_after(day_at(now, self._zone), -self._inactive), self._zone)
        with self._store.begin(machine(self._recipient, "session", request, None, _PART)) as uow:
            people = uow.rights.unused_since(before)
            uow.commit()
        for person in people:
            if not self._announced(person, request):
                self._announce(person, "inactive", self._notice, request)
        return len(people)

    def came_back(self, *, request: str) -> int:
        """Ends the announcements for those who signed in since."""
        with self._store.begin(machine(self._recipient, "rights", request, None, _PART)) as uow:
            rows = [row for row in uow.rights.undecided(10_000) if row.kind == "inactive"]
            uow.commit()
        back = 0
        for row in rows:
            if self._seen_since(row.person_id, row.asked_at, request):
                with self._store.begin(
                    machine(self._recipient, "rights", request, row.person_id, _PART)
                ) as uow:
                    held = uow.rights.get(row.person_id, row.request_id, lock=True)
                    if held is not None:
                        held.state, held.decided_at = "cancelled", self._clock.now()
                        uow.rights.put(held)
                    uow.commit()
                back += 1
        return back

    def _announced(self, person: UUID, request: str) -> bool:
        with self._store.begin(machine(self._recipient, "rights", request, person, _PART)) as uow:
            known = [row for row in uow.rights.of_person(person) if row.decided_at is None]
            uow.commit()
        return any(row.kind in {"inactive", "erase"} for row in known)

    def _seen_since(self, person: UUID, moment: datetime, request: str) -> bool:
        with self._store.begin(machine(self._recipient, "session", request, None, _PART)) as uow:
            seen = uow.rights.last_seen(person)
            uow.commit()
        return seen is not None and seen > moment


def _months_after(day: date, months: int) -> date:
    """The same day some months later or earlier; the last of the month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month == 11), 1 if month == 11 else month + 2, 1)
    last = (first_of_next - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _years_before(day: date, years: int) -> date:
    return _months_after(day, -12 * years)


def plain(end: End) -> dict[str, Any]:
    """What was decided, as plain values."""
    return {
        "ends_on": end.ends_on.isoformat(),
        "export_until": end.export_until.isoformat(),
        "read_only": end.read_only,
    }
