"""Reviews: refused reads, broken glasses and unusual access that somebody must look at, and what they found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.break_glass import review_by
from phr.errors import Conflict, Invalid, NotFound, Refused
from phr.store.audit import AuditRow
from phr.store.tables import AccessReview
from phr.store.uow import Store, UnitOfWork

_ACTION: Final = "review"
_NEWEST: Final = 2000
_BACK: Final = timedelta(days=92)
FINDINGS: Final = ("justified", "mistake", "incident")
_NOTE: Final = 300
_COVERED: Final = frozenset({"break-glass", "emergency"})
"""Purposes whose rows are reviewed once, with their glass."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a reviewer found, what they noted, who, and when."""

    finding: str
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """A read to look at. kind: refused, emergency or unusual; reason: of the refusal, the glass, or the rule.

    note: what the nurse wrote when she broke the glass. ``until``: when it must have been reviewed, for a glass;
    ``finding`` is None while nobody has.
    """

    ident: str
    kind: str
    person: UUID
    at: datetime
    role: str
    actor: str
    purpose: str
    categories: str
    count: int
    reason: str
    note: str
    until: datetime | None
    finding: Finding | None


class Reviews:
    """Lists what is to be reviewed, and keeps decisions: in the trail, where nobody changes them, with the note beside."""

    def __init__(self, store: Store, recipient: str, clock: Clock, zone: ZoneInfo) -> None:
        self._store = store
        self._recipient = recipient
        self._clock = clock
        self._zone = zone

    def listed(self, *, actor: str, request: str) -> Sequence[Review]:
        """What the last three months hold: open ones first, oldest first among them."""
        with self._store.begin(self._access(actor, request)) as uow:
            found = list(self._found(uow))
            uow.audit.add("read", "AuditEvent", count=len(found))
            uow.commit()
        return sorted(found, key=lambda one: (one.finding is not None, one.at))

    def _found(self, uow: UnitOfWork) -> Iterator[Review]:
        since = self._clock.now() - _BACK
        rows = uow.audit.to_review(since, _NEWEST)
        glasses = uow.glass.since(since)
        unusual = uow.findings.since(since)
        marks = [
            *(_ident(row) for row in rows),
            *(f"glass-{one.glass_id}" for one in glasses),
            *(_mark(one.rule, one.chain, one.seq) for one in unusual),
        ]
        done = uow.findings.reviews(marks)
        for row in rows:
            if row.purpose not in _COVERED:
                yield self._of_row(row, done.get(_ident(row)))
        for glass in glasses:
            mark = f"glass-{glass.glass_id}"
            yield Review(
                mark, "emergency", glass.person_id, glass.opened_at, "nurse", glass.actor, "emergency", "", 1,
                glass.reason, glass.note, review_by(glass.opened_at, self._zone), _finding(done.get(mark)),
            )  # fmt: skip
        for one in unusual:
            mark = _mark(one.rule, one.chain, one.seq)
            yield Review(
                mark, "unusual", one.person_id, one.at, one.role, one.actor, "", "", one.n, one.rule, "", None,
                _finding(done.get(mark)),
            )  # fmt: skip

    @staticmethod
    def _of_row(row: AuditRow, done: AccessReview | None) -> Review:
        return Review(
            _ident(row), row.outcome, row.person_id, row.at, row.role, row.actor, row.purpose, row.categories,
            row.n, row.reason, "", None, _finding(done),
        )  # fmt: skip

    def record(self, ident: str, finding: str, note: str = "", *, actor: str, request: str) -> None:
        """Notes a decision. Raises NotFound for what is not to be reviewed, Refused for one's own look, Conflict when it was."""
        if finding not in FINDINGS:
            raise Invalid("not a finding", field="finding")
        if len(note) > _NOTE or any(ord(sign) < 32 and sign not in "\r\n" for sign in note):
            raise Invalid("too long, or holds a control character", field="note")
        if finding == "incident" and not note.strip():
            raise Invalid("say what happened", field="note")
        with self._store.begin(self._access(actor, request)) as uow:
            one = next((each for each in self._found(uow) if each.ident == ident), None)
            if one is None:
                raise NotFound("no such read")
            if one.actor == actor:
                raise Refused("somebody else reviews one's own look")
            if one.finding is not None or not uow.findings.review(
                one.person, ident, finding, " ".join(note.split()), actor
            ):
                raise Conflict("it was reviewed meanwhile")
            uow.audit.add(_ACTION, ident, one.person, reason=finding)
            uow.commit()

    def _access(self, actor: str, request: str) -> Access:
        return Access("operator", actor, self._recipient, "audit", request)


def _finding(done: AccessReview | None) -> Finding | None:
    return None if done is None else Finding(done.finding, done.note, done.reviewer, done.at)


def _ident(row: AuditRow) -> str:
    return f"{row.chain}-{row.seq}"


def _mark(rule: str, chain: int, seq: int) -> str:
    return f"{rule}-{chain}-{seq}"
