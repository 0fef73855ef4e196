"""The pages of break-glass: read-only, one person, at most an hour, each look recorded as an emergency."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from uuid import UUID

from ingest.codes import VITALS
from phr.domain.access import Access
from phr.domain.break_glass import rules
from phr.errors import NotFound
from phr.services.break_glass import Measured as DayOf
from phr.web.ports import Session
from phr.web.sessions import WebSession, held
from phr.web.views.break_glass import GlassForm, GlassView, Measured, OpenGlass
from phr.web.wired.goals import age_on
from phr.web.wired.parts import Area, together


class BreakGlassArea(Area):
    """Opening without consent."""

    @together
    def glass_form(self, session: Session) -> GlassForm:
        """The form, and the glasses that are open."""
        one = held(session)
        found = self._system.break_glass.live(_access(one))
        mine = self._system.factors.held(one.caller.account, one.request)
        return GlassForm(
            open=tuple(OpenGlass(str(each.glass), each.reason, each.opened, each.expires) for each in found),
            reasons=rules().reasons,
            minutes=rules().minutes,
            note_longest=rules().note_longest,
            ready=mine.passphrase and (mine.totp or mine.codes > 0),
        )

    def break_glass(
        self, session: Session, patient: str, reason: str, note: str, proof: tuple[str, str]
    ) -> str:
        """Open for one person."""
        opened = self._system.break_glass.open(patient, reason, note, proof, _access(held(session)))
        return str(opened.glass)

    def see_glass(self, session: Session, ident: str) -> GlassView:
        """What an open glass shows."""
        seen = self._system.break_glass.see(_glass(ident), _access(held(session)))
        now = self._parts.now()
        return GlassView(
            ident=ident,
            reason=seen.glass.reason,
            opened=seen.glass.opened,
            expires=seen.glass.expires,
            left_minutes=max(0, int((seen.glass.expires - now).total_seconds() // 60)),
            name=seen.name or "-",
            kana=seen.kana,
            sex="M" if seen.sex == "male" else "F" if seen.sex == "female" else "",
            born=seen.born,
            age=age_on(seen.born, self._parts.today()),
            card=seen.card,
            measured=tuple(_measured(seen.days)),
            checkups=tuple(reversed(seen.checkups)),
        )

    def close_glass(self, session: Session, ident: str) -> None:
        """End it before its time."""
        self._system.break_glass.close(_glass(ident), _access(held(session)))


def _access(one: WebSession) -> Access:
    return one.access()


def _glass(ident: str) -> UUID:
    try:
        return UUID(ident)
    except ValueError as error:
        raise NotFound("no glass is broken") from error


def _measured(days: tuple[DayOf, ...]) -> list[Measured]:
    """The newest day of each kind, in the order of the rules."""
    newest: dict[str, date] = {}
    for row in days:
        newest[row.code] = max(row.day, newest.get(row.code, row.day))
    found: dict[str, dict[str, tuple[float, float, int]]] = defaultdict(dict)
    for row in days:
        if row.day == newest[row.code] and row.minimum is not None and row.maximum is not None:
            low, high, n = found[row.code].get(row.channel, (row.minimum, row.maximum, 0))
            found[row.code][row.channel] = (min(low, row.minimum), max(high, row.maximum), n + row.n)
    return [
        Measured(
            category,
            newest[code],
            tuple((name, *values) for name, values in found[code].items()),
            VITALS[code].channels[0].ucum,
        )
        for code, category in zip(rules().codes, rules().categories, strict=True)
        if code in found
    ]
