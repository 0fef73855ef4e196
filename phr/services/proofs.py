"""Proofs: when the trail was last checked, with what result, and the newest published root."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from phr.clock import Clock
from phr.domain import signs
from phr.domain.access import Access
from phr.store.uow import Store


@dataclass(frozen=True, slots=True)
class Proved:
    """The last check: whether the trail held, when, the newest root, and how many rows the roots cover."""

    ok: bool
    at: datetime
    root: str
    rows: int


class Proofs:
    """Remembers the last check of the trail as a sign of life of the checker."""

    def __init__(self, store: Store, clock: Clock, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient

    def note(self, *, ok: bool, whole: bool, request: str) -> None:
        """Notes the result of a check, of the whole trail or of what came since the newest root."""
        held, broken = (signs.WHOLE_HELD, signs.WHOLE_BROKEN) if whole else (signs.HELD, signs.BROKEN)
        with self._store.begin(self._access(request)) as uow:
            uow.operations.beat(held if ok else broken, self._clock.now())
            uow.commit()

    def newest(self, *, request: str) -> Proved | None:
        """The last check; None before the first."""
        with self._store.begin(self._access(request)) as uow:
            beats = uow.operations.beats()
            roots = uow.audit.roots()
            uow.commit()
        if (checked := signs.checked(beats)) is None:
            return None
        at, ok = checked
        return Proved(ok, at, roots[-1][1] if roots else "", sum(count for _day, _root, count in roots))

    def root_of(self, day: date, *, request: str) -> str:
        """The published root of one day; empty before it is made."""
        with self._store.begin(self._access(request)) as uow:
            found = {made: root for made, root, _count in uow.audit.roots()}
            uow.commit()
        return found.get(day, "")

    def _access(self, request: str) -> Access:
        return Access("operator", "proof", self._recipient, "operate", request)
