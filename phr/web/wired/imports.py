"""The staff page of imported check-ups, for the purpose guidance."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from phr.errors import NotFound
from phr.services.differences import Differing
from phr.web.ports import Session
from phr.web.sessions import held
from phr.web.views.imports import DifferenceLine, Imports
from phr.web.wired.parts import Area, together
from risk.differences import WORDS
from risk.reasons import LEVELS, METABO

_UNKNOWN = ("コードなし", "no such code")


class ImportArea(Area):
    """Differences between delivered judgements and ours."""

    @together
    def imports(self, session: Session, after: str) -> Imports:
        """The next differences."""
        access = held(session).access("guidance")
        start = _place(after)
        found = self._system.differences.listed(access, start)
        return Imports(
            rows=tuple(map(_line, found.rows)),
            compared=found.checkups,
            after="" if found.after is None else str(found.after),
            first=not after,
        )

    def all_differences(self, session: Session) -> Iterator[DifferenceLine]:
        """Every difference."""
        return map(_line, self._system.differences.all(held(session).access("guidance")))


def _place(after: str) -> UUID:
    try:
        return UUID(after) if after else UUID(int=0)
    except ValueError:
        raise NotFound("no such place in the list") from None


def _line(one: Differing) -> DifferenceLine:
    difference = one.difference
    words = LEVELS if difference.item == "guidance_level" else METABO
    return DifferenceLine(
        name=one.name,
        kana=one.kana,
        day=one.day,
        item=difference.item,
        delivered=words.get(difference.delivered, _UNKNOWN),
        ours=words.get(difference.ours, _UNKNOWN),
        why=WORDS[difference.reason],
        missing=difference.missing,
    )
