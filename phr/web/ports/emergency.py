"""The emergency card of a resident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from phr.services.emergency import Card
from phr.web.ports.paper import Signed
from phr.web.ports.session import Session
from phr.web.views.emergency import EmergencyCard
from phr.web.views.paper import CopyingCard


class EmergencyPages(Protocol):
    """The emergency card of a resident."""

    def emergency_card(self, session: Session) -> EmergencyCard:
        """The own card."""
        ...

    def keep_emergency_card(self, session: Session, typed: Mapping[str, str]) -> None:
        """Keep the card. Invalid names the field, ``consent`` among them."""
        ...

    def emergency_card_pdf(self, session: Session, paper: str) -> bytes:
        """The card to print, on paper of this size: ``a6`` or ``a4``."""
        ...

    def copying_card(self, session: Session) -> CopyingCard:
        """The empty form for a card on paper."""
        ...

    def copy_emergency_card(
        self, session: Session, signed: Signed, typed: Mapping[str, str], *, confirmed: bool
    ) -> Card:
        """Keep a card that somebody wrote on paper. Invalid names the field; Unmet: the kept card may be newer."""
        ...

    def copied_card_pdf(self, card: Card, paper: str) -> bytes:
        """A copied card to print, for who has no screen."""
        ...
