"""Reviews: the refused and emergency reads that a person must look at, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from phr.domain.access import Access
from phr.errors import NotFound
from phr.store.audit import NOBODY, AuditRow
from phr.store.uow import Store

_NEWEST: Final = 5000
_KINDS: Final = frozenset({"refused", "emergency"})
_ACTION: Final = "review"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a reviewer found, who, and when."""

    finding: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """A read to look at; ``finding`` is None while nobody has."""

    ident: str
    row: AuditRow
    finding: Finding | None


class Reviews:
    """Reads and writes reviews in the trail itself, so that a finding cannot be changed either."""

    def __init__(self, store: Store, recipient: str) -> None:
        self._store = store
        self._recipient = recipient

    def listed(self, *, actor: str, request: str) -> Sequence[Review]:
        """The newest reads to review: open ones first, oldest first among them."""
        with self._store.begin(Access("operator", actor, self._recipient, "audit", request)) as uow:
            rows = uow.audit.recent(_NEWEST)
            uow.audit.add("read", "AuditEvent", count=len(rows))
            uow.commit()
        found = {row.object: Finding(row.reason, row.actor, row.at) for row in rows if row.action == _ACTION}
        reads = [
            Review(_ident(row), row, found.get(_ident(row)))
            for row in rows
            if row.outcome in _KINDS and row.person_id != NOBODY and row.action != "collect"
        ]
        return sorted(reads, key=lambda one: (one.finding is not None, one.row.at))

    def record(self, ident: str, finding: str, *, actor: str, request: str) -> None:
        """Notes a finding. Raises NotFound for what is no read to review."""
        if ident not in {one.ident for one in self.listed(actor=actor, request=request)}:
            raise NotFound("no such read")
        with self._store.begin(Access("operator", actor, self._recipient, "audit", request)) as uow:
            uow.audit.add(_ACTION, ident, reason=finding)
            uow.commit()


def _ident(row: AuditRow) -> str:
    return f"{row.chain}-{row.seq}"
