"""The audit trail: the person's own view, the reviewer's view, the daily root, and the check of every chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access, resident
from phr.domain.audit_query import AuditQuery
from phr.domain.days import day_at
from phr.domain.merkle import merkle_path, merkle_root
from phr.errors import NotFound
from phr.store.audit import NOBODY, AuditRow, Place, genesis
from phr.store.uow import Store

_MOST = 100_000  # rows of one person: far more than a life of looks
_BLOCK = 20_000  # rows of the trail in one transaction


@dataclass
class Verdict:
    """What the check of the trail found. ``problems`` name chain, row and day; empty means that it holds.

    proven: how far each chain holds: the number and hash of its last row.
    """

    rows: int = 0
    problems: list[str] = field(default_factory=list)
    proven: dict[int, Place] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing was changed, removed, put in between or cut off."""
        return not self.problems


class Trail:
    """The trail of one city."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def _access(self, request: str, actor: str) -> Access:
        return Access("operator", actor, self._recipient, "audit", request)

    def of_person(
        self, person: UUID, *, actor: str, request: str, day: date | None = None, limit: int = 500
    ) -> list[AuditRow]:
        """Who looked at a person's data, newest first; this look is on the record too."""
        with self._store.begin(resident(person, actor, request)) as uow:
            rows = uow.audit.of_person(person, limit, day, self._zone.key)
            uow.audit.add("read", "AuditEvent", person, count=len(rows))
            uow.commit()
        return rows

    def recent(self, *, actor: str, request: str, limit: int = 200) -> list[AuditRow]:
        """The newest rows, for the reviewer."""
        with self._store.begin(self._access(request, actor)) as uow:
            rows = uow.audit.recent(limit)
            uow.audit.add("read", "AuditEvent", count=len(rows))
            uow.commit()
        return rows

    def search(self, asked: AuditQuery, access: Access) -> tuple[list[AuditRow], bool]:
        """Rows that fit and whether there are more. A resident's are their own; this look is on the record too."""
        with self._store.begin(access) as uow:
            rows = uow.audit.search(asked)
            uow.audit.add("search", "AuditEvent", access.person or NOBODY, count=min(len(rows), asked.count))
            uow.commit()
        return rows[: asked.count], len(rows) > asked.count

    def one(self, chain: int, seq: int, access: Access) -> AuditRow:
        """One row. Raises NotFound where there is none for this caller."""
        with self._store.begin(access) as uow:
            row = uow.audit.row(chain, seq)
            if row is not None:
                uow.audit.add("read", f"AuditEvent/{chain}-{seq}", access.person or NOBODY, count=1)
            uow.commit()
        if row is None:
            raise NotFound("no such event")
        return row

    def seal(self, *, request: str, proven: Mapping[int, Place] | None = None) -> list[tuple[date, str]]:
        """Makes the roots of the days that are over; each is to be published where the service cannot change it.

        proven: how far the chains hold, so that the next check may begin there.
        """
        today = day_at(self._clock.now(), self._zone)
        made = []
        with self._store.begin(self._access(request, "seal")) as uow:
            for day in uow.audit.open_days(self._zone.key, today):
                hashes = uow.audit.day_hashes(day, self._zone.key)
                root = merkle_root(hashes).hex()
                uow.audit.put_root(day, root, len(hashes), proven or {})
                made.append((day, root))
            uow.commit()
        return made

    def verify(self, *, request: str, actor: str = "verify") -> Verdict:
        """Recomputes every chain and every root; rows that are appended meanwhile must fit on too."""
        access = self._access(request, actor)
        with self._store.begin(access) as uow:
            roots = uow.audit.roots()
            uow.commit()
        return self._verified(access, {}, roots)

    def verify_new(self, *, request: str) -> Verdict:
        """Recomputes what came since the newest root was made, and that root: what a trail of years can bear each hour.

        What was changed before that is found by ``verify`` only.
        """
        access = self._access(request, "verify")
        with self._store.begin(access) as uow:
            roots, proven = uow.audit.roots()[-1:], uow.audit.proven()
            uow.commit()
        return self._verified(access, proven, roots)

    def _verified(
        self, access: Access, since: Mapping[int, Place], roots: list[tuple[date, str, int]]
    ) -> Verdict:
        """Each block of rows in a transaction of its own: the seal of a context does not live for a trail of years."""
        found = Verdict()
        for chain, end in self._heads(access).items():
            self._chain(access, chain, since.get(chain, (0, genesis(chain))), end, found)
        for day, root, count in roots:
            with self._store.begin(access) as uow:
                hashes = uow.audit.day_hashes(day, self._zone.key)
                uow.commit()
            if len(hashes) != count or merkle_root(hashes).hex() != root:
                found.problems.append(f"{day}: the rows of this day are not those of its root")
        return found

    def _heads(self, access: Access) -> dict[int, Place]:
        with self._store.begin(access) as uow:
            found = uow.audit.heads()
            uow.commit()
        return found

    def _rows(self, access: Access, chain: int, after: int) -> Iterator[AuditRow]:
        """The rows of one chain in order, each block in a short transaction."""
        while True:
            with self._store.begin(access) as uow:
                rows = uow.audit.chain_rows(chain, after, _BLOCK)
                uow.commit()
            yield from rows
            if len(rows) < _BLOCK:
                return
            after = rows[-1].seq

    def _chain(self, access: Access, chain: int, begin: Place, end: Place, found: Verdict) -> None:
        """Adds what is wrong with one chain after a place, and how far it holds. end: its head before it was read."""
        (start, previous), (last, head) = begin, end
        known, expected, at_head = len(found.problems), start + 1, previous
        for row in self._rows(access, chain, start):
            found.rows += 1
            day = day_at(row.at, self._zone)
            if row.seq != expected:
                found.problems.append(f"{day}: chain {chain} jumps from row {expected - 1} to row {row.seq}")
            if row.prev != previous or sha256(row.prev + row.line().encode()).digest() != row.hash:
                found.problems.append(f"{day}: chain {chain} row {row.seq} is not what was written")
            previous, expected = row.hash, row.seq + 1
            at_head = row.hash if row.seq <= last else at_head
        if expected <= last or at_head != head:
            found.problems.append(f"chain {chain} ends at row {expected - 1}, not at row {last}")
        elif expected - 1 > last and expected - 1 > self._heads(access)[chain][0]:
            found.problems.append(f"chain {chain} has row {expected - 1}, which nothing appended")
        holds = len(found.problems) == known
        found.proven[chain] = (expected - 1, previous) if holds else begin

    def roots(self, *, request: str) -> list[dict[str, Any]]:
        """The roots of the days that are over, as they are published: day, zone, root, number of rows."""
        with self._store.begin(self._access(request, "export")) as uow:
            found = uow.audit.roots()
            uow.commit()
        return [
            {"day": day.isoformat(), "zone": self._zone.key, "root": root, "rows": count}
            for day, root, count in found
        ]

    def export(self, *, request: str) -> Iterator[dict[str, Any]]:
        """Every row as plain values, chain by chain, each chain followed by its head, for the offline verifier."""
        access = self._access(request, "export")
        for chain, (last, head) in self._heads(access).items():
            for row in self._rows(access, chain, 0):
                if row.seq <= last:  # later ones were appended since the head was read
                    yield {"line": row.line(), "prev": row.prev.hex(), "hash": row.hash.hex()}
            yield {"chain": chain, "seq": last, "head": head.hex()}

    def extract(self, person: UUID, *, actor: str, request: str) -> Iterator[dict[str, Any]]:
        """What concerns one person, each row with the proof that it is under the root of its day; without one while the day is open."""
        own = resident(person, actor, request)
        roots = {one["day"] for one in self.roots(request=request)}
        with self._store.begin(own) as uow:
            rows = uow.audit.of_person(person, _MOST)
            days = sorted({day_at(row.at, self._zone) for row in rows})
            uow.switch(
                self._access(request, "extract")
            )  # the proofs need the hashes of others' rows, and nothing else
            hashes = {
                day: uow.audit.day_hashes(day, self._zone.key) for day in days if day.isoformat() in roots
            }
            uow.switch(own)
            uow.audit.add("take-out", "AuditEvent", person, count=len(rows))
            uow.commit()
        places = {day: {one: at for at, one in enumerate(found)} for day, found in hashes.items()}
        for row in sorted(rows, key=lambda one: (one.at, one.chain, one.seq)):
            day = day_at(row.at, self._zone)
            made: dict[str, Any] = {"line": row.line(), "prev": row.prev.hex(), "hash": row.hash.hex()}
            if day in places and row.hash in places[day]:
                path = merkle_path(hashes[day], places[day][row.hash])
                made |= {"day": day.isoformat(), "path": [list(step) for step in path]}
            yield made
