"""The emergency card of a resident: shown, kept, printed in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from phr.domain.emergency import BLOOD, FIELDS
from phr.services.emergency import Card
from phr.typeset import Press
from phr.web import formats
from phr.web.ports import Session
from phr.web.ports.paper import Signed
from phr.web.sessions import held
from phr.web.views.emergency import EmergencyCard
from phr.web.views.paper import CopyingCard
from phr.web.wired.parts import Area, together


class EmergencyArea(Area):
    """The emergency card."""

    @cached_property
    def _card_press(self) -> Press:
        return Press()

    @together
    def emergency_card(self, session: Session) -> EmergencyCard:
        """The own card."""
        one = held(session)
        card = self._system.emergency.card(one.person, one.access())
        return EmergencyCard(
            card.name,
            card.kana,
            card.born,
            card.fields,
            card.saved,
            own_device=not one.shared,
            paper=card.paper,
            written=card.written,
        )

    def keep_emergency_card(self, session: Session, typed: Mapping[str, str]) -> None:
        """Keep the card."""
        one = held(session)
        self._system.emergency.keep(one.person, typed, actor=one.subject, request=one.request)

    def emergency_card_pdf(self, session: Session, paper: str) -> bytes:
        """The card to print."""
        return self._card_on_paper(self.emergency_card(session), paper)

    def copying_card(self, session: Session) -> CopyingCard:
        """The empty form for a card on paper."""
        del session
        return CopyingCard(self._parts.today(), FIELDS, BLOOD)

    def copy_emergency_card(
        self, session: Session, signed: Signed, typed: Mapping[str, str], *, confirmed: bool
    ) -> Card:
        """Keep a card that somebody wrote on paper."""
        return self._system.emergency.copy(
            signed.patient,
            typed,
            born=signed.born,
            day=signed.day,
            access=held(session).access(),
            confirmed=confirmed,
        )

    def copied_card_pdf(self, card: Card, paper: str) -> bytes:
        """A copied card to print."""
        return self._card_on_paper(card, paper)

    def _card_on_paper(self, card: EmergencyCard | Card, paper: str) -> bytes:
        now = self._parts.now()
        data = {
            "paper": paper,
            "city": self._parts.settings.city,
            "name": card.name,
            "kana": card.kana,
            "born": ""
            if card.born is None
            else f"{formats.full_day(card.born, 'ja')} / {card.born.isoformat()}",
            "written": "" if card.written is None else card.written.isoformat(),
            "fields": {name: card.fields.get(name, "") for name in FIELDS},
        }
        return self._card_press.pdf("emergency-card", data, now)
