"""Erasing: what ends first, the days in which one may change one's mind, the erasure itself, and its replay at a restore."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from phr.clock import Clock
from phr.domain.access import Access, machine, resident
from phr.domain.days import day_at
from phr.domain.keys import seal
from phr.domain.rights_rules import Kept, represents, rules
from phr.errors import Conflict, PhrError
from phr.ids import new_id
from phr.store.audit import NOBODY
from phr.store.tables import Retained, RightsRequest, Tombstone
from phr.store.uow import Store

WITHDRAWN: Final = "by-the-person"
_PART: Final = "erase"
_PAGE: Final = 500
EndFirst = Callable[[UUID, Access], None]
"""What ends before anything is deleted: consents, connections, sessions, cards. Twice is once."""
Files = Callable[[UUID, Access], None]
"""Deletes the files of a person."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: its mark, and how many rows went in each table."""

    mark: str
    counts: dict[str, int]
    kept: dict[str, int]


class Erasing:
    """Erases people of one city."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        key: bytes,
        end_first: EndFirst,
        files: Files,
        *,
        cooling_days: int,
        keep_checkups: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._key = key
        self._end_first = end_first
        self._files = files
        self._cooling = timedelta(days=cooling_days)
        self._keep = tuple(one for one in rules().keep if one.records and keep_checkups)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What stays after an erasure here, and why."""
        return (*(one for one in rules().keep if one.table), *self._keep)

    def mark(self, person: UUID) -> str:
        """How a tombstone knows a person: a keyed hash, which nobody can turn round without the secret."""
        return seal(self._key, str(person))

    def ask(self, person: UUID, access: Access, *, at_once: bool = False, as_whom: str = "self") -> UUID:
        """The person deletes the account: consents, connections and sessions end now, the rows go after some days."""
        now = self._clock.now()
        represents(as_whom, "", None, day_at(now, self._zone))
        when = now if at_once else now + self._cooling
        with self._store.begin(access) as uow:
            known = [row for row in uow.rights.of_person(person) if _waits(row)]
            if known:
                raise Conflict("it is asked for already")
            row = RightsRequest(
                person_id=person,
                request_id=new_id(),
                kind="erase",
                state="waiting",
                asked_at=now,
                asked_by=access.actor,
                as_whom=as_whom,
                due_on=day_at(when, self._zone),
                detail={"ground": WITHDRAWN, "not_before": when.isoformat()},
                updated_at=now,
            )
            uow.rights.put(row)
            uow.audit.add("request", "erase", person)
            uow.commit()
        self._end_first(person, access)
        return row.request_id

    def schedule(self, row: RightsRequest, access: Access) -> None:
        """The city grants a request to erase: the same begins, without days to change one's mind."""
        self._end_first(row.person_id, access)
        self._wait(row, self._clock.now(), "granted", access)

    def announce(self, person: UUID, ground: str, days: int, *, request: str) -> UUID:
        """An erasure that nobody asked for (an account that nobody uses): the person is told, and any sign-in ends it."""
        now = self._clock.now()
        when = now + timedelta(days=days)
        with self._store.begin(machine(self._recipient, "rights", request, person, _PART)) as uow:
            row = RightsRequest(
                person_id=person,
                request_id=new_id(),
                kind="inactive",
                state="waiting",
                asked_at=now,
                asked_by=_PART,
                as_whom="self",
                due_on=day_at(when, self._zone),
                detail={"ground": ground, "not_before": when.isoformat()},
                updated_at=now,
            )
            uow.rights.put(row)
            params = {"day": day_at(when, self._zone).isoformat()}
            payload: dict[str, Any] = {"template": "rights.inactive", "params": params}
            uow.outbox.post(person, new_id(), "message", f"inactive:{row.request_id}", payload, now)
            uow.audit.add("request", "inactive", person)
            uow.commit()
        return row.request_id

    def _wait(self, row: RightsRequest, when: datetime, ground: str, access: Access) -> None:
        own = access.for_purpose("rights").about(row.person_id)
        with self._store.begin(own) as uow:
            erasure = RightsRequest(
                **{**row.model_dump(), "request_id": new_id(), "kind": "erase", "state": "waiting",
                   "detail": {"ground": ground, "not_before": when.isoformat()}, "updated_at": when}
            )  # fmt: skip
            uow.rights.put(erasure)
            uow.commit()

    def round(self, *, request: str) -> int:
        """Erases those whose time has come; gives how many."""
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "rights", request, None, _PART)) as uow:
            waiting = [row for row in uow.rights.undecided(10_000) if _waits(row)]
            uow.commit()
        due = [row for row in waiting if datetime.fromisoformat(row.detail["not_before"]) <= now]
        for row in due:
            if not self._revoking(row, request):
                self(row.person_id, str(row.detail["ground"]), request=request)
        return len(due)

    def _revoking(self, row: RightsRequest, request: str) -> bool:
        """Whether a cloud must still be told to forget us: its letter goes first, but for no longer than a day."""
        if self._clock.now() - row.updated_at > timedelta(days=1):
            return False
        with self._store.begin(resident(row.person_id, _PART, request)) as uow:
            letters = [one for one in uow.outbox.listed("waiting") if one.kind == "revoke"]
            uow.commit()
        return bool(letters)

    def __call__(self, person: UUID, ground: str, *, request: str) -> Erased:
        """Erases a person: every row in one transaction, the files and their key; what stays is counted and named."""
        own = resident(person, _PART, request)
        self._end_first(person, own)
        self._files(person, own)
        records = self._records(person, own)
        today, now, mark = day_at(self._clock.now(), self._zone), self._clock.now(), self.mark(person)
        with self._store.begin(machine(self._recipient, "forget", request, person, _PART)) as uow:
            uow.vitals.lock(person)
            counts = uow.forgetting.everything()
            for place, (kind, body, years) in enumerate(records):
                uow.forgetting.keep(
                    Retained(mark=mark, item=place, kind=kind, body=body, keep_until=_after(today, years))
                )
            kept = {kind: sum(1 for one in records if one[0] == kind) for kind in {one[0] for one in records}}
            uow.forgetting.bury(
                Tombstone(mark=mark, erased_at=now, ground=ground[:80], counts=counts, kept=kept)
            )
            uow.audit.add("erase", "everything", person, count=sum(counts.values()))
            uow.commit()
        return Erased(mark, counts, kept)

    def _records(self, person: UUID, own: Access) -> list[tuple[str, str, int]]:
        """What the law has the city keep: check-ups and guidance, where it is bound."""
        found = []
        for rule in self._keep:
            with self._store.begin(own) as uow:
                for table in uow.everything.other_tables(person):
                    if table.startswith("guidance_"):
                        found += [
                            (rule.what, f"{table} {row}", rule.years)
                            for row in uow.everything.rows(person, table)
                        ]
                for chunk in uow.everything.of_categories(person, rule.records):
                    found.append((rule.what, chunk, rule.years))
                uow.commit()
        return found

    def marks(self, *, request: str) -> list[dict[str, str]]:
        """The list that is kept beside the backups: who must be erased again when an older one is restored."""
        with self._store.begin(machine(self._recipient, "rights", request, None, _PART)) as uow:
            found = [
                {"mark": one.mark, "erased_at": one.erased_at.isoformat()} for one in uow.rights.tombstones()
            ]
            uow.commit()
        return found

    def replay(self, listed: Iterable[dict[str, str]], *, request: str) -> int:
        """After a restore: erases again whoever is on the list and not yet under a tombstone here; gives how many."""
        with self._store.begin(machine(self._recipient, "rights", request, None, _PART)) as uow:
            done = {one.mark for one in uow.rights.tombstones()}
            uow.commit()
        wanted = {str(one["mark"]) for one in listed} - done
        again, after = 0, NOBODY
        while wanted:
            with self._store.begin(Access("system", _PART, self._recipient, "register", request)) as uow:
                people: Sequence[UUID] = [one.person_id for one in uow.people.all(after, _PAGE)]
                uow.commit()
            if not people:
                break
            after = people[-1]
            for person in people:
                if self.mark(person) in wanted:
                    self(person, "restored-backup", request=request)
                    again += 1
        return again


def read_marks(text: bytes) -> list[dict[str, str]]:
    """The list of a file. Raises PhrError when it is none."""
    try:
        found = [orjson.loads(line) for line in text.splitlines() if line.strip()]
    except orjson.JSONDecodeError:
        raise PhrError("the list of erasures cannot be read") from None
    if not all(isinstance(one, dict) and isinstance(one.get("mark"), str) for one in found):
        raise PhrError("the list of erasures cannot be read")
    return found


def _waits(row: RightsRequest) -> bool:
    return row.kind in {"erase", "inactive"} and row.state == "waiting" and row.decided_at is None


def _after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
