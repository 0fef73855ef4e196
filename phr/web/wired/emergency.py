"""The emergency card of a resident: shown, kept, printed in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from phr.domain.emergency import FIELDS
from phr.typeset import Press
from phr.web import formats
from phr.web.ports import Session
from phr.web.sessions import held
from phr.web.views.emergency import EmergencyCard
from phr.web.wired.parts import Area


class EmergencyArea(Area):
    """The emergency card."""

    @cached_property
    def _card_press(self) -> Press:
        return Press()

    def emergency_card(self, session: Session) -> EmergencyCard:
        """The own card."""
        one = held(session)
        card = self._system.emergency.card(one.person, one.access())
        return EmergencyCard(
            card.name, card.kana, card.born, card.fields, card.saved, own_device=not one.shared
        )

    def keep_emergency_card(self, session: Session, typed: Mapping[str, str]) -> None:
        """Keep the card."""
        one = held(session)
        self._system.emergency.keep(one.person, typed, actor=one.subject, request=one.request)

    def emergency_card_pdf(self, session: Session, paper: str) -> bytes:
        """The card to print."""
        card = self.emergency_card(session)
        now = self._parts.now()
        data = {
            "paper": paper,
            "city": self._parts.settings.city,
            "name": card.name,
            "kana": card.kana,
            "born": ""
            if card.born is None
            else f"{formats.full_day(card.born, 'ja')} / {card.born.isoformat()}",
            "written": ""
            if card.saved is None
            else card.saved.astimezone(self._parts.zone).date().isoformat(),
            "fields": {name: card.fields.get(name, "") for name in FIELDS},
        }
        return self._card_press.pdf("emergency-card", data, now)
