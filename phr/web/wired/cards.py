"""The page of cards: a resident's own cards for shared gateway boxes, and a new one with its picture."""

from __future__ import annotations

import segno
from markupsafe import Markup

from phr.domain.access import resident
from phr.errors import Refused
from phr.services.cards import SYSTEM
from phr.web.ports import Session
from phr.web.sessions import held
from phr.web.views.cards import CardLine, Cards, NewCard
from phr.web.wired.parts import Area, together


class Carding(Area):
    """A resident's own cards."""

    @together
    def cards(self, session: Session, notice: str) -> Cards:
        """The cards that work."""
        one = held(session)
        found = self._system.cards.listed(one.person, resident(one.person, one.subject, one.request))
        lines = tuple(CardLine(each.card, each.label, each.issued_at, each.used_at) for each in found)
        return Cards(lines, notice=notice, full=len(lines) >= self._system.cards.most)

    def new_card(self, session: Session, label: str) -> Cards:
        """A new card, with its code this once; none, and why, when there are too many."""
        one = held(session)
        try:
            made = self._system.cards.issue(one.person, label, actor=one.subject, request=one.request)
        except Refused:
            return self.cards(session, "too-many")
        view = self.cards(session, "made")
        return Cards(view.cards, NewCard(made.label, made.code, _picture(made.code)), "made", view.full)

    def end_card(self, session: Session, card: str) -> None:
        """Ends a card now."""
        one = held(session)
        self._system.cards.revoke(one.person, card, actor=one.subject, request=one.request)


def _picture(code: str) -> str:
    """The code as a box reads it: a QR code that survives a scratch, black on white also where the page is dark."""
    drawn = segno.make(f"{SYSTEM}:{code.replace('-', '')}", error="q", micro=False)
    return Markup(drawn.svg_inline(scale=4, dark="#000", light="#fff", omitsize=True))  # noqa: S704 - of our own code
